#!/usr/bin/env python3
"""A gateway that is none, for the tests: it reads the config of the gateway whose name it has, as far as to know where to
listen and who the provider is, and passes bytes on.

FAKE_PEER=dies: it ends with a complaint instead.  FAKE_PEER=child: a child of it does the work.
"""
import json
import os
import re
import socket
import subprocess
import sys
import threading


def option(*names):
    """The value of the first of these options: `--port 1`, `--port=1`."""
    for i, word in enumerate(sys.argv):
        key, eq, value = word.partition("=")
        if key in names:
            return value if eq else sys.argv[i + 1]
    raise SystemExit(f"none of {names} in {sys.argv}")


def port_in(text):
    return int(re.search(r"127\.0\.0\.1:(\d+)", text)[1])


def settings(name):
    """(port, the provider's port or None when each request says it)."""
    if name == "litellm":
        config = json.load(open(option("--config")))
        return int(option("--port")), port_in(config["model_list"][0]["litellm_params"]["api_base"])
    if name == "bifrost-http":
        config = json.load(open(os.path.join(option("-app-dir"), "config.json")))
        return int(option("-port")), port_in(config["providers"]["openai"]["network_config"]["base_url"])
    if name == "agentgateway":
        bind = json.load(open(option("-f")))["binds"][0]
        return bind["port"], port_in(json.dumps(bind["listeners"][0]["routes"][0]["backends"]))
    return int(option("--port")), None


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client, provider):
    first = client.recv(65536)
    if not first:
        return
    at = provider or port_in(re.search(r"x-portkey-custom-host: (\S+)", first.decode())[1])
    upstream = socket.create_connection(("127.0.0.1", at))
    upstream.sendall(first)
    threading.Thread(target=pump, args=(upstream, client), daemon=True).start()
    pump(client, upstream)


def main():
    how = os.environ.get("FAKE_PEER", "")
    if how == "dies":
        raise SystemExit("fake peer: there is no configuration that I like")
    if how == "child":
        raise SystemExit(subprocess.call([sys.executable, *sys.argv], env={**os.environ, "FAKE_PEER": ""}))
    port, provider = settings(os.path.basename(sys.argv[0]))
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client, provider), daemon=True).start()


if __name__ == "__main__":
    main()
