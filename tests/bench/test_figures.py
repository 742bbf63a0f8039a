"""What the benchmark makes of its figures: ratios, budgets, reports, and what it puts into the documents."""
import unittest

import atomics
import budgets
import compare
import docs
import features
import figures
import report


def rounds(*values, key="cpu", **more):
    return [{key: v, "rps": 1000.0, "cpu_share": 0.95, "load_share": 0.4, **more} for v in values]


def cost(**medians):
    """A scenario's table with these figures, and ratios to the proxies among them."""
    results = {name: rounds(v, v) for name, v in medians.items()}
    return {"kind": "cost", "title": "some load", "unit": "us CPU a request", "table": figures.by_key(results, "cpu")}


def everything(factor=1.0):
    """All that the budgets want, met if the factor is 1."""
    table = cost(nginx=20.0, haproxy=20.0, same=8.0 * factor, translated=18.0 * factor)
    times = {"direct": {"range_p99": 20.0}, "nginx": {"added_p99": 150.0}, "same": {"added_p99": 160.0}}
    return {"whole": table, "burst": table, "slow": table, "large": table, "huge": table,
            "body_memory": {"times_body": {"1 MB, translated": 2.0}},
            "beside": {"ratio": 1.1, "table": cost(alone=20.0, beside=22.0)["table"]},
            "crowd": {"delay": table["table"], "rss": {"translated": {"median": 15000.0}}},
            "latency": {"times": {"latency": times}, "to_nginx": {"p50": (10.0 + 80.0 * (factor - 1), 2.0)}},
            "footprint": {"idle_rss": 9 << 20, "start_ms": 12.0, "stripped": 2 << 20},
            "micro": {"rows": [{"name": "events: chat to messages", "ns": 100.0, "mb_s": 1.0},
                               {"name": "events: messages to chat", "ns": 120.0, "mb_s": 1.0},
                               {"name": "request of 100 KB: chat to messages", "ns": 1.0, "mb_s": 2000.0}]},
            "calls": {"allocations": {"chat": 0.0}, "locks": {"chat": 0.0}}, "atomics": {"per_event": {"chat": 0.0}},
            "tls": {"connection_ms": 0.5, "reuse": 1.0}}


class Figures(unittest.TestCase):
    def test_ratios_are_taken_within_a_round(self):
        # The machine was half as fast in the second round and in the third.
        results = {"nginx": rounds(10, 20, 20), "same": rounds(12, 24, 24)}
        self.assertAlmostEqual(figures.by_key(results, "cpu")["same"]["to_nginx"], 1.2)

    def test_the_spread_is_a_share_of_the_median(self):
        self.assertAlmostEqual(figures.spread([9, 10, 12]), 0.3)
        self.assertIsNone(figures.spread([9]))

    def test_a_line_has_its_slope(self):
        rise, start = figures.slope([(0, 5), (10, 25), (20, 45)])
        self.assertAlmostEqual(rise, 2)
        self.assertAlmostEqual(start, 5)

    def test_times_say_what_is_added(self):
        def at(x):
            return [{"latency_us": dict.fromkeys(figures.POINTS, x)}]
        table = figures.times({"direct": at(100), "same": at(130)}, "latency_us", "direct")
        self.assertEqual(table["same"]["added_p999"], 30)

    def test_tails_are_those_of_the_calm_rounds(self):
        def at(*values):
            return [{"latency_us": dict.fromkeys(figures.POINTS, x)} for x in values]
        results = {"direct": at(100, 104, 900, 110, 800, 120, 700, 1000), "same": at(150, 950, 154, 160, 850, 170, 750, 990)}
        table = figures.times(results, "latency_us", "direct", calm=("p99",))
        self.assertEqual([table["direct"][k] for k in ("p99", "range_p99")], [104, 4])
        self.assertEqual([table["same"][k] for k in ("p99", "range_p99", "added_p99")], [154, 4, 50])
        self.assertEqual(table["direct"]["p90"], 410)
        self.assertEqual(table["same"]["added_p90"], 50)

    def test_differences_are_taken_within_a_round(self):
        def at(*values):
            return [{"latency_us": {"p50": x}} for x in values]
        results = {"nginx": at(100, 900, 104, 300, 100), "same": at(110, 908, 116, 310, 109)}
        difference, error = figures.apart(results, "same", "nginx", "latency_us", "p50")
        self.assertEqual(difference, 10)
        self.assertAlmostEqual(error, 1 / 1.349 * 1.2533 / 5 ** 0.5, 3)  # the middle half: 9 to 10

    def test_of_few_rounds_all_count(self):
        self.assertEqual(figures.quarters([3, 1]), (1, 1, 3))
        self.assertEqual(figures.quarters([5, 1, 2, 9, 3]), (1, 2, 5))


class Budgets(unittest.TestCase):
    def test_there_are_fifteen_and_all_can_be_met(self):
        rows = budgets.judge(everything(), budgets.ALL)
        self.assertEqual([r["number"] for r in rows], list(range(1, 16)))
        self.assertEqual([r["number"] for r in rows if not r["goal_met"]], [])
        self.assertEqual(budgets.verdict(rows), "budgets: 15 of 15 met (first), 15 of 15 met (goal)")

    def test_what_costs_too_much_is_not_met(self):
        rows = {r["number"]: r for r in budgets.judge(everything(4.0), budgets.ALL)}
        self.assertTrue(rows[1]["first_met"])
        self.assertFalse(rows[1]["goal_met"])
        self.assertFalse(rows[2]["first_met"])
        self.assertFalse(rows[10]["first_met"])

    def test_what_was_not_measured_is_not_met(self):
        rows = budgets.judge({"whole": everything()["whole"], "burst": {"title": "burst", "skipped": "no time"}},
                             budgets.QUICK)
        self.assertEqual(budgets.verdict(rows), "budgets: 2 of 6 met (first), 2 of 6 met (goal), 4 not measured")
        self.assertEqual(rows[2]["measured"], "not measured")
        self.assertIn("| not measured |", report.budgets(rows)[4])

    def judged(self, found, number):
        row = budgets.judge(found, budgets.ALL)[number - 1]
        return row["first_met"], row["goal_met"], row["measured"]

    def test_half_a_measurement_is_none(self):
        found = everything()
        del found["atomics"]
        self.assertEqual(self.judged(found, 15), (None, None, "0.000 locks, atomic instructions not measured"))
        found["calls"]["locks"]["chat"] = 0.5  # that is too many, whatever the other one is
        self.assertEqual(self.judged(found, 15)[:2], (False, False))

    def test_none_is_at_most_one_in_five_hundred(self):
        found = everything()
        for allocations, met in ((0.001, True), (0.0025, False)):
            found["calls"]["allocations"]["chat"] = allocations
            self.assertEqual(self.judged(found, 13), (met, met, f"{allocations:.3f}"))
        self.assertEqual(budgets.judge(found, budgets.ALL)[12]["goal"], "0.002")

    def test_a_difference_that_may_be_on_either_side_of_the_bar_is_not_measured(self):
        found = everything()
        latency = found["latency"]
        self.assertEqual(self.judged(found, 10), (True, True, "nginx +10 us (+- 4), 1.07 x nginx"))
        for difference, error, met in ((10.0, 6.0, (True, None)), (25.0, 2.0, (True, False)), (21.0, 2.0, (True, None)),
                                       (50.0, 6.0, (None, False)), (-700.0, 50.0, (True, True))):
            latency["to_nginx"]["p50"] = difference, error
            self.assertEqual(self.judged(found, 10)[:2], met)
        latency["times"]["latency"]["direct"].update(range_p99=5000.0)
        first, goal, words = self.judged(found, 10)
        self.assertEqual((first, goal), (None, None))
        self.assertIn("the provider's own p99 varies by 5,000 us", words)

    def test_a_server_that_was_not_the_limit_meets_no_budget(self):
        for target in ("same", "nginx"):
            found = {**everything(), "whole": cost(nginx=20.0, haproxy=20.0, same=8.0, translated=18.0)}
            found["whole"]["table"][target]["share"] = 0.5
            first, goal, words = self.judged(found, 1)
            self.assertEqual((first, goal), (None, None))
            self.assertIn("0.40 x nginx (indicative", words)


def data():
    found = {"whole": everything()["whole"], "peers": {"title": "others", "skipped": "none is installed"}}
    noise = {"loop_ms": dict.fromkeys(("least", "median", "p90", "most"), 1.0), "cpu": "a CPU", "cores": 2, "kernel": "6",
             "load_before": [0.5, 0.4, 0.3], "others": 0.02, "steal": 0.01}
    about = {"tree": "abc", "date": "2026-01-31", "complete": True, "seconds": 40, "cores": 2, "apart": True, "versions": ["nginx/1", "HAProxy/2"]}
    return {"about": about, "noise": noise, "scenarios": found, "budgets": budgets.judge(found, budgets.QUICK)}


class Reports(unittest.TestCase):
    def test_a_report_has_every_section(self):
        text = report.markdown(data())
        self.assertIn("| same | 8.00 | 0.40 | 0.40 |", text)
        self.assertIn("**others**: not measured, none is installed", text)
        self.assertIn("steal", text)
        self.assertIn("| 1 | whole reply", text)

    def test_a_server_that_was_not_the_limit_is_named(self):
        found = cost(nginx=20.0, same=20.0)
        found["table"]["same"]["share"] = 0.4
        self.assertIn("for: same.", "\n".join(report.scenario(found)))
        self.assertIn("Indicative only", "\n".join(report.scenario(found)))

    def test_documents_get_the_sections_that_there_are(self):
        text = "a\n<!-- bench: budgets -->\nold\n<!-- /bench -->\nb\n<!-- bench: crowd -->\nkept\n<!-- /bench -->\nc\n"
        new, missing = docs.render(text, report.sections(data()), report.origin(data()))
        self.assertNotIn("old", new)
        self.assertIn("| 1 | whole reply", new)
        self.assertIn("kept", new)
        self.assertEqual(new.count("*Of a whole run at abc on 2026-01-31: others took 2 % of the machine"), 1)
        self.assertEqual(missing, ["crowd"])
        self.assertEqual(docs.render(new, report.sections(data()), report.origin(data()))[0], new)

    def test_what_could_not_be_measured_leaves_the_figures_of_before(self):
        full = "<!-- bench: peers -->\nkept\n<!-- /bench -->\n"
        self.assertEqual(docs.render(full, report.sections(data()), "", ["peers"]), (full, ["peers"]))
        empty = full.replace("kept\n", "")
        self.assertIn("none is installed", docs.render(empty, report.sections(data()), "", ["peers"])[0])

    def test_what_telemetry_costs_together_is_held_against_its_bound(self):
        def facts(metrics):
            cost = {features.METRICS: metrics, features.TRACES_TENTH: 500, features.SEARCH: 10}
            return dict(features.share_facts(cost, {"a part": 5}, 10000, 0.75))
        name = "**together: metrics + traces of 10 %**"
        self.assertEqual(facts(700)[name], "1,200 of 10,000 instructions, 3.0% of the CPU; at most 3%: met")
        self.assertIn("**not met**", facts(701)[name])
        self.assertEqual(facts(1)["a part"], "5 of 10,000 instructions, 0.0% of the CPU")

    def test_a_comparison_shows_what_changed(self):
        def row(ns):
            return [{"name": "events", "ns": ns, "instructions": 0}]
        self.assertIn("| events | 100 | 150 | 1.50 |", compare.compare(row(100), row(150)))
        self.assertIn("| events | 100 | 105 | 1.05 ~ |", compare.compare(row(100), row(105)))


class Atomics(unittest.TestCase):
    def test_only_atomic_instructions_are_counted(self):
        atomic = ["  12ab:\tlock cmpxchg %edx,(%rdi)", "  12ac:\txchg   %eax,(%rdx)", "  12ad:\tlock incl 0x4(%rbx)"]
        plain = ["  12ab:\txchg   %ax,%ax", "  12ac:\tmov    %eax,(%rdx)", "0000 <block>:", "  12:\tcall 40 <clock>"]
        self.assertTrue(all(map(atomics.ATOMIC.match, atomic)))
        self.assertFalse(any(map(atomics.ATOMIC.match, plain)))


if __name__ == "__main__":
    unittest.main()
