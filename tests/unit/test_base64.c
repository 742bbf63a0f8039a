/* Base64 both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/base/base64.h"
#include "tests/lib/dice.h"
#include "tests/lib/guard.h"

static void
the_vectors_of_rfc_4648_hold(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *text;
    } rows[] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b;
        buf_init(&b, 100);
        base64_encode(&b, str_from(rows[i].bytes));
        assert_true(str_is(buf_str(&b), rows[i].text));
        buf_clear(&b);
        assert_true(base64_decode(&b, str_from(rows[i].text)));
        assert_true(str_is(buf_str(&b), rows[i].bytes));
        buf_fini(&b);
    }
}

/* text with "+/" replaced by "-_". */
static void
to_url_alphabet(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
}

static void
bytes_of_every_length_come_back_in_every_spelling(void **state)
{
    (void)state;
    struct dice d = { 5 };
    struct guard g;
    guard_init(&g, 1000);
    for (size_t n = 0; n < 300; n++) {
        char bytes[300];
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)dice_roll(&d, 256);
        struct buf text, back;
        buf_init(&text, 1000);
        buf_init(&back, 1000);
        base64_encode(&text, guard_end(&g, str_make(bytes, n)));
        assert_int_equal(text.n, (n + 2) / 3 * 4);
        for (int spelling = 0; spelling < 4; spelling++) {
            if (spelling == 2)
                to_url_alphabet(text.p, text.n);
            struct str s = guard_end(&g, buf_str(&text));
            while (spelling % 2 && str_ends(s, STR("=")))
                s.n--;
            s = guard_end(&g, s);
            buf_clear(&back);
            assert_true(base64_decode(&back, s));
            assert_true(str_eq(buf_str(&back), str_make(bytes, n)));
        }
        buf_fini(&text);
        buf_fini(&back);
    }
    guard_fini(&g);
}

static void
what_is_not_base64_is_refused_and_leaves_no_trace(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "A",    "AAAAA", "=",          "==",      "A=",       "AA=",       "AAA==",
        "A===", "AAAA=", "AAAA==",     "====",    "AA==AA==", "AAAA AAAA", "AAA\n",
        "AA A", "AAA.",  "AA\xc3\xa9", "AAA\x80", "*AAA",     "A*AA",      "AA*A",
        "AAA*", "AA=A",  "*A",         "A*",      "AA*",      "\"AAA",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b;
        buf_init(&b, 100);
        buf_puts(&b, STR("before"));
        if (base64_decode(&b, str_from(rows[i])))
            fail_msg("%s was taken", rows[i]);
        assert_true(str_is(buf_str(&b), "before"));
        assert_int_equal(b.err, ERR_OK);
        buf_fini(&b);
    }
}

static void
each_byte_is_a_letter_or_is_refused(void **state)
{
    (void)state;
    static const char both[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_";
    for (int c = 0; c < 256; c++) {
        char text[4] = { 'A', 'A', (char)c, 'A' };
        struct buf b;
        buf_init(&b, 10);
        const char *at = c ? strchr(both, c) : NULL;
        assert_int_equal(base64_decode(&b, str_make(text, 4)), at != NULL);
        if (at) {
            unsigned value = (unsigned)(at - both) > 63 ? (unsigned)(at - both) - 2
                                                        : (unsigned)(at - both);
            assert_int_equal((unsigned char)b.p[1], value >> 2);
            assert_int_equal((unsigned char)b.p[2], value << 6 & 0xff);
        }
        buf_fini(&b);
    }
}

static void
a_full_buffer_stays_as_it_was(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    buf_puts(&b, STR("ab"));
    base64_encode(&b, STR("x"));
    assert_int_equal(b.err, ERR_LIMIT);
    assert_true(str_is(buf_str(&b), "ab"));
    buf_clear(&b);
    assert_false(base64_decode(&b, STR("AAAAAAAA")));
    assert_int_equal(b.err, ERR_LIMIT);
    assert_int_equal(b.n, 0);
    buf_fini(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_rfc_4648_hold),
        cmocka_unit_test(bytes_of_every_length_come_back_in_every_spelling),
        cmocka_unit_test(what_is_not_base64_is_refused_and_leaves_no_trace),
        cmocka_unit_test(each_byte_is_a_letter_or_is_refused),
        cmocka_unit_test(a_full_buffer_stays_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
