#!/usr/bin/env python3
"""The benchmark: llmux beside nginx and haproxy as plain proxies, on the loopback, in front of `llmux mock`.

    tests/bench/run.py --build build [--quick] [--only NAME,...]

docs/performance.md tells the method.  The report goes to stdout, build/bench/report.md and build/bench/report.json;
exit code 0 when everything was measured, whatever the figures are; 1 when it could not be.
"""
import argparse
import os
import signal
import subprocess
import sys
import time

import budgets
import report
import scenarios
from servers import Failure, Stage, find

QUICK = {
    "whole": lambda s: scenarios.whole(s, 3, 0.8),
    "burst": lambda s: scenarios.burst(s, 3, 0.8),
    "slow": lambda s: scenarios.slow(s, 3, 0.7, 500, 20),
    "large": lambda s: scenarios.large(s, 3, 0.6, 100 << 10, 64),
}
FULL = {
    "whole": lambda s: scenarios.whole(s, 7, 1.5),
    "burst": lambda s: scenarios.burst(s, 7, 1.5),
    "slow": lambda s: scenarios.slow(s, 5, 1.5, 500, 20, same=True),
    "large": lambda s: scenarios.large(s, 5, 1.5, 100 << 10, 64),
    "huge": lambda s: scenarios.large(s, 3, 1.5, 1 << 20, 8),
    "body_memory": lambda s: scenarios.body_memory(s, 1 << 20),
    "burst_1000": lambda s: scenarios.burst(s, 3, 1.5, events=1000),
    "crowd_1000": lambda s: scenarios.crowd(s, 1, 3, 1000, 5),
    "crowd_5000": lambda s: scenarios.crowd(s, 1, 3, 5000, 1),
    "crowd": lambda s: scenarios.crowd(s, 2, 4, 9900, 1),
    "beside": lambda s: scenarios.beside(s, 3, 1.5, 6000),
    "latency": lambda s: scenarios.latency(s, 3, 3, 1000),
    "footprint": lambda s: scenarios.footprint(s, 5),
    "micro": scenarios.micro,
    "tls": lambda s: scenarios.tls(s, 64, 2),
    "calls": scenarios.calls,
}


def version(program, flag):
    run = subprocess.run([find(program), flag], capture_output=True, text=True, timeout=10)
    first = (run.stdout or run.stderr).splitlines()[0]
    return first.replace("nginx version: ", "").replace(" version ", "/").split(" 20")[0]


def about(stage, seconds):
    cores = len(stage.cores.all)
    apart = "llmux, nginx and haproxy on one, load and providers on the rest" if stage.cores.apart() else "shared by all"
    return (f"Measured in {seconds:.0f} s on {cores} cores ({apart}), beside {version('nginx', '-v')} and "
            f"{version('haproxy', '-v')}.  Medians; `spread` is the distance of the rounds, as a share of the median; "
            "ratios are medians of the ratios within a round.")


def measure(stage, wanted):
    found = {}
    for name, run in wanted.items():
        try:
            found[name] = run(stage)
        finally:
            stage.clear()
    return found


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", default="build")
    options.add_argument("--quick", action="store_true")
    options.add_argument("--only", help="names of scenarios, for work on one of them; no budgets then")
    args = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = QUICK if args.quick else FULL
    if args.only:
        wanted = {name: wanted[name] for name in args.only.split(",")}
    directory = os.path.join(args.build, "bench")
    begun = time.monotonic()
    for program in ("nginx", "haproxy"):
        find(program)
    with Stage(args.build, directory) as stage:
        found = measure(stage, wanted)
        head = about(stage, time.monotonic() - begun)
    rows = [] if args.only else budgets.quick(found) if args.quick else budgets.full(found)
    text = report.markdown(head, found, rows)
    with open(os.path.join(directory, "report.md"), "w") as f:
        f.write(text)
    with open(os.path.join(directory, "report.json"), "w") as f:
        f.write(report.as_json(head, found, rows))
    print(text)
    print(budgets.verdict(rows))


if __name__ == "__main__":
    try:
        main()
    except (Failure, subprocess.SubprocessError, OSError) as e:
        print(f"bench: {e}", file=sys.stderr)
        sys.exit(1)
