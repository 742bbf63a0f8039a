#!/usr/bin/env python3
"""Puts the figures of a report into the pages of docs that have a place for them.

    tests/bench/docs.py [REPORT.json [FILE...]]

In the files, what stands between `<!-- bench: NAME... -->` and `<!-- /bench -->` is replaced by the report's sections of
these names: `about`, `noise`, `budgets`, and scenarios, and by a line that says of which run they are.  Where the report
does not have them, or could not measure them, what was there stays; so do `about`, `noise` and `budgets` with a report of
some scenarios only.
"""
import json
import re
import sys

import report

MARK = re.compile(r"(<!-- bench: (?P<names>[^>]*?) -->\n)(?P<old>.*?)(<!-- /bench -->)", re.S)


def render(text, sections, origin, skipped=()):
    """The file's text with the sections put in, each with its origin, and the names for which it kept what was there.
    Those that were skipped only say why, where nothing was there."""
    missing = []

    def put(match):
        names = match["names"].split()
        lacks = [name for name in names if name not in sections or (name in skipped and match["old"].strip())]
        missing.extend(lacks)
        if lacks:
            return match[0]
        body = "\n\n".join("\n".join(sections[name]) for name in names)
        return f"{match[1]}\n{body}\n\n{origin}\n\n{match[4]}"
    return MARK.sub(put, text), missing


def main():
    source = sys.argv[1] if len(sys.argv) > 1 else "build/bench/report.json"
    targets = sys.argv[2:] or ["docs/performance.md", "docs/observability.md", "docs/redaction.md"]
    with open(source) as f:
        data = json.load(f)
    skipped = [name for name, found in data["scenarios"].items() if "skipped" in found]
    if not data["about"]["complete"]:
        skipped += ["about", "noise", "budgets"]
    for target in targets:
        with open(target) as f:
            text, missing = render(f.read(), report.sections(data), report.origin(data), skipped)
        with open(target, "w") as f:
            f.write(text)
        if missing and data["about"]["complete"]:
            print(f"{source} has no {', '.join(missing)}: {target} keeps what it had", file=sys.stderr)


if __name__ == "__main__":
    main()
