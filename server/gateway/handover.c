/* State to text and back. */
#include "server/gateway/handover.h"

#include <inttypes.h>
#include <stdio.h>

#include "runtime/base/digits.h"
#include "runtime/json/doc.h"
#include "runtime/json/writer.h"
#include "server/gateway/handover_field.h"

#define MAGIC     "llmux-state "
#define VERSION   "1"
#define HEAD_MOST 80
#define TAIL_MOST 64 /* behind the last guard or limit: what closes lists */
#define ARENA_MAX ((size_t)64 << 20)
/* Of a home: the number of its slot, and what lies there. */
#define SLOT_BYTES 4
#define HOME_BYTES (SLOT_BYTES + 16)
_Static_assert(ROUTE_MEMORY_SLOTS == 1u << 4 * SLOT_BYTES,
               "any number of so many digits is a slot");

/* FNV-1a: what comes by mistake, not by malice. */
static uint64_t
checksum(struct str s)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
    return h;
}

/* --- writing --------------------------------------------------------------------------------- */

struct writing {
    struct jw j;
    struct buf body;
    struct buf piece; /* a guard or a limit, until it is known to fit */
    uint64_t now;
    struct handover_rest *rest;
};

static void
put_str(struct jw *j, const char *key, struct str value)
{
    jw_key(j, str_from(key));
    jw_string(j, value);
}

/* Zeros go without saying. */
static void
put_fields(struct jw *j, const struct handover_field *v, const void *base)
{
    for (; v->name; v++) {
        int64_t value = handover_field_get(v, base);
        if (!value)
            continue;
        jw_key(j, str_from(v->name));
        jw_int(j, value);
    }
}

/* Up to the last bucket that is not empty. */
static void
put_histogram(struct jw *j, const char *key, const uint32_t v[LATENCY_BUCKETS])
{
    unsigned n = LATENCY_BUCKETS;
    while (n && !v[n - 1])
        n--;
    if (!n)
        return;
    jw_key(j, str_from(key));
    jw_array(j);
    for (unsigned i = 0; i < n; i++)
        jw_int(j, v[i] < LATENCY_KEPT ? v[i] : LATENCY_KEPT);
    jw_close(j);
}

static bool
has_room(const struct writing *w)
{
    return !w->piece.err && w->body.n + w->piece.n + TAIL_MOST <= w->body.cap;
}

/* Take the piece, if there is room; else count it, and keep its name if it is the first. */
static void
settle(struct writing *w, unsigned *left, const char *of, struct str name, struct str more)
{
    struct handover_rest *r = w->rest;
    bool fits = has_room(w);
    if (fits)
        jw_raw(&w->j, buf_str(&w->piece));
    else if (!r->count.guards && !r->count.limits)
        snprintf(r->first, sizeof r->first, "%s %.*s %.*s", of, STR_ARG(name), STR_ARG(more));
    if (!fits)
        ++*left;
}

static void
put_guard(void *ctx, struct guarded *x)
{
    struct writing *w = ctx;
    const struct guarded_name *name = guarded_name(x);
    struct guard_memory m = guarded_remember(x, w->now);
    struct jw j;
    buf_clear(&w->piece);
    jw_init(&j, &w->piece);
    jw_object(&j);
    put_str(&j, "account", name->account);
    put_str(&j, "model", name->model);
    put_str(&j, "breaker", str_from(breaker_state_name(m.breaker)));
    put_str(&j, "cause", str_from(cooldown_cause_name(m.cause)));
    put_fields(&j, handover_guard_fields, &m);
    put_histogram(&j, "first", m.first);
    put_histogram(&j, "whole", m.whole);
    jw_close(&j);
    settle(w, &w->rest->count.guards, "deployment", name->deployment, name->model);
}

static void
put_limit(void *ctx, enum limits_kind kind, struct str name, struct limited *x)
{
    struct writing *w = ctx;
    struct limiter_memory m = limits_remember(x, w->now);
    struct jw j;
    buf_clear(&w->piece);
    jw_init(&j, &w->piece);
    jw_object(&j);
    put_str(&j, "of", str_from(limits_kind_name(kind)));
    put_str(&j, "name", name);
    put_fields(&j, handover_limit_fields, &m);
    jw_close(&j);
    settle(w, &w->rest->count.limits, "limit of", str_from(limits_kind_name(kind)), name);
}

/* All, or none when there is no room for all. */
static void
put_homes(struct writing *w, struct route_memory *m)
{
    unsigned n = 0;
    buf_clear(&w->piece);
    for (unsigned i = 0; i < ROUTE_MEMORY_SLOTS; i++) {
        uint64_t word = route_memory_word(m, i);
        if (word)
            buf_printf(&w->piece, "%04x%016" PRIx64, i, word);
        n += word != 0;
    }
    if (has_room(w))
        put_str(&w->j, "homes", buf_str(&w->piece));
    else
        w->rest->count.homes = n;
}

static void
write_body(struct writing *w, const struct handover *h)
{
    jw_init(&w->j, &w->body);
    jw_object(&w->j);
    jw_key(&w->j, STR("guards"));
    jw_array(&w->j);
    guards_each(h->guards, put_guard, w);
    jw_close(&w->j);
    jw_key(&w->j, STR("limits"));
    jw_array(&w->j);
    limits_each(h->limits, put_limit, w);
    jw_close(&w->j);
    put_homes(w, h->homes);
    jw_close(&w->j);
}

enum err
handover_write(struct buf *out, const struct handover *h, uint64_t now, struct handover_rest *rest)
{
    struct writing w = { .now = now, .rest = rest };
    *rest = (struct handover_rest){ .count = { .guards = 0 } };
    buf_init(&w.body, out->cap - HEAD_MOST);
    buf_init(&w.piece, w.body.cap);
    write_body(&w, h);
    buf_printf(out, MAGIC VERSION " %zu %016" PRIx64 "\n", w.body.n, checksum(buf_str(&w.body)));
    buf_puts(out, buf_str(&w.body));
    enum err err = w.body.err ? w.body.err : out->err;
    buf_fini(&w.body);
    buf_fini(&w.piece);
    return err;
}

bool
handover_loss(enum err err, const struct handover_rest *rest, char out[HANDOVER_LOSS_ROOM])
{
    const struct handover_count *n = &rest->count;
    bool lost = err || n->guards || n->limits || n->homes;
    if (err)
        snprintf(out, HANDOVER_LOSS_ROOM, "out of memory: the new process begins anew");
    else if (lost)
        snprintf(out, HANDOVER_LOSS_ROOM,
                 "no room for %u deployment%s, %u limit%s and the homes of %u conversation%s%s%s",
                 n->guards, n->guards == 1 ? "" : "s", n->limits, n->limits == 1 ? "" : "s",
                 n->homes, n->homes == 1 ? "" : "s", rest->first[0] ? "; the first is the " : "",
                 rest->first);
    return lost;
}

/* --- reading --------------------------------------------------------------------------------- */

struct reading {
    struct json_doc doc;
    struct arena arena;
    const struct handover *to; /* NULL: only look whether all is well */
    uint64_t now;
    struct fault *f;
};

static enum err
bad(struct reading *r, uint32_t at, const char *why)
{
    char path[64];
    json_path(&r->doc, at, path, sizeof path);
    return fault_set(r->f, ERR_SYNTAX, 0, "state: %s: %s", path, why);
}

static enum err
read_text(struct reading *r, uint32_t object, const char *key, struct str *out)
{
    uint32_t at = json_member(&r->doc, object, str_from(key));
    if (!at || json_kind(&r->doc, at) != JSON_STRING)
        return bad(r, object, "a text is missing");
    *out = json_text(&r->doc, at, &r->arena);
    return out->p ? ERR_OK : fault_set(r->f, ERR_LIMIT, 0, "state: too large");
}

static enum err
read_fields(struct reading *r, uint32_t object, const struct handover_field *v, void *base)
{
    for (; v->name; v++) {
        uint32_t at = json_member(&r->doc, object, str_from(v->name));
        int64_t value = 0;
        if (!at)
            continue;
        if (json_kind(&r->doc, at) != JSON_NUMBER || !json_int(&r->doc, at, &value) || value < 0
            || value > handover_field_most(v))
            return bad(r, at, "no such number");
        handover_field_set(v, base, value);
    }
    return ERR_OK;
}

static enum err
read_histogram(struct reading *r, uint32_t object, const char *key, uint32_t v[LATENCY_BUCKETS])
{
    uint32_t list = json_member(&r->doc, object, str_from(key));
    unsigned n = 0;
    if (!list)
        return ERR_OK;
    if (json_kind(&r->doc, list) != JSON_ARRAY || json_count(&r->doc, list) > LATENCY_BUCKETS)
        return bad(r, list, "no histogram");
    for (uint32_t at = list + 1; at < r->doc.nodes[list].next; at = r->doc.nodes[at].next) {
        int64_t count = 0;
        if (json_kind(&r->doc, at) != JSON_NUMBER || !json_int(&r->doc, at, &count) || count < 0
            || count > LATENCY_KEPT)
            return bad(r, at, "no such number");
        v[n++] = (uint32_t)count;
    }
    return ERR_OK;
}

/* Which of n names is it; n: none. */
static unsigned
index_of(struct str word, unsigned n, const char *(*name)(unsigned i))
{
    unsigned i = 0;
    while (i < n && !str_is(word, name(i)))
        i++;
    return i;
}

static const char *
state_name(unsigned i)
{
    return breaker_state_name((enum breaker_state)i);
}

static const char *
cause_name(unsigned i)
{
    return cooldown_cause_name((enum cooldown_cause)i);
}

static const char *
kind_name(unsigned i)
{
    return limits_kind_name((enum limits_kind)i);
}

static enum err
read_guard(struct reading *r, uint32_t at)
{
    struct guard_memory m = { .failed = 0 };
    struct str account, model, state, cause;
    enum err err = read_text(r, at, "account", &account);
    if (!err)
        err = read_text(r, at, "model", &model);
    if (!err)
        err = read_text(r, at, "breaker", &state);
    if (!err)
        err = read_text(r, at, "cause", &cause);
    if (!err)
        err = read_fields(r, at, handover_guard_fields, &m);
    if (!err)
        err = read_histogram(r, at, "first", m.first);
    if (!err)
        err = read_histogram(r, at, "whole", m.whole);
    if (err)
        return err;
    m.breaker = (enum breaker_state)index_of(state, BREAKER_HALF_OPEN, state_name);
    m.cause = (enum cooldown_cause)index_of(cause, COOLDOWN_SPENT + 1, cause_name);
    if (m.breaker == BREAKER_HALF_OPEN || m.cause > COOLDOWN_SPENT)
        return bad(r, at, "a word is not known");
    if (r->to)
        guards_recall(r->to->guards, account, model, &m, r->now);
    return ERR_OK;
}

static enum err
read_limit(struct reading *r, uint32_t at)
{
    struct limiter_memory m = { .entered = 0 };
    struct str kind, name;
    enum err err = read_text(r, at, "of", &kind);
    if (!err)
        err = read_text(r, at, "name", &name);
    if (!err)
        err = read_fields(r, at, handover_limit_fields, &m);
    if (err)
        return err;
    unsigned i = index_of(kind, LIMITS_DEPLOYMENT + 1, kind_name);
    if (i > LIMITS_DEPLOYMENT)
        return bad(r, at, "a word is not known");
    if (r->to)
        limits_recall(r->to->limits, (enum limits_kind)i, name, &m, r->now);
    return ERR_OK;
}

static enum err
read_list(struct reading *r, const char *key, enum err (*read)(struct reading *r, uint32_t at),
          unsigned *count)
{
    uint32_t list = json_member(&r->doc, JSON_ROOT, str_from(key));
    if (!list || json_kind(&r->doc, list) != JSON_ARRAY)
        return bad(r, JSON_ROOT, "a list is missing");
    *count = 0;
    for (uint32_t at = list + 1; at < r->doc.nodes[list].next; at = r->doc.nodes[at].next) {
        if (json_kind(&r->doc, at) != JSON_OBJECT)
            return bad(r, at, "no object");
        enum err err = read(r, at);
        if (err)
            return err;
        ++*count;
    }
    return ERR_OK;
}

/* A state of an older version has none. */
static enum err
read_homes(struct reading *r, unsigned *count)
{
    uint32_t at = json_member(&r->doc, JSON_ROOT, STR("homes"));
    struct str text = { "", 0 };
    enum err err = at ? read_text(r, JSON_ROOT, "homes", &text) : ERR_OK;
    if (!err && text.n % HOME_BYTES != 0)
        err = bad(r, at, "it is cut off");
    for (*count = 0; !err && text.n; text = str_skip(text, HOME_BYTES), ++*count) {
        uint64_t slot, word;
        if (!digits_read_hex(str_make(text.p, SLOT_BYTES), &slot)
            || !digits_read_hex(str_make(text.p + SLOT_BYTES, HOME_BYTES - SLOT_BYTES), &word))
            err = bad(r, at, "no hexadecimal digits");
        else if (r->to)
            route_memory_recall(r->to->homes, (unsigned)slot, word);
    }
    return err;
}

static enum err
read_all(struct reading *r, struct handover_count *count)
{
    enum err err = read_list(r, "guards", read_guard, &count->guards);
    if (!err)
        err = read_list(r, "limits", read_limit, &count->limits);
    return err ? err : read_homes(r, &count->homes);
}

/* A word up to this byte, which is taken too; absent when that is not there. */
static struct str
take_word(struct str *s, char end)
{
    const char *at = s->n ? memchr(s->p, end, s->n) : NULL;
    if (!at)
        return (struct str){ NULL, 0 };
    struct str word = str_make(s->p, (size_t)(at - s->p));
    *s = str_skip(*s, word.n + 1);
    return word;
}

/* The body behind a head that fits it. */
static enum err
read_head(struct str *text, struct fault *f)
{
    if (!str_starts(*text, STR(MAGIC)))
        return fault_set(f, ERR_SYNTAX, 0, "state: no state");
    *text = str_skip(*text, STR(MAGIC).n);
    struct str version = take_word(text, ' '), length = take_word(text, ' '),
               sum = take_word(text, '\n');
    uint64_t n = 0;
    char want[20];
    if (version.p && !str_is(version, VERSION))
        return fault_set(f, ERR_UNSUPPORTED, 0, "state: it is of another version");
    if (!sum.p || !digits_read(length, &n) || n != text->n)
        return fault_set(f, ERR_SYNTAX, 0, "state: it is cut off");
    snprintf(want, sizeof want, "%016" PRIx64, checksum(*text));
    if (!str_is(sum, want))
        return fault_set(f, ERR_SYNTAX, 0, "state: its checksum is wrong");
    return ERR_OK;
}

enum err
handover_read(struct str text, const struct handover *h, uint64_t now, struct handover_count *count,
              struct fault *f)
{
    struct reading r = { .now = now, .f = f };
    enum err err = text.n > HANDOVER_BYTES_MAX ? fault_set(f, ERR_LIMIT, 0, "state: too large")
                                               : read_head(&text, f);
    *count = (struct handover_count){ .guards = 0 };
    if (err)
        return err;
    json_doc_init(&r.doc);
    arena_init(&r.arena, ARENA_MAX);
    err = json_doc_parse(&r.doc, text, f);
    if (!err && json_kind(&r.doc, JSON_ROOT) != JSON_OBJECT)
        err = bad(&r, JSON_ROOT, "no object");
    if (!err)
        err = read_all(&r, count);
    if (!err) {
        r.to = h;
        err = read_all(&r, count);
    }
    arena_fini(&r.arena);
    json_doc_fini(&r.doc);
    return err;
}
