/* Which call a result answers, against the loop that looks at all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/xd/registry.h"
#include "runtime/xd/settle.h"
#include "runtime/xd/translate.h"
#include "tests/lib/dice.h"

#define BLOCKS 40u

/* A conversation of calls and results, in one turn. */
struct talk {
    struct ir_block blocks[BLOCKS];
    struct ir_turn turn;
    bool own[BLOCKS], answered[BLOCKS];
};

static struct ir_request
request_of(struct talk *t)
{
    t->turn = (struct ir_turn){ .set = true, .blocks = { t->blocks, BLOCKS, BLOCKS } };
    return (struct ir_request){ .turns = { &t->turn, 1, 1 } };
}

static void
fill(struct talk *t, struct dice *d)
{
    static const char *const words[] = { "", "a", "b", "c", "ab" };
    for (unsigned i = 0; i < BLOCKS; i++) {
        struct str id = str_from(words[dice_roll(d, 5)]), name = str_from(words[dice_roll(d, 5)]);
        t->blocks[i] = (struct ir_block){ .kind = IR_BLOCK_TEXT };
        if (dice_roll(d, 2)) {
            t->blocks[i].kind = IR_BLOCK_CALL;
            t->blocks[i].call.id = id;
            t->blocks[i].call.name = name;
        } else if (dice_roll(d, 8)) {
            t->blocks[i].kind = IR_BLOCK_RESULT;
            t->blocks[i].result.call = id;
            t->blocks[i].result.name = name;
        }
        t->own[i] = id.n > 0;
        t->answered[i] = false;
    }
}

/* The calls have their ids: find those of the result at `at` among the blocks before it. */
static int
naive_call(const struct talk *t, unsigned at, struct str id, struct str said)
{
    for (unsigned i = at; id.n && i > 0; i--)
        if (t->blocks[i - 1].kind == IR_BLOCK_CALL && str_eq(t->blocks[i - 1].call.id, id))
            return (int)i - 1;
    for (int own = 0; own < 2; own++)
        for (unsigned i = 0; i < at; i++)
            if (t->blocks[i].kind == IR_BLOCK_CALL && t->own[i] == own && !t->answered[i]
                && (said.n == 0 || str_eq(t->blocks[i].call.name, said)))
                return (int)i;
    return -1;
}

static void
check_result(struct talk *t, unsigned at, const struct ir_block *got)
{
    struct str id = t->blocks[at].result.call, name = t->blocks[at].result.name;
    struct str said = id.n ? id : name;
    int call = naive_call(t, at, id, said);
    if (call >= 0)
        t->answered[call] = true;
    struct str want_id = call >= 0 ? t->blocks[call].call.id : said;
    struct str want_name = name.n ? name : call >= 0 ? t->blocks[call].call.name : said;
    if (!str_eq(got->result.call, want_id) || !str_eq(got->result.name, want_name))
        fail_msg("block %u: %.*s of %.*s, want %.*s of %.*s", at, STR_ARG(got->result.call),
                 STR_ARG(got->result.name), STR_ARG(want_id), STR_ARG(want_name));
}

static void
results_find_the_call_that_the_loop_finds(void **state)
{
    (void)state;
    struct dice d = { 11 };
    for (unsigned round = 0; round < 20000; round++) {
        struct arena a;
        struct xd x;
        struct talk t, settled;
        arena_init(&a, 1 << 20);
        xd_init(&x, xd_find(STR("openai.chat")), XD_OP_CHAT, &a, NULL);
        fill(&t, &d);
        settled = t;
        struct ir_request m = request_of(&settled);
        settle_calls(&x, &m);
        assert_int_equal(x.err, ERR_OK);
        for (unsigned i = 0; i < BLOCKS; i++)
            if (t.blocks[i].kind == IR_BLOCK_CALL)
                t.blocks[i].call.id = settled.blocks[i].call.id;
        for (unsigned i = 0; i < BLOCKS; i++)
            if (t.blocks[i].kind == IR_BLOCK_RESULT)
                check_result(&t, i, &settled.blocks[i]);
        xd_fini(&x);
        arena_fini(&a);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_find_the_call_that_the_loop_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
