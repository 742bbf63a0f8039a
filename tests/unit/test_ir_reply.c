/* A reply spoken, collected and judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/ir/reply.h"
#include "tests/lib/told.h"

static int
set_up(void **state)
{
    struct told *t = calloc(1, sizeof *t);
    told_init(t);
    *state = t;
    return 0;
}

static int
tear_down(void **state)
{
    told_fini(*state);
    free(*state);
    return 0;
}

static struct ir_citation cites[] = { { .kind = IR_CITATION_WEB, .web.url = STR_INIT("u") } };
static struct ir_block blocks[] = {
    { .kind = IR_BLOCK_THINKING, .thinking = { STR_INIT("hm"), STR_INIT("sig") } },
    { .kind = IR_BLOCK_TEXT, .text = { .text = STR_INIT("Hi"), .citations = { cites, 1, 1 } } },
    { .kind = IR_BLOCK_SEALED, .sealed.data = STR_INIT("xx") },
    { .kind = IR_BLOCK_CALL,
      .call = { .id = STR_INIT("a"), .name = STR_INIT("f"), .arguments = STR_INIT("{\"x\":1}") } },
    { .kind = IR_BLOCK_CALL,
      .call = { .id = STR_INIT("b"), .name = STR_INIT("g"), .arguments = STR_INIT("") } },
    { .kind = IR_BLOCK_REFUSAL, .refusal.text = STR_INIT("no") },
    { .kind = IR_BLOCK_IMAGE, .image.source = { .kind = IR_SOURCE_URL, .url.url = STR_INIT("i") } },
    { .kind = IR_BLOCK_FOREIGN, .foreign = { .dialect = STR_INIT("d"), .body = STR_INIT("{}") } },
};
#define BLOCKS (sizeof blocks / sizeof *blocks)

static void
a_whole_reply_is_a_word(void **state)
{
    struct told *t = *state;
    struct ir_choice choices[] = {
        { .set = true, .blocks = { blocks, BLOCKS, BLOCKS }, .stop = IR_STOP_CALL },
        { .set = true,
          .blocks = { blocks + 1, 1, 1 },
          .stop = IR_STOP_MATCH,
          .stop_text = STR("#") },
    };
    struct ir_reply r = { .set = true,
                          .id = STR("c1"),
                          .model = STR("m"),
                          .choices = { choices, 2, 2 },
                          .usage = { .set = true, .input = { 3, true }, .output = { 2, true } } };
    ir_reply_speak(&r, told_event, t);
    told_check_grammar(t);
    assert_string_equal(told_events(t),
                        "begin c1 m\n"
                        "open 0.0 thinking\ngrow 0.0 \"hm\" signed \"sig\"\nclose 0.0\n"
                        "open 0.1 text\ngrow 0.1 \"Hi\" cites:u\nclose 0.1\n"
                        "open 0.2 sealed \"xx\"\nclose 0.2\n"
                        "open 0.3 call a f\ngrow 0.3 {\"x\":1}\nclose 0.3\n"
                        "open 0.4 call b g\ngrow 0.4 {}\nclose 0.4\n"
                        "open 0.5 refusal\ngrow 0.5 \"no\"\nclose 0.5\n"
                        "open 0.6 image\nclose 0.6\n"
                        "open 0.7 foreign\nclose 0.7\n"
                        "open 1.0 text\ngrow 1.0 \"Hi\" cites:u\nclose 1.0\n"
                        "finish 0 call 3/2\nfinish 1 match \"#\" 3/2\nend\n");
    assert_string_equal(
        told_summary(t),
        "thinking \"hm\" signed \"sig\", text \"Hi\" cites:u, sealed \"xx\", call a f {\"x\":1}, call b g {}, "
        "refusal \"no\", image url:i, foreign {}; call | text \"Hi\" cites:u; match | 3/2 | end");
}

static void
an_empty_reply_is_a_word_too(void **state)
{
    struct told *t = *state;
    struct ir_reply r = { .set = true };
    ir_reply_speak(&r, told_event, t);
    told_check_grammar(t);
    assert_string_equal(told_events(t), "begin  \nfinish 0 end\nend\n");
    assert_false(t->collector.reply.usage.set);
}

static void
what_is_collected_does_not_depend_on_its_source(void **state)
{
    struct told *t = *state;
    char text[8] = "abc", url[8] = "u";
    struct ir_citation c = { .kind = IR_CITATION_WEB, .web.url = { url, 1 } };
    struct ir_block open = { .kind = IR_BLOCK_TEXT, .text.text = STR("") };
    struct ir_block grow = { .kind = IR_BLOCK_TEXT,
                             .text = { .text = { text, 3 }, .citations = { &c, 1, 1 } } };
    struct ir_reply head = { .set = true };
    ir_collector_event(&t->collector, &(struct ir_event){ .kind = IR_EVENT_BEGIN, .reply = &head });
    ir_collector_event(&t->collector, &(struct ir_event){ .kind = IR_EVENT_OPEN, .block = &open });
    for (int i = 0; i < 3; i++) {
        text[0] = (char)('a' + i);
        ir_collector_event(&t->collector,
                           &(struct ir_event){ .kind = IR_EVENT_GROW, .block = &grow });
    }
    memset(text, '!', sizeof text);
    memset(url, '!', sizeof url);
    memset(&c, 0, sizeof c);
    assert_string_equal(told_summary(t), "text \"abcbbccbc\" cites:u cites:u cites:u | open");
}

static void
media_lengthen_and_foreign_blocks_do_not(void **state)
{
    struct told *t = *state;
    struct ir_block audio = { .kind = IR_BLOCK_AUDIO,
                              .audio = { .source = { .kind = IR_SOURCE_BYTES,
                                                     .bytes = { STR("audio/wav"), STR("QU") } },
                                         .transcript = STR("he") } };
    struct ir_block foreign = { .kind = IR_BLOCK_FOREIGN,
                                .foreign = { .dialect = STR("d"), .body = STR("{}") } };
    struct ir_block a = ir_block_copy(&t->arena, &audio), f = ir_block_copy(&t->arena, &foreign);
    assert_true(ir_block_extend(&t->arena, &a, &audio));
    assert_true(ir_block_extend(&t->arena, &f, &foreign));
    assert_true(ir_block_extend(&t->arena, &f, &audio));
    told_block(&t->events, &a);
    told_block(&t->events, &f);
    assert_string_equal(told_events(t), "audio audio/wav:QUQU says \"hehe\"foreign {}");
}

static void
a_full_arena_is_noticed(void **state)
{
    struct ir_collector c;
    struct arena small;
    (void)state;
    arena_init(&small, 4096);
    ir_collector_init(&c, &small);
    struct ir_block open = { .kind = IR_BLOCK_TEXT, .text.text = STR("") };
    struct ir_block grow = { .kind = IR_BLOCK_TEXT,
                             .text.text = STR("0123456789012345678901234567890123456789") };
    ir_collector_event(&c, &(struct ir_event){ .kind = IR_EVENT_OPEN, .block = &open });
    for (int i = 0; i < 200; i++)
        ir_collector_event(&c, &(struct ir_event){ .kind = IR_EVENT_GROW, .block = &grow });
    assert_int_equal(c.err, ERR_LIMIT);
    arena_fini(&small);
}

/* Words in letters: b begin, o open, g grow, c close, f finish, e end, p beat, x fail; a digit
 * before one is the choice, a capital has the index 1. */
static bool
is_word(const char *letters)
{
    static const struct ir_block text = { .kind = IR_BLOCK_TEXT, .text.text = STR_INIT("x") };
    static const struct ir_reply head = { .set = true };
    static const struct ir_usage usage = { .set = true };
    static const struct ir_error error = { .set = true };
    static const char kinds[] = "bogcfepx";
    struct ir_grammar *g = calloc(1, sizeof *g);
    unsigned choice = 0;
    for (const char *p = letters; *p; p++) {
        if (*p >= '0' && *p <= '9') {
            choice = (unsigned)(*p - '0');
            continue;
        }
        bool second = *p >= 'A' && *p <= 'Z';
        struct ir_event e = { .kind = (enum ir_event_kind)(strchr(kinds, *p | 0x20) - kinds),
                              .choice = choice,
                              .index = second,
                              .reply = &head,
                              .block = &text,
                              .stop = IR_STOP_END,
                              .usage = &usage,
                              .error = &error };
        ir_grammar_event(g, &e);
        choice = 0;
    }
    bool ok = ir_grammar_ok(g);
    free(g);
    return ok;
}

static void
the_grammar_takes_words_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *letters;
        bool ok;
    } table[] = {
        { "bfe", true },          { "bogcfe", true },  { "bogggcOGCfe", true },
        { "pbpopgpcpfpe", true }, { "x", true },       { "box", true },
        { "bo1ogc1cf1fe", true }, { "bocfx", true },   { "", false },
        { "b", false },           { "be", false },     { "bo", false },
        { "bofe", false },        { "bocOCf", false }, { "ocfe", false },
        { "bbfe", false },        { "boofe", false },  { "bgfe", false },
        { "bcfe", false },        { "bOcfe", false },  { "bocofe", false },
        { "bocoCfe", false },     { "bffe", false },   { "bfocfe", false },
        { "bfep", false },        { "bfex", false },   { "xx", false },
        { "bo1ocfe", false },     { "bo1cfe", false }, { "boGcfe", false },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (is_word(table[i].letters) != table[i].ok)
            fail_msg("%s is %sa word", table[i].letters, table[i].ok ? "" : "not ");
}

static void
usages_merge_field_by_field(void **state)
{
    (void)state;
    struct ir_usage to = { .set = true, .input = { 3, true }, .output = { 1, true } };
    struct ir_usage from = {
        .set = true, .output = { 9, true }, .thinking = { 11, true }, .cache_read = { -4, true }
    };
    ir_usage_merge(&to, &from);
    assert_int_equal(to.input.v, 3);
    assert_int_equal(to.output.v, 9);
    ir_usage_clamp(&to);
    assert_int_equal(to.thinking.v, 9);
    assert_int_equal(to.cache_read.v, 0);
    struct ir_usage cached = { .input = { 3, true }, .cache_read = { 40, true } };
    assert_int_equal(ir_usage_whole_input(&cached).v, 43);
    cached.cache_write = (struct ir_int){ 500, true };
    assert_int_equal(ir_usage_whole_input(&cached).v, 543);
    cached.input.set = false;
    assert_false(ir_usage_whole_input(&cached).set);
    struct ir_usage none = { .set = true };
    ir_usage_merge(&none, &(struct ir_usage){ .set = true });
    assert_false(none.set);
}

static void
the_reason_to_stop_agrees_with_what_was_said(void **state)
{
    (void)state;
    const uint32_t call = 1u << IR_BLOCK_CALL, refusal = 1u << IR_BLOCK_REFUSAL,
                   text = 1u << IR_BLOCK_TEXT;
    assert_int_equal(ir_stop_settle(IR_STOP_UNSET, text), IR_STOP_END);
    assert_int_equal(ir_stop_settle(IR_STOP_END, text | call), IR_STOP_CALL);
    assert_int_equal(ir_stop_settle(IR_STOP_END, refusal), IR_STOP_REFUSAL);
    assert_int_equal(ir_stop_settle(IR_STOP_LENGTH, call), IR_STOP_LENGTH);
}

static void
every_value_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < IR_STOP_COUNT; i++)
        assert_string_not_equal(ir_stop_name((enum ir_stop)i), "unknown");
    for (int i = 0; i < IR_FAULT_COUNT; i++)
        assert_string_not_equal(ir_fault_name((enum ir_fault)i), "unknown");
    assert_string_equal(ir_fault_name(IR_FAULT_TOO_LARGE), "too_large");
    assert_true(ir_fault_retryable(IR_FAULT_OVERLOADED));
    assert_false(ir_fault_retryable(IR_FAULT_CONTEXT));
}

static void
empty_blocks_are_told_from_blocks_that_say_little(void **state)
{
    (void)state;
    static const struct {
        struct ir_block b;
        bool empty;
    } table[] = {
        { { .kind = IR_BLOCK_TEXT }, true },
        { { .kind = IR_BLOCK_TEXT, .text.text = STR_INIT(" ") }, false },
        { { .kind = IR_BLOCK_TEXT, .text.citations = { cites, 1, 1 } }, false },
        { { .kind = IR_BLOCK_TEXT, .cache = { .set = true } }, false },
        { { .kind = IR_BLOCK_THINKING, .thinking.signature = STR_INIT("s") }, false },
        { { .kind = IR_BLOCK_THINKING, .thinking.text = STR_INIT("") }, true },
        { { .kind = IR_BLOCK_REFUSAL }, true },
        { { .kind = IR_BLOCK_CALL }, true },
        { { .kind = IR_BLOCK_CALL, .call.name = STR_INIT("f") }, false },
        { { .kind = IR_BLOCK_AUDIO }, true },
        { { .kind = IR_BLOCK_IMAGE }, false },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(ir_block_is_empty(&table[i].b), table[i].empty);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_whole_reply_is_a_word),
        TEST(an_empty_reply_is_a_word_too),
        TEST(what_is_collected_does_not_depend_on_its_source),
        TEST(media_lengthen_and_foreign_blocks_do_not),
        TEST(a_full_arena_is_noticed),
        TEST(the_grammar_takes_words_and_nothing_else),
        TEST(usages_merge_field_by_field),
        TEST(the_reason_to_stop_agrees_with_what_was_said),
        TEST(every_value_has_a_name),
        TEST(empty_blocks_are_told_from_blocks_that_say_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
