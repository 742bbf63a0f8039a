"""The layers of llmux: which of them each instruction belongs to, and what is the kernel's."""
import collections
import os
import re

import servers
from loads import Target, load

# The first that fits the path of a function's file, or of its library.
LAYERS = [("front: HTTP of clients", r"server/http/"), ("upstream: HTTP of providers", r"server/(upstream|wire)/"),
          ("curl", r"libcurl|libssl|libcrypto"), ("loop", r"libevent"),
          ("write: JSON out", r"runtime/json/writer"), ("parse: JSON in", r"runtime/json/|libyajl"),
          ("frame: events of streams", r"runtime/(sse|frame)/"), ("transduce: dialects", r"runtime/(xd|ir)/|generated/"),
          # These three cannot be switched off, so that no scenario can compare.
          ("metrics", r"server/metrics/|gateway/measure"), ("log line: secrets", r"runtime/redact/|server/log/(veil|masker|clean)"),
          ("log line", r"server/log/|request_log"),
          ("traces", r"server/trace/|gateway/(trail|spans|transcript)"), ("gateway", r"server/"),
          ("strings, buffers, arenas", r"runtime/base/"),
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


def times_of(pid):
    """User and system time in clock ticks."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return int(fields[11]), int(fields[12])


def kernel_share(stage, provider, model, options, **config):
    """The kernel's share of llmux's CPU time at saturation, and the microseconds of a request."""
    gateway = servers.llmux(stage, provider, **config)
    target = Target("llmux", gateway, model)
    load(stage, target, seconds=0.3, **options)
    user, system = times_of(gateway.pid)
    result = load(stage, target, seconds=2, **options)
    user, system = (b - a for a, b in zip((user, system), times_of(gateway.pid)))
    stage.end(gateway)
    return system / (user + system), result["cpu_us_per_request"]
