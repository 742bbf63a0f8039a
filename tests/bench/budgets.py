"""The budgets: what each scenario may cost, against nginx or haproxy in the same run.

`first` is the bar for the first version of the engine, `goal` what makes the project worth having.  What could not be
measured, or not well enough, is neither met nor missed.
"""
from figures import saturated

ANY = None  # no bar
NONE = 0.002  # "none for an event": at most one in 500 events, as buffers grow and workers wake
NGINX, HAPROXY = "{:.2f} x nginx", "{:.2f} x haproxy"


class Part:
    """One figure of a budget and its bars; what it says in words when it is formatted.  `flaw`: why it counts for nothing."""

    def __init__(self, value, first, goal, form, at_least=False, flaw=""):
        self.value, self.bars, self.form, self.at_least, self.flaw = value, (first, goal), form, at_least, flaw

    def holds(self, which):
        """Is it within the bar?  None: nobody knows."""
        bar = self.bars[which]
        if bar is ANY:
            return True
        if self.flaw:
            return None
        return self.value >= bar if self.at_least else self.value <= bar

    def words(self, value):
        return self.form.format(value)

    def measured(self):
        if self.value is None:
            return self.flaw
        return self.words(self.value) + (f" ({self.flaw})" if self.flaw else "")


class Estimate(Part):
    """A figure that is known no better than by so much, up and down."""

    def __init__(self, value, first, goal, form, error):
        super().__init__(value, first, goal, form)
        self.error = error

    def holds(self, which):
        return None if abs(self.value - self.bars[which]) < self.error else super().holds(which)

    def measured(self):
        return f"{self.words(self.value)} (+- {self.error:,.0f})"


INDICATIVE = "indicative: not saturated"


def flaw_of(found, scenario, *targets):
    """Saturation is what these scenarios are about."""
    return "" if all(saturated(found[scenario]["table"][t]) for t in targets) else INDICATIVE


def to(found, other, scenario, target):
    return found[scenario]["table"][target]["to_" + other]


def same_and_translated(found, scenario, first, goal):
    return [against(found, "nginx", scenario, target, first[i], goal[i], NGINX)
            for i, target in enumerate(("same", "translated"))]


def against(found, other, scenario, target, first, goal, form):
    return Part(to(found, other, scenario, target), first, goal, form, flaw=flaw_of(found, scenario, target, other))


def one(scenario, target, first, goal):
    return lambda found: [against(found, "nginx", scenario, target, first, goal, NGINX)]


def burst(found):
    return [against(found, "nginx", "burst", "same", 0.7, 0.4, NGINX),
            against(found, "haproxy", "burst", "same", ANY, 0.8, HAPROXY)]


def megabyte(found):
    large = found["large"]["table"]["translated"]["median"]
    huge = found["huge"]["table"]["translated"]["median"]
    flaw = flaw_of(found, "huge", "translated")
    return [Part(huge / large, 12, 12, "{:.1f} x 100 KB", flaw=flaw or flaw_of(found, "large", "translated")),
            Part(found["body_memory"]["times_body"]["1 MB, translated"], 3, 3, "{:.1f} x body"),
            Part(huge * 1e3 / (1 << 20), ANY, 2, "{:.1f} ns a byte", flaw=flaw)]


def beside(found):
    return [Part(found["beside"]["ratio"], 2, 1.3, "{:.2f} x alone", flaw=flaw_of(found, "beside", "alone", "beside"))]


def crowd(found):
    return [Part(found["crowd"]["delay"]["translated"]["to_nginx"], 5, 1.5, NGINX),
            Part(found["crowd"]["rss"]["translated"]["median"] / 1024, 32, 16, "{:.1f} kB")]


def added(found):
    """The median is that of differences within a round, two standard errors up or down: in 19 of 20 runs that is right."""
    table = found["latency"]["times"]["latency"]
    mine, nginx, direct = table["same"], table["nginx"], table["direct"]
    difference, error = found["latency"]["to_nginx"]["p50"]
    tail = direct["range_p99"]
    shaky = min(mine["added_p99"], nginx["added_p99"]) <= tail
    flaw = f"not measurable: the provider's own p99 varies by {tail:,.0f} us"
    return [Estimate(difference, 60, 20, "nginx {:+.0f} us", 2 * error),
            Part(None if shaky else mine["added_p99"] / nginx["added_p99"], 1.6, 1.2, NGINX, flaw=flaw if shaky else "")]


def footprint(found):
    foot = found["footprint"]
    return [Part(foot["idle_rss"] / (1 << 20), 20, 10, "{:.1f} MB"), Part(foot["start_ms"], 100, 20, "{:.0f} ms"),
            Part(foot["stripped"] / (1 << 20), 12, 6, "{:.1f} MB")]


def micro(found):
    rows = {row["name"]: row for row in found["micro"]["rows"]}
    event = max(rows[name]["ns"] for name in ("events: chat to messages", "events: messages to chat"))
    return [Part(event, 1500, 400, "{:.0f} ns"),
            Part(rows["request of 100 KB: chat to messages"]["mb_s"], 300, 1200, "{:.0f} MB/s", at_least=True)]


def allocations(found):
    return [Part(max(found["calls"]["allocations"].values()), NONE, NONE, "{:.3f}")]


def tls(found):
    return [Part(found["tls"]["connection_ms"], 1.5, 1, "{:.2f} ms"),
            Part(found["tls"]["reuse"] * 100, 99, 99.9, "{:.1f} %", at_least=True)]


def locks(found):
    counted = found.get("atomics", {}).get("per_event")
    return [Part(max(found["calls"]["locks"].values()), NONE, NONE, "{:.3f} locks"),
            Part(max(counted.values()) if counted else None, NONE, NONE, "{:.3f} atomic instructions",
                 flaw="" if counted else "atomic instructions not measured")]


QUICK = [
    (1, "whole reply, same dialect, saturation: CPU a request", one("whole", "same", 1.8, 1.2)),
    (2, "whole reply, OpenAI front to Anthropic upstream", one("whole", "translated", 2.2, 1.4)),
    (3, "burst of 100 events, same dialect", burst),
    (4, "burst of 100 events, translated", one("burst", "translated", 2.0, 0.9)),
    (5, "500 slow streams, translated: CPU an event", one("slow", "translated", 1.2, 1.0)),
    (6, "100 KB request, same dialect / translated",
     lambda found: same_and_translated(found, "large", (2.5, 8), (1.5, 3))),
]
ALL = QUICK + [
    (7, "1 MB request, translated: CPU against 100 KB, peak memory, CPU a byte", megabyte),
    (8, "short requests beside 6,000 open streams: CPU against beside none", beside),
    (9, "9,900 slow streams: p99 delay of an event; memory a stream, translated", crowd),
    (10, "latency added at 1,000 requests a second, p50 / p99", added),
    (11, "idle memory; start to first answer; stripped program", footprint),
    (12, "micro: translating an event; a 100 KB request", micro),
    (13, "allocations for each streamed event: none, which is at most one in 500 events", allocations),
    (14, "TLS to the provider: CPU of a new connection; reuse at steady state", tls),
    (15, "2 workers: locks and atomic instructions for each streamed event: none, in the same sense", locks),
]


def bars(parts, which):
    return ", ".join(p.words(p.bars[which]) for p in parts if p.bars[which] is not ANY)


def met(parts, which):
    """Of all parts: one that fails decides; then one that nobody knows.  None: not measured."""
    held = [p.holds(which) for p in parts] or [None]
    return False if False in held else None if None in held else True


def judge(found, budgets):
    """A dict for each budget; one that was not measured is met by nobody."""
    rows = []
    for number, name, measure in budgets:
        try:
            parts = measure(found)
        except KeyError:
            parts = []
        rows.append({"number": number, "name": name, "values": [p.value for p in parts],
                     "measured": ", ".join(p.measured() for p in parts) or "not measured",
                     "first": bars(parts, 0), "goal": bars(parts, 1),
                     "first_met": met(parts, 0), "goal_met": met(parts, 1)})
    return rows


def verdict(rows):
    n = len(rows)
    unknown = sum(r["goal_met"] is None for r in rows)
    return (f"budgets: {sum(r['first_met'] is True for r in rows)} of {n} met (first), "
            f"{sum(r['goal_met'] is True for r in rows)} of {n} met (goal)"
            + (f", {unknown} not measured" if unknown else ""))
