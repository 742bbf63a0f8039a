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
    case IR_BLOCK_UNSET: case IR_BLOCK_SEALED: case IR_BLOCK_IMAGE: case IR_BLOCK_AUDIO:
    case IR_BLOCK_DOCUMENT: case IR_BLOCK_RESULT: case IR_BLOCK_FOREIGN:
        break; /* they open as a whole */
    }
    return head;
}

bool
ir_block_tail(const struct ir_block *b, struct ir_block *tail)
{
    *tail = (struct ir_block){ .kind = b->kind };
    switch (b->kind) {
    case IR_BLOCK_TEXT:
        tail->text = b->text;
        return b->text.text.n || b->text.citations.n;
    case IR_BLOCK_REFUSAL:
        tail->refusal = b->refusal;
        return b->refusal.text.n;
    case IR_BLOCK_THINKING:
        tail->thinking = b->thinking;
        return b->thinking.text.n || b->thinking.signature.n;
    case IR_BLOCK_CALL:
        tail->call.arguments = b->call.arguments;
        return b->call.arguments.n;
    case IR_BLOCK_UNSET: case IR_BLOCK_SEALED: case IR_BLOCK_IMAGE: case IR_BLOCK_AUDIO:
    case IR_BLOCK_DOCUMENT: case IR_BLOCK_RESULT: case IR_BLOCK_FOREIGN:
        break;
    }
    return false;
}

bool
ir_block_is_empty(const struct ir_block *b)
{
    struct ir_block tail;
    bool wordy = b->kind == IR_BLOCK_TEXT || b->kind == IR_BLOCK_REFUSAL
        || b->kind == IR_BLOCK_THINKING;
    return wordy && !b->cache.set && b->rest.n == 0 && !ir_block_tail(b, &tail);
}
