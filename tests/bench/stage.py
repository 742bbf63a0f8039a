"""Where a benchmark's programs run.

Each is started on the loopback with a port of its own, pinned to a core, and ended by its pid.  What they write goes
to files in the bench directory.
"""
import ctypes
import glob
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SETUP = "tools/setup.sh bench"
LOG_MAX = 64 << 20
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Failure(Exception):
    """This cannot be measured; the text says why and what to do."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def find(program):
    """The path of a program that a package brings, also when /usr/sbin is not in PATH."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if not path:
        raise Failure(f"{program} is missing: run {SETUP}")
    return path


def raise_descriptors(want=65536):
    """As many descriptors as are allowed; returns how many there are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in ((want, max(hard, want)), (hard, hard)):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
            break
        except (ValueError, OSError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Cores:
    """The server under test has a core for itself; the load and the providers share the others."""

    def __init__(self):
        self.all = set(os.sched_getaffinity(0))
        self.server = {max(self.all)}
        self.rest = self.all - self.server or self.all

    def apart(self):
        return len(self.all) > 1


def cpu_seconds(pid):
    """User and system time of a process, by its CPU clock."""
    return time.clock_gettime((~pid << 3) | 2)


def status_bytes(pid, key):
    """VmRSS or VmHWM."""
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
    return 0


def begin(cores):
    """What a child does before it becomes the program: it keeps to its cores, and ends when the benchmark does."""
    def settle():
        os.sched_setaffinity(0, cores)
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    return settle


class Server:
    """A running program; pid is the process that does the work, process what was started."""

    def __init__(self, name, process, port, log):
        self.name, self.process, self.port, self.log = name, process, port, log
        self.pid = process.pid
        self.begun = time.monotonic()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def rss(self):
        return status_bytes(self.pid, "VmRSS")

    def children(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as f:
            return [int(pid) for pid in f.read().split()]

    def shorten_log(self):
        if self.log and os.path.getsize(self.log) > LOG_MAX:
            os.truncate(self.log, 0)

    def complaint(self):
        with open(self.log, errors="replace") as f:
            return f"{self.name} does not start:\n{f.read()[-2000:]}"

    def stop(self):
        """What it has started shares its group, which is this server's alone."""
        for sent in (signal.SIGTERM, signal.SIGKILL):
            if self.signal(sent) and not self.leaves(3):
                continue
            break
        if self.process.stdout:
            self.process.stdout.close()

    def signal(self, number):
        """Send it to all of the group; False when there is nobody."""
        try:
            os.killpg(self.process.pid, number)
            return True
        except ProcessLookupError:
            return False

    def leaves(self, seconds):
        """Wait until all of the group have left."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None and not self.signal(0):
                return True
            time.sleep(0.002)
        return False


class Stage:
    """Where programs are started, and from where all of them leave: a context manager."""

    def __init__(self, build, directory):
        self.build, self.directory = build, os.path.abspath(directory)
        self.cores = Cores()
        self.descriptors = raise_descriptors()
        self.servers = []
        os.makedirs(directory, exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clear()
        for path in glob.glob(os.path.join(self.directory, "work-*")):
            shutil.rmtree(path, ignore_errors=True)

    def clear(self):
        """End every program."""
        while self.servers:
            self.servers.pop().stop()

    def end(self, server):
        self.servers.remove(server)
        server.stop()

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def folder(self):
        """A new one, which leaves with the stage."""
        return tempfile.mkdtemp(prefix="work-", dir=self.directory)

    def program(self, name):
        return os.path.join(self.build, name)

    def start(self, name, command, port, cores, seconds=10, **more):
        """Start a program whose output goes to NAME.log; wait until its port, if it has one, answers."""
        log = self.path(name + ".log")
        with open(log, "ab", buffering=0) as out:
            out.truncate(0)
            begun = time.monotonic()
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=out, start_new_session=True,
                                       stdout=more.pop("stdout", out), preexec_fn=begin(cores), **more)
        server = Server(name, process, port, log)
        server.begun = begun
        self.servers.append(server)
        if port:
            self.wait(server, seconds)
        return server

    def wait(self, server, seconds):
        end = time.monotonic() + seconds
        while server.process.poll() is None and time.monotonic() < end:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", server.port)) == 0:
                    return
            time.sleep(0.0005)
        raise Failure(server.complaint())
