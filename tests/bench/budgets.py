"""The budgets: what each scenario may cost, against nginx or haproxy in the same run.

`first` is the bar for the first version of the engine, `goal` what makes the project worth having.
"""


class Budget:
    """One row.  `parts` are (measured value, first bar, goal bar, format); all of them must hold."""

    def __init__(self, number, name, parts, at_least=()):
        self.number, self.name, self.parts, self.at_least = number, name, parts, at_least

    def holds(self, which):
        def one(i, part):
            bar = part[which]
            return part[0] >= bar if i in self.at_least else part[0] <= bar
        return all(one(i, part) for i, part in enumerate(self.parts))

    def text(self, which):
        """Column 0: as measured; 1 and 2: the bars."""
        return ", ".join(part[3].format(part[which]) for part in self.parts if part[which] is not None)

    first = property(lambda self: self.holds(1))
    goal = property(lambda self: self.holds(2))


NGINX = "{:.2f} x nginx"
HAPROXY = "{:.2f} x haproxy"
ANY = float("inf")


def to_nginx(found, scenario, target):
    return found[scenario]["table"][target]["to_nginx"]


def quick(found):
    """Budgets 1 to 6."""
    burst_to_haproxy = found["burst"]["table"]["same"]["to_haproxy"]
    return [
        Budget(1, "whole reply, same dialect: CPU a request", [(to_nginx(found, "whole", "same"), 1.8, 1.2, NGINX)]),
        Budget(2, "whole reply, translated", [(to_nginx(found, "whole", "translated"), 2.2, 1.4, NGINX)]),
        Budget(3, "burst of 100 events, same dialect", [(to_nginx(found, "burst", "same"), 0.7, 0.4, NGINX),
                                                       (burst_to_haproxy, ANY, 0.8, HAPROXY)]),
        Budget(4, "burst of 100 events, translated", [(to_nginx(found, "burst", "translated"), 2.0, 0.9, NGINX)]),
        Budget(5, "500 slow streams, translated: CPU an event",
               [(to_nginx(found, "slow", "translated"), 1.2, 1.0, NGINX)]),
        Budget(6, "100 KB request, same / translated", [(to_nginx(found, "large", "same"), 2.5, 1.5, NGINX),
                                                       (to_nginx(found, "large", "translated"), 8, 3, NGINX)]),
    ]


def megabyte(found):
    large = found["large"]["table"]["translated"]["median"]
    huge = found["huge"]["table"]["translated"]["median"]
    return Budget(7, "1 MB request translated: CPU against 100 KB, memory, CPU a byte",
                  [(huge / large, 12, 12, "{:.1f} x"), (found["body_memory"], 3, 3, "{:.1f} x body"),
                   (huge * 1e3 / (1 << 20), ANY, 2, "{:.1f} ns a byte")])


def added(found):
    table = found["latency"]["latency"]
    mine, nginx = table["same"], table["nginx"]
    return Budget(10, "latency added at 1,000 rps, p50 / p99",
                  [(mine["added_p50"] - nginx["added_p50"], 60, 20, "nginx {:+.0f} us"),
                   (mine["added_p99"] / nginx["added_p99"], 1.6, 1.2, NGINX)])


def micro(found):
    rows = {name: (value, unit, speed) for name, value, unit, speed in found["micro"]["rows"]}
    event = max(v for name, (v, unit, _) in rows.items() if name.startswith("translate a") and "event" in unit)
    speed = rows["translate a 100 KB request, chat to messages"][2]
    return Budget(12, "micro: translating an event; a 100 KB request", [(event, 1500, 400, "{:.0f} ns"),
                                                                       (speed, 300, 1200, "{:.0f} MB/s")], {1})


def full(found):
    """Every budget that can be measured here."""
    rows = quick(found) + [megabyte(found)]
    if "ratio" in found["beside"]:
        rows.append(Budget(8, "short requests beside 6,000 open streams", [(found["beside"]["ratio"], 2, 1.3,
                                                                           "{:.2f} x alone")]))
    if "delay" in found["crowd"]:
        rows.append(Budget(9, "9,900 slow streams: p99 delay of an event; memory a stream, translated",
                           [(found["crowd"]["delay"]["translated"]["to_nginx"], 5, 1.5, NGINX),
                            (found["crowd"]["rss"]["translated"]["median"] / 1024, 32, 16, "{:.1f} kB")]))
    foot = found["footprint"]
    calls = found["calls"]
    rows += [
        added(found),
        Budget(11, "idle memory; start to first answer; stripped program",
               [(foot["idle_rss"] / (1 << 20), 20, 10, "{:.1f} MB"), (foot["start_ms"], 100, 20, "{:.0f} ms"),
                (foot["stripped"] / (1 << 20), 12, 6, "{:.1f} MB")]),
        micro(found),
        Budget(13, "allocations for each streamed event", [(max(calls["allocations"].values()), 0.005, 0.005, "{:.2f}")]),
        Budget(14, "TLS to the provider: CPU a new connection; reuse",
               [(found["tls"]["connection_ms"], 1.5, 1, "{:.2f} ms"),
                (found["tls"]["reuse"] * 100, 99, 99.9, "{:.1f} %")], {1}),
        Budget(15, "locks taken for each streamed event", [(max(calls["locks"].values()), 0.005, 0.005, "{:.2f}")]),
    ]
    return sorted(rows, key=lambda b: b.number)


def verdict(rows):
    n = len(rows)
    return f"budgets: {sum(b.first for b in rows)} of {n} met (first), {sum(b.goal for b in rows)} of {n} met (goal)"
