"""What the gateway's features cost: limits, traces, redaction, each beside a gateway without them."""
import callgrind
import servers
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
