/* Requests in words; see meaning.h. */
#include "tests/corpus/meaning.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/json/doc.h"

static void put_blocks(struct buf *out, const struct ir_request *m, const struct ir_blocks *l);

static void
put_source(struct buf *out, const char *kind, const struct ir_source *s)
{
    switch (s->kind) {
    case IR_SOURCE_BYTES:
        buf_printf(out, "  %s %.*s, %zu characters\n", kind, STR_ARG(s->bytes.media),
                   s->bytes.data.n);
        break;
    case IR_SOURCE_PLAIN:
        buf_printf(out, "  %s text %.*s\n", kind, STR_ARG(s->plain.text));
        break;
    case IR_SOURCE_URL:
        buf_printf(out, "  %s at %.*s\n", kind, STR_ARG(s->url.url));
        break;
    case IR_SOURCE_FILE:
        buf_printf(out, "  %s file\n", kind);
        break;
    case IR_SOURCE_UNSET:
        break;
    }
}

/* The name of the function whose call has this id. */
static struct str
called(const struct ir_request *m, struct str id)
{
    for (unsigned i = 0; i < m->turns.n; i++)
        for (unsigned k = 0; k < m->turns.v[i].blocks.n; k++) {
            const struct ir_block *b = &m->turns.v[i].blocks.v[k];
            if (b->kind == IR_BLOCK_CALL && str_eq(b->call.id, id))
                return b->call.name;
        }
    return STR("?");
}

/* {"name": ..., "content": [{"text": ...}]} */
static bool
put_unwrapped(struct buf *out, const struct ir_blocks *l)
{
    struct json_doc d;
    struct arena a;
    bool wrapped = false;
    if (l->n != 1 || l->v[0].kind != IR_BLOCK_TEXT)
        return false;
    arena_init(&a, 16 << 20);
    json_doc_init(&d);
    if (json_doc_parse(&d, l->v[0].text.text, NULL) == ERR_OK
        && json_kind(&d, JSON_ROOT) == JSON_OBJECT) {
        uint32_t content = json_member(&d, JSON_ROOT, STR("content"));
        bool list = content && json_kind(&d, content) == JSON_ARRAY
                    && json_member(&d, JSON_ROOT, STR("name"));
        for (uint32_t i = content + 1; list && i < d.nodes[content].next; i = d.nodes[i].next) {
            uint32_t text = json_kind(&d, i) == JSON_OBJECT ? json_member(&d, i, STR("text"))
                                                            : JSON_NONE;
            if (text)
                buf_printf(out, "  %.*s\n", STR_ARG(json_text(&d, text, &a)));
            wrapped = wrapped || text;
        }
    }
    json_doc_fini(&d);
    arena_fini(&a);
    return wrapped;
}

static void
put_block(struct buf *out, const struct ir_request *m, const struct ir_block *b)
{
    switch (b->kind) {
    case IR_BLOCK_TEXT:
        buf_printf(out, "  %.*s\n", STR_ARG(b->text.text));
        break;
    case IR_BLOCK_IMAGE:
        put_source(out, "image", &b->image.source);
        break;
    case IR_BLOCK_AUDIO:
        put_source(out, "audio", &b->audio.source);
        break;
    case IR_BLOCK_DOCUMENT:
        put_source(out, "document", &b->document.source);
        break;
    case IR_BLOCK_CALL:
        buf_printf(out, "  calls %.*s\n", STR_ARG(b->call.name));
        break;
    case IR_BLOCK_RESULT:
        buf_printf(out, "  result of %.*s:\n", STR_ARG(called(m, b->result.call)));
        if (!put_unwrapped(out, &b->result.blocks))
            put_blocks(out, m, &b->result.blocks);
        break;
    case IR_BLOCK_FOREIGN:
        buf_puts(out, STR("  something of its own\n"));
        break;
    case IR_BLOCK_REFUSAL:
    case IR_BLOCK_THINKING:
    case IR_BLOCK_SEALED:
    case IR_BLOCK_UNSET:
        break;
    }
}

static void
put_blocks(struct buf *out, const struct ir_request *m, const struct ir_blocks *l)
{
    for (unsigned i = 0; i < l->n; i++)
        put_block(out, m, &l->v[i]);
}

static bool
calls_something(const struct ir_turn *t)
{
    for (unsigned i = 0; i < t->blocks.n; i++)
        if (t->blocks.v[i].kind == IR_BLOCK_CALL)
            return true;
    return false;
}

static unsigned
count(const struct ir_blocks *l)
{
    unsigned n = 0;
    for (unsigned i = 0; i < l->n; i++)
        n += l->v[i].kind == IR_BLOCK_RESULT ? count(&l->v[i].result.blocks) : 1;
    return n;
}

static unsigned
told_in(const struct ir_turn *t)
{
    return t->role == IR_ROLE_ASSISTANT ? 0 : count(&t->blocks);
}

void
meaning_cut(struct ir_request *m, unsigned told)
{
    unsigned n = 0;
    for (unsigned i = 0; i < m->turns.n && n < told; i++)
        if ((n += told_in(&m->turns.v[i])) >= told)
            m->turns.n = i + 1;
}

static void
put_turn(struct buf *out, const struct ir_request *m, const struct ir_turn *t, enum ir_role before)
{
    static const char *const names[IR_ROLE_COUNT] = {
        [IR_ROLE_USER] = "user",
        [IR_ROLE_ASSISTANT] = "assistant",
        [IR_ROLE_SYSTEM] = "system",
    };
    if (t->role != before)
        buf_printf(out, "%s\n", names[t->role] ? names[t->role] : "nobody");
    if (t->role != IR_ROLE_ASSISTANT)
        put_blocks(out, m, &t->blocks);
    for (unsigned i = 0; t->role == IR_ROLE_ASSISTANT && i < t->blocks.n; i++)
        if (t->blocks.v[i].kind == IR_BLOCK_CALL)
            put_block(out, m, &t->blocks.v[i]);
}

static int
by_text(const void *a, const void *b)
{
    const struct str *s = a, *t = b;
    int order = memcmp(s->p, t->p, s->n < t->n ? s->n : t->n);
    return order ? order : (s->n > t->n) - (s->n < t->n);
}

/* The names of the parameters: what else a schema says, clients adapt to the provider. */
static void
put_parameters(struct buf *out, struct str schema)
{
    struct str names[64];
    unsigned n = 0;
    struct json_doc d;
    json_doc_init(&d);
    if (schema.n && json_doc_parse(&d, schema, NULL) == ERR_OK
        && json_kind(&d, JSON_ROOT) == JSON_OBJECT) {
        uint32_t p = json_member(&d, JSON_ROOT, STR("properties"));
        for (uint32_t i = p + 1; p && i < d.nodes[p].next && n < 64; i = d.nodes[i + 1].next)
            names[n++] = json_inner(&d, i);
    }
    qsort(names, n, sizeof names[0], by_text);
    for (unsigned i = 0; i < n; i++)
        buf_printf(out, " %.*s", STR_ARG(names[i]));
    json_doc_fini(&d);
}

unsigned
meaning_write(struct buf *out, const struct ir_request *m)
{
    enum ir_role before = IR_ROLE_UNSET;
    unsigned told = 0;
    static const char *const modes[IR_CHOICE_MODE_COUNT] = {
        [IR_CHOICE_MODE_REQUIRED] = "some",
        [IR_CHOICE_MODE_NAMED] = "one",
        [IR_CHOICE_MODE_NONE] = "none",
    };
    buf_puts(out, STR("instructions\n"));
    put_blocks(out, m, &m->instructions);
    for (unsigned i = 0; i < m->turns.n; i++) {
        const struct ir_turn *t = &m->turns.v[i];
        if (t->role == IR_ROLE_ASSISTANT && !calls_something(t))
            continue;
        put_turn(out, m, t, before);
        before = t->role;
        told += told_in(t);
    }
    for (unsigned i = 0; i < m->tools.n; i++) {
        const struct ir_tool *t = &m->tools.v[i];
        if (t->kind != IR_TOOL_FUNCTION)
            continue;
        buf_printf(out, "tool %.*s (%.*s)", STR_ARG(t->function.name),
                   STR_ARG(t->function.description));
        put_parameters(out, t->function.schema);
        buf_puts(out, STR("\n"));
    }
    const char *mode = modes[m->tool_choice.mode];
    if (mode)
        buf_printf(out, "must call %s %.*s\n", mode, STR_ARG(m->tool_choice.name));
    return told;
}
