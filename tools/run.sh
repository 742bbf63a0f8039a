#!/bin/sh
# run.sh: start the gateway on its embedded default, where the built-in provider emulator answers, and show a first
# reply.  In a terminal the gateway then serves until Ctrl-C; without one (CI, pipes), or with MAKE_RUN_ONCE=1, it is
# stopped after the reply.
#   LLMUX_LISTEN   where to listen: 127.0.0.1:8080
set -u
cd "$(dirname "$0")/.." || exit 2

LLMUX_LISTEN=${LLMUX_LISTEN:-127.0.0.1:8080}
export LLMUX_LISTEN
base=http://$LLMUX_LISTEN
log=build/run.log

if curl -sS -o /dev/null --max-time 2 "$base/health/live" 2>/dev/null; then
    echo "Something listens on $LLMUX_LISTEN already; choose another address: make run LLMUX_LISTEN=127.0.0.1:8090" >&2
    exit 1
fi
build/llmux serve >"$log" 2>&1 </dev/null &
gateway=$!
# Ctrl-C reaches the gateway by itself; a second signal would cut requests off that it lets end.
trap '[ -n "${interrupted:-}" ] || kill $gateway 2>/dev/null; wait $gateway; exit ${code:-0}' EXIT
trap 'interrupted=1; exit 0' INT
trap 'exit 0' TERM

tries=0
until curl -sf -o /dev/null --max-time 2 "$base/health/ready"; do
    tries=$((tries + 1))
    if [ $tries -gt 100 ] || ! kill -0 $gateway 2>/dev/null; then
        echo "llmux did not start:" >&2
        cat "$log" >&2
        code=1
        exit 1
    fi
    sleep 0.1
done

body='{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello!"}]}'
echo "llmux serves $base; the built-in emulator stands in for the providers."
echo
echo "  \$ curl $base/v1/chat/completions -H 'content-type: application/json' -d '$body'"
echo
curl -sS --fail-with-body --max-time 10 "$base/v1/chat/completions" -H 'content-type: application/json' -d "$body" || code=1
echo
[ "${code:-0}" -eq 0 ] || { cat "$log" >&2; exit 1; }

if [ -n "${MAKE_RUN_ONCE:-}" ] || [ -n "${CI:-}" ] || [ ! -t 0 ] || [ ! -t 1 ]; then
    echo
    echo "Stopped, as nobody is at the terminal."
    exit 0
fi
echo
echo "Ctrl-C stops it; its log is in $log."
wait $gateway
