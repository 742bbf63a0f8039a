"""What the gateway's features cost: limits, traces, redaction, each beside a gateway without them."""
import statistics

import callgrind
import servers
from layers import Counts, kernel_share
from loads import Target
from saturation import REQUEST, STREAM, WHOLE, compare
from stage import say

TRACES = """\
telemetry:
  otlp: {{ endpoint: "http://127.0.0.1:{port}", metrics: false }}
  traces: {{ sample: {share}%, follow_client: false, keep_errors: true }}
"""
REDACTION = "redaction: {{ mode: {mode} }}\n"


def variants_of(stage):
    """{name: options of servers.llmux}, and a note on what this llmux does not have."""
    sink = servers.nginx_sink(stage)
    tenth, every = (TRACES.format(port=sink.port, share=share) for share in (10, 100))
    modes = {mode: REDACTION.format(mode=mode) for mode in ("mask", "vault")}
    modes = {mode: text for mode, text in modes.items() if servers.takes(stage, text)}
    variants = {"none": {"limits": ""}, "limits": {}, "traces of 10 %": {"limits": "", "sections": tenth},
                "traces of all": {"limits": "", "sections": every}}
    variants.update({f"redaction, {mode}": {"limits": "", "sections": text} for mode, text in modes.items()})
    variants["limits, traces of 10 %" + "".join(", " + mode for mode in modes if mode == "mask")] = {
        "sections": tenth + modes.get("mask", "")}
    return variants, {} if modes else {"note": "redaction: not in this llmux"}


def features(stage, rounds, seconds, stream):
    """CPU at saturation."""
    provider = servers.mock(stage, WHOLE)
    variants, note = variants_of(stage)
    targets = [Target(name, servers.llmux(stage, provider, name=f"llmux-{i}", **options))
               for i, (name, options) in enumerate(variants.items())]
    what = "burst of 100 events" if stream else "whole reply"
    return {**compare(stage, f"features: {what}, same dialect", targets, rounds, seconds,
                      STREAM if stream else REQUEST, ("none",), stream=stream), **note}


def instructions(stage, requests=200, streams=40):
    """Instructions of user code, which are the same however busy the machine is."""
    say("features: instructions ...")
    provider = servers.mock(stage, WHOLE)
    variants, note = variants_of(stage)
    found = {}
    for name, options in variants.items():
        whole = callgrind.total(callgrind.count(stage, provider, "chat", requests, **options)) / requests
        burst = callgrind.total(callgrind.count(stage, provider, "chat", streams, stream=True, **options)) / streams
        found[name] = {"a whole reply": whole, "a burst of 100 events": burst}
    stage.clear()
    return {"kind": "shares", "title": "features: instructions, same dialect", "base": "none", "table": found, **note}


# Metrics and the log's search for secrets cannot be switched off: they are layers of the profile.
METRICS, TRACES_TENTH, SEARCH = "metrics", "traces of 10 %", "the log's search for secrets"
# What must hold of some of them together, of the CPU.
BOUNDS = [((METRICS, TRACES_TENTH), 0.03), ((SEARCH,), 0.02)]


def share_facts(cost, more, all_of_it, kernel):
    """Rows for what each costs, `more` that is a part of them, and the sums that have a bound.  The costs are in
    instructions of user code, as is all_of_it; the kernel's share of the CPU is taken off."""
    def share(n):
        return n / all_of_it * (1 - kernel)

    def row(name, n, end=""):
        return [name, f"{n:,.0f} of {all_of_it:,.0f} instructions, {share(n):.1%} of the CPU{end}"]
    rows = [row(name, n) for name, n in {**cost, **more}.items()]
    for names, most in BOUNDS:
        n = sum(cost[name] for name in names)
        met = "met" if share(n) <= most else "**not met**"
        rows.append(row("**together: " + " + ".join(names) + "**" if len(names) > 1 else "**" + names[0] + "**", n,
                        f"; at most {most:.0%}: {met}"))
    return rows + [["the kernel", f"{kernel:.0%} of the CPU"]]


def shares(stage, requests=200):
    """What of the CPU time of a whole reply is metrics, traces and the search for secrets in the log: their share of the
    instructions of user code, of which the kernel's share of the time is taken off."""
    say("features: shares of the CPU ...")
    provider = servers.mock(stage, WHOLE)
    port = servers.nginx_sink(stage).port
    path = callgrind.count(stage, provider, "chat", requests, limits="")
    all_of_it, layers = callgrind.total(path) / requests, Counts(path).layers
    # Which requests are among the 10 % is chance, so they are counted apart.
    none, every = (callgrind.total(callgrind.count(stage, provider, "chat", requests, limits="", sections=TRACES.format(
        port=port, share=share))) / requests - all_of_it for share in (0, 100))
    cost = {METRICS: layers["metrics"] / requests, TRACES_TENTH: none * 0.9 + every * 0.1,
            SEARCH: layers["log line: secrets"] / requests}
    more = {"a request whose trace is not told": none, "a request whose trace is told": every}
    # It varies by a tenth from one time to the next.
    kernel = statistics.median(kernel_share(stage, provider, "chat", {}, limits="")[0] for _ in range(5))
    stage.clear()
    return {"kind": "facts", "title": "features: shares of the CPU time of a whole reply, same dialect",
            "cpu": {name: n / all_of_it * (1 - kernel) for name, n in cost.items()},
            "facts": share_facts(cost, more, all_of_it, kernel)}
