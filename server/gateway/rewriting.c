/* Two walks over a document: what is to be hidden, and where it stands. */
#include "server/gateway/rewriting.h"

#include "runtime/json/text.h"
#include "runtime/redact/search.h"
#include "server/gateway/content.h"
#include "server/http/form.h"

#define NAME_MOST   512u /* bytes of a name, with its escapes: longer ones are not decoded */
#define NESTED_MOST 3u   /* JSON in strings of JSON */
#define TEXT_MAX    ((size_t)256 << 20) /* of one string, rewritten */

/* One document, or one that stands in a string of another. */
struct sheet {
    struct rewriting *w;
    const struct json_doc *doc;
    const unsigned char *marks; /* NULL: all is data */
    unsigned nested;
    struct buf *out; /* NULL: the first walk, that only looks */
    size_t done;     /* of the source, is in out */
    bool changed;
    enum err err;
};

/* --- texts --------------------------------------------------------------------------------- */

/* Whatever the second walk looks for: what the rules find, and values that they have found elsewhere.  Each of the two
 * is looked for again only when the one before has been passed. */
struct finder {
    const struct rewriting *w;
    struct redact_script script;
    struct redact_search rules;
    bool by_rule, by_value;
    struct redact_match rule, value;
};

static void
find_value(struct finder *f, size_t from)
{
    const struct vault_entry *e;
    f->by_value = vault_next_value(f->w->vault, f->script.all, from, &f->value.at, &e);
    if (f->by_value) {
        f->value.n = e->value.n;
        f->value.kind = e->kind;
    }
}

/* The value that is not before `from`: of those that begin before and go on behind it, the rest. */
static void
pass_value(struct finder *f, size_t from)
{
    size_t end = 0;
    while (f->by_value && f->value.at < from) {
        size_t own = f->value.at + f->value.n;
        end = own > end ? own : end;
        find_value(f, f->value.at + 1);
    }
    if (end <= from)
        return;
    f->by_value = true;
    f->value.at = from;
    f->value.n = end - from;
}

static void
find_begin(struct finder *f)
{
    redact_search_begin(&f->rules, f->w->rules, f->script);
    f->by_rule = redact_search_next(&f->rules, f->script.from, &f->rule);
    find_value(f, f->script.from);
}

/* What is replaced ends a word: is there a value right behind it, that was none of its own before? */
static bool
find_glued(const struct finder *f, size_t from, struct redact_match *m)
{
    const struct vault_entry *e = vault_value_at(f->w->vault, str_skip(f->script.all, from));
    if (!e || (f->by_rule && f->rule.at == from && f->rule.n >= e->value.n))
        return false;
    *m = (struct redact_match){ .at = from, .n = e->value.n, .kind = e->kind };
    return true;
}

/* The rule's match that is not before `from`: of one that begins there and goes on behind it, the rest. */
static void
pass_rule(struct finder *f, size_t from)
{
    size_t end = f->rule.at + f->rule.n;
    f->rule.at = from;
    f->rule.n = end > from ? end - from : 0;
    if (end <= from)
        f->by_rule = redact_search_next(&f->rules, from, &f->rule);
}

/* The next of both, the longer one where both begin.  Before `from`, if it is not the beginning, something was replaced. */
static bool
find_next(struct finder *f, size_t from, struct redact_match *m)
{
    if (f->by_rule && f->rule.at < from)
        pass_rule(f, from);
    if (f->by_value && f->value.at < from)
        pass_value(f, from);
    if (from > f->script.from && find_glued(f, from, m))
        return true;
    if (!f->by_rule && !f->by_value)
        return false;
    bool value = !f->by_rule
                 || (f->by_value
                     && (f->value.at < f->rule.at
                         || (f->value.at == f->rule.at && f->value.n > f->rule.n)));
    *m = value ? f->value : f->rule;
    return true;
}

static enum err
learn(struct rewriting *w, const struct redact_match *m, struct str value)
{
    struct buf stands;
    if (vault_of_value(w->vault, value))
        return ERR_OK;
    buf_init(&stands, VAULT_STANDS_MAX);
    redact_write(&stands, w->rules, m, value);
    enum err err = stands.err ? stands.err : vault_put(w->vault, m->kind, value, buf_str(&stands));
    buf_fini(&stands);
    return err;
}

/* What was not found to the end may hold anything. */
static void
end_search(struct sheet *s, struct redact_search *search)
{
    if (search->err && !s->err) {
        s->err = search->err;
        s->w->endless = search->err == ERR_LIMIT;
    }
    redact_search_end(search);
}

/* The first walk: put into the vault what the rules find. */
static bool
look(struct sheet *s, struct redact_script t, uint32_t at)
{
    struct redact_search search;
    struct redact_match m;
    redact_search_begin(&search, s->w->rules, t);
    for (size_t from = t.from; !s->err && redact_search_next(&search, from, &m);
         from = m.at + m.n) {
        if (!s->w->stop) {
            s->err = learn(s->w, &m, str_make(t.all.p + m.at, m.n));
            continue;
        }
        s->w->found = m;
        s->w->at = at;
        break;
    }
    end_search(s, &search);
    return s->w->at;
}

/* The second walk: append the text with what stands for the values; false, with nothing appended, if none stands
 * there. */
static bool
replace(struct sheet *s, struct redact_script t, struct buf *out)
{
    struct finder f = { .w = s->w, .script = t };
    struct redact_match m;
    size_t from = t.from;
    find_begin(&f);
    for (; find_next(&f, from, &m); from = m.at + m.n) {
        struct str value = str_make(t.all.p + m.at, m.n);
        const struct vault_entry *e = vault_of_value(s->w->vault, value);
        buf_put(out, t.all.p + from, m.at - from);
        if (e)
            buf_puts(out, e->stands);
        else
            redact_write(out, s->w->rules, &m, value);
        s->w->counts[m.kind]++;
    }
    if (from > t.from)
        buf_puts(out, str_skip(t.all, from));
    end_search(s, &f.rules);
    return from > t.from;
}

static void walk(struct sheet *s, uint32_t at, enum content what, uint32_t key);

/* Is it worth reading as JSON? */
static bool
may_be_json(struct str text)
{
    struct str t = str_trim(text);
    return t.n > 1
           && ((t.p[0] == '{' && t.p[t.n - 1] == '}') || (t.p[0] == '[' && t.p[t.n - 1] == ']'));
}

/* JSON in a string: true if it was that, and then *changed says whether out has it anew. */
static bool
rewrite_nested(struct sheet *outer, struct str text, uint32_t at, struct buf *out, bool *changed)
{
    struct json_doc doc;
    struct fault f;
    json_doc_init(&doc);
    bool ok = json_doc_parse(&doc, text, &f) == ERR_OK;
    struct sheet s = { .w = outer->w, .doc = &doc, .nested = outer->nested + 1, .out = out };
    if (ok) {
        walk(&s, JSON_ROOT, CONTENT_DATA, 0);
        if (outer->w->at && !out)
            outer->w->at = at; /* the place that the client knows */
        if (s.changed)
            buf_puts(out, str_skip(text, s.done));
        *changed = s.changed;
        outer->err = outer->err ? outer->err : s.err;
    }
    json_doc_fini(&doc);
    return ok;
}

static void
put_until(struct sheet *s, size_t at)
{
    buf_put(s->out, s->doc->src + s->done, at - s->done);
}

/* The text of a value behind the name of its member, if it has one; what is made of them lies in `room`. */
static struct redact_script
script_of(struct sheet *s, struct str text, uint32_t key, struct buf *room)
{
    struct str name = key ? json_inner(s->doc, key) : STR("");
    if (name.n <= NAME_MOST && name.n)
        name = json_text(s->doc, key, s->w->arena);
    return name.n ? redact_script_named(name, text, room) : redact_script_bare(text);
}

/* The text of node `at`, of a member of that name or of none; *anew gets it with what is replaced, if anything is. */
static bool
rewrite_text(struct sheet *s, uint32_t at, struct str text, uint32_t key, struct buf *anew)
{
    bool changed = false;
    if (json_kind(s->doc, at) == JSON_STRING && s->nested < NESTED_MOST && may_be_json(text)
        && rewrite_nested(s, text, at, s->out ? anew : NULL, &changed))
        return changed;
    struct buf room;
    buf_init(&room, TEXT_MAX);
    struct redact_script t = script_of(s, text, key, &room);
    s->err = s->err ? s->err : room.err;
    if (s->out && !s->err)
        changed = replace(s, t, anew);
    else if (!s->err)
        look(s, t, at);
    buf_fini(&room);
    return changed;
}

/* Bytes that nobody reads: what looks like something in their midst is chance.  But a token may be all of it. */
static bool
is_encoded(struct sheet *s, struct str text, uint32_t key)
{
    struct redact_search search;
    struct redact_match m;
    struct buf room;
    if (!content_is_encoded(text))
        return false;
    buf_init(&room, TEXT_MAX);
    struct redact_script t = script_of(
        s, str_make(text.p, text.n < REDACT_HELD_MAX ? text.n : REDACT_HELD_MAX), key, &room);
    redact_search_begin(&search, s->w->rules, t);
    bool all = redact_search_next(&search, t.from, &m) && m.at == t.from && m.at + m.n == t.all.n;
    bool failed = room.err || search.err;
    redact_search_end(&search);
    buf_fini(&room);
    return !all && !failed;
}

/* A string, a name or a number: in the second walk as a string, if anything in it is replaced. */
static void
rewrite(struct sheet *s, uint32_t at, uint32_t key, bool maybe_encoded)
{
    const struct json_node *n = &s->doc->nodes[at];
    bool is_string = n->kind == JSON_STRING;
    struct str text = is_string ? json_text(s->doc, at, s->w->arena) : json_raw(s->doc, at);
    struct buf anew;
    if (!text.p) {
        s->err = ERR_LIMIT;
        return;
    }
    if (maybe_encoded && is_encoded(s, text, key))
        return;
    buf_init(&anew, TEXT_MAX);
    if (rewrite_text(s, at, text, key, &anew)) {
        put_until(s, n->at - is_string);
        buf_putc(s->out, '"');
        json_escape(s->out, buf_str(&anew));
        buf_putc(s->out, '"');
        s->done = n->at + n->n + is_string;
        s->changed = true;
    }
    s->err = s->err ? s->err : anew.err;
    buf_fini(&anew);
}

/* --- documents ----------------------------------------------------------------------------- */

static enum content
mark_of(const struct sheet *s, uint32_t at, enum content outer)
{
    bool closed = outer == CONTENT_CLOSED || outer == CONTENT_DATA || outer == CONTENT_SCHEMA;
    return closed || !s->marks || !s->marks[at] ? outer : (enum content)s->marks[at];
}

static void
walk_object(struct sheet *s, uint32_t at, enum content what)
{
    const struct json_node *nodes = s->doc->nodes;
    for (uint32_t key = at + 1; key < nodes[at].next && !s->err && !s->w->at;
         key = nodes[key + 1].next) {
        if (what == CONTENT_DATA)
            rewrite(s, key, 0, false);
        walk(s, key + 1, what, key);
    }
}

/* Is what the member of that name has, or a list of it, to be left alone in a schema? */
static bool
is_rule(const struct sheet *s, enum content what, uint32_t key)
{
    return what == CONTENT_SCHEMA && key && content_is_rule(json_inner(s->doc, key));
}

/* The node, which is of a member of that name, or in a list of one (0: of none). */
static void
walk(struct sheet *s, uint32_t at, enum content outer, uint32_t key)
{
    const struct json_node *n = &s->doc->nodes[at];
    enum content what = mark_of(s, at, outer);
    if (what == CONTENT_CLOSED || s->err || s->w->at)
        return;
    switch ((enum json_kind)n->kind) {
    case JSON_OBJECT:
        walk_object(s, at, what);
        break;
    case JSON_ARRAY:
        for (uint32_t i = at + 1; i < n->next && !s->err; i = s->doc->nodes[i].next)
            walk(s, i, what, key);
        break;
    case JSON_STRING:
        if (what == CONTENT_TEXT)
            rewrite(s, at, 0, false);
        else if (!is_rule(s, what, key))
            rewrite(s, at, key, true);
        break;
    case JSON_NUMBER:
        if (what == CONTENT_DATA)
            rewrite(s, at, key, false);
        break;
    case JSON_NONE:
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        break;
    }
}

enum err
rewriting_run(struct rewriting *w, const struct json_doc *doc, const unsigned char *marks,
              struct buf *out)
{
    struct sheet s = { .w = w, .doc = doc, .marks = marks };
    walk(&s, JSON_ROOT, CONTENT_UNKNOWN, 0);
    if (s.err || w->at || w->vault->n == 0)
        return s.err;
    s.err = vault_sort(w->vault);
    if (s.err)
        return s.err;
    s.out = out;
    walk(&s, JSON_ROOT, CONTENT_UNKNOWN, 0);
    if (s.changed)
        put_until(&s, doc->n);
    return s.err ? s.err : out->err;
}

/* --- forms --------------------------------------------------------------------------------- */

static bool
is_content(const struct form_part *part)
{
    return !part->is_file && !str_is(part->name, "model");
}

enum err
rewriting_run_form(struct rewriting *w, struct str body, struct str boundary, struct buf *out)
{
    struct sheet s = { .w = w };
    struct form_walk walker;
    struct form_part part;
    enum form_result result;
    form_begin(&walker, body, boundary);
    for (uint32_t i = 1; (result = form_next(&walker, &part)) == FORM_FOUND && !w->at; i++)
        if (is_content(&part) && look(&s, redact_script_bare(part.value), i))
            w->field = part.name;
    if (s.err || w->at || (result == FORM_MISSING && w->vault->n == 0))
        return s.err;
    if (result != FORM_MISSING)
        return ERR_SYNTAX;
    s.err = vault_sort(w->vault);
    if (s.err)
        return s.err;
    form_begin(&walker, body, boundary);
    size_t done = 0;
    while (form_next(&walker, &part) == FORM_FOUND) {
        size_t at = (size_t)(part.value.p - body.p);
        if (!is_content(&part))
            continue;
        buf_put(out, body.p + done, at - done);
        if (!replace(&s, redact_script_bare(part.value), out))
            buf_puts(out, part.value);
        done = at + part.value.n;
    }
    buf_puts(out, str_skip(body, done));
    return s.err ? s.err : out->err;
}
