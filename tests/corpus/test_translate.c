/* Requests and replies keep what they say on their way to another dialect and back.
 *
 *   recording (D) ─► other dialect ─► D again        each read by an oracle of its own */
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

struct trip {
    struct verdict verdict;
    struct arena arena;
    unsigned requests, refused;
    unsigned replies, streams, calls, usages;
};

static enum err
carry(const struct wire_item *item, const struct xd_dialect *from, const struct xd_dialect *to,
      struct str bytes, struct buf *out, struct fault *f)
{
    return item->stream ? carry_stream(from, to, bytes, out, f)
                        : carry_reply(from, to, bytes, out, f);
}

/* Laws of the counts in what we write ourselves. */
static const char *
false_sum(const struct plain *p)
{
    const struct plain_usage *u = &p->usage;
    if (!p->counted)
        return NULL;
    if (u->total != u->prompt + u->completion)
        return "total is not prompt + completion";
    if (u->cached + u->written > u->prompt)
        return "more was cached than prompted";
    if (u->thinking > u->completion)
        return "more was thought than completed";
    return u->prompt < 0 || u->completion < 0 || p->input < 0 ? "a negative count" : NULL;
}

static void
judge(struct trip *t, const struct wire_item *item, const struct xd_dialect *to, const char *check,
      const struct plain *was, unsigned lacks, struct str bytes)
{
    struct plain is;
    plain_read(&is, to->family, item->stream ? PLAIN_STREAM : PLAIN_DOCUMENT, bytes, &t->arena);
    const char *why = plain_difference(was, &is, lacks);
    if (!why && item->stream && !is.error.p && !is.done)
        why = "the stream's last word is missing";
    if (!why && item->stream && !is.error.p && was->counted && is.usages == 0)
        why = "no usage";
    if (!why)
        why = false_sum(&is);
    if (why)
        verdict_offence(&t->verdict, item->id, check, "%s: %s", to->name, why);
}

static void
travel(struct trip *t, const struct wire_item *item, const struct family *to)
{
    const struct xd_dialect *far = xd_find(str_from(to->name));
    unsigned lacks = to->lacks | family_find(item->dialect->family)->lacks;
    struct plain was;
    struct buf there, back;
    struct fault f = { 0 };
    buf_init(&there, OUT_BYTES_MAX);
    buf_init(&back, OUT_BYTES_MAX);
    plain_read(&was, item->dialect->family, item->stream ? PLAIN_STREAM : PLAIN_DOCUMENT,
               item->reply, &t->arena);
    enum err err = carry(item, item->dialect, far, item->reply, &there, &f);
    if (err && err != ERR_REMOTE)
        verdict_offence(&t->verdict, item->id, "there", "%s: %s: %s", far->name, f.path, f.text);
    else
        judge(t, item, far, "there", &was, to->lacks, buf_str(&there));
    if (!err)
        err = carry(item, far, xd_find(str_from(item->dialect->family)), buf_str(&there), &back,
                    &f);
    if (err && err != ERR_REMOTE)
        verdict_offence(&t->verdict, item->id, "back", "%s: %s: %s", far->name, f.path, f.text);
    else if (!err)
        judge(t, item, item->dialect, "back", &was, lacks, buf_str(&back));
    t->calls += was.ncalls;
    t->usages += was.counted;
    buf_fini(&there);
    buf_fini(&back);
}

static void
check_item(void *ctx, const struct wire_item *item)
{
    struct trip *t = ctx;
    if (item->status / 100 != 2 || !item->reply.p || !family_has_oracle(item->dialect->family))
        return;
    t->replies += !item->stream;
    t->streams += item->stream;
    for (const struct family *to = families; to->name; to++) {
        if (strcmp(to->name, item->dialect->family) != 0)
            travel(t, item, to);
        arena_reset(&t->arena);
    }
}

static void
replies_keep_what_they_say_there_and_back(void **state)
{
    static const char *const checks[] = { "there", "back", NULL };
    struct trip t = { .replies = 0 };
    (void)state;
    WIRE_REQUIRE();
    verdict_init(&t.verdict, checks);
    arena_init(&t.arena, ARENA_BYTES_MAX);
    wire_each(check_item, &t);
    arena_fini(&t.arena);
    printf("# there and back: %u replies, %u streams, with %u calls and %u usages\n", t.replies,
           t.streams, t.calls, t.usages);
    assert_true(t.replies > 100 && t.streams > 50);
    assert_int_equal(verdict_close(&t.verdict, "translation"), 0);
}

/* --- requests --------------------------------------------------------------------------------- */

static void
judge_request(struct trip *t, const struct wire_item *item, const struct xd_dialect *to,
              const char *check, const struct asked *was, unsigned lacks, struct str body)
{
    struct asked *is = arena_alloc(&t->arena, sizeof *is);
    assert_non_null(is);
    asked_read(is, to->family, body, &t->arena);
    const char *why = asked_difference(was, is, lacks);
    if (why)
        verdict_offence(&t->verdict, item->id, check, "%s: %s", to->name, why);
}

/* Parts that are named as lost may be missing. */
static unsigned
lacks_of(unsigned lost)
{
    return ((lost >> IR_BLOCK_IMAGE) & 1 ? LACKS_IMAGES : 0)
           | ((lost >> IR_BLOCK_DOCUMENT) & 1 ? LACKS_DOCUMENTS : 0);
}

static void
travel_request(struct trip *t, const struct wire_item *item, const struct family *to)
{
    const struct xd_dialect *far = xd_find(str_from(to->name));
    unsigned lacks = to->lacks | family_find(item->dialect->family)->lacks;
    struct asked *was = arena_alloc(&t->arena, sizeof *was);
    struct buf there, back;
    struct fault f = { 0 };
    unsigned lost = 0;
    assert_non_null(was);
    buf_init(&there, OUT_BYTES_MAX);
    buf_init(&back, OUT_BYTES_MAX);
    asked_read(was, item->dialect->family, item->request, &t->arena);
    t->calls += was->ncalls;
    enum err err = carry_request(item->dialect, far, item->request, &there, &lost, &f);
    t->refused +=
        err != ERR_OK; /* several candidates, tools of its own API alone, an image alone; or it does
                        * not conform, which is judged elsewhere */
    if (!err) {
        judge_request(t, item, far, "asked there", was, lacks | lacks_of(lost), buf_str(&there));
        err = carry_request(far, xd_find(str_from(item->dialect->family)), buf_str(&there), &back,
                            &lost, &f);
        if (err)
            verdict_offence(&t->verdict, item->id, "asked back", "%s: %s: %s", far->name, f.path,
                            f.text);
        else
            judge_request(t, item, item->dialect, "asked back", was, lacks | lacks_of(lost),
                          buf_str(&back));
    }
    buf_fini(&there);
    buf_fini(&back);
}

static void
check_request(void *ctx, const struct wire_item *item)
{
    struct trip *t = ctx;
    if (item->status / 100 != 2 || !item->request.p || !family_has_oracle(item->dialect->family))
        return;
    t->requests++;
    for (const struct family *to = families; to->name; to++) {
        if (strcmp(to->name, item->dialect->family) != 0)
            travel_request(t, item, to);
        arena_reset(&t->arena);
    }
}

static void
requests_keep_what_they_ask_there_and_back(void **state)
{
    static const char *const checks[] = { "asked there", "asked back", NULL };
    struct trip t = { .requests = 0 };
    (void)state;
    WIRE_REQUIRE();
    verdict_init(&t.verdict, checks);
    arena_init(&t.arena, ARENA_BYTES_MAX);
    wire_each(check_request, &t);
    arena_fini(&t.arena);
    printf("# there and back: %u requests with %u calls, %u that the other dialect cannot serve\n",
           t.requests, t.calls, t.refused);
    assert_true(t.requests > 200 && t.refused < 200);
    assert_int_equal(verdict_close(&t.verdict, "requests"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_keep_what_they_ask_there_and_back),
        cmocka_unit_test(replies_keep_what_they_say_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
