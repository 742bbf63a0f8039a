/* Member by member. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/forget.h"
#include "tests/lib/ir_same.h"

void
ir_same_str(struct str a, struct str b)
{
    if (!str_eq(a, b))
        fail_msg("\"%.*s\" became \"%.*s\"", STR_ARG(a), STR_ARG(b));
}

static void same_blocks(const struct ir_blocks *a, const struct ir_blocks *b);

static void
same_source(const struct ir_source *a, const struct ir_source *b)
{
    assert_int_equal(a->kind, b->kind);
    ir_same_str(a->kind == IR_SOURCE_URL ? a->url.url : a->bytes.data,
                a->kind == IR_SOURCE_URL ? b->url.url : b->bytes.data);
    if (a->kind == IR_SOURCE_BYTES)
        ir_same_str(a->bytes.media, b->bytes.media);
}

static void
same_block(const struct ir_block *a, const struct ir_block *b)
{
    assert_int_equal(a->kind, b->kind);
    switch (a->kind) {
    case IR_BLOCK_TEXT:
        ir_same_str(a->text.text, b->text.text);
        break;
    case IR_BLOCK_THINKING:
        ir_same_str(a->thinking.text, b->thinking.text);
        ir_same_str(a->thinking.signature, b->thinking.signature);
        break;
    case IR_BLOCK_CALL:
        ir_same_str(a->call.id, b->call.id);
        ir_same_str(a->call.name, b->call.name);
        ir_same_str(a->call.arguments, b->call.arguments);
        break;
    case IR_BLOCK_RESULT:
        ir_same_str(a->result.call, b->result.call);
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
        ir_same_str(a->tools.v[i].function.name, b->tools.v[i].function.name);
        ir_same_str(a->tools.v[i].function.description, b->tools.v[i].function.description);
        ir_same_str(a->tools.v[i].function.schema, b->tools.v[i].function.schema);
        /* strict is off unless it is said, and some dialects say it. */
        assert_int_equal(a->tools.v[i].function.strict == IR_TRUE,
                         b->tools.v[i].function.strict == IR_TRUE);
    }
    assert_int_equal(choice_of(a), choice_of(b));
    ir_same_str(a->tool_choice.name, b->tool_choice.name);
}

void
ir_same_request(struct ir_request *a, struct ir_request *b)
{
    ir_same_str(a->model, b->model);
    assert_int_equal(a->stream == IR_TRUE, b->stream == IR_TRUE); /* some say that it is off */
    assert_int_equal(a->max_output.v, b->max_output.v);
    for (const struct forget_setting *t = forget_settings; t->name; t++)
        ir_same_str(*forget_setting(t, a), *forget_setting(t, b));
    assert_int_equal(a->sampling.top_k.v, b->sampling.top_k.v);
    assert_int_equal(a->stops.n, b->stops.n);
    for (unsigned i = 0; i < a->stops.n; i++)
        ir_same_str(a->stops.v[i], b->stops.v[i]);
    same_blocks(&a->instructions, &b->instructions);
    assert_int_equal(a->turns.n, b->turns.n);
    for (unsigned i = 0; i < a->turns.n; i++) {
        assert_int_equal(a->turns.v[i].role, b->turns.v[i].role);
        same_blocks(&a->turns.v[i].blocks, &b->turns.v[i].blocks);
    }
    same_tools(a, b);
}

void
ir_same_reply(const struct ir_reply *a, const struct ir_reply *b)
{
    ir_same_str(a->id, b->id);
    ir_same_str(a->model, b->model);
    assert_int_equal(b->choices.n, 1);
    assert_int_equal(a->choices.v[0].stop, b->choices.v[0].stop);
    same_blocks(&a->choices.v[0].blocks, &b->choices.v[0].blocks);
    /* Who cannot tell what came from a cache counts it in. */
    bool tells = b->usage.cache_read.set;
    assert_int_equal(a->usage.input.v + (tells ? 0 : a->usage.cache_read.v), b->usage.input.v);
    assert_int_equal(a->usage.output.v, b->usage.output.v);
    assert_int_equal(tells ? a->usage.cache_read.v : 0, b->usage.cache_read.v);
}

void
ir_same_ask(const struct xd_ask *a, const struct xd_ask *b)
{
    assert_int_equal(a->kind, b->kind);
    if (a->kind == XD_OP_EMBEDDINGS) {
        assert_int_equal(a->embed.inputs.n, b->embed.inputs.n);
        for (unsigned i = 0; i < a->embed.inputs.n; i++)
            ir_same_str(a->embed.inputs.v[i].text.text, b->embed.inputs.v[i].text.text);
    } else if (a->kind == XD_OP_RERANK) {
        ir_same_str(a->rerank.query, b->rerank.query);
        assert_int_equal(a->rerank.top.v, b->rerank.top.v);
        assert_int_equal(a->rerank.documents.n, b->rerank.documents.n);
        for (unsigned i = 0; i < a->rerank.documents.n; i++)
            ir_same_str(a->rerank.documents.v[i].text, b->rerank.documents.v[i].text);
    }
}

void
ir_same_answer(const struct xd_answer *a, const struct xd_answer *b)
{
    assert_int_equal(a->kind, b->kind);
    if (a->kind == XD_OP_EMBEDDINGS) {
        assert_int_equal(a->embed.vectors.n, b->embed.vectors.n);
        for (unsigned i = 0; i < a->embed.vectors.n; i++) {
            assert_int_equal(a->embed.vectors.v[i].index, b->embed.vectors.v[i].index);
            if (b->embed.vectors.v[i].numbers.kind == IR_NUMBERS_FLOATS) /* else quantised */
                ir_same_str(a->embed.vectors.v[i].numbers.floats.values,
                            b->embed.vectors.v[i].numbers.floats.values);
        }
    } else if (a->kind == XD_OP_RERANK) {
        assert_int_equal(a->rerank.results.n, b->rerank.results.n);
        for (unsigned i = 0; i < a->rerank.results.n; i++) {
            assert_int_equal(a->rerank.results.v[i].index, b->rerank.results.v[i].index);
            ir_same_str(a->rerank.results.v[i].score, b->rerank.results.v[i].score);
        }
    } else {
        assert_int_equal(a->count.input.v, b->count.input.v);
    }
}
