"""The benchmark's programs: they are found, started and ended; and what the load generator counts.

    python3 -m unittest discover -s tests/bench

Needs `make programs-bench`.  LLMUX_BUILD names the build directory, else it is build/.
"""
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock as patch

import peers
import servers
from loads import Target, load
from saturation import WHOLE, started
from stage import Failure, Stage

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("LLMUX_BUILD", os.path.join(HERE, "..", "..", "build"))
FAKES = {"litellm": "litellm", "bifrost": "bifrost-http", "agentgateway": "agentgateway", "portkey": "portkey-gateway"}


class WithStage(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.stage = Stage(BUILD, self.folder)
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(self.stage.__exit__)

    def fakes(self, how=""):
        """Only the fake gateways are in PATH."""
        folder = os.path.join(self.folder, "bin")
        os.mkdir(folder)
        for name in FAKES.values():
            shutil.copy(os.path.join(HERE, "fake_peer.py"), os.path.join(folder, name))
            os.chmod(os.path.join(folder, name), 0o755)
        # `#!/usr/bin/env python3` has to find this Python.
        os.symlink(sys.executable, os.path.join(folder, "python3"))
        p = patch.patch.dict(os.environ, {"PATH": folder, "FAKE_PEER": how})
        p.start()
        self.addCleanup(p.stop)


class Peers(WithStage):
    def test_nothing_is_found_where_nothing_is(self):
        with patch.patch.dict(os.environ, {"PATH": self.folder}):
            self.assertEqual(peers.detect(), [])

    def test_programs_in_path_are_found(self):
        self.fakes()
        found = {peer.name: os.path.basename(program) for peer, program in peers.detect()}
        self.assertEqual(found, FAKES)

    def test_a_variable_names_a_program_that_stands_elsewhere(self):
        with patch.patch.dict(os.environ, {"PATH": self.folder, "BENCH_BIFROST": "/somewhere/else"}):
            self.assertEqual([(p.name, program) for p, program in peers.detect()], [("bifrost", "/somewhere/else")])

    def test_each_is_configured_and_run_and_answers(self):
        self.fakes()
        provider = servers.mock(self.stage, WHOLE)
        for stream in (False, True):
            for peer, program in peers.detect():
                targets, problems = started(self.stage, peer, program, provider, stream)
                self.assertEqual(problems, [])
                self.assertEqual([t.name for t in targets], [peer.name + ", same", peer.name + ", translated"])
                result = load(self.stage, targets[0], connections=2, requests=20, seconds=20, stream=stream)
                self.assertGreaterEqual(result["requests"], 20)
                self.stage.end(targets[0].server)

    def test_the_process_that_listens_is_measured_not_its_wrapper(self):
        self.fakes("child")
        peer = peers.LiteLLM()
        server = peer.start(self.stage, peer.find(), servers.mock(self.stage, WHOLE))
        self.assertIn(server.pid, server.children())
        child = server.pid
        self.stage.end(server)
        self.assertFalse(os.path.exists(f"/proc/{child}/fd/0"), "the child is still there")

    def test_one_that_does_not_start_is_told_with_its_own_words(self):
        self.fakes("dies")
        peer = peers.LiteLLM()
        targets, problems = started(self.stage, peer, peer.find(), servers.mock(self.stage, WHOLE), False)
        self.assertEqual(targets, [])
        self.assertIn("no configuration that I like", problems[0])


class Programs(WithStage):
    def test_a_program_that_will_not_end_is_ended_with_its_children(self):
        script = ("import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                  "os.fork()\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n")
        server = self.stage.start("stubborn", [sys.executable, "-c", script], 0, self.stage.cores.all)
        with open(server.log) as log:
            while len(pids := log.read().split()) < 2:
                log.seek(0)
                time.sleep(0.01)
        self.stage.clear()
        for pid in pids:
            self.assertFalse(os.path.exists(f"/proc/{pid}/fd/0"), f"{pid} is still there")

    def test_one_that_ends_at_once_is_told_with_its_own_words(self):
        with self.assertRaisesRegex(Failure, "no good"):
            self.stage.start("bad", [sys.executable, "-c", "raise SystemExit('no good')"], 1, self.stage.cores.all)


REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Stub:
    """A server for the load generator.  It does `before(n)` before the nth reply, and sends none when that is False."""

    port, pid, name = 0, os.getpid(), "stub"

    def __init__(self, before):
        self.before, self.n, self.lock = before, 0, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def shorten_log(self):
        pass

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client:
            while self.read(client):
                # All connections stand still while one of them waits.
                with self.lock:
                    self.n += 1
                    if not self.before(self.n):
                        continue
                self.reply(client)

    def reply(self, client):
        client.sendall(REPLY)

    def read(self, client):
        data = b""
        try:
            while not data.endswith(b"}"):
                more = client.recv(65536)
                if not more:
                    return False
                data += more
        except OSError:
            return False
        return True


class StreamStub(Stub):
    """Its reply is a stream of six events, of which the last is late."""

    def reply(self, client):
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for pause in (0, 0, 0.01, 0.01, 0.01, 0.3):
            time.sleep(pause)
            client.sendall(b"data: {}\n\n")
        client.shutdown(socket.SHUT_WR)


class Streams(WithStage):
    def times_of(self, **options):
        stub = StreamStub(lambda n: True)
        r = load(self.stage, Target("stub", stub), stream=True, connections=1, requests=2, seconds=10, warmup=0, end="",
                 **options)
        stub.listener.close()
        self.assertGreaterEqual(r["events"], 5)
        return r["gap_us"]["p999"], r["delay_us"]["p999"]

    def test_gaps_and_delays_of_all_events_count(self):
        gap, delay = self.times_of(pace=100)
        self.assertGreater(gap, 280e3)
        self.assertGreater(delay, 200e3)

    def test_what_is_behind_the_paced_events_does_not(self):
        gap, delay = self.times_of(pace=100, paced=5)
        self.assertLess(gap, 200e3)
        self.assertLess(delay, 200e3)


class OpenLoop(WithStage):
    def test_requests_that_were_due_while_the_server_stood_still_count_from_then(self):
        def stall(n):
            if n == 200:
                time.sleep(0.5)
            return True
        stub = Stub(stall)
        r = load(self.stage, Target("stub", stub), rate=200, connections=4, seconds=2, warmup=0.2)
        stub.listener.close()
        # A quarter of the requests was due in that half second; whoever counts from sending sees four of them.
        self.assertGreater(r["latency_us"]["p90"], 250e3)
        self.assertEqual(r["unanswered"], 0)
        self.assertGreaterEqual(r["latency_us"]["n"], 395)

    def test_requests_without_a_reply_are_counted_as_late(self):
        stub = Stub(lambda n: n < 100)
        r = load(self.stage, Target("stub", stub), rate=200, connections=4, seconds=1, warmup=0)
        stub.listener.close()
        self.assertGreaterEqual(r["unanswered"], 80)
        self.assertGreaterEqual(r["latency_us"]["n"], 195)
        self.assertGreater(r["latency_us"]["p90"], 1e6)


if __name__ == "__main__":
    unittest.main()
