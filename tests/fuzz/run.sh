#!/bin/sh
# run.sh SECONDS: run every fuzz target that long, two at a time.  What a target found is in build/fuzz/TARGET-crash-...
# and the like; run the target with that file as argument to see it again.  Ends with `N passed, N failed`.
#   FUZZ_SEED   where chance begins: unset, elsewhere each time; the test suite sets it, so that two runs of the same
#               code do the same
set -u

seconds=$1
fuzz_one()
{
    name=$(basename "$1")
    work=build/fuzz/corpus/$name
    seeds=
    for dir in tests/fuzz/seeds/$name build/fuzz/seeds/$name; do
        [ -d "$dir" ] && seeds="$seeds $dir"
    done
    mkdir -p "$work"
    # shellcheck disable=SC2086
    if "$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -seed="${FUZZ_SEED:-0}" \
        -artifact_prefix="build/fuzz/$name-" "$work" $seeds >"build/fuzz/$name.log" 2>&1 </dev/null; then
        echo "# fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log") runs, no finding"
    else
        tail -40 "build/fuzz/$name.log"
        echo "FAILED: $name (log in build/fuzz/$name.log)"
    fi
}
# Called by itself, through xargs.
if [ "${2:-}" ]; then
    fuzz_one "$2"
    exit 0
fi

# Seeds of the readers are made of the cases.
rm -rf build/fuzz/seeds
for target in document stream ask verbatim; do
    mkdir -p "build/fuzz/seeds/fuzz_xd_$target"
done
LC_ALL=C awk -v out=build/fuzz/seeds -f tests/fuzz/seeds.awk generated/registry.c tests/cases/*.case

targets=$(ls tests/fuzz/fuzz_*.c | sed 's,^\(.*\)\.c$,build/fuzz/\1,')
out=$(echo "$targets" | xargs -P "${JOBS:-2}" -n 1 sh "$0" "$seconds")
echo "$out"
passed=$(echo "$out" | grep -c '^# fuzz ')
failed=$(($(echo "$targets" | wc -l) - passed))
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
