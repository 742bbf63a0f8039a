/* The words by which the emulator is told how to reply, and its file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/mock/options.h"

static void
manner_takes_each_word(void **state)
{
    static const struct {
        const char *words;
        struct mock_manner want;
    } good[] = {
        { "", { 0 } },
        { "429", { .fault = MOCK_FAULT_STATUS, .status = 429 } },
        { "599", { .fault = MOCK_FAULT_STATUS, .status = 599 } },
        { "delay=300ms", { .delay_ms = 300 } },
        { "delay=5s", { .delay_ms = 5000 } },
        { "stall=2s", { .fault = MOCK_FAULT_STALL, .stall_ms = 2000 } },
        { "stall=1ms!after=7", { .fault = MOCK_FAULT_STALL, .stall_ms = 1, .after = 7 } },
        { "reset", { .fault = MOCK_FAULT_RESET } },
        { "reset-after=3", { .fault = MOCK_FAULT_RESET, .after = 3 } },
        { "close", { .fault = MOCK_FAULT_CLOSE } },
        { "close-after=3", { .fault = MOCK_FAULT_CLOSE, .after = 3 } },
        { "truncate=3", { .fault = MOCK_FAULT_TRUNCATE, .after = 3 } },
        { "error-event=2", { .fault = MOCK_FAULT_ERROR_EVENT, .after = 2 } },
        { "garbage", { .fault = MOCK_FAULT_GARBAGE } },
        { "html", { .fault = MOCK_FAULT_HTML } },
        { "wrong-type", { .fault = MOCK_FAULT_WRONG_TYPE } },
        { "whole", { .fault = MOCK_FAULT_WHOLE } },
        { "disorder", { .fault = MOCK_FAULT_DISORDER } },
        { "tokens=10!rate=20!split=1", { .tokens = 10, .rate = 20, .split = 1 } },
        { "503!retry-after=9!times=2",
          { .fault = MOCK_FAULT_STATUS, .status = 503, .retry_after = 9, .times = 2 } },
        { "spent=30s", { .spent_ms = 30000 } },
        { "429!html", { .fault = MOCK_FAULT_HTML, .status = 429 } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct mock_manner m = { 0 };
        struct str bad;
        if (!mock_manner_words(&m, str_from(good[i].words), &bad))
            fail_msg("%s: bad word %.*s", good[i].words, STR_ARG(bad));
        if (memcmp(&m, &good[i].want, sizeof m) != 0)
            fail_msg("%s: misread", good[i].words);
    }
}

static void
manner_refuses_what_is_no_word(void **state)
{
    static const char *const bad[] = {
        "399",
        "600",
        "42",
        "4290000000",
        "delay",
        "delay=",
        "delay=3",
        "delay=3m",
        "delay=-1s",
        "stall",
        "stall=99999s",
        "reset=1",
        "reset-after",
        "reset-after=",
        "reset-after=x",
        "tokens=",
        "tokens=1000001",
        "rate=1x",
        "Reset",
        " ",
        "=",
        "=1",
        "times=1234567890",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mock_manner m = { .delay_ms = 7 }, before = m;
        struct str word = { NULL, 0 };
        if (mock_manner_words(&m, str_from(bad[i]), &word))
            fail_msg("\"%s\" was taken", bad[i]);
        assert_memory_equal(&m, &before, sizeof m);
        assert_non_null(word.p);
    }
}

static void
manner_stops_at_the_first_bad_word(void **state)
{
    struct mock_manner m = { 0 };
    struct str bad;
    (void)state;
    assert_false(mock_manner_words(&m, STR("delay=1s!oops!429"), &bad));
    assert_true(str_is(bad, "oops"));
    assert_int_equal(m.delay_ms, 1000);
    assert_int_equal(m.fault, MOCK_FAULT_NONE);
}

static void
manner_is_cut_from_the_model(void **state)
{
    struct str words;
    (void)state;
    assert_true(str_is(mock_manner_model(STR("gpt-4o!429!delay=1s"), &words), "gpt-4o"));
    assert_true(str_is(words, "429!delay=1s"));
    assert_true(str_is(mock_manner_model(STR("gpt-4o"), &words), "gpt-4o"));
    assert_null(words.p);
    assert_true(str_is(mock_manner_model(STR("!html"), &words), ""));
    assert_true(str_is(words, "html"));
    mock_manner_model((struct str){ NULL, 0 }, &words);
    assert_null(words.p);
}

/* --- the file --- */

struct file {
    struct arena arena;
    struct mock_options o;
    struct config_errors errors;
    char text[4096];
};

static bool
parse(struct file *f, const char *yaml)
{
    struct buf out;
    arena_init(&f->arena, 1 << 20);
    bool ok = mock_options_parse(str_from(yaml), "mock.yaml", &f->arena, &f->o, &f->errors);
    buf_init(&out, sizeof f->text - 1);
    config_errors_print(&f->errors, &out);
    snprintf(f->text, sizeof f->text, "%.*s", STR_ARG(buf_str(&out)));
    buf_fini(&out);
    return ok;
}

static void
options_are_read_from_a_file(void **state)
{
    struct file f;
    (void)state;
    bool ok = parse(&f, "listen: 127.0.0.1:0\n"
                        "workers: 3\n"
                        "tls: { cert: a.pem, key: b.pem }\n"
                        "api_key: secret\n"
                        "reply: { manner: \"delay=10ms!rate=5\", token_bytes: 8, calls: always }\n"
                        "fixed: { bytes: 1KiB, events: 10, event_bytes: 20B }\n"
                        "replay: recordings/\n"
                        "faults:\n"
                        "  - { manner: \"429\", one_in: 100 }\n"
                        "  - { manner: reset, one_in: 7 }\n");
    if (!ok)
        fail_msg("%s", f.text);
    assert_true(str_is(f.o.listen, "127.0.0.1:0"));
    assert_int_equal(f.o.workers, 3);
    assert_true(str_is(f.o.tls_cert, "a.pem"));
    assert_true(str_is(f.o.tls_key, "b.pem"));
    assert_true(str_is(f.o.api_key, "secret"));
    assert_int_equal(f.o.manner.delay_ms, 10);
    assert_int_equal(f.o.manner.rate, 5);
    assert_int_equal(f.o.token_bytes, 8);
    assert_int_equal(f.o.calls, MOCK_CALLS_ALWAYS);
    assert_true(f.o.fixed.set);
    assert_int_equal(f.o.fixed.bytes, 1024);
    assert_int_equal(f.o.fixed.events, 10);
    assert_int_equal(f.o.fixed.event_bytes, 20);
    assert_true(str_is(f.o.replay, "recordings/"));
    assert_int_equal(f.o.n_chances, 2);
    assert_int_equal(f.o.chances[0].manner.status, 429);
    assert_int_equal(f.o.chances[1].one_in, 7);
    arena_fini(&f.arena);
}

static void
options_of_an_empty_file_are_the_defaults(void **state)
{
    static const char *const empty[] = { "{}", "reply:\n", "faults:\n" };
    (void)state;
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        struct file f;
        if (!parse(&f, empty[i]))
            fail_msg("%s", f.text);
        assert_null(f.o.listen.p);
        assert_false(f.o.fixed.set);
        assert_int_equal(f.o.n_chances, 0);
        arena_fini(&f.arena);
    }
}

static void
options_say_what_is_wrong(void **state)
{
    static const struct {
        const char *yaml, *want;
    } bad[] = {
        { "lisen: 1", "unknown key \"lisen\"" },
        { "reply: { manner: \"429!oops\" }", "\"oops\" is not a word" },
        { "faults: { manner: 429 }", "must be a list" },
        { "faults: [ { manner: 429 } ]", "\"one_in\" is missing" },
        { "faults: [ { one_in: 0, manner: 429 } ]", "\"one_in\" must be" },
        { "listen: unix:/tmp/x", "must be an address with a port" },
        { "tls: { cert: a.pem }", "\"key\" is missing" },
        { "fixed: { bytes: 3 }", "a size with its unit" },
        { "[", "mock.yaml:" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct file f;
        assert_false(parse(&f, bad[i].yaml));
        if (!strstr(f.text, bad[i].want))
            fail_msg("%s: said \"%s\"", bad[i].yaml, f.text);
        arena_fini(&f.arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manner_takes_each_word),
        cmocka_unit_test(manner_refuses_what_is_no_word),
        cmocka_unit_test(manner_stops_at_the_first_bad_word),
        cmocka_unit_test(manner_is_cut_from_the_model),
        cmocka_unit_test(options_are_read_from_a_file),
        cmocka_unit_test(options_of_an_empty_file_are_the_defaults),
        cmocka_unit_test(options_say_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
