/* From the model back to the document. */
#include "server/gateway/content.h"

#define ENCODED_MIN  256u /* bytes of base64 and nothing else: no prose is like that */
#define ESCAPED_MOST 64u  /* closed texts with escapes that are looked for */

struct marker {
    const struct json_doc *doc;
    unsigned char *marks;
    unsigned escaped; /* closed texts that did not point into the document, so far */
};

/* --- places -------------------------------------------------------------------------------- */

/* The innermost node that holds this byte of the source. */
static uint32_t
node_at(const struct json_doc *d, size_t at)
{
    uint32_t low = 0, high = d->count; /* nodes[low] begins at or before it */
    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;
        if (d->nodes[mid].at <= at)
            low = mid;
        else
            high = mid;
    }
    return low;
}

static bool
is_in_source(const struct json_doc *d, struct str s)
{
    return s.p >= d->src && s.p < d->src + d->n;
}

static void
mark(struct marker *m, struct str s, enum content what)
{
    if (!s.p || !is_in_source(m->doc, s))
        return;
    uint32_t at = node_at(m->doc, (size_t)(s.p - m->doc->src));
    enum json_kind kind = json_kind(m->doc, at);
    if (what == CONTENT_TEXT && (kind == JSON_OBJECT || kind == JSON_ARRAY))
        what = CONTENT_DATA; /* results may be JSON */
    if (at)
        m->marks[at] = (unsigned char)what;
}

static void
mark_text(struct marker *m, struct str s)
{
    mark(m, s, CONTENT_TEXT);
}

/* What had escapes was copied: it is found by what it says. */
static void
mark_closed(struct marker *m, struct str s)
{
    const struct json_doc *d = m->doc;
    if (!s.n || is_in_source(d, s)) {
        mark(m, s, CONTENT_CLOSED);
        return;
    }
    if (m->escaped++ >= ESCAPED_MOST)
        return;
    for (uint32_t i = JSON_ROOT; i < d->count; i++)
        if (d->nodes[i].escaped && d->nodes[i].n > s.n && json_text_is(d, i, s))
            m->marks[i] = CONTENT_CLOSED;
}

/* --- the model ----------------------------------------------------------------------------- */

static void
mark_source(struct marker *m, const struct ir_source *s)
{
    switch (s->kind) {
    case IR_SOURCE_BYTES:
        mark_closed(m, s->bytes.data);
        mark_closed(m, s->bytes.media);
        break;
    case IR_SOURCE_PLAIN:
        mark_text(m, s->plain.text);
        break;
    case IR_SOURCE_URL:
        mark_closed(m, s->url.url);
        break;
    case IR_SOURCE_FILE:
        mark_closed(m, s->file.id);
        break;
    case IR_SOURCE_UNSET:
        break;
    }
}

static void mark_blocks(struct marker *m, const struct ir_blocks *l);

/* Thinking that its maker has signed must come back as it was; no value was put back in it. */
static void
mark_thinking(struct marker *m, const struct ir_block *b)
{
    if (b->thinking.signature.n) {
        mark_closed(m, b->thinking.text);
        mark_closed(m, b->thinking.signature);
    } else {
        mark_text(m, b->thinking.text);
    }
}

static void
mark_call(struct marker *m, const struct ir_block *b)
{
    mark_closed(m, b->call.id);
    mark_closed(m, b->call.name);
    mark_closed(m, b->call.signature);
    mark(m, b->call.arguments, CONTENT_DATA);
}

static void
mark_block(struct marker *m, const struct ir_block *b)
{
    switch (b->kind) {
    case IR_BLOCK_TEXT:
        mark_text(m, b->text.text);
        mark_closed(m, b->text.signature);
        break;
    case IR_BLOCK_REFUSAL:
        mark_text(m, b->refusal.text);
        break;
    case IR_BLOCK_THINKING:
        mark_thinking(m, b);
        break;
    case IR_BLOCK_SEALED:
        mark_closed(m, b->sealed.data);
        break;
    case IR_BLOCK_IMAGE:
        mark_source(m, &b->image.source);
        break;
    case IR_BLOCK_AUDIO:
        mark_source(m, &b->audio.source);
        mark_closed(m, b->audio.id);
        mark_text(m, b->audio.transcript);
        break;
    case IR_BLOCK_DOCUMENT:
        mark_source(m, &b->document.source);
        mark_text(m, b->document.title);
        mark_text(m, b->document.context);
        break;
    case IR_BLOCK_CALL:
        mark_call(m, b);
        break;
    case IR_BLOCK_RESULT:
        mark_closed(m, b->result.call);
        mark_closed(m, b->result.name);
        mark_blocks(m, &b->result.blocks);
        break;
    case IR_BLOCK_UNSET:
    case IR_BLOCK_FOREIGN:
        break;
    }
}

/* Blocks are in results, but not deeper. */
static void
mark_blocks(struct marker *m, const struct ir_blocks *l)
{
    for (unsigned i = 0; i < l->n; i++)
        mark_block(m, &l->v[i]);
}

static void
mark_tools(struct marker *m, const struct ir_tools *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        const struct ir_tool *t = &l->v[i];
        if (t->kind != IR_TOOL_FUNCTION)
            continue;
        mark_closed(m, t->function.name);
        mark_text(m, t->function.description);
        mark(m, t->function.schema, CONTENT_SCHEMA);
    }
}

static void
mark_chat(struct marker *m, const struct ir_request *q)
{
    mark_closed(m, q->model);
    mark_blocks(m, &q->instructions);
    for (unsigned i = 0; i < q->turns.n; i++)
        mark_blocks(m, &q->turns.v[i].blocks);
    mark_tools(m, &q->tools);
    mark_closed(m, q->tool_choice.name);
    mark_closed(m, q->format.name);
    mark(m, q->format.schema, CONTENT_SCHEMA);
}

static void
mark_embed(struct marker *m, const struct ir_embed_request *q)
{
    mark_closed(m, q->model);
    for (unsigned i = 0; i < q->inputs.n; i++) {
        const struct ir_input *input = &q->inputs.v[i];
        mark_closed(m, input->options.model);
        if (input->kind == IR_INPUT_TEXT)
            mark_text(m, input->text.text);
        if (input->kind == IR_INPUT_PARTS)
            mark_blocks(m, &input->parts.blocks);
    }
}

static void
mark_rerank(struct marker *m, const struct ir_rerank_request *q)
{
    mark_closed(m, q->model);
    mark_text(m, q->query);
    for (unsigned i = 0; i < q->documents.n; i++)
        mark_text(m, q->documents.v[i].text);
}

/* What passes is known by its model alone. */
static void
mark_passage(struct marker *m)
{
    bool is_object = m->doc->count > JSON_ROOT && json_kind(m->doc, JSON_ROOT) == JSON_OBJECT;
    uint32_t at = is_object ? json_member(m->doc, JSON_ROOT, STR("model")) : 0;
    if (at)
        m->marks[at] = CONTENT_CLOSED;
}

const unsigned char *
content_of(const struct json_doc *doc, const struct xd_ask *ask, struct arena *a)
{
    struct marker m = { .doc = doc, .marks = arena_alloc(a, doc->count + 1) };
    if (!m.marks)
        return NULL;
    switch (ask->kind) {
    case XD_OP_CHAT:
    case XD_OP_COUNT_TOKENS:
        mark_chat(&m, &ask->chat);
        break;
    case XD_OP_EMBEDDINGS:
        mark_embed(&m, &ask->embed);
        break;
    case XD_OP_RERANK:
        mark_rerank(&m, &ask->rerank);
        break;
    default:
        mark_passage(&m);
        break;
    }
    return m.marks;
}

/* --- strings ------------------------------------------------------------------------------- */

static bool
is_base64(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+'
           || c == '/' || c == '-' || c == '_' || c == '=';
}

bool
content_is_encoded(struct str text)
{
    size_t head = text.n < 200 ? text.n : 200;
    if (str_starts(text, STR("data:")) && memmem(text.p, head, ";base64,", 8))
        return true;
    if (text.n < ENCODED_MIN)
        return false;
    size_t i = 0;
    while (i < text.n && is_base64(text.p[i]))
        i++;
    return i == text.n;
}

bool
content_is_rule(struct str name)
{
    /* JSON Schema 2020-12, core and validation: names of types, of other members, of other places. */
    static const char *const rules[] = {
        "$ref", "$id",    "$schema", "$anchor",  "$dynamicRef",     "$dynamicAnchor",
        "type", "format", "pattern", "required", "contentEncoding", "contentMediaType",
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (str_is(name, rules[i]))
            return true;
    return false;
}
