"""Scenarios of a server that is never idle: what a request, a stream or an event costs it.

Each starts the programs that it compares and sends them the same load in turn, round after round.  It returns a dict
for the report.
"""
import peers
import servers
from figures import by_key
from loads import Target, load, rounds_of
from stage import Failure, say

# With these, events of all dialects have about 250 bytes, and whole replies 700 to 800.
WHOLE = "fixed: { bytes: 450B, events: 100, event_bytes: 84B }\n"
REQUEST, STREAM = ("us CPU a request", "cpu_us_per_request"), ("us CPU a stream", "cpu_us_per_request")


def events_of(n, size=84):
    return WHOLE.replace("events: 100", f"events: {n}").replace("event_bytes: 84B", f"event_bytes: {size}B")


def size_name(size):
    return f"{size >> 20} MB" if size >> 20 else f"{size >> 10} KB" if size >> 10 else f"{size} B"


def proxies(stage, provider):
    """nginx and haproxy pass the request on as it is: a proxy cannot do less."""
    return [Target("nginx", servers.nginx(stage, provider)), Target("haproxy", servers.haproxy(stage, provider))]


def both(gateway):
    return [Target("same", gateway), Target("translated", gateway, "messages")]


def compare(stage, title, targets, rounds, seconds, unit=REQUEST, against=("nginx", "haproxy"), **options):
    """A closed loop on every target."""
    say(f"{title} ...")
    for t in targets:
        load(stage, t, seconds=0.2, warmup=0, **options)
    results = rounds_of(stage, targets, rounds, seconds=seconds, warmup=0.1, **options)
    stage.clear()
    return {"kind": "cost", "title": title, "unit": unit[0], "table": by_key(results, unit[1], against)}


def whole(stage, rounds, seconds):
    provider = servers.mock(stage, WHOLE)
    return compare(stage, "whole reply, 700 B, 64 connections",
                   proxies(stage, provider) + both(servers.llmux(stage, provider)), rounds, seconds)


def burst(stage, rounds, seconds, events=100):
    provider = servers.mock(stage, events_of(events))
    return compare(stage, f"burst of {events:,} events of 250 B, 64 connections",
                   proxies(stage, provider) + both(servers.llmux(stage, provider)), rounds, seconds, STREAM, stream=True)


def large(stage, rounds, seconds, size, connections):
    provider = servers.mock(stage, WHOLE)
    return compare(stage, f"request of {size_name(size)}, {connections} connections",
                   proxies(stage, provider) + both(servers.llmux(stage, provider)), rounds, seconds,
                   size=size, connections=connections)


def dialects(stage, rounds, seconds, stream):
    """Every way of translation; nginx passes what an OpenAI client and provider say."""
    provider = servers.mock(stage, WHOLE)
    gateway = servers.llmux(stage, provider)
    ways = [("openai to openai", "chat", "chat"), ("openai to anthropic", "chat", "messages"),
            ("anthropic to openai", "messages", "chat"), ("anthropic to anthropic", "messages", "messages"),
            ("openai to gemini", "chat", "gemini"), ("openai to bedrock", "chat", "converse"),
            ("openai to bedrock, signed", "chat", "signed"), ("anthropic to bedrock", "messages", "converse")]
    targets = [Target("nginx", servers.nginx(stage, provider))]
    targets += [Target(name, gateway, model, front) for name, front, model in ways]
    what = "burst of 100 events" if stream else "whole reply"
    return compare(stage, f"translations: {what}, 64 connections", targets, rounds, seconds,
                   STREAM if stream else REQUEST, ("nginx",), stream=stream)


def secure(stage, rounds, seconds, stream):
    """TLS to the provider over connections that stay open, by HTTP/1.1 and HTTP/2."""
    provider = servers.mock(stage, WHOLE)
    edge = servers.nginx_edge(stage, provider)
    trust = f", ca_file: {stage.path('cert.pem')}"
    targets = [Target("nginx", servers.nginx(stage, edge, tls=True)),
               Target("haproxy", servers.haproxy(stage, edge, tls="http/1.1")),
               Target("haproxy, HTTP/2", servers.haproxy(stage, edge, name="haproxy-h2", tls="h2"))]
    for suffix, keys in (("", trust), (", HTTP/2", trust + ", http_version: 2")):
        gateway = servers.llmux(stage, edge, name="llmux" + ("-h2" if suffix else ""), scheme="https", keys=keys)
        targets += [Target("same" + suffix, gateway), Target("translated" + suffix, gateway, "messages")]
    what = "burst of 100 events" if stream else "whole reply"
    return compare(stage, f"TLS to the provider: {what}, 64 connections", targets, rounds, seconds,
                   STREAM if stream else REQUEST, stream=stream)


# --- other gateways ---------------------------------------------------------------------------------------------------

def beside_peers(stage, rounds, seconds, stream):
    """Other gateways that are installed here, beside llmux and the proxies."""
    what = "burst of 100 events" if stream else "whole reply"
    title = f"other gateways: {what}, 16 connections"
    found = peers.detect()
    if not found:
        return {"title": title, "skipped": "none is installed (" + ", ".join(p.name for p in peers.PEERS) + ")"}
    provider = servers.mock(stage, WHOLE)
    targets = proxies(stage, provider) + both(servers.llmux(stage, provider))
    notes = []
    for peer, program in found:
        more, problems = started(stage, peer, program, provider, stream)
        targets += more
        notes += problems
    result = compare(stage, title, targets, rounds, seconds, STREAM if stream else REQUEST, stream=stream,
                     connections=16)
    return {**result, "note": "; ".join(notes)} if notes else result


def started(stage, peer, program, provider, stream):
    """The peer's targets that answer as they should, and what is wrong with the others."""
    targets, problems = [], []
    try:
        server = peer.start(stage, program, provider)
    except Failure as e:
        return [], [f"{peer.name}: {last_words(e)}"]
    for kind, model in peer.models.items():
        target = Target(f"{peer.name}, {kind}", server, model, headers=peer.headers(kind, provider), path=peer.path)
        try:
            load(stage, target, connections=1, requests=2, seconds=20, warmup=0, stream=stream)
            targets.append(target)
        except Failure as e:
            problems.append(last_words(e))
    if not targets:
        stage.end(server)
    return targets, problems


def last_words(e):
    """The end of what a program has said, on one line."""
    return " ".join(str(e).split())[-300:]
