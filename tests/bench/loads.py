"""Sending load: the load generator, run on a target or on several in turn."""
import json
import os
import subprocess
import time

from asks import FRONTS
from stage import Failure, begin


class Target:
    """A server and what to ask it: several targets may be of one llmux."""

    def __init__(self, name, server, model="chat", front="chat", path=None, headers=None):
        self.name, self.server, self.model, self.front = name, server, model, FRONTS[front]
        self.path = path or self.front.path
        self.headers = self.front.headers if headers is None else headers
        self.label = f"{front}-{model}".replace("/", "-")


def command_of(stage, target, stream=False, size=0, **options):
    """Options are those of the load generator."""
    name = f"{target.label}-{'stream' if stream else 'whole'}-{size}.json"
    if not os.path.exists(stage.path(name)):
        stage.write(name, target.front.text(target.model, stream, size))
    command = [stage.program("tests/bench/load"), "--url", target.server.url(target.path), "--body", stage.path(name),
               "--pid", str(target.server.pid)]
    for header in target.headers:
        command += ["--header", header]
    options.setdefault("end", target.front.end(stream))
    for key, value in options.items():
        command += ["--" + key] + ([] if value is True else [str(value)])
    return command


def load(stage, target, timeout=90, **options):
    """Run the load generator to its end; returns what it says, and `load_share`: how busy it was."""
    run = subprocess.run(command_of(stage, target, **options), capture_output=True, text=True, timeout=timeout,
                         preexec_fn=begin(stage.cores.rest))
    result = json.loads(run.stdout) if run.stdout.startswith("{") else {}
    target.server.shorten_log()
    if run.returncode != 0 or result.get("errors"):
        raise Failure(f"load on {target.name}: {run.stderr.strip()} {result.get('problem', '')} "
                      f"({result.get('errors', '?')} errors)")
    result["load_share"] = result["own_cpu_us"] / 1e6 / max(result["seconds"], 1e-6)
    return result


def rounds_of(stage, targets, rounds, **options):
    """Every target in turn, `rounds` times; a list of results for each name."""
    results = {t.name: [] for t in targets}
    for _ in range(rounds):
        for t in targets:
            results[t.name].append(load(stage, t, **options))
    return results


class open_streams:
    """Streams that stay open for as long as the block runs."""

    def __init__(self, stage, target, streams):
        command = command_of(stage, target, stream=True, connections=streams, ramp=streams / 2, cut=True, seconds=60,
                             warmup=0.5, announce=True, end="")
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        preexec_fn=begin(stage.cores.rest))

    def __enter__(self):
        line = self.process.stderr.readline().decode()
        if "measuring" not in line:
            self.__exit__()
            raise Failure(f"the open streams do not open: {line}")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        time.sleep(0.5)
