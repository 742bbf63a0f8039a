"""Scenarios of a fixed rate, far below saturation or near it: latency, and what each proxy adds to the provider's."""
import servers
from figures import apart, times
from loads import Target, rounds_of
from saturation import WHOLE, both, proxies
from stage import say

TOO_BUSY = 0.8
TAILS = ("p99", "p999")
MANY = 8  # rounds, of which a quarter can be told apart


def latency(stage, rounds, seconds, rate, more=0):
    """`more` rounds of llmux and nginx alone, as what is between them is less than how far rounds vary."""
    title = f"{rate:,} whole replies a second"
    say(f"{title} ...")
    provider = servers.mock(stage, WHOLE)
    targets = [Target("direct", provider)] + proxies(stage, provider) + both(servers.llmux(stage, provider))
    results = rounds_of(stage, targets, rounds, rate=rate, seconds=seconds, warmup=0.2)
    pair = rounds_of(stage, [t for t in targets if t.name in ("nginx", "same")], more, rate=rate, seconds=seconds,
                     warmup=0.2)
    stage.clear()
    results.update({name: results[name] + pair[name] for name in pair})
    busy = max(r["load_share"] for list_ in results.values() for r in list_)
    calm = TAILS if rounds >= MANY else ()
    notes = [f"the load generator was busy for {busy:.0%} of the time, and part of these times is its own"] * (busy > TOO_BUSY)
    notes += ["p99 and p99.9 are those of the quarter of the rounds that was disturbed least"] * bool(calm)
    return {"kind": "times", "title": title, "unit": "us CPU a request",
            "times": {"latency": times(results, "latency_us", "direct", calm)},
            "to_nginx": {"p50": apart(results, "same", "nginx", "latency_us", "p50")},
            "load_share": busy, **({"note": "; ".join(notes)} if notes else {})}
