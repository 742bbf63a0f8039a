"""What is measured.

A scenario starts the programs it compares, then sends them the same load in turn, round after round, because the
machine's speed drifts: only ratios within a round count.  Each returns a dict for the report.
"""
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time

from servers import Failure, cpu_seconds, status_bytes

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
SYSTEM = "You are a helpful assistant who answers briefly."
QUESTION = "Say something nice about the weather in Amsterdam today, in a few words."
# With these, events of both dialects have about 250 bytes, and whole replies 700 to 800.
WHOLE = "fixed: { bytes: 450B, events: 100, event_bytes: 84B }\n"


def request_body(model, stream, size=0):
    """A chat request; with a size, its history is that long."""
    messages = [{"role": "system", "content": SYSTEM}]
    turn = "The quick brown fox said: \"jump over\" the lazy dog,\nand so it did. " * 15
    n = 0
    while n < size - 200:
        messages.append({"role": "user" if len(messages) % 2 else "assistant", "content": turn})
        n += len(json.dumps(messages[-1])) + 2
    if len(messages) % 2 == 0:
        messages.append({"role": "assistant", "content": "Yes."})
    messages.append({"role": "user", "content": QUESTION})
    body = {"model": model, "max_tokens": 256, "temperature": 0.7, "messages": messages}
    if stream:
        body["stream"] = True
    return json.dumps(body)


class Target:
    """A server and what to ask it; `same` and `translated` are two targets of one llmux."""

    def __init__(self, name, server, model="chat"):
        self.name, self.server, self.model = name, server, model


def targets_of(stage, mock, same=True):
    """nginx and haproxy pass the request on as it is: a proxy cannot do less."""
    gateway = stage.llmux(mock)
    found = [Target("nginx", stage.nginx(mock)), Target("haproxy", stage.haproxy(mock))]
    if same:
        found.append(Target("same", gateway))
    found.append(Target("translated", gateway, "messages"))
    return found


def load_command(stage, target, stream=False, size=0, **options):
    name = f"{target.model}-{'stream' if stream else 'whole'}-{size}.json"
    if not os.path.exists(stage.path(name)):
        stage.write(name, request_body(target.model, stream, size))
    command = [stage.program("tests/bench/load"), "--url", target.server.url(CHAT), "--body", stage.path(name),
               "--header", "Authorization: Bearer sk-of-the-client", "--pid", str(target.server.pid)]
    options.setdefault("end", "[DONE]" if stream else "}")
    for key, value in options.items():
        command.append("--" + key)
        if value is not True:
            command.append(str(value))
    return command


def load(stage, target, timeout=90, **options):
    """Run the load generator to its end; returns what it says."""
    run = subprocess.run(load_command(stage, target, **options), capture_output=True, text=True, timeout=timeout,
                         preexec_fn=lambda: os.sched_setaffinity(0, stage.cores.rest))
    result = json.loads(run.stdout) if run.stdout.startswith("{") else {}
    target.server.shorten_log()
    if run.returncode != 0 or result.get("errors"):
        raise Failure(f"load on {target.name}: {run.stderr.strip()} {result.get('problem', '')} "
                      f"({result.get('errors', '?')} errors)")
    return result


def rounds_of(stage, targets, rounds, **options):
    """Every target in turn, `rounds` times; a list of results for each name."""
    results = {t.name: [] for t in targets}
    for _ in range(rounds):
        for t in targets:
            results[t.name].append(load(stage, t, **options))
    return results


# --- numbers --------------------------------------------------------------------------------------------------

def spread(values):
    """How far apart the rounds are, as a share of their median: the noise."""
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def ratio(results, a, b, key):
    """Median over the rounds of a's value by b's of the same round."""
    return statistics.median(x[key] / y[key] for x, y in zip(results[a], results[b]))


def by_key(results, key):
    """For each target: median, spread, and the ratios to nginx and haproxy."""
    table = {}
    for name, list_ in results.items():
        values = [r[key] for r in list_]
        table[name] = {"median": statistics.median(values), "spread": spread(values),
                       "rps": statistics.median(r["rps"] for r in list_),
                       "share": statistics.median(r.get("cpu_share", 0) for r in list_)}
        for proxy in ("nginx", "haproxy"):
            if proxy in results:
                table[name]["to_" + proxy] = ratio(results, name, proxy, key)
    return table


def say(text):
    print(text, file=sys.stderr, flush=True)


# --- saturation -------------------------------------------------------------------------------------------------

def saturation(stage, title, unit, fixed, rounds, seconds, key="cpu_us_per_request", **options):
    """A closed loop on every target: CPU per request or event."""
    say(f"{title} ...")
    targets = targets_of(stage, stage.mock(fixed))
    for t in targets:
        load(stage, t, seconds=0.2, **options)
    results = rounds_of(stage, targets, rounds, seconds=seconds, **options)
    stage.clear()
    return {"title": title, "unit": unit, "table": by_key(results, key)}


def whole(stage, rounds, seconds):
    return saturation(stage, "whole reply, 700 B, 64 connections", "us CPU a request", WHOLE, rounds, seconds,
                      warmup=0.1)


def burst(stage, rounds, seconds, events=100):
    fixed = WHOLE.replace("events: 100", f"events: {events}")
    return saturation(stage, f"burst of {events:,} events of 250 B, 64 connections", "us CPU a stream", fixed, rounds,
                      seconds, stream=True, warmup=0.1)


def large(stage, rounds, seconds, size, connections):
    name = f"{size >> 20} MB" if size >> 20 else f"{size >> 10} KB"
    return saturation(stage, f"request of {name}, {connections} connections", "us CPU a request", WHOLE, rounds,
                      seconds, size=size, connections=connections, warmup=0.1)


# --- slow streams ---------------------------------------------------------------------------------------------------

def slow_mock(stage, rate, seconds):
    """Streams that last until the measurement is over."""
    return stage.mock(WHOLE.replace("events: 100", f"events: {int(rate * (seconds + 40))}")
                      + f'reply: {{ manner: "rate={rate}" }}\n')


def slow(stage, rounds, seconds, streams, rate, same=False):
    """Many streams, each with a few events a second: CPU per event, and how late events are."""
    title = f"{streams:,} slow streams, {rate} events/s each"
    say(f"{title} ...")
    targets = targets_of(stage, slow_mock(stage, rate, seconds), same=same)
    results = rounds_of(stage, targets, rounds, stream=True, connections=streams, ramp=streams / 0.5, pace=rate,
                        cut=True, seconds=seconds, warmup=0.3, end="")
    stage.clear()
    return {"title": title, "unit": "us CPU an event", "table": by_key(results, "cpu_us_per_event")}


def crowd(stage, rounds, seconds, streams, rate):
    """So many streams that memory and the order of service count.  Every server is new each time, so that its memory
    is that of these streams."""
    if stage.descriptors < streams * 2 + 100:
        return {"title": f"{streams:,} slow streams", "skipped": f"only {stage.descriptors} descriptors"}
    title = f"{streams:,} slow streams, {rate} event/s each: delay and memory"
    say(f"{title} ...")
    mock = slow_mock(stage, rate, seconds)
    results = {"nginx": [], "haproxy": [], "same": [], "translated": []}
    for _ in range(rounds):
        for name, list_ in results.items():
            start = getattr(stage, name, stage.llmux)
            target = Target(name, start(mock, name=name), "messages" if name == "translated" else "chat")
            idle = target.server.rss()
            # Their beginnings are spread over a second, that is over the time between two events.
            r = load(stage, target, stream=True, connections=streams, ramp=streams / 2, pace=rate, cut=True,
                     seconds=seconds, warmup=2, end="")
            r["rss_per_stream"] = (r["rss_after"] - idle) / streams
            r["delay_p99"] = r["delay_us"]["p99"]
            list_.append(r)
            stage.servers.remove(target.server)
            target.server.stop()
    stage.clear()
    return {"title": title, "unit": "us CPU an event", "table": by_key(results, "cpu_us_per_event"),
            "delay": by_key(results, "delay_p99"), "rss": by_key(results, "rss_per_stream")}


def beside(stage, rounds, seconds, streams):
    """Short requests while many streams are open that say nothing: on the same llmux, beside and alone."""
    if stage.descriptors < streams * 2 + 500:
        return {"title": f"short requests beside {streams:,} open streams", "skipped": "too few descriptors"}
    say(f"short requests beside {streams:,} open streams ...")
    quiet = stage.mock(WHOLE + 'reply: { manner: "stall=600s!after=2" }\n', name="mock-quiet")
    brisk = stage.mock(WHOLE)
    url = f"http://127.0.0.1:{quiet.port}/v1"
    gateway = stage.llmux(brisk, more=f'  - {{ name: quiet, type: openai.chat, base_url: "{url}", models: [quiet] }}\n')
    short = Target("alone", gateway)
    results = {"alone": [], "beside": []}
    load(stage, short, seconds=0.2)
    for _ in range(rounds):
        results["alone"].append(load(stage, short, seconds=seconds))
        with open_streams(stage, Target("quiet", gateway, "quiet"), streams):
            results["beside"].append(load(stage, short, seconds=seconds))
        time.sleep(0.5)
    stage.clear()
    r = ratio(results, "beside", "alone", "cpu_us_per_request")
    return {"title": f"short requests beside {streams:,} open streams", "unit": "us CPU a request",
            "table": by_key(results, "cpu_us_per_request"), "ratio": r}


class open_streams:
    """Streams that stay open for as long as the block runs."""

    def __init__(self, stage, target, streams):
        command = load_command(stage, target, stream=True, connections=streams, ramp=streams / 2, cut=True, seconds=60,
                               warmup=0.5, announce=True, end="")
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        preexec_fn=lambda: os.sched_setaffinity(0, stage.cores.rest))

    def __enter__(self):
        line = self.process.stderr.readline().decode()
        if "measuring" not in line:
            self.__exit__()
            raise Failure(f"the open streams do not open: {line}")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


# --- latency ----------------------------------------------------------------------------------------------------------

def latency(stage, rounds, seconds, rate):
    """At a fixed rate far below saturation: what each proxy adds to the latency of the provider."""
    say(f"{rate:,} requests a second ...")
    mock = stage.mock(WHOLE)
    targets = [Target("direct", mock)] + targets_of(stage, mock)
    results = rounds_of(stage, targets, rounds, rate=rate, seconds=seconds, warmup=0.5)
    stage.clear()
    table = {}
    for name, list_ in results.items():
        table[name] = {}
        for p in ("p50", "p99"):
            values = [r["latency_us"][p] for r in list_]
            added = [r["latency_us"][p] - d["latency_us"][p] for r, d in zip(list_, results["direct"])]
            table[name][p] = statistics.median(values)
            table[name]["added_" + p] = statistics.median(added)
    return {"title": f"{rate:,} whole replies a second", "unit": "us", "latency": table}


# --- footprint --------------------------------------------------------------------------------------------------------

def footprint(stage, rounds):
    """Idle memory, start to the first accepted connection, size of the program."""
    say("footprint ...")
    starts, memory = [], []
    mock = stage.mock(WHOLE)
    for _ in range(rounds):
        server = stage.llmux(mock)
        starts.append(first_answer(server) - server.begun)
        time.sleep(0.2)
        memory.append(server.rss())
        server.stop()
    stage.clear()
    stripped = stage.path("llmux.stripped")
    shutil.copy(stage.program("llmux"), stripped)
    subprocess.run(["strip", stripped], check=True)
    size = os.path.getsize(stripped)
    os.unlink(stripped)
    return {"title": "footprint", "idle_rss": statistics.median(memory), "start_ms": statistics.median(starts) * 1e3,
            "stripped": size}


def first_answer(server):
    """Wait for the first answer to a request; returns its time."""
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        s.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if not s.recv(4096).startswith(b"HTTP/1.1 200"):
            raise Failure(f"{server.name} is not alive")
    return time.monotonic()


def body_memory(stage, size):
    """The most memory that a large request takes, by the length of its body."""
    mock = stage.mock(WHOLE)
    server = stage.llmux(mock)
    target = Target("translated", server, "messages")
    load(stage, target, connections=1, requests=2, warmup=0)
    before = status_bytes(server.pid, "VmHWM")
    load(stage, target, connections=1, requests=2, warmup=0, size=size)
    after = status_bytes(server.pid, "VmHWM")
    stage.clear()
    return (after - before) / size


def micro(stage):
    """The micro-benchmarks: {name: (ns or us, MB/s)}."""
    say("micro-benchmarks ...")
    run = subprocess.run([stage.program("tests/bench/micro")], capture_output=True, text=True, timeout=120,
                         preexec_fn=lambda: os.sched_setaffinity(0, stage.cores.server))
    rows = re.findall(r"^\| (.+?) \| ([0-9.]+) (ns an event|us) \| ([0-9.]+) MB/s \|$", run.stdout, re.M)
    return {"title": "micro-benchmarks", "rows": [[name, float(t), unit, float(speed)] for name, t, unit, speed in rows]}


# --- TLS to the provider ---------------------------------------------------------------------------------------------

def active_opens():
    """Connections that this machine has opened, ever."""
    with open("/proc/net/snmp") as f:
        names, values = [line.split() for line in f if line.startswith("Tcp:")]
    return int(values[names.index("ActiveOpens")])


def tls(stage, connections, seconds):
    """A first wave of requests that needs as many connections, and a second one that finds them open."""
    say("TLS to the provider ...")
    key, cert = stage.path("key.pem"), stage.path("cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=llmux bench", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    secure = f"tls: {{ cert: {os.path.abspath(cert)}, key: {os.path.abspath(key)} }}\n"
    lag = stage.mock(WHOLE + secure + 'reply: { manner: "delay=1500ms" }\n', name="mock-tls-lag")
    at_once = stage.mock(WHOLE + secure, name="mock-tls")
    trust = f", ca_file: {os.path.abspath(cert)}"
    gateway = stage.llmux(lag, scheme="https", keys=trust)
    target = Target("same", gateway)
    waves = []
    for _ in range(3):
        before = cpu_seconds(gateway.pid)
        load(stage, target, connections=connections, requests=1, seconds=5, warmup=0)
        waves.append(cpu_seconds(gateway.pid) - before)
    steady = Target("same", stage.llmux(at_once, scheme="https", keys=trust, name="llmux-tls"))
    load(stage, steady, seconds=0.5)
    opened = active_opens()
    result = load(stage, steady, seconds=seconds, warmup=0)
    opened = active_opens() - opened - result["connections"]
    stage.clear()
    return {"title": "TLS to the provider", "connection_ms": (waves[0] - min(waves[1:])) / connections * 1e3,
            "reuse": 1 - max(opened, 0) / max(result["requests"], 1),
            "cpu_us_per_request": result["cpu_us_per_request"]}


# --- what must not happen on the token path ------------------------------------------------------------------------

def calls(stage, streams=20):
    """Allocations and lock operations for each further event of a stream, counted by a library that is loaded into
    llmux: the difference between long and short streams."""
    say("allocations and locks ...")
    counts = {}
    for model in ("chat", "messages"):
        totals = []
        for events in (100, 1100):
            mock = stage.mock(WHOLE.replace("events: 100", f"events: {events}")
                              + 'reply: { manner: "rate=4000" }\n')
            path = stage.path("calls.bin")
            with open(path, "wb") as f:
                f.write(bytes(16))
            env = dict(os.environ, LD_PRELOAD=os.path.abspath(stage.program("tests/bench/calls.so")),
                       BENCH_CALLS=os.path.abspath(path))
            server = stage.llmux(mock, env=env)
            target = Target(model, server, model)
            load(stage, target, stream=True, connections=1, requests=3, warmup=0)
            before = read_calls(path)
            result = load(stage, target, stream=True, connections=1, requests=streams, seconds=30, warmup=0)
            after = read_calls(path)
            n = result["requests"] + 1
            totals.append([(b - a) / n for a, b in zip(before, after)])
            stage.clear()
        counts[model] = [(long - short) / 1000 for short, long in zip(*totals)]
    return {"title": "calls for each streamed event", "allocations": {m: c[0] for m, c in counts.items()},
            "locks": {m: c[1] for m, c in counts.items()}}


def read_calls(path):
    with open(path, "rb") as f:
        data = f.read()
    return [int.from_bytes(data[i:i + 8], "little") for i in (0, 8)]
