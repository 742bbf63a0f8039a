/* Hashing what a conversation began with. */
#include "runtime/route/key.h"

#include <string.h>

/* Bytes of a text that count, and blocks of a turn. */
#define TEXT_MAX   1024
#define BLOCKS_MAX 8
#define START      UINT64_C(0x2545f4914f6cdd1d)

/* Two multiplications folded (as wyhash does): eight bytes a step. */
static uint64_t
fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)(a ^ UINT64_C(0x9e3779b97f4a7c15))
                                * (b ^ UINT64_C(0xe7037ed1a0b428db));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t
add_text(uint64_t h, struct str s)
{
    size_t n = s.n < TEXT_MAX ? s.n : TEXT_MAX, at = 0;
    uint64_t word;
    for (; n - at >= sizeof word; at += sizeof word) {
        memcpy(&word, s.p + at, sizeof word);
        h = fold(h, word);
    }
    word = 0;
    if (n > at)
        memcpy(&word, s.p + at, n - at);
    return fold(h ^ n, word);
}

static uint64_t
add_source(uint64_t h, const struct ir_source *s)
{
    switch (s->kind) {
    case IR_SOURCE_BYTES:
        return add_text(h, s->bytes.data);
    case IR_SOURCE_PLAIN:
        return add_text(h, s->plain.text);
    case IR_SOURCE_URL:
        return add_text(h, s->url.url);
    case IR_SOURCE_FILE:
        return add_text(h, s->file.id);
    case IR_SOURCE_UNSET:
        break;
    }
    return h;
}

static uint64_t
add_block(uint64_t h, const struct ir_block *b)
{
    switch (b->kind) {
    case IR_BLOCK_TEXT:
        return add_text(h, b->text.text);
    case IR_BLOCK_IMAGE:
        return add_source(h, &b->image.source);
    case IR_BLOCK_AUDIO:
        return add_source(h, &b->audio.source);
    case IR_BLOCK_DOCUMENT:
        return add_source(h, &b->document.source);
    case IR_BLOCK_UNSET:
    case IR_BLOCK_REFUSAL:
    case IR_BLOCK_THINKING:
    case IR_BLOCK_SEALED:
    case IR_BLOCK_CALL:
    case IR_BLOCK_RESULT:
    case IR_BLOCK_FOREIGN:
        break;
    }
    return fold(h, b->kind);
}

static uint64_t
add_blocks(uint64_t h, const struct ir_blocks *l)
{
    for (unsigned i = 0; i < l->n && i < BLOCKS_MAX; i++)
        h = add_block(h, &l->v[i]);
    return h;
}

/* What the instructions are in other dialects: turns of the system before the first of the user. */
static uint64_t
add_first_turns(uint64_t h, const struct ir_turns *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        h = add_blocks(fold(h, l->v[i].role), &l->v[i].blocks);
        if (l->v[i].role == IR_ROLE_USER)
            break;
    }
    return h;
}

uint64_t
route_key(const struct ir_request *m)
{
    uint64_t h = START;
    h = m->cache_key.n ? add_text(h, m->cache_key) : add_blocks(h, &m->instructions);
    h = add_text(h, m->user);
    h = add_first_turns(h, &m->turns);
    return h ? h : 1;
}

uint64_t
route_key_of(struct str text)
{
    uint64_t h = add_text(START, text);
    return h ? h : 1;
}
