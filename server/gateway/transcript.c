/* From conversations to attributes. */
#include "server/gateway/transcript.h"

#include <stdlib.h>

#include "runtime/json/doc.h"
#include "runtime/redact/search.h"
#include "runtime/xd/xd.h"
#include "server/gateway/clock.h"
#include "server/gateway/spans.h"
#include "server/log/log.h"
#include "server/trace/otlp_any.h"

#define PART_BYTES  16u /* what a part counts besides its texts */
#define JSON_DEEP   64u
#define ARENA_MAX   ((size_t)8 << 20)
#define NUMBER_MAX  64u
#define PATTERNS_US 20000u          /* of processor time for the operator's patterns */
#define BEHIND      REDACT_HELD_MAX /* bytes behind a cut that are searched, too */

struct writer {
    struct buf *out;
    const struct transcript_options *opts;
    struct redact_rules rules;
    size_t left; /* bytes that may still be shown */
    bool cut;
    bool partial; /* the last text of a list may have gone on, where it came from */
    struct buf masked, named, shown;
    struct xd xd; /* finds texts that stand in the request */
    struct arena arena;
};

static void
begin(struct writer *w, struct buf *out, const struct transcript_options *o)
{
    *w = (struct writer){ .out = out, .opts = o, .left = o->most };
    buf_init(&w->masked, ARENA_MAX);
    buf_init(&w->named, ARENA_MAX);
    buf_init(&w->shown, ARENA_MAX);
    arena_init(&w->arena, ARENA_MAX);
    w->rules = (struct redact_rules){
        .which = REDACT_ALL, .custom = o->custom, .mode = REDACT_MASK, .unfold = true
    };
    if (o->custom)
        w->rules.time = (struct redact_time){ clock_work_us, clock_work_us() + PATTERNS_US, NULL };
    w->xd.arena = &w->arena;
    w->xd.source = o->source;
    w->xd.verbatim_from = o->source ? XD_VERBATIM : 0;
}

static bool
end(struct writer *w)
{
    buf_fini(&w->masked);
    buf_fini(&w->named);
    buf_fini(&w->shown);
    arena_fini(&w->arena);
    return w->cut;
}

/* --- texts --------------------------------------------------------------------------------- */

/* May another part be told? */
static bool
spend(struct writer *w, size_t n)
{
    bool fits = n <= w->left;
    w->cut |= !fits;
    w->left -= fits ? n : w->left;
    return fits;
}

/* How many bytes at the start of a text that may go on behind its end are sure to be judged right. */
typedef size_t judge(const struct writer *w, struct str s);

static size_t
judge_known(const struct writer *w, struct str s)
{
    return log_decided(w->opts->log, s);
}

static size_t
judge_like(const struct writer *w, struct str s)
{
    struct redact_match m = { .at = 0 };
    if (w->opts->custom) /* nobody knows how much those have to see */
        return s.n < BEHIND ? 0 : s.n - BEHIND;
    while (redact_next_open(s, w->rules.which, m.at + m.n, &m) == REDACT_MATCH)
        ;
    return m.at;
}

/* The same as it is written and as escapes mean it. */
static size_t
decided(const struct writer *w, struct str s, judge *sure_of)
{
    struct redact_unfold u;
    s.n = redact_unfold_whole(s);
    size_t sure = sure_of(w, s);
    if (!redact_unfold_begin(&u, s))
        return sure;
    size_t meant = u.plain.err ? 0 : redact_unfold_place(&u, sure_of(w, buf_str(&u.plain)));
    redact_unfold_end(&u);
    return meant < sure ? meant : sure;
}

/* The text without the log's secrets, as much of it as may be needed; *open: it may go on behind that. */
static struct str
mask(struct writer *w, struct str s, bool *open)
{
    const struct log *log = w->opts->log;
    bool more = s.n > w->left + BEHIND;
    *open = w->partial || more;
    s.n = more ? w->left + BEHIND : s.n;
    size_t sure = log && *open ? decided(w, s, judge_known) : s.n;
    w->cut |= more || sure < s.n;
    if (log)
        log_mask(log, str_make(s.p, sure), &w->masked);
    else
        buf_puts(&w->masked, s);
    return buf_str(&w->masked);
}

/* What may be shown of a text that has this name, or none; until the next call. */
static struct str
shown_as(struct writer *w, struct str name, struct str s)
{
    bool open;
    buf_clear(&w->masked);
    buf_clear(&w->named);
    buf_clear(&w->shown);
    arena_reset(&w->arena);
    s = mask(w, xd_text(&w->xd, s), &open);
    struct redact_script t = name.n ? redact_script_named(name, s, &w->named)
                                    : redact_script_bare(s);
    size_t end = open ? decided(w, t.all, judge_like) : t.all.n;
    end = t.all.n - t.from > w->left && t.from + w->left < end ? t.from + w->left : end;
    (void)redact_text(&w->shown, &w->rules, t, end);
    w->cut |= end < t.all.n || w->arena.full || w->masked.err || w->named.err || w->shown.err;
    w->left -= w->shown.n < w->left ? w->shown.n : w->left;
    return w->shown.n ? buf_str(&w->shown) : STR("");
}

static struct str
shown(struct writer *w, struct str s)
{
    return shown_as(w, STR(""), s);
}

static void
entry(struct writer *w, const char *key, struct str s)
{
    if (s.p)
        otlp_str(w->out, OTLP_ELEMENT, key, shown(w, s));
}

/* A word of the conventions'. */
static void
word(struct writer *w, const char *key, const char *value)
{
    otlp_str(w->out, OTLP_ELEMENT, key, str_from(value));
}

/* --- JSON ---------------------------------------------------------------------------------- */

struct json {
    struct json_doc doc;
    struct arena arena;
};

static bool
is_secret(struct writer *w, struct str name, struct str value)
{
    struct redact_search search;
    struct redact_match m;
    buf_clear(&w->named);
    struct redact_script t = redact_script_named(name, value, &w->named);
    redact_search_begin(&search, &w->rules, t);
    bool found = redact_search_next(&search, t.from, &m) || search.err;
    redact_search_end(&search);
    return found;
}

/* As it is, unless it is a secret: cards have numbers. */
static void
put_number(struct writer *w, struct json *j, uint32_t at, struct str name, unsigned field)
{
    char copy[NUMBER_MAX] = "";
    int64_t v;
    struct str raw = json_raw(&j->doc, at);
    if (raw.n >= sizeof copy || is_secret(w, name, raw)) {
        otlp_value_str(w->out, field, shown_as(w, name, raw));
        return;
    }
    memcpy(copy, raw.p, raw.n);
    if (json_int(&j->doc, at, &v))
        otlp_value_int(w->out, field, v);
    else
        otlp_value_double(w->out, field, strtod(copy, NULL));
}

static void
put_json(struct writer *w, struct json *j, uint32_t at, struct str name, unsigned field);

static void
put_object(struct writer *w, struct json *j, uint32_t at, unsigned field)
{
    struct otlp_open map = otlp_map_begin(w->out, field);
    uint32_t last = j->doc.nodes[at].next;
    for (uint32_t key = at + 1; key < last && spend(w, PART_BYTES);
         key = j->doc.nodes[key + 1].next) {
        struct str name = json_text(&j->doc, key, &j->arena);
        size_t pair = otlp_entry_begin(w->out, OTLP_ELEMENT, shown(w, name));
        put_json(w, j, key + 1, name, OTLP_ENTRY_VALUE);
        pb_end(w->out, pair);
    }
    otlp_value_end(w->out, map);
}

static void
put_array(struct writer *w, struct json *j, uint32_t at, struct str name, unsigned field)
{
    struct otlp_open list = otlp_list_begin(w->out, field);
    uint32_t last = j->doc.nodes[at].next;
    for (uint32_t k = at + 1; k < last && spend(w, PART_BYTES); k = j->doc.nodes[k].next)
        put_json(w, j, k, name, OTLP_ELEMENT);
    otlp_value_end(w->out, list);
}

/* The value of a member of that name, or in a list of one; no deeper than the document's depth_max. */
static void
put_json(struct writer *w, struct json *j, uint32_t at, struct str name, unsigned field)
{
    switch (json_kind(&j->doc, at)) {
    case JSON_OBJECT:
        put_object(w, j, at, field);
        break;
    case JSON_ARRAY:
        put_array(w, j, at, name, field);
        break;
    case JSON_STRING:
        otlp_value_str(w->out, field, shown_as(w, name, json_text(&j->doc, at, &j->arena)));
        break;
    case JSON_NUMBER:
        put_number(w, j, at, name, field);
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        otlp_value_bool(w->out, field, json_kind(&j->doc, at) == JSON_TRUE);
        break;
    case JSON_NULL:
    case JSON_NONE:
        otlp_value_none(w->out, field);
        break;
    }
}

/* Arguments, schemas: as what they mean, or as a text when they are no JSON or too much of it. */
static void
json_entry(struct writer *w, const char *key, struct str raw)
{
    struct json j;
    struct fault f;
    if (!raw.p)
        return;
    size_t pair = otlp_entry_begin(w->out, OTLP_ELEMENT, str_from(key));
    json_doc_init(&j.doc);
    j.doc.depth_max = JSON_DEEP;
    arena_init(&j.arena, ARENA_MAX);
    if (raw.n <= w->left + BEHIND && !w->partial && json_doc_parse(&j.doc, raw, &f) == ERR_OK)
        put_json(w, &j, JSON_ROOT, STR(""), OTLP_ENTRY_VALUE);
    else
        otlp_value_str(w->out, OTLP_ENTRY_VALUE, shown(w, raw));
    arena_fini(&j.arena);
    json_doc_fini(&j.doc);
    pb_end(w->out, pair);
}

/* --- parts --------------------------------------------------------------------------------- */

static void put_parts(struct writer *w, const struct ir_blocks *l, unsigned field);

/* Where it lies, never what it is: bytes say nothing to people. */
static void
put_source(struct writer *w, const char *modality, const struct ir_source *s)
{
    static const char *const types[IR_SOURCE_COUNT] = { "media", "inline", "text", "uri", "file" };
    word(w, "type", types[s->kind]);
    word(w, "modality", modality);
    switch (s->kind) {
    case IR_SOURCE_UNSET:
        break;
    case IR_SOURCE_BYTES:
        entry(w, "mime_type", s->bytes.media);
        otlp_int(w->out, OTLP_ELEMENT, "base64_length", (int64_t)s->bytes.data.n);
        break;
    case IR_SOURCE_PLAIN:
        entry(w, "content", s->plain.text);
        break;
    case IR_SOURCE_URL:
        entry(w, "uri", s->url.url);
        entry(w, "mime_type", s->url.media);
        break;
    case IR_SOURCE_FILE:
        entry(w, "file_id", s->file.id);
        break;
    }
}

static void
put_result(struct writer *w, const struct ir_block *b)
{
    const struct ir_blocks *l = &b->result.blocks;
    word(w, "type", "tool_call_response");
    entry(w, "id", b->result.call);
    if (l->n == 1 && l->v[0].kind == IR_BLOCK_TEXT) {
        entry(w, "response", l->v[0].text.text);
        return;
    }
    size_t pair = otlp_entry_begin(w->out, OTLP_ELEMENT, STR("response"));
    put_parts(w, l, OTLP_ENTRY_VALUE);
    pb_end(w->out, pair);
}

static void
put_said(struct writer *w, const char *type, struct str text)
{
    word(w, "type", type);
    entry(w, "content", text.p ? text : STR(""));
}

static void
put_part(struct writer *w, const struct ir_block *b)
{
    switch (b->kind) {
    case IR_BLOCK_TEXT:
        put_said(w, "text", b->text.text);
        break;
    case IR_BLOCK_REFUSAL:
        put_said(w, "refusal", b->refusal.text);
        break;
    case IR_BLOCK_THINKING:
        put_said(w, "reasoning", b->thinking.text);
        break;
    case IR_BLOCK_IMAGE:
        put_source(w, "image", &b->image.source);
        break;
    case IR_BLOCK_AUDIO:
        put_source(w, "audio", &b->audio.source);
        entry(w, "transcript", b->audio.transcript);
        break;
    case IR_BLOCK_DOCUMENT:
        put_source(w, "document", &b->document.source);
        break;
    case IR_BLOCK_CALL:
        word(w, "type", "tool_call");
        entry(w, "id", b->call.id);
        entry(w, "name", b->call.name);
        json_entry(w, "arguments", b->call.arguments);
        break;
    case IR_BLOCK_RESULT:
        put_result(w, b);
        break;
    case IR_BLOCK_SEALED:
    case IR_BLOCK_UNSET:
        word(w, "type", "sealed");
        break;
    case IR_BLOCK_FOREIGN:
        word(w, "type", "other");
        break;
    }
}

/* A list of parts, as a value. */
static void
put_parts(struct writer *w, const struct ir_blocks *l, unsigned field)
{
    struct otlp_open list = otlp_list_begin(w->out, field);
    bool partial = w->partial;
    for (unsigned i = 0; i < l->n && spend(w, PART_BYTES); i++) {
        struct otlp_open part = otlp_map_begin(w->out, OTLP_ELEMENT);
        w->partial = partial && i + 1 == l->n;
        put_part(w, &l->v[i]);
        otlp_value_end(w->out, part);
    }
    w->partial = partial;
    otlp_value_end(w->out, list);
}

static void
put_message(struct writer *w, const char *role, const struct ir_blocks *l, struct str finish)
{
    struct otlp_open message = otlp_map_begin(w->out, OTLP_ELEMENT);
    word(w, "role", role);
    size_t parts = otlp_entry_begin(w->out, OTLP_ELEMENT, STR("parts"));
    put_parts(w, l, OTLP_ENTRY_VALUE);
    pb_end(w->out, parts);
    otlp_str(w->out, OTLP_ELEMENT, "finish_reason", finish);
    otlp_value_end(w->out, message);
}

/* --- requests ------------------------------------------------------------------------------ */

static const char *
role_of(const struct ir_turn *t, bool results)
{
    if (results)
        return "tool";
    return t->role == IR_ROLE_ASSISTANT ? "assistant"
           : t->role == IR_ROLE_SYSTEM  ? "system"
                                        : "user";
}

/* In the model, results stand in a turn of the user's; in the conventions they are the tools' messages. */
static void
put_turn(struct writer *w, const struct ir_turn *t)
{
    const struct ir_blocks *l = &t->blocks;
    for (unsigned from = 0, to; from < l->n && spend(w, PART_BYTES); from = to) {
        bool results = l->v[from].kind == IR_BLOCK_RESULT;
        for (to = from; to < l->n && (l->v[to].kind == IR_BLOCK_RESULT) == results;)
            to++;
        const struct ir_blocks run = { .v = l->v + from, .n = to - from };
        put_message(w, role_of(t, results), &run, (struct str){ NULL, 0 });
    }
}

static bool
tell_instructions(struct buf *out, const struct ir_request *r, const struct transcript_options *o)
{
    struct writer w;
    begin(&w, out, o);
    size_t pair = otlp_entry_begin(out, OTLP_SPAN_ATTRIBUTE, STR("gen_ai.system_instructions"));
    put_parts(&w, &r->instructions, OTLP_ENTRY_VALUE);
    pb_end(out, pair);
    return end(&w);
}

static bool
tell_turns(struct buf *out, const struct ir_request *r, const struct transcript_options *o)
{
    struct writer w;
    begin(&w, out, o);
    size_t pair = otlp_entry_begin(out, OTLP_SPAN_ATTRIBUTE, STR("gen_ai.input.messages"));
    struct otlp_open list = otlp_list_begin(out, OTLP_ENTRY_VALUE);
    for (unsigned i = 0; i < r->turns.n && spend(&w, 0); i++)
        put_turn(&w, &r->turns.v[i]);
    otlp_value_end(out, list);
    pb_end(out, pair);
    return end(&w);
}

static bool
tell_tools(struct buf *out, const struct ir_request *r, const struct transcript_options *o)
{
    struct writer w;
    begin(&w, out, o);
    size_t pair = otlp_entry_begin(out, OTLP_SPAN_ATTRIBUTE, STR("gen_ai.tool.definitions"));
    struct otlp_open list = otlp_list_begin(out, OTLP_ENTRY_VALUE);
    for (unsigned i = 0; i < r->tools.n && spend(&w, PART_BYTES); i++) {
        const struct ir_tool *t = &r->tools.v[i];
        bool ours = t->kind == IR_TOOL_FUNCTION;
        struct otlp_open tool = otlp_map_begin(out, OTLP_ELEMENT);
        word(&w, "type", ours ? "function" : "other");
        entry(&w, "name", ours ? t->function.name : t->foreign.dialect);
        if (ours) {
            entry(&w, "description", t->function.description);
            json_entry(&w, "parameters", t->function.schema);
        }
        otlp_value_end(out, tool);
    }
    otlp_value_end(out, list);
    pb_end(out, pair);
    return end(&w);
}

bool
transcript_request(struct buf *out, const struct ir_request *r, const struct transcript_options *o)
{
    bool cut = r->instructions.n && tell_instructions(out, r, o);
    cut |= tell_turns(out, r, o);
    cut |= r->tools.n && tell_tools(out, r, o);
    return cut;
}

/* --- replies ------------------------------------------------------------------------------- */

void
transcript_listen(struct transcript_reply *t, const struct transcript_options *o, struct arena *a)
{
    *t = (struct transcript_reply){ .room = o->most + BEHIND };
    ir_collector_init(&t->heard, a);
}

/* Of what a fragment adds, bytes of media are not wanted. */
static size_t
length_of(const struct ir_block *b)
{
    const struct str *spoken = ir_block_spoken(b);
    return spoken ? spoken->n : SIZE_MAX;
}

void
transcript_event(struct transcript_reply *t, const struct ir_event *e)
{
    size_t n = e->kind == IR_EVENT_GROW ? length_of(e->block) : PART_BYTES;
    if (e->kind != IR_EVENT_GROW && e->kind != IR_EVENT_OPEN) {
        ir_collector_event(&t->heard, e);
        return;
    }
    if (n == SIZE_MAX)
        return;
    /* Once something is missing, nothing may follow it: it would close the gap. */
    t->cut |= n > t->room;
    if (t->cut)
        return;
    t->room -= n;
    struct ir_event own = *e;
    const struct ir_block bare = { .kind = e->block->kind };
    if (e->kind == IR_EVENT_OPEN && length_of(e->block) == SIZE_MAX)
        own.block = &bare; /* its bytes may be many */
    ir_collector_event(&t->heard, &own);
    t->cut = t->heard.err != ERR_OK;
}

bool
transcript_said(struct buf *out, const struct transcript_reply *t,
                const struct transcript_options *o)
{
    struct writer w;
    begin(&w, out, o);
    const struct ir_choices *l = &t->heard.reply.choices;
    size_t pair = otlp_entry_begin(out, OTLP_SPAN_ATTRIBUTE, STR("gen_ai.output.messages"));
    struct otlp_open list = otlp_list_begin(out, OTLP_ENTRY_VALUE);
    for (unsigned i = 0; i < l->n && spend(&w, PART_BYTES); i++) {
        /* Of one that broke off, too, nobody knows how its last text would have gone on. */
        w.partial = t->cut || l->v[i].stop == IR_STOP_UNSET;
        put_message(&w, "assistant", &l->v[i].blocks, spans_finish_reason(l->v[i].stop));
    }
    otlp_value_end(out, list);
    pb_end(out, pair);
    w.cut |= t->cut;
    return end(&w);
}
