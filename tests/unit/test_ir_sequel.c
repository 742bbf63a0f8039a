/* Replies that break off and go on: one word of the grammar, whatever breaks where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/ir/sequel.h"
#include "tests/lib/dice.h"
#include "tests/lib/told.h"

#define SEED UINT64_C(20250301)

struct play {
    struct told told;
    struct arena arena;
    struct ir_sequel sequel;
};

static int
set_up(void **state)
{
    struct play *p = calloc(1, sizeof *p);
    told_init(&p->told);
    arena_init(&p->arena, 1u << 20);
    ir_sequel_init(&p->sequel, &p->arena, told_event, &p->told);
    *state = p;
    return 0;
}

static int
tear_down(void **state)
{
    struct play *p = *state;
    told_fini(&p->told);
    arena_fini(&p->arena);
    free(p);
    return 0;
}

static void
renew(struct play *p)
{
    told_clear(&p->told);
    arena_reset(&p->arena);
    ir_sequel_init(&p->sequel, &p->arena, told_event, &p->told);
}

static void
say(struct play *p, struct ir_event e)
{
    ir_sequel_event(&p->sequel, &e);
}

static void
begin(struct play *p, const char *id)
{
    const struct ir_reply r = {
        .set = true, .id = str_from(id), .model = STR("m"), .usage.set = true
    };
    say(p, (struct ir_event){ .kind = IR_EVENT_BEGIN, .reply = &r });
}

static void
open_block(struct play *p, unsigned index, enum ir_block_kind kind)
{
    struct ir_block b = { .kind = kind };
    if (kind == IR_BLOCK_TEXT)
        b.text.text = STR("");
    if (kind == IR_BLOCK_THINKING)
        b.thinking.text = STR("");
    if (kind == IR_BLOCK_CALL)
        b.call.id = STR("c"), b.call.name = STR("f"), b.call.arguments = STR("");
    say(p, (struct ir_event){ .kind = IR_EVENT_OPEN, .index = index, .block = &b });
}

static void
grow(struct play *p, unsigned index, enum ir_block_kind kind, struct str text)
{
    struct ir_block b = { .kind = kind };
    if (kind == IR_BLOCK_TEXT)
        b.text.text = text;
    if (kind == IR_BLOCK_THINKING)
        b.thinking.text = text;
    if (kind == IR_BLOCK_CALL)
        b.call.arguments = text;
    say(p, (struct ir_event){ .kind = IR_EVENT_GROW, .index = index, .block = &b });
}

static void
close_block(struct play *p, unsigned index)
{
    say(p, (struct ir_event){ .kind = IR_EVENT_CLOSE, .index = index });
}

static void
finish(struct play *p, int64_t in, int64_t out)
{
    const struct ir_usage u = { .set = true, .input = { in, true }, .output = { out, true } };
    say(p, (struct ir_event){ .kind = IR_EVENT_FINISH, .stop = IR_STOP_END, .usage = &u });
    say(p, (struct ir_event){ .kind = IR_EVENT_END });
}

static void
break_off(struct play *p, int64_t in, int64_t out)
{
    const struct ir_usage u = { .set = true, .input = { in, true }, .output = { out, true } };
    assert_true(ir_sequel_can_go_on(&p->sequel));
    ir_sequel_break(&p->sequel, &u);
}

static void
the_text_that_was_open_goes_on(void **state)
{
    struct play *p = *state;
    begin(p, "one");
    open_block(p, 0, IR_BLOCK_TEXT);
    grow(p, 0, IR_BLOCK_TEXT, STR("Hello wo"));
    break_off(p, 10, 2);
    assert_int_equal(ir_sequel_text_bytes(&p->sequel), 8);
    begin(p, "two");
    open_block(p, 0, IR_BLOCK_THINKING);
    grow(p, 0, IR_BLOCK_THINKING, STR("where was I"));
    close_block(p, 0);
    open_block(p, 1, IR_BLOCK_TEXT);
    grow(p, 1, IR_BLOCK_TEXT, STR("rld"));
    assert_int_equal(ir_sequel_text_bytes(&p->sequel), 11);
    grow(p, 1, IR_BLOCK_TEXT, STR("!"));
    close_block(p, 1);
    finish(p, 20, 3);
    assert_string_equal(told_events(&p->told), "begin one m\n"
                                               "open 0.0 text\n"
                                               "grow 0.0 \"Hello wo\"\n"
                                               "grow 0.0 \"rld\"\n"
                                               "grow 0.0 \"!\"\n"
                                               "close 0.0\n"
                                               "finish 0 end 30/5\n"
                                               "end\n");
    told_check_grammar(&p->told);
}

static void
what_comes_behind_the_text_follows(void **state)
{
    struct play *p = *state;
    begin(p, "one");
    open_block(p, 0, IR_BLOCK_TEXT);
    grow(p, 0, IR_BLOCK_TEXT, STR("Let me see."));
    break_off(p, 10, 2);
    begin(p, "two");
    open_block(p, 0, IR_BLOCK_CALL);
    grow(p, 0, IR_BLOCK_CALL, STR("{}"));
    close_block(p, 0);
    finish(p, 20, 3);
    assert_string_equal(told_summary(&p->told),
                        "text \"Let me see.\", call c f {}; end | 30/5 | end");
    told_check_grammar(&p->told);
}

static void
nothing_more_is_an_end_too(void **state)
{
    struct play *p = *state;
    begin(p, "one");
    open_block(p, 0, IR_BLOCK_TEXT);
    grow(p, 0, IR_BLOCK_TEXT, STR("Done."));
    break_off(p, 1, 1);
    begin(p, "two");
    finish(p, 1, 0);
    assert_string_equal(told_summary(&p->told), "text \"Done.\"; end | 2/1 | end");
    told_check_grammar(&p->told);
}

static void
what_was_thought_and_not_said_is_said_now(void **state)
{
    struct play *p = *state;
    begin(p, "one");
    open_block(p, 0, IR_BLOCK_THINKING);
    grow(p, 0, IR_BLOCK_THINKING, STR("hm"));
    assert_false(ir_sequel_can_go_on(&p->sequel)); /* in the middle of a thought */
    close_block(p, 0);
    break_off(p, 1, 1);
    begin(p, "two");
    open_block(p, 0, IR_BLOCK_TEXT);
    grow(p, 0, IR_BLOCK_TEXT, STR("Yes."));
    close_block(p, 0);
    finish(p, 1, 1);
    assert_string_equal(told_summary(&p->told), "thinking \"hm\", text \"Yes.\"; end | 2/2 | end");
    told_check_grammar(&p->told);
}

/* A text that breaks behind `said`, and goes on in two pieces; what the client has in the end. */
static struct str
joined(struct play *p, const char *said, const char *first, const char *second)
{
    renew(p);
    begin(p, "one");
    open_block(p, 0, IR_BLOCK_TEXT);
    grow(p, 0, IR_BLOCK_TEXT, str_from(said));
    break_off(p, 1, 1);
    begin(p, "two");
    open_block(p, 0, IR_BLOCK_TEXT);
    if (*first)
        grow(p, 0, IR_BLOCK_TEXT, str_from(first));
    grow(p, 0, IR_BLOCK_TEXT, str_from(second));
    close_block(p, 0);
    finish(p, 1, 1);
    return p->told.collector.reply.choices.v[0].blocks.v[0].text.text;
}

/* Who goes on was shown the text without the white space behind it. */
static void
white_space_is_said_once(void **state)
{
    static const struct {
        const char *said, *first, *second, *whole;
    } rows[] = {
        { "Hello ", " ", "there", "Hello there" },
        { "Hello ", "", "there", "Hello there" },
        { "Hello", " ", " there", "Hello  there" },
        { "Hello \n", " ", "\nthere", "Hello \nthere" },
        { "Hello \n", " \n", " there", "Hello \n there" },
        { "Hello \n", " ", " there", "Hello \n there" },
        { "One.\n", "\n", "\nTwo.", "One.\n\nTwo." }, /* the paragraph's end broke */
        { "One. ", "\n", "\nTwo.", "One. \n\nTwo." }, /* another white space */
        { "One:\n", "", "    indented", "One:\n    indented" },
        { "One:\n", "\n    ", "indented", "One:\n    indented" },
        { "\n", "\n", "One", "\nOne" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str is = joined(*state, rows[i].said, rows[i].first, rows[i].second);
        if (!str_eq(is, str_from(rows[i].whole)))
            fail_msg("row %zu: \"%.*s\"", i, STR_ARG(is));
    }
}

static void
calls_and_ends_are_not_gone_on_with(void **state)
{
    struct play *p = *state;
    begin(p, "one");
    open_block(p, 0, IR_BLOCK_TEXT);
    grow(p, 0, IR_BLOCK_TEXT, STR("Hm."));
    close_block(p, 0);
    assert_true(ir_sequel_can_go_on(&p->sequel));
    open_block(p, 1, IR_BLOCK_CALL);
    assert_false(ir_sequel_can_go_on(&p->sequel));
    close_block(p, 1);
    assert_false(ir_sequel_can_go_on(&p->sequel));
    renew(p);
    begin(p, "two");
    open_block(p, 0, IR_BLOCK_TEXT);
    close_block(p, 0);
    finish(p, 1, 1);
    assert_false(ir_sequel_can_go_on(&p->sequel));
}

/* Told again up to here, it is the same word. */
static void
check_retold(struct play *p, unsigned step)
{
    struct told again;
    told_init(&again);
    ir_sequel_retell(&p->sequel, told_event, &again);
    struct str was = ir_sequel_text_bytes(&p->sequel)
                         ? p->told.collector.reply.choices.v[0].blocks.v[0].text.text
                         : STR("");
    struct str is = ir_sequel_text_bytes(&p->sequel)
                        ? again.collector.reply.choices.v[0].blocks.v[0].text.text
                        : STR("");
    if (!str_eq(was, is))
        fail_msg("step %u: retold otherwise", step);
    told_fini(&again);
}

/* A text that breaks at any places is whole in the end. */
static void
any_breaks_make_one_reply(void **state)
{
    static const char whole[] = "The quick brown fox jumps over the lazy dog.";
    struct play *p = *state;
    for (uint64_t seed = SEED; seed < SEED + 500; seed++) {
        struct dice d = { seed };
        size_t at = 0, n = sizeof whole - 1;
        unsigned index = 0, breaks = dice_roll(&d, 5);
        renew(p);
        for (unsigned i = 0; i <= breaks; i++) {
            bool last = i == breaks;
            index = 0;
            begin(p, "id");
            if (i && dice_roll(&d, 2)) {
                open_block(p, index, IR_BLOCK_THINKING);
                close_block(p, index++);
            }
            open_block(p, index, IR_BLOCK_TEXT);
            size_t end = last ? n : at + dice_roll(&d, (unsigned)(n - at) + 1);
            while (at < end) {
                size_t piece = 1 + dice_roll(&d, (unsigned)(end - at));
                /* Who goes on says white space again that was the last to be said. */
                grow(p, index, IR_BLOCK_TEXT, str_make(whole + at, piece));
                at += piece;
            }
            if (last)
                break;
            if (at && whole[at - 1] == ' ')
                at -= dice_roll(&d, 2) ? 1 : 0;
            check_retold(p, i);
            break_off(p, 1, 1);
        }
        close_block(p, index);
        finish(p, 1, 1);
        told_check_grammar(&p->told);
        const struct ir_choice *c = &p->told.collector.reply.choices.v[0];
        if (p->told.begins != 1 || p->told.ends != 1 || c->blocks.n != 1
            || !str_eq(c->blocks.v[0].text.text, str_from(whole))
            || p->told.collector.reply.usage.input.v != (int64_t)breaks + 1)
            fail_msg("seed %llu: %s", (unsigned long long)seed, told_summary(&p->told));
    }
}

/* A part of it would be taken for all that was said. */
static void
what_was_said_is_told_whole_or_not_at_all(void **state)
{
    (void)state;
    static char long_text[4000];
    memset(long_text, 'x', sizeof long_text);
    struct ir_block blocks[] = {
        { .kind = IR_BLOCK_TEXT, .text.text = STR("Well, ") },
        { .kind = IR_BLOCK_TEXT, .text.text = { long_text, sizeof long_text } },
    };
    struct ir_choice choice = { .blocks = { blocks, 2, 2 } };
    const struct ir_reply said = { .set = true, .choices = { &choice, 1, 1 } };
    struct arena a;
    arena_init(&a, 1024);
    assert_null(ir_said(&said, &a).p);
    assert_true(a.full);
    arena_fini(&a);
    arena_init(&a, 1u << 16);
    assert_int_equal(ir_said(&said, &a).n, 6 + sizeof long_text);
    arena_fini(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_text_that_was_open_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_comes_behind_the_text_follows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_more_is_an_end_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_thought_and_not_said_is_said_now, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(white_space_is_said_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(calls_and_ends_are_not_gone_on_with, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_breaks_make_one_reply, set_up, tear_down),
        cmocka_unit_test(what_was_said_is_told_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
