#!/bin/sh
# run.sh BUILD PROGRAM...: run cmocka test programs and add up what they say.  Prints a program's output only when it
# fails or when it printed lines that start with "# " (counts and notices).  Leaves the sums in BUILD/counts.
set -u

build=$1
shift
passed=0
failed=0
log=$build/tests/log
mkdir -p "$build/tests"
for program; do
    "$program" >"$log" 2>&1 </dev/null
    code=$?
    p=$(grep -c '^\[       OK \]' "$log")
    f=$(grep -c '^\[  FAILED  \] [a-z_0-9]*$' "$log")
    grep '^# ' "$log"
    if [ $code -ne 0 ] || [ "$p" -eq 0 ]; then
        cat "$log"
        echo "FAILED: $program (exit code $code)"
        [ "$f" -gt 0 ] || f=1
    fi
    passed=$((passed + p))
    failed=$((failed + f))
done
echo "$passed $failed" >>"$build/counts"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
