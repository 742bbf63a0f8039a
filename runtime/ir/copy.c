/* Deep copies of what a reply is made of. */
#include "runtime/ir/reply.h"

/* Fields that ir_block_grow appends to must be made by arena_append alone: BY_GROWTH.  BORROWED
 * leaves them where they are. */
enum text_copy { BY_GROWTH, BORROWED };

static struct str
copy_text(struct arena *a, struct str s, enum text_copy how)
{
    if (how == BORROWED)
        return s;
    struct str to = { NULL, 0 };
    arena_append(a, &to, s);
    return to;
}

static struct ir_rest
copy_rest(struct arena *a, const struct ir_rest *r)
{
    struct ir_rest to = { 0 };
    for (unsigned i = 0; i < r->n; i++) {
        struct ir_rest_item *item = arena_push(a, (void **)&to.v, &to.n, &to.cap, sizeof *item);
        if (!item)
            break;
        *item = r->v[i];
        item->key = arena_str(a, item->key);
        item->value = arena_str(a, item->value);
    }
    return to;
}

static struct ir_source
copy_source(struct arena *a, const struct ir_source *s, enum text_copy how)
{
    struct ir_source to = *s;
    to.rest = copy_rest(a, &s->rest);
    switch (s->kind) {
    case IR_SOURCE_UNSET:
        break;
    case IR_SOURCE_BYTES:
        to.bytes.media = arena_str(a, s->bytes.media);
        to.bytes.data = copy_text(a, s->bytes.data, how);
        break;
    case IR_SOURCE_PLAIN:
        to.plain.text = copy_text(a, s->plain.text, how);
        break;
    case IR_SOURCE_URL:
        to.url.url = arena_str(a, s->url.url);
        to.url.media = arena_str(a, s->url.media);
        break;
    case IR_SOURCE_FILE:
        to.file.id = arena_str(a, s->file.id);
        break;
    }
    return to;
}

static struct ir_citation
copy_citation(struct arena *a, const struct ir_citation *c)
{
    struct ir_citation to = *c;
    to.rest = copy_rest(a, &c->rest);
    switch (c->kind) {
    case IR_CITATION_UNSET:
        break;
    case IR_CITATION_WEB:
        to.web.url = arena_str(a, c->web.url);
        to.web.title = arena_str(a, c->web.title);
        break;
    case IR_CITATION_FOREIGN:
        to.foreign.dialect = arena_str(a, c->foreign.dialect);
        to.foreign.body = copy_text(a, c->foreign.body, BY_GROWTH);
        break;
    }
    return to;
}

static struct ir_citations
copy_citations(struct arena *a, const struct ir_citations *l)
{
    struct ir_citations to = { 0 };
    for (unsigned i = 0; i < l->n; i++) {
        struct ir_citation *c = arena_push(a, (void **)&to.v, &to.n, &to.cap, sizeof *c);
        if (!c)
            break;
        *c = copy_citation(a, &l->v[i]);
    }
    return to;
}

static struct ir_blocks
copy_blocks(struct arena *a, const struct ir_blocks *l)
{
    struct ir_blocks to = { 0 };
    for (unsigned i = 0; i < l->n; i++) {
        struct ir_block *b = arena_push(a, (void **)&to.v, &to.n, &to.cap, sizeof *b);
        if (!b)
            break;
        *b = ir_block_copy(a, &l->v[i]);
    }
    return to;
}

static void
copy_case(struct arena *a, struct ir_block *to, const struct ir_block *b, enum text_copy how)
{
    switch (b->kind) {
    case IR_BLOCK_UNSET:
        break;
    case IR_BLOCK_TEXT:
        to->text.text = copy_text(a, b->text.text, how);
        to->text.citations = copy_citations(a, &b->text.citations);
        to->text.signature = copy_text(a, b->text.signature, how);
        break;
    case IR_BLOCK_REFUSAL:
        to->refusal.text = copy_text(a, b->refusal.text, how);
        break;
    case IR_BLOCK_THINKING:
        to->thinking.text = copy_text(a, b->thinking.text, how);
        to->thinking.signature = copy_text(a, b->thinking.signature, how);
        break;
    case IR_BLOCK_SEALED:
        to->sealed.data = copy_text(a, b->sealed.data, how);
        break;
    case IR_BLOCK_IMAGE:
        to->image.source = copy_source(a, &b->image.source, how);
        to->image.detail = arena_str(a, b->image.detail);
        break;
    case IR_BLOCK_AUDIO:
        to->audio.source = copy_source(a, &b->audio.source, how);
        to->audio.id = arena_str(a, b->audio.id);
        to->audio.transcript = copy_text(a, b->audio.transcript, how);
        break;
    case IR_BLOCK_DOCUMENT:
        to->document.source = copy_source(a, &b->document.source, how);
        to->document.title = arena_str(a, b->document.title);
        to->document.context = copy_text(a, b->document.context, how);
        break;
    case IR_BLOCK_CALL:
        to->call.id = arena_str(a, b->call.id);
        to->call.name = arena_str(a, b->call.name);
        to->call.arguments = copy_text(a, b->call.arguments, how);
        to->call.signature = copy_text(a, b->call.signature, how);
        break;
    case IR_BLOCK_RESULT:
        to->result.call = arena_str(a, b->result.call);
        to->result.name = arena_str(a, b->result.name);
        to->result.blocks = copy_blocks(a, &b->result.blocks);
        break;
    case IR_BLOCK_FOREIGN:
        to->foreign.dialect = arena_str(a, b->foreign.dialect);
        to->foreign.body = copy_text(a, b->foreign.body, how);
        break;
    }
}

static struct ir_block
copy_block(struct arena *a, const struct ir_block *b, enum text_copy how)
{
    struct ir_block to = *b;
    to.cache.ttl = arena_str(a, b->cache.ttl);
    to.cache.rest = copy_rest(a, &b->cache.rest);
    to.rest = copy_rest(a, &b->rest);
    copy_case(a, &to, b, how);
    return to;
}

struct ir_block
ir_block_copy(struct arena *a, const struct ir_block *b)
{
    return copy_block(a, b, BY_GROWTH);
}

bool
ir_block_extend(struct arena *a, struct ir_block *dst, const struct ir_block *frag)
{
    struct ir_block own = copy_block(a, frag, BORROWED);
    if (dst->kind != frag->kind || frag->kind == IR_BLOCK_FOREIGN)
        return true;
    if (own.kind == IR_BLOCK_AUDIO && own.audio.source.kind == IR_SOURCE_BYTES
        && dst->audio.source.kind == IR_SOURCE_BYTES) {
        if (!arena_append(a, &dst->audio.source.bytes.data, own.audio.source.bytes.data))
            return false;
        own.audio.source.kind = IR_SOURCE_UNSET;
    }
    return ir_block_grow(a, dst, &own) && !a->full;
}

struct ir_usage
ir_usage_copy(struct arena *a, const struct ir_usage *u)
{
    struct ir_usage to = *u;
    to.rest = copy_rest(a, &u->rest);
    return to;
}

struct ir_error
ir_error_copy(struct arena *a, const struct ir_error *e)
{
    struct ir_error to = *e;
    to.message = arena_str(a, e->message);
    to.code = arena_str(a, e->code);
    to.param = arena_str(a, e->param);
    to.request = arena_str(a, e->request);
    to.rest = copy_rest(a, &e->rest);
    return to;
}
