/* Words of the wire: tables to enums and strings, and the tags that choose a union's case. */
#include "runtime/base/utf8.h"
#include "runtime/xd/fault.h"

#define WORD_SHOWN 60u /* bytes of an unknown word that a message repeats */
#define LIST_MAX   (FAULT_TEXT - WORD_SHOWN - 40u)

/* Note in the coverage count that a table's row was of use. */
static void
count_row(int row, unsigned char *seen)
{
#ifdef XD_COUNT_ROWS
    if (seen && row >= 0)
        XD_SEEN(seen, row);
#else
    (void)row, (void)seen;
#endif
}

struct word_list {
    size_t n;
    char text[LIST_MAX];
};

/* `"a", "b"`: as many as fit. */
static void
list_word(struct word_list *l, struct str word)
{
    if (!word.p || word.n + 5 > sizeof l->text - l->n)
        return;
    if (l->n) {
        memcpy(l->text + l->n, ", ", 2);
        l->n += 2;
    }
    l->text[l->n++] = '"';
    memcpy(l->text + l->n, word.p, word.n);
    l->n += word.n;
    l->text[l->n++] = '"';
}

static void
fault_unknown(struct xd *x, uint32_t at, const struct word_list *l)
{
    struct str word = utf8_cut(json_inner(&x->doc, at), WORD_SHOWN);
    xd_fault(x, ERR_TYPE, at, "unknown value \"%.*s\", expected one of %.*s", STR_ARG(word),
             (int)l->n, l->text);
}

/* Is the value this word?  A bare one is a number, true or false. */
static bool
is_word(const struct json_doc *d, uint32_t at, struct str wire, bool bare)
{
    if (json_kind(d, at) == JSON_STRING)
        return !bare && json_text_is(d, at, wire);
    return bare && str_eq(json_raw(d, at), wire);
}

/* The row for a word that may be read, or NULL. */
static const struct xd_word *
find_word(const struct xd *x, uint32_t at, const struct xd_table *t)
{
    for (; t; t = t->base)
        for (unsigned i = 0; i < t->n; i++)
            if (t->v[i].read && t->v[i].wire.p
                && is_word(&x->doc, at, t->v[i].wire, t->v[i].bare)) {
                count_row(t->v[i].row, x->dialect ? x->dialect->seen_read : NULL);
                return &t->v[i];
            }
    return NULL;
}

/* What stands between the asterisks of a phrase; absent for other words. */
static struct str
phrase(const struct xd_word *w)
{
    bool is = w->wire.n > 2 && w->wire.p[0] == '*' && w->wire.p[w->wire.n - 1] == '*';
    return is ? str_make(w->wire.p + 1, w->wire.n - 2) : (struct str){ NULL, 0 };
}

static bool
contains_nocase(struct str s, struct str part)
{
    for (; s.n >= part.n; s = str_skip(s, 1))
        if (str_eq_nocase(str_make(s.p, part.n), part))
            return true;
    return false;
}

int
xd_phrase_in(const struct xd *x, struct str text, const struct xd_table *t)
{
    for (; t; t = t->base)
        for (unsigned i = 0; i < t->n; i++) {
            struct str part = t->v[i].read ? phrase(&t->v[i]) : (struct str){ NULL, 0 };
            if (!part.p || !contains_nocase(text, part))
                continue;
            count_row(t->v[i].row, x->dialect->seen_read);
            return t->v[i].value;
        }
    return 0;
}

int
xd_try_word(struct xd *x, uint32_t at, const struct xd_table *t)
{
    const struct xd_word *w = at ? find_word(x, at, t) : NULL;
    return w ? w->value : 0;
}

static int
unknown_word(struct xd *x, uint32_t at, const struct xd_table *t)
{
    if (x->mode == XD_LENIENT && json_inner(&x->doc, at).n == 0)
        return 0; /* some say "" where others say null */
    if (t->other >= 0) {
        count_row(t->other_row, x->dialect ? x->dialect->seen_read : NULL);
        return t->other;
    }
    if (x->mode == XD_LENIENT) {
        xd_lose_path(x, at);
        return 0;
    }
    struct word_list l = { 0 };
    for (; t; t = t->base)
        for (unsigned i = 0; i < t->n; i++)
            if (t->v[i].read && !phrase(&t->v[i]).p)
                list_word(&l, t->v[i].wire);
    fault_unknown(x, at, &l);
    return 0;
}

int
xd_read_word(struct xd *x, uint32_t at, const struct xd_table *t)
{
    if (!at || x->err)
        return 0;
    const struct xd_word *w = find_word(x, at, t);
    if (w)
        return w->value;
    return xd_want(x, at, JSON_STRING) ? unknown_word(x, at, t) : 0;
}

void
xd_read_pair(struct xd *x, uint32_t at, const struct xd_pairs *t, struct str *v)
{
    if (!at || x->err)
        return;
    for (unsigned i = 0; i < t->n; i++) {
        if (t->v[i].read && is_word(&x->doc, at, t->v[i].wire, t->v[i].bare)) {
            *v = t->v[i].model;
            count_row(t->v[i].row, x->dialect ? x->dialect->seen_read : NULL);
            return;
        }
    }
    xd_read_str(x, at, v);
}

const struct xd_word *
xd_word_row(const struct xd_table *t, int value)
{
    for (; t; t = t->base)
        for (unsigned i = 0; i < t->n; i++)
            if (t->v[i].write && t->v[i].value == value && t->v[i].wire.p)
                return &t->v[i];
    return NULL;
}

/* The row for a word outside of the document, or NULL. */
static const struct xd_word *
row_of_text(const struct xd *x, struct str word, const struct xd_table *t)
{
    for (; word.n && t; t = t->base)
        for (unsigned i = 0; i < t->n; i++)
            if (t->v[i].read && t->v[i].wire.p && str_eq(t->v[i].wire, word)) {
                count_row(t->v[i].row, x->dialect ? x->dialect->seen_read : NULL);
                return &t->v[i];
            }
    return NULL;
}

int
xd_word_value(const struct xd *x, struct str word, const struct xd_table *t)
{
    const struct xd_word *w = row_of_text(x, word, t);
    return w ? w->value : 0;
}

void
xd_frame_fault(struct xd *x, const struct xd_table *t, struct ir_error *e)
{
    const struct xd_word *w = row_of_text(x, x->word, t);
    if (!w)
        return;
    e->kind = (enum ir_fault)w->value;
    e->status = (struct ir_int){ w->status, w->status != 0 };
}

struct str
xd_word_said(const struct xd_dialect *d, const struct xd_table *t, int value)
{
    const struct xd_word *w = xd_word_row(t, value);
    if (w)
        count_row(w->row, d->seen_written);
    return w ? w->wire : (struct str){ NULL, 0 };
}

struct str
xd_word_of(const struct xd_table *t, int value)
{
    const struct xd_word *w = xd_word_row(t, value);
    return w ? w->wire : (struct str){ NULL, 0 };
}

static void
put(struct xd *x, struct str key, struct str word, bool bare)
{
    if (bare)
        xd_put_json(x, key, word);
    else
        xd_put_str(x, key, word);
}

bool
xd_put_word(struct xd *x, struct str key, const struct xd_table *t, int value)
{
    const struct xd_word *w = xd_word_row(t, value);
    if (w)
        count_row(w->row, x->dialect ? x->dialect->seen_written : NULL);
    put(x, key, w ? w->wire : (struct str){ NULL, 0 }, w && w->bare);
    return w != NULL;
}

int
xd_value_of(const struct xd_table *t, struct str word)
{
    for (; t; t = t->base)
        for (unsigned i = 0; i < t->n; i++)
            if (t->v[i].read && t->v[i].wire.p && str_eq(t->v[i].wire, word))
                return t->v[i].value;
    return 0;
}

void
xd_put_pair(struct xd *x, struct str key, const struct xd_pairs *t, struct str v)
{
    bool bare = false;
    for (unsigned i = 0; v.p && i < t->n; i++) {
        if (t->v[i].write && str_eq(t->v[i].model, v)) {
            v = t->v[i].wire;
            bare = t->v[i].bare;
            count_row(t->v[i].row, x->dialect ? x->dialect->seen_written : NULL);
            break;
        }
    }
    put(x, key, v, bare);
}

void
xd_read_pairs(struct xd *x, uint32_t at, const struct xd_pairs *t, struct ir_strs *v)
{
    if (!at || x->err || !xd_want(x, at, JSON_ARRAY))
        return;
    XD_EACH(x, i, at) {
        struct str word = { NULL, 0 };
        xd_read_pair(x, i, t, &word);
        struct str *to = word.p ? XD_PUSH(x, v) : NULL;
        if (to)
            *to = word;
    }
}

void
xd_put_pairs(struct xd *x, struct str key, const struct xd_pairs *t, const struct ir_strs *v)
{
    if (v->n == 0) {
        xd_no_key(x);
        return;
    }
    if (key.p)
        jw_key(&x->w, key);
    jw_array(&x->w);
    for (unsigned i = 0; i < v->n; i++)
        xd_put_pair(x, (struct str){ NULL, 0 }, t, v->v[i]);
    jw_close(&x->w);
}

static int
no_tag(struct xd *x, uint32_t at, const struct xd_tags *t)
{
    for (unsigned i = 0; i < t->n; i++)
        if (!t->v[i].wire.p)
            return t->v[i].tag;
    xd_missing(x, at, arena_printf(x->arena, "%.*s", STR_ARG(t->member)).p);
    return -1;
}

static int
unknown_tag(struct xd *x, uint32_t at, const struct xd_tags *t)
{
    if (t->other >= 0)
        return t->other;
    if (x->mode == XD_LENIENT) {
        struct str word = utf8_cut(json_inner(&x->doc, at), WORD_SHOWN);
        xd_lose_name(x, arena_printf(x->arena, "%.*s:%.*s", STR_ARG(t->member), STR_ARG(word)));
        return -1;
    }
    struct word_list l = { 0 };
    for (unsigned i = 0; i < t->n; i++)
        list_word(&l, t->v[i].wire);
    fault_unknown(x, at, &l);
    return -1;
}

int
xd_tag_or(struct xd *x, uint32_t at, const struct xd_tags *first, const struct xd_tags *other)
{
    bool has = json_kind(&x->doc, at) == JSON_OBJECT && json_member(&x->doc, at, first->member);
    return xd_tag(x, at, has ? first : other);
}

int
xd_event(struct xd *x, struct str name, const struct xd_tags *t)
{
    if (x->err || x->failed)
        return x->err ? -1 : t->other;
    for (unsigned i = 0; i < t->n; i++)
        if (str_eq(t->v[i].wire, name))
            return t->v[i].tag;
    xd_lose_name(x, arena_printf(x->arena, "event:%.*s", STR_ARG(utf8_cut(name, WORD_SHOWN))));
    return -1;
}

int
xd_tag(struct xd *x, uint32_t at, const struct xd_tags *t)
{
    if (x->err || !xd_want(x, at, JSON_OBJECT))
        return -1;
    uint32_t tag = json_member(&x->doc, at, t->member);
    if (!tag || json_kind(&x->doc, tag) == JSON_NULL)
        return no_tag(x, at, t);
    if (!xd_want(x, tag, JSON_STRING))
        return -1;
    for (unsigned i = 0; i < t->n; i++)
        if (t->v[i].wire.p && json_text_is(&x->doc, tag, t->v[i].wire))
            return t->v[i].tag;
    return unknown_tag(x, tag, t);
}
