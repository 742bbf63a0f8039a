#!/bin/sh
# all.sh: the whole test suite, in stages.  Each stage writes its log to build/test/STAGE.log and prints one line here;
# of a failed one also the end of its log.  The last line is `N passed, N failed`: test cases where a stage counts
# them (its log then ends with such a line too), else 1 for the stage.
#   FUZZ_SECONDS   for each fuzz target: 60 in CI, 5 elsewhere
#   FUZZ_SEED      the fuzzers' chance begins here: 1; `make fuzz` begins elsewhere each time
#   JOBS           processes at a time: 2
set -u
cd "$(dirname "$0")/.." || exit 2

JOBS=${JOBS:-2}
FUZZ_SECONDS=${FUZZ_SECONDS:-$([ -n "${CI:-}" ] && echo 60 || echo 5)}
logs=build/test
FUZZ_SEED=${FUZZ_SEED:-1}
export JOBS FUZZ_SECONDS FUZZ_SEED
export LLMUX_ROWS="$PWD/$logs/rows"
export UBSAN_OPTIONS=print_stacktrace=1
rm -rf $logs
mkdir -p $logs

passed=0
failed=0
begun=$(date +%s)

# stage NAME SECONDS COMMAND...: run it, for so long at most, and count.
stage()
{
    name=$1 limit=$2
    shift 2
    log=$logs/$name.log
    from=$(date +%s)
    timeout -k 10 "$limit" "$@" >"$log" 2>&1 </dev/null
    code=$?
    took=$(($(date +%s) - from))
    [ $code -ne 124 ] && [ $code -ne 137 ] || echo "FAILED: not done after $limit s" >>"$log"
    sums=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -1)
    p=${sums%% passed*}
    f=${sums##*, }
    f=${f%% failed}
    [ -n "$sums" ] || { p=$([ $code -eq 0 ] && echo 1 || echo 0); f=0; }
    [ "$f" -gt 0 ] || { [ $code -eq 0 ] && [ "$p" -gt 0 ]; } || f=1
    passed=$((passed + p))
    failed=$((failed + f))
    grep '^# ' "$log" | tail -16 | sed 's/^#/    #/'
    if [ "$f" -eq 0 ]; then
        printf 'ok      %-16s %5d passed             %4d s\n' "$name" "$p" "$took"
    else
        tail -"${LINES_SHOWN:-60}" "$log" | sed 's/^/    | /'
        printf 'FAILED  %-16s %5d passed %5d failed %4d s   (all of it: %s)\n' "$name" "$p" "$f" "$took" "$log"
    fi
}

stage build         600 make --no-print-directory -j"$JOBS" programs
stage unit          900 make --no-print-directory unit
stage bench         300 make --no-print-directory -j"$JOBS" test-bench
stage simulation    120 make --no-print-directory test-simulation
stage build-asan    900 make --no-print-directory -j"$JOBS" SAN=asan programs
stage unit-asan     900 make --no-print-directory SAN=asan unit
stage corpus-asan   900 make --no-print-directory SAN=asan corpus
stage rows           60 awk -f tools/rows.awk "$LLMUX_ROWS"
stage build-tsan    900 make --no-print-directory -j"$JOBS" SAN=tsan programs
stage unit-tsan    1200 make --no-print-directory SAN=tsan unit
stage e2e           900 make --no-print-directory e2e
stage secrets        60 tests/secrets.sh $logs build/tests build/asan/tests build/tsan/tests
stage build-fuzz    900 make --no-print-directory -j"$JOBS" SAN=fuzz fuzzers
stage fuzz         1800 make --no-print-directory fuzz
stage sizes         300 make --no-print-directory sizes
stage check        1200 tools/check.sh

printf 'in %d s\n' $(($(date +%s) - begun))
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
