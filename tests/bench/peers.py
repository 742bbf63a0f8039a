"""Other gateways, if they are installed: how to find, configure and run them.

They are never required.  A program is looked for in PATH; BENCH_LITELLM, BENCH_BIFROST, BENCH_AGENTGATEWAY and
BENCH_PORTKEY name one that stands elsewhere.
"""
import json
import os
import shutil
import time

import asks
from loads import Target, load
from stage import Failure, free_port

START_SECONDS = 90  # some import half the world first


class Peer:
    """A gateway.  `programs` are the names it may have; `models` what to ask it for, by kind: `same` is OpenAI's chat
    dialect on both sides, `translated` has a provider of Anthropic's."""

    name, programs, path = "", (), asks.FRONTS["chat"].path
    models = {"same": "chat", "translated": "messages"}

    def find(self):
        """The program, or None."""
        named = os.environ.get("BENCH_" + self.name.upper())
        return named or next(filter(None, map(shutil.which, self.programs)), None)

    def headers(self, kind, provider):
        return asks.FRONTS["chat"].headers

    def command(self, stage, program, port, provider):
        """The words that run it, after its config is written."""
        raise NotImplementedError

    def environment(self, provider):
        return {}

    def start(self, stage, program, provider):
        """Run it until it answers; a Failure tells why it does not."""
        port = free_port()
        server = stage.start(self.name, self.command(stage, program, port, provider), port, stage.cores.server,
                             seconds=START_SECONDS, env={**os.environ, **self.environment(provider)})
        server.pid = listener(server)
        self.wait(stage, server, provider)
        return server

    def wait(self, stage, server, provider, seconds=30):
        """A port that is open is not yet an answer."""
        end = time.monotonic() + seconds
        while True:
            try:
                for kind in self.models:
                    load(stage, Target(self.name, server, self.models[kind], headers=self.headers(kind, provider),
                                       path=self.path), connections=1, requests=1, seconds=10, warmup=0)
                    return
            except Failure:
                if time.monotonic() > end:
                    raise
                time.sleep(0.5)


class LiteLLM(Peer):
    name, programs = "litellm", ("litellm",)

    def command(self, stage, program, port, provider):
        base = f"http://127.0.0.1:{provider.port}"
        models = [("chat", "openai/chat", base + "/v1"), ("messages", "anthropic/messages", base)]
        config = {"model_list": [{"model_name": name, "litellm_params": {"model": model, "api_base": at, "api_key": "sk-bench"}}
                                 for name, model, at in models],
                  "litellm_settings": {"telemetry": False, "drop_params": True}}
        path = stage.write("litellm.yaml", json.dumps(config))
        return [program, "--config", path, "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]

    def environment(self, provider):
        return {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"}


class Bifrost(Peer):
    name, programs = "bifrost", ("bifrost-http", "bifrost")
    models = {"same": "openai/chat", "translated": "anthropic/messages"}

    def command(self, stage, program, port, provider):
        def entry(model):
            return {"keys": [{"name": model, "value": "sk-bench", "models": [model], "weight": 1.0}],
                    "network_config": {"base_url": f"http://127.0.0.1:{provider.port}"},
                    "concurrency_and_buffer_size": {"concurrency": 1000, "buffer_size": 5000}}
        folder = stage.folder()
        with open(os.path.join(folder, "config.json"), "w") as f:
            json.dump({"client": {"enable_logging": False, "drop_excess_requests": False},
                       "config_store": {"enabled": False}, "logs_store": {"enabled": False},
                       "providers": {"openai": entry("chat"), "anthropic": entry("messages")}}, f)
        return [program, "-app-dir", folder, "-port", str(port), "-host", "127.0.0.1", "-log-level", "error"]


class AgentGateway(Peer):
    name, programs = "agentgateway", ("agentgateway",)

    def command(self, stage, program, port, provider):
        def route(name, kind):
            backend = {"ai": {"name": name, "provider": {kind: {"model": name}},
                              "hostOverride": f"127.0.0.1:{provider.port}"}}
            return {"matches": [{"headers": [{"name": "x-bench-model", "value": {"exact": name}}]}],
                    "policies": {"backendAuth": {"key": "sk-bench"}}, "backends": [backend]}
        routes = [route("chat", "openAI"), route("messages", "anthropic")]
        config = {"config": {"adminAddr": f"127.0.0.1:{free_port()}", "statsAddr": f"127.0.0.1:{free_port()}",
                             "readinessAddr": f"127.0.0.1:{free_port()}"},
                  "binds": [{"port": port, "listeners": [{"routes": routes}]}]}
        return [program, "-f", stage.write("agentgateway.yaml", json.dumps(config))]

    def headers(self, kind, provider):
        return ["x-bench-model: " + self.models[kind]]


class Portkey(Peer):
    """The provider stands in the request; their package for npm calls its program `gateway`, which is nobody's name."""

    name, programs = "portkey", ("portkey-gateway",)

    def find(self):
        script = "@portkey-ai/gateway/build/start-server.js"
        npm = os.path.dirname(os.path.dirname(os.path.realpath(shutil.which("npm") or "")))
        near = os.path.join(os.path.dirname(npm), script)
        return super().find() or (near if os.path.exists(near) else None)

    def command(self, stage, program, port, provider):
        runs = [shutil.which("node") or "node", program] if program.endswith(".js") else [program]
        return [*runs, f"--port={port}", "--headless"]

    def environment(self, provider):
        return {"NODE_ENV": "production", "TRUSTED_CUSTOM_HOSTS": "127.0.0.1"}

    def headers(self, kind, provider):
        name = {"same": "openai", "translated": "anthropic"}[kind]
        return ["Authorization: Bearer sk-bench", f"x-portkey-provider: {name}",
                f"x-portkey-custom-host: http://127.0.0.1:{provider.port}/v1"]


PEERS = [LiteLLM(), Bifrost(), AgentGateway(), Portkey()]


def detect():
    """[(peer, program)] of those that are here."""
    return [(peer, program) for peer in PEERS if (program := peer.find())]


# --- who listens ------------------------------------------------------------------------------------------------------

def family(pid):
    """A process and all that it has started."""
    pids = [pid]
    for p in pids:
        try:
            with open(f"/proc/{p}/task/{p}/children") as f:
                pids += [int(word) for word in f.read().split()]
        except OSError:
            continue
    return pids


def sockets(port):
    """The inodes of those that listen on this port."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table) as f:
            for line in list(f)[1:]:
                words = line.split()
                if words[3] == "0A" and int(words[1].rsplit(":", 1)[1], 16) == port:
                    found.add(f"socket:[{words[9]}]")
    return found


def listener(server):
    """The pid of the process that serves, which may be a child of what was started: a wrapper, a supervisor."""
    wanted = sockets(server.port)
    holders = []
    for pid in family(server.process.pid):
        try:
            fds = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        except OSError:
            continue
        if wanted & set(fds):
            holders.append(pid)
    return holders[-1] if holders else server.pid
