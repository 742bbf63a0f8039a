#!/bin/sh
# setup.sh [test|bench]: install the Debian packages that are missing.  Without a word what building and running
# needs, with `test` what the test suite needs besides, with `bench` also what the benchmark compares with.
# Asks the network only when something is missing; needs root or sudo only then.
set -eu

build='gcc libc6-dev make pkg-config re2c lemon ca-certificates curl
libevent-dev libcurl4-openssl-dev libyajl-dev libyaml-dev libssl-dev zlib1g-dev libpcre2-dev'
# prometheus (19 MB to fetch, 96 MB on disk) judges what /metrics says.
test='libcmocka-dev clang clang-format clang-tidy libclang-rt-14-dev python3 prometheus'
bench='nginx-light haproxy valgrind'

# Node.js runs the official SDKs in the tests.  Any installation from version 18 on counts; else Debian's.
node_is_there()
{
    command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 \
        && [ "$(node --version | sed 's/^v\([0-9]*\).*/\1/')" -ge 18 ]
}

what=${1:-build}
what=${what#--}
case $what in
build) wanted=$build ;;
test) wanted="$build $test" ;;
bench) wanted="$build $test $bench" ;;
*) echo "usage: tools/setup.sh [test|bench]" >&2; exit 2 ;;
esac
[ "$what" = build ] || node_is_there || wanted="$wanted nodejs npm"

missing=
for p in $wanted; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "setup: neither root nor sudo; these packages are missing:$missing" >&2
        exit 1
    }
    sudo=sudo
fi
echo "installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt()
{
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Acquire::Retries=3 "$@" </dev/null >"$log" 2>&1 || {
        tail -20 "$log" >&2
        return 1
    }
}
# A third party's repository that does not answer must not stop us: what counts is whether the packages install.
apt update || echo "setup: apt-get update failed, trying with the lists that are there" >&2
# shellcheck disable=SC2086
apt --no-install-recommends install $missing
