#!/bin/sh
# Install the Debian packages that building and testing need, if any is missing.
set -eu

packages='gcc make clang clang-format clang-tidy libclang-rt-14-dev pkg-config re2c lemon ca-certificates
libevent-dev libcurl4-openssl-dev libyajl-dev libyaml-dev libssl-dev libcmocka-dev python3'
# Node.js runs the official SDKs in the tests; any installation counts.
command -v node >/dev/null 2>&1 || packages="$packages nodejs"
command -v npm >/dev/null 2>&1 || packages="$packages npm"
# What the benchmark compares with: only on request.
[ "${1:-}" != --bench ] || packages="$packages nginx-light haproxy"

missing=
for p in $packages; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get -qq update
# shellcheck disable=SC2086
$sudo apt-get -qq -y --no-install-recommends install $missing >/dev/null
