#!/bin/sh
# run.sh [BUILD] [FILE...]: the end-to-end tests, with the official SDKs, against BUILD/llmux.  Ends
# with `N passed, N failed`.  With --node in front FILE is a program, which is run.
set -eu

cd "$(dirname "$0")"
[ "${1:-}" != --node ] || { program=yes; shift; }
build=${1:-build}
[ $# -eq 0 ] || shift
case $build in
/*) ;;
*) build=$(cd ../.. && pwd)/$build ;;
esac
export LLMUX="$build/llmux"

# Install what a lock file says, unless that was done.
install()
{
    [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] && return
    (cd "$1" && npm ci --loglevel=error </dev/null) || return
    touch "$1/node_modules/.package-lock.json"
}

# The SDKs want Node.js 22; Debian 12 has 18.
node=node
if [ "$(node --version | sed 's/^v\([0-9]*\).*/\1/')" -lt 22 ]; then
    if install node >/dev/null; then
        # Not through .bin: the npm of Debian 12 makes no link there.
        node=$(echo "$PWD"/node/node_modules/node-linux-*/bin/node)
    else
        echo "# with Node.js $(node --version), which is older than the SDKs want"
    fi
fi
install . >/dev/null

[ -z "${program:-}" ] || exec "$node" "$@"
[ $# -gt 0 ] || set -- ./*.test.mjs
exec timeout -k 10 "${E2E_SECONDS:-600}" "$node" --test --test-concurrency=2 --test-timeout=120000 \
    --test-reporter=./lib/report.mjs --test-reporter-destination=stdout "$@"
