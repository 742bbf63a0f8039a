/* Any bytes as a provider's stream: read whole and in pieces it must tell the same word of the
 * model's grammar, in valid UTF-8, and every dialect must be able to write it as frames of valid
 * JSON.
 *
 *   byte 0     the dialect
 *   byte 1, 2  the first cut
 *   byte 3     the size of the pieces after it
 *
 * A stream of binary messages is given as their lines (tests/lib/message_lines.h): what lies behind the
 * checksums is to be reached. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/utf8.h"
#include "runtime/ir/reply.h"
#include "runtime/json/text.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "tests/lib/message_lines.h"

#define OUT_MAX     (64u << 20)
#define WRITERS_MAX 16u

struct told {
    struct ir_grammar grammar;
    uint64_t hash;
    struct arena arena;
    struct buf out[WRITERS_MAX];
    struct xd_writer writers[WRITERS_MAX];
    unsigned n;
};

static void
check(bool ok, const char *why)
{
    if (ok)
        return;
    fprintf(stderr, "%s\n", why);
    abort();
}

static void
mix(struct told *t, const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        t->hash = (t->hash ^ ((const unsigned char *)p)[i]) * UINT64_C(0x100000001b3);
}

static void
mix_text(struct told *t, struct str s)
{
    check(utf8_valid(s.p, s.n) == s.n, "text that is not UTF-8");
    mix(t, s.p, s.n);
    mix(t, &s.n, sizeof s.n);
}

static void
mix_block(struct told *t, const struct ir_block *b)
{
    mix(t, &b->kind, sizeof b->kind);
    switch (b->kind) {
    case IR_BLOCK_TEXT:
        mix_text(t, b->text.text);
        break;
    case IR_BLOCK_REFUSAL:
        mix_text(t, b->refusal.text);
        break;
    case IR_BLOCK_THINKING:
        mix_text(t, b->thinking.text);
        mix_text(t, b->thinking.signature);
        break;
    case IR_BLOCK_SEALED:
        mix_text(t, b->sealed.data);
        break;
    case IR_BLOCK_CALL:
        mix_text(t, b->call.id);
        mix_text(t, b->call.name);
        mix_text(t, b->call.arguments);
        break;
    case IR_BLOCK_FOREIGN:
        mix_text(t, b->foreign.body);
        break;
    case IR_BLOCK_AUDIO:
        mix_text(t, b->audio.transcript);
        break;
    case IR_BLOCK_UNSET:
    case IR_BLOCK_IMAGE:
    case IR_BLOCK_DOCUMENT:
    case IR_BLOCK_RESULT:
        break;
    }
}

static void
on_event(void *ctx, const struct ir_event *e)
{
    struct told *t = ctx;
    ir_grammar_event(&t->grammar, e);
    check(!t->grammar.bad, t->grammar.why);
    mix(t, &e->kind, sizeof e->kind);
    mix(t, &e->choice, sizeof e->choice);
    mix(t, &e->index, sizeof e->index);
    if (e->kind == IR_EVENT_OPEN || e->kind == IR_EVENT_GROW)
        mix_block(t, e->block);
    if (e->kind == IR_EVENT_FAIL)
        mix_text(t, e->error->message);
    for (unsigned i = 0; i < t->n; i++)
        xd_writer_event(&t->writers[i], e);
}

/* What came in runs says the same as what came one by one. */
static bool
on_run(void *ctx, const struct ir_event *e, const struct xd_piece *texts, unsigned n)
{
    struct told *t = ctx;
    struct ir_block b = *e->block;
    struct ir_event one = *e;
    one.block = &b;
    for (unsigned i = 0; i < n; i++) {
        struct buf again;
        struct str text = json_unescape(&t->arena, texts[i].inner);
        buf_init(&again, OUT_MAX);
        json_escape(&again, text);
        check(!texts[i].alike || str_eq(buf_str(&again), texts[i].inner),
              "a text that is not ours");
        buf_fini(&again);
        *ir_block_text(&b) = text;
        on_event(t, &one);
    }
    return true;
}

static enum err
on_frame(void *ctx, const struct frame *e)
{
    struct json_doc *doc = ctx;
    struct fault fault;
    if (!e->data.p || str_is(e->data, "[DONE]"))
        return ERR_OK;
    if (json_doc_parse(doc, e->data, &fault) == ERR_SYNTAX)
        check(false, fault.text);
    return ERR_OK;
}

static void
check_frames(const struct xd_dialect *d, const struct buf *out)
{
    struct json_doc doc;
    struct framer f;
    json_doc_init(&doc);
    framer_init(&f, 1u << d->framing, d->framing, OUT_MAX, on_frame, &doc);
    check(framer_feed(&f, out->p, out->n) == ERR_OK && framer_end(&f) == ERR_OK,
          "frames that cannot be read");
    framer_fini(&f);
    json_doc_fini(&doc);
}

static uint64_t
run(const struct xd_dialect *d, struct str s, size_t first, size_t step, bool write)
{
    struct told *t = calloc(1, sizeof *t);
    struct xd_reader r;
    arena_init(&t->arena, OUT_MAX);
    for (unsigned i = 0; write && t->n < WRITERS_MAX && xd_registry[i]; i++) {
        if (xd_registry[i]->provider || !xd_op(xd_registry[i], XD_OP_CHAT))
            continue;
        buf_init(&t->out[t->n], OUT_MAX);
        xd_writer_init(&t->writers[t->n], xd_registry[i], XD_OP_CHAT, &t->arena, &t->out[t->n],
                       XD_USAGE_WRITE);
        t->n++;
    }
    xd_reader_init(&r, d, XD_OP_CHAT, &t->arena, on_event, t);
    r.run = write ? on_run : NULL;
    enum err err = ERR_OK;
    for (size_t n = first; s.n && !err; n = step) {
        n = n < s.n ? n : s.n;
        char *copy = malloc(n ? n : 1);
        memcpy(copy, s.p, n);
        err = xd_reader_feed(&r, copy, n);
        free(copy);
        s = str_skip(s, n);
    }
    enum err end = xd_reader_end(&r);
    check(!err || end == err, "an error that does not stay");
    check(ir_grammar_ok(&t->grammar), "a word that is not whole");
    check((t->grammar.state == IR_GRAMMAR_ENDED) == (end == ERR_OK), "an end that is none");
    xd_reader_fini(&r);
    for (unsigned i = 0; i < t->n; i++) {
        check_frames(t->writers[i].x.dialect, &t->out[i]);
        xd_writer_fini(&t->writers[i]);
        buf_fini(&t->out[i]);
    }
    uint64_t hash = t->hash ^ (uint64_t)end;
    arena_fini(&t->arena);
    free(t);
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    unsigned dialects = 0;
    struct buf messages;
    if (n < 4)
        return 0;
    while (xd_registry[dialects])
        dialects++;
    const struct xd_dialect *d = xd_registry[data[0] % dialects];
    struct str s = str_make((const char *)data + 4, n - 4);
    if (!xd_op(d, XD_OP_CHAT))
        return 0;
    buf_init(&messages, OUT_MAX);
    if (d->framing == FRAMING_EVENTSTREAM) {
        message_lines_write(&messages, s);
        s = buf_str(&messages);
    }
    size_t first = ((size_t)data[1] << 8 | data[2]) % (s.n + 1), step = (size_t)data[3] + 1;
    check(run(d, s, s.n, s.n, true) == run(d, s, first, step, false), "pieces tell another story");
    buf_fini(&messages);
    return 0;
}
