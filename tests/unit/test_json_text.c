/* JSON string escapes against the obvious loops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/json/text.h"
#include "tests/lib/dice.h"
#include "tests/lib/guard.h"

#define R "\xef\xbf\xbd"

static void
naive_escape(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        const char *at = c ? strchr("\"\"\\\\\bb\ff\nn\rr\tt", c) : NULL;
        if (at && c != 'b' && c != 'f' && c != 'n' && c != 'r' && c != 't')
            buf_printf(out, "\\%c", at[1]);
        else if (c < 0x20)
            buf_printf(out, "\\u%04x", c);
        else
            buf_putc(out, (char)c);
    }
}

static void
every_byte_is_escaped_right_at_every_place(void **state)
{
    (void)state;
    struct guard g;
    guard_init(&g, 100);
    struct buf got, want;
    buf_init(&got, 1000);
    buf_init(&want, 1000);
    for (size_t n = 1; n < 40; n++)
        for (size_t at = 0; at < n; at++)
            for (int c = 0; c < 256; c++) {
                char text[40];
                memset(text, 'x', n);
                text[at] = (char)c;
                struct str s = guard_end(&g, str_make(text, n));
                buf_clear(&got);
                buf_clear(&want);
                json_escape(&got, s);
                naive_escape(&want, s);
                if (!str_eq(buf_str(&got), buf_str(&want)))
                    fail_msg("byte %d at %zu of %zu", c, at, n);
            }
    buf_fini(&got);
    buf_fini(&want);
    guard_fini(&g);
}

static void
escapes_are_the_short_ones_where_there_are_any(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 200);
    json_escape(&b, str_make("a\"b\\c/\b\f\n\r\t\0\x1f\x7f\xc3\xa9\xe2\x80\xa8", 19));
    assert_true(
        str_is(buf_str(&b), "a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\xc3\xa9\xe2\x80\xa8"));
    buf_fini(&b);
}

static void
what_does_not_fit_is_the_buffers_error(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 6);
    json_escape(&b, STR("\x01"));
    assert_int_equal(b.err, ERR_OK);
    json_escape(&b, STR("\n"));
    assert_int_equal(b.err, ERR_LIMIT);
    assert_true(str_is(buf_str(&b), "\\u0001"));
    buf_fini(&b);
}

static void
texts_of_all_kinds_survive_escaping_and_back(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "a", "\"", "\\", "\n", "\x01", "\xc3\xa9", "\xf0\x9f\x98\x80", "plain text ", "/", "u0041"
    };
    struct dice d = { 11 };
    struct guard g;
    guard_init(&g, 4000);
    struct arena a;
    arena_init(&a, 1 << 20);
    for (int i = 0; i < 20000; i++) {
        struct buf text, inner;
        buf_init(&text, 1000);
        buf_init(&inner, 4000);
        for (uint32_t k = dice_roll(&d, 20); k > 0; k--)
            buf_puts(&text, str_from(pieces[dice_roll(&d, sizeof pieces / sizeof *pieces)]));
        json_escape(&inner, buf_str(&text));
        struct str s = guard_end(&g, buf_str(&inner));
        assert_true(str_eq(json_unescape(&a, s), buf_str(&text)));
        assert_true(json_unescape_is(s, buf_str(&text)));
        assert_int_equal(json_unescaped_length(s), text.n);
        buf_putc(&text, 'x');
        assert_false(json_unescape_is(s, buf_str(&text)));
        text.n -= 2;
        if (text.n != SIZE_MAX)
            assert_false(json_unescape_is(s, buf_str(&text)));
        arena_reset(&a);
        buf_fini(&text);
        buf_fini(&inner);
    }
    arena_fini(&a);
    guard_fini(&g);
}

static const struct {
    const char *inner, *text;
} decoded[] = {
    { "", "" },
    { "plain", "plain" },
    { "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t" },
    { "\\u0041\\u00e9\\u20aC\\uFFFF", "A\xc3\xa9\xe2\x82\xac\xef\xbf\xbf" },
    { "\\ud83d\\ude00", "\xf0\x9f\x98\x80" },
    { "x\\uD83D\\uDE00y", "x\xf0\x9f\x98\x80y" },
    { "\\udbff\\udfff", "\xf4\x8f\xbf\xbf" },
    { "\\ud800\\udc00\\udbff\\udc00", "\xf0\x90\x80\x80\xf4\x8f\xb0\x80" },
    { "\\ud7ff\\ue000", "\xed\x9f\xbf\xee\x80\x80" },
    { "\\ud83d", R },
    { "\\udc00x", R "x" },
    { "\\udfff", R },
    { "a\\ud83d b", "a" R " b" },
    { "a\\ud83d\\n", "a" R "\n" },
    { "\\ude00", R },
    { "\\ude00\\ud83d", R R },
    { "\\ud83d\\ud83d\\ude00", R "\xf0\x9f\x98\x80" },
    { "\\ud83d\\u0041", R "A" },
    { "\\ud83dx\\ude00", R "x" R },
};

static void
escapes_are_decoded_and_lone_halves_replaced(void **state)
{
    (void)state;
    struct guard g;
    guard_init(&g, 100);
    struct arena a;
    arena_init(&a, 1 << 16);
    for (size_t i = 0; i < sizeof decoded / sizeof *decoded; i++) {
        struct str inner = guard_end(&g, str_from(decoded[i].inner));
        struct str text = json_unescape(&a, inner);
        assert_non_null(text.p);
        if (!str_is(text, decoded[i].text))
            fail_msg("%s became %.*s", decoded[i].inner, STR_ARG(text));
        assert_true(json_unescape_is(inner, str_from(decoded[i].text)));
        assert_int_equal(json_unescaped_length(inner), text.n);
        for (size_t n = 0; !strstr(decoded[i].text, R) && n <= strlen(decoded[i].text); n++)
            assert_true(json_unescape_starts(inner, str_make(decoded[i].text, n)));
        assert_false(json_unescape_starts(inner, STR("\1")));
        assert_false(json_unescape_is(inner, STR("something else")));
    }
    struct str nul = json_unescape(&a, STR("a\\u0000b"));
    assert_true(str_eq(nul, str_make("a\0b", 3)));
    arena_fini(&a);
    guard_fini(&g);
}

/* The length of the unit (a byte or an escape) at p. */
static size_t
unit_length(const char *p)
{
    return p[0] != '\\' ? 1 : p[1] == 'u' ? 6 : 2;
}

static void
fragments_decode_to_the_same_text_wherever_they_are_cut(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 16);
    for (size_t i = 0; i < sizeof decoded / sizeof *decoded; i++) {
        struct str inner = str_from(decoded[i].inner);
        for (size_t cut = 0; cut <= inner.n;
             cut += cut < inner.n ? unit_length(inner.p + cut) : 1) {
            unsigned half = 0;
            struct str text = { NULL, 0 };
            struct str parts[] = { str_make(inner.p, cut), STR(""), str_skip(inner, cut) };
            for (size_t k = 0; k < 3; k++)
                assert_true(arena_append(&a, &text, json_unescape_part(&a, parts[k], &half)));
            if (half) {
                assert_in_range(half, 0xd800, 0xdbff);
                assert_true(arena_append(&a, &text, STR(R)));
            }
            if (!str_is(text, decoded[i].text))
                fail_msg("%s cut at %zu became %.*s", decoded[i].inner, cut, STR_ARG(text));
            arena_reset(&a);
        }
    }
    arena_fini(&a);
}

static void
what_is_no_escape_is_replaced_and_never_read_beyond(void **state)
{
    (void)state;
    static const struct {
        const char *inner, *text;
    } rows[] = {
        { "\\", R },         { "a\\u", "a" R }, { "\\u12", R },
        { "\\u12x", R "x" }, { "\\q", R },      { "\\u123\\n", R "\n" },
    };
    struct guard g;
    guard_init(&g, 100);
    struct arena a;
    arena_init(&a, 1 << 16);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str text = json_unescape(&a, guard_end(&g, str_from(rows[i].inner)));
        assert_true(str_is(text, rows[i].text));
    }
    arena_fini(&a);
    guard_fini(&g);
}

static void
a_full_arena_makes_the_text_absent(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 8);
    unsigned half = 0;
    assert_null(json_unescape(&a, STR("abc")).p);
    assert_null(json_unescape_part(&a, STR("abc"), &half).p);
    arena_fini(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_escaped_right_at_every_place),
        cmocka_unit_test(escapes_are_the_short_ones_where_there_are_any),
        cmocka_unit_test(what_does_not_fit_is_the_buffers_error),
        cmocka_unit_test(texts_of_all_kinds_survive_escaping_and_back),
        cmocka_unit_test(escapes_are_decoded_and_lone_halves_replaced),
        cmocka_unit_test(fragments_decode_to_the_same_text_wherever_they_are_cut),
        cmocka_unit_test(what_is_no_escape_is_replaced_and_never_read_beyond),
        cmocka_unit_test(a_full_arena_makes_the_text_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
