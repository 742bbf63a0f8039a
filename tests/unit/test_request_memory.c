/* A large request is held at most three times: as it came, as it goes out, and what points into them.  Under the sanitizers
 * the sum is not judged. */
#include "tests/unit/test_gateway_rig.h"

#include "server/gateway/proposal.h"
#include "server/gateway/tape.h"
#include "tests/lib/heap.h"

static const char yaml[] =
    "server: { listen: \"127.0.0.1:0\" }\n"
    "providers:\n"
    "  - { name: open, type: openai, api_key: sk-open-12345, models: [m] }\n"
    "  - { name: anth, type: anthropic, api_key: sk-anth-12345, models: [m] }\n";

enum { OPEN, ANTH };

#define FOX STR("The quick brown fox said: \\\"jump over\\\" the lazy dog,\\nand so. ")

static size_t
count(struct str s, struct str what)
{
    size_t n = 0;
    const char *end = s.p + s.n;
    for (const char *p = s.p; (p = memmem(p, (size_t)(end - p), what.p, what.n)); p += what.n)
        n++;
    return n;
}

/* A conversation of about n bytes, with a few escapes in each turn. */
static void
write_chat(struct buf *b, size_t n)
{
    buf_puts(b, STR("{\"model\":\"m\",\"max_tokens\":64,\"messages\":["));
    for (unsigned i = 0; b->n < n; i++) {
        buf_printf(b, "%s{\"role\":\"%s\",\"content\":\"", i ? "," : "",
                   i % 2 ? "assistant" : "user");
        for (unsigned k = 0; k < 15; k++)
            buf_puts(b, FOX);
        buf_puts(b, STR("\"}"));
    }
    buf_puts(b, STR("]}"));
}

/* The most that is held beside the body, from its reading to its proposal, by the body's size. */
static double
share(struct rig *rig, struct str body, unsigned to, const char *model)
{
    struct tape_rack rack = { 0 };
    struct front front = front_of_path(STR("/v1/chat/completions"), STR(""));
    const struct deployment *d = &rig->gateway.deployments[to];
    struct http_head head = { .n_headers = 0 };
    struct deployment_call call;
    struct xd_media_list fetched = { 0 };
    struct proposal p;
    struct arena arena;
    struct buf out;
    struct fault f;
    arena_init(&arena, 64 << 20);
    buf_init(&out, 64 << 20);
    size_t before = heap.most = heap.held;
    struct tape *t = tape_take(&rack, 64 << 20);
    assert_int_equal(tape_read(t, &front, &head, body, &f), ERR_OK);
    const struct proposal_source from = { .front = front,
                                          .body = body,
                                          .doc = &t->doc,
                                          .tape = &t->ask,
                                          .head = &head,
                                          .request_id = STR("id"),
                                          .fetched = &fetched };
    assert_true(deployment_call(d, front.dialect, front.op->kind, &call));
    assert_int_equal(proposal_make(&p, &from, d, &call, str_from(model), 0, &arena, &out, &f),
                     ERR_OK);
    assert_true(p.body.n <= body.n * 11 / 10);
    assert_int_equal(count(p.body, STR("fox said")), count(body, STR("fox said")));
    size_t after = heap.most;
    tape_put(&rack, t);
    tape_rack_fini(&rack);
    buf_fini(&out);
    arena_fini(&arena);
    return (double)(after - before) / (double)body.n;
}

static void
check(struct rig *rig, struct str body, unsigned to, const char *model, const char *what,
      double bound)
{
    double times = share(rig, body, to, model);
    printf("# %s: %.2f times the body beside it%s\n", what, times,
           HEAP_COUNTS ? "" : ", not counted");
    assert_true(times <= bound);
}

static void
a_request_of_a_megabyte_is_held_three_times_at_most(void **state)
{
    (void)state;
    struct rig rig;
    struct buf b;
    rig_open(&rig, yaml);
    buf_init(&b, 64 << 20);
    write_chat(&b, 1 << 20);
    struct str body = buf_str(&b);
    check(&rig, body, OPEN, "m", "as it came", 1);
    check(&rig, body, OPEN, "other", "with another model", 2);
    check(&rig, body, ANTH, "m", "translated", 2);
    buf_fini(&b);
    rig_close(&rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_of_a_megabyte_is_held_three_times_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
