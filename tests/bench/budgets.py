"""The budgets: what each scenario may cost, against nginx or haproxy in the same run.

`first` is the bar for the first version of the engine, `goal` what makes the project worth having.
"""
ANY = None  # no bar
NGINX, HAPROXY = "{:.2f} x nginx", "{:.2f} x haproxy"


class Part:
    """One figure of a budget and its bars; what it says in words when it is formatted."""

    def __init__(self, value, first, goal, form, at_least=False):
        self.value, self.bars, self.form, self.at_least = value, (first, goal), form, at_least

    def holds(self, which):
        bar = self.bars[which]
        return bar is ANY or (self.value >= bar if self.at_least else self.value <= bar)


def to(found, other, scenario, target):
    return found[scenario]["table"][target]["to_" + other]


def same_and_translated(found, scenario, first, goal):
    return [Part(to(found, "nginx", scenario, target), first[i], goal[i], NGINX)
            for i, target in enumerate(("same", "translated"))]


def one(scenario, target, first, goal):
    return lambda found: [Part(to(found, "nginx", scenario, target), first, goal, NGINX)]


def burst(found):
    return [Part(to(found, "nginx", "burst", "same"), 0.7, 0.4, NGINX),
            Part(to(found, "haproxy", "burst", "same"), ANY, 0.8, HAPROXY)]


def megabyte(found):
    large = found["large"]["table"]["translated"]["median"]
    huge = found["huge"]["table"]["translated"]["median"]
    return [Part(huge / large, 12, 12, "{:.1f} x 100 KB"),
            Part(found["body_memory"]["times_body"]["1 MB, translated"], 3, 3, "{:.1f} x body"),
            Part(huge * 1e3 / (1 << 20), ANY, 2, "{:.1f} ns a byte")]


def beside(found):
    return [Part(found["beside"]["ratio"], 2, 1.3, "{:.2f} x alone")]


def crowd(found):
    return [Part(found["crowd"]["delay"]["translated"]["to_nginx"], 5, 1.5, NGINX),
            Part(found["crowd"]["rss"]["translated"]["median"] / 1024, 32, 16, "{:.1f} kB")]


def added(found):
    table = found["latency"]["times"]["latency"]
    mine, nginx = table["same"], table["nginx"]
    return [Part(mine["added_p50"] - nginx["added_p50"], 60, 20, "nginx {:+.0f} us"),
            Part(mine["added_p99"] / max(nginx["added_p99"], 1), 1.6, 1.2, NGINX)]


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
    return [Part(max(found["calls"]["allocations"].values()), 0.005, 0.005, "{:.2f}")]


def tls(found):
    return [Part(found["tls"]["connection_ms"], 1.5, 1, "{:.2f} ms"),
            Part(found["tls"]["reuse"] * 100, 99, 99.9, "{:.1f} %", at_least=True)]


def locks(found):
    shared = [max(found["atomics"]["per_event"].values())] if "per_event" in found.get("atomics", {}) else []
    return [Part(max(found["calls"]["locks"].values()), 0.005, 0.005, "{:.2f} locks")] + [
        Part(n, 0.005, 0.005, "{:.2f} atomic instructions") for n in shared]


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
    (13, "allocations for each streamed event", allocations),
    (14, "TLS to the provider: CPU of a new connection; reuse at steady state", tls),
    (15, "2 workers: locks and atomic instructions for each streamed event", locks),
]


def words(parts, values):
    return ", ".join(p.form.format(v) for p, v in zip(parts, values) if v is not ANY)


def judge(found, budgets):
    """A dict for each budget; one that was not measured holds for nobody."""
    rows = []
    for number, name, measure in budgets:
        try:
            parts = measure(found)
        except KeyError:
            parts = []
        rows.append({"number": number, "name": name, "values": [p.value for p in parts],
                     "measured": words(parts, [p.value for p in parts]) or "not measured",
                     "first": words(parts, [p.bars[0] for p in parts]), "goal": words(parts, [p.bars[1] for p in parts]),
                     "first_met": bool(parts) and all(p.holds(0) for p in parts),
                     "goal_met": bool(parts) and all(p.holds(1) for p in parts)})
    return rows


def verdict(rows):
    n = len(rows)
    return (f"budgets: {sum(r['first_met'] for r in rows)} of {n} met (first), "
            f"{sum(r['goal_met'] for r in rows)} of {n} met (goal)")
