#!/bin/sh
# run.sh BUILD PROGRAM...: run cmocka test programs, two at a time, and add up what they say.  Prints a program's
# output only when it fails, and lines that start with "# " (counts and notices).  Ends with `N passed, N failed`.
set -u

build=$1
shift
export UBSAN_OPTIONS=print_stacktrace=1
mkdir -p "$build/tests"
# Each program leaves its output in PROGRAM.log and its exit code in PROGRAM.code; one that hangs ends with 124.
printf '%s\n' "$@" | xargs -P "${JOBS:-2}" -I PROGRAM sh -c \
    'rm -f "$1.code"; timeout -k 5 "${TEST_SECONDS:-600}" "$1" >"$1.log" 2>&1 </dev/null; echo $? >"$1.code"' sh PROGRAM

passed=0
failed=0
for program; do
    code=$(cat "$program.code")
    p=$(grep -c '^\[       OK \]' "$program.log")
    # A failed test is named twice: when it fails and in the list at the end.
    f=$(grep '^\[  FAILED  \] [A-Za-z_0-9]*$' "$program.log" | sort -u | wc -l)
    grep '^# ' "$program.log"
    if [ "$code" -ne 0 ] || [ "$p" -eq 0 ]; then
        cat "$program.log"
        echo "FAILED: $program (exit code $code)"
        [ "$f" -gt 0 ] || f=1
    fi
    passed=$((passed + p))
    failed=$((failed + f))
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
