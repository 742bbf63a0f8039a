/* Errors in every shape that peers give them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/base/utf8.h"
#include "runtime/ir/reply.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "tests/lib/corpus.h"

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
    buf_init(&b->out, 16u << 20);
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

static struct ir_error
read_error(struct bench *b, const char *dialect, struct str body, int status)
{
    struct xd x;
    struct ir_error e;
    xd_init(&x, xd_find(str_from(dialect)), XD_OP_CHAT, &b->arena, NULL);
    xd_error_read(&x, body, status, &e);
    assert_int_equal(x.err, ERR_OK);
    assert_int_equal(x.lost.n, 0);
    xd_fini(&x);
    return e;
}

struct scene {
    const char *dialect;
    int status;
    const char *body;
    const char *want; /* "kind status message" as the same dialect would answer */
};

static void
errors_are_read_whatever_their_shape(void **state)
{
    struct bench *b = *state;
    static const struct scene table[] = {
        { OPENAI, 401,
          "{\"error\":{\"message\":\"bad\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"invalid_api_key\"}}",
          "auth 401 bad" },
        { OPENAI, 404,
          "{\"error\":{\"message\":\"gone\",\"type\":\"invalid_request_error\",\"code\":\"model_not_found\"}}",
          "missing 404 gone" },
        { OPENAI, 400,
          "{\"error\":{\"message\":\"long\",\"type\":\"invalid_request_error\",\"code\":\"context_length_exceeded\"}}",
          "context 400 long" },
        { OPENAI, 429,
          "{\"error\":{\"message\":\"pay\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}",
          "billing 429 pay" },
        { OPENAI, 429, "{\"error\":{\"code\":429,\"message\":\"slow\",\"metadata\":{}}}",
          "rate 429 slow" },
        { OPENAI, 200, "{\"error\":{\"code\":503,\"message\":\"down\"}}", "overloaded 503 down" },
        { OPENAI, 400,
          "{\"error\":{\"message\":\"This model's maximum context length is 1 tokens\",\"type\":\"invalid_request_error\"}}",
          "context 400 This model's maximum context length is 1 tokens" },
        { OPENAI, 401, "{\"error\":{\"message\":\"Unauthorized\",\"type\":\"api_error\"}}",
          "auth 401 Unauthorized" },
        { OPENAI, 404, "{\"error\":\"model 'x' not found\"}", "missing 404 model 'x' not found" },
        { OPENAI, 400, "{\"code\":\"invalid-argument\",\"error\":\"Incorrect API key provided.\"}",
          "auth 401 Incorrect API key provided." },
        { OPENAI, 401, "{\"detail\":\"Invalid API Key\"}", "auth 401 Invalid API Key" },
        { OPENAI, 422,
          "{\"object\":\"error\",\"message\":{\"detail\":[{\"loc\":[\"a\"],\"msg\":\"field required\"}]}}",
          "invalid 422 field required" },
        { OPENAI, 400,
          "[{\"error\":{\"code\":400,\"message\":\"Please use a valid role\",\"status\":\"INVALID_ARGUMENT\"}}]",
          "invalid 400 Please use a valid role" },
        { OPENAI, 404, "Not Found", "missing 404 Not Found" },
        { OPENAI, 502,
          "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>",
          "internal 502 502 Bad Gateway" },
        { OPENAI, 503, "<p>Service\n<b>down</b></p>", "overloaded 503 Service down" },
        { OPENAI, 504, "", "timeout 504 Gateway Timeout" },
        { OPENAI, 529, "  \n", "overloaded 529 Overloaded" },
        { OPENAI, 500, "{\"a\":[1,2]}", "internal 500 {\"a\":[1,2]}" },
        { OPENAI, 502, "{}", "internal 502 Bad Gateway" },
        { OPENAI, 0, "", "internal 500 unknown error" },
        { OPENAI, 418, "x", "invalid 418 x" },
        { OPENAI, 500, "\xff\xfe!", "internal 500 \xef\xbf\xbd\xef\xbf\xbd!" },
        { ANTHROPIC, 529,
          "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
          "overloaded 529 Overloaded" },
        { ANTHROPIC, 0,
          "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
          "overloaded 529 Overloaded" },
        { ANTHROPIC, 400,
          "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: 3 > 2\"}}",
          "context 400 prompt is too long: 3 > 2" },
        { ANTHROPIC, 403, "{\"message\":\"You don't have access\"}",
          "forbidden 403 You don't have access" },
        { ANTHROPIC, 413,
          "{\"type\":\"error\",\"error\":{\"type\":\"request_too_large\",\"message\":\"big\"}}",
          "too_large 413 big" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char got[512];
        struct ir_error e = read_error(b, table[i].dialect, str_from(table[i].body),
                                       table[i].status);
        snprintf(got, sizeof got, "%s %d %.*s", ir_fault_name(e.kind),
                 xd_error_status(xd_find(str_from(table[i].dialect)), &e), STR_ARG(e.message));
        if (strcmp(got, table[i].want) != 0)
            fail_msg("%s: %s\n--- wanted %s", table[i].body, got, table[i].want);
    }
}

static void
the_code_and_the_request_are_kept(void **state)
{
    struct bench *b = *state;
    struct ir_error e = read_error(
        b, OPENAI, STR("{\"error\":{\"message\":\"m\",\"code\":\"c\",\"param\":\"p\"}}"), 400);
    assert_true(str_is(e.code, "c") && str_is(e.param, "p"));
    e = read_error(b, ANTHROPIC, STR("{\"error\":{\"message\":\"m\"},\"request_id\":\"req_1\"}"),
                   400);
    assert_true(str_is(e.request, "req_1"));
    e = read_error(b, OPENAI, STR("{\"message\":\"m\",\"error_type\":\"TOO_MANY\",\"code\":7}"),
                   400);
    assert_true(str_is(e.code, "7"));
}

static void
a_kind_has_a_status_in_each_dialect(void **state)
{
    (void)state;
    static const struct {
        const char *dialect;
        enum ir_fault kind;
        int status;
    } table[] = {
        { OPENAI, IR_FAULT_INVALID, 400 },       { OPENAI, IR_FAULT_OVERLOADED, 503 },
        { OPENAI, IR_FAULT_TIMEOUT, 408 },       { OPENAI, IR_FAULT_PROTOCOL, 502 },
        { ANTHROPIC, IR_FAULT_OVERLOADED, 529 }, { ANTHROPIC, IR_FAULT_TIMEOUT, 504 },
        { ANTHROPIC, IR_FAULT_CONTEXT, 400 },    { ANTHROPIC, IR_FAULT_UNSET, 500 },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct ir_error e = { .kind = table[i].kind };
        assert_int_equal(xd_error_status(xd_find(str_from(table[i].dialect)), &e), table[i].status);
        e.status = (struct ir_int){ 499, true };
        assert_int_equal(xd_error_status(xd_find(str_from(table[i].dialect)), &e), 499);
        e.status = (struct ir_int){ 200, true };
        assert_int_equal(xd_error_status(xd_find(str_from(table[i].dialect)), &e), table[i].status);
    }
}

static const char *
write_error(struct bench *b, const char *dialect, const struct ir_error *e)
{
    struct xd x;
    buf_clear(&b->out);
    xd_init(&x, xd_find(str_from(dialect)), XD_OP_CHAT, &b->arena, &b->out);
    xd_error_write(&x, e);
    assert_int_equal(x.err, ERR_OK);
    xd_fini(&x);
    buf_putc(&b->out, '\0');
    return b->out.p;
}

static void
errors_are_written_in_the_words_of_the_dialect(void **state)
{
    struct bench *b = *state;
    struct ir_error e = {
        .set = true, .kind = IR_FAULT_CONTEXT, .message = STR("too \"long\""), .code = STR("c")
    };
    assert_string_equal(
        write_error(b, OPENAI, &e),
        "{\"error\":{\"message\":\"too \\\"long\\\"\",\"type\":\"context_length_exceeded\",\"param\":null,\"code\":\"c\"}}");
    assert_string_equal(
        write_error(b, ANTHROPIC, &e),
        "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"too \\\"long\\\"\",\"details\":{\"error_code\":\"c\"}}}");
    struct ir_error none = { .set = true };
    assert_string_equal(write_error(b, ANTHROPIC, &none),
                        "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"\"}}");
}

static void
every_dialect_has_words_for_every_kind(void **state)
{
    struct bench *b = *state;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        for (enum ir_fault kind = IR_FAULT_INVALID; !(*d)->provider && kind < IR_FAULT_COUNT;
             kind++)
            assert_non_null(
                strstr(write_error(b, (*d)->name,
                                   &(struct ir_error){ .kind = kind, .message = STR("so it is") }),
                       "so it is"));
}

static void
a_fault_is_an_error_for_its_peer(void **state)
{
    struct bench *b = *state;
    struct fault f = { .err = ERR_TYPE,
                       .path = "messages[3].content",
                       .text = "expected string or array, found number" };
    struct ir_error e;
    xd_error_of_fault(&f, IR_FAULT_INVALID, &b->arena, &e);
    assert_true(str_is(e.message, "messages[3].content: expected string or array, found number"));
    assert_true(str_is(e.param, "messages[3].content"));
    assert_int_equal(e.kind, IR_FAULT_INVALID);
    f.path[0] = '\0';
    xd_error_of_fault(&f, IR_FAULT_PROTOCOL, &b->arena, &e);
    assert_true(str_is(e.message, "expected string or array, found number"));
    assert_null(e.param.p);
}

static void
an_error_with_status_200_is_an_error(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *body;
        enum err err;
    } table[] = {
        { "{\"error\":{\"message\":\"boom\"}}", ERR_REMOTE },
        { "{\"error\":\"boom\"}", ERR_REMOTE },
        { "{\"id\":\"a\",\"model\":\"m\",\"choices\":[],\"error\":{\"message\":\"boom\"}}",
          ERR_REMOTE },
        { "{\"id\":\"a\",\"model\":\"m\",\"choices\":[],\"error\":null}", ERR_OK },
        { "{\"id\":\"a\",\"model\":\"m\",\"choices\":[],\"error\":\"\"}", ERR_OK },
        { "{\"id\":\"a\",\"model\":\"m\",\"choices\":[],\"error\":{}}", ERR_OK },
        { "{\"detail\":\"boom\"}", ERR_TYPE },
        { "[]", ERR_TYPE },
        { "<html>", ERR_SYNTAX },
        { "", ERR_SYNTAX },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct xd x;
        struct ir_reply m;
        struct ir_error e = { .set = false };
        xd_init(&x, xd_find(STR(OPENAI)), XD_OP_CHAT, &b->arena, NULL);
        assert_int_equal(xd_reply_read(&x, str_from(table[i].body), &m, &e), table[i].err);
        if (table[i].err == ERR_REMOTE)
            assert_true(str_is(e.message, "boom"));
        xd_fini(&x);
    }
}

/* dialect, status, content type, error type, retry after, body, path: tabs between. */
static void
check_row(struct bench *b, struct str row)
{
    struct str v[7] = { { NULL, 0 } };
    for (int i = 0; i < 7; i++) {
        const char *tab = row.n ? memchr(row.p, '\t', row.n) : NULL;
        v[i] = tab ? str_make(row.p, (size_t)(tab - row.p)) : row;
        row = tab ? str_skip(row, v[i].n + 1) : (struct str){ NULL, 0 };
    }
    int status = atoi(v[1].p);
    if (status == 0)
        return;
    struct ir_error e = read_error(b, str_starts(v[0], STR("anthropic")) ? ANTHROPIC : OPENAI, v[5],
                                   status);
    bool whole = !str_starts(v[5], STR("{"))
                 || str_ends(str_trim(v[5]), STR("}")); /* some are cut */
    if (e.message.n == 0 || (whole && e.message.p[0] == '{'))
        fail_msg("%.*s: %.*s", STR_ARG(v[5]), STR_ARG(e.message));
    assert_int_equal(utf8_valid(e.message.p, e.message.n), e.message.n);
    assert_true(e.kind != IR_FAULT_UNSET && e.kind != IR_FAULT_PROTOCOL);
    if (e.status.set)
        assert_int_equal(e.status.v, status);
    static const struct {
        int status;
        enum ir_fault kind;
    } sure[] = {
        { 401, IR_FAULT_AUTH },
        { 403, IR_FAULT_FORBIDDEN },
        { 404, IR_FAULT_MISSING },
        { 429, IR_FAULT_RATE },
    };
    for (size_t i = 0; i < sizeof sure / sizeof *sure; i++)
        if (status == sure[i].status)
            assert_int_equal(e.kind, sure[i].kind);
}

static void
check_rows(void *ctx, const char *path, struct str content)
{
    struct bench *b = ctx;
    unsigned n = 0;
    (void)path;
    while (content.n) {
        const char *end = memchr(content.p, '\n', content.n);
        struct str row = end ? str_make(content.p, (size_t)(end - content.p)) : content;
        check_row(b, row);
        arena_reset(&b->arena);
        content = str_skip(content, row.n + 1);
        n++;
    }
    assert_true(n > 100);
}

static void
recorded_errors_are_understood(void **state)
{
    corpus_each("../shared/wire", "errors.tsv", check_rows, *state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(errors_are_read_whatever_their_shape),
        TEST(the_code_and_the_request_are_kept),
        TEST(a_kind_has_a_status_in_each_dialect),
        TEST(errors_are_written_in_the_words_of_the_dialect),
        TEST(a_fault_is_an_error_for_its_peer),
        TEST(every_dialect_has_words_for_every_kind),
        TEST(an_error_with_status_200_is_an_error),
        TEST(recorded_errors_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
