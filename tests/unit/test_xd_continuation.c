/* Requests for the rest of a reply: what is asked, and of whom it cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/xd/continuation.h"
#include "runtime/xd/policy.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"

static struct ir_block hello[] = { { .kind = IR_BLOCK_TEXT, .text.text = STR_INIT("Hello") } };
static struct ir_block begun[] = { { .kind = IR_BLOCK_TEXT, .text.text = STR_INIT("Sure:") } };
static struct ir_turn turns[] = {
    { .set = true, .role = IR_ROLE_USER, .blocks = { hello, 1, 1 } },
    { .set = true, .role = IR_ROLE_ASSISTANT, .blocks = { begun, 1, 1 } },
};
static struct ir_block said[] = {
    { .kind = IR_BLOCK_THINKING, .thinking.text = STR_INIT("hm") },
    { .kind = IR_BLOCK_TEXT, .text.text = STR_INIT("One, two ") },
};
static struct ir_choice choice = { .set = true, .blocks = { said, 2, 2 } };
static const struct ir_reply reply = { .set = true, .choices = { &choice, 1, 1 } };

static struct ir_request
request(unsigned n)
{
    return (struct ir_request){ .set = true, .model = STR("m"), .turns = { turns, n, n } };
}

static void
what_was_said_is_the_last_turn(void **state)
{
    struct ir_request m = request(1), out;
    struct arena a;
    (void)state;
    arena_init(&a, 1u << 20);
    m.reasoning = (struct ir_reasoning){ .set = true, .mode = IR_THINKING_AUTO };
    m.max_output = (struct ir_int){ 100, true };
    assert_int_equal(xd_continue(XD_CONTINUATION_PREFILL, &m, &reply, &a, &out), ERR_OK);
    assert_int_equal(out.turns.n, 2);
    assert_int_equal(out.turns.v[1].role, IR_ROLE_ASSISTANT);
    assert_int_equal(out.turns.v[1].blocks.n, 1);
    assert_true(str_is(out.turns.v[1].blocks.v[0].text.text, "One, two"));
    assert_false(out.reasoning.set);
    assert_int_equal(out.max_output.v, 98);
    assert_int_equal(m.turns.n, 1); /* untouched */
    arena_fini(&a);
}

static void
else_it_is_asked_for_in_words(void **state)
{
    struct ir_request m = request(1), out;
    struct arena a;
    (void)state;
    arena_init(&a, 1u << 20);
    m.reasoning = (struct ir_reasoning){ .set = true, .mode = IR_THINKING_AUTO };
    m.max_output = (struct ir_int){ 1, true };
    assert_int_equal(xd_continue(XD_CONTINUATION_ASK, &m, &reply, &a, &out), ERR_OK);
    assert_int_equal(out.turns.n, 3);
    assert_int_equal(out.turns.v[2].role, IR_ROLE_USER);
    assert_true(str_starts(out.turns.v[2].blocks.v[0].text.text, STR("Your last message")));
    assert_true(out.reasoning.set);
    assert_int_equal(out.max_output.v, 1);
    arena_fini(&a);
}

/* Turns of one role never stand side by side. */
static void
what_the_client_began_goes_on(void **state)
{
    struct ir_request m = request(2), out;
    struct arena a;
    (void)state;
    arena_init(&a, 1u << 20);
    assert_int_equal(xd_continue(XD_CONTINUATION_PREFILL, &m, &reply, &a, &out), ERR_OK);
    assert_int_equal(out.turns.n, 2);
    assert_int_equal(out.turns.v[1].blocks.n, 2);
    assert_int_equal(turns[1].blocks.n, 1); /* untouched */
    arena_fini(&a);
}

/* What is but white space was not said to anybody who would go on. */
static void
white_space_behind_what_was_said_is_not_shown(void **state)
{
    static struct ir_block blocks[] = {
        { .kind = IR_BLOCK_TEXT, .text.text = STR_INIT("One.\n") },
        { .kind = IR_BLOCK_TEXT, .text.text = STR_INIT(" \n\t") },
    };
    static const enum xd_continuation hows[] = { XD_CONTINUATION_PREFILL, XD_CONTINUATION_ASK };
    struct ir_choice one = { .set = true, .blocks = { blocks, 2, 2 } };
    struct ir_reply r = { .set = true, .choices = { &one, 1, 1 } };
    struct ir_request m = request(1), out;
    struct arena a;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        arena_init(&a, 1u << 20);
        one.blocks = (struct ir_blocks){ blocks, 2, 2 };
        assert_int_equal(xd_continue(hows[i], &m, &r, &a, &out), ERR_OK);
        assert_true(str_is(out.turns.v[1].blocks.v[0].text.text, "One."));
        one.blocks = (struct ir_blocks){ blocks + 1, 1, 1 };
        assert_int_equal(xd_continue(hows[i], &m, &r, &a, &out), ERR_OK);
        assert_ptr_equal(out.turns.v, m.turns.v);
        arena_fini(&a);
    }
}

static void
where_nothing_was_said_it_is_the_request_itself(void **state)
{
    const struct ir_reply silent = { .set = true };
    struct ir_request m = request(1), out;
    struct arena a;
    (void)state;
    arena_init(&a, 1u << 20);
    assert_int_equal(xd_continue(XD_CONTINUATION_ASK, &m, &silent, &a, &out), ERR_OK);
    assert_ptr_equal(out.turns.v, m.turns.v);
    assert_int_equal(out.turns.n, 1);
    arena_fini(&a);
}

static void
not_everything_can_be_put_together(void **state)
{
    struct ir_request m = request(1);
    struct str audio[] = { STR("text"), STR("audio") };
    (void)state;
    assert_true(xd_continuation_fits(&m));
    m.format = (struct ir_format){ .set = true, .mode = IR_FORMAT_MODE_TEXT };
    assert_true(xd_continuation_fits(&m));
    m.format.mode = IR_FORMAT_MODE_SCHEMA;
    assert_false(xd_continuation_fits(&m));
    m = request(1);
    m.candidates = (struct ir_int){ 2, true };
    assert_false(xd_continuation_fits(&m));
    m = request(1);
    m.outputs = (struct ir_strs){ audio, 2, 2 };
    assert_false(xd_continuation_fits(&m));
    m = request(1);
    m.logprobs = IR_TRUE;
    assert_false(xd_continuation_fits(&m));
}

/* Who goes on by itself, as the specs say. */
static void
providers_go_on_as_their_specs_say(void **state)
{
    static const struct {
        const char *dialect, *model;
        enum xd_continuation how;
    } all[] = {
        { "openai.chat", "gpt-4o", XD_CONTINUATION_ASK },
        { "google.generate", "gemini-2.5-pro", XD_CONTINUATION_ASK },
        { "anthropic.messages", "claude-sonnet-4-5", XD_CONTINUATION_PREFILL },
        { "anthropic.messages", "claude-opus-4-6-20260101", XD_CONTINUATION_ASK },
        { "bedrock.converse", "anthropic.claude-3-haiku", XD_CONTINUATION_PREFILL },
        { "bedrock.converse", "anthropic.claude-opus-4-7", XD_CONTINUATION_ASK },
        { "bedrock.converse", "amazon.nova-pro", XD_CONTINUATION_ASK },
        { "mistral.chat", "mistral-large", XD_CONTINUATION_PREFILL },
        { "openrouter", "any", XD_CONTINUATION_PREFILL },
        { "groq", "any", XD_CONTINUATION_PREFILL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const struct xd_dialect *d = xd_find(str_from(all[i].dialect));
        if (!d)
            fail_msg("no %s", all[i].dialect);
        enum xd_continuation how = xd_continuation_of(
            xd_policy_value(d, NULL, str_from(all[i].model), IR_POLICY_CONTINUATION));
        if (how != all[i].how)
            fail_msg("%s, %s", all[i].dialect, all[i].model);
    }
    assert_int_equal(xd_continuation_of(STR("none")), XD_CONTINUATION_NONE);
}

/* On the wire: a final turn that is marked, white space that is taken off. */
static void
the_wire_says_it(void **state)
{
    static const struct {
        const char *dialect, *has;
    } all[] = {
        { "anthropic.messages",
          "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"One, two\"}]}]" },
        { "mistral.chat", "\"prefix\":true" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct ir_request m = request(1), rest, ready;
        struct arena a;
        struct buf out;
        struct xd x;
        arena_init(&a, 1u << 20);
        buf_init(&out, 1u << 16);
        xd_init(&x, xd_find(str_from(all[i].dialect)), XD_OP_CHAT, &a, &out);
        assert_int_equal(xd_continue(XD_CONTINUATION_PREFILL, &m, &reply, &a, &rest), ERR_OK);
        assert_int_equal(xd_prepare(&x, &rest, NULL, &ready), ERR_OK);
        assert_int_equal(xd_request_write(&x, &ready), ERR_OK);
        buf_putc(&out, '\0');
        if (!strstr(out.p, all[i].has))
            fail_msg("%s: %s", all[i].dialect, out.p);
        xd_fini(&x);
        buf_fini(&out);
        arena_fini(&a);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_said_is_the_last_turn),
        cmocka_unit_test(else_it_is_asked_for_in_words),
        cmocka_unit_test(what_the_client_began_goes_on),
        cmocka_unit_test(white_space_behind_what_was_said_is_not_shown),
        cmocka_unit_test(where_nothing_was_said_it_is_the_request_itself),
        cmocka_unit_test(not_everything_can_be_put_together),
        cmocka_unit_test(providers_go_on_as_their_specs_say),
        cmocka_unit_test(the_wire_says_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
