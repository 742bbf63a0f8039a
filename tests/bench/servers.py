"""The programs that a benchmark starts: llmux, its emulator of providers, nginx, haproxy.

Each is started on the loopback with a port of its own, pinned to a core, and ended by its pid.  What they write goes
to files in the bench directory.
"""
import glob
import os
import shutil
import socket
import subprocess
import tempfile
import time

SETUP = "tools/setup.sh --bench"
LOG_MAX = 64 << 20


class Failure(Exception):
    """The benchmark cannot go on; the text says why and what to do."""


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
    import resource
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
        self.all = sorted(os.sched_getaffinity(0))
        self.server = {self.all[-1]}
        self.rest = set(self.all[:-1]) or set(self.all)

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


class Server:
    """A running program; pid is the process that does the work."""

    def __init__(self, name, process, port, log):
        self.name, self.process, self.port, self.log = name, process, port, log
        self.pid = process.pid

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def rss(self):
        return status_bytes(self.pid, "VmRSS")

    def shorten_log(self):
        if self.log and os.path.getsize(self.log) > LOG_MAX:
            os.truncate(self.log, 0)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(3)
        if self.process.stdout:
            self.process.stdout.close()


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

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def program(self, name):
        return os.path.join(self.build, name)

    def start(self, name, command, port, cores, **more):
        """Start a program whose output goes to NAME.log; wait until its port answers."""
        log = self.path(name + ".log")
        begun = time.monotonic()
        with open(log, "ab", buffering=0) as out:
            out.truncate(0)
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=out,
                                       stdout=more.pop("stdout", out), env=more.pop("env", None),
                                       preexec_fn=lambda: os.sched_setaffinity(0, cores))
        server = Server(name, process, port, log)
        server.begun = begun
        self.servers.append(server)
        if port:
            self.wait(server)
        return server

    def wait(self, server, seconds=10):
        end = time.monotonic() + seconds
        while server.process.poll() is None and time.monotonic() < end:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", server.port)) == 0:
                    return
            time.sleep(0.0005)
        with open(server.log, errors="replace") as f:
            raise Failure(f"{server.name} does not start:\n{f.read()[-2000:]}")

    # --- the programs ---------------------------------------------------------------------------

    def mock(self, options, name="mock"):
        """An emulator of providers; options is the text of its file."""
        config = self.write(name + ".yaml", "listen: 127.0.0.1:0\n" + options)
        command = [self.program("llmux"), "mock", "-c", config]
        server = self.start(name, command, 0, self.cores.rest, stdout=subprocess.PIPE)
        line = server.process.stdout.readline().decode()
        if "listening on" not in line:
            with open(server.log, errors="replace") as f:
                raise Failure(f"llmux mock does not start: {line}{f.read()[-2000:]}")
        server.port = int(line.rsplit(":", 1)[1].split("/")[0])
        return server

    def llmux(self, mock, name="llmux", scheme="http", keys="", more="", env=None, prefix=()):
        """The gateway with one deployment of each dialect: model `chat` is spoken to in OpenAI's chat dialect,
        model `messages` in Anthropic's.  `keys` are added to both, `more` is further entries; `prefix` runs it."""
        port = free_port()
        base = f"{scheme}://127.0.0.1:{mock.port}/v1"
        config = self.write(name + ".yaml", f"""\
server: {{ listen: 127.0.0.1:{port}, workers: 1, max_connections: 32768 }}
providers:
  - {{ name: bench-chat, type: openai.chat, base_url: "{base}", api_key: sk-bench, models: [chat]{keys} }}
  - {{ name: bench-messages, type: anthropic.messages, base_url: "{base}", api_key: sk-bench, models: [messages]{keys} }}
{more}""")
        command = [*prefix, self.program("llmux"), "serve", "-c", config]
        return self.start(name, command, port, self.cores.server, env=env)

    def nginx(self, mock, name="nginx"):
        port = free_port()
        work = tempfile.mkdtemp(prefix="work-", dir=self.directory)
        paths = "".join(f"{kind}_temp_path {work}/{kind}; "
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = self.write(name + ".conf", f"""\
daemon off; worker_processes 1; pid {work}/pid; error_log {work}/error.log;
worker_rlimit_nofile {self.descriptors};
events {{ worker_connections {self.descriptors}; }}
http {{
  access_log off; keepalive_requests 1000000000; {paths}
  client_max_body_size 64m; client_body_buffer_size 2m;
  upstream mock {{ server 127.0.0.1:{mock.port}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_read_timeout 600s;
    }}
  }}
}}
""")
        command = [find("nginx"), "-e", f"{work}/error.log", "-c", config]
        server = self.start(name, command, port, self.cores.server)
        server.pid = self.child(server)
        return server

    def child(self, server, seconds=5):
        """The pid of the only worker of a master process."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with open(f"/proc/{server.pid}/task/{server.pid}/children") as f:
                pids = f.read().split()
            if pids:
                return int(pids[0])
            time.sleep(0.002)
        raise Failure(f"{server.name} has no worker")

    def haproxy(self, mock, name="haproxy"):
        port = free_port()
        config = self.write(name + ".conf", f"""\
global
  nbthread 1
  maxconn {self.descriptors // 2 - 100}
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  option http-keep-alive
  http-reuse always
frontend front
  bind 127.0.0.1:{port} backlog 4096
  default_backend back
backend back
  server mock 127.0.0.1:{mock.port}
""")
        return self.start(name, [find("haproxy"), "-db", "-f", config], port, self.cores.server)
