/* From a request to what routes go by. */
#include "server/gateway/wants.h"

#include "runtime/ir/reply.h"
#include "runtime/json/doc.h"
#include "runtime/route/key.h"
#include "runtime/xd/seal.h"
#include "runtime/xd/seal_ids.h"

#define USUAL_OUTPUT 500 /* tokens: limits are often far above what is made */
#define TAGS_MAX     32
#define MARKS_MAX    8

static void
push_word(struct config_words *l, struct str word, unsigned most, struct arena *a)
{
    for (unsigned i = 0; i < l->n; i++)
        if (str_eq(l->v[i], word))
            return;
    if (!l->v)
        l->v = arena_alloc(a, most * sizeof *l->v);
    if (l->v && l->n < most)
        l->v[l->n++] = word;
}

static void
take_tags(struct config_words *tags, struct str list, struct arena *a)
{
    while (list.n) {
        const char *comma = memchr(list.p, ',', list.n);
        size_t n = comma ? (size_t)(comma - list.p) : list.n;
        struct str tag = str_trim(str_make(list.p, n));
        if (tag.n)
            push_word(tags, tag, TAGS_MAX, a);
        list = str_skip(list, comma ? n + 1 : n);
    }
}

/* What only its maker can read: with a mark it tells who that is. */
static void
take_seal(struct route_request *q, struct str seal, struct arena *a)
{
    if (seal_is_marked(seal))
        push_word(&q->marks, seal_mark(seal), MARKS_MAX, a);
    else if (seal.n)
        q->needs_home = true;
}

/* Seals that travel in a call's id are marked always. */
static void
take_carried(struct route_request *q, struct str id, struct arena *a)
{
    struct ir_blocks thoughts = { 0 };
    seal_ids_split(a, id, &thoughts);
    for (unsigned i = 0; i < thoughts.n; i++) {
        const struct ir_block *b = &thoughts.v[i];
        take_seal(q, b->kind == IR_BLOCK_SEALED ? b->sealed.data : b->thinking.signature, a);
    }
}

/* The account that has this file serves it. */
static void
take_source(struct route_request *q, const struct ir_source *s)
{
    if (s->kind != IR_SOURCE_FILE)
        return;
    q->needs_home = true;
    q->bond = route_key_of(s->file.id);
}

static void
take_block(struct route_request *q, const struct ir_block *b, struct arena *a)
{
    switch (b->kind) {
    case IR_BLOCK_THINKING:
        take_seal(q, b->thinking.signature, a);
        break;
    case IR_BLOCK_SEALED:
        take_seal(q, b->sealed.data, a);
        break;
    case IR_BLOCK_TEXT:
        take_seal(q, b->text.signature, a);
        break;
    case IR_BLOCK_CALL:
        take_seal(q, b->call.signature, a);
        take_carried(q, b->call.id, a);
        break;
    case IR_BLOCK_IMAGE:
        take_source(q, &b->image.source);
        break;
    case IR_BLOCK_AUDIO:
        take_source(q, &b->audio.source);
        break;
    case IR_BLOCK_DOCUMENT:
        take_source(q, &b->document.source);
        break;
    case IR_BLOCK_UNSET:
    case IR_BLOCK_REFUSAL:
    case IR_BLOCK_RESULT:
    case IR_BLOCK_FOREIGN:
        break;
    }
}

uint64_t
wants_key(struct str id)
{
    return route_key_of(id);
}

void
wants_kept(struct route_request *q, struct str id)
{
    q->needs_home = true;
    q->bond = wants_key(id);
}

/* Members that name what an account keeps, such as the reply that the conversation goes on from. */
static void
take_names(struct route_request *q, const struct ir_rest *rest)
{
    for (unsigned i = 0; i < rest->n; i++) {
        struct str v = rest->v[i].value;
        if (v.n > 2 && v.p[0] == '"' && xd_refusal_of(&rest->v[i]))
            wants_kept(q, str_make(v.p + 1, v.n - 2));
    }
}

/* `"metadata": {"tags": ["a", "b"]}`, or `"tags": "a, b"`. */
static void
take_metadata(struct route_request *q, struct str object, struct arena *a)
{
    struct json_doc d;
    struct fault f;
    json_doc_init(&d);
    bool ok = json_doc_parse(&d, object, &f) == ERR_OK && json_kind(&d, JSON_ROOT) == JSON_OBJECT;
    uint32_t tags = ok ? json_member(&d, JSON_ROOT, STR("tags")) : 0;
    if (tags && json_kind(&d, tags) == JSON_STRING)
        take_tags(&q->tags, json_text(&d, tags, a), a);
    if (tags && json_kind(&d, tags) == JSON_ARRAY)
        for (uint32_t i = tags + 1; i < d.nodes[tags].next; i = d.nodes[i].next)
            if (json_kind(&d, i) == JSON_STRING)
                push_word(&q->tags, json_text(&d, i, a), TAGS_MAX, a);
    json_doc_fini(&d);
}

static void
take_chat(struct route_request *q, const struct ir_request *m, struct arena *a)
{
    bool limited = m->max_output.set && m->max_output.v < USUAL_OUTPUT;
    q->ask.key = q->bond = route_key(m);
    q->ask.tokens_out = limited ? (double)m->max_output.v : USUAL_OUTPUT;
    for (unsigned i = 0; i < m->turns.n; i++)
        for (unsigned k = 0; k < m->turns.v[i].blocks.n; k++)
            take_block(q, &m->turns.v[i].blocks.v[k], a);
    take_names(q, &m->rest);
    for (unsigned i = 0; i < m->rest.n; i++)
        if (str_is(m->rest.v[i].key, "metadata") && !*m->rest.v[i].container)
            take_metadata(q, m->rest.v[i].value, a);
}

void
wants_of(struct route_request *q, const struct xd_ask *ask, const struct http_head *head,
         size_t body_bytes, struct str model, struct arena *a)
{
    *q = (struct route_request){ .asked = model };
    q->ask.tokens_in = (double)body_bytes / IR_BYTES_A_TOKEN;
    take_tags(&q->tags, http_head_get(head, WANTS_TAGS_HEADER), a);
    if (ask->kind == XD_OP_CHAT)
        take_chat(q, &ask->chat, a);
}
