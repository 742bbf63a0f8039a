/* Reading nodes: texts, members, integers, paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/json/doc.h"
#include "tests/lib/dice.h"

static void
parse(struct json_doc *d, const char *text)
{
    struct fault f;
    if (json_doc_parse(d, str_from(text), &f))
        fail_msg("%s: %s", f.text, text);
}

static void
texts_are_decoded_and_point_into_the_source_when_they_can(void **state)
{
    (void)state;
    struct json_doc d;
    json_doc_init(&d);
    struct arena a;
    arena_init(&a, 4096);
    parse(&d, "[\"plain\",\"\",\"a\\n\\ud83d\\ude00\",\"\\ud83d\"]");
    struct str plain = json_text(&d, 2, &a);
    assert_true(str_is(plain, "plain"));
    assert_ptr_equal(plain.p, d.src + 2);
    assert_non_null(json_text(&d, 3, &a).p);
    assert_int_equal(json_text(&d, 3, &a).n, 0);
    assert_int_equal(a.total, 0);
    assert_true(str_is(json_text(&d, 4, &a), "a\n\xf0\x9f\x98\x80"));
    assert_true(str_is(json_text(&d, 5, &a), "\xef\xbf\xbd"));
    struct arena none;
    arena_init(&none, 0);
    assert_null(json_text(&d, 4, &none).p);
    assert_true(json_text_is(&d, 4, STR("a\n\xf0\x9f\x98\x80")));
    assert_false(json_text_is(&d, 4, STR("a\n")));
    assert_true(json_text_is(&d, 3, STR("")));
    assert_false(json_text_is(&d, 1, STR("")));
    arena_fini(&none);
    arena_fini(&a);
    json_doc_fini(&d);
}

static void
the_last_of_repeated_members_counts(void **state)
{
    (void)state;
    struct json_doc d;
    json_doc_init(&d);
    parse(&d, "{\"a\":1,\"b\":{\"c\":2},\"a\":[3],\"\\u0063\":4,\"\":5}");
    assert_true(str_is(json_raw(&d, json_member(&d, JSON_ROOT, STR("a"))), "[3]"));
    assert_true(str_is(json_raw(&d, json_member(&d, JSON_ROOT, STR("c"))), "4"));
    assert_true(str_is(json_raw(&d, json_member(&d, JSON_ROOT, STR(""))), "5"));
    uint32_t b = json_member(&d, JSON_ROOT, STR("b"));
    assert_true(str_is(json_raw(&d, json_member(&d, b, STR("c"))), "2"));
    assert_int_equal(json_member(&d, b, STR("a")), 0);
    assert_int_equal(json_member(&d, JSON_ROOT, STR("d")), 0);
    parse(&d, "{}");
    assert_int_equal(json_member(&d, JSON_ROOT, STR("a")), 0);
    json_doc_fini(&d);
}

/* What stands between values is of the one before it. */
static void
nodes_are_found_by_where_they_stand(void **state)
{
    static const char text[] = " {\"a\": [1, \"xy\"]}";
    static const char nodes[] = "01122223444455555";
    struct json_doc d;
    (void)state;
    json_doc_init(&d);
    parse(&d, text);
    for (size_t i = 0; i < sizeof text - 1; i++)
        assert_int_equal(json_node_of(&d, d.src + i), nodes[i] - '0');
    assert_int_equal(json_node_of(&d, NULL), 0);
    assert_int_equal(json_node_of(&d, d.src - 1), 0);
    assert_int_equal(json_node_of(&d, d.src + d.n), 0);
    json_doc_fini(&d);
}

static void
elements_and_members_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t count;
    } rows[] = {
        { "[]", 0 },
        { "{}", 0 },
        { "[1]", 1 },
        { "[[1,2],{\"a\":1},3]", 3 },
        { "{\"a\":[1,2,3],\"b\":{\"c\":4}}", 2 },
    };
    struct json_doc d;
    json_doc_init(&d);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        parse(&d, rows[i].text);
        assert_int_equal(json_count(&d, JSON_ROOT), rows[i].count);
    }
    json_doc_fini(&d);
}

static void
integers_are_exact_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool fits;
        int64_t value;
    } rows[] = {
        { "0", true, 0 },
        { "-0", true, 0 },
        { "0.0", true, 0 },
        { "-0.000e5", true, 0 },
        { "0e999999999999999999999", true, 0 },
        { "0e-999999999999999999999", true, 0 },
        { "7", true, 7 },
        { "-7", true, -7 },
        { "9007199254740993", true, 9007199254740993 },
        { "9223372036854775807", true, INT64_MAX },
        { "9223372036854775808", false, 0 },
        { "-9223372036854775808", true, INT64_MIN },
        { "-9223372036854775809", false, 0 },
        { "922337203685477580.7e1", true, INT64_MAX },
        { "9223372036854775807.0", true, INT64_MAX },
        { "-92233720368547758080e-1", true, INT64_MIN },
        { "100000000000000000000000000e-26", true, 1 },
        { "12345678901234567890", false, 0 },
        { "3.0", true, 3 },
        { "3e2", true, 300 },
        { "3E+2", true, 300 },
        { "1.50e1", true, 15 },
        { "1.5e0", false, 0 },
        { "3.1", false, 0 },
        { "300e-2", true, 3 },
        { "300e-3", false, 0 },
        { "0.000001e6", true, 1 },
        { "1e18", true, 1000000000000000000 },
        { "1e19", false, 0 },
        { "1e400", false, 0 },
        { "1e-400", false, 0 },
        { "1e99999999999999999999", false, 0 },
        { "1e-99999999999999999999", false, 0 },
        { "0.5", false, 0 },
        { "true", false, 0 },
        { "\"7\"", false, 0 },
        { "[7]", false, 0 },
    };
    struct json_doc d;
    json_doc_init(&d);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t v = 4711;
        parse(&d, rows[i].text);
        if (json_int(&d, JSON_ROOT, &v) != rows[i].fits)
            fail_msg("%s", rows[i].text);
        assert_int_equal(v, rows[i].fits ? rows[i].value : 4711);
    }
    json_doc_fini(&d);
}

/* v with its point moved left by `places` digits and an exponent that moves it back. */
static void
spell(char *out, size_t room, int64_t v, int places)
{
    char digits[64];
    int n = snprintf(digits, sizeof digits, "%032llu",
                     v < 0 ? 0 - (unsigned long long)v : (unsigned long long)v);
    int whole = n - places;
    int lead = 0;
    while (lead < whole - 1 && digits[lead] == '0')
        lead++;
    snprintf(out, room, "%s%.*s.%s0e%d", v < 0 ? "-" : "", whole - lead, digits + lead,
             digits + whole, places);
}

static void
integers_are_found_behind_every_spelling(void **state)
{
    (void)state;
    struct dice dice = { 4 };
    struct json_doc d;
    json_doc_init(&d);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = (uint64_t)dice_roll(&dice, UINT32_MAX) << 32 | dice_roll(&dice, UINT32_MAX);
        int64_t want = (int64_t)(bits >> dice_roll(&dice, 63)), got = 0;
        want = dice_roll(&dice, 2) ? want : -want;
        char text[200];
        spell(text, sizeof text, want, (int)dice_roll(&dice, 30));
        parse(&d, text);
        if (!json_int(&d, JSON_ROOT, &got) || got != want)
            fail_msg("%s is not %lld", text, (long long)want);
    }
    json_doc_fini(&d);
}

static void
paths_lead_from_the_root_to_the_node(void **state)
{
    (void)state;
    static const char *const want[] = {
        NULL,
        "",
        "messages",
        "messages",
        "messages[0]",
        "messages[0].role",
        "messages[0].role",
        "messages[1]",
        "messages[1].content",
        "messages[1].content",
        "messages[1].content[0]",
        "messages[1].content[0].type",
        "messages[1].content[0].type",
        "n",
        "n",
    };
    struct json_doc d;
    json_doc_init(&d);
    parse(&d, "{\"messages\":[{\"role\":1},{\"content\":[{\"type\":\"x\"}]}],\"n\":2}");
    assert_int_equal(d.count, sizeof want / sizeof *want);
    for (uint32_t i = 1; i < d.count; i++) {
        char path[100];
        json_path(&d, i, path, sizeof path);
        assert_string_equal(path, want[i]);
    }
    json_doc_fini(&d);
}

static void
paths_are_cut_to_fit_between_characters(void **state)
{
    (void)state;
    struct json_doc d;
    json_doc_init(&d);
    parse(&d, "[0,{\"h\xc3\xa9llo\":[[1]]}]");
    const char *whole = "[1].h\xc3\xa9llo[0][0]";
    for (size_t room = 0; room < 30; room++) {
        char path[30];
        memset(path, '!', sizeof path);
        json_path(&d, d.count - 1, path, room);
        assert_int_equal(path[room], '!');
        if (room == 0)
            continue;
        size_t n = strlen(path);
        assert_true(n < room);
        if (room == 7)
            assert_string_equal(path, "[1].h");
        if (room > strlen(whole))
            assert_string_equal(path, whole);
    }
    json_doc_fini(&d);
}

static void
every_kind_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(json_kind_name(JSON_NONE), "nothing");
    for (int a = JSON_NONE; a <= JSON_ARRAY; a++)
        for (int b = JSON_NONE; b < a; b++)
            assert_string_not_equal(json_kind_name((enum json_kind)a),
                                    json_kind_name((enum json_kind)b));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_decoded_and_point_into_the_source_when_they_can),
        cmocka_unit_test(the_last_of_repeated_members_counts),
        cmocka_unit_test(nodes_are_found_by_where_they_stand),
        cmocka_unit_test(elements_and_members_are_counted),
        cmocka_unit_test(integers_are_exact_or_refused),
        cmocka_unit_test(integers_are_found_behind_every_spelling),
        cmocka_unit_test(paths_lead_from_the_root_to_the_node),
        cmocka_unit_test(paths_are_cut_to_fit_between_characters),
        cmocka_unit_test(every_kind_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
