/* The laws on generated samples, for every compiled dialect: what a dialect can carry it gives back.
 *
 *   read(write(m)) = m          for requests and replies, whole and streamed
 *   write(read(w)) = w          for what was written: writing is already canonical
 *
 * Each dialect gets many samples, each provider some: it differs in few rows.
 *
 * Samples are those of tests/lib/ir_sample.h.  The seeds are fixed; a failure names its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/ir/reply.h"
#include "runtime/xd/ask.h"
#include "runtime/xd/path.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "tests/lib/forget.h"
#include "tests/lib/ir_same.h"
#include "tests/lib/ir_sample.h"

#define SAMPLES 300

static void
known_loss(struct str unknown, const struct xd_dialect *d)
{
    if (unknown.p)
        fail_msg("%s loses %.*s of what all can carry", d->name, STR_ARG(unknown));
}

/* What the wire does not say, for it has no place for it. */
static void
forget_unsaid(struct str wire, struct ir_reply *m)
{
    struct str *const said[] = { &m->id, &m->model };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (said[i]->p && !memmem(wire.p, wire.n, said[i]->p, said[i]->n))
            *said[i] = (struct str){ NULL, 0 };
}

/* Where images are lost it may be all of them, or only those by address. */
static void
forget_unseen(struct str wire, struct ir_request *m)
{
    static const char bytes[] = "iVBORw0KGgo=";
    for (unsigned i = 0; i < m->turns.n && !memmem(wire.p, wire.n, bytes, sizeof bytes - 1); i++) {
        struct ir_blocks *l = &m->turns.v[i].blocks;
        unsigned n = 0;
        for (unsigned k = 0; k < l->n; k++)
            if (l->v[k].kind != IR_BLOCK_IMAGE || l->v[k].image.source.kind != IR_SOURCE_BYTES)
                l->v[n++] = l->v[k];
        l->n = n;
    }
}

static void
nothing_lost(const struct xd *x, const struct xd_dialect *d)
{
    if (x->lost.n)
        fail_msg("%s loses %.*s of what all can carry", d->name, STR_ARG(x->lost.v[0]));
}

/* What the address says and not the body, as a gateway would tell it. */
static void
tell_address(const struct xd *w, const struct ir_request *m, struct ir_request *back)
{
    if (xd_address_has(w->op->path, STR("model")) && back->model.n == 0)
        back->model = m->model;
    if (w->op->nstreamed)
        back->stream = m->stream;
}

static void
try_request(const struct xd_dialect *d, unsigned seed)
{
    struct ir_sample s;
    struct buf out, again;
    struct xd w, r;
    struct ir_request m = { 0 }, back = { 0 };

    if (strcmp(d->family, "openai.completions") == 0 || strcmp(d->family, "ollama.generate") == 0)
        return; /* a conversation becomes one text, out of which it cannot be read again */
    ir_sample_begin(&s, seed);
    buf_init(&out, 16 << 20);
    buf_init(&again, 16 << 20);
    xd_init(&w, d, XD_OP_CHAT, &s.arena, &out);
    xd_init(&r, d, XD_OP_CHAT, &s.arena, NULL);
    ir_sample_request(&s, &m);
    assert_int_equal(xd_request_write(&w, &m), ERR_OK);
    known_loss(forget_of_request(&w.lost, &m), d);
    forget_unseen(buf_str(&out), &m);
    if (strcmp(d->family, "ollama.chat") == 0)
        forget_places(&m, &s.arena);
    assert_int_equal(xd_request_read(&r, buf_str(&out), &back), ERR_OK);
    tell_address(&w, &m, &back);
    ir_same_request(&m, &back);
    xd_fini(&w);
    xd_init(&w, d, XD_OP_CHAT, &s.arena, &again);
    assert_int_equal(xd_request_write(&w, &back), ERR_OK);
    ir_same_str(buf_str(&out), buf_str(&again));
    xd_fini(&w);
    xd_fini(&r);
    buf_fini(&out);
    buf_fini(&again);
    arena_fini(&s.arena);
}

static void
try_reply(const struct xd_dialect *d, unsigned seed)
{
    struct ir_sample s;
    struct buf out, again;
    struct xd w, r;
    struct ir_reply m = { 0 }, back = { 0 };
    struct ir_error error = { 0 };

    ir_sample_begin(&s, seed);
    buf_init(&out, 16 << 20);
    xd_init(&w, d, XD_OP_CHAT, &s.arena, &out);
    xd_init(&r, d, XD_OP_CHAT, &s.arena, NULL);
    ir_sample_reply(&s, &m);
    assert_int_equal(xd_reply_write(&w, &m), ERR_OK);
    known_loss(forget_of_reply(&w.lost, &m), d);
    forget_unsaid(buf_str(&out), &m);
    assert_int_equal(xd_reply_read(&r, buf_str(&out), &back, &error), ERR_OK);
    ir_same_reply(&m, &back);
    xd_fini(&w);
    buf_init(&again, 16 << 20);
    xd_init(&w, d, XD_OP_CHAT, &s.arena, &again);
    assert_int_equal(xd_reply_write(&w, &back), ERR_OK);
    ir_same_str(buf_str(&out), buf_str(&again));
    xd_fini(&w);
    xd_fini(&r);
    buf_fini(&out);
    buf_fini(&again);
    arena_fini(&s.arena);
}

/* A reply spoken as events, written as a stream, read in pieces and collected is the same reply. */
static void
try_stream(const struct xd_dialect *d, unsigned seed)
{
    struct ir_sample s;
    struct buf out;
    struct xd_writer w;
    struct xd_reader r;
    struct ir_collector c;
    struct ir_reply m = { 0 };

    ir_sample_begin(&s, seed);
    buf_init(&out, 16 << 20);
    ir_sample_reply(&s, &m);
    xd_writer_init(&w, d, XD_OP_CHAT, &s.arena, &out, XD_USAGE_WRITE);
    ir_reply_speak(&m, xd_writer_event, &w);
    assert_int_equal(w.x.err, ERR_OK);
    known_loss(forget_of_reply(&w.x.lost, &m), d);
    if (w.x.op->wrap_member.n == 0) /* else it is said in base64 */
        forget_unsaid(buf_str(&out), &m);
    ir_collector_init(&c, &s.arena);
    xd_reader_init(&r, d, XD_OP_CHAT, &s.arena, ir_collector_event, &c);
    for (size_t at = 0, n; at < out.n; at += n) {
        n = 1 + dice_roll(&s.dice, 200);
        n = n < out.n - at ? n : out.n - at;
        assert_int_equal(xd_reader_feed(&r, out.p + at, n), ERR_OK);
    }
    assert_int_equal(xd_reader_end(&r), ERR_OK);
    assert_true(c.ended && !c.failed);
    ir_same_reply(&m, &c.reply);
    xd_reader_fini(&r);
    xd_writer_fini(&w);
    buf_fini(&out);
    arena_fini(&s.arena);
}

/* Does the dialect have the policy that it embeds one input at a time? */
static bool
takes_one(const struct xd_dialect *d)
{
    return str_is(xd_policy_value(d, NULL, STR("m"), IR_POLICY_INPUTS), "one");
}

static void
make_ask(struct ir_sample *s, const struct xd_dialect *d, struct xd_ask *ask)
{
    if (ask->kind == XD_OP_EMBEDDINGS) {
        ir_sample_embed(s, &ask->embed);
        if (takes_one(d))
            ask->embed.inputs.n = 1;
    } else if (ask->kind == XD_OP_RERANK) {
        ir_sample_rerank(s, &ask->rerank);
    } else {
        ir_sample_request(s, &ask->chat);
    }
}

static void
try_ask(const struct xd_dialect *d, enum xd_op_kind op, unsigned seed)
{
    struct ir_sample s;
    struct buf out, again;
    struct xd w, r;
    struct xd_ask m = { .kind = op }, back;

    ir_sample_begin(&s, seed);
    buf_init(&out, 16 << 20);
    buf_init(&again, 16 << 20);
    xd_init(&w, d, op, &s.arena, &out);
    xd_init(&r, d, op, &s.arena, NULL);
    make_ask(&s, d, &m);
    assert_int_equal(xd_ask_write(&w, &m), ERR_OK);
    if (op != XD_OP_COUNT_TOKENS)
        nothing_lost(&w, d);
    assert_int_equal(xd_ask_read(&r, buf_str(&out), &back), ERR_OK);
    if (op != XD_OP_COUNT_TOKENS) /* a conversation: what may change is what may in chat */
        ir_same_ask(&m, &back);
    xd_fini(&w);
    xd_init(&w, d, op, &s.arena, &again);
    assert_int_equal(xd_ask_write(&w, &back), ERR_OK);
    ir_same_str(buf_str(&out), buf_str(&again));
    xd_fini(&w);
    xd_fini(&r);
    buf_fini(&out);
    buf_fini(&again);
    arena_fini(&s.arena);
}

static void
try_answer(const struct xd_dialect *d, enum xd_op_kind op, unsigned seed)
{
    struct ir_sample s;
    struct buf out, again;
    struct xd w, r;
    struct xd_answer m = { .kind = op }, back;
    struct ir_error error = { 0 };

    ir_sample_begin(&s, seed);
    buf_init(&out, 16 << 20);
    xd_init(&w, d, op, &s.arena, &out);
    xd_init(&r, d, op, &s.arena, NULL);
    if (op == XD_OP_EMBEDDINGS) {
        ir_sample_vectors(&s, &m.embed);
        if (takes_one(d))
            m.embed.vectors.n = 1;
    } else if (op == XD_OP_RERANK) {
        ir_sample_results(&s, &m.rerank);
    } else {
        m.count.input = (struct ir_int){ dice_roll(&s.dice, 1000), true };
    }
    assert_int_equal(xd_answer_write(&w, &m), ERR_OK);
    assert_int_equal(xd_answer_read(&r, buf_str(&out), &back, &error), ERR_OK);
    ir_same_answer(&m, &back);
    xd_fini(&w);
    buf_init(&again, 16 << 20);
    xd_init(&w, d, op, &s.arena, &again);
    assert_int_equal(xd_answer_write(&w, &back), ERR_OK);
    ir_same_str(buf_str(&out), buf_str(&again));
    xd_fini(&w);
    xd_fini(&r);
    buf_fini(&out);
    buf_fini(&again);
    arena_fini(&s.arena);
}

static void
what_is_no_conversation_is_read_as_it_was_written(void **state)
{
    (void)state;
    unsigned operations = 0;

    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        for (unsigned i = 0; i < (*d)->nops; i++) {
            const struct xd_op *op = &(*d)->ops[i];
            if (op->kind == XD_OP_CHAT || op->passes)
                continue;
            operations++;
            for (unsigned seed = 0; seed < 40; seed++) {
                try_ask(*d, op->kind, seed);
                try_answer(*d, op->kind, seed);
            }
        }
    assert_true(operations >= 3);
}

static void
try_all(void (*law)(const struct xd_dialect *, unsigned))
{
    unsigned dialects = 0;

    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        if (!xd_op(*d, XD_OP_CHAT))
            continue;
        dialects += !(*d)->provider;
        for (unsigned seed = 0; seed < ((*d)->provider ? SAMPLES / 10 : SAMPLES); seed++)
            law(*d, seed);
    }
    assert_true(dialects >= 2);
}

static void
a_request_written_is_read_as_the_same(void **state)
{
    (void)state;
    try_all(try_request);
}

static void
a_reply_written_is_read_as_the_same(void **state)
{
    (void)state;
    try_all(try_reply);
}

static void
a_reply_spoken_in_time_is_the_same_as_whole(void **state)
{
    (void)state;
    try_all(try_stream);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_written_is_read_as_the_same),
        cmocka_unit_test(a_reply_written_is_read_as_the_same),
        cmocka_unit_test(a_reply_spoken_in_time_is_the_same_as_whole),
        cmocka_unit_test(what_is_no_conversation_is_read_as_it_was_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
