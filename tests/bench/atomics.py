"""Which instructions with a lock prefix a streamed event makes llmux run: what its workers could fight for.

Callgrind counts how often each instruction runs, objdump tells which of them are atomic.  The difference between long
and short streams, divided by the events between them, is what one event costs.  It is the same however busy the machine
is, and includes the mutexes of all libraries.
"""
import collections
import re
import subprocess

import callgrind
import servers
from saturation import events_of
from stage import find, say

REQUESTS, SHORT, LONG = 16, 100, 5100
# The C library marks its own thread around system calls that can be cancelled: nobody else writes there.
OWN = {"__pthread_enable_asynccancel", "__pthread_disable_asynccancel"}
OPTIONS = ["--dump-instr=yes", "--compress-pos=no", "--compress-strings=no"]
# `lock cmpxchg ...`, and an exchange with memory, which needs no prefix.
ATOMIC = re.compile(r"^\s*([0-9a-f]+):\s+(?:(?:rep\w*|data16|cs|ds|xacquire|xrelease)\s+)*(?:lock\s|xchg\w*\s.*\()")


def atomic_addresses(path):
    """Addresses in a program or library, of instructions that are atomic."""
    run = subprocess.run([find("objdump"), "-d", "--no-show-raw-insn", path], capture_output=True, text=True, check=True)
    return {int(m.group(1), 16) for m in map(ATOMIC.match, run.stdout.splitlines()) if m}


def executed(path, known):
    """{function: how often it ran an atomic instruction}, from a file of callgrind's; `known` keeps the addresses."""
    found, object_, function, inclusive = collections.Counter(), "", "", False
    with open(path) as f:
        for line in f:
            if line.startswith("ob="):
                object_ = line[3:].strip()
                if object_ not in known:
                    known[object_] = atomic_addresses(object_) if object_.startswith("/") else set()
            elif line.startswith("fn="):
                function = line[3:].strip()
            elif line.startswith("calls="):
                inclusive = True
            elif line.startswith("0x"):
                address, _, count = line.split()
                if not inclusive and function not in OWN and int(address, 16) in known.get(object_, ()):
                    found[function] += int(count)
                inclusive = False
    return found


def atomics(stage, models=("chat", "messages")):
    say("atomic instructions ...")
    known, per_event, where, facts = {}, {}, {}, []
    for model in models:
        counts = []
        for events in (SHORT, LONG):
            provider = servers.mock(stage, events_of(events) + 'reply: { manner: "rate=1000" }\n')
            counts.append(executed(callgrind.count(stage, provider, model, REQUESTS, stream=True, warm=20, options=OPTIONS,
                                                   connections=8, workers=2), known))
            stage.clear()
        more = counts[1] - counts[0]
        each = REQUESTS * (LONG - SHORT)
        per_event[model] = max(0, sum(counts[1].values()) - sum(counts[0].values())) / each
        where[model] = {name: n / each for name, n in more.most_common(5) if n / each > 0.001}
        facts.append([f"for an event, to {model}", f"{per_event[model]:.3f}"])
        facts.append([f"for a stream of {SHORT}, to {model}", f"{sum(counts[0].values()) / REQUESTS:.0f}"])
    return {"kind": "facts", "title": "atomic instructions, with 2 workers", "per_event": per_event, "where": where,
            "facts": facts}
