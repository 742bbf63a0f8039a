#!/bin/sh
# secrets.sh FILE|FOLDER...: search what the test suite has written for the secrets of tests/canaries.txt.  Prints each
# place, and ends with `N passed, N failed`: files without and with one.
set -u
cd "$(dirname "$0")/.." || exit 2

list=$(mktemp)
trap 'rm -f "$list"' EXIT
sed '/^#/d; s/|//' tests/canaries.txt >"$list"
[ -s "$list" ] || { echo 'no canaries'; exit 1; }
files=$(find "$@" -type f -name '*.log' 2>/dev/null)
[ -n "$files" ] || { echo 'nothing to search'; exit 1; }
found=$(echo "$files" | xargs grep -lFf "$list")
[ -z "$found" ] || echo "$found" | xargs grep -nFf "$list" /dev/null | cut -c1-200
failed=$(printf '%s' "$found" | grep -c .)
echo "$(($(echo "$files" | wc -l) - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
