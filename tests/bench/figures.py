"""Numbers of several rounds: the machine's speed drifts, so only ratios within a round count."""
import math
import statistics

PROXIES = ("nginx", "haproxy")
POINTS = ("p50", "p90", "p99", "p999")
BUSY = 0.85  # below that, the server was not the limit


def median(values):
    return statistics.median(values)


def spread(values):
    """How far apart the rounds are, as a share of their median: the noise.  None if there was one only."""
    if len(values) < 2:
        return None
    middle = median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def ratio(results, a, b, key):
    """Median over the rounds of a's value by b's of the same round."""
    return median([x[key] / y[key] if y[key] else 0.0 for x, y in zip(results[a], results[b])])


def by_key(results, key, against=PROXIES):
    """For each target: median and spread of this key, ratios to others, and how busy server and load were."""
    table = {}
    for name, rounds in results.items():
        values = [r[key] for r in rounds]
        table[name] = {"median": median(values), "spread": spread(values),
                       "rps": median([r["rps"] for r in rounds]),
                       "share": median([r.get("cpu_share", 0) for r in rounds]),
                       "load_share": median([r["load_share"] for r in rounds]),
                       "rss_peak": max(r.get("rss_peak", 0) for r in rounds)}
        for other in against:
            if other in results:
                table[name]["to_" + other] = ratio(results, name, other, key)
    return table


def saturated(row):
    """Had the server of this row of by_key's all that it could do?  Loads without a rate of requests are not about that."""
    return not row["rps"] or row["share"] >= BUSY


def quarters(values):
    """(least, lower quartile, upper quartile); of four values or less the quartiles are the ends."""
    s = sorted(values)
    k = (len(s) - 1) // 4
    return s[0], s[k], s[-1 - k]


def times(results, kind, base=None, calm=()):
    """For each target: medians of the percentiles of this kind (`latency_us`, `gap_us`, ...), how far apart the middle half
    of the rounds lies, and with a base what is added to its, by the median of the rounds' differences.

    Points in `calm` are tails, which a machine that halts for some ms decides more than any server does: of these it is the
    lower quartile of the rounds that counts, and how far the quarter below it reaches down."""
    table = {}
    for name, rounds in results.items():
        table[name] = row = {}
        for p in POINTS:
            values = [r[kind][p] for r in rounds]
            least, lower, upper = quarters(values)
            row[p] = lower if p in calm else median(values)
            row["range_" + p] = lower - least if p in calm else upper - lower
            if base and p not in calm:
                row["added_" + p] = median([v - b[kind][p] for v, b in zip(values, results[base])])
        if "cpu_us_per_request" in rounds[0]:
            row["cpu"] = median([r["cpu_us_per_request"] for r in rounds])
        row["unanswered"] = sum(r.get("unanswered", 0) for r in rounds)
    for row in table.values() if base else ():
        row.update({"added_" + p: row[p] - table[base][p] for p in calm})
    return table


def apart(results, a, b, kind, point):
    """(median of what a's percentile is above b's in the same round, the standard error of that median): what drifts from
    round to round is in both.  The error is that of a normal distribution whose middle half is as wide."""
    differences = [x[kind][point] - y[kind][point] for x, y in zip(results[a], results[b])]
    _, lower, upper = quarters(differences)
    deviation = (upper - lower) / (2 * statistics.NormalDist().inv_cdf(0.75))
    return median(differences), deviation * math.sqrt(math.pi / 2 / len(differences))


def slope(points):
    """Least squares: (what one more x costs, what nothing costs) of [(x, y)]."""
    n = len(points)
    mx, my = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    over = sum((x - mx) ** 2 for x, _ in points)
    rise = sum((x - mx) * (y - my) for x, y in points) / over if over else 0.0
    return rise, my - rise * mx
