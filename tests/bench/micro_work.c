/* Doing it once. */
#include "tests/bench/micro_work.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/frame/eventstream.h"
#include "runtime/json/doc.h"
#include "runtime/redact/search.h"
#include "runtime/sse/sse.h"
#include "runtime/xd/policy.h"
#include "runtime/xd/translate.h"

#define FEED    16384u
#define OUT_MAX (64u << 20)

static void
expect(const struct micro_job *j, bool good)
{
    if (good)
        return;
    fprintf(stderr, "micro: %s does not work\n", j->name ? j->name : "a sample");
    exit(1);
}

static void
finish(struct micro_job *j, struct buf *out)
{
    j->out = out->n;
    if (j->keeps)
        buf_puts(&j->kept, buf_str(out));
    buf_fini(out);
}

void
micro_run_json(struct micro_job *j)
{
    static struct json_doc doc;
    struct fault f;
    if (doc.yajl == NULL)
        json_doc_init(&doc);
    expect(j, json_doc_parse(&doc, j->input, &f) == ERR_OK);
    j->out = doc.count;
}

static enum err
count_event(void *ctx, const struct sse_event *e)
{
    *(size_t *)ctx += e->data.n;
    return ERR_OK;
}

void
micro_run_sse(struct micro_job *j)
{
    static struct sse s;
    if (s.limit == 0)
        sse_init(&s, 1 << 20, count_event, &j->out);
    sse_reset(&s);
    expect(j, sse_feed(&s, j->input.p, j->input.n) == ERR_OK && sse_end(&s) == ERR_OK);
}

static enum err
count_message(void *ctx, const struct eventstream_message *m)
{
    *(size_t *)ctx += m->payload.n + eventstream_string(m, ":event-type").n;
    return ERR_OK;
}

void
micro_run_eventstream(struct micro_job *j)
{
    static struct eventstream s;
    if (s.limit == 0)
        eventstream_init(&s, EVENTSTREAM_MAX, count_message, &j->out);
    eventstream_reset(&s);
    expect(j,
           eventstream_feed(&s, j->input.p, j->input.n) == ERR_OK && eventstream_end(&s) == ERR_OK);
}

void
micro_run_stream(struct micro_job *j)
{
    struct arena keep;
    struct buf out;
    struct xd_reader r;
    struct xd_writer w;
    arena_init(&keep, 1 << 20);
    buf_init(&out, OUT_MAX);
    xd_writer_init(&w, j->to, XD_OP_CHAT, &keep, &out, XD_USAGE_WRITE);
    xd_reader_init(&r, j->from, XD_OP_CHAT, &keep, xd_writer_event, &w);
    for (size_t at = 0; at < j->input.n; at += FEED) {
        size_t n = j->input.n - at < FEED ? j->input.n - at : FEED;
        expect(j, xd_reader_feed(&r, j->input.p + at, n) == ERR_OK);
    }
    expect(j, xd_reader_end(&r) == ERR_OK);
    xd_reader_fini(&r);
    xd_writer_fini(&w);
    finish(j, &out);
    arena_fini(&keep);
}

/* As the gateway does it: texts stay in the body. */
void
micro_run_request(struct micro_job *j)
{
    struct arena a;
    struct buf out;
    struct xd in, x;
    struct ir_request m = { 0 }, ready;
    arena_init(&a, OUT_MAX);
    buf_init(&out, OUT_MAX);
    xd_init(&in, j->from, XD_OP_CHAT, &a, NULL);
    xd_init(&x, j->to, XD_OP_CHAT, &a, &out);
    in.verbatim_from = x.verbatim_from = XD_VERBATIM;
    x.source = &in.doc;
    expect(j, xd_request_read(&in, j->input, &m) == ERR_OK);
    expect(j, xd_prepare(&x, &m, NULL, &ready) == ERR_OK && xd_request_write(&x, &ready) == ERR_OK);
    xd_fini(&in);
    xd_fini(&x);
    finish(j, &out);
    arena_fini(&a);
}

void
micro_run_reply(struct micro_job *j)
{
    struct arena a;
    struct buf out;
    struct xd in, x;
    struct ir_reply m = { 0 };
    struct ir_error e = { 0 };
    arena_init(&a, OUT_MAX);
    buf_init(&out, OUT_MAX);
    xd_init(&in, j->from, XD_OP_CHAT, &a, NULL);
    xd_init(&x, j->to, XD_OP_CHAT, &a, &out);
    expect(j, xd_reply_read(&in, j->input, &m, &e) == ERR_OK && xd_reply_write(&x, &m) == ERR_OK);
    xd_fini(&in);
    xd_fini(&x);
    finish(j, &out);
    arena_fini(&a);
}

void
micro_run_redact(struct micro_job *j)
{
    const struct redact_rules rules = { .which = REDACT_SECRETS | REDACT_PERSONAL,
                                        .mode = REDACT_MASK };
    struct buf out;
    buf_init(&out, OUT_MAX);
    redact_text(&out, &rules, redact_script_bare(j->input), SIZE_MAX);
    expect(j, !out.err);
    finish(j, &out);
}
