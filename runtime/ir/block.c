/* A block as it opens, and what it grows by. */
#include "runtime/ir/reply.h"

static const struct ir_citations no_citations;

struct ir_block
ir_block_head(const struct ir_block *b)
{
    struct ir_block head = *b;
    switch (b->kind) {
    case IR_BLOCK_TEXT:
        head.text.text = STR("");
        head.text.citations = no_citations;
        head.text.signature = (struct str){ NULL, 0 };
        break;
    case IR_BLOCK_REFUSAL:
        head.refusal.text = STR("");
        break;
    case IR_BLOCK_THINKING:
        head.thinking.text = STR("");
        head.thinking.signature = (struct str){ NULL, 0 };
        break;
    case IR_BLOCK_CALL:
        head.call.arguments = STR("");
        break;
    case IR_BLOCK_UNSET:
    case IR_BLOCK_SEALED:
    case IR_BLOCK_IMAGE:
    case IR_BLOCK_AUDIO:
    case IR_BLOCK_DOCUMENT:
    case IR_BLOCK_RESULT:
    case IR_BLOCK_FOREIGN:
        break; /* they open as a whole */
    }
    return head;
}

bool
ir_block_grows(const struct ir_block *b)
{
    switch (b->kind) {
    case IR_BLOCK_TEXT:
        return b->text.text.n || b->text.citations.n || b->text.signature.n;
    case IR_BLOCK_REFUSAL:
        return b->refusal.text.n;
    case IR_BLOCK_THINKING:
        return b->thinking.text.n || b->thinking.signature.n;
    case IR_BLOCK_CALL:
        return b->call.arguments.n;
    case IR_BLOCK_UNSET:
    case IR_BLOCK_SEALED:
    case IR_BLOCK_IMAGE:
    case IR_BLOCK_AUDIO:
    case IR_BLOCK_DOCUMENT:
    case IR_BLOCK_RESULT:
    case IR_BLOCK_FOREIGN:
        break;
    }
    return false;
}

/* In a tail what is empty is absent. */
static struct str
some(struct str s)
{
    return s.n ? s : (struct str){ NULL, 0 };
}

bool
ir_block_tail(const struct ir_block *b, struct ir_block *tail)
{
    *tail = (struct ir_block){ .kind = b->kind };
    switch (b->kind) {
    case IR_BLOCK_TEXT:
        tail->text.text = some(b->text.text);
        tail->text.citations = b->text.citations;
        tail->text.signature = some(b->text.signature);
        break;
    case IR_BLOCK_REFUSAL:
        tail->refusal.text = some(b->refusal.text);
        break;
    case IR_BLOCK_THINKING:
        tail->thinking.text = some(b->thinking.text);
        tail->thinking.signature = some(b->thinking.signature);
        break;
    case IR_BLOCK_CALL:
        tail->call.arguments = some(b->call.arguments);
        break;
    case IR_BLOCK_UNSET:
    case IR_BLOCK_SEALED:
    case IR_BLOCK_IMAGE:
    case IR_BLOCK_AUDIO:
    case IR_BLOCK_DOCUMENT:
    case IR_BLOCK_RESULT:
    case IR_BLOCK_FOREIGN:
        break;
    }
    return ir_block_grows(tail);
}

const struct str *
ir_block_spoken(const struct ir_block *b)
{
    switch (b->kind) {
    case IR_BLOCK_TEXT:
        return &b->text.text;
    case IR_BLOCK_REFUSAL:
        return &b->refusal.text;
    case IR_BLOCK_THINKING:
        return &b->thinking.text;
    case IR_BLOCK_CALL:
        return &b->call.arguments;
    case IR_BLOCK_UNSET:
    case IR_BLOCK_SEALED:
    case IR_BLOCK_IMAGE:
    case IR_BLOCK_AUDIO:
    case IR_BLOCK_DOCUMENT:
    case IR_BLOCK_RESULT:
    case IR_BLOCK_FOREIGN:
        break;
    }
    return NULL;
}

struct str *
ir_block_text(struct ir_block *b)
{
    bool more = b->cache.set || b->rest.n || b->kind == IR_BLOCK_CALL
                || (b->kind == IR_BLOCK_TEXT && (b->text.citations.n || b->text.signature.p))
                || (b->kind == IR_BLOCK_THINKING && b->thinking.signature.p);
    return more ? NULL : (struct str *)ir_block_spoken(b);
}

static bool
has_no_bytes(const struct ir_source *s)
{
    return s->kind == IR_SOURCE_UNSET || (s->kind == IR_SOURCE_BYTES && !s->bytes.data.n);
}

bool
ir_block_is_empty(const struct ir_block *b)
{
    if (b->cache.set)
        return false;
    switch (b->kind) {
    case IR_BLOCK_TEXT:
    case IR_BLOCK_REFUSAL:
    case IR_BLOCK_THINKING:
        return !ir_block_grows(b);
    case IR_BLOCK_CALL:
        return !b->call.id.n && !b->call.name.n && !b->call.arguments.n;
    case IR_BLOCK_AUDIO:
        return !b->audio.id.n && !b->audio.transcript.n && has_no_bytes(&b->audio.source);
    case IR_BLOCK_UNSET:
    case IR_BLOCK_SEALED:
    case IR_BLOCK_IMAGE:
    case IR_BLOCK_DOCUMENT:
    case IR_BLOCK_RESULT:
    case IR_BLOCK_FOREIGN:
        break;
    }
    return false;
}
