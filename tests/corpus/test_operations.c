/* Recorded embeddings, reranks and token counts: what providers took and sent is what our specs say, and what each other
 * dialect and provider with the operation makes of it says the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/ask.h"
#include "runtime/xd/translate.h"
#include "runtime/xd/vector.h"
#include "tests/corpus/verdict.h"
#include "tests/corpus/wire.h"

#define ARENA_BYTES_MAX ((size_t)512 << 20)
#define OUT_BYTES_MAX   ((size_t)64 << 20)

struct run {
    struct verdict verdict;
    struct arena arena;
    unsigned items[XD_OP_KINDS], fine[XD_OP_KINDS], refused[XD_OP_KINDS], errors;
};

/* --- what must stay --- */

static bool
same_text(const struct ir_input *a, const struct ir_input *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == IR_INPUT_TEXT)
        return str_eq(a->text.text, b->text.text);
    return a->kind == IR_INPUT_TOKENS ? str_eq(a->tokens.ids, b->tokens.ids)
                                      : a->parts.blocks.n == b->parts.blocks.n;
}

/* Tools that all know; those of one provider's own making are lost by name. */
static unsigned
functions(const struct ir_request *m)
{
    unsigned n = 0;
    for (unsigned i = 0; i < m->tools.n; i++)
        n += m->tools.v[i].kind == IR_TOOL_FUNCTION;
    return n;
}

static bool
same_ask(const struct xd_ask *a, const struct xd_ask *b)
{
    if (a->kind == XD_OP_EMBEDDINGS) {
        bool same = a->embed.inputs.n == b->embed.inputs.n;
        for (unsigned i = 0; same && i < a->embed.inputs.n; i++)
            same = same_text(&a->embed.inputs.v[i], &b->embed.inputs.v[i]);
        return same && a->embed.dimensions.v == b->embed.dimensions.v;
    }
    if (a->kind == XD_OP_RERANK) {
        bool same = a->rerank.documents.n == b->rerank.documents.n;
        for (unsigned i = 0; same && i < a->rerank.documents.n; i++)
            same = str_eq(a->rerank.documents.v[i].text, b->rerank.documents.v[i].text);
        return same && str_eq(a->rerank.query, b->rerank.query)
               && a->rerank.top.v == b->rerank.top.v;
    }
    return a->chat.turns.n == b->chat.turns.n && functions(&a->chat) == functions(&b->chat);
}

/* Vectors are compared as 32-bit floats, which is what they are in all encodings but those of integers. */
static bool
same_vector(struct arena *a, const struct ir_vector *v, const struct ir_vector *w)
{
    struct ir_numbers x = v->numbers, y = w->numbers;
    if (x.kind == IR_NUMBERS_INTS || y.kind == IR_NUMBERS_INTS)
        return x.kind && y.kind;
    return vector_encode(a, &x, STR("base64")) && vector_encode(a, &y, STR("base64"))
           && str_eq(x.packed.data, y.packed.data) && v->index == w->index;
}

static bool
same_answer(struct arena *arena, const struct xd_answer *a, const struct xd_answer *b)
{
    struct ir_usage u = xd_answer_usage(a), w = xd_answer_usage(b);
    bool same = true;
    if (a->kind == XD_OP_EMBEDDINGS) {
        same = a->embed.vectors.n == b->embed.vectors.n;
        for (unsigned i = 0; same && i < a->embed.vectors.n; i++)
            same = same_vector(arena, &a->embed.vectors.v[i], &b->embed.vectors.v[i]);
        return same && (!w.input.set || u.input.v == w.input.v);
    }
    if (a->kind == XD_OP_RERANK) {
        same = a->rerank.results.n == b->rerank.results.n;
        for (unsigned i = 0; same && i < a->rerank.results.n; i++)
            same = a->rerank.results.v[i].index == b->rerank.results.v[i].index
                   && str_eq(a->rerank.results.v[i].score, b->rerank.results.v[i].score);
        return same;
    }
    return a->count.input.v == b->count.input.v;
}

/* --- there and back --- */

static void
try_request(struct run *r, const struct wire_item *item, const struct xd_dialect *d,
            const struct xd_ask *ask)
{
    struct xd w, x;
    struct xd_ask wanted, back;
    struct buf out;
    buf_init(&out, OUT_BYTES_MAX);
    xd_init(&w, d, ask->kind, &r->arena, &out);
    xd_init(&x, d, ask->kind, &r->arena, NULL);
    enum err err = xd_ask_prepare(&w, ask, NULL, &wanted);
    if (!err)
        err = xd_ask_write(&w, &wanted);
    if (err == ERR_UNSUPPORTED)
        r->refused[ask->kind]++;
    else if (err)
        verdict_offence(&r->verdict, item->id, "operation request to", "%s: %s", d->name,
                        w.fault.text);
    else if (xd_ask_read(&x, buf_str(&out), &back) || !same_ask(ask, &back))
        verdict_offence(&r->verdict, item->id, "operation request to", "%s: %s %s", d->name,
                        x.fault.path, x.err ? x.fault.text : "it says something else");
    else
        r->fine[ask->kind]++;
    xd_fini(&w);
    xd_fini(&x);
    buf_fini(&out);
}

static void
try_reply(struct run *r, const struct wire_item *item, const struct xd_dialect *d,
          const struct xd_answer *answer)
{
    /* A client gets vectors in the encoding that it asks for; numbers are what all can write. */
    const struct xd_ask asked = { .kind = answer->kind };
    struct xd w, x;
    struct xd_answer back, fit = *answer;
    struct ir_error e;
    struct buf out;
    enum err err = ERR_OK;
    if (answer->kind == XD_OP_EMBEDDINGS) {
        size_t n = fit.embed.vectors.n * sizeof *fit.embed.vectors.v;
        fit.embed.vectors.v = memcpy(arena_alloc(&r->arena, n), answer->embed.vectors.v, n);
    }
    (void)xd_answer_fit(&r->arena, &asked, &fit, &err);
    buf_init(&out, OUT_BYTES_MAX);
    xd_init(&w, d, answer->kind, &r->arena, &out);
    xd_init(&x, d, answer->kind, &r->arena, NULL);
    if (err || xd_answer_write(&w, &fit))
        verdict_offence(&r->verdict, item->id, "operation reply to", "%s: %s", d->name,
                        w.fault.text);
    else if (xd_answer_read(&x, buf_str(&out), &back, &e) || !same_answer(&r->arena, answer, &back))
        verdict_offence(&r->verdict, item->id, "operation reply to", "%s: %s %s", d->name,
                        x.fault.path, x.err ? x.fault.text : "it says something else");
    else
        r->fine[answer->kind]++;
    xd_fini(&w);
    xd_fini(&x);
    buf_fini(&out);
}

static bool
answers_one(const struct xd_dialect *d)
{
    return str_is(xd_policy_value(d, NULL, STR(""), IR_POLICY_INPUTS), "one");
}

static void
try_all(struct run *r, const struct wire_item *item, const struct xd_ask *ask,
        const struct xd_answer *answer)
{
    enum xd_op_kind kind = item->asked.op->kind;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        const struct xd_op *op = xd_op(*d, kind);
        if (!op || op->passes)
            continue;
        if (ask)
            try_request(r, item, *d, ask);
        if (answer && !(kind == XD_OP_EMBEDDINGS && answers_one(*d)))
            try_reply(r, item, *d, answer);
    }
}

static void
check_good(struct run *r, const struct wire_item *item)
{
    enum xd_op_kind kind = item->asked.op->kind;
    struct xd x, y;
    struct xd_ask ask;
    struct xd_answer answer;
    struct ir_error e;
    xd_init(&x, item->dialect, kind, &r->arena, NULL);
    xd_init(&y, item->dialect, kind, &r->arena, NULL);
    x.op = y.op = item->asked.op; /* there may be several of the kind */
    y.mode = XD_STRICT;
    bool asked = item->request.p && !xd_ask_read(&x, item->request, &ask);
    bool answered = item->reply.p && !xd_answer_read(&y, item->reply, &answer, &e);
    if (item->request.p && !asked)
        verdict_offence(&r->verdict, item->id, "operation request", "%s: %s", x.fault.path,
                        x.fault.text);
    if (item->reply.p && !answered)
        verdict_offence(&r->verdict, item->id, "operation reply", "%s: %s", y.fault.path,
                        y.fault.text);
    if (asked)
        xd_asked_tell(&item->asked, &r->arena, &ask);
    try_all(r, item, asked ? &ask : NULL, answered ? &answer : NULL);
    xd_fini(&x);
    xd_fini(&y);
}

static void
check_error(struct run *r, const struct wire_item *item)
{
    struct xd x;
    struct ir_error e;
    xd_init(&x, item->dialect, item->asked.op->kind, &r->arena, NULL);
    xd_error_read(&x, item->reply, item->status, &e);
    if (!e.kind || e.message.n == 0)
        verdict_offence(&r->verdict, item->id, "operation error", "without kind or message");
    r->errors++;
    xd_fini(&x);
}

static void
check_item(void *ctx, const struct wire_item *item)
{
    struct run *r = ctx;
    arena_reset(&r->arena);
    r->items[item->asked.op->kind]++;
    if (item->status / 100 == 2)
        check_good(r, item);
    else
        check_error(r, item);
}

static void
what_is_no_chat_conforms_and_translates(void **state)
{
    static const char *const checks[] = { "operation request",    "operation reply",
                                          "operation request to", "operation reply to",
                                          "operation error",      NULL };
    static struct run r;
    (void)state;
    WIRE_REQUIRE();
    verdict_init(&r.verdict, checks);
    arena_init(&r.arena, ARENA_BYTES_MAX);
    size_t n = wire_each_operation(check_item, &r);
    for (int k = 0; k < XD_OP_KINDS; k++)
        if (r.items[k])
            printf("# %-12s %3u exchanges: %4u translations say the same, %u cannot be\n",
                   xd_op_name((enum xd_op_kind)k), r.items[k], r.fine[k], r.refused[k]);
    printf("# %zu exchanges, %u of them errors\n", n, r.errors);
    assert_true(n >= 40);
    assert_int_equal(verdict_close(&r.verdict, "operations"), 0);
    arena_fini(&r.arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_chat_conforms_and_translates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
