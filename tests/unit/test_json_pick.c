/* One member out of documents in pieces: beside what parsing the whole says, at every split. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/json/doc.h"
#include "runtime/json/pick.h"

static struct str
pick(struct json_pick *p, struct str s, size_t split)
{
    json_pick_init(p, STR("usage"));
    json_pick_feed(p, s.p, split);
    json_pick_feed(p, s.p + split, s.n - split);
    return json_pick_value(p);
}

/* The member as the parsed document has it, without the blanks around it. */
static struct str
parsed(struct json_doc *doc, struct str s)
{
    struct fault f;
    if (json_doc_parse(doc, s, &f) || json_kind(doc, JSON_ROOT) != JSON_OBJECT)
        return (struct str){ NULL, 0 };
    uint32_t at = json_member(doc, JSON_ROOT, STR("usage"));
    return at ? json_raw(doc, at) : (struct str){ NULL, 0 };
}

static void
same(struct str a, struct str b)
{
    assert_int_equal(a.p != NULL, b.p != NULL);
    assert_int_equal(a.n, b.n);
    if (a.n)
        assert_memory_equal(a.p, b.p, a.n);
}

static void
the_member_is_that_of_the_parsed_document(void **state)
{
    static const char *const documents[] = {
        "{\"usage\":{\"a\":1}}",
        "{\"data\":[{\"usage\":{\"a\":1}}],\"usage\":{\"b\":[2,{\"c\":\"}\\\"]\"}]},\"x\":0}",
        "{ \"usage\" : { \"a\" : 1 } , \"y\" : 2 }",
        "{\"usage\":12}",
        "{\"usage\":-1.5e3 ,\"a\":1}",
        "{\"usage\":\"te\\\"xt\\\\\"}",
        "{\"usage\":null}",
        "{\"usage\":[1,2]}",
        "{\"usage\":{}}",
        "{\"usages\":1,\"usag\":2,\"\":3}",
        "{\"a\":\"usage\",\"b\":{\"usage\":1}}",
        "{\"a\":\"\\\"usage\\\":1\"}",
        "{\"usage\":1,\"usage\":{\"last\":2}}",
        "{\"us\\\"age\":1}",
        "[{\"usage\":1},\"usage\",{\"usage\":2}]",
        "[\"usage\",1]",
        "{}",
        "{\"a\":[\"usage\",{\"usage\":[]}],\n\t\"usage\"\r\n:\ttrue}",
    };
    struct json_doc doc;
    struct json_pick p;
    (void)state;
    json_doc_init(&doc);
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        struct str s = str_from(documents[i]), wanted = parsed(&doc, s);
        for (size_t split = 0; split <= s.n; split++)
            same(pick(&p, s, split), wanted);
    }
    json_doc_fini(&doc);
}

static void
of_several_documents_the_last_that_has_it_counts(void **state)
{
    static const char stream[] = "event: a\ndata: {\"type\":\"a\",\"usage\":null}\n\n"
                                 "data: {\"b64\":\"AAAA\",\"usage\":{\"n\":1}}\n\n"
                                 ": usage\ndata: {\"type\":\"usage\"}\n\ndata: [DONE]\n\n";
    struct json_pick p;
    (void)state;
    for (size_t split = 0; split < sizeof stream; split++)
        same(pick(&p, str_from(stream), split), STR("{\"n\":1}"));
}

static void
a_value_that_is_too_long_is_none(void **state)
{
    static char text[2 * JSON_PICK_MAX];
    struct json_pick p;
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        size_t n = 0;
        n += (size_t)sprintf(text + n, "{\"usage\":1,\"usage\":\"");
        memset(text + n, 'x', JSON_PICK_MAX - 2 + more);
        n += JSON_PICK_MAX - 2 + more;
        n += (size_t)sprintf(text + n, "\",\"a\":1}");
        struct str got = pick(&p, str_make(text, n), n / 2);
        assert_int_equal(got.n, more ? 0 : JSON_PICK_MAX);
    }
}

static void
what_is_no_json_does_no_harm(void **state)
{
    static const char *const texts[] = { "}}}]]",           "\"",
                                         "{\"usage\":",     "{{{",
                                         "ID3\x03\xff\xfb", "{\"usage\":1}}\"usage\":2",
                                         ",,,:::{:,:}" };
    struct json_pick p;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct str s = str_from(texts[i]), whole = pick(&p, s, 0);
        char kept[64];
        memcpy(kept, whole.n ? whole.p : "", whole.n);
        for (size_t split = 0; split <= s.n; split++)
            same(pick(&p, s, split), (struct str){ whole.p ? kept : NULL, whole.n });
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_member_is_that_of_the_parsed_document),
        cmocka_unit_test(of_several_documents_the_last_that_has_it_counts),
        cmocka_unit_test(a_value_that_is_too_long_is_none),
        cmocka_unit_test(what_is_no_json_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
