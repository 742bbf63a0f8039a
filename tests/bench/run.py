#!/usr/bin/env python3
"""The benchmark: llmux beside nginx and haproxy as plain proxies, on the loopback, in front of `llmux mock`.

    tests/bench/run.py --build build [--quick] [--only NAME,...] [--minutes N] [--out DIR]

docs/performance.md tells the method.  The report goes to stdout, DIR/report.md and DIR/report.json (BUILD/bench without
--out); exit code 0 when everything was measured, whatever the figures are; 1 when something could not be.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import time

import atomics
import budgets
import features
import growth
import insides
import rates
import report
import saturation
import streams
from noise import Noise
from stage import Failure, Stage, find, say

# What `make bench-quick` has measured after 45 s.
QUICK = {
    "whole": lambda s: saturation.whole(s, 3, 0.8),
    "burst": lambda s: saturation.burst(s, 3, 0.8),
    "slow": lambda s: streams.slow(s, 3, 0.7, 500, 20),
    "large": lambda s: saturation.large(s, 3, 0.6, 100 << 10, 64),
}
FULL = {
    "whole": lambda s: saturation.whole(s, 7, 1.2),
    "burst": lambda s: saturation.burst(s, 7, 1.2),
    "slow": lambda s: streams.slow(s, 5, 1.2, 500, 20, same=True),
    "large": lambda s: saturation.large(s, 5, 1.2, 100 << 10, 64),
    "huge": lambda s: saturation.large(s, 3, 1.2, 1 << 20, 8),
    "body_memory": lambda s: insides.body_memory(s, (1 << 20, 8 << 20)),
    "beside": lambda s: streams.beside(s, 3, 1.2, 6000),
    "crowd": lambda s: streams.crowd(s, 3, 3, 10000, 1),
    "latency": lambda s: rates.latency(s, 20, 0.5, 1000, more=40),
    "footprint": lambda s: insides.footprint(s, 5),
    "micro": insides.micro,
    "calls": insides.calls,
    "atomics": atomics.atomics,
    "tls": lambda s: insides.tls(s, 64, 2),
    "dialects": lambda s: saturation.dialects(s, 3, 1, False),
    "dialects_burst": lambda s: saturation.dialects(s, 3, 1, True),
    "burst_1000": lambda s: saturation.burst(s, 3, 1.2, events=1000),
    "paced": lambda s: streams.paced(s, 2, 2),
    "rate_500": lambda s: rates.latency(s, 2, 2, 500),
    "rate_5000": lambda s: rates.latency(s, 2, 2, 5000),
    "rate_10000": lambda s: rates.latency(s, 2, 2, 10000),
    "crowd_1000": lambda s: streams.crowd(s, 1, 3, 1000, 5),
    "crowd_5000": lambda s: streams.crowd(s, 1, 3, 5000, 1),
    "secure": lambda s: saturation.secure(s, 3, 1, False),
    "secure_burst": lambda s: saturation.secure(s, 3, 1, True),
    "features": lambda s: features.features(s, 3, 1, False),
    "features_burst": lambda s: features.features(s, 3, 1, True),
    "features_count": features.instructions,
    "features_cpu": features.shares,
    "workers": lambda s: growth.workers(s, 3, 1),
    "growth_body": lambda s: growth.bodies(s, 0.8),
    "growth_event": lambda s: growth.events(s, 0.8),
    "growth_streams": lambda s: growth.streams(s, 2),
    "peers": lambda s: saturation.beside_peers(s, 3, 1, False),
    "peers_burst": lambda s: saturation.beside_peers(s, 3, 1, True),
}
MINUTES = 18  # no scenario begins later


def version(program, flag):
    run = subprocess.run([find(program), flag], capture_output=True, text=True, timeout=10)
    first = (run.stdout or run.stderr).splitlines()[0]
    return first.replace("nginx version: ", "").replace(" version ", "/").split(" 20")[0]


def measure(stage, wanted, noise, until):
    """What each scenario found; one that fails does not keep the others from being measured."""
    found = {}
    for name, run in wanted.items():
        noise.calibrate()
        if time.monotonic() > until:
            found[name] = {"title": name, "skipped": "there was no time left", "failed": True}
            continue
        begun = time.monotonic()
        try:
            found[name] = run(stage)
        except (Failure, subprocess.SubprocessError, OSError) as e:
            say(f"bench: {name}: {e}")
            found[name] = {"title": name, "skipped": str(e).strip()[:500], "failed": True}
        finally:
            stage.clear()
        found[name]["took"] = time.monotonic() - begun
    noise.calibrate()
    return found


def options():
    o = argparse.ArgumentParser()
    o.add_argument("--build", default="build")
    o.add_argument("--quick", action="store_true")
    o.add_argument("--only", help="names of scenarios (or beginnings, as growth_*), for work on them; no budgets then")
    o.add_argument("--minutes", type=float, default=MINUTES, help="begin no scenario later than that")
    o.add_argument("--out", help="where the report goes, instead of BUILD/bench")
    return o.parse_args()


def chosen(only, table):
    """The scenarios that were asked for."""
    found = {}
    for word in only.split(","):
        names = [n for n in table if n == word or (word.endswith("*") and n.startswith(word[:-1]))]
        if not names:
            raise Failure(f"no scenario {word}: there are {', '.join(table)}")
        found.update((n, table[n]) for n in names)
    return found


def main():
    args = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = QUICK if args.quick else FULL
    if args.only:
        wanted = chosen(args.only, wanted)
    directory = os.path.join(args.build, "bench")
    versions = [version("nginx", "-v"), version("haproxy", "-v")]
    with Stage(args.build, directory) as stage:
        if not args.quick and not args.only:
            say(f"{len(wanted)} scenarios; all of them take some 16 minutes, and none begins after {args.minutes:g}")
        noise = Noise(stage.cores)
        found = measure(stage, wanted, noise, time.monotonic() + args.minutes * 60)
        noisy = noise.report()
    rows = [] if args.only else budgets.judge(found, budgets.QUICK if args.quick else budgets.ALL)
    data = {"about": {"seconds": noisy["seconds"], "cores": noisy["cores"], "apart": stage.cores.apart(),
                      "versions": versions, "tree": noisy["tree"], "date": time.strftime("%Y-%m-%d", time.gmtime()),
                      "complete": not args.quick and not args.only},
            "noise": noisy, "scenarios": found, "budgets": rows}
    out = args.out or directory
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, "report.json"), "w") as f:
        json.dump(data, f, indent=1)
    with open(os.path.join(out, "report.md"), "w") as f:
        f.write(report.markdown(data))
    print(report.markdown(data))
    if rows:
        print(budgets.verdict(rows))
    return 1 if any(f.get("failed") for f in found.values()) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failure, subprocess.SubprocessError, OSError) as e:
        print(f"bench: {e}", file=sys.stderr)
        sys.exit(1)
