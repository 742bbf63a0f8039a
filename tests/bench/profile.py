#!/usr/bin/env python3
"""Where the gateway's time goes, by layer: for a whole reply, for each event of a stream, for a large request.

    tests/bench/profile.py --build build [--top N] [--case NAME,...]

User code is counted in instructions, by callgrind: the same count whatever else the machine does.  What a library does
is its caller's, but for yajl, libevent and libcurl, which are layers of their own.  The kernel's part is its share of
the CPU time at saturation, from a run without callgrind.  The report goes to stdout and build/bench/profile.md.
"""
import argparse
import os
import subprocess
import sys
import time

import callgrind
import report
import servers
from layers import LAYERS, Counts, kernel_share
from saturation import WHOLE
from stage import Failure, Stage, say

REQUESTS = 400


class Case:
    """A column of the table: what a request costs, or, less `base`, each of `units` parts of it."""

    def __init__(self, title, model, stream=False, size=0, base=None, units=1):
        self.title, self.model, self.base, self.units = title, model, base, units
        self.options = dict(stream=stream, size=size)


CASES = {
    "whole-same": Case("whole, same", "chat"),
    "whole-translated": Case("whole, translated", "messages"),
    "event-same": Case("an event, same", "chat", stream=True, base="whole-same", units=100),
    "event-translated": Case("an event, translated", "messages", stream=True, base="whole-translated", units=100),
    "body-100k-same": Case("request of 100 KB, same", "chat", size=100 << 10),
    "body-100k-translated": Case("request of 100 KB, translated", "messages", size=100 << 10),
}


def count(stage, mock, case):
    """What REQUESTS requests cost, on one connection, after some to warm up."""
    return Counts(callgrind.count(stage, mock, case.model, REQUESTS, **case.options))


def cost(found, name, layer):
    """Instructions for one unit of a case: of a layer, or of all."""
    def whole(name):
        layers = found[name][0].layers
        return (sum(layers.values()) if layer == "all" else layers[layer]) / REQUESTS
    case = CASES[name]
    return (whole(name) - (whole(case.base) if case.base else 0)) / case.units


def tables(found, wanted, top):
    lines = ["**Instructions of user code, by layer**", ""]
    rows = [[layer] + [f"{cost(found, name, layer):,.0f}" for name in wanted]
            for layer in [name for name, _ in LAYERS] + ["all"]]
    lines += report.table(["layer"] + [CASES[name].title for name in wanted], rows)
    lines += ["", "**The kernel's part of the CPU time of a request, at saturation**", ""]
    lines += report.table(["", "kernel", "us CPU in all"],
                          [[n, f"{found[n][1][0]:.0%}", f"{found[n][1][1]:.1f}"] for n in wanted])
    for name in wanted:
        functions = found[name][0].functions
        total = sum(functions.values())
        lines += ["", f"**{name}: the functions that cost most in a request**", ""]
        lines += report.table(["function", "file", "instructions", "share"],
                              [[f"`{fn}`", place, f"{n / REQUESTS:,.0f}", f"{n / total:.1%}"]
                               for (fn, place), n in functions.most_common(top)])
    return "\n".join(lines) + "\n"


def cases_of(text):
    """The names in the text, and before them those they are compared with."""
    wanted = text.split(",") if text else list(CASES)
    unknown = [name for name in wanted if name not in CASES]
    if unknown:
        raise Failure(f"no such case: {unknown[0]}; there are {', '.join(CASES)}")
    return wanted, list(dict.fromkeys(n for name in wanted for n in (CASES[name].base, name) if n))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", default="build")
    options.add_argument("--top", type=int, default=12, help="how many functions to show")
    options.add_argument("--case", help="names of cases, for work on one of them: " + ", ".join(CASES))
    args = options.parse_args()
    wanted, needed = cases_of(args.case)
    directory = os.path.join(args.build, "bench")
    found = {}
    begun = time.monotonic()
    with Stage(args.build, directory) as stage:
        mock = servers.mock(stage, WHOLE)
        for name in needed:
            say(f"{name} ...")
            found[name] = count(stage, mock, CASES[name]), kernel_share(stage, mock, CASES[name].model, CASES[name].options)
    text = tables(found, wanted, args.top)
    with open(os.path.join(directory, "profile.md"), "w") as f:
        f.write(text)
    print(text)
    say(f"in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    try:
        main()
    except (Failure, subprocess.SubprocessError, OSError) as e:
        print(f"profile: {e}", file=sys.stderr)
        sys.exit(1)
