"""llmux under callgrind: which instructions some requests make it run, the same whatever else the machine does."""
import glob
import os
import subprocess

import servers
from loads import Target, load
from stage import find


def count(stage, provider, model, requests, stream=False, size=0, warm=50, options=(), connections=1, **config):
    """Run `requests` requests, after some to warm up; returns the path of what callgrind writes."""
    out = stage.path("callgrind.out")
    for old in glob.glob(out + "*"):
        os.remove(old)
    gateway = servers.llmux(stage, provider, prefix=[find("valgrind"), "--tool=callgrind", "--instr-atstart=no",
                                                     "--callgrind-out-file=" + out, *options], **config)
    target = Target("llmux", gateway, model)
    how = {"stream": stream, "size": size, "connections": connections, "warmup": 0, "seconds": 60}
    if connections > 1:
        # Whichever worker gets them, it has connections to the provider.
        load(stage, target, requests=200, connections=connections * 4, warmup=0, seconds=60)
    load(stage, target, requests=warm, **how)
    control(gateway, "-i", "on")
    load(stage, target, requests=requests, **how)
    control(gateway, "-i", "off")
    stage.end(gateway)
    return max(glob.glob(out + "*"), key=os.path.getsize)


def total(path):
    """All instructions of a file of callgrind's."""
    with open(path) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("totals:"))


def control(gateway, *words):
    subprocess.run([find("callgrind_control"), *words, str(gateway.pid)], check=True, capture_output=True, timeout=30)
