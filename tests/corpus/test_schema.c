/* What we write in a dialect obeys its maker's own schema, whatever it was made of: every recorded exchange goes into
 * every dialect that has an official document, and schema.mjs judges, with a validator made for the job.
 *
 * It gets the documents on its standard input, each behind a line that says what it is:
 *
 *   openai.chat request chat openai-chat/0010-name 1234        target, kind, operation, recording, bytes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/frame/framer.h"
#include "runtime/xd/ask.h"
#include "tests/corpus/carry.h"
#include "tests/corpus/wire.h"

#define ARENA_BYTES_MAX ((size_t)512 << 20)
#define OUT_BYTES_MAX   ((size_t)64 << 20)
#define NOW             1750000000

/* Whom there are official documents of.  A provider stands here for what it says otherwise than its dialect. */
static const char *const targets[] = {
    "openai.chat",  "openai.responses", "openai.completions", "google.generate", "gemini",
    "mistral.chat", "ollama.chat",      "bedrock.converse",   "openrouter",
};
#define N_TARGETS (sizeof targets / sizeof *targets)

struct run {
    FILE *judge;
    struct arena arena;
    struct buf out;
    const struct wire_item *item;
    const struct xd_dialect *to;
    enum xd_op_kind op;
};

static void
send(struct run *r, const char *kind, struct str json)
{
    fprintf(r->judge, "%s %s %s %.*s %zu\n", r->to->name, kind, xd_op_name(r->op),
            STR_ARG(r->item->id), json.n);
    fwrite(json.p, 1, json.n, r->judge);
    fputc('\n', r->judge);
}

/* --- documents ---------------------------------------------------------------------------------- */

static void
send_request(struct run *r, const struct xd_ask *ask)
{
    struct xd w;
    struct xd_ask ready;
    buf_clear(&r->out);
    xd_init(&w, r->to, r->op, &r->arena, &r->out);
    w.now = NOW;
    enum err err = xd_ask_prepare(&w, ask, NULL, &ready);
    if (!err)
        err = xd_ask_write(&w, &ready);
    if (!err)
        send(r, "request", buf_str(&r->out));
    xd_fini(&w); /* what cannot be written at all is no matter of schemas */
}

static void
send_reply(struct run *r, const struct xd_answer *answer)
{
    const struct xd_ask asked = { .kind = r->op };
    struct xd w;
    struct xd_answer fit = *answer;
    enum err err = ERR_OK;
    if (r->op == XD_OP_EMBEDDINGS) {
        size_t n = fit.embed.vectors.n * sizeof *fit.embed.vectors.v;
        fit.embed.vectors.v = memcpy(arena_alloc(&r->arena, n), answer->embed.vectors.v, n);
        (void)xd_answer_fit(&r->arena, &asked, &fit, &err);
    }
    buf_clear(&r->out);
    xd_init(&w, r->to, r->op, &r->arena, &r->out);
    w.now = NOW;
    if (!err && !xd_answer_write(&w, &fit))
        send(r, "reply", buf_str(&r->out));
    xd_fini(&w);
}

/* --- streams ------------------------------------------------------------------------------------ */

/* A frame that has a name beside its data is judged as a member of this name. */
static enum err
on_frame(void *ctx, const struct frame *f)
{
    struct run *r = ctx;
    struct str json = f->data;
    if (!json.p || json.p[0] != '{' || f->failed)
        return ERR_OK;
    if (r->to->framing == FRAMING_EVENTSTREAM)
        json = arena_printf(&r->arena, "{\"%.*s\":%.*s}", STR_ARG(f->name), STR_ARG(json));
    send(r, "chunk", json);
    return ERR_OK;
}

static void
send_stream(struct run *r)
{
    struct fault fault;
    struct framer f;
    buf_clear(&r->out);
    if (carry_stream(r->item->dialect, r->to, r->item->reply, &r->out, &fault))
        return; /* a stream that fails: its last frame is an error */
    framer_init(&f, 1u << r->to->framing, r->to->framing, OUT_BYTES_MAX, on_frame, r);
    assert_int_equal(framer_feed(&f, r->out.p, r->out.n), ERR_OK);
    assert_int_equal(framer_end(&f), ERR_OK);
    framer_fini(&f);
}

/* --- one exchange ------------------------------------------------------------------------------- */

static bool
read_request(struct run *r, struct xd_ask *ask)
{
    const struct wire_item *item = r->item;
    struct xd x;
    xd_init(&x, item->dialect, r->op, &r->arena, NULL);
    bool ok = item->request.p && !xd_ask_read(&x, item->request, ask);
    if (ok)
        xd_asked_tell(&item->asked, &r->arena, ask);
    xd_fini(&x);
    return ok;
}

static bool
read_reply(struct run *r, struct xd_answer *answer)
{
    const struct wire_item *item = r->item;
    struct xd x;
    struct ir_error e;
    xd_init(&x, item->dialect, r->op, &r->arena, NULL);
    x.now = NOW;
    bool ok = item->reply.p && !item->stream && !xd_answer_read(&x, item->reply, answer, &e);
    xd_fini(&x);
    return ok;
}

static void
check_item(void *ctx, const struct wire_item *item)
{
    struct run *r = ctx;
    struct xd_ask ask;
    struct xd_answer answer;
    if (item->status / 100 != 2)
        return;
    r->item = item;
    r->op = item->asked.op->kind;
    bool asked = read_request(r, &ask), answered = read_reply(r, &answer);
    for (size_t i = 0; i < N_TARGETS; i++) {
        r->to = xd_find(str_from(targets[i]));
        const struct xd_op *op = xd_op(r->to, r->op);
        if (!op || op->passes || strcmp(r->to->family, item->dialect->family) == 0)
            continue; /* within a family bytes stay as they are */
        if (asked)
            send_request(r, &ask);
        if (answered)
            send_reply(r, &answer);
        if (item->stream && item->reply.p)
            send_stream(r);
    }
    arena_reset(&r->arena);
}

static void
what_is_written_obeys_the_official_schemas(void **state)
{
    struct run r = { .judge = NULL };
    (void)state;
    WIRE_REQUIRE();
    fflush(stdout);
    r.judge = popen("node tests/corpus/schema.mjs", "w");
    assert_non_null(r.judge);
    arena_init(&r.arena, ARENA_BYTES_MAX);
    buf_init(&r.out, OUT_BYTES_MAX);
    wire_each_address(check_item, &r);
    wire_each_operation(check_item, &r);
    buf_fini(&r.out);
    arena_fini(&r.arena);
    assert_int_equal(pclose(r.judge), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_obeys_the_official_schemas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
