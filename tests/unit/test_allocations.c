/* After a stream has begun, a token costs no allocation, and the stream holds little memory.  Under the sanitizers that is
 * not judged; the test says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "tests/lib/heap.h"

#define WARM   50u
#define TOKENS 2000u

struct stream_case {
    const char *from, *to;
    struct str head, token;
};

static const struct stream_case cases[] = {
    { "openai.chat", "anthropic.messages",
      STR_INIT(
          "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n"),
      STR_INIT(
          "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,"
          "\"delta\":{\"content\":\" a \\\"word\\\"\\n\"},\"logprobs\":null,\"finish_reason\":null}],\"obfuscation\":\"x\"}\n\n") },
    { "anthropic.messages", "openai.chat",
      STR_INIT(
          "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"model\":\"m\",\"usage\":"
          "{\"input_tokens\":1,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":"
          "\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"),
      STR_INIT(
          "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
          "\"text_delta\",\"text\":\" a \\\"word\\\"\\n\"}}\n\n") },
    { "openai.responses", "openai.chat",
      STR_INIT(
          "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r1\",\"model\":\"m\"}}\n\n"),
      STR_INIT(
          "data: {\"type\":\"response.output_text.delta\",\"sequence_number\":4,\"item_id\":\"m\",\"output_index\":0,"
          "\"content_index\":0,\"delta\":\" a \\\"word\\\"\\n\",\"logprobs\":[],\"obfuscation\":\"x\"}\n\n") },
};

/* A stream that says all again in the end is collected: in a buffer that grows by doubling. */
static const struct stream_case collected = {
    "openai.chat", "openai.responses",
    STR_INIT(
        "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n"),
    STR_INIT(
        "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" a word\"}}]}\n\n")
};

static void
feed(struct xd_reader *r, struct buf *out, struct str bytes)
{
    assert_int_equal(xd_reader_feed(r, bytes.p, bytes.n), ERR_OK);
    assert_true(out->n > 0);
    buf_clear(out); /* as when it was sent */
}

static unsigned long
count(const struct stream_case *c)
{
    struct arena keep;
    struct buf out;
    struct xd_reader r;
    struct xd_writer w;

    arena_init(&keep, 1 << 20);
    buf_init(&out, 1 << 20);
    xd_writer_init(&w, xd_find(str_from(c->to)), XD_OP_CHAT, &keep, &out, XD_USAGE_WRITE);
    xd_reader_init(&r, xd_find(str_from(c->from)), XD_OP_CHAT, &keep, xd_writer_event, &w);
    feed(&r, &out, c->head);
    for (unsigned i = 0; i < WARM; i++)
        feed(&r, &out, c->token);
    unsigned long before = heap.allocations;
    for (unsigned i = 0; i < TOKENS; i++)
        feed(&r, &out, c->token);
    unsigned long n = heap.allocations - before;
    xd_reader_fini(&r);
    xd_writer_fini(&w);
    buf_fini(&out);
    arena_fini(&keep);
    return n;
}

static void
a_token_costs_no_allocation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned long n = count(&cases[i]);
        printf("# allocations for %u tokens, %s to %s: %s%lu\n", TOKENS, cases[i].from, cases[i].to,
               HEAP_COUNTS ? "" : "not counted in this build, ", n);
        assert_int_equal(n, 0);
    }
}

static void
what_is_collected_costs_few_allocations(void **state)
{
    (void)state;
    unsigned long n = count(&collected);
    printf("# allocations for %u tokens, %s to %s: %lu\n", TOKENS, collected.from, collected.to, n);
    assert_true(n < 20);
}

/* --- what an open stream holds --------------------------------------------------------------------- */

#define OPEN_MAX 7168 /* bytes; the whole of it, with its connections, is to stay below 16 kB */

/* The bytes of a translated stream between two of its events, without what it has from its worker while it reads. */
static size_t
weigh(const struct stream_case *c)
{
    struct arena keep;
    struct buf out;
    size_t before = heap.held;
    struct xd_reader *r = malloc(sizeof *r);
    struct xd_writer *w = malloc(sizeof *w);

    arena_init(&keep, 1 << 20);
    buf_init(&out, 1 << 20);
    xd_writer_init(w, xd_find(str_from(c->to)), XD_OP_CHAT, &keep, &out, XD_USAGE_WRITE);
    xd_reader_init(r, xd_find(str_from(c->from)), XD_OP_CHAT, &keep, xd_writer_event, w);
    feed(r, &out, c->head);
    for (unsigned i = 0; i < WARM; i++)
        feed(r, &out, c->token);
    buf_fini(&out);
    json_doc_fini(&r->x.doc);
    json_doc_init(&r->x.doc);
    arena_fini(&r->scratch);
    size_t n = heap.held - before;
    xd_reader_fini(r);
    xd_writer_fini(w);
    arena_fini(&keep);
    free(r);
    free(w);
    return n;
}

static void
an_open_stream_is_small(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = weigh(&cases[i]);
        printf("# bytes of an open stream, %s to %s: %s%zu\n", cases[i].from, cases[i].to,
               HEAP_COUNTS ? "" : "not counted in this build, ", HEAP_COUNTS ? n : 0);
        if (HEAP_COUNTS)
            assert_in_range(n, sizeof(struct xd_reader), OPEN_MAX);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_costs_no_allocation),
        cmocka_unit_test(what_is_collected_costs_few_allocations),
        cmocka_unit_test(an_open_stream_is_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
