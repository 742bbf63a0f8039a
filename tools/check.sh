#!/bin/sh
# check.sh [CHECK...]: what a reviewer should not have to look for.  Without names all checks run:
#   scripts     every shell script parses
#   includes    who may include whom (tools/includes.awk)
#   words       no names of providers in C, no clock or files in the runtime (tools/words.awk)
#   length      hand-written C files have at most 800 lines
#   places      no paths of somebody's machine, no addresses of package registries
#   format      clang-format
#   generated   generated/ and docs/providers.md are what specc prints from specs/
#   gcc, clang  everything compiles without warnings
#   tidy        clang-tidy
# Prints `file:line: reason` for each offence and ends with `N passed, N failed`.
set -u
cd "$(dirname "$0")/.." || exit 2

jobs=${JOBS:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

files() { git ls-files -co --exclude-standard -- "$@" | while read -r f; do [ ! -f "$f" ] || echo "$f"; done; }
written_c() { files '*.c' '*.h' '*.re' '*.y' | grep -v '^generated/'; }

check_scripts()
{
    for f in $(files '*.sh' .ci/run); do
        sh -n "$f" 2>&1 | sed 's/^\([^:]*\): \([0-9]*\): /\1:\2: /'
        sh -n "$f" 2>/dev/null || echo "$f" >>"$work/bad"
    done
    [ ! -e "$work/bad" ]
}

check_includes()
{
    files '*.c' '*.h' '*.re' '*.y' | xargs awk -f tools/includes.awk
}

check_words()
{
    # "dialect openai.chat" gives openai and "provider llama_cpp" gives llama_cpp and llama.
    names=$(files '*.spec' | grep '^specs/' | xargs sed -n 's/^\(dialect\|provider\)  *\([a-z0-9_]*\).*/\2/p' \
        | sed 's/^\([a-z0-9]*\)_.*/&\n\1/' | sort -u)
    [ -n "$names" ] || { echo 'specs: no names found'; return 1; }
    written_c | grep -E '^(runtime|server|codegen)/' \
        | xargs awk -v names="$(echo "$names" | tr '\n' ' ')" -v ordinary='fireworks lm together writer' -f tools/words.awk
}

check_length()
{
    written_c | xargs awk 'FNR == 801 { print FILENAME ":801: a file has at most 800 lines"; bad = 1 } END { exit bad }'
}

check_places()
{
    ! git grep --untracked -nIE -e '/(work|root|tmp/bash[^/]*)(/|$)' \
        -e '(registry[.]npmjs|pypi|pythonhosted|proxy[.]golang|deb[.]debian|nodesource)[.](org|com)' -- . ':!tools/check.sh' \
        | sed 's/^\([^:]*:[0-9]*\):.*/\1: a path or an address that only this machine knows/' | grep .
}

check_format()
{
    written_c | grep '\.[ch]$' | xargs clang-format --dry-run -Werror 2>&1 \
        | sed -n 's/^\([^:]*:[0-9]*\):[0-9]*: error: .*/\1: not as clang-format would have it (make format)/p' | uniq >"$work/format"
    cat "$work/format"
    [ ! -s "$work/format" ]
}

check_generated()
{
    mkdir "$work/generated"
    make --no-print-directory -j"$jobs" generate OUT="$work/generated" MANUAL="$work/providers.md" >"$work/log" 2>&1 \
        || { cat "$work/log"; return 1; }
    cmp -s docs/providers.md "$work/providers.md" || echo 'docs/providers.md:1: not what specc prints (make generate)' >"$work/bad"
    (cd generated && find . -type f; cd "$work/generated" && find . -type f) | sed 's,^\./,,' | sort -u >"$work/names"
    while read -r f; do
        if [ ! -e "$work/generated/$f" ]; then
            echo "generated/$f:1: specc does not print this file"
        elif [ ! -e "generated/$f" ]; then
            echo "generated/$f:1: missing (make generate)"
        elif ! cmp -s "generated/$f" "$work/generated/$f"; then
            line=$(cmp "generated/$f" "$work/generated/$f" 2>&1 | sed -n 's/.* line \([0-9]*\).*/\1/p')
            echo "generated/$f:${line:-1}: not what specc prints from here on (make generate)"
        fi
    done <"$work/names" >"$work/stale"
    cat "$work/stale" "$work/bad" 2>/dev/null
    [ ! -s "$work/stale" ] && [ ! -e "$work/bad" ]
}

# The fuzz build is the one that clang compiles.
compile()
{
    make --no-print-directory -k -j"$jobs" "$@" objects >"$work/log" 2>&1
    code=$?
    grep -E '^[^ :]+:[0-9]+:[0-9]+: (fatal error|error|warning):' "$work/log"
    [ $code -eq 0 ] || grep -qE ' error:' "$work/log" || tail -5 "$work/log"
    return $code
}
check_gcc() { compile; }
check_clang() { compile SAN=fuzz; }

check_tidy()
{
    flags="-std=c11 -D_GNU_SOURCE -I. -Ibuild -Ibuild/codegen -Icodegen $(pkg-config --cflags libevent libcurl yajl yaml-0.1 openssl libpcre2-8)"
    make --no-print-directory -j"$jobs" all >"$work/log" 2>&1 || { tail -5 "$work/log"; return 1; }
    files 'runtime/*.c' 'server/*.c' 'codegen/*.c' \
        | xargs -P "$jobs" -n 6 sh -c 'flags=$1; shift; clang-tidy --quiet "$@" -- $flags' sh "$flags" >"$work/tidy" 2>/dev/null
    code=$?
    sed -n "s,^$PWD/,,; s/\(^[^ :]*:[0-9]*\):[0-9]*: \(error\|warning\): /\1: /p" "$work/tidy" | sort -u
    return $code
}

[ $# -gt 0 ] || set -- scripts includes words length places format generated gcc clang tidy
passed=0
failed=0
for check; do
    if "check_$check"; then
        passed=$((passed + 1))
    else
        echo "FAILED: $check"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
