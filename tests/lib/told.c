/* Events and blocks in words. */
#include "tests/lib/told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/base/utf8.h"

#define TOLD_MAX (64u << 20)

void
told_init(struct told *t)
{
    *t = (struct told){ .begins = 0 };
    buf_init(&t->events, TOLD_MAX);
    buf_init(&t->summary, TOLD_MAX);
    arena_init(&t->arena, TOLD_MAX);
    ir_collector_init(&t->collector, &t->arena);
}

void
told_fini(struct told *t)
{
    buf_fini(&t->events);
    buf_fini(&t->summary);
    arena_fini(&t->arena);
}

void
told_clear(struct told *t)
{
    buf_clear(&t->events);
    buf_clear(&t->summary);
    arena_reset(&t->arena);
    ir_collector_init(&t->collector, &t->arena);
    t->grammar = (struct ir_grammar){ .finished = 0 };
    t->begins = t->ends = 0;
}

const char *
told_kind(enum ir_block_kind kind)
{
    switch (kind) {
    case IR_BLOCK_UNSET:
        return "unset";
    case IR_BLOCK_TEXT:
        return "text";
    case IR_BLOCK_REFUSAL:
        return "refusal";
    case IR_BLOCK_THINKING:
        return "thinking";
    case IR_BLOCK_SEALED:
        return "sealed";
    case IR_BLOCK_IMAGE:
        return "image";
    case IR_BLOCK_AUDIO:
        return "audio";
    case IR_BLOCK_DOCUMENT:
        return "document";
    case IR_BLOCK_CALL:
        return "call";
    case IR_BLOCK_RESULT:
        return "result";
    case IR_BLOCK_FOREIGN:
        return "foreign";
    }
    return "?";
}

static void
put_quoted(struct buf *out, const char *lead, struct str s)
{
    if (!s.p)
        return;
    assert_int_equal(utf8_valid(s.p, s.n), s.n);
    buf_printf(out, "%s\"", lead);
    buf_puts(out, s);
    buf_putc(out, '"');
}

static void
put_source(struct buf *out, const struct ir_source *s)
{
    switch (s->kind) {
    case IR_SOURCE_UNSET:
        break;
    case IR_SOURCE_BYTES:
        buf_printf(out, " %.*s:%.*s", STR_ARG(s->bytes.media), STR_ARG(s->bytes.data));
        break;
    case IR_SOURCE_PLAIN:
        put_quoted(out, " ", s->plain.text);
        break;
    case IR_SOURCE_URL:
        buf_printf(out, " url:%.*s", STR_ARG(s->url.url));
        break;
    case IR_SOURCE_FILE:
        buf_printf(out, " file:%.*s", STR_ARG(s->file.id));
        break;
    }
}

/* What stands behind the kind. */
static void
put_content(struct buf *out, const struct ir_block *b)
{
    switch (b->kind) {
    case IR_BLOCK_UNSET:
        break;
    case IR_BLOCK_TEXT:
        put_quoted(out, " ", b->text.text);
        for (unsigned i = 0; i < b->text.citations.n; i++)
            buf_printf(out, " cites:%.*s", STR_ARG(b->text.citations.v[i].web.url));
        break;
    case IR_BLOCK_REFUSAL:
        put_quoted(out, " ", b->refusal.text);
        break;
    case IR_BLOCK_THINKING:
        put_quoted(out, " ", b->thinking.text);
        put_quoted(out, " signed ", b->thinking.signature);
        break;
    case IR_BLOCK_SEALED:
        put_quoted(out, " ", b->sealed.data);
        break;
    case IR_BLOCK_IMAGE:
        put_source(out, &b->image.source);
        break;
    case IR_BLOCK_AUDIO:
        put_source(out, &b->audio.source);
        put_quoted(out, " says ", b->audio.transcript);
        break;
    case IR_BLOCK_DOCUMENT:
        put_source(out, &b->document.source);
        break;
    case IR_BLOCK_CALL:
        if (b->call.id.p)
            buf_printf(out, " %.*s %.*s", STR_ARG(b->call.id), STR_ARG(b->call.name));
        if (b->call.arguments.n)
            buf_printf(out, " %.*s", STR_ARG(b->call.arguments));
        break;
    case IR_BLOCK_RESULT:
        buf_printf(out, " %.*s (", STR_ARG(b->result.call));
        for (unsigned i = 0; i < b->result.blocks.n; i++) {
            buf_printf(out, "%s", i ? ", " : "");
            told_block(out, &b->result.blocks.v[i]);
        }
        buf_printf(out, ")");
        break;
    case IR_BLOCK_FOREIGN:
        buf_printf(out, " %.*s", STR_ARG(b->foreign.body));
        break;
    }
}

void
told_block(struct buf *out, const struct ir_block *b)
{
    buf_printf(out, "%s", told_kind(b->kind));
    put_content(out, b);
}

static void
put_usage(struct buf *out, const struct ir_usage *u)
{
    if (u->input.set || u->output.set)
        buf_printf(out, " %lld/%lld", (long long)u->input.v, (long long)u->output.v);
}

static void
put_event(struct buf *out, const struct ir_event *e)
{
    switch (e->kind) {
    case IR_EVENT_BEGIN:
        buf_printf(out, "begin %.*s %.*s", STR_ARG(e->reply->id), STR_ARG(e->reply->model));
        break;
    case IR_EVENT_OPEN:
        buf_printf(out, "open %u.%u %s", e->choice, e->index, told_kind(e->block->kind));
        if (e->block->kind == IR_BLOCK_CALL || e->block->kind == IR_BLOCK_SEALED)
            put_content(out, e->block);
        break;
    case IR_EVENT_GROW:
        buf_printf(out, "grow %u.%u", e->choice, e->index);
        put_content(out, e->block);
        break;
    case IR_EVENT_CLOSE:
        buf_printf(out, "close %u.%u", e->choice, e->index);
        break;
    case IR_EVENT_FINISH:
        buf_printf(out, "finish %u %s", e->choice, ir_stop_name(e->stop));
        put_quoted(out, " ", e->stop_text);
        put_usage(out, e->usage);
        break;
    case IR_EVENT_END:
        buf_printf(out, "end");
        break;
    case IR_EVENT_BEAT:
        buf_printf(out, "beat");
        break;
    case IR_EVENT_FAIL:
        buf_printf(out, "fail %s %.*s", ir_fault_name(e->error->kind), STR_ARG(e->error->message));
        break;
    }
    buf_putc(out, '\n');
}

void
told_event(void *told, const struct ir_event *e)
{
    struct told *t = told;
    t->begins += e->kind == IR_EVENT_BEGIN;
    t->ends += e->kind == IR_EVENT_END || e->kind == IR_EVENT_FAIL;
    ir_grammar_event(&t->grammar, e);
    ir_collector_event(&t->collector, e);
    put_event(&t->events, e);
}

/* The text as a C string; more may be appended afterwards. */
static const char *
terminated(struct buf *b)
{
    buf_putc(b, '\0');
    assert_int_equal(b->err, ERR_OK);
    b->n--;
    return b->p;
}

const char *
told_events(struct told *t)
{
    return terminated(&t->events);
}

static void
put_choice(struct buf *out, const struct ir_choice *c)
{
    for (unsigned i = 0; i < c->blocks.n; i++) {
        buf_printf(out, "%s", i ? ", " : "");
        told_block(out, &c->blocks.v[i]);
    }
    if (c->stop != IR_STOP_UNSET)
        buf_printf(out, "%s%s", c->blocks.n ? "; " : "", ir_stop_name(c->stop));
    buf_printf(out, " |");
}

const char *
told_summary(struct told *t)
{
    struct buf *out = &t->summary;
    const struct ir_collector *c = &t->collector;
    buf_clear(out);
    for (unsigned i = 0; i < c->reply.choices.n; i++) {
        put_choice(out, &c->reply.choices.v[i]);
        buf_putc(out, ' ');
    }
    if (c->reply.usage.input.set || c->reply.usage.output.set) {
        buf_printf(out, "%lld/%lld | ", (long long)c->reply.usage.input.v,
                   (long long)c->reply.usage.output.v);
    }
    if (c->failed)
        buf_printf(out, "fail %s: %.*s", ir_fault_name(c->error.kind), STR_ARG(c->error.message));
    else
        buf_printf(out, "%s", c->ended ? "end" : "open");
    return terminated(out);
}

void
told_check_grammar(const struct told *t)
{
    if (!ir_grammar_ok(&t->grammar))
        fail_msg("%s: %s\n%.*s", t->grammar.bad ? "bad word" : "unfinished word", t->grammar.why,
                 (int)t->events.n, t->events.p);
}
