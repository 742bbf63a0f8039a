"""Scenarios of slow streams: many at once, with a few events a second each."""
import servers
from figures import by_key, ratio, times
from loads import Target, load, open_streams, rounds_of
from saturation import WHOLE, both, events_of, proxies
from stage import say

EVENT = "cpu_us_per_event"


def slow_mock(stage, rate, seconds):
    """Streams that last until the measurement is over."""
    return servers.mock(stage, events_of(int(rate * (seconds + 40))) + f'reply: {{ manner: "rate={rate}" }}\n')


def slow(stage, rounds, seconds, streams, rate, same=False):
    """CPU per event, and how late events are."""
    title = f"{streams:,} slow streams, {rate} events/s each"
    say(f"{title} ...")
    provider = slow_mock(stage, rate, seconds)
    targets = proxies(stage, provider) + both(servers.llmux(stage, provider))[0 if same else 1:]
    results = rounds_of(stage, targets, rounds, stream=True, connections=streams, ramp=streams / 0.5, pace=rate,
                        cut=True, seconds=seconds, warmup=0.3, end="")
    stage.clear()
    return {"kind": "cost", "title": title, "unit": "us CPU an event", "table": by_key(results, EVENT),
            "times": {"gap": times(results, "gap_us"), "delay": times(results, "delay_us")}}


# The provider keeps its pace with the events that end a stream, too, and some of those have no counterpart in the
# client's dialect, or are not for it (what was used, if it did not ask): the next one is a beat or two behind.
ENDING = 8


def paced(stage, rounds, seconds, rate=40, events=100, pace=100):
    """Streams that begin at fixed times: time to the first token, and from token to token, beside those without a proxy."""
    title = f"{rate} new streams a second, of {events} events at {pace} a second"
    say(f"{title} ...")
    provider = servers.mock(stage, events_of(events) + f'reply: {{ manner: "rate={pace}" }}\n')
    targets = [Target("direct", provider)] + proxies(stage, provider) + both(servers.llmux(stage, provider))
    results = rounds_of(stage, targets, rounds, stream=True, rate=rate, connections=int(rate * events / pace * 4),
                        seconds=seconds, warmup=1.2, pace=pace, paced=events - ENDING)
    stage.clear()
    return {"kind": "times", "title": title, "unit": "us CPU a stream",
            "times": {"first token": times(results, "first_event_us", "direct"), "gap": times(results, "gap_us"),
                      "delay": times(results, "delay_us", "direct")}}


def crowd(stage, rounds, seconds, streams, rate):
    """So many streams that memory and the order of service count.  Every server is new each time, so that its memory
    is that of these streams."""
    wanted, streams = streams, min(streams, stage.descriptors // 2 - 100)
    title = f"{streams:,} slow streams, {rate} event/s each: delay and memory"
    say(f"{title} ...")
    provider = slow_mock(stage, rate, seconds + streams / 5000)
    starts = {"nginx": servers.nginx, "haproxy": servers.haproxy, "same": servers.llmux, "translated": servers.llmux}
    results = {name: [] for name in starts}
    for _ in range(rounds):
        for name, start in starts.items():
            target = Target(name, start(stage, provider, name=name), "messages" if name == "translated" else "chat")
            results[name].append(one_crowd(stage, target, seconds, streams, rate))
            stage.end(target.server)
    stage.clear()
    found = {"kind": "cost", "title": title, "unit": "us CPU an event", "table": by_key(results, EVENT),
             "delay": by_key(results, "delay_p99"), "rss": by_key(results, "rss_per_stream"),
             "times": {"gap": times(results, "gap_us"), "delay": times(results, "delay_us")}, "streams": streams}
    if streams < wanted:
        found["note"] = f"{wanted:,} were wanted; {stage.descriptors:,} descriptors a process allow {streams:,}"
    return found


def one_crowd(stage, target, seconds, streams, rate):
    idle = target.server.rss()
    # Their beginnings are spread over two seconds.
    r = load(stage, target, stream=True, connections=streams, ramp=streams / 2, pace=rate, cut=True, seconds=seconds,
             warmup=2, end="")
    r["rss_per_stream"] = (r["rss_after"] - idle) / streams
    r["delay_p99"] = r["delay_us"]["p99"]
    return r


def beside(stage, rounds, seconds, streams):
    """Short requests while many streams are open that say nothing: on the same llmux, beside and alone."""
    streams = min(streams, stage.descriptors // 2 - 250)
    title = f"short requests beside {streams:,} open streams"
    say(f"{title} ...")
    quiet = servers.mock(stage, WHOLE + 'reply: { manner: "stall=600s!after=2" }\n', name="mock-quiet")
    brisk = servers.mock(stage, WHOLE)
    url = f"http://127.0.0.1:{quiet.port}/v1"
    gateway = servers.llmux(stage, brisk,
                            more=f'  - {{ name: quiet, type: openai.chat, base_url: "{url}", models: [quiet] }}\n')
    short = Target("alone", gateway)
    results = {"alone": [], "beside": []}
    load(stage, short, seconds=0.2)
    for _ in range(rounds):
        results["alone"].append(load(stage, short, seconds=seconds))
        with open_streams(stage, Target("quiet", gateway, "quiet"), streams):
            results["beside"].append(load(stage, short, seconds=seconds))
    stage.clear()
    return {"kind": "cost", "title": title, "unit": "us CPU a request",
            "table": by_key(results, "cpu_us_per_request", ("alone",)),
            "ratio": ratio(results, "beside", "alone", "cpu_us_per_request")}
