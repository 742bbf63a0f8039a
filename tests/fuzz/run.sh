#!/bin/sh
# run.sh SECONDS: run every fuzz target that long, two at a time.  Ends with 1 when one finds something.
set -u

seconds=$1
found=0
run()
{
    name=$(basename "$1")
    work=build/fuzz/corpus/$name
    mkdir -p "$work"
    seeds=
    [ ! -d "tests/fuzz/seeds/$name" ] || seeds=tests/fuzz/seeds/$name
    # shellcheck disable=SC2086
    if "$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/$name-" "$work" $seeds >"build/fuzz/$name.log" 2>&1; then
        echo "# fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log") runs, no finding"
    else
        tail -40 "build/fuzz/$name.log"
        echo "FAILED: $name (log in build/fuzz/$name.log)"
        return 1
    fi
}
previous=
for target in build/fuzz/tests/fuzz/fuzz_*; do
    [ -x "$target" ] && [ ! -d "$target" ] || continue
    case $target in *.*) continue ;; esac
    run "$target" &
    if [ -n "$previous" ]; then
        wait "$previous" || found=1
    fi
    previous=$!
done
[ -z "$previous" ] || wait "$previous" || found=1
exit $found
