/* Bodies that pass: the model's name is read and put, and nothing else is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/gateway/passage.h"

struct trip {
    struct arena arena;
    struct json_doc doc;
    struct buf out;
    struct passage passage;
    struct fault fault;
    enum err err;
};

/* The model that is meant by none. */
static struct str usual;

static void
begin(struct trip *t, const char *type, struct str body)
{
    arena_init(&t->arena, 1 << 20);
    json_doc_init(&t->doc);
    buf_init(&t->out, 1 << 20);
    t->fault = (struct fault){ .err = ERR_OK };
    t->err = passage_read(&t->passage, usual, str_from(type), body, &t->doc, &t->arena, &t->fault);
}

static void
end(struct trip *t)
{
    arena_fini(&t->arena);
    json_doc_fini(&t->doc);
    buf_fini(&t->out);
}

static void
becomes(const char *type, const char *body, const char *model, const char *as, const char *sent)
{
    struct trip t;
    struct str got;
    begin(&t, type, str_from(body));
    assert_int_equal(t.err, ERR_OK);
    assert_true(str_is(t.passage.model, model));
    assert_int_equal(
        passage_write(&t.passage, str_from(body), &t.doc, str_from(as), &t.arena, &t.out, &got),
        ERR_OK);
    if (!str_is(got, sent))
        fail_msg("sent %.*s", STR_ARG(got));
    end(&t);
}

#define FORM "multipart/form-data; boundary=b"
#define PARTS(model) \
    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nmodel\r\n" \
    "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n" model "\r\n--b--\r\n"

static void
the_model_is_read_and_put(void **state)
{
    (void)state;
    static const char json[] = "{ \"n\" : 1.0, \"model\" : \"fast\" , \"model2\":\"fast\" }";
    becomes("application/json", json, "fast", "fast", json);
    becomes("", json, "fast", "big\"one",
            "{ \"n\" : 1.0, \"model\" : \"big\\\"one\" , \"model2\":\"fast\" }");
    becomes(FORM, PARTS("fast"), "fast", "fast", PARTS("fast"));
    becomes(FORM, PARTS("fast"), "fast", "a-longer-name", PARTS("a-longer-name"));
    becomes(FORM, PARTS("fast"), "fast", "f", PARTS("f"));
}

static void
a_usual_model_is_meant_by_none(void **state)
{
    static const char form[] =
        "--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1\r\n--b--\r\n";
    static const char more[] =
        "\r\n--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nbig\r\n"
        "--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1\r\n--b--\r\n";
    static const char preamble[] =
        "hello\r\n--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1\r\n--b--\r\n";
    struct trip t;
    (void)state;
    usual = STR("paint-1");
    becomes("application/json", "{\"n\":1}", "paint-1", "paint-1", "{\"n\":1}");
    becomes("application/json", "{\"n\":1}", "paint-1", "big", "{\"model\":\"big\",\"n\":1}");
    becomes("application/json", "{\"model\":null}", "paint-1", "big", "{\"model\":\"big\"}");
    becomes("application/json", "{\"model\":\"x\"}", "x", "x", "{\"model\":\"x\"}");
    becomes(FORM, form, "paint-1", "paint-1", form);
    becomes(FORM, form, "paint-1", "big", more);
    becomes(FORM, preamble, "paint-1", "big", more);
    becomes(FORM, PARTS("fast"), "fast", "f", PARTS("f"));
    begin(&t, FORM, str_from(more));
    assert_true(str_is(t.passage.model, "big"));
    assert_false(t.passage.implied);
    end(&t);
    begin(&t, "application/json", STR("[]"));
    assert_int_equal(t.err, ERR_TYPE);
    end(&t);
    usual = (struct str){ NULL, 0 };
}

static void
bodies_without_a_model_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *type, *body;
        enum err err;
    } cases[] = {
        { "application/json", "{}", ERR_TYPE },
        { "application/json", "{\"model\":1}", ERR_TYPE },
        { "application/json", "[]", ERR_TYPE },
        { "application/json", "{\"model\":", ERR_SYNTAX },
        { "application/json", PARTS("fast"), ERR_SYNTAX },
        { FORM, "{\"model\":\"a\"}", ERR_SYNTAX },
        { FORM, "--b--", ERR_TYPE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trip t;
        begin(&t, cases[i].type, str_from(cases[i].body));
        assert_int_equal(t.err, cases[i].err);
        assert_true(t.fault.text[0]);
        end(&t);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_is_read_and_put),
        cmocka_unit_test(a_usual_model_is_meant_by_none),
        cmocka_unit_test(bodies_without_a_model_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
