/* Micro-benchmarks: JSON reading, framing, translation and redaction.
 *
 *   micro [--json] [--seconds S] [TEXT]
 *
 * Each case repeats its work for so long (0.15 s), five times over, and the best of the five is printed: on a shared
 * machine the fastest run is the one least disturbed.  With a TEXT, only the cases whose names hold it are run.
 * tests/bench/compare.py compares two outputs of --json. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/xd/registry.h"
#include "tests/bench/micro_counter.h"
#include "tests/bench/micro_sample.h"
#include "tests/bench/micro_work.h"

#define ROUNDS    5
#define EVENTS    1000
#define TEXT_N    84 /* bytes of an event's text: with what stands around, about 250 */
#define REPLY_N   450
#define JOBS_MAX  64
#define HEAP_KEPT (64 << 20)

#define CHAT     "openai.chat"
#define MESSAGES "anthropic.messages"
#define GEMINI   "google.generate"
#define CONVERSE "bedrock.converse"

struct result {
    double ns;           /* for a unit, in the best round */
    double instructions; /* the same; 0: not counted here */
};

struct plan {
    double seconds;
    bool json;
    const char *only;
    struct micro_job jobs[JOBS_MAX];
    unsigned n;
};

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct result
measure(struct micro_job *j, double seconds)
{
    struct result best = { .ns = 1e18, .instructions = 1e18 };
    for (int round = 0; round < ROUNDS; round++) {
        unsigned long n = 0;
        uint64_t ran = micro_counter_read();
        double start = now(), end;
        do {
            j->run(j);
            n++;
            end = now();
        } while (end - start < seconds);
        double units = (double)n * j->units, ns = (end - start) * 1e9 / units;
        double each = (double)(micro_counter_read() - ran) / units;
        best.ns = ns < best.ns ? ns : best.ns;
        best.instructions = each < best.instructions ? each : best.instructions;
    }
    return best;
}

static void
print(const struct micro_job *j, struct result r, bool json, bool first)
{
    double speed = (double)j->input.n / j->units / r.ns * 1e3;
    if (json) {
        printf(
            "%s{\"name\":\"%s\",\"unit\":\"%s\",\"ns\":%.2f,\"mb_s\":%.1f,\"instructions\":%.1f}",
            first ? "[" : ",\n", j->name, j->unit, r.ns, speed, r.instructions);
        return;
    }
    if (first)
        printf("| case | ns | of a | MB/s | instructions |\n|---|---|---|---|---|\n");
    printf("| %s | %.0f | %s | %.0f | %.0f |\n", j->name, r.ns, j->unit, speed, r.instructions);
}

/* --- the cases ----------------------------------------------------------------------------------- */

static void
add(struct plan *p, struct micro_job j)
{
    if (p->n < JOBS_MAX && (!p->only || strstr(j.name, p->only)))
        p->jobs[p->n++] = j;
}

static const struct xd_dialect *
dialect(const char *name)
{
    const struct xd_dialect *d = xd_find(str_from(name));
    if (!d) {
        fprintf(stderr, "micro: no dialect %s\n", name);
        exit(1);
    }
    return d;
}

static struct micro_job
reads_document(const char *name, struct str input)
{
    return (struct micro_job){
        .name = name, .unit = "document", .run = micro_run_json, .units = 1, .input = input
    };
}

static struct micro_job
cuts_stream(const char *name, const char *of, micro_run *run)
{
    return (struct micro_job){ .name = name,
                               .unit = "event",
                               .run = run,
                               .units = EVENTS,
                               .input = micro_sample_stream(dialect(of), EVENTS, TEXT_N) };
}

static struct micro_job
translates_request(const char *name, const char *from, const char *to, size_t bytes)
{
    const struct xd_dialect *d = dialect(from);
    return (struct micro_job){ .name = name,
                               .unit = "request",
                               .run = micro_run_request,
                               .units = 1,
                               .from = d,
                               .to = dialect(to),
                               .input = micro_sample_request(d, bytes) };
}

static struct micro_job
translates_reply(const char *name, const char *from, const char *to)
{
    const struct xd_dialect *d = dialect(from);
    return (struct micro_job){ .name = name,
                               .unit = "reply",
                               .run = micro_run_reply,
                               .units = 1,
                               .from = d,
                               .to = dialect(to),
                               .input = micro_sample_reply(d, REPLY_N) };
}

static struct micro_job
translates_events(const char *name, const char *from, const char *to)
{
    struct micro_job j = cuts_stream(name, from, micro_run_stream);
    j.from = dialect(from);
    j.to = dialect(to);
    return j;
}

static void
add_reading(struct plan *p)
{
    struct str large = micro_sample_request(dialect(CHAT), 100 << 10);
    add(p, reads_document("JSON: a document of 250 B", micro_sample_document()));
    add(p, reads_document("JSON: a request of 100 KB", large));
    add(p, cuts_stream("framing: server-sent events", CHAT, micro_run_sse));
    add(p, cuts_stream("framing: binary event stream", CONVERSE, micro_run_eventstream));
}

static struct micro_job
masks_text(const char *name, struct str input)
{
    return (struct micro_job){
        .name = name, .unit = "text", .run = micro_run_redact, .units = 1, .input = input
    };
}

static void
add_redaction(struct plan *p)
{
    add(p, masks_text("redaction: prose of 1 KB", micro_sample_prose(1 << 10, false)));
    add(p, masks_text("redaction: prose of 100 KB", micro_sample_prose(100 << 10, false)));
    add(p, masks_text("redaction: 100 KB full of secrets", micro_sample_prose(100 << 10, true)));
}

static void
add_requests(struct plan *p)
{
    add(p, translates_request("request of 1 KB: chat to messages", CHAT, MESSAGES, 1 << 10));
    add(p, translates_request("request of 1 KB: messages to chat", MESSAGES, CHAT, 1 << 10));
    add(p, translates_request("request of 1 KB: chat to gemini", CHAT, GEMINI, 1 << 10));
    add(p, translates_request("request of 1 KB: chat to converse", CHAT, CONVERSE, 1 << 10));
    add(p, translates_request("request of 100 KB: chat to messages", CHAT, MESSAGES, 100 << 10));
    add(p, translates_request("request of 100 KB: messages to chat", MESSAGES, CHAT, 100 << 10));
    add(p, translates_request("request of 100 KB: chat to gemini", CHAT, GEMINI, 100 << 10));
    add(p, translates_request("request of 100 KB: chat to converse", CHAT, CONVERSE, 100 << 10));
    add(p, translates_request("request of 1 MB: chat to messages", CHAT, MESSAGES, 1 << 20));
}

static void
add_replies(struct plan *p)
{
    add(p, translates_reply("reply of 700 B: messages to chat", MESSAGES, CHAT));
    add(p, translates_reply("reply of 700 B: chat to messages", CHAT, MESSAGES));
    add(p, translates_reply("reply of 700 B: gemini to chat", GEMINI, CHAT));
    add(p, translates_reply("reply of 700 B: converse to chat", CONVERSE, CHAT));
    add(p, translates_events("events: messages to chat", MESSAGES, CHAT));
    add(p, translates_events("events: chat to messages", CHAT, MESSAGES));
    add(p, translates_events("events: gemini to chat", GEMINI, CHAT));
    add(p, translates_events("events: converse to chat", CONVERSE, CHAT));
    add(p, translates_events("events: converse to messages", CONVERSE, MESSAGES));
}

static bool
read_options(struct plan *p, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            p->json = true;
        else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
            p->seconds = atof(argv[++i]);
        else if (argv[i][0] == '-')
            return false;
        else
            p->only = argv[i];
    }
    return true;
}

/* As a gateway that has been busy for a while has its heap: else the C library gives memory back to the system after each
 * round, and what is measured are page faults. */
static void
keep_heap(void)
{
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
    mallopt(M_TOP_PAD, HEAP_KEPT / 2);
    mallopt(M_MMAP_THRESHOLD, HEAP_KEPT);
}

int
main(int argc, char **argv)
{
    static struct plan p = { .seconds = 0.15 };
    if (!read_options(&p, argc, argv)) {
        fprintf(stderr, "micro [--json] [--seconds S] [TEXT]\n");
        return 2;
    }
    keep_heap();
    micro_counter_open();
    add_reading(&p);
    add_requests(&p);
    add_replies(&p);
    add_redaction(&p);
    for (unsigned i = 0; i < p.n; i++)
        print(&p.jobs[i], measure(&p.jobs[i], p.seconds), p.json, i == 0);
    if (p.json)
        printf("%s]\n", p.n ? "" : "[");
    return 0;
}
