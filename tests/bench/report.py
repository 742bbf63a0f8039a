"""What was measured, as Markdown: a list of lines for each scenario.  It is read from report.json's data."""
from figures import POINTS, saturated

LABELS = {"p50": "p50", "p90": "p90", "p99": "p99", "p999": "p99.9"}


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def percent(x):
    return f"{x * 100:.0f} %" if x is not None else ""


def us(x):
    return f"{x:.2f}" if abs(x) < 10 else f"{x:,.1f}"


def cost(found):
    """A target in each row."""
    others = [key for key in next(iter(found["table"].values())) if key.startswith("to_")]
    has_rps = any(t["rps"] for t in found["table"].values())
    rows = []
    for name, t in found["table"].items():
        row = [name, us(t["median"])] + [f"{t[o]:.2f}" if o in t else "" for o in others] + [percent(t["spread"])]
        row += [f"{t['rps']:,.0f}"] if has_rps else []
        row += [percent(t["share"]), percent(t["load_share"]), f"{t['rss_peak'] / (1 << 20):.0f}"]
        if "delay" in found:
            row += [f"{found['delay'][name]['median'] / 1e3:.2f}", f"{found['rss'][name]['median'] / 1024:.1f}"]
        rows.append(row)
    head = ["", found["unit"]] + [o.replace("to_", "to ") for o in others] + ["spread"]
    head += ["requests/s"] if has_rps else []
    head += ["core busy", "load busy", "peak MB"]
    if "delay" in found:
        head += ["p99 delay, ms", "kB a stream"]
    lines = table(head, rows)
    idle = [name for name, t in found["table"].items() if not saturated(t)]
    if idle:
        whom = "all" if len(idle) == len(found["table"]) else "; ".join(idle)
        lines += ["", "**Indicative only**, and of no account for the budgets: not the server was the limit, but the load, "
                  f"the provider or others on the machine, for: {whom}."]
    return lines + (times(found) if "times" in found else [])


def times(found):
    lines = []
    for kind, rows in found["times"].items():
        added = any("added_p50" in row for row in rows.values())
        cpu = any("cpu" in row for row in rows.values()) and kind == next(iter(found["times"]))
        late = any(row.get("unanswered") for row in rows.values())
        head = [f"{kind}, us"] + [LABELS[p] for p in POINTS] + [f"added {LABELS[p]}" for p in POINTS if added]
        head += [found["unit"]] if cpu else []
        head += ["unanswered"] if late else []
        cells = []
        for name, row in rows.items():
            line = [name] + [f"{row[p]:,.0f}" for p in POINTS]
            line += [f"{row.get('added_' + p, 0):,.0f}" for p in POINTS if added]
            line += [us(row["cpu"]) if "cpu" in row and name != "direct" else ""] if cpu else []
            line += [str(row.get("unanswered", 0))] if late else []
            cells.append(line)
        lines += ([""] if lines or "table" in found else []) + table(head, cells)
    return lines


def micro(found):
    counted = any(row.get("instructions") for row in found["rows"])
    rows = []
    for row in found["rows"]:
        speed = f"{row['mb_s']:,.0f} MB/s" if row["mb_s"] else ""
        ns = row["ns"]
        line = [row["name"], f"{ns:,.0f} ns" if ns < 1e4 else f"{ns / 1e3:,.1f} us", row["unit"], speed]
        rows.append(line + ([f"{row['instructions']:,.0f}"] if counted else []))
    return table(["case", "time", "for", "speed"] + (["instructions"] if counted else []), rows)


def facts(found):
    return table(["", ""], found["facts"])


def curve(found):
    rows = [[name] + [us(y) for _, y in points] + [f"{found['slopes'][name]:.2f}"]
            for name, points in found["points"].items()]
    lines = table([""] + found["head"] + [found["per"]], rows)
    if "memory" in found:
        lines += [""] + table([found["memory_title"]] + found["head"],
                              [[name] + [f"{y:.1f}" for y in row] for name, row in found["memory"].items()])
    return lines


def workers(found):
    few, many = found["counts"]
    rows = [[name, us(t["one"]), us(t["many"]), f"{t['ratio']:.2f}", f"{t['rps'][0]:,.0f}", f"{t['rps'][1]:,.0f}"]
            for name, t in found["table"].items()]
    return table(["", f"{few} worker", f"{many} workers", "ratio", f"requests/s, {few}", f"requests/s, {many}"], rows)


def shares(found):
    """Figures, and by how much they are above those of a base."""
    base = found["table"][found["base"]]
    rows = []
    for name, row in found["table"].items():
        cells = [[f"{v:,.0f}", f"{(v / base[what] - 1) * 100:+.1f} %"] for what, v in row.items()]
        rows.append([name] + [cell for pair in cells for cell in pair])
    return table([""] + [cell for what in base for cell in (what, "")], rows)


KINDS = {"shares": shares, "cost": cost, "times": times, "micro": micro, "facts": facts, "curve": curve, "workers": workers}


def scenario(found):
    if "skipped" in found:
        return [f"**{found['title']}**: not measured, {found['skipped']}"]
    return [f"**{found['title']}**", ""] + KINDS[found["kind"]](found) + (["", found["note"] + "."] if "note" in found else [])


def budgets(rows):
    def met(yes):
        return "not measured" if yes is None else "met" if yes else "**not met**"
    return table(["#", "budget", "measured", "first", "", "goal", ""],
                 [[str(r["number"]), r["name"], r["measured"], r["first"], met(r["first_met"]), r["goal"],
                   met(r["goal_met"])] for r in rows])


def noise(n):
    loop = n["loop_ms"]
    return [f"The machine: {n['cpu']}, {n['cores']} cores, Linux {n['kernel']}.  Load before the start "
            + ", ".join(f"{x:.2f}" for x in n["load_before"]) + f"; other programs took {percent(n['others'])} of its cores "
            f"while the benchmark ran, other machines {percent(n['steal'])} (steal).  A loop of fixed work between the "
            f"scenarios took {loop['median']:.2f} ms, at least {loop['least']:.2f}, at most {loop['most']:.2f}, nine of "
            f"ten times up to {loop['p90']:.2f}: had the machine been quiet, it would always have been the same."]


def about(data):
    a = data["about"]
    how = "the servers under test on one, load and providers on the rest" if a["apart"] else "shared by all"
    return [f"Measured at {a['tree']} on {a['date']} in {a['seconds']:.0f} s on {a['cores']} cores ({how}), beside "
            f"{' and '.join(a['versions'])}.  Medians; `spread` is the distance of the rounds as a share of the median; "
            "ratios are medians of the ratios within a round; `core busy` is the server's, `load busy` the load "
            "generator's share of a core."]


def origin(data):
    """Of which run the figures are: for documents that keep those of several."""
    a, loop, n = data["about"], data["noise"]["loop_ms"], data["noise"]
    what = "a whole run" if a["complete"] else "a run of some scenarios"
    return (f"*Of {what} at {a['tree']} on {a['date']}: others took {percent(n['others'])} of the machine; a loop of fixed "
            f"work took {loop['median']:.2f} ms, nine of ten times up to {loop['p90']:.2f}.*")


def sections(data):
    """{name: lines}: about, noise, budgets, and the scenarios by their names."""
    found = {"about": about(data), "noise": noise(data["noise"])}
    found.update({name: scenario(f) for name, f in data["scenarios"].items()})
    if data["budgets"]:
        found["budgets"] = budgets(data["budgets"])
    return found


def markdown(data):
    return "\n\n".join("\n".join(lines) for lines in sections(data).values()) + "\n"
