#!/usr/bin/env python3
"""What a change did to the figures: the ratios of a second run to a first.

    tests/bench/compare.py BEFORE.json AFTER.json

Both are outputs of `micro --json`, or both report.json of tests/bench/run.py.  Micro-benchmarks are compared in
instructions where both have them, else in time; of a report, each server's figure by its ratio to the first row of
the table (nginx, most often), because the machine's speed drifts between two runs.  Differences that the spread of the
rounds explains are marked `~`.
"""
import json
import sys

import report


def cases(data):
    """{name: (figure, noise)} of a file's content."""
    if isinstance(data, list):
        counted = all(row["instructions"] for row in data)
        return {row["name"]: (row["instructions" if counted else "ns"], 0.02 if counted else 0.1) for row in data}
    found = {}
    for name, scenario in data["scenarios"].items():
        if scenario.get("kind") == "micro":
            found.update(cases(scenario["rows"]))
        elif scenario.get("kind") == "cost":
            base = next(iter(scenario["table"].values()))
            for target, row in list(scenario["table"].items())[1:]:
                found[f"{name}: {target}"] = row["median"] / base["median"], (row["spread"] or 0.2) / 2
    return found


def compare(before, after):
    """Lines of a table, the largest change first."""
    before, after = cases(before), cases(after)
    rows = []
    for name in before.keys() & after.keys():
        (a, noise_a), (b, noise_b) = before[name], after[name]
        change = b / a if a else 1.0
        noisy = abs(change - 1) <= max(noise_a, noise_b)
        rows.append((abs(change - 1), [name, f"{a:.4g}", f"{b:.4g}", f"{change:.2f}" + (" ~" if noisy else "")]))
    rows.sort(key=lambda row: (-row[0], row[1]))
    lines = report.table(["case", "before", "after", "ratio"], [row for _, row in rows])
    gone = sorted(before.keys() ^ after.keys())
    return lines + (["", "in one of them only: " + ", ".join(gone)] if gone else [])


def main():
    if len(sys.argv) != 3:
        print("usage: compare.py BEFORE.json AFTER.json", file=sys.stderr)
        return 2
    both = []
    for path in sys.argv[1:]:
        with open(path) as f:
            both.append(json.load(f))
    print("\n".join(compare(*both)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
