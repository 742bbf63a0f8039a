"""Scenarios of growth: what a request costs as its body, its events, the open streams and the workers become more."""
import servers
from figures import median, slope
from loads import Target, load, rounds_of
from saturation import WHOLE, events_of, size_name
from stage import say
from streams import one_crowd, slow_mock


def curve(title, head, points, per):
    """points: {target: [(x, us)]}; `per` names what one more x costs, as (text, factor)."""
    slopes = {name: slope(list_) for name, list_ in points.items()}
    return {"kind": "curve", "title": title, "head": head, "per": per[0],
            "points": {name: [[x, y] for x, y in list_] for name, list_ in points.items()},
            "slopes": {name: rise * per[1] for name, (rise, _) in slopes.items()}}


def trio(stage, provider):
    gateway = servers.llmux(stage, provider)
    return [Target("nginx", servers.nginx(stage, provider)), Target("same", gateway),
            Target("translated", gateway, "messages")]


def bodies(stage, seconds, sizes=(1 << 10, 10 << 10, 100 << 10, 1 << 20, 4 << 20)):
    say("growth with a request's size ...")
    targets = trio(stage, servers.mock(stage, WHOLE))
    points = {t.name: [] for t in targets}
    for size in sizes:
        for t in targets:
            r = load(stage, t, seconds=seconds, size=size, connections=64 if size < 1 << 20 else 8, warmup=0.1)
            points[t.name].append((size, r["cpu_us_per_request"]))
    stage.clear()
    return curve("with a request's size: us CPU a request", [size_name(s) for s in sizes], points, ("ns a byte", 1e3))


def events(stage, seconds, sizes=(10, 84, 256, 1 << 10, 4 << 10)):
    """Bursts of 100 events; the text of an event has this size, around it stand 150 bytes."""
    say("growth with an event's size ...")
    points = {}
    for size in sizes:
        targets = trio(stage, servers.mock(stage, events_of(100, size)))
        for t in targets:
            r = load(stage, t, seconds=seconds, stream=True, warmup=0.1)
            points.setdefault(t.name, []).append((size, r["cpu_us_per_event"]))
        stage.clear()
    return curve("with an event's text, in bursts of 100: us CPU an event", [size_name(s) for s in sizes], points,
                 ("ns a byte", 1e3))


def streams(stage, seconds, counts=(300, 3000, 9000), rate=9000):
    """Ever more streams that together bring `rate` events a second: what an event costs beside the others."""
    counts = [n for n in counts if n * 2 + 200 < stage.descriptors]
    say("growth with open streams ...")
    points, memory = {}, {}
    for n in counts:
        provider = slow_mock(stage, rate // n, seconds + 3)
        for name, start in (("nginx", servers.nginx), ("same", servers.llmux), ("translated", servers.llmux)):
            target = Target(name, start(stage, provider, name=name), "messages" if name == "translated" else "chat")
            r = one_crowd(stage, target, seconds, n, rate // n)
            points.setdefault(name, []).append((n, r["cpu_us_per_event"]))
            memory.setdefault(name, []).append(r["rss_per_stream"] / 1024)
            stage.end(target.server)
        stage.clear()
    found = curve(f"with open streams, {rate:,} events a second in all: us CPU an event", [f"{n:,}" for n in counts],
                  points, ("ns for each 1,000 streams", 1e6))
    return {**found, "memory": memory, "memory_title": "kB a stream"}


def workers(stage, rounds, seconds):
    """One worker against as many as there are cores, where load and provider share these: CPU per request and event is
    what tells, as a lock that is fought for or memory that is written by both would show there."""
    say("growth with workers ...")
    counts = [1, max(2, len(stage.cores.all))]
    provider = servers.mock(stage, WHOLE)
    gateways = {n: servers.llmux(stage, provider, name=f"llmux-{n}", workers=n, cores=stage.cores.all) for n in counts}
    found = {}
    for what, stream, key in (("a whole reply", False, "cpu_us_per_request"), ("an event", True, "cpu_us_per_event")):
        for kind, model in (("same", "chat"), ("translated", "messages")):
            targets = [Target(str(n), gateway, model) for n, gateway in gateways.items()]
            results = rounds_of(stage, targets, rounds, seconds=seconds, stream=stream, warmup=0.1)
            few, many = ([r[key] for r in results[t.name]] for t in targets)
            found[f"{what}, {kind}"] = {"one": median(few), "many": median(many),
                                        "ratio": median([b / a for a, b in zip(few, many)]),
                                        "rps": [median([r["rps"] for r in results[t.name]]) for t in targets]}
    stage.clear()
    return {"kind": "workers", "title": f"1 worker and {counts[1]} on {len(stage.cores.all)} cores, shared with load "
            "and provider: us CPU", "counts": counts, "table": found}
