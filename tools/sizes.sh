#!/bin/sh
# sizes.sh: how big the generated code is, and how long a processor takes to compile it, by dialect.  CC and CFLAGS say
# how it is compiled.
set -eu
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo 'file providers C-bytes code data seconds' >"$work/table"
for c in generated/*.c; do
    times >"$work/before" # what the children of this shell have computed, in the second line
    ${CC:-cc} ${CFLAGS:--std=c11 -D_GNU_SOURCE -O2 -g -I.} -c "$c" -o "$work/o"
    times >"$work/after"
    size "$work/o" >"$work/size"
    awk -v file="${c#generated/}" -v bytes="$(wc -c <"$c")" -v providers="$(grep -c '^    \.provider = true' "$c" || true)" '
        FNR != 2 { next }
        FILENAME ~ /size$/ { code = $1; data = $2; next }
        { split($1, t, /[ms]/); seconds = t[1] * 60 + t[2] - seconds }
        END { print file, providers, bytes, code, data, seconds }' "$work/size" "$work/before" "$work/after" >>"$work/table"
done
awk 'NR == 1 { printf "# %-24s %9s %9s %9s %9s %8s\n", $1, $2, $3, $4, $5, $6; next }
     function row(name) { printf "# %-24s %9d %9d %9d %9d %8.2f\n", name, p, c, t, d, s }
     { p = $2; c = $3; t = $4; d = $5; s = $6; row($1); P += p; C += c; T += t; D += d; S += s }
     END { p = P; c = C; t = T; d = D; s = S; row("all") }' "$work/table"
