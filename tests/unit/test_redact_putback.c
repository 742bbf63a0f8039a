/* Values and what stands for them, and the way back: at every cut, with placeholders that are none, in JSON in JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/json/doc.h"
#include "runtime/json/text.h"
#include "runtime/redact/putback.h"
#include "tests/lib/dice.h"

static void
fill(struct vault *v)
{
    static const struct {
        const char *value, *stands;
    } rows[] = {
        { "ann@example.org", "[email:1a2b3c4d5e6f]" },
        { "bob@example.org", "[email:1a2b3c4d5e70]" },
        { "+491701234567", "[phone:aaaaaaaaaaaa]" },
        { "-----BEGIN \"KEY\"-----\nA\\B\n", "[private_key:0123456789ab]" },
    };
    vault_init(v, 100, 10000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(
            vault_put(v, REDACT_EMAIL, str_from(rows[i].value), str_from(rows[i].stands)), ERR_OK);
    assert_int_equal(vault_sort(v), ERR_OK);
}

#define K  "[private_key:0123456789ab]"
#define V0 "-----BEGIN \"KEY\"-----\nA\\B\n"
#define V1 "-----BEGIN \\\"KEY\\\"-----\\nA\\\\B\\n"
#define V2 "-----BEGIN \\\\\\\"KEY\\\\\\\"-----\\\\nA\\\\\\\\B\\\\n"

static const struct {
    const char *in, *out;
} rows[] = {
    { "", "" },
    { "nothing here", "nothing here" },
    { "[email:1a2b3c4d5e6f]", "ann@example.org" },
    { "to [email:1a2b3c4d5e6f], cc [email:1a2b3c4d5e70].",
      "to ann@example.org, cc bob@example.org." },
    { "[email:1a2b3c4d5e6f][phone:aaaaaaaaaaaa]", "ann@example.org+491701234567" },
    { "a][[email:1a2b3c4d5e6f]]", "a][ann@example.org]" },
    /* what only looks like one, begins like one, or is cut off */
    { "[email:1a2b3c4d5e6e]", "[email:1a2b3c4d5e6e]" },
    { "[email:1a2b[email:1a2b3c4d5e6f]", "[email:1a2bann@example.org" },
    { "[email:1a2b3c4d5e6f", "[email:1a2b3c4d5e6f" },
    { "[email:1a2b3c4d5e6f [email:1a2b3c4d5e6f]", "[email:1a2b3c4d5e6f ann@example.org" },
    { "[[[[[[[[", "[[[[[[[[" },
    { "[", "[" },
    { "[REDACTED:email] [1] [x](y)", "[REDACTED:email] [1] [x](y)" },
    { "[Email:1A2B3C4D5E6F]", "[Email:1A2B3C4D5E6F]" },
    /* text: as it is; JSON: escaped as often as strings stand in strings */
    { "\xc3\xa9 " K " \"" K "\"", "\xc3\xa9 " V0 " \"" V0 "\"" },
    { "{\"k\":\"" K "\"}", "{\"k\":\"" V1 "\"}" },
    { " [\n\"" K "\", 1]", " [\n\"" V1 "\", 1]" },
    { "{\"k\":\"a " K "\",\"n\":[1,true,null,-2.5e3]}",
      "{\"k\":\"a " V1 "\",\"n\":[1,true,null,-2.5e3]}" },
    { "{\"j\":\"{\\\"k\\\":\\\"" K "\\\"}\"}", "{\"j\":\"{\\\"k\\\":\\\"" V2 "\\\"}\"}" },
    { "{\"j\":\"\\u007b\\\"k\\\":\\u0022" K "\\\"}\"}",
      "{\"j\":\"\\u007b\\\"k\\\":\\u0022" V2 "\\\"}\"}" },
    { "{\"j\":\"said \\\"" K "\\\"\"}", "{\"j\":\"said \\\"" V1 "\\\"\"}" },
    { "{\"j\":\"" K " \\\"" K "\\\"\"}", "{\"j\":\"" V1 " \\\"" V1 "\\\"\"}" },
    { "[1] he said \"" K "\"", "[1] he said \"" V0 "\"" },
    { "{\"a\":\"\",\"" K "\":2}", "{\"a\":\"\",\"" V1 "\":2}" },
};

static struct str
feed(const struct vault *v, struct buf *out, struct str in, const size_t *cuts, size_t n)
{
    struct putback p;
    size_t at = 0;
    buf_clear(out);
    putback_begin(&p, v);
    for (size_t i = 0; i < n; i++) {
        putback_feed(&p, str_make(in.p + at, cuts[i] - at), out);
        at = cuts[i];
    }
    putback_feed(&p, str_skip(in, at), out);
    putback_end(&p, out);
    return buf_str(out);
}

static void
values_are_put_back_at_every_cut(void **state)
{
    struct vault v;
    struct buf out;
    (void)state;
    fill(&v);
    buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str in = str_from(rows[i].in);
        for (size_t a = 0; a <= in.n; a++)
            for (size_t b = a; b <= in.n; b++) {
                struct str got = feed(&v, &out, in, (size_t[]){ a, b }, 2);
                if (!str_is(got, rows[i].out))
                    fail_msg("%s cut at %zu and %zu: %.*s", rows[i].in, a, b, STR_ARG(got));
            }
    }
    buf_fini(&out);
    vault_fini(&v);
}

static void
values_are_put_back_byte_by_byte(void **state)
{
    struct vault v;
    struct buf out;
    (void)state;
    fill(&v);
    buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t cuts[400], n = strlen(rows[i].in);
        for (size_t k = 0; k < n; k++)
            cuts[k] = k;
        struct str got = feed(&v, &out, str_from(rows[i].in), cuts, n);
        if (!str_is(got, rows[i].out))
            fail_msg("%s: %.*s", rows[i].in, STR_ARG(got));
    }
    buf_fini(&out);
    vault_fini(&v);
}

/* Only what could be the beginning of a placeholder of this vault waits. */
static void
nothing_waits_without_need(void **state)
{
    static const struct {
        const char *in, *out;
    } ends[] = {
        { "a [", "a " },
        { "a [email:1a2b3c4d5e", "a " },
        { "a [emailx", "a [emailx" },
        { "a [email:1a2b3c4d5f", "a [email:1a2b3c4d5f" },
        { "a [[phone", "a [" },
        { "a [x[", "a [x" },
    };
    struct vault v;
    struct buf out;
    (void)state;
    fill(&v);
    buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct putback p;
        putback_begin(&p, &v);
        buf_clear(&out);
        putback_feed(&p, str_from(ends[i].in), &out);
        if (!str_is(buf_str(&out), ends[i].out))
            fail_msg("%s: %.*s", ends[i].in, STR_ARG(buf_str(&out)));
        putback_end(&p, &out);
        assert_true(str_is(buf_str(&out), ends[i].in));
    }
    buf_fini(&out);
    vault_fini(&v);
}

/* JSON with placeholders in it, in strings within strings, stays JSON and says the values. */
static void
json_stays_json(void **state)
{
    static const char value[] = "q\"b\\n\n\x01\t\xe2\x82\xac/";
    struct vault v;
    struct arena a;
    (void)state;
    vault_init(&v, 10, 1000);
    arena_init(&a, 1 << 20);
    assert_int_equal(vault_put(&v, REDACT_CARD, str_from(value), STR("[card:000000000000]")),
                     ERR_OK);
    assert_int_equal(vault_sort(&v), ERR_OK);
    struct str json = STR("{\"x\":\"a [card:000000000000] b\"}");
    for (unsigned depth = 1; depth <= 3; depth++) {
        struct buf out;
        buf_init(&out, 1 << 16);
        feed(&v, &out, json, NULL, 0);
        struct str text = arena_str(&a, buf_str(&out));
        buf_fini(&out);
        struct json_doc d;
        struct fault f;
        json_doc_init(&d);
        for (unsigned i = 0; i < depth; i++) {
            if (json_doc_parse(&d, text, &f))
                fail_msg("depth %u: %s in %.*s", depth, f.text, STR_ARG(text));
            text = arena_str(&a, json_text(&d, 3, &a));
        }
        json_doc_fini(&d);
        assert_true(str_eq(text, arena_printf(&a, "a %s b", value)));
        struct buf outer;
        buf_init(&outer, 1 << 16);
        buf_puts(&outer, STR("{\"x\":\""));
        json_escape(&outer, json);
        buf_puts(&outer, STR("\"}"));
        json = arena_str(&a, buf_str(&outer));
        buf_fini(&outer);
    }
    arena_fini(&a);
    vault_fini(&v);
}

/* Cut at random, what comes out is what comes out of the whole. */
static void
cuts_make_no_difference(void **state)
{
    static const char *const parts[] = { "[email:1a2b3c4d5e6f]",
                                         "[email:",
                                         "1a2b",
                                         "]",
                                         "[",
                                         "\"",
                                         "\\",
                                         "{",
                                         K,
                                         "text",
                                         ":",
                                         ",",
                                         "\\\"",
                                         "\xc3\xa9",
                                         "[phone:aaaaaaaaaaaa]" };
    struct dice dice = { 7 };
    struct vault v;
    struct buf in, whole, cut;
    (void)state;
    fill(&v);
    buf_init(&in, 4096);
    buf_init(&whole, 1 << 16);
    buf_init(&cut, 1 << 16);
    for (unsigned round = 0; round < 20000; round++) {
        size_t cuts[40], n = 0, at = 0;
        buf_clear(&in);
        for (unsigned i = dice_roll(&dice, 12); i; i--)
            buf_puts(&in, str_from(parts[dice_roll(&dice, sizeof parts / sizeof *parts)]));
        while (n < 40 && in.n && (at += dice_roll(&dice, 9)) < in.n)
            cuts[n++] = at;
        struct str want = feed(&v, &whole, buf_str(&in), NULL, 0);
        struct str got = feed(&v, &cut, buf_str(&in), cuts, n);
        if (!str_eq(want, got))
            fail_msg("seed 7, round %u: %.*s: %.*s, not %.*s", round, STR_ARG(buf_str(&in)),
                     STR_ARG(got), STR_ARG(want));
    }
    buf_fini(&in);
    buf_fini(&whole);
    buf_fini(&cut);
    vault_fini(&v);
}

static void
a_vault_has_caps(void **state)
{
    struct vault v;
    char value[20];
    (void)state;
    vault_init(&v, 3, 30);
    assert_int_equal(vault_put(&v, REDACT_EMAIL, STR("0123456789"), STR("[a:1]")), ERR_OK);
    assert_int_equal(vault_put(&v, REDACT_EMAIL, STR("0123456789012345678901"), STR("[a:2]")),
                     ERR_LIMIT);
    assert_int_equal(vault_put(&v, REDACT_EMAIL, STR("abc"), STR("[a:2]")), ERR_OK);
    assert_int_equal(vault_put(&v, REDACT_EMAIL, STR("abd"), STR("[a:3]")), ERR_OK);
    assert_int_equal(vault_put(&v, REDACT_EMAIL, STR("abe"), STR("[a:4]")), ERR_LIMIT);
    vault_fini(&v);
    vault_init(&v, 5000, 1 << 20);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(value, sizeof value, "value-%u", i);
        assert_int_equal(vault_put(&v, REDACT_EMAIL, str_from(value), STR("[a:1]")), ERR_OK);
    }
    for (unsigned i = 0; i < 5000; i++) { /* all different, though the same was asked for */
        snprintf(value, sizeof value, "value-%u", i);
        const struct vault_entry *e = vault_of_value(&v, str_from(value));
        assert_non_null(e);
        assert_ptr_equal(vault_begins(&v, e->stands), e);
    }
    vault_fini(&v);
}

/* Against a look at all of them. */
static void
begins_of_placeholders_are_known(void **state)
{
    struct dice dice = { 7 };
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        struct vault v;
        vault_init(&v, 100, 1000);
        for (unsigned i = dice_roll(&dice, 30); i; i--) {
            char value[8], stands[16] = "[";
            size_t n = 1 + dice_roll(&dice, 5);
            snprintf(value, sizeof value, "%u", i);
            for (size_t k = 0; k < n; k++)
                stands[1 + k] = "ab:"[dice_roll(&dice, 3)];
            stands[1 + n] = ']';
            assert_int_equal(vault_put(&v, REDACT_CARD, str_from(value), str_from(stands)), ERR_OK);
        }
        assert_int_equal(vault_sort(&v), ERR_OK);
        for (unsigned turn = 0; turn < 50; turn++) {
            char text[8] = "[";
            size_t n = 1 + dice_roll(&dice, 5);
            for (size_t k = 1; k < n; k++)
                text[k] = "ab:]"[dice_roll(&dice, 4)];
            bool may = false;
            for (unsigned i = 0; i < v.n; i++)
                may |= n < v.v[i].stands.n && str_starts(v.v[i].stands, str_make(text, n));
            if (vault_may_begin(&v, str_make(text, n)) != may)
                fail_msg("seed 7, round %u: %.*s", round, (int)n, text);
        }
        vault_fini(&v);
    }
}

/* Where a value stands as a word of its own, the longest that begins there. */
static void
values_are_found_again(void **state)
{
    struct vault v;
    const struct vault_entry *e;
    size_t at;
    (void)state;
    vault_init(&v, 100, 1000);
    assert_false(vault_next_value(&v, STR("abcdef"), 0, &at, &e));
    assert_int_equal(vault_put(&v, REDACT_PHONE, STR("12345"), STR("[1]")), ERR_OK);
    assert_int_equal(vault_put(&v, REDACT_PHONE, STR("12345-678"), STR("[2]")), ERR_OK);
    assert_int_equal(vault_put(&v, REDACT_PHONE, STR("9999"), STR("[3]")), ERR_OK);
    assert_int_equal(vault_sort(&v), ERR_OK);
    assert_true(vault_next_value(&v, STR("x 12345-678 y"), 0, &at, &e));
    assert_int_equal(at, 2);
    assert_true(str_is(e->value, "12345-678"));
    assert_true(vault_next_value(&v, STR("0123456 12345"), 0, &at, &e));
    assert_int_equal(at, 8);
    assert_false(vault_next_value(&v, STR("012345 123456 9999"), 0, &at, &e));
    assert_false(vault_next_value(&v, STR("12345"), 1, &at, &e));
    assert_true(str_is(vault_value_at(&v, STR("12345-678"))->value, "12345-678"));
    assert_true(str_is(vault_value_at(&v, STR("12345-6789"))->value, "12345"));
    assert_null(vault_value_at(&v, STR("123456")));
    assert_null(vault_value_at(&v, STR("")));
    vault_fini(&v);
}

/* As a search for one value after the other says. */
static bool
search(const struct vault *v, struct str text, size_t *at, size_t *n)
{
    for (size_t i = 0; i < text.n; i++) {
        *n = 0;
        for (unsigned k = 0; k < v->n; k++) {
            struct str value = v->v[k].value;
            bool letter_before = i > 0 && text.p[i - 1] != '-' && text.p[i] != '-';
            bool letter_behind = i + value.n < text.n && text.p[i + value.n] != '-'
                                 && value.p[value.n - 1] != '-';
            if (value.n >= VAULT_VALUE_MIN && value.n > *n && !letter_before && !letter_behind
                && str_starts(str_skip(text, i), value))
                *n = value.n;
        }
        *at = i;
        if (*n)
            return true;
    }
    return false;
}

static void
values_are_found_as_by_search(void **state)
{
    struct dice dice = { 11 };
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        const struct vault_entry *e;
        struct vault v;
        char text[40];
        size_t at, n, want;
        vault_init(&v, 100, 1000);
        v.one_way = true;
        for (unsigned i = dice_roll(&dice, 20); i; i--) {
            size_t length = 1 + dice_roll(&dice, 9);
            for (size_t k = 0; k < length; k++)
                text[k] = "aab-"[dice_roll(&dice, 4)];
            if (!vault_of_value(&v, str_make(text, length)))
                assert_int_equal(vault_put(&v, REDACT_CARD, str_make(text, length), STR("[x]")),
                                 ERR_OK);
        }
        for (size_t k = 0; k < sizeof text; k++)
            text[k] = "aab-"[dice_roll(&dice, 4)];
        assert_int_equal(vault_sort(&v), ERR_OK);
        bool found = search(&v, str_make(text, sizeof text), &want, &n);
        assert_int_equal(vault_next_value(&v, str_make(text, sizeof text), 0, &at, &e), found);
        if (found && (at != want || e->value.n != n))
            fail_msg("seed 11, round %u: %zu+%zu, not %zu+%zu of %.40s", round, at, e->value.n,
                     want, n, text);
        vault_fini(&v);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_put_back_at_every_cut),
        cmocka_unit_test(values_are_put_back_byte_by_byte),
        cmocka_unit_test(nothing_waits_without_need),
        cmocka_unit_test(json_stays_json),
        cmocka_unit_test(cuts_make_no_difference),
        cmocka_unit_test(a_vault_has_caps),
        cmocka_unit_test(begins_of_placeholders_are_known),
        cmocka_unit_test(values_are_found_again),
        cmocka_unit_test(values_are_found_as_by_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
