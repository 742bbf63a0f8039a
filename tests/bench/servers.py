"""The programs of a benchmark: llmux, its emulator of providers, and the proxies it is held against."""
import os
import subprocess
import time

from stage import Failure, find, free_port

# Limits that nobody reaches here.
LIMITS = """\
limits:
  gateway: { parallel: 60000, queue: 1000 }
  client: { requests_per_minute: 100000000 }
"""
# The models that clients can ask for: how their deployment is reached at the emulator.
DEPLOYMENTS = {
    "chat": "type: openai.chat, base_url: '{base}/v1', api_key: sk-bench",
    "messages": "type: anthropic.messages, base_url: '{base}/v1', api_key: sk-bench",
    "gemini": "type: gemini, base_url: '{base}/v1beta', api_key: sk-bench",
    "converse": "type: bedrock, base_url: '{base}/bedrock', api_key: sk-bench",
    "signed": "type: bedrock, base_url: '{base}/bedrock', "
              "auth: {{ access_key_id: AKIDBENCH, secret_access_key: secret-of-the-bench, region: eu-central-1 }}",
}


def mock(stage, options, name="mock"):
    """An emulator of providers; options is the text of its file."""
    config = stage.write(name + ".yaml", "listen: 127.0.0.1:0\n" + options)
    command = [stage.program("llmux"), "mock", "-c", config]
    server = stage.start(name, command, 0, stage.cores.rest, stdout=subprocess.PIPE)
    line = server.process.stdout.readline().decode()
    if "listening on" not in line:
        raise Failure(line + server.complaint())
    server.port = int(line.rsplit(":", 1)[1].split("/")[0])
    return server


def llmux_config(stage, provider, port, workers=1, scheme="http", keys="", more="", limits=LIMITS, sections=""):
    """The text of a config with a deployment for each model.  `keys` are added to each, `more` is further entries,
    `sections` what follows."""
    base = f"{scheme}://127.0.0.1:{provider.port}"
    deployments = "".join(f"  - {{ name: bench-{model}, {text.format(base=base)}, models: [{model}]{keys} }}\n"
                          for model, text in DEPLOYMENTS.items())
    return (f"server: {{ listen: 127.0.0.1:{port}, workers: {workers}, max_connections: 32768 }}\n"
            f"providers:\n{deployments}{more}{limits}{sections}")


def llmux(stage, provider, name="llmux", env=None, prefix=(), cores=None, **options):
    """The gateway, as llmux_config has it; `prefix` runs it."""
    port = free_port()
    config = stage.write(name + ".yaml", llmux_config(stage, provider, port, **options))
    command = [*prefix, stage.program("llmux"), "serve", "-c", config]
    return stage.start(name, command, port, cores or stage.cores.server, env=env, seconds=60 if prefix else 10)


def takes(stage, sections):
    """Does llmux know these sections of a config?"""
    class nobody:
        port = 1
    config = stage.write("takes.yaml", llmux_config(stage, nobody, 1, sections=sections))
    return subprocess.run([stage.program("llmux"), "check", "-c", config], capture_output=True).returncode == 0


# --- certificates -----------------------------------------------------------------------------------------------

def certificate(stage):
    """(certificate, key) for the loopback; both are files."""
    key, cert = os.path.abspath(stage.path("key.pem")), os.path.abspath(stage.path("cert.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=llmux bench", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return cert, key


# --- the proxies ----------------------------------------------------------------------------------------------------

def nginx(stage, provider, name="nginx", tls=False):
    """A plain proxy; tls: to the provider."""
    return run_nginx(stage, name, stage.cores.server, f"""
  upstream provider {{ server 127.0.0.1:{provider.port}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:%d backlog=4096;
    location / {{ {nginx_pass("https" if tls else "http")} }}
  }}
""")


def nginx_edge(stage, provider, name="edge"):
    """Ends TLS in front of the emulator, and speaks HTTP/2 to who offers that."""
    cert, key = certificate(stage)
    return run_nginx(stage, name, stage.cores.rest, f"""
  upstream provider {{ server 127.0.0.1:{provider.port}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:%d ssl http2 backlog=4096;
    ssl_certificate {cert}; ssl_certificate_key {key}; ssl_session_cache shared:s:1m;
    http2_max_concurrent_streams 512;
    location / {{ {nginx_pass("http")} }}
  }}
""")


def nginx_sink(stage, name="sink"):
    """Takes whatever is sent to it, and says yes: for traces."""
    return run_nginx(stage, name, stage.cores.rest, "\n  server { listen 127.0.0.1:%d; location / { return 200; } }\n")


def nginx_pass(scheme):
    return (f'proxy_pass {scheme}://provider; proxy_http_version 1.1; proxy_set_header Connection ""; '
            "proxy_buffering off; proxy_read_timeout 600s; proxy_ssl_verify off; proxy_ssl_session_reuse on;")


def run_nginx(stage, name, cores, servers):
    """`servers` is the text of the servers, with %d for the port.  Where a sixteenth of its connections or less is free,
    nginx closes those that have not asked yet: so it may have more than there are descriptors for."""
    port, work = free_port(), stage.folder()
    paths = "".join(f"{kind}_temp_path {work}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config = stage.write(name + ".conf", f"""\
daemon off; worker_processes 1; pid {work}/pid; error_log {work}/error.log;
worker_rlimit_nofile {stage.descriptors};
events {{ worker_connections {stage.descriptors * 2}; }}
http {{
  access_log off; keepalive_requests 1000000000; {paths}
  client_max_body_size 64m; client_body_buffer_size 16m;
{servers % port}}}
""")
    server = stage.start(name, [find("nginx"), "-e", f"{work}/error.log", "-c", config], port, cores)
    server.pid = only_child(server)
    return server


def only_child(server, seconds=5):
    """The pid of the worker of a master process."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.children():
            return server.children()[0]
        time.sleep(0.002)
    raise Failure(f"{server.name} has no worker")


def haproxy(stage, provider, name="haproxy", tls=""):
    """A plain proxy; tls: the protocol to the provider, `http/1.1` or `h2`.  Without http-no-delay it holds events back
    for up to 200 ms."""
    port = free_port()
    config = stage.write(name + ".conf", f"""\
global
  nbthread 1
  maxconn {stage.descriptors // 2 - 100}
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  option http-keep-alive
  option http-no-delay
  http-reuse always
frontend front
  bind 127.0.0.1:{port} backlog 4096
  default_backend back
backend back
  server provider 127.0.0.1:{provider.port} {f"ssl verify none alpn {tls}" if tls else ""}
""")
    return stage.start(name, [find("haproxy"), "-db", "-f", config], port, stage.cores.server)
