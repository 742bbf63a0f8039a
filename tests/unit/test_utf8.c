/* UTF-8: the validator against a decoder written from the definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/base/utf8.h"
#include "tests/lib/guard.h"

/* The length of the sequence at p by decoding it and asking whether its length was the shortest;
 * 0 when invalid. */
static size_t
naive_sequence(const unsigned char *p, size_t n)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    if (n == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    size_t k = 2;
    while (k < 5 && p[0] & 0x80u >> k)
        k++;
    if (k == 5 || !(p[0] & 0x40) || n < k)
        return 0;
    uint32_t c = p[0] & (0x7fu >> k);
    for (size_t i = 1; i < k; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    return c < smallest[k] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : k;
}

static size_t
naive_valid(const char *p, size_t n)
{
    size_t at = 0, k;
    while (at < n && (k = naive_sequence((const unsigned char *)p + at, n - at)))
        at += k;
    return at;
}

static void
check(const unsigned char *p, size_t n)
{
    size_t got = utf8_valid((const char *)p, n), want = naive_valid((const char *)p, n);
    if (got != want)
        fail_msg("%02x %02x %02x %02x (%zu bytes): %zu instead of %zu", p[0], p[1], p[2], p[3], n,
                 got, want);
}

static void
all_sequences_of_up_to_three_bytes_are_judged_right(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1u << 24; i++) {
        unsigned char s[4] = { (unsigned char)(i >> 16), (unsigned char)(i >> 8),
                               (unsigned char)i };
        if (s[0] < 0x80)
            continue;
        check(s, 3);
        if (s[2] == 0)
            check(s, 2);
        if (s[1] == 0 && s[2] == 0)
            check(s, 1);
    }
}

static void
sequences_of_four_bytes_are_judged_right(void **state)
{
    (void)state;
    static const unsigned char edges[] = { 0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
                                           0xa0, 0xbf, 0xc0, 0xed, 0xf4, 0xff };
    for (unsigned a = 0xe0; a < 0x100; a++)
        for (unsigned b = 0; b < 0x100; b++)
            for (size_t i = 0; i < sizeof edges * sizeof edges; i++) {
                unsigned char c = edges[i / sizeof edges], d = edges[i % sizeof edges];
                check((unsigned char[]){ (unsigned char)a, (unsigned char)b, c, d }, 4);
            }
}

static void
every_code_point_survives_encoding(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 0x110000; c++) {
        char s[4] = { 0 };
        size_t n = utf8_encode(s, c);
        bool surrogate = c >= 0xd800 && c <= 0xdfff;
        assert_int_equal(naive_sequence((unsigned char *)s, n), surrogate ? 0 : n);
        assert_int_equal(utf8_valid(s, n), surrogate ? 0 : n);
    }
}

static void
the_offset_of_the_first_bad_byte_is_found_at_every_place(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\xff",         "\x80",         "\xc3",     "\xe2\x82",
        "\xf0\x9f\x98", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80",
        "\xc3(",
    };
    static const char *const fill[] = { "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
    struct guard g;
    guard_init(&g, 200);
    for (size_t f = 0; f < sizeof fill / sizeof *fill; f++)
        for (size_t before = 0; before < 40; before++)
            for (size_t b = 0; b < sizeof bad / sizeof *bad; b++) {
                char text[200];
                size_t n = 0;
                for (size_t i = 0; i < before; i++, n += strlen(fill[f]))
                    memcpy(text + n, fill[f], strlen(fill[f]));
                struct str good = guard_end(&g, str_make(text, n));
                assert_int_equal(utf8_valid(good.p, good.n), n);
                memcpy(text + n, bad[b], strlen(bad[b]));
                struct str s = guard_end(&g, str_make(text, n + strlen(bad[b])));
                assert_int_equal(utf8_valid(s.p, s.n), n);
            }
    guard_fini(&g);
}

static void
each_bad_byte_becomes_one_replacement(void **state)
{
    (void)state;
#define R UTF8_REPLACEMENT
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "", "" },
        { "plain", "plain" },
        { "\xff", R },
        { "a\xc3", "a" R },
        { "x\xff"
          "y\xc3(",
          "x" R "y" R "(" },
        { "\xe2\x82", R R },
        { "\xed\xa0\x80", R R R },
        { "h\xc3\xa9\x80\xf0\x9f\x98\x80", "h\xc3\xa9" R "\xf0\x9f\x98\x80" },
    };
#undef R
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b;
        buf_init(&b, 100);
        utf8_sanitize(&b, str_from(rows[i].in));
        assert_true(str_is(buf_str(&b), rows[i].out));
        assert_int_equal(utf8_valid(buf_str(&b).p, b.n), b.n);
        buf_fini(&b);
    }
}

static void
a_cut_never_splits_a_sequence(void **state)
{
    (void)state;
    struct str s = STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z");
    for (size_t n = 0; n < s.n + 3; n++) {
        struct str cut = utf8_cut(s, n);
        assert_true(cut.n <= n && cut.n <= s.n);
        assert_true(n < s.n ? n - cut.n < 4 : cut.n == s.n);
        assert_int_equal(utf8_valid(cut.p, cut.n), cut.n);
    }
    assert_int_equal(utf8_valid(NULL, 0), 0);
    assert_int_equal(utf8_cut(STR("\x80\x80\x80\x80\x80\x80\x80"), 5).n, 5);
    assert_int_equal(utf8_cut(STR("\x80\x80"), 1).n, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_sequences_of_up_to_three_bytes_are_judged_right),
        cmocka_unit_test(sequences_of_four_bytes_are_judged_right),
        cmocka_unit_test(every_code_point_survives_encoding),
        cmocka_unit_test(the_offset_of_the_first_bad_byte_is_found_at_every_place),
        cmocka_unit_test(each_bad_byte_becomes_one_replacement),
        cmocka_unit_test(a_cut_never_splits_a_sequence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
