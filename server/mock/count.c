/* The emulator's tokenizer and bill. */
#include "server/mock/count.h"

size_t
mock_count(size_t n, unsigned token_bytes)
{
    return (n + token_bytes - 1) / token_bytes;
}

/* Where the count of a request stands, in bytes. */
struct tally {
    unsigned token_bytes;
    size_t bytes, marked;
    bool has_mark;
};

static void
add(struct tally *t, size_t bytes, const struct ir_cache *cache)
{
    t->bytes += bytes;
    if (cache && cache->set) {
        t->marked = t->bytes;
        t->has_mark = true;
    }
}

static void add_blocks(struct tally *t, const struct ir_blocks *l);

static void
add_block(struct tally *t, const struct ir_block *b)
{
    size_t n = 0;
    switch (b->kind) {
    case IR_BLOCK_TEXT:
        n = b->text.text.n;
        break;
    case IR_BLOCK_REFUSAL:
        n = b->refusal.text.n;
        break;
    case IR_BLOCK_THINKING:
        n = b->thinking.text.n;
        break;
    case IR_BLOCK_CALL:
        n = b->call.name.n + b->call.arguments.n;
        break;
    case IR_BLOCK_RESULT:
        add_blocks(t, &b->result.blocks);
        break;
    case IR_BLOCK_IMAGE:
    case IR_BLOCK_DOCUMENT:
    case IR_BLOCK_AUDIO:
        n = (size_t)MOCK_MEDIA_TOKENS * t->token_bytes;
        break;
    case IR_BLOCK_SEALED:
        n = b->sealed.data.n;
        break;
    case IR_BLOCK_FOREIGN:
        n = b->foreign.body.n;
        break;
    case IR_BLOCK_UNSET:
        break;
    }
    add(t, n, &b->cache);
}

static void
add_blocks(struct tally *t, const struct ir_blocks *l)
{
    for (unsigned i = 0; i < l->n; i++)
        add_block(t, &l->v[i]);
}

static void
add_tools(struct tally *t, const struct ir_tools *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        const struct ir_tool *tool = &l->v[i];
        size_t n = tool->kind == IR_TOOL_FUNCTION
                       ? tool->function.name.n + tool->function.description.n
                             + tool->function.schema.n
                       : tool->foreign.body.n;
        add(t, n, &tool->cache);
    }
}

static struct ir_int
tokens(size_t n)
{
    return (struct ir_int){ (int64_t)n, true };
}

static void
count_output(const struct ir_reply *r, unsigned token_bytes, struct ir_usage *u)
{
    size_t output = 0, thinking = 0;
    for (unsigned i = 0; i < r->choices.n; i++)
        for (unsigned k = 0; k < r->choices.v[i].blocks.n; k++) {
            const struct ir_block *b = &r->choices.v[i].blocks.v[k];
            struct tally t = { .token_bytes = token_bytes };
            add_block(&t, b);
            size_t n = mock_count(t.bytes, token_bytes);
            output += n;
            if (b->kind == IR_BLOCK_THINKING || b->kind == IR_BLOCK_SEALED)
                thinking += n;
        }
    u->output = tokens(output);
    if (thinking)
        u->thinking = tokens(thinking);
}

void
mock_count_usage(const struct ir_request *m, const struct ir_reply *r, unsigned token_bytes,
                 struct ir_usage *u)
{
    struct tally t = { .token_bytes = token_bytes };
    *u = (struct ir_usage){ .set = true };
    add_tools(&t, &m->tools);
    size_t tools = t.bytes;
    add_blocks(&t, &m->instructions);
    size_t cached = t.bytes - tools;
    for (unsigned i = 0; i < m->turns.n; i++)
        add_blocks(&t, &m->turns.v[i].blocks);
    if (t.has_mark)
        cached = t.marked;
    cached = mock_count(cached, token_bytes);
    u->input = tokens(mock_count(t.bytes, token_bytes) - cached);
    if (t.has_mark && m->turns.n == 1)
        u->cache_write = tokens(cached);
    else if (t.has_mark || cached)
        u->cache_read = tokens(cached);
    count_output(r, token_bytes, u);
}
