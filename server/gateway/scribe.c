/* Texts without their secrets, and JSON made of such texts. */
#include "server/gateway/scribe.h"

#include <stdlib.h>

#include "runtime/json/doc.h"
#include "server/gateway/clock.h"
#include "server/gateway/transcript.h"
#include "server/log/log.h"

#define JSON_DEEP   64u
#define ARENA_MAX   ((size_t)8 << 20)
#define NUMBER_MAX  64u
#define PATTERNS_US 20000u /* of processor time for the operator's patterns */

void
scribe_begin(struct scribe *w, struct buf *out, const struct transcript_options *o)
{
    *w = (struct scribe){ .out = out, .opts = o, .left = o->most };
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

bool
scribe_end(struct scribe *w)
{
    buf_fini(&w->masked);
    buf_fini(&w->named);
    buf_fini(&w->shown);
    arena_fini(&w->arena);
    return w->cut;
}

/* --- texts --------------------------------------------------------------------------------- */

bool
scribe_spend(struct scribe *w, size_t n)
{
    bool fits = n <= w->left;
    w->cut |= !fits;
    w->left -= fits ? n : w->left;
    return fits;
}

/* How many bytes at the start of a text that may go on behind its end are sure to be judged right. */
typedef size_t judge(const struct scribe *w, struct str s);

static size_t
judge_known(const struct scribe *w, struct str s)
{
    return log_decided(w->opts->log, s);
}

static size_t
judge_like(const struct scribe *w, struct str s)
{
    struct redact_match m = { .at = 0 };
    if (w->opts->custom) /* nobody knows how much those have to see */
        return s.n < SCRIBE_BEHIND ? 0 : s.n - SCRIBE_BEHIND;
    while (redact_next_open(s, w->rules.which, m.at + m.n, &m) == REDACT_MATCH)
        ;
    return m.at;
}

/* The same as it is written and as escapes mean it. */
static size_t
decided(const struct scribe *w, struct str s, judge *sure_of)
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
mask(struct scribe *w, struct str s, bool *open)
{
    const struct log *log = w->opts->log;
    bool more = s.n > w->left + SCRIBE_BEHIND;
    *open = w->partial || more;
    s.n = more ? w->left + SCRIBE_BEHIND : s.n;
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
shown_as(struct scribe *w, struct str name, struct str s)
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
shown(struct scribe *w, struct str s)
{
    return shown_as(w, STR(""), s);
}

void
scribe_entry(struct scribe *w, const char *key, struct str s)
{
    if (s.p)
        otlp_str(w->out, OTLP_ELEMENT, key, shown(w, s));
}

void
scribe_word(struct scribe *w, const char *key, const char *value)
{
    otlp_str(w->out, OTLP_ELEMENT, key, str_from(value));
}

/* --- JSON ---------------------------------------------------------------------------------- */

struct json {
    struct json_doc doc;
    struct arena arena;
};

static bool
is_secret(struct scribe *w, struct str name, struct str value)
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
put_number(struct scribe *w, struct json *j, uint32_t at, struct str name, unsigned field)
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
put_json(struct scribe *w, struct json *j, uint32_t at, struct str name, unsigned field);

static void
put_object(struct scribe *w, struct json *j, uint32_t at, unsigned field)
{
    struct otlp_open map = otlp_map_begin(w->out, field);
    uint32_t last = j->doc.nodes[at].next;
    for (uint32_t key = at + 1; key < last && scribe_spend(w, SCRIBE_PART);
         key = j->doc.nodes[key + 1].next) {
        struct str name = json_text(&j->doc, key, &j->arena);
        size_t pair = otlp_entry_begin(w->out, OTLP_ELEMENT, shown(w, name));
        put_json(w, j, key + 1, name, OTLP_ENTRY_VALUE);
        pb_end(w->out, pair);
    }
    otlp_value_end(w->out, map);
}

static void
put_array(struct scribe *w, struct json *j, uint32_t at, struct str name, unsigned field)
{
    struct otlp_open list = otlp_list_begin(w->out, field);
    uint32_t last = j->doc.nodes[at].next;
    for (uint32_t k = at + 1; k < last && scribe_spend(w, SCRIBE_PART); k = j->doc.nodes[k].next)
        put_json(w, j, k, name, OTLP_ELEMENT);
    otlp_value_end(w->out, list);
}

/* The value of a member of that name, or in a list of one; no deeper than the document's depth_max. */
static void
put_json(struct scribe *w, struct json *j, uint32_t at, struct str name, unsigned field)
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

void
scribe_json(struct scribe *w, const char *key, struct str raw)
{
    struct json j;
    struct fault f;
    if (!raw.p)
        return;
    size_t pair = otlp_entry_begin(w->out, OTLP_ELEMENT, str_from(key));
    json_doc_init(&j.doc);
    j.doc.depth_max = JSON_DEEP;
    arena_init(&j.arena, ARENA_MAX);
    if (raw.n <= w->left + SCRIBE_BEHIND && !w->partial
        && json_doc_parse(&j.doc, raw, &f) == ERR_OK)
        put_json(w, &j, JSON_ROOT, STR(""), OTLP_ENTRY_VALUE);
    else
        otlp_value_str(w->out, OTLP_ENTRY_VALUE, shown(w, raw));
    arena_fini(&j.arena);
    json_doc_fini(&j.doc);
    pb_end(w->out, pair);
}
