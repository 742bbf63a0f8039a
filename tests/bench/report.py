"""What was measured, as Markdown and as JSON."""
import json


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def times(x):
    return f"{x:.2f}" if x is not None else ""


def scenario(found):
    """A scenario with a target in each row."""
    rows = []
    for name, t in found["table"].items():
        row = [name, f"{t['median']:.1f}", times(t.get("to_nginx")), times(t.get("to_haproxy")),
               f"{t['spread'] * 100:.0f} %", f"{t['rps']:,.0f}", f"{t['share'] * 100:.0f} %"]
        if "delay" in found:
            delay, rss = found["delay"][name], found["rss"][name]
            row += [f"{delay['median'] / 1e3:.1f}", f"{rss['median'] / 1024:.1f}"]
        rows.append(row)
    head = ["", found["unit"], "to nginx", "to haproxy", "spread", "requests/s", "core busy"]
    if "delay" in found:
        head += ["p99 delay, ms", "kB a stream"]
    return table(head, rows)


def latency(found):
    rows = [[name] + [f"{t[k]:.0f}" for k in ("p50", "p99", "added_p50", "added_p99")]
            for name, t in found["latency"].items()]
    return table(["us", "p50", "p99", "added p50", "added p99"], rows)


def section(found):
    if "skipped" in found:
        return ["", f"**{found['title']}**: not measured, {found['skipped']}"]
    if "table" in found:
        return ["", f"**{found['title']}**", ""] + scenario(found)
    if "latency" in found:
        return ["", f"**{found['title']}**", ""] + latency(found)
    if "rows" in found:
        rows = [[name, f"{value:g} {unit}", f"{speed:g} MB/s"] for name, value, unit, speed in found["rows"]]
        return ["", f"**{found['title']}**", ""] + table(["case", "time", "speed"], rows)
    return []


def budgets(rows):
    def met(yes):
        return "met" if yes else "**not met**"
    return table(["#", "budget", "measured", "first", "", "goal", ""],
                 [[str(b.number), b.name, b.text(0), bars(b, 1), met(b.first), bars(b, 2), met(b.goal)] for b in rows])


def bars(budget, which):
    parts = [part[3].format(part[which]) for part in budget.parts if part[which] != float("inf")]
    return ", ".join(parts)


def markdown(about, found, rows):
    lines = [about]
    for f in found.values():
        if isinstance(f, dict):
            lines += section(f)
    return "\n".join(lines + ["", "**Budgets**", ""] + budgets(rows)) + "\n"


def as_json(about, found, rows):
    return json.dumps({"about": about, "scenarios": found,
                       "budgets": [{"number": b.number, "name": b.name, "measured": [p[0] for p in b.parts],
                                    "first_met": b.first, "goal_met": b.goal} for b in rows]},
                      indent=1, default=str).replace("Infinity", "null")
