/* Bodies that are changed in few places. */
#include "tests/unit/test_gateway_rig.h"

#include "server/gateway/body_patch.h"

#define EDITS_MAX 3

static const struct {
    const char *in;
    struct {
        const char *path, *json;
    } edits[EDITS_MAX];
    const char *out;
} rows[] = {
    { "{\"model\":\"a\"}", { { "model", "\"b\"" } }, "{\"model\":\"b\"}" },
    { " { \"model\" : \"a\" , \"x\":1.50 }\n",
      { { "model", "\"b\"" } },
      " { \"model\" : \"b\" , \"x\":1.50 }\n" },
    /* what counts is the last of repeated members */
    { "{\"model\":\"a\",\"model\":\"b\"}",
      { { "model", "\"c\"" } },
      "{\"model\":\"a\",\"model\":\"c\"}" },
    /* the name may be written with escapes */
    { "{\"mod\\u0065l\":\"a\"}", { { "model", "\"c\"" } }, "{\"mod\\u0065l\":\"c\"}" },
    { "{\"model\":{\"deep\":[1,{}]},\"y\":2}", { { "model", "7" } }, "{\"model\":7,\"y\":2}" },
    /* what is not there is inserted, with a comma if something follows */
    { "{\"x\":1}", { { "model", "\"b\"" } }, "{\"model\":\"b\",\"x\":1}" },
    { "{}", { { "model", "\"b\"" } }, "{\"model\":\"b\"}" },
    { "{ }", { { "a", "1" }, { "b", "2" } }, "{\"b\":2,\"a\":1 }" },
    { "{}", { { "a", "1" }, { "b", "2" }, { "c", "3" } }, "{\"c\":3,\"b\":2,\"a\":1}" },
    { "{\"x\":1}", { { "s.u", "true" } }, "{\"s\":{\"u\":true},\"x\":1}" },
    { "{\"s\":{},\"x\":1}", { { "s.u", "true" } }, "{\"s\":{\"u\":true},\"x\":1}" },
    { "{\"s\":{\"v\":0}}", { { "s.u", "true" } }, "{\"s\":{\"u\":true,\"v\":0}}" },
    { "{\"s\":{\"u\":false}}", { { "s.u", "true" } }, "{\"s\":{\"u\":true}}" },
    /* something that is no object makes way for one */
    { "{\"s\":null,\"x\":1}", { { "s.u.w", "true" } }, "{\"s\":{\"u\":{\"w\":true}},\"x\":1}" },
    { "{\"x\":{\"model\":1},\"model\":\"a\",\"s\":{}}",
      { { "s.u", "true" }, { "model", "\"long name\"" } },
      "{\"x\":{\"model\":1},\"model\":\"long name\",\"s\":{\"u\":true}}" },
};

static void
patch(size_t row, struct arena *a, struct buf *out)
{
    struct json_doc doc;
    struct body_patch p;
    json_doc_init(&doc);
    assert_int_equal(json_doc_parse(&doc, str_from(rows[row].in), NULL), ERR_OK);
    body_patch_init(&p, &doc, a);
    for (size_t k = 0; k < EDITS_MAX && rows[row].edits[k].path; k++)
        assert_true(body_patch_set(&p, str_from(rows[row].edits[k].path),
                                   str_from(rows[row].edits[k].json)));
    body_patch_write(&p, out);
    json_doc_fini(&doc);
}

static void
members_change_and_all_other_bytes_stay(void **state)
{
    struct arena a;
    struct buf out;
    (void)state;
    arena_init(&a, 100000);
    buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buf_clear(&out);
        patch(i, &a, &out);
        assert_str(buf_str(&out), rows[i].out);
    }
    buf_fini(&out);
    arena_fini(&a);
}

static void
without_edits_the_document_is_copied(void **state)
{
    static const struct str in = STR_INIT("  {\"a\" :\t[ ] } ");
    struct json_doc doc;
    struct body_patch p;
    struct buf out;
    (void)state;
    json_doc_init(&doc);
    buf_init(&out, 100);
    assert_int_equal(json_doc_parse(&doc, in, NULL), ERR_OK);
    body_patch_init(&p, &doc, NULL);
    body_patch_write(&p, &out);
    assert_true(str_eq(buf_str(&out), in));
    buf_fini(&out);
    json_doc_fini(&doc);
}

static void
parts_of_strings_are_cut_out(void **state)
{
    const char *body = "{\"model\":\"a\",\"s\":[\"mark:x\",\"mark:y\"]}";
    struct json_doc doc;
    struct body_patch p;
    struct arena a;
    struct buf out;
    (void)state;
    json_doc_init(&doc);
    arena_init(&a, 100000);
    buf_init(&out, 1000);
    assert_int_equal(json_doc_parse(&doc, str_from(body), NULL), ERR_OK);
    body_patch_init(&p, &doc, &a);
    const char *second = strstr(body, "mark:y");
    assert_true(body_patch_cut(&p, str_make(second, 5)));
    assert_true(body_patch_set(&p, STR("model"), STR("\"long\"")));
    assert_true(body_patch_cut(&p, str_make(strstr(body, "mark:x"), 5)));
    assert_false(body_patch_cut(&p, STR("mark:")));
    body_patch_write(&p, &out);
    assert_true(str_is(buf_str(&out), "{\"model\":\"long\",\"s\":[\"x\",\"y\"]}"));
    buf_fini(&out);
    arena_fini(&a);
    json_doc_fini(&doc);
}

static void
many_edits_fit_and_a_full_arena_is_told(void **state)
{
    struct json_doc doc;
    struct body_patch p;
    struct arena a;
    char name[] = "a";
    (void)state;
    json_doc_init(&doc);
    assert_int_equal(json_doc_parse(&doc, STR("{\"x\":1}"), NULL), ERR_OK);
    arena_init(&a, 100000);
    body_patch_init(&p, &doc, &a);
    for (unsigned i = 0; i < 20; i++, name[0]++)
        assert_true(body_patch_set(&p, str_from(name), STR("1")));
    arena_fini(&a);
    arena_init(&a, 1);
    body_patch_init(&p, &doc, &a);
    assert_false(body_patch_set(&p, STR("y"), STR("1")));
    arena_fini(&a);
    json_doc_fini(&doc);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_change_and_all_other_bytes_stay),
        cmocka_unit_test(without_edits_the_document_is_copied),
        cmocka_unit_test(parts_of_strings_are_cut_out),
        cmocka_unit_test(many_edits_fit_and_a_full_arena_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
