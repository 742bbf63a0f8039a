"""How noisy the machine is while the benchmark runs.

A loop of fixed work on the core of the servers, timed between the scenarios: had it the core to itself at a steady speed,
it would always take as long.  What others took of the machine is what it was busy with, less our own.
"""
import hashlib
import os
import platform
import resource
import subprocess
import time

from figures import median, spread

WORK = bytes(1 << 20)
TICK = os.sysconf("SC_CLK_TCK")


def cpu_times():
    """Seconds of all cores, since the machine began: (busy, stolen, all)."""
    with open("/proc/stat") as f:
        user, nice, system, idle, iowait, irq, softirq, steal = map(int, f.readline().split()[1:9])
    busy = user + nice + system + irq + softirq
    return [t / TICK for t in (busy, steal, busy + idle + iowait + steal)]


def own_seconds():
    """CPU time of this process and of its children that have ended."""
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


class Noise:
    def __init__(self, cores):
        self.cores = cores
        self.loops = []
        self.load_before = os.getloadavg()
        self.begun, self.own, self.times = time.monotonic(), own_seconds(), cpu_times()

    def calibrate(self, n=12):
        """Time the loop a few times: some hundredths of a second."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, self.cores.server)
        for _ in range(n):
            start = time.perf_counter()
            hashlib.sha256(WORK).digest()
            hashlib.sha256(WORK).digest()
            self.loops.append(time.perf_counter() - start)
        os.sched_setaffinity(0, before)

    def report(self):
        busy, stolen, all_ = [b - a for a, b in zip(self.times, cpu_times())]
        others = max(0.0, busy - (own_seconds() - self.own))
        ordered = sorted(self.loops)
        return {"seconds": time.monotonic() - self.begun, "load_before": list(self.load_before),
                "steal": stolen / all_, "others": others / all_, "cores": len(self.cores.all),
                "loop_ms": {"least": ordered[0] * 1e3, "median": median(ordered) * 1e3,
                            "p90": ordered[int(len(ordered) * 0.9)] * 1e3, "most": ordered[-1] * 1e3},
                "spread": spread(ordered), "cpu": cpu_model(), "kernel": platform.release(), "tree": tree()}


def cpu_model():
    with open("/proc/cpuinfo") as f:
        return next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())


def tree():
    """The commit that is measured."""
    run = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True,
                         cwd=os.path.dirname(os.path.abspath(__file__)))
    return run.stdout.strip() or "unknown"
