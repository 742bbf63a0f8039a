#!/usr/bin/env python3
"""Where the gateway's time goes, by layer: for a whole reply, for each event of a stream, for a large request.

    tests/bench/profile.py --build build [--top N] [--case NAME,...]

User code is counted in instructions, by callgrind: the same count whatever else the machine does.  What a library does
is its caller's, but for yajl, libevent and libcurl, which are layers of their own.  The kernel's part is its share of
the CPU time at saturation, from a run without callgrind.  The report goes to stdout and build/bench/profile.md.
"""
import argparse
import collections
import os
import re
import subprocess
import sys
import time

import callgrind
import report
import servers
from loads import Target, load
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
# The first that fits the path of a function's file, or of its library.
LAYERS = [("front: HTTP of clients", r"server/http/"), ("upstream: HTTP of providers", r"server/(upstream|wire)/"),
          ("curl", r"libcurl|libssl|libcrypto"), ("loop", r"libevent"),
          ("write: JSON out", r"runtime/json/writer"), ("parse: JSON in", r"runtime/json/|libyajl"),
          ("frame: events of streams", r"runtime/(sse|frame)/"), ("transduce: dialects", r"runtime/(xd|ir)/|generated/"),
          # These three cannot be switched off, so that no scenario can compare.
          ("metrics", r"server/metrics/|gateway/measure"), ("log line: secrets", r"runtime/redact/|server/log/(veil|masker)"),
          ("log line", r"server/log/|request_log"),
          ("traces", r"server/trace/|gateway/(trail|spans|transcript)"), ("gateway", r"server/"), ("strings, buffers, arenas", r"runtime/base/"),
          ("other", r"")]


def layer_of(path):
    return next(name for name, pattern in LAYERS if re.search(pattern, path))


class Counts:
    """One file of callgrind's: instructions by layer and by function."""

    def __init__(self, path):
        self.layers, self.functions = collections.Counter(), collections.Counter()
        self.names = {}
        self.here = {"ob": "", "fl": "", "fn": ""}
        self.callee = {}
        with open(path) as f:
            self.read(f)

    def name(self, kind, text):
        """`(12) name` gives a name its number, `(12)` uses it."""
        number, _, name = text.partition(" ")
        if name:
            self.names[kind, number] = name
        return self.names.get((kind, number), "")

    def read(self, lines):
        inclusive = False
        for line in lines:
            key, eq, value = line.rstrip("\n").partition("=")
            if eq and key in ("ob", "fl", "fn"):
                self.here[key] = self.name(key, value)
            elif eq and key in ("fi", "fe"):
                self.name("fl", value)
            elif eq and key in ("cob", "cfl", "cfi", "cfn"):
                self.callee[{"cob": "ob", "cfn": "fn"}.get(key, "fl")] = self.name(
                    {"cob": "ob", "cfn": "fn"}.get(key, "fl"), value)
            elif eq and key == "calls":
                inclusive = True
            elif line[:1] in "+-*0123456789" and line[:1]:
                self.add(int(line.split()[1]), inclusive)
                inclusive = False

    def place(self, where):
        """A function of ours by its file, of a library by that."""
        own = "llmux" in os.path.basename(where["ob"])
        return where["fl"] if own else where["ob"]

    def is_layer(self, place):
        return "runtime/" in place or "server/" in place or "generated/" in place or layer_of(place) != "other"

    def add(self, cost, inclusive):
        place = self.place(self.here)
        if inclusive:
            callee = self.place({**self.here, **self.callee})
            # What libc does for us is ours.
            if self.is_layer(place) and not self.is_layer(callee):
                self.layers[layer_of(place)] += cost
            self.callee = {}
            return
        self.functions[self.here["fn"], os.path.basename(place)] += cost
        if self.is_layer(place):
            self.layers[layer_of(place)] += cost


def count(stage, mock, case):
    """What REQUESTS requests cost, on one connection, after some to warm up."""
    return Counts(callgrind.count(stage, mock, case.model, REQUESTS, **case.options))


def times_of(pid):
    """User and system time in clock ticks."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return int(fields[11]), int(fields[12])


def kernel_share(stage, mock, case):
    gateway = servers.llmux(stage, mock)
    target = Target("llmux", gateway, case.model)
    load(stage, target, seconds=0.3, **case.options)
    user, system = times_of(gateway.pid)
    result = load(stage, target, seconds=2, **case.options)
    user, system = (b - a for a, b in zip((user, system), times_of(gateway.pid)))
    stage.end(gateway)
    return system / (user + system), result["cpu_us_per_request"]


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
            found[name] = count(stage, mock, CASES[name]), kernel_share(stage, mock, CASES[name])
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
