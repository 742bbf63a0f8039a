/* Escapes hide nothing: what is read behind them is found, and all of what is written is hidden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/redact/search.h"
#include "tests/lib/dice.h"

static const struct redact_rules rules = { .which = REDACT_ALL, .unfold = true };

static void
what_is_read(void **state)
{
    static const char *const rows[][2] = {
        { "nothing", NULL },
        { "100% \\n \\t \\\"x\\\" %zz \\u12 \\u0001 %0a \\", NULL },
        { "a%40b", "a@b" },
        { "%2541 %252541 %25zz%", "A A %zz%" },
        { "\\u0061\\\\u0062\\\\\\\\u0063", "abc" },
        { "a\\/b \\\\/ \\\\\"c\\\"", "a/b / \"c\\\"" },
        { "\\u00e9\\u0041", "\\u00e9A" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct redact_unfold u;
        struct str text = str_from(rows[i][0]);
        bool any = redact_unfold_begin(&u, text);
        assert_int_equal(any, rows[i][1] != NULL);
        if (!any)
            continue;
        if (!str_is(buf_str(&u.plain), rows[i][1]))
            fail_msg("%s is read as %.*s", rows[i][0], STR_ARG(buf_str(&u.plain)));
        size_t before = 0;
        for (size_t at = 0; at <= u.plain.n; at++) {
            size_t place = redact_unfold_place(&u, at);
            assert_true(at == 0 || place > before);
            before = place;
        }
        assert_int_equal(before, text.n);
        redact_unfold_end(&u);
    }
}

static void
what_is_hidden(void **state)
{
    static const char *const rows[][2] = {
        { "to=ann%40example.org&x=%20", "to=[REDACTED:email]&x=%20" },
        { "sk-\\u0070roj-abcDEF0123456789ghiJKL.", "[REDACTED:api_key]." },
        { "secret_key = wJalrXUtnFEMI\\/K7MDENG\\/bPxRfiCYEXAMPLEKEY;",
          "secret_key = [REDACTED:api_key];" },
        { "{\\\\\\\"password\\\\\\\":\\\\\\\"hunter22\\\\\\\"}",
          "{\\\\\\\"password\\\\\\\":\\\\\\\"[REDACTED:password]\\\\\\\"}" },
        { "ann@example.org %41 bob%2540example.org", "[REDACTED:email] %41 [REDACTED:email]" },
        { "Bearer%20abcdefghijklmnop0123", "Bearer%20[REDACTED:bearer]" },
        { "100%%20ann%%40example.org", "100%%20[REDACTED:email]" },
    };
    struct buf out;
    (void)state;
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_clear(&out);
        redact_text(&out, &rules, redact_script_bare(str_from(rows[i][0])), SIZE_MAX);
        if (!str_is(buf_str(&out), rows[i][1]))
            fail_msg("%s: %.*s", rows[i][0], STR_ARG(buf_str(&out)));
    }
    buf_fini(&out);
}

/* Any of the characters of secrets written in any way. */
static void
whatever_is_escaped_is_found(void **state)
{
    static const char *const secrets[] = { "ann@example.org", "sk-proj-abcDEF0123456789ghiJKL",
                                           "4111111111111111", "DE89370400440532013000" };
    struct dice dice = { 4 };
    struct buf text, out;
    (void)state;
    buf_init(&text, 1 << 20);
    buf_init(&out, 1 << 20);
    for (unsigned round = 0; round < 5000; round++) {
        const char *secret = secrets[round % 4];
        buf_clear(&text);
        buf_clear(&out);
        buf_puts(&text, STR("<"));
        for (const char *p = secret; *p; p++)
            switch (dice_roll(&dice, 8)) {
            case 0:
                buf_printf(&text, "%%%02x", (unsigned)*p);
                break;
            case 1:
                buf_printf(&text, "%%25%02X", (unsigned)*p);
                break;
            case 2:
                buf_printf(&text, "\\u%04x", (unsigned)*p);
                break;
            case 3:
                buf_printf(&text, "\\\\\\u%04X", (unsigned)*p);
                break;
            default:
                buf_putc(&text, *p);
            }
        buf_puts(&text, STR(">"));
        redact_text(&out, &rules, redact_script_bare(buf_str(&text)), SIZE_MAX);
        if (!out.p || !str_starts(buf_str(&out), STR("<[REDACTED:"))
            || !str_ends(buf_str(&out), STR("]>")) || out.n > 25)
            fail_msg("seed 4, round %u: %.*s of %.*s", round, STR_ARG(buf_str(&out)),
                     STR_ARG(buf_str(&text)));
    }
    buf_fini(&text);
    buf_fini(&out);
}

/* All that is hidden without a look behind escapes is hidden with it, whatever else is. */
static void
no_less_is_hidden_than_without(void **state)
{
    static const char *const parts[] = { "ann@example.org",
                                         "sk-proj-abcDEF0123456789ghiJKL",
                                         "4111111111111111",
                                         "DE89370400440532013000",
                                         "+491701234567",
                                         "password",
                                         "=",
                                         "\": \"",
                                         "\\",
                                         "\\u0061",
                                         "%41",
                                         "%25",
                                         "%40",
                                         "x",
                                         " ",
                                         "-",
                                         "/",
                                         "1" };
    const struct redact_rules plain = { .which = REDACT_ALL };
    struct dice dice = { 6 };
    struct buf text;
    (void)state;
    buf_init(&text, 1 << 16);
    for (unsigned round = 0; round < 20000; round++) {
        struct redact_search without, with;
        struct redact_match a, b = { 0 };
        bool more = true;
        buf_clear(&text);
        for (unsigned i = dice_roll(&dice, 12); i; i--)
            buf_puts(&text, str_from(parts[dice_roll(&dice, sizeof parts / sizeof *parts)]));
        redact_search_begin(&without, &plain, redact_script_bare(buf_str(&text)));
        redact_search_begin(&with, &rules, redact_script_bare(buf_str(&text)));
        for (size_t from = 0; redact_search_next(&without, from, &a); from = a.at + a.n) {
            while (more && b.at + b.n < a.at + a.n)
                more = redact_search_next(&with, b.at + b.n, &b);
            if (!more || b.at > a.at)
                fail_msg("seed 6, round %u: %zu + %zu of %.*s", round, a.at, a.n,
                         STR_ARG(buf_str(&text)));
        }
        redact_search_end(&without);
        redact_search_end(&with);
    }
    buf_fini(&text);
}

static void
what_may_not_be_all_there_is_known(void **state)
{
    static const struct {
        struct str text;
        size_t whole;
    } rows_of_ends[] = {
        { STR_INIT(""), 0 },          { STR_INIT("abc"), 3 },        { STR_INIT("abc%"), 3 },
        { STR_INIT("abc%4"), 3 },     { STR_INIT("abc%41"), 6 },     { STR_INIT("abc\\"), 3 },
        { STR_INIT("abc\\\\\\"), 3 }, { STR_INIT("abc\\u"), 3 },     { STR_INIT("abc\\\\u00"), 3 },
        { STR_INIT("abc\\u007"), 3 }, { STR_INIT("abc\\u0070"), 9 }, { STR_INIT("abc\\n"), 5 },
        { STR_INIT("abc\\\"d"), 6 },  { STR_INIT("\\"), 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows_of_ends / sizeof *rows_of_ends; i++)
        if (redact_unfold_whole(rows_of_ends[i].text) != rows_of_ends[i].whole)
            fail_msg("%s: %zu", rows_of_ends[i].text.p, redact_unfold_whole(rows_of_ends[i].text));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_not_be_all_there_is_known),
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(what_is_hidden),
        cmocka_unit_test(whatever_is_escaped_is_found),
        cmocka_unit_test(no_less_is_hidden_than_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
