"""Scenarios of llmux by itself: what it takes when idle, for a large body, for a new connection, and what it must not do
on the path of a token."""
import json
import os
import re
import shutil
import socket
import subprocess
import time

import servers
from figures import median
from loads import Target, load
from saturation import WHOLE, events_of
from stage import Failure, begin, cpu_seconds, say, status_bytes


def footprint(stage, rounds):
    """Idle memory, before and behind a first request to a provider, with which libcurl is loaded; start to the first
    answer, size of the program."""
    say("footprint ...")
    starts, memory, used = [], [], []
    provider = servers.mock(stage, WHOLE)
    for _ in range(rounds):
        server = servers.llmux(stage, provider)
        starts.append(first_answer(server) - server.begun)
        time.sleep(0.2)
        memory.append(server.rss())
        load(stage, Target("llmux", server), connections=1, requests=1, warmup=0)
        used.append(server.rss())
        stage.end(server)
    stage.clear()
    stripped = stage.path("llmux.stripped")
    shutil.copy(stage.program("llmux"), stripped)
    subprocess.run(["strip", stripped], check=True)
    size = os.path.getsize(stripped)
    os.unlink(stripped)
    idle, start = median(memory), median(starts) * 1e3
    return {"kind": "facts", "title": "footprint", "idle_rss": idle, "start_ms": start, "stripped": size,
            "facts": [["memory when idle", f"{idle / (1 << 20):.1f} MB"],
                      ["... once a provider was asked", f"{median(used) / (1 << 20):.1f} MB"],
                      ["start to the first answer", f"{start:.0f} ms"],
                      ["the program, stripped", f"{size / (1 << 20):.1f} MB"]]}


def first_answer(server):
    """Wait for the first answer to a request; returns its time."""
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        s.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if not s.recv(4096).startswith(b"HTTP/1.1 200"):
            raise Failure(f"{server.name} is not alive")
    return time.monotonic()


def body_memory(stage, sizes):
    """The most memory that a large request takes, by the length of its body; one at a time."""
    say("memory of large requests ...")
    found = {}
    for size in sizes:
        for model in ("chat", "messages"):
            provider = servers.mock(stage, WHOLE)
            server = servers.llmux(stage, provider)
            target = Target("llmux", server, model)
            load(stage, target, connections=1, requests=2, warmup=0)
            before = status_bytes(server.pid, "VmHWM")
            load(stage, target, connections=1, requests=2, warmup=0, size=size)
            found[f"{size >> 20} MB, {'same' if model == 'chat' else 'translated'}"] = (
                status_bytes(server.pid, "VmHWM") - before) / size
            stage.clear()
    return {"kind": "facts", "title": "memory of a large request", "times_body": found,
            "facts": [[name, f"{times:.1f} times its size"] for name, times in found.items()]}


def micro(stage):
    say("micro-benchmarks ...")
    run = subprocess.run([stage.program("tests/bench/micro"), "--json"], capture_output=True, text=True, timeout=180,
                         preexec_fn=begin(stage.cores.server), check=True)
    return {"kind": "micro", "title": "micro-benchmarks",
            "rows": json.loads(run.stdout) + layer(stage, "routing") + layer(stage, "resilience")}


def layer(stage, name):
    """Rows of a program that prints what a layer costs for each request: `| case | N ns |`.  Whether it finds that too
    much does not matter here."""
    run = subprocess.run([stage.program("tests/bench/" + name)], capture_output=True, text=True, timeout=60,
                         preexec_fn=begin(stage.cores.server))
    rows = re.findall(r"^\| (.+?) +\| +(\d+) ns \|$", run.stdout, re.M)
    if not rows:
        raise Failure(f"tests/bench/{name} measured nothing: {run.stderr.strip()[-300:]}")
    return [{"name": f"{name}: {case}", "unit": "request", "ns": float(ns), "mb_s": 0, "instructions": 0}
            for case, ns in rows]


# --- TLS to the provider ---------------------------------------------------------------------------------------------

def active_opens():
    """Connections that this machine has opened, ever."""
    with open("/proc/net/snmp") as f:
        names, values = [line.split() for line in f if line.startswith("Tcp:")]
    return int(values[names.index("ActiveOpens")])


def tls(stage, connections, seconds):
    """A first wave of requests that needs as many connections, and further ones that find them open.  What the process
    does once, loading libcurl and the authorities, is a request's before them, to another provider."""
    say("new TLS connections to the provider ...")
    cert, key = servers.certificate(stage)
    secure = f"tls: {{ cert: {cert}, key: {key} }}\n"
    lag = servers.mock(stage, WHOLE + secure + 'reply: { manner: "delay=1500ms" }\n', name="mock-tls-lag")
    at_once = servers.mock(stage, WHOLE + secure, name="mock-tls")
    trust = f", ca_file: {cert}"
    first, waves = first_and_waves(stage, lag, at_once, trust, connections)
    steady = Target("same", servers.llmux(stage, at_once, scheme="https", keys=trust, name="llmux-tls"))
    load(stage, steady, seconds=0.5)
    opened = active_opens()
    result = load(stage, steady, seconds=seconds, warmup=0)
    opened = active_opens() - opened - result["connections"]
    stage.clear()
    each = (waves[0] - min(waves[1:])) / connections * 1e3
    reuse = 1 - max(opened, 0) / max(result["requests"], 1)
    return {"kind": "facts", "title": "new TLS connections to the provider", "connection_ms": each, "reuse": reuse,
            "facts": [["CPU of a new connection", f"{each:.2f} ms"],
                      ["CPU of a process's first request, with all that it loads", f"{first * 1e3:.0f} ms"],
                      ["requests at steady state that reuse one", f"{reuse * 100:.2f} %"]]}


def first_and_waves(stage, lag, other, trust, connections):
    """CPU seconds of a process's first request, to `other`, and of three waves of requests to `lag`."""
    more = f"  - {{ name: other, type: openai.chat, base_url: 'https://127.0.0.1:{other.port}/v1', models: [other]{trust} }}\n"
    gateway = servers.llmux(stage, lag, scheme="https", keys=trust, more=more)
    spent = []
    for model, n in (("other", 1), *[("chat", connections)] * 3):
        before = cpu_seconds(gateway.pid)
        load(stage, Target(model, gateway, model), connections=n, requests=1, seconds=5, warmup=0)
        spent.append(cpu_seconds(gateway.pid) - before)
    return spent[0], spent[1:]


# --- what must not happen on the token path ------------------------------------------------------------------------

MODELS = ("chat", "messages", "gemini", "converse")


def calls(stage, streams=16):
    """Allocations and lock operations for each further event of a stream, counted by a library that is loaded into
    llmux with two workers: the difference between long and short streams."""
    say("allocations and locks ...")
    counts = {}
    for model in MODELS:
        short, long = (count_calls(stage, model, events, streams) for events in (100, 2100))
        counts[model] = [(b - a) / 2000 for a, b in zip(short, long)]
    allocations, locks = ({m: c[i] for m, c in counts.items()} for i in (0, 1))
    return {"kind": "facts", "title": "calls for each streamed event", "allocations": allocations, "locks": locks,
            "facts": [[f"allocations and locks for an event, to {m}", f"{a:.3f} and {b:.3f}"]
                      for m, (a, b) in counts.items()]}


def count_calls(stage, model, events, streams):
    """Allocations and locks for a stream of so many events."""
    provider = servers.mock(stage, events_of(events) + 'reply: { manner: "rate=4000" }\n')
    path = stage.path("calls.bin")
    with open(path, "wb") as f:
        f.write(bytes(16))
    env = dict(os.environ, LD_PRELOAD=os.path.abspath(stage.program("tests/bench/calls.so")),
               BENCH_CALLS=os.path.abspath(path))
    server = servers.llmux(stage, provider, env=env, workers=2)
    target = Target(model, server, model)
    # Whichever worker gets them, it has connections to the provider and memory.
    load(stage, target, connections=16, requests=400, warmup=0)
    load(stage, target, stream=True, connections=2, requests=6, warmup=0)
    before = read_calls(path)
    result = load(stage, target, stream=True, connections=2, requests=streams, seconds=30, warmup=0)
    after = read_calls(path)
    stage.clear()
    # Each connection has its first reply before the count begins.
    n = result["requests"] + result["connections"]
    return [(b - a) / n for a, b in zip(before, after)]


def read_calls(path):
    with open(path, "rb") as f:
        data = f.read()
    return [int.from_bytes(data[i:i + 8], "little") for i in (0, 8)]
