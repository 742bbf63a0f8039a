/* Items that mean the same, by partition refinement: all items of one text start in one class, and a
 * class is split while two of its items refer to items of different classes. */
#include "codegen/share.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct item {
    struct str text, name;
    struct str key; /* the text with its own prefix taken out of the names */
    bool prototype; /* text declares the function `name` */
    unsigned *refs; /* items by index, in the order of the text */
    unsigned nrefs, cap;
    unsigned leader; /* the first item of its class */
};

struct share {
    struct arena *a;
    struct item *v;
    unsigned n, cap;
    unsigned *by_name; /* items that define something, sorted by name */
    unsigned names;
};

struct share *
share_create(struct arena *a)
{
    struct share *s = arena_alloc(a, sizeof *s);

    s->a = a;
    return s;
}

/* --- C as a row of names and what is between them --------------------------------------------- */

static bool
is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Cut the next piece off: a name, a string, a comment, or other characters.  True when it is a name. */
static bool
next_piece(struct str *rest, struct str *piece)
{
    struct str s = *rest;
    size_t n = 1;
    bool name = is_name_char(s.p[0]);

    if (name) {
        while (n < s.n && is_name_char(s.p[n]))
            n++;
    } else if (s.p[0] == '"') {
        while (n < s.n && s.p[n] != '"')
            n += s.p[n] == '\\' ? 2 : 1;
        n++;
    } else if (s.n > 1 && s.p[0] == '/' && s.p[1] == '*') {
        while (n + 1 < s.n && !(s.p[n] == '*' && s.p[n + 1] == '/'))
            n++;
        n += 2;
    } else {
        while (n < s.n && !is_name_char(s.p[n]) && s.p[n] != '"' && s.p[n] != '/')
            n++;
    }
    n = n < s.n ? n : s.n;
    *piece = str_make(s.p, n);
    *rest = str_skip(s, n);
    return name;
}

/* read_deepseek_part without deepseek_ */
static struct str
without_prefix(struct share *s, struct str name, struct str prefix)
{
    static const char *const verbs[] = { "read_", "write_", "take_", "put_" };

    if (prefix.n == 0)
        return name;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        struct str verb = str_from(verbs[i]);
        if (str_starts(name, verb) && str_starts(str_skip(name, verb.n), prefix))
            return arena_printf(s->a, "%s%.*s", verbs[i],
                                STR_ARG(str_skip(name, verb.n + prefix.n)));
    }
    return str_starts(name, prefix) ? str_skip(name, prefix.n) : name;
}

/* --- items --------------------------------------------------------------------------------------- */

static size_t
line_length(struct str s)
{
    const char *end = s.n ? memchr(s.p, '\n', s.n) : NULL;

    return end ? (size_t)(end - s.p) + 1 : s.n;
}

/* The length of the item at the beginning of the text: it ends with a line `}`, `};`, or with its
 * first line when that ends in `;`. */
static size_t
item_length(struct str text)
{
    size_t n = 0;
    bool begun = false;

    while (n < text.n) {
        struct str line = str_make(text.p + n, line_length(str_skip(text, n)));
        bool head = str_starts(line, STR("static "));
        n += line.n;
        begun = begun || head;
        struct str end = str_trim(line);
        if (begun && ((head && str_ends(end, STR(";"))) || line.p[0] == '}'))
            break;
    }
    return n;
}

/* `=`, `[` or `(` stand behind the name of what is defined. */
static bool
ends_name(struct str piece)
{
    return memchr(piece.p, '(', piece.n) || memchr(piece.p, '[', piece.n)
           || memchr(piece.p, '=', piece.n);
}

/* What the item defines: the name before `=`, `[` or `(`. */
static void
name_item(struct item *it)
{
    struct str rest = it->text, piece, last = { NULL, 0 };

    while (rest.n) {
        if (next_piece(&rest, &piece))
            last = piece;
        else if (piece.p[0] != '/' && piece.p[0] != '"' && ends_name(piece))
            break;
    }
    it->name = last;
    it->prototype = !memchr(it->text.p, '{', it->text.n) && !memchr(it->text.p, '=', it->text.n);
}

static struct str
key_of(struct share *s, struct str text, struct str prefix)
{
    struct str key = { NULL, 0 }, piece;

    while (text.n) {
        bool name = next_piece(&text, &piece);
        arena_append(s->a, &key, name ? without_prefix(s, piece, prefix) : piece);
    }
    return key;
}

void
share_add(struct share *s, struct str prefix, struct str text)
{
    while (str_trim(text).n) {
        size_t n = item_length(text);
        struct item *it = arena_push(s->a, (void **)&s->v, &s->n, &s->cap, sizeof *it);
        if (!it)
            return;
        it->text = str_make(text.p, n);
        text = str_skip(text, n);
        name_item(it);
        it->key = key_of(s, str_trim(it->text), prefix);
    }
}

/* --- classes --------------------------------------------------------------------------------------- */

/* The item of this name, or s->n. */
static unsigned
find(const struct share *s, struct str name)
{
    unsigned low = 0, high = s->names;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        int c = str_compare(s->v[s->by_name[middle]].name, name);
        if (c == 0)
            return s->by_name[middle];
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return s->n;
}

/* Merge sort, for qsort knows no context. */
static void
sort(struct share *s, unsigned *v, unsigned *spare, unsigned n)
{
    unsigned half = n / 2, i = 0, k = half;

    if (n < 2)
        return;
    sort(s, v, spare, half);
    sort(s, v + half, spare, n - half);
    for (unsigned out = 0; out < n; out++) {
        bool left = k == n || (i < half && str_compare(s->v[v[i]].name, s->v[v[k]].name) <= 0);
        spare[out] = left ? v[i++] : v[k++];
    }
    memcpy(v, spare, n * sizeof *v);
}

static void
index_names(struct share *s)
{
    unsigned *spare = arena_alloc(s->a, (s->n + 1) * sizeof *spare);

    s->by_name = arena_alloc(s->a, (s->n + 1) * sizeof *s->by_name);
    for (unsigned i = 0; i < s->n; i++)
        if (!s->v[i].prototype)
            s->by_name[s->names++] = i;
    sort(s, s->by_name, spare, s->names);
}

static void
find_refs(struct share *s, struct item *it)
{
    struct str rest = it->text, piece;

    while (rest.n) {
        bool name = next_piece(&rest, &piece);
        unsigned to = name ? find(s, piece) : s->n;
        unsigned *ref = to < s->n && &s->v[to] != it ? arena_push(s->a, (void **)&it->refs,
                                                                  &it->nrefs, &it->cap, sizeof *ref)
                                                     : NULL;
        if (ref)
            *ref = to;
    }
}

static bool
is_same(const struct share *s, const struct item *a, const struct item *b)
{
    if (a->nrefs != b->nrefs)
        return false;
    for (unsigned i = 0; i < a->nrefs; i++)
        if (s->v[a->refs[i]].leader != s->v[b->refs[i]].leader)
            return false;
    return true;
}

/* One round: true when a class was split. */
static bool
refine(struct share *s)
{
    unsigned *next = arena_alloc(s->a, (s->n + 1) * sizeof *next);
    bool split = false;

    for (unsigned i = 0; i < s->n; i++) {
        struct item *it = &s->v[i];
        next[i] = i;
        for (unsigned k = it->leader; k < i;
             k++) /* those before it that lead a part of the class */
            if (s->v[k].leader == it->leader && next[k] == k && is_same(s, it, &s->v[k])) {
                next[i] = k;
                break;
            }
        split = split || next[i] != it->leader;
    }
    for (unsigned i = 0; i < s->n; i++)
        s->v[i].leader = next[i];
    return split;
}

void
share_settle(struct share *s)
{
    index_names(s);
    for (unsigned i = 0; i < s->n; i++) {
        struct item *it = &s->v[i];
        find_refs(s, it);
        it->leader = i;
        for (unsigned k = 0; k < i; k++)
            if (s->v[k].leader == k && str_eq(s->v[k].key, it->key)) {
                it->leader = k;
                break;
            }
    }
    while (refine(s))
        ;
}

/* --- out --------------------------------------------------------------------------------------- */

void
share_rename(const struct share *s, struct str text, struct buf *out)
{
    struct str piece;

    while (text.n) {
        bool name = next_piece(&text, &piece);
        unsigned at = name ? find(s, piece) : s->n;
        buf_puts(out, at < s->n ? s->v[s->v[at].leader].name : piece);
    }
}

/* A prototype goes with its function. */
static bool
is_printed(const struct share *s, unsigned i)
{
    unsigned at = s->v[i].prototype ? find(s, s->v[i].name) : i;

    return at == s->n || s->v[at].leader == at;
}

void
share_print(const struct share *s, struct buf *out)
{
    for (unsigned i = 0; i < s->n; i++)
        if (is_printed(s, i))
            share_rename(s, s->v[i].text, out);
    buf_puts(out, STR("\n"));
}
