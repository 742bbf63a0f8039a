/* The operator's patterns: found as PCRE2 finds them in the whole text, in few steps, or it is said that they were not. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pcre2.h>

#include "runtime/base/buf.h"
#include "runtime/redact/custom_search.h"
#include "tests/lib/dice.h"

static const struct redact_time no_end = { NULL, 0, NULL };

static struct redact_custom *
make(const char *const *patterns, unsigned n)
{
    struct redact_pattern v[8];
    struct fault f;
    for (unsigned i = 0; i < n; i++)
        v[i] = (struct redact_pattern){ STR("own"), str_from(patterns[i]) };
    struct redact_custom *c = redact_custom_create(v, n, &f);
    if (!c)
        fail_msg("%s", f.text);
    return c;
}

/* --- the same as in one go --- */

/* Of one pattern, by PCRE2's interpreter, which sees all of the text. */
static bool
find_at_once(const char *pattern, struct str text, size_t from, struct redact_match *m)
{
    int err;
    PCRE2_SIZE where;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                     PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &err, &where, NULL);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    assert_non_null(code);
    int r = pcre2_match(code, (PCRE2_SPTR)text.p, text.n, from, PCRE2_NOTEMPTY, data, NULL);
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);
    assert_true(r > 0 || r == PCRE2_ERROR_NOMATCH);
    if (r > 0)
        *m = (struct redact_match){ at[0], at[1] - at[0], REDACT_CUSTOM, 0 };
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return r > 0;
}

static void
stretches_make_no_difference(void **state)
{
    static const char *const patterns[] = {
        "T-[0-9]{3}",  "(?<=ab)c+",  "b+$",       "(?s)<.*?>",     "(?s)<[^<>]*>",
        "\\bd\\w*\\b", "a(?=.{9}d)", "(?:ab|c)+", "(?i)\\x{e9}+d", "(?<![a-z ])c.*",
    };
    static const char *const parts[] = { "T-123", "T-1",  "ab",       "c",
                                         "<",     ">",    "\xc3\xa9", " ",
                                         "\x80",  "abcd", "\n",       "ccccccccccccccccc" };
    struct dice dice = { 11 };
    struct buf text;
    (void)state;
    buf_init(&text, 1 << 20);
    for (unsigned round = 0; round < 1500; round++) {
        const char *pattern = patterns[round % (sizeof patterns / sizeof *patterns)];
        struct redact_custom *c = make(&pattern, 1);
        struct redact_custom_search s;
        struct redact_match got = { 0 }, want = { 0 };
        bool more = true;
        buf_clear(&text);
        unsigned rare = 1 + dice_roll(&dice, 60), n = dice_roll(&dice, 3000);
        for (unsigned i = 0; i < n; i++)
            buf_puts(&text,
                     dice_roll(&dice, rare) ? STR("xy ") : str_from(parts[dice_roll(&dice, 12)]));
        redact_custom_begin(&s, c, buf_str(&text), no_end);
        for (size_t from = 0; more; from = want.at + want.n) {
            more = find_at_once(pattern, buf_str(&text), from, &want);
            if (redact_custom_next(&s, from, &got) != more || s.err
                || (more && (got.at != want.at || got.n != want.n)))
                fail_msg("seed 11, round %u: %s: %zu + %zu, not %zu + %zu, from %zu", round,
                         pattern, got.at, got.n, want.at, want.n, from);
        }
        redact_custom_end(&s);
        redact_custom_destroy(c);
    }
    buf_fini(&text);
}

/* --- how much work it is --- */

/* Search all of it; how many times the matcher was called. */
static size_t
calls_for(const char *const *patterns, unsigned n, struct str text, struct redact_time time,
          enum err *err, unsigned *found)
{
    struct redact_custom *c = make(patterns, n);
    struct redact_custom_search s;
    struct redact_match m;
    redact_custom_begin(&s, c, text, time);
    *found = 0;
    for (size_t from = 0; redact_custom_next(&s, from, &m); from = m.at + m.n)
        ++*found;
    size_t calls = s.calls;
    *err = s.err;
    redact_custom_end(&s);
    redact_custom_destroy(c);
    return calls;
}

/* Twice the text, twice the calls: one pattern is found everywhere, one nowhere, one at the end alone. */
static void
work_grows_with_the_text(void **state)
{
    static const char *const patterns[] = { "T-[0-9]", "nowhere", "the end" };
    struct buf text;
    size_t calls[2];
    (void)state;
    buf_init(&text, 1 << 24);
    for (unsigned i = 0; i < 2; i++) {
        enum err err;
        unsigned found, n = 20000 << i;
        buf_clear(&text);
        for (unsigned k = 0; k < n; k++)
            buf_puts(&text, STR("T-1 and "));
        buf_puts(&text, STR("the end"));
        calls[i] = calls_for(patterns, 3, buf_str(&text), no_end, &err, &found);
        assert_int_equal(err, ERR_OK);
        assert_int_equal(found, n + 1);
        assert_true(calls[i] < n + n / 2);
    }
    assert_true(calls[1] < 2 * calls[0] + 100);
    /* Where nothing is found stretches become longer. */
    enum err err;
    unsigned found;
    assert_true(calls_for(patterns + 1, 1, buf_str(&text), no_end, &err, &found)
                < text.n / 2000 + 10);
    buf_fini(&text);
}

/* More of the stack than the machine's is there for: it is found all the same. */
static void
a_deep_match_is_found(void **state)
{
    static const char *const patterns[] = { "<(?:a|b)*>" };
    struct buf text;
    enum err err;
    unsigned found;
    (void)state;
    buf_init(&text, 1 << 20);
    buf_putc(&text, '<');
    for (unsigned i = 0; i < 10000; i++)
        buf_putc(&text, 'a');
    buf_putc(&text, '>');
    calls_for(patterns, 1, buf_str(&text), no_end, &err, &found);
    assert_int_equal(err, ERR_OK);
    assert_int_equal(found, 1);
    buf_fini(&text);
}

/* However many stretches it lies in: the first looks at a few kilobytes. */
static void
a_long_match_is_found(void **state)
{
    static const char *const patterns[] = { "<[^<>]*>" };
    static const size_t lengths[] = { 1000, 5000, 70000, 1000000 };
    struct buf text;
    enum err err;
    unsigned found;
    (void)state;
    buf_init(&text, 1 << 21);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        buf_clear(&text);
        buf_puts(&text, STR("<<"));
        for (size_t n = 0; n < lengths[i]; n++)
            buf_putc(&text, 'x');
        buf_puts(&text, STR("> and <y>"));
        calls_for(patterns, 1, buf_str(&text), no_end, &err, &found);
        assert_int_equal(err, ERR_OK);
        assert_int_equal(found, 2);
    }
    buf_fini(&text);
}

/* A pattern that takes too much is not one that finds nothing. */
static void
too_much_is_an_error(void **state)
{
    static const char *const steps[] = { "(a|a)+c" }, *const stack[] = { "<(?:a|b|(c))*>" };
    struct buf text;
    enum err err;
    unsigned found;
    (void)state;
    buf_init(&text, 1 << 24);
    buf_putc(&text, '<');
    for (unsigned i = 0; i < 1000000; i++)
        buf_putc(&text, 'a');
    buf_puts(&text, STR(">xc"));
    calls_for(steps, 1, buf_str(&text), no_end, &err, &found);
    assert_int_equal(err, ERR_LIMIT);
    calls_for(stack, 1, buf_str(&text), no_end, &err, &found);
    assert_int_equal(err, ERR_LIMIT);
    /* Some hundred thousand steps are too many, too; PCRE2 by itself would take ten million. */
    calls_for(steps, 1, STR("aaaaaaaaaaaaaaaaaaaxc"), no_end, &err, &found);
    assert_int_equal(err, ERR_LIMIT);
    buf_fini(&text);
}

static uint64_t ticks;

static uint64_t
tick(void)
{
    return ++ticks;
}

/* Time is asked for between stretches: this would take billions of steps. */
static void
time_ends_it(void **state)
{
    static const char *const patterns[] = { "a.{0,5000}?b" };
    struct buf text;
    enum err err;
    unsigned found;
    (void)state;
    buf_init(&text, 1 << 24);
    for (unsigned i = 0; i < 1000000; i++)
        buf_putc(&text, 'a');
    buf_puts(&text, STR("xb"));
    ticks = 0;
    size_t calls = calls_for(patterns, 1, buf_str(&text), (struct redact_time){ tick, 20, NULL },
                             &err, &found);
    assert_int_equal(err, ERR_LIMIT);
    assert_true(calls <= 21);
    assert_int_equal(ticks, 21);
    buf_fini(&text);
}

/* Of many short texts it is asked for now and then. */
static void
time_is_asked_for_now_and_then(void **state)
{
    static const char *const patterns[] = { "T-[0-9]" };
    size_t unasked = 0;
    enum err err = ERR_OK;
    unsigned found, n = 0;
    (void)state;
    ticks = 0;
    for (; !err && n < 100000; n++)
        calls_for(patterns, 1, STR("no ticket"), (struct redact_time){ tick, 20, &unasked }, &err,
                  &found);
    assert_int_equal(err, ERR_LIMIT);
    assert_int_equal(ticks, 21);
    assert_true(n > 1000 && n < 2000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stretches_make_no_difference),
        cmocka_unit_test(work_grows_with_the_text),
        cmocka_unit_test(a_deep_match_is_found),
        cmocka_unit_test(a_long_match_is_found),
        cmocka_unit_test(too_much_is_an_error),
        cmocka_unit_test(time_ends_it),
        cmocka_unit_test(time_is_asked_for_now_and_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
