/* Micro-benchmarks: JSON reading, SSE framing and translation, in ns an event and MB/s.
 *
 * Each case repeats its work until a fifth of a second has passed, five times over, and the best of the five is printed:
 * on a shared machine the fastest run is the one least disturbed. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/json/doc.h"
#include "runtime/sse/sse.h"
#include "runtime/xd/policy.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct job {
    const char *name;
    struct str input;
    unsigned units; /* events in the input; 0: count bytes */
    void (*run)(struct job *j);
    const struct xd_dialect *from, *to;
    size_t out; /* bytes written by the last run, so that no work can be left out */
};

static void
measure(struct job *j)
{
    double best = 1e9;

    for (int round = 0; round < 5; round++) {
        unsigned long n = 0;
        double start = now(), end;
        do {
            j->run(j);
            n++;
            end = now();
        } while (end - start < 0.2);
        double each = (end - start) / (double)n;
        best = each < best ? each : best;
    }
    if (j->units)
        printf("| %s | %.0f ns an event | %.0f MB/s |\n", j->name, best * 1e9 / j->units,
               (double)j->input.n / best / 1e6);
    else
        printf("| %s | %.1f us | %.0f MB/s |\n", j->name, best * 1e6,
               (double)j->input.n / best / 1e6);
}

static void
run_json(struct job *j)
{
    static struct json_doc doc;
    struct fault f;

    if (doc.yajl == NULL)
        json_doc_init(&doc);
    if (json_doc_parse(&doc, j->input, &f))
        exit(1);
    j->out = doc.count;
}

static enum err
count_event(void *ctx, const struct sse_event *e)
{
    *(size_t *)ctx += e->data.n;
    return ERR_OK;
}

static void
run_sse(struct job *j)
{
    static struct sse s;

    if (s.limit == 0)
        sse_init(&s, 1 << 20, count_event, &j->out);
    sse_reset(&s);
    if (sse_feed(&s, j->input.p, j->input.n) || sse_end(&s))
        exit(1);
}

static void
run_stream(struct job *j)
{
    struct arena keep;
    struct buf out;
    struct xd_reader r;
    struct xd_writer w;

    arena_init(&keep, 1 << 20);
    buf_init(&out, 64 << 20);
    xd_writer_init(&w, j->to, XD_OP_CHAT, &keep, &out, XD_USAGE_WRITE);
    xd_reader_init(&r, j->from, XD_OP_CHAT, &keep, xd_writer_event, &w);
    for (size_t at = 0; at < j->input.n; at += 16384)
        if (xd_reader_feed(&r, j->input.p + at, j->input.n - at < 16384 ? j->input.n - at : 16384))
            exit(1);
    if (xd_reader_end(&r))
        exit(1);
    j->out = out.n;
    xd_reader_fini(&r);
    xd_writer_fini(&w);
    buf_fini(&out);
    arena_fini(&keep);
}

static void
run_request(struct job *j)
{
    struct arena a;
    struct buf out;
    struct xd in, x;
    struct ir_request m = { 0 }, ready;

    arena_init(&a, 64 << 20);
    buf_init(&out, 64 << 20);
    xd_init(&in, j->from, XD_OP_CHAT, &a, NULL);
    xd_init(&x, j->to, XD_OP_CHAT, &a, &out);
    if (xd_request_read(&in, j->input, &m) || xd_prepare(&x, &m, NULL, &ready)
        || xd_request_write(&x, &ready))
        exit(1);
    j->out = out.n;
    xd_fini(&in);
    xd_fini(&x);
    buf_fini(&out);
    arena_fini(&a);
}

/* --- inputs --------------------------------------------------------------------------------------- */

static struct str
chat_stream(unsigned events, size_t text)
{
    struct buf b;

    buf_init(&b, 64 << 20);
    for (unsigned i = 0; i < events; i++) {
        buf_puts(
            &b,
            STR("data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,"
                "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\""));
        for (size_t k = 0; k < text; k++)
            buf_putc(&b, "etaoin shrdlu"[(i + k) % 13]);
        buf_puts(&b, STR("\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n"));
    }
    buf_puts(
        &b,
        STR("data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","
            "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"));
    return buf_str(&b);
}

static struct str
messages_stream(unsigned events, size_t text)
{
    struct buf b;

    buf_init(&b, 64 << 20);
    buf_puts(
        &b,
        STR("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":"
            "\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null,"
            "\"stop_sequence\":null,\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\nevent: "
            "content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
            "{\"type\":\"text\",\"text\":\"\"}}\n\n"));
    for (unsigned i = 0; i < events; i++) {
        buf_puts(
            &b,
            STR("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
                "{\"type\":\"text_delta\",\"text\":\""));
        for (size_t k = 0; k < text; k++)
            buf_putc(&b, "etaoin shrdlu"[(i + k) % 13]);
        buf_puts(&b, STR("\"}}\n\n"));
    }
    buf_puts(
        &b,
        STR("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\nevent: "
            "message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\","
            "\"stop_sequence\":null},\"usage\":{\"output_tokens\":9}}\n\nevent: message_stop\ndata: "
            "{\"type\":\"message_stop\"}\n\n"));
    return buf_str(&b);
}

static struct str
chat_request(size_t bytes)
{
    struct buf b;

    buf_init(&b, 64 << 20);
    buf_puts(&b, STR("{\"model\":\"m\",\"max_tokens\":64,\"messages\":["));
    for (unsigned i = 0; b.n < bytes; i++) {
        buf_printf(&b, "%s{\"role\":\"%s\",\"content\":\"", i ? "," : "",
                   i % 2 ? "assistant" : "user");
        for (unsigned k = 0; k < 1000; k++)
            buf_putc(&b, "etaoin shrdlu"[(i + k) % 13]);
        buf_puts(&b, STR("\\n\"}"));
    }
    buf_puts(&b, STR("]}"));
    return buf_str(&b);
}

int
main(void)
{
    const struct xd_dialect *chat = xd_find(STR("openai.chat"));
    const struct xd_dialect *messages = xd_find(STR("anthropic.messages"));
    struct str event = STR(
        "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1754432623,\"model\":"
        "\"gpt-4o-2024-08-06\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_ff25b2783a\","
        "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" token\"},\"logprobs\":null,"
        "\"finish_reason\":null}]}");
    struct job jobs[] = {
        { "read one 250-byte JSON document", event, 1, run_json, NULL, NULL, 0 },
        { "frame 1,000 events of 250 bytes", chat_stream(1000, 100), 1000, run_sse, NULL, NULL, 0 },
        { "translate a chat stream to messages, per event", chat_stream(1000, 100), 1000,
          run_stream, chat, messages, 0 },
        { "translate a messages stream to chat, per event", messages_stream(1000, 140), 1000,
          run_stream, messages, chat, 0 },
        { "read a 100 KB request as JSON", chat_request(100 << 10), 0, run_json, NULL, NULL, 0 },
        { "translate a 100 KB request, chat to messages", chat_request(100 << 10), 0, run_request,
          chat, messages, 0 },
        { "translate a 1 MB request, chat to messages", chat_request(1 << 20), 0, run_request, chat,
          messages, 0 },
    };

    printf("| case | time | speed |\n|---|---|---|\n");
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        measure(&jobs[i]);
    return 0;
}
