/* Seals in the ids of calls: out with a reply, back with the next request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/ir/reply.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/seal.h"
#include "runtime/xd/seal_ids.h"
#include "runtime/xd/translate.h"

static struct ir_block
thought(const char *text, const char *signature)
{
    return (struct ir_block){ .kind = IR_BLOCK_THINKING,
                              .thinking = { str_from(text), str_from(signature) } };
}

static struct ir_block
call(const char *id)
{
    return (struct ir_block){ .kind = IR_BLOCK_CALL,
                              .call = {
                                  .id = str_from(id), .name = STR("f"), .arguments = STR("{}") } };
}

struct bench {
    struct arena arena;
    struct ir_block blocks[6];
    struct ir_choice choice;
    struct ir_reply reply;
};

/* thought, sealed thought, text, call, thought, call */
static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    arena_init(&b->arena, 16u << 20);
    const struct ir_block all[6] = {
        thought("one: \"3:4\"\n", "llmux:a:1:t0:S+/="),
        { .kind = IR_BLOCK_SEALED, .sealed.data = STR("llmux:a:1:t0:D==") },
        { .kind = IR_BLOCK_TEXT, .text.text = STR("So:") },
        call("c1"),
        thought("", "llmux:a:1:c1:T"),
        call("c2"),
    };
    memcpy(b->blocks, all, sizeof all);
    b->choice =
        (struct ir_choice){ .set = true, .blocks = { b->blocks, 6, 6 }, .stop = IR_STOP_CALL };
    b->reply = (struct ir_reply){ .set = true,
                                  .id = STR("r"),
                                  .model = STR("m"),
                                  .choices = { &b->choice, 1, 1 },
                                  .usage.set = true };
    *state = b;
    return 0;
}

static int
tear_down(void **state)
{
    struct bench *b = *state;
    arena_fini(&b->arena);
    free(b);
    return 0;
}

static void
are_same(const struct ir_block *a, const struct ir_block *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_true(str_eq(a->thinking.text, b->thinking.text));
    assert_true(a->kind == IR_BLOCK_SEALED || str_eq(a->thinking.signature, b->thinking.signature));
}

/* A turn with these blocks, as it is written for a provider of another language. */
static struct ir_blocks
come_back(struct bench *b, struct ir_block *blocks, unsigned n)
{
    struct ir_turn turn = { .role = IR_ROLE_ASSISTANT, .blocks = { blocks, n, n } };
    struct ir_request m = { .set = true, .turns = { &turn, 1, 1 } };
    struct xd x;
    xd_init(&x, xd_find(STR("anthropic.messages")), XD_OP_CHAT, &b->arena, NULL);
    prepare_seal_ids(&x, &m);
    assert_int_equal(x.err, ERR_OK);
    xd_fini(&x);
    return m.turns.v[0].blocks;
}

static void
check_turn(const struct bench *b, const struct ir_blocks *l)
{
    assert_int_equal(l->n, 6);
    are_same(&l->v[0], &b->blocks[0]);
    are_same(&l->v[1], &b->blocks[1]);
    assert_int_equal(l->v[2].kind, IR_BLOCK_TEXT);
    assert_true(str_is(l->v[3].call.id, "c1"));
    are_same(&l->v[4], &b->blocks[4]);
    assert_true(str_is(l->v[5].call.id, "c2"));
}

static void
thoughts_return_to_their_place(void **state)
{
    struct bench *b = *state;
    seal_ids_reply(&b->arena, &b->reply);
    struct ir_block kept[] = { b->blocks[2], b->blocks[3], b->blocks[5] };
    for (unsigned i = 1; i < 3; i++)
        for (size_t k = 0; k < kept[i].call.id.n; k++)
            assert_non_null(
                strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.",
                       kept[i].call.id.p[k]));
    struct ir_blocks l = come_back(b, kept, 3);
    check_turn(b, &l);
}

/* What the client has kept of the thinking may be half of it. */
static void
thoughts_that_came_in_two_ways_are_one(void **state)
{
    struct bench *b = *state;
    seal_ids_reply(&b->arena, &b->reply);
    struct ir_block kept[] = { thought("", "llmux:a:1:t0:S+/="), b->blocks[2], b->blocks[3],
                               b->blocks[5] };
    struct ir_blocks l = come_back(b, kept, 4);
    check_turn(b, &l);
}

struct watch {
    struct seal_ids ids;
    struct ir_collector collector;
};

static void
on_event(void *ctx, const struct ir_event *e)
{
    struct watch *w = ctx;
    struct ir_event own;
    struct ir_block block;
    ir_collector_event(&w->collector, seal_ids_event(&w->ids, e, &own, &block));
}

static void
streams_say_the_same(void **state)
{
    struct bench *b = *state;
    struct watch w = { .ids.arena = &b->arena };
    ir_collector_init(&w.collector, &b->arena);
    ir_reply_speak(&b->reply, on_event, &w);
    seal_ids_reply(&b->arena, &b->reply);
    const struct ir_blocks *got = &w.collector.reply.choices.v[0].blocks;
    assert_true(str_eq(got->v[3].call.id, b->blocks[3].call.id));
    assert_true(str_eq(got->v[5].call.id, b->blocks[5].call.id));
    assert_true(got->v[3].call.id.n > 20);
}

static void
ids_of_results_are_short_again(void **state)
{
    struct bench *b = *state;
    seal_ids_reply(&b->arena, &b->reply);
    struct ir_block result = { .kind = IR_BLOCK_RESULT, .result.call = b->blocks[3].call.id };
    struct ir_blocks l = come_back(b, &result, 1);
    assert_int_equal(l.n, 1);
    assert_true(str_is(l.v[0].result.call, "c1"));
}

static void
too_much_stays_out(void **state)
{
    struct bench *b = *state;
    char *long_text = malloc(SEAL_IDS_MAX + 1);
    memset(long_text, 'x', SEAL_IDS_MAX);
    long_text[SEAL_IDS_MAX] = 0;
    b->blocks[0].thinking.text = str_from(long_text);
    seal_ids_reply(&b->arena, &b->reply);
    assert_true(str_is(b->blocks[3].call.id, "c1"));
    assert_true(b->blocks[5].call.id.n > 2); /* the next one is not too much */
    free(long_text);
}

/* Clients can send anything: whatever is left of a payload is thinking, or nothing. */
static void
broken_payloads_do_no_harm(void **state)
{
    struct bench *b = *state;
    seal_ids_reply(&b->arena, &b->reply);
    struct str id = b->blocks[3].call.id;
    for (size_t n = 0; n <= id.n; n++)
        for (int flip = 0; flip < 2; flip++) {
            struct ir_blocks thoughts = { 0 };
            char *bytes = malloc(n + 1); /* so that a read too far is seen */
            memcpy(bytes, id.p, n);
            if (flip && n)
                bytes[n - 1] ^= 0x15;
            struct str got = seal_ids_split(&b->arena, str_make(bytes, n), &thoughts);
            assert_true(got.n <= n);
            assert_true(thoughts.n <= 2);
            free(bytes);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(thoughts_return_to_their_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(thoughts_that_came_in_two_ways_are_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(streams_say_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ids_of_results_are_short_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_much_stays_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(broken_payloads_do_no_harm, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
