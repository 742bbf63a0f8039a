/* From the model back to the document. */
#include "server/gateway/content.h"

#include "server/gateway/place.h"

#define ENCODED_MIN 256u /* bytes of base64 and nothing else: no prose is like that */
#define HEAD_MOST   128u /* of a data URL, before its bytes */
#define LOST_MOST   64u  /* texts that are nowhere, until no more are looked for */

struct marker {
    const struct json_doc *doc;
    unsigned char *marks;
    uint32_t last; /* the node that was found last: what had escapes is looked for near to it */
    unsigned lost; /* texts that were nowhere, so far */
};

/* --- places -------------------------------------------------------------------------------- */

static uint32_t
find(struct marker *m, uint32_t near, struct str s)
{
    uint32_t at = json_node_of(m->doc, s.p);
    if (at || !s.n || m->lost >= LOST_MOST)
        return at;
    at = place_near(m->doc, near, s, m->marks);
    m->lost += at == 0;
    return at;
}

static void
mark_at(struct marker *m, uint32_t at, enum content what)
{
    if (!at)
        return;
    enum json_kind kind = json_kind(m->doc, at);
    if (what == CONTENT_TEXT && (kind == JSON_OBJECT || kind == JSON_ARRAY))
        what = CONTENT_DATA; /* results may be JSON */
    m->marks[at] = (unsigned char)what;
    m->last = at;
}

static void
mark(struct marker *m, struct str s, enum content what)
{
    mark_at(m, find(m, m->last, s), what);
}

static void
mark_text(struct marker *m, struct str s)
{
    mark(m, s, CONTENT_TEXT);
}

static void
mark_closed(struct marker *m, struct str s)
{
    mark(m, s, CONTENT_CLOSED);
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
    struct str text = b->thinking.text;
    if (!b->thinking.signature.n) {
        mark_text(m, text);
        return;
    }
    /* Each is near to the other, whatever else says the same. */
    uint32_t seal = json_node_of(m->doc, b->thinking.signature.p);
    uint32_t at = find(m, seal ? seal : m->last, text);
    mark_at(m, at, CONTENT_CLOSED);
    mark_closed(m, b->thinking.signature);
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
    struct marker m = { .doc = doc, .marks = arena_alloc(a, doc->count + 1), .last = JSON_ROOT };
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
is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Nothing but base64 (RFC 4648): of either alphabet, but not of both, and padding at its end only. */
static bool
is_base64(struct str s)
{
    bool usual = false, safe = false;
    while (s.n && s.p[s.n - 1] == '=')
        s.n--;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (is_alnum(c))
            continue;
        usual |= c == '+' || c == '/';
        safe |= c == '-' || c == '_';
        if (!strchr("+/-_", c) || !c || (usual && safe))
            return false;
    }
    return true;
}

/* A data URL (RFC 2397) whose media type is one, and whose bytes are base64 to the end: *bytes. */
static bool
is_data_url(struct str s, struct str *bytes)
{
    static const struct str begins = STR_INIT("data:"), ends = STR_INIT(";base64,");
    size_t n = s.n < HEAD_MOST ? s.n : HEAD_MOST;
    const char *end = str_starts(s, begins) ? memmem(s.p, n, ends.p, ends.n) : NULL;
    if (!end)
        return false;
    for (const char *p = s.p + begins.n; p < end; p++)
        if (!is_alnum(*p) && !strchr("/+-.;=_", *p))
            return false;
    *bytes = str_skip(s, (size_t)(end - s.p) + ends.n);
    return true;
}

bool
content_is_encoded(struct str text)
{
    struct str bytes;
    if (is_data_url(text, &bytes))
        return is_base64(bytes) && !memchr(bytes.p, '-', bytes.n) && !memchr(bytes.p, '_', bytes.n);
    return text.n >= ENCODED_MIN && is_base64(text);
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
