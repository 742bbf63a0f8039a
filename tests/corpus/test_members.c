/* Every member of every recording is carried or named: what is read in a dialect and written in it again has
 * the member with its value, or a loss says its name.  (What a gateway does not look at it copies; but what is read and
 * not kept would be lost in silence on the way to any other dialect.)  members.tsv has the exceptions: dialect, part,
 * path, reason. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/corpus/carry.h"
#include "tests/corpus/leaves.h"
#include "tests/corpus/wire.h"

#define ARENA_BYTES_MAX ((size_t)1 << 30)
#define OUT_BYTES_MAX   ((size_t)64 << 20)
#define FRAME_BYTES_MAX ((size_t)64 << 20)
#define NOW             1750000000
#define EXCEPTIONS      "tests/corpus/members.tsv"

/* Of a dialect: what was missing where. */
struct hole {
    struct str dialect, part, path;
    struct str id; /* the first recording */
    unsigned n;
    bool excepted, seen;
};

struct survey {
    struct arena keep; /* holes */
    struct arena arena;
    struct hole *v;
    unsigned n, cap;
    unsigned documents, leaves;
};

/* Exceptions may end in an asterisk, and stand for any dialect or part with one. */
static struct hole *
find_hole(struct survey *s, struct str dialect, struct str part, struct str path)
{
    for (unsigned i = 0; i < s->n; i++)
        if (str_glob(s->v[i].dialect, dialect) && str_glob(s->v[i].part, part)
            && str_glob(s->v[i].path, path))
            return &s->v[i];
    return NULL;
}

static struct hole *
add_hole(struct survey *s, struct str dialect, struct str part, struct str path)
{
    struct hole *h = arena_push(&s->keep, (void **)&s->v, &s->n, &s->cap, sizeof *h);
    assert_non_null(h);
    *h = (struct hole){ .dialect = arena_str(&s->keep, dialect),
                        .part = arena_str(&s->keep, part),
                        .path = arena_str(&s->keep, path) };
    return h;
}

/* --- what losses say --------------------------------------------------------------------------- */

/* topK, top_k */
static bool
is_same_name(struct str a, struct str b)
{
    size_t i = 0, k = 0;
    while (i < a.n && k < b.n) {
        if (a.p[i] == '_')
            i++;
        else if (b.p[k] == '_')
            k++;
        else if (tolower(a.p[i]) != tolower(b.p[k]))
            return false;
        else
            i++, k++;
    }
    return i == a.n && k == b.n;
}

static struct str
take_step(struct str *path)
{
    const char *dot = path->n ? memchr(path->p, '.', path->n) : NULL;
    struct str step = { path->p, dot ? (size_t)(dot - path->p) : path->n };
    *path = str_skip(*path, step.n + (dot != NULL));
    return step;
}

/* Does the last step of the loss stand in the path? */
static bool
names(struct str loss, struct str path)
{
    struct str last = { NULL, 0 };
    while (loss.n)
        last = take_step(&loss);
    while (path.n)
        if (is_same_name(take_step(&path), last))
            return true;
    return false;
}

static bool
is_named(const struct xd_losses *l, struct str path)
{
    for (unsigned i = 0; i < l->n; i++)
        if (names(l->v[i], path))
            return true;
    return l->more > 0;
}

/* Of the numbers in a stream the last one counts. */
static bool
is_overtaken(const struct leaves *l, unsigned at)
{
    for (unsigned i = l->n - 1; i > at && !l->v[at].string; i--)
        if (str_eq(l->v[i].path, l->v[at].path))
            return true;
    return false;
}

static void
compare(struct survey *s, const struct wire_item *item, const char *part, const struct leaves *was,
        struct leaves *is, const struct xd_losses *lost)
{
    struct str family = str_from(item->dialect->family);
    leaves_sort(is);
    s->documents++;
    s->leaves += was->n;
    for (unsigned i = 0; i < was->n; i++) {
        if (leaves_have(is, &was->v[i]) || leaves_say(is, &was->v[i])
            || is_named(lost, was->v[i].path) || is_overtaken(was, i))
            continue;
        struct hole *h = find_hole(s, family, str_from(part), was->v[i].path);
        if (!h)
            h = add_hole(s, family, str_from(part), was->v[i].path);
        if (h->n++ == 0)
            h->id = arena_str(&s->keep, item->id);
        h->seen = true;
    }
}

/* --- documents --------------------------------------------------------------------------------- */

static bool
add_document(struct survey *s, struct leaves *l, struct str body)
{
    struct json_doc doc;
    json_doc_init(&doc);
    bool ok = json_doc_parse(&doc, body, NULL) == ERR_OK;
    if (ok)
        leaves_add(l, &doc, &s->arena);
    json_doc_fini(&doc);
    return ok;
}

static void
check_request(struct survey *s, const struct wire_item *item)
{
    struct leaves was = { 0 }, is = { 0 };
    struct ir_request m;
    struct xd in, w;
    struct buf out;
    buf_init(&out, OUT_BYTES_MAX);
    xd_init(&in, item->dialect, XD_OP_CHAT, &s->arena, NULL);
    xd_init(&w, item->dialect, XD_OP_CHAT, &s->arena, &out);
    if (xd_request_read(&in, item->request, &m) == ERR_OK && xd_request_write(&w, &m) == ERR_OK
        && add_document(s, &was, item->request) && add_document(s, &is, buf_str(&out))) {
        for (unsigned i = 0; i < w.lost.n; i++)
            xd_lose(&in, arena_printf(&s->arena, "%.*s", STR_ARG(w.lost.v[i])).p);
        compare(s, item, "request", &was, &is, &in.lost);
    }
    xd_fini(&in);
    xd_fini(&w);
    buf_fini(&out);
}

static void
check_reply(struct survey *s, const struct wire_item *item)
{
    struct leaves was = { 0 }, is = { 0 };
    struct ir_reply m;
    struct ir_error e;
    struct xd in, w;
    struct buf out;
    buf_init(&out, OUT_BYTES_MAX);
    xd_init(&in, item->dialect, XD_OP_CHAT, &s->arena, NULL);
    xd_init(&w, item->dialect, XD_OP_CHAT, &s->arena, &out);
    in.now = w.now = NOW;
    if (xd_reply_read(&in, item->reply, &m, &e) == ERR_OK && xd_reply_write(&w, &m) == ERR_OK
        && add_document(s, &was, item->reply) && add_document(s, &is, buf_str(&out))) {
        for (unsigned i = 0; i < w.lost.n; i++)
            xd_lose(&in, arena_printf(&s->arena, "%.*s", STR_ARG(w.lost.v[i])).p);
        compare(s, item, "reply", &was, &is, &in.lost);
    }
    xd_fini(&in);
    xd_fini(&w);
    buf_fini(&out);
}

/* --- streams ----------------------------------------------------------------------------------- */

struct frames {
    struct survey *survey;
    struct leaves leaves;
};

static enum err
on_frame(void *ctx, const struct frame *f)
{
    struct frames *to = ctx;
    if (f->data.n && !str_is(f->data, "[DONE]"))
        (void)add_document(to->survey, &to->leaves, f->data);
    return ERR_OK;
}

static struct leaves
leaves_of_stream(struct survey *s, const struct xd_dialect *d, struct str bytes)
{
    struct frames to = { .survey = s };
    struct framer f;
    framer_init(&f, d->framings, d->framing, FRAME_BYTES_MAX, on_frame, &to);
    if (!framer_feed(&f, bytes.p, bytes.n))
        (void)!framer_end(&f);
    framer_fini(&f);
    return to.leaves;
}

static void
check_stream(struct survey *s, const struct wire_item *item)
{
    struct carry c;
    struct buf out;
    if (xd_op(item->dialect, XD_OP_CHAT)->wrap_frame.n)
        return; /* what the frames hold is the base64 of another dialect's */
    buf_init(&out, OUT_BYTES_MAX);
    carry_init(&c, item->dialect, item->dialect, &out);
    carry_feed(&c, item->reply);
    if (carry_end(&c) == ERR_OK) {
        struct leaves was = leaves_of_stream(s, item->dialect, item->reply);
        struct leaves is = leaves_of_stream(s, item->dialect, buf_str(&out));
        struct xd_losses lost = c.reader.x.lost;
        for (unsigned i = 0; i < c.writer.x.lost.n; i++) {
            struct str *to = arena_push(&s->arena, (void **)&lost.v, &lost.n, &lost.cap,
                                        sizeof *to);
            *to = c.writer.x.lost.v[i];
        }
        compare(s, item, "stream", &was, &is, &lost);
    }
    carry_fini(&c);
    buf_fini(&out);
}

static void
check_item(void *ctx, const struct wire_item *item)
{
    struct survey *s = ctx;
    if (item->status / 100 != 2)
        return;
    if (item->request.p)
        check_request(s, item);
    arena_reset(&s->arena);
    if (item->reply.p && item->stream)
        check_stream(s, item);
    else if (item->reply.p)
        check_reply(s, item);
    arena_reset(&s->arena);
}

/* --- exceptions -------------------------------------------------------------------------------- */

static void
read_exceptions(struct survey *s)
{
    struct str text = wire_file(&s->keep, EXCEPTIONS);
    while (text.n) {
        struct str line = wire_field(&text, '\n');
        if (line.n == 0 || *line.p == '#')
            continue;
        struct str dialect = wire_field(&line, '\t'), part = wire_field(&line, '\t');
        add_hole(s, dialect, part, wire_field(&line, '\t'))->excepted = true;
    }
}

static void
every_member_is_carried_or_named(void **state)
{
    static struct survey s;
    unsigned offences = 0, excused = 0, exceptions = 0;
    (void)state;
    WIRE_REQUIRE();
    s = (struct survey){ .n = 0 };
    arena_init(&s.keep, ARENA_BYTES_MAX);
    arena_init(&s.arena, ARENA_BYTES_MAX);
    read_exceptions(&s);
    wire_each_address(check_item, &s);
    for (unsigned i = 0; i < s.n; i++) {
        const struct hole *h = &s.v[i];
        excused += h->excepted ? h->n : 0;
        exceptions += h->excepted;
        if (h->excepted == h->seen)
            continue;
        offences++;
        if (h->excepted)
            printf("%.*s\t%.*s\t%.*s\tthis exception does not occur any more: remove it\n",
                   STR_ARG(h->dialect), STR_ARG(h->part), STR_ARG(h->path));
        else
            printf("%.*s\t%.*s\t%.*s\tneither carried nor named: %u times, first in %.*s\n",
                   STR_ARG(h->dialect), STR_ARG(h->part), STR_ARG(h->path), h->n, STR_ARG(h->id));
    }
    printf(
        "# members: %u documents with %u leaves, %u offences, %u leaves excused by %u exceptions\n",
        s.documents, s.leaves, offences, excused, exceptions);
    arena_fini(&s.arena);
    arena_fini(&s.keep);
    assert_int_equal(offences, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_carried_or_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
