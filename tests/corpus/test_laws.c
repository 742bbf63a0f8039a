/* Laws that hold for every recording: writing what was read changes nothing the second time, a cut
 * changes nothing, what breaks off is noticed, and what we write is in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/corpus/carry.h"
#include "tests/corpus/family.h"
#include "tests/corpus/verdict.h"
#include "tests/corpus/wire.h"

#define ARENA_BYTES_MAX ((size_t)512 << 20)
#define OUT_BYTES_MAX   ((size_t)64 << 20)
#define SPLITS          97u    /* tried of each stream */
#define TRUNCATED_MAX   12000u /* bytes of streams that are cut short at every byte */

struct bench {
    struct verdict verdict;
    struct arena arena;
    struct buf one, two;
    unsigned tried;
};

static void
bench_init(struct bench *b, const char *const *checks)
{
    verdict_init(&b->verdict, checks);
    arena_init(&b->arena, ARENA_BYTES_MAX);
    buf_init(&b->one, OUT_BYTES_MAX);
    buf_init(&b->two, OUT_BYTES_MAX);
    b->tried = 0;
}

/* Every recording whose request was taken. */
static unsigned
bench_run(struct bench *b, wire_fn *fn, const char *what)
{
    wire_each_address(fn, b);
    printf("# %s: %u tried\n", what, b->tried);
    buf_fini(&b->one);
    buf_fini(&b->two);
    arena_fini(&b->arena);
    return verdict_close(&b->verdict, what);
}

/* --- writing what was read -------------------------------------------------------------------- */

typedef enum err pass_fn(const struct xd_dialect *from, const struct xd_dialect *to,
                         struct str body, struct buf *out, struct fault *f);

/* once = write(read(body)); write(read(once)) must be once. */
static void
try_twice(struct bench *b, const struct wire_item *item, const char *check, pass_fn *pass,
          struct str body)
{
    struct fault f = { 0 };
    buf_clear(&b->one);
    buf_clear(&b->two);
    enum err err = pass(item->dialect, item->dialect, body, &b->one, &f);
    if (err)
        return; /* it is an error, or conforms to nothing: not this law's business */
    b->tried++;
    err = pass(item->dialect, item->dialect, buf_str(&b->one), &b->two, &f);
    size_t n = 0;
    while (n < b->one.n && n < b->two.n && b->one.p[n] == b->two.p[n])
        n++;
    if (err)
        verdict_offence(&b->verdict, item->id, check, "%s: %s", f.path, f.text);
    else if (n < b->one.n || n < b->two.n)
        verdict_offence(&b->verdict, item->id, check, "differs at byte %zu: %.*s", n,
                        b->one.n - n < 80 ? (int)(b->one.n - n) : 80, b->one.p + n);
}

/* Only the request as it is, without what the target's policies make of it. */
static enum err
pass_request(const struct xd_dialect *from, const struct xd_dialect *to, struct str body,
             struct buf *out, struct fault *f)
{
    struct arena a;
    struct xd in, w;
    struct ir_request m;
    arena_init(&a, ARENA_BYTES_MAX);
    xd_init(&in, from, XD_OP_CHAT, &a, NULL);
    xd_init(&w, to, XD_OP_CHAT, &a, out);
    enum err err = xd_request_read(&in, body, &m);
    *f = in.fault;
    if (!err) {
        err = xd_request_write(&w, &m);
        *f = w.fault;
    }
    xd_fini(&in);
    xd_fini(&w);
    arena_fini(&a);
    return err;
}

static void
twice(void *ctx, const struct wire_item *item)
{
    struct bench *b = ctx;
    if (item->status / 100 != 2)
        return;
    if (item->request.p)
        try_twice(b, item, "request twice", pass_request, item->request);
    if (item->reply.p)
        try_twice(b, item, "reply twice", item->stream ? carry_stream : carry_reply, item->reply);
}

static void
writing_what_was_read_is_idempotent(void **state)
{
    static const char *const checks[] = { "request twice", "reply twice", NULL };
    struct bench b;
    (void)state;
    WIRE_REQUIRE();
    bench_init(&b, checks);
    assert_int_equal(bench_run(&b, twice, "read and written twice"), 0);
}

/* --- cuts ------------------------------------------------------------------------------------- */

static void
carry_cut(const struct xd_dialect *from, const char *to, struct str bytes, size_t first,
          size_t size, struct buf *out)
{
    struct carry c;
    buf_clear(out);
    carry_init(&c, from, xd_find(str_from(to)), out);
    carry_feed(&c, str_make(bytes.p, first));
    for (size_t at = first; at < bytes.n; at += size)
        carry_feed(&c, str_make(bytes.p + at, bytes.n - at < size ? bytes.n - at : size));
    (void)carry_end(&c);
    carry_fini(&c);
}

/* Into a dialect of chunks and one of events. */
static void
cut(void *ctx, const struct wire_item *item)
{
    static const char *const targets[] = { "openai.chat", "anthropic.messages" };
    struct bench *b = ctx;
    if (!item->stream)
        return;
    b->tried++;
    for (size_t t = 0; t < 2; t++) {
        carry_cut(item->dialect, targets[t], item->reply, item->reply.n, 1, &b->one);
        for (size_t i = 0; i <= SPLITS; i++) {
            size_t first = item->reply.n * i / SPLITS;
            carry_cut(item->dialect, targets[t], item->reply, first, i ? item->reply.n : 1,
                      &b->two);
            if (!str_eq(buf_str(&b->one), buf_str(&b->two)))
                verdict_offence(&b->verdict, item->id, "cut",
                                "cut at %zu becomes something else in %s", first, targets[t]);
        }
    }
}

static void
a_cut_changes_nothing(void **state)
{
    static const char *const checks[] = { "cut", NULL };
    struct bench b;
    (void)state;
    WIRE_REQUIRE();
    bench_init(&b, checks);
    assert_int_equal(bench_run(&b, cut, "streams cut in two and into bytes"), 0);
}

/* --- truncation ------------------------------------------------------------------------------- */

/* Of dialects whose bytes no oracle reads: what in them says that a reply is over, and in what is written for their
 * family that it failed. */
struct marks {
    const char *name, *over, *failed;
};
static const struct marks marks[] = {
    { "google.generate", "\"finishReason\"", "\"error\"" },
    { "bedrock.converse", "messageStop", ":exception-type" },
    { "ollama.generate", "\"done\":true", "\"error\"" },
    { "anthropic_bedrock", "eyJ0eXBlIjoibWVzc2FnZV9kZWx0YSIs", "event: error" }, /* message_delta */
};

/* NULL: there is an oracle. */
static const struct marks *
marks_of(const struct xd_dialect *d)
{
    const struct marks *found = NULL;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strcmp(marks[i].name, d->name) == 0
            || (!found && strcmp(marks[i].name, d->family) == 0))
            found = &marks[i];
    return found;
}

static bool
has(struct str bytes, const char *mark)
{
    return bytes.n && memmem(bytes.p, bytes.n, mark, strlen(mark));
}

static const char *
judge_by_marks(const struct marks *m, struct str bytes, struct str out, enum err err)
{
    if (err == ERR_OK && !has(bytes, m->over))
        return "ends well though nobody said so";
    return err != ERR_OK && !has(out, m->failed) ? "the client is not told" : NULL;
}

/* The bytes up to n, read as a whole stream: an end only where the peer had said one. */
static const char *
judge_truncated(struct bench *b, const struct wire_item *item, size_t n)
{
    struct carry c;
    struct plain p;
    struct str bytes = { item->reply.p, n };
    const char *family = item->dialect->family, *why = NULL;
    buf_clear(&b->one);
    carry_init(&c, item->dialect, xd_find(str_from(family)), &b->one);
    carry_feed(&c, bytes);
    enum err err = carry_end(&c);
    if (!ir_grammar_ok(&c.grammar))
        why = arena_printf(&b->arena, "%s", c.grammar.why).p;
    else if (c.collector.ended != (err == ERR_OK) || c.collector.failed != (err != ERR_OK))
        why = "the events and the result disagree";
    carry_fini(&c);
    const struct marks *m = marks_of(item->dialect);
    if (m)
        return why ? why : judge_by_marks(m, bytes, buf_str(&b->one), err);
    plain_read(&p, family, PLAIN_STREAM, bytes, &b->arena);
    if (!why && err == ERR_OK && !p.done && !p.stopped)
        why = "ends well though nobody said so";
    plain_read(&p, family, PLAIN_STREAM, buf_str(&b->one), &b->arena);
    if (!why && err != ERR_OK && (p.done || !p.error.p))
        why = "the client is not told";
    return why;
}

static void
truncate_it(void *ctx, const struct wire_item *item)
{
    struct bench *b = ctx;
    if (!item->stream || item->reply.n > TRUNCATED_MAX)
        return;
    b->tried++;
    for (size_t n = 0; n < item->reply.n; n++) {
        const char *why = judge_truncated(b, item, n);
        if (why) {
            verdict_offence(&b->verdict, item->id, "truncated", "at byte %zu: %s", n, why);
            break;
        }
        arena_reset(&b->arena);
    }
}

static void
what_breaks_off_is_noticed(void **state)
{
    static const char *const checks[] = { "truncated", NULL };
    struct bench b;
    (void)state;
    WIRE_REQUIRE();
    bench_init(&b, checks);
    assert_int_equal(bench_run(&b, truncate_it, "streams cut short at every byte"), 0);
}

/* --- what we write ---------------------------------------------------------------------------- */

static void
judge_output(void *ctx, const struct wire_item *item)
{
    struct bench *b = ctx;
    struct fault f;
    if (!item->stream)
        return;
    for (const struct family *t = families; t->name; t++) {
        buf_clear(&b->one);
        (void)carry_stream(item->dialect, xd_find(str_from(t->name)), item->reply, &b->one, &f);
        const char *why = rules_offence(t->name, buf_str(&b->one), &b->arena);
        if (why)
            verdict_offence(&b->verdict, item->id, "order", "in %s: %s", t->name, why);
        b->tried++;
        arena_reset(&b->arena);
    }
}

static void
what_we_write_is_in_order(void **state)
{
    static const char *const checks[] = { "order", NULL };
    struct bench b;
    (void)state;
    WIRE_REQUIRE();
    bench_init(&b, checks);
    assert_int_equal(bench_run(&b, judge_output, "order of streams written"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writing_what_was_read_is_idempotent),
        cmocka_unit_test(a_cut_changes_nothing),
        cmocka_unit_test(what_breaks_off_is_noticed),
        cmocka_unit_test(what_we_write_is_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
