/* What providers took and sent is what our specs say, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/corpus/carry.h"
#include "tests/corpus/verdict.h"
#include "tests/corpus/wire.h"

#define ARENA_BYTES_MAX ((size_t)256 << 20)

/* Counts of a directory, printed when the next one begins. */
struct tally {
    struct verdict *verdict;
    char dir[64];
    unsigned items, requests, replies, streams;
    size_t all;
};

static void
print_tally(const struct tally *t)
{
    if (t->items)
        printf("# %-36s %3u exchanges: %3u requests, %3u replies, %3u streams\n", t->dir, t->items,
               t->requests, t->replies, t->streams);
}

static void
count_item(struct tally *t, const struct wire_item *item)
{
    if (!str_is(item->dir, t->dir)) {
        print_tally(t);
        *t = (struct tally){ .verdict = t->verdict, .all = t->all };
        snprintf(t->dir, sizeof t->dir, "%.*s", STR_ARG(item->dir));
    }
    t->items++;
    t->all++;
}

static void
check_request(struct tally *t, const struct wire_item *item, struct arena *a)
{
    struct xd x;
    struct ir_request m;
    t->requests++;
    xd_init(&x, item->dialect, XD_OP_CHAT, a, NULL);
    if (xd_request_read(&x, item->request, &m))
        verdict_offence(t->verdict, item->id, "request", "%s: %s", x.fault.path, x.fault.text);
    xd_fini(&x);
}

static void
check_reply(struct tally *t, const struct wire_item *item, struct arena *a)
{
    struct xd x;
    struct ir_reply m;
    struct ir_error e;
    t->replies++;
    xd_init(&x, item->dialect, XD_OP_CHAT, a, NULL);
    x.mode = XD_STRICT;
    if (xd_reply_read(&x, item->reply, &m, &e))
        verdict_offence(t->verdict, item->id, "reply", "%s: %s", x.fault.path, x.fault.text);
    xd_fini(&x);
}

static void
check_stream(struct tally *t, const struct wire_item *item)
{
    struct carry c;
    t->streams++;
    carry_init(&c, item->dialect, NULL, NULL);
    c.reader.x.mode = XD_STRICT;
    carry_feed(&c, item->reply);
    enum err err = carry_end(&c);
    if (err && err != ERR_REMOTE)
        verdict_offence(t->verdict, item->id, "stream", "%zu: %s: %s", c.reader.x.fault.offset,
                        c.reader.x.fault.path, c.reader.x.fault.text);
    if (!ir_grammar_ok(&c.grammar))
        verdict_offence(t->verdict, item->id, "grammar", "%s", c.grammar.why);
    carry_fini(&c);
}

static void
check_item(void *ctx, const struct wire_item *item)
{
    struct tally *t = ctx;
    struct arena a;
    count_item(t, item);
    if (item->status / 100 != 2)
        return;
    arena_init(&a, ARENA_BYTES_MAX);
    if (item->request.p)
        check_request(t, item, &a);
    if (item->reply.p && item->stream)
        check_stream(t, item);
    else if (item->reply.p)
        check_reply(t, item, &a);
    arena_fini(&a);
}

static void
what_providers_took_and_sent_conforms(void **state)
{
    static const char *const checks[] = { "request", "reply", "stream", "grammar", NULL };
    struct verdict v;
    (void)state;
    WIRE_REQUIRE();
    verdict_init(&v, checks);
    struct tally t = { .verdict = &v };
    wire_each(check_item, &t);
    print_tally(&t);
    printf("# %zu exchanges of the compiled dialects\n", t.all);
    assert_true(t.all > 300);
    assert_int_equal(verdict_close(&v, "conformance"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_providers_took_and_sent_conforms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
