/* Whole documents through the compiled dialects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "tests/lib/told.h"

#define OPENAI    "openai.chat"
#define ANTHROPIC "anthropic.messages"

struct bench {
    struct arena arena;
    struct buf out;
};

static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    arena_init(&b->arena, 16u << 20);
    buf_init(&b->out, 1u << 20);
    *state = b;
    return 0;
}

static int
tear_down(void **state)
{
    struct bench *b = *state;
    arena_fini(&b->arena);
    buf_fini(&b->out);
    free(b);
    return 0;
}

#define USER "{\"role\":\"user\",\"content\":\"a\"}"

static void
a_request_is_refused_with_the_place_of_the_fault(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *body;
        enum err err;
        const char *at, *path, *text;
    } table[] = {
        { "{\"model\":\"m\",", ERR_SYNTAX, NULL, "", NULL },
        { "", ERR_SYNTAX, NULL, "", NULL },
        { "[]", ERR_TYPE, "[", "", "expected object, found array" },
        { "{\"messages\":[]}", ERR_TYPE, "{", "model", "a required member is missing" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":7}]}", ERR_TYPE, "7}",
          "messages[0].content", "expected string or array, found number" },
        { "{\"model\":\"m\",\"messages\":[" USER ",{\"content\":\"b\"}]}", ERR_TYPE, "{\"content",
          "messages[1].role", "a required member is missing" },
        { "{\"model\":\"m\",\"messages\":[" USER "],\"tool_choice\":\"foo\"}", ERR_TYPE, "foo",
          "tool_choice",
          "unknown value \"foo\", expected one of \"auto\", \"required\", \"none\", \"any\"" },
        { "{\"model\":\"m\",\"messages\":[" USER "],\"max_tokens\":1.5}", ERR_TYPE, "1.5",
          "max_tokens", "expected a 64-bit integer, found 1.5" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct xd x;
        struct ir_request m;
        xd_init(&x, xd_find(STR(OPENAI)), XD_OP_CHAT, &b->arena, NULL);
        assert_int_equal(xd_request_read(&x, str_from(table[i].body), &m), table[i].err);
        assert_string_equal(x.fault.path, table[i].path);
        if (table[i].at)
            assert_ptr_equal(table[i].body + x.fault.offset, strstr(table[i].body, table[i].at));
        if (table[i].text)
            assert_string_equal(x.fault.text, table[i].text);
        xd_fini(&x);
    }
}

static void
what_cannot_be_written_whole_is_not_written(void **state)
{
    struct bench *b = *state;
    struct xd x;
    struct ir_request m;
    struct buf small;
    xd_init(&x, xd_find(STR(OPENAI)), XD_OP_CHAT, &b->arena, NULL);
    assert_int_equal(xd_request_read(&x, STR("{\"model\":\"m\",\"messages\":[" USER "]}"), &m),
                     ERR_OK);
    xd_fini(&x);
    buf_init(&small, 20);
    buf_puts(&small, STR("before"));
    xd_init(&x, xd_find(STR(OPENAI)), XD_OP_CHAT, &b->arena, &small);
    assert_int_equal(xd_request_write(&x, &m), ERR_LIMIT);
    assert_int_equal(xd_request_write(&x, &m), ERR_LIMIT);
    assert_true(str_is(buf_str(&small), "before"));
    xd_fini(&x);
    buf_fini(&small);
}

static void
unknown_members_return_to_the_same_dialect(void **state)
{
    struct bench *b = *state;
    static const char body[] = "{\"model\":\"m\",\"messages\":[" USER
                               "],\"future\":{\"a\": [1.0, null]}}";
    struct xd in, same, other;
    struct ir_request m;
    xd_init(&in, xd_find(STR(OPENAI)), XD_OP_CHAT, &b->arena, NULL);
    assert_int_equal(xd_request_read(&in, str_from(body), &m), ERR_OK);
    xd_init(&same, xd_find(STR("groq")), XD_OP_CHAT, &b->arena, &b->out);
    assert_int_equal(xd_request_write(&same, &m), ERR_OK);
    assert_true(str_is(buf_str(&b->out), body));
    assert_int_equal(same.lost.n, 0);
    buf_clear(&b->out);
    m.max_output = (struct ir_int){ 5, true };
    xd_init(&other, xd_find(STR(ANTHROPIC)), XD_OP_CHAT, &b->arena, &b->out);
    assert_int_equal(xd_request_write(&other, &m), ERR_OK);
    assert_int_equal(other.lost.n, 1);
    assert_true(str_is(other.lost.v[0], "future"));
    xd_fini(&in);
    xd_fini(&same);
    xd_fini(&other);
}

#define REPLY(choices, rest) "{\"id\":\"c1\",\"model\":\"m\",\"choices\":[" choices "]" rest "}"
#define MESSAGE(members, finish) \
    "{\"index\":0,\"message\":{\"role\":\"assistant\"," members "},\"finish_reason\":" finish "}"
#define CALL(id, args) \
    "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"" args \
    "\"}}"

static void
a_whole_reply_is_what_its_stream_would_be(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *dialect, *body, *want;
    } table[] = {
        { OPENAI, REPLY(MESSAGE("\"content\":\"Hi\",\"refusal\":null", "\"stop\""), ""),
          "text \"Hi\"; end | end" },
        { OPENAI, REPLY(MESSAGE("\"content\":\"\",\"reasoning_content\":\"\"", "\"length\""), ""),
          "length | end" },
        { OPENAI, REPLY(MESSAGE("\"content\":null,\"refusal\":\"no\"", "\"stop\""), ""),
          "refusal \"no\"; refusal | end" },
        { OPENAI,
          REPLY(MESSAGE("\"content\":null,\"tool_calls\":[" CALL("a", "null") "]", "\"stop\""), ""),
          "call a f {}; call | end" },
        { OPENAI, REPLY(MESSAGE("\"content\":\"a\"", "\"\""), ""), "text \"a\"; end | end" },
        { OPENAI, REPLY(MESSAGE("\"content\":\"x\xff\"", "\"stop\""), ""),
          "text \"x\xef\xbf\xbd\"; end | end" },
        { OPENAI,
          REPLY(
              MESSAGE("\"content\":\"a\"", "\"stop\""),
              ",\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":4}}"),
          "text \"a\"; end | 6/5 | end" },
        { ANTHROPIC,
          "{\"id\":\"c1\",\"model\":\"m\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"s\"},"
          "{\"type\":\"text\",\"text\":\"\"},{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{}}],"
          "\"stop_reason\":\"tool_use\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}",
          "thinking \"\" signed \"s\", call a f {}; call | 1/2 | end" },
        { ANTHROPIC, "{\"id\":\"c1\",\"model\":\"m\",\"content\":[],\"stop_reason\":\"refusal\"}",
          "refusal | end" },
    };
    struct told told;
    told_init(&told);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct xd x;
        struct ir_reply m;
        struct ir_error e;
        told_clear(&told);
        xd_init(&x, xd_find(str_from(table[i].dialect)), XD_OP_CHAT, &b->arena, NULL);
        assert_int_equal(xd_reply_read(&x, str_from(table[i].body), &m, &e), ERR_OK);
        ir_reply_speak(&m, told_event, &told);
        told_check_grammar(&told);
        assert_string_equal(told_summary(&told), table[i].want);
        xd_fini(&x);
    }
    told_fini(&told);
}

static void
calls_without_ids_get_ids(void **state)
{
    struct bench *b = *state;
    struct xd x;
    struct ir_reply m;
    struct ir_error e;
    xd_init(&x, xd_find(STR(OPENAI)), XD_OP_CHAT, &b->arena, NULL);
    assert_int_equal(
        xd_reply_read(
            &x,
            STR(REPLY(MESSAGE("\"tool_calls\":[" CALL("", "{}") "," CALL("", "{}") "]", "\"stop\""),
                      "")),
            &m, &e),
        ERR_OK);
    const struct ir_blocks *l = &m.choices.v[0].blocks;
    assert_int_equal(l->n, 2);
    assert_int_equal(l->v[0].call.id.n, 29);
    assert_false(str_eq(l->v[0].call.id, l->v[1].call.id));
    xd_fini(&x);
}

static void
truncated_arguments_never_become_half_an_object(void **state)
{
    struct bench *b = *state;
    struct xd in, out;
    struct ir_reply m;
    struct ir_error e;
    xd_init(&in, xd_find(STR(OPENAI)), XD_OP_CHAT, &b->arena, NULL);
    xd_init(&out, xd_find(STR(ANTHROPIC)), XD_OP_CHAT, &b->arena, &b->out);
    assert_int_equal(
        xd_reply_read(&in,
                      STR(REPLY(MESSAGE("\"tool_calls\":[" CALL("a", "{\\\"x\\\": \\\"Par") "]",
                                        "\"length\""),
                                "")),
                      &m, &e),
        ERR_OK);
    assert_int_equal(xd_reply_write(&out, &m), ERR_OK);
    buf_putc(&b->out, '\0');
    assert_non_null(strstr(b->out.p, "\"input\":{}"));
    assert_non_null(strstr(b->out.p, "\"stop_reason\":\"max_tokens\""));
    assert_int_equal(out.lost.n, 1);
    xd_fini(&in);
    xd_fini(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_refused_with_the_place_of_the_fault),
        TEST(what_cannot_be_written_whole_is_not_written),
        TEST(unknown_members_return_to_the_same_dialect),
        TEST(a_whole_reply_is_what_its_stream_would_be),
        TEST(calls_without_ids_get_ids),
        TEST(truncated_arguments_never_become_half_an_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
