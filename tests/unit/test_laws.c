/* The laws on generated samples, for every compiled dialect: what a dialect can carry it gives back.
 *
 *   read(write(m)) = m          for requests and replies, whole and streamed
 *   write(read(w)) = w          for what was written: writing is already canonical
 *
 * Each dialect gets many samples, each provider some: it differs in few rows.
 *
 * Samples are made of what all dialects can carry, in the order in which all of them keep it: thinking, then text, then
 * calls in an assistant's turn, results first in a user's.  The seeds are fixed; a failure names its own. */
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
#include "tests/lib/dice.h"
#include "tests/lib/forget.h"

#define SAMPLES 300

struct sample {
    struct arena arena;
    struct dice dice;
};

/* --- making -------------------------------------------------------------------------------------------- */

static struct str
some_text(struct sample *s)
{
    static const char *const pieces[] = {
        "a",         "word ",        "\"quoted\"",       "back\\slash",  "\n", "\t",   "\x01",
        "h\xc3\xa9", "\xe6\xbc\xa2", "\xf0\x9f\x98\x80", "\xe2\x80\xa8", "{}", "</x>", "\x7f",
        "'"
    };
    struct str out = STR("");
    unsigned n = 1 + dice_roll(&s->dice, 6);

    for (unsigned i = 0; i < n; i++)
        out = arena_printf(&s->arena, "%.*s%s", STR_ARG(out),
                           pieces[dice_roll(&s->dice, sizeof pieces / sizeof *pieces)]);
    return arena_printf(&s->arena, "%.*sx", STR_ARG(out)); /* never white space at the end */
}

static struct str
some_json(struct sample *s)
{
    static const char *const values[] = { "{}", "{\"a\":1}",
                                          "{\"n\":12345678901234567890,\"e\":1E400}",
                                          "{\"b\" : [ null,true,-0 ],\"a\":\"\\u00e9\\n\"}",
                                          "{\"k\":1,\"k\":2}" };

    return str_from(values[dice_roll(&s->dice, sizeof values / sizeof *values)]);
}

static struct str
some_name(struct sample *s, const char *prefix)
{
    return arena_printf(&s->arena, "%s_%u", prefix, dice_roll(&s->dice, 1000000));
}

static struct ir_block *
push(struct sample *s, struct ir_blocks *l, enum ir_block_kind kind)
{
    struct ir_block *b = arena_push(&s->arena, (void **)&l->v, &l->n, &l->cap, sizeof *b);

    b->kind = kind;
    return b;
}

static void
push_text(struct sample *s, struct ir_blocks *l)
{
    push(s, l, IR_BLOCK_TEXT)->text.text = some_text(s);
}

static void
push_call(struct sample *s, struct ir_blocks *l)
{
    struct ir_block *b = push(s, l, IR_BLOCK_CALL);

    b->call.id = some_name(s, "call");
    b->call.name = some_name(s, "fn");
    b->call.arguments = some_json(s);
}

static void
make_user(struct sample *s, struct ir_turn *t, const struct ir_blocks *calls)
{
    t->role = IR_ROLE_USER;
    for (unsigned i = 0; calls && i < calls->n; i++) {
        if (calls->v[i].kind != IR_BLOCK_CALL)
            continue;
        struct ir_block *b = push(s, &t->blocks, IR_BLOCK_RESULT);
        b->result.call = calls->v[i].call.id;
        b->result.name = calls->v[i].call.name;
        push_text(s, &b->result.blocks);
    }
    if (t->blocks.n == 0 || dice_roll(&s->dice, 2))
        push_text(s, &t->blocks);
    if (dice_roll(&s->dice, 4) == 0) {
        struct ir_block *b = push(s, &t->blocks, IR_BLOCK_IMAGE);
        b->image.source.kind = dice_roll(&s->dice, 2) ? IR_SOURCE_URL : IR_SOURCE_BYTES;
        if (b->image.source.kind == IR_SOURCE_URL) {
            b->image.source.url.url = STR("https://example.org/a.png?b=c&d=\"e\"");
        } else {
            b->image.source.bytes.media = STR("image/png");
            b->image.source.bytes.data = STR("iVBORw0KGgo=");
        }
        push_text(s, &t->blocks);
    }
}

static void
make_assistant(struct sample *s, struct ir_blocks *l)
{
    unsigned calls = dice_roll(&s->dice, 3);

    if (calls == 0 || dice_roll(&s->dice, 2))
        push_text(s, l);
    for (unsigned i = 0; i < calls; i++)
        push_call(s, l);
}

static void
make_turns(struct sample *s, struct ir_request *m)
{
    unsigned n = 1 + 2 * dice_roll(&s->dice, 4);

    m->turns.v = arena_alloc(&s->arena, n * sizeof *m->turns.v);
    m->turns.n = m->turns.cap = n;
    for (unsigned i = 0; i < n; i++) {
        if (i % 2)
            make_assistant(s, &m->turns.v[i].blocks);
        else
            make_user(s, &m->turns.v[i], i ? &m->turns.v[i - 1].blocks : NULL);
        m->turns.v[i].role = i % 2 ? IR_ROLE_ASSISTANT : IR_ROLE_USER;
    }
}

static void
make_tools(struct sample *s, struct ir_request *m)
{
    unsigned n = dice_roll(&s->dice, 3);

    for (unsigned i = 0; i < n; i++) {
        struct ir_tool *t = arena_push(&s->arena, (void **)&m->tools.v, &m->tools.n, &m->tools.cap,
                                       sizeof *t);
        t->kind = IR_TOOL_FUNCTION;
        t->function.name = some_name(s, "fn");
        t->function.description = some_text(s);
        t->function.schema = some_json(s);
        t->function.strict = (enum ir_bool)dice_roll(&s->dice, 3);
    }
    if (n && dice_roll(&s->dice, 2)) {
        m->tool_choice.set = true;
        m->tool_choice.mode = (enum ir_choice_mode)(
            1 + dice_roll(&s->dice, IR_CHOICE_MODE_COUNT - 1));
        if (m->tool_choice.mode == IR_CHOICE_MODE_NAMED)
            m->tool_choice.name = m->tools.v[0].function.name;
    }
}

static void
make_request(struct sample *s, struct ir_request *m)
{
    m->set = true;
    m->model = some_name(s, "model");
    m->stream = (enum ir_bool)dice_roll(&s->dice, 3);
    m->max_output = (struct ir_int){ 1 + dice_roll(&s->dice, 100000), true };
    if (dice_roll(&s->dice, 2))
        push_text(s, &m->instructions);
    for (const struct forget_setting *t = forget_settings; t->name; t++)
        if (dice_roll(&s->dice, 3) == 0)
            *forget_setting(t, m) = str_from(t->sample);
    if (dice_roll(&s->dice, 3) == 0)
        m->sampling.top_k = (struct ir_int){ 1 + dice_roll(&s->dice, 99), true };
    for (unsigned i = dice_roll(&s->dice, 3); i > 0; i--)
        *(struct str *)arena_push(&s->arena, (void **)&m->stops.v, &m->stops.n, &m->stops.cap,
                                  sizeof(struct str)) = some_text(s);
    make_turns(s, m);
    make_tools(s, m);
}

static void
make_reply(struct sample *s, struct ir_reply *m)
{
    static const enum ir_stop stops[] = { IR_STOP_END, IR_STOP_LENGTH, IR_STOP_REFUSAL };
    struct ir_choice *c = arena_push(&s->arena, (void **)&m->choices.v, &m->choices.n,
                                     &m->choices.cap, sizeof *c);

    m->id = some_name(s, "id");
    m->model = some_name(s, "model");
    c->set = true;
    if (dice_roll(&s->dice, 3) == 0) {
        struct ir_block *b = push(s, &c->blocks, IR_BLOCK_THINKING);
        b->thinking.text = some_text(s);
        if (dice_roll(&s->dice, 2))
            b->thinking.signature = STR("EqQBCkYI+/=");
    }
    make_assistant(s, &c->blocks);
    bool called = xd_count_blocks(&c->blocks, 1u << IR_BLOCK_CALL) > 0;
    c->stop = called ? IR_STOP_CALL : stops[dice_roll(&s->dice, 3)];
    m->usage = (struct ir_usage){ .set = true,
                                  .input = { dice_roll(&s->dice, 1000), true },
                                  .output = { 10 + dice_roll(&s->dice, 1000), true },
                                  .cache_read = { 1 + dice_roll(&s->dice, 50), true } };
}

static void
make_embed(struct sample *s, struct ir_embed_request *m)
{
    m->set = true;
    m->model = some_name(s, "model");
    for (unsigned i = 1 + dice_roll(&s->dice, 3); i > 0; i--) {
        struct ir_input *in = arena_push(&s->arena, (void **)&m->inputs.v, &m->inputs.n,
                                         &m->inputs.cap, sizeof *in);
        in->kind = IR_INPUT_TEXT;
        in->text.text = some_text(s);
    }
}

static void
make_vectors(struct sample *s, struct ir_embed_reply *r)
{
    r->set = true;
    r->model = some_name(s, "model");
    r->usage = (struct ir_usage){ .set = true, .input = { dice_roll(&s->dice, 1000), true } };
    for (unsigned i = 0, n = 1 + dice_roll(&s->dice, 4); i < n; i++) {
        struct ir_vector *v = arena_push(&s->arena, (void **)&r->vectors.v, &r->vectors.n,
                                         &r->vectors.cap, sizeof *v);
        *v = (struct ir_vector){ .set = true, .index = i };
        v->numbers.kind = IR_NUMBERS_FLOATS;
        v->numbers.floats.values = dice_roll(&s->dice, 2) ? STR("[0.5,-1e-3]") : STR("[1]");
    }
}

static void
make_rerank(struct sample *s, struct ir_rerank_request *m)
{
    m->set = true;
    m->model = some_name(s, "model");
    m->query = some_text(s);
    if (dice_roll(&s->dice, 2))
        m->top = (struct ir_int){ 1 + dice_roll(&s->dice, 9), true };
    for (unsigned i = 1 + dice_roll(&s->dice, 3); i > 0; i--) {
        struct ir_document *d = arena_push(&s->arena, (void **)&m->documents.v, &m->documents.n,
                                           &m->documents.cap, sizeof *d);
        *d = (struct ir_document){ .set = true, .text = some_text(s) };
    }
}

static void
make_results(struct sample *s, struct ir_rerank_reply *r)
{
    r->set = true;
    for (unsigned i = 1 + dice_roll(&s->dice, 3); i > 0; i--) {
        struct ir_ranked *k = arena_push(&s->arena, (void **)&r->results.v, &r->results.n,
                                         &r->results.cap, sizeof *k);
        *k = (struct ir_ranked){ .set = true, .index = i, .score = STR("0.25") };
    }
}

/* --- comparing ------------------------------------------------------------------------------------------- */

static void
same_str(struct str a, struct str b)
{
    if (!str_eq(a, b))
        fail_msg("\"%.*s\" became \"%.*s\"", STR_ARG(a), STR_ARG(b));
}

static void same_blocks(const struct ir_blocks *a, const struct ir_blocks *b);

static void
same_source(const struct ir_source *a, const struct ir_source *b)
{
    assert_int_equal(a->kind, b->kind);
    same_str(a->kind == IR_SOURCE_URL ? a->url.url : a->bytes.data,
             a->kind == IR_SOURCE_URL ? b->url.url : b->bytes.data);
    if (a->kind == IR_SOURCE_BYTES)
        same_str(a->bytes.media, b->bytes.media);
}

static void
same_block(const struct ir_block *a, const struct ir_block *b)
{
    assert_int_equal(a->kind, b->kind);
    switch (a->kind) {
    case IR_BLOCK_TEXT:
        same_str(a->text.text, b->text.text);
        break;
    case IR_BLOCK_THINKING:
        same_str(a->thinking.text, b->thinking.text);
        same_str(a->thinking.signature, b->thinking.signature);
        break;
    case IR_BLOCK_CALL:
        same_str(a->call.id, b->call.id);
        same_str(a->call.name, b->call.name);
        same_str(a->call.arguments, b->call.arguments);
        break;
    case IR_BLOCK_RESULT:
        same_str(a->result.call, b->result.call);
        same_blocks(&a->result.blocks, &b->result.blocks);
        break;
    case IR_BLOCK_IMAGE:
        same_source(&a->image.source, &b->image.source);
        break;
    default:
        fail_msg("a block of kind %d was not made", (int)a->kind);
    }
}

static void
same_blocks(const struct ir_blocks *a, const struct ir_blocks *b)
{
    assert_int_equal(a->n, b->n);
    for (unsigned i = 0; i < a->n; i++)
        same_block(&a->v[i], &b->v[i]);
}

/* Who says nothing lets the model decide. */
static enum ir_choice_mode
choice_of(const struct ir_request *m)
{
    return m->tool_choice.mode ? m->tool_choice.mode : IR_CHOICE_MODE_AUTO;
}

static void
same_tools(const struct ir_request *a, const struct ir_request *b)
{
    assert_int_equal(a->tools.n, b->tools.n);
    for (unsigned i = 0; i < a->tools.n; i++) {
        same_str(a->tools.v[i].function.name, b->tools.v[i].function.name);
        same_str(a->tools.v[i].function.description, b->tools.v[i].function.description);
        same_str(a->tools.v[i].function.schema, b->tools.v[i].function.schema);
        /* strict is off unless it is said, and some dialects say it. */
        assert_int_equal(a->tools.v[i].function.strict == IR_TRUE,
                         b->tools.v[i].function.strict == IR_TRUE);
    }
    assert_int_equal(choice_of(a), choice_of(b));
    same_str(a->tool_choice.name, b->tool_choice.name);
}

static void
same_request(struct ir_request *a, struct ir_request *b)
{
    same_str(a->model, b->model);
    assert_int_equal(a->stream == IR_TRUE, b->stream == IR_TRUE); /* some say that it is off */
    assert_int_equal(a->max_output.v, b->max_output.v);
    for (const struct forget_setting *t = forget_settings; t->name; t++)
        same_str(*forget_setting(t, a), *forget_setting(t, b));
    assert_int_equal(a->sampling.top_k.v, b->sampling.top_k.v);
    assert_int_equal(a->stops.n, b->stops.n);
    for (unsigned i = 0; i < a->stops.n; i++)
        same_str(a->stops.v[i], b->stops.v[i]);
    same_blocks(&a->instructions, &b->instructions);
    assert_int_equal(a->turns.n, b->turns.n);
    for (unsigned i = 0; i < a->turns.n; i++) {
        assert_int_equal(a->turns.v[i].role, b->turns.v[i].role);
        same_blocks(&a->turns.v[i].blocks, &b->turns.v[i].blocks);
    }
    same_tools(a, b);
}

static void
same_reply(const struct ir_reply *a, const struct ir_reply *b)
{
    same_str(a->id, b->id);
    same_str(a->model, b->model);
    assert_int_equal(b->choices.n, 1);
    assert_int_equal(a->choices.v[0].stop, b->choices.v[0].stop);
    same_blocks(&a->choices.v[0].blocks, &b->choices.v[0].blocks);
    /* Who cannot tell what came from a cache counts it in. */
    bool tells = b->usage.cache_read.set;
    assert_int_equal(a->usage.input.v + (tells ? 0 : a->usage.cache_read.v), b->usage.input.v);
    assert_int_equal(a->usage.output.v, b->usage.output.v);
    assert_int_equal(tells ? a->usage.cache_read.v : 0, b->usage.cache_read.v);
}

static void
same_ask(const struct xd_ask *a, const struct xd_ask *b)
{
    assert_int_equal(a->kind, b->kind);
    if (a->kind == XD_OP_EMBEDDINGS) {
        assert_int_equal(a->embed.inputs.n, b->embed.inputs.n);
        for (unsigned i = 0; i < a->embed.inputs.n; i++)
            same_str(a->embed.inputs.v[i].text.text, b->embed.inputs.v[i].text.text);
    } else if (a->kind == XD_OP_RERANK) {
        same_str(a->rerank.query, b->rerank.query);
        assert_int_equal(a->rerank.top.v, b->rerank.top.v);
        assert_int_equal(a->rerank.documents.n, b->rerank.documents.n);
        for (unsigned i = 0; i < a->rerank.documents.n; i++)
            same_str(a->rerank.documents.v[i].text, b->rerank.documents.v[i].text);
    }
}

static void
same_answer(const struct xd_answer *a, const struct xd_answer *b)
{
    assert_int_equal(a->kind, b->kind);
    if (a->kind == XD_OP_EMBEDDINGS) {
        assert_int_equal(a->embed.vectors.n, b->embed.vectors.n);
        for (unsigned i = 0; i < a->embed.vectors.n; i++) {
            assert_int_equal(a->embed.vectors.v[i].index, b->embed.vectors.v[i].index);
            if (b->embed.vectors.v[i].numbers.kind == IR_NUMBERS_FLOATS) /* else quantised */
                same_str(a->embed.vectors.v[i].numbers.floats.values,
                         b->embed.vectors.v[i].numbers.floats.values);
        }
    } else if (a->kind == XD_OP_RERANK) {
        assert_int_equal(a->rerank.results.n, b->rerank.results.n);
        for (unsigned i = 0; i < a->rerank.results.n; i++) {
            assert_int_equal(a->rerank.results.v[i].index, b->rerank.results.v[i].index);
            same_str(a->rerank.results.v[i].score, b->rerank.results.v[i].score);
        }
    } else {
        assert_int_equal(a->count.input.v, b->count.input.v);
    }
}

/* --- the laws ------------------------------------------------------------------------------------------------ */

static void
begin(struct sample *s, unsigned seed)
{
    arena_init(&s->arena, 16 << 20);
    s->dice.seed = seed;
}

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
    struct sample s;
    struct buf out, again;
    struct xd w, r;
    struct ir_request m = { 0 }, back = { 0 };

    if (strcmp(d->family, "openai.completions") == 0 || strcmp(d->family, "ollama.generate") == 0)
        return; /* a conversation becomes one text, out of which it cannot be read again */
    begin(&s, seed);
    buf_init(&out, 16 << 20);
    buf_init(&again, 16 << 20);
    xd_init(&w, d, XD_OP_CHAT, &s.arena, &out);
    xd_init(&r, d, XD_OP_CHAT, &s.arena, NULL);
    make_request(&s, &m);
    assert_int_equal(xd_request_write(&w, &m), ERR_OK);
    known_loss(forget_of_request(&w.lost, &m), d);
    forget_unseen(buf_str(&out), &m);
    if (strcmp(d->family, "ollama.chat") == 0)
        forget_places(&m, &s.arena);
    assert_int_equal(xd_request_read(&r, buf_str(&out), &back), ERR_OK);
    tell_address(&w, &m, &back);
    same_request(&m, &back);
    xd_fini(&w);
    xd_init(&w, d, XD_OP_CHAT, &s.arena, &again);
    assert_int_equal(xd_request_write(&w, &back), ERR_OK);
    same_str(buf_str(&out), buf_str(&again));
    xd_fini(&w);
    xd_fini(&r);
    buf_fini(&out);
    buf_fini(&again);
    arena_fini(&s.arena);
}

static void
try_reply(const struct xd_dialect *d, unsigned seed)
{
    struct sample s;
    struct buf out, again;
    struct xd w, r;
    struct ir_reply m = { 0 }, back = { 0 };
    struct ir_error error = { 0 };

    begin(&s, seed);
    buf_init(&out, 16 << 20);
    xd_init(&w, d, XD_OP_CHAT, &s.arena, &out);
    xd_init(&r, d, XD_OP_CHAT, &s.arena, NULL);
    make_reply(&s, &m);
    assert_int_equal(xd_reply_write(&w, &m), ERR_OK);
    known_loss(forget_of_reply(&w.lost, &m), d);
    forget_unsaid(buf_str(&out), &m);
    assert_int_equal(xd_reply_read(&r, buf_str(&out), &back, &error), ERR_OK);
    same_reply(&m, &back);
    xd_fini(&w);
    buf_init(&again, 16 << 20);
    xd_init(&w, d, XD_OP_CHAT, &s.arena, &again);
    assert_int_equal(xd_reply_write(&w, &back), ERR_OK);
    same_str(buf_str(&out), buf_str(&again));
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
    struct sample s;
    struct buf out;
    struct xd_writer w;
    struct xd_reader r;
    struct ir_collector c;
    struct ir_reply m = { 0 };

    begin(&s, seed);
    buf_init(&out, 16 << 20);
    make_reply(&s, &m);
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
    same_reply(&m, &c.reply);
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
make_ask(struct sample *s, const struct xd_dialect *d, struct xd_ask *ask)
{
    if (ask->kind == XD_OP_EMBEDDINGS) {
        make_embed(s, &ask->embed);
        if (takes_one(d))
            ask->embed.inputs.n = 1;
    } else if (ask->kind == XD_OP_RERANK) {
        make_rerank(s, &ask->rerank);
    } else {
        make_request(s, &ask->chat);
    }
}

static void
try_ask(const struct xd_dialect *d, enum xd_op_kind op, unsigned seed)
{
    struct sample s;
    struct buf out, again;
    struct xd w, r;
    struct xd_ask m = { .kind = op }, back;

    begin(&s, seed);
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
        same_ask(&m, &back);
    xd_fini(&w);
    xd_init(&w, d, op, &s.arena, &again);
    assert_int_equal(xd_ask_write(&w, &back), ERR_OK);
    same_str(buf_str(&out), buf_str(&again));
    xd_fini(&w);
    xd_fini(&r);
    buf_fini(&out);
    buf_fini(&again);
    arena_fini(&s.arena);
}

static void
try_answer(const struct xd_dialect *d, enum xd_op_kind op, unsigned seed)
{
    struct sample s;
    struct buf out, again;
    struct xd w, r;
    struct xd_answer m = { .kind = op }, back;
    struct ir_error error = { 0 };

    begin(&s, seed);
    buf_init(&out, 16 << 20);
    xd_init(&w, d, op, &s.arena, &out);
    xd_init(&r, d, op, &s.arena, NULL);
    if (op == XD_OP_EMBEDDINGS) {
        make_vectors(&s, &m.embed);
        if (takes_one(d))
            m.embed.vectors.n = 1;
    } else if (op == XD_OP_RERANK) {
        make_results(&s, &m.rerank);
    } else {
        m.count.input = (struct ir_int){ dice_roll(&s.dice, 1000), true };
    }
    assert_int_equal(xd_answer_write(&w, &m), ERR_OK);
    assert_int_equal(xd_answer_read(&r, buf_str(&out), &back, &error), ERR_OK);
    same_answer(&m, &back);
    xd_fini(&w);
    buf_init(&again, 16 << 20);
    xd_init(&w, d, op, &s.arena, &again);
    assert_int_equal(xd_answer_write(&w, &back), ERR_OK);
    same_str(buf_str(&out), buf_str(&again));
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
