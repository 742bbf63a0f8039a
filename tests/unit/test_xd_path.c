/* Paths to operations and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/path.h"

static const struct xd_path streamed[] = {
    { .path = STR_INIT("/models/{model}:stream"),
      .query = STR_INIT("alt=sse&v=2"),
      .framing = FRAMING_SSE },
    { .path = STR_INIT("/models/{model}:stream"), .framing = FRAMING_ARRAY },
};
static const struct xd_op ops[] = {
    { .path = STR_INIT("/models/{model}:make"),
      .method = STR_INIT("POST"),
      .streamed = streamed,
      .nstreamed = 2 },
    { .path = STR_INIT("/model/{model}/talk"), .method = STR_INIT("POST") },
    { .path = STR_INIT("/chat"), .method = STR_INIT("POST") },
    { .path = STR_INIT("/chat/{id}/items"), .method = STR_INIT("GET") },
    { .path = STR_INIT("/chat/{id}/stop"), .method = STR_INIT("POST") },
    { .path = STR_INIT("/chat/{id}"), .method = STR_INIT("GET") },
    { .path = STR_INIT("/chat/{id}"), .method = STR_INIT("DELETE") },
};
static const struct str fronts[] = { STR_INIT("/v1beta"), STR_INIT("/v1") };
static const struct xd_dialect dialect = { .abi = XD_ABI,
                                           .name = "toy",
                                           .framing = FRAMING_NDJSON,
                                           .fronts = fronts,
                                           .nfronts = 2,
                                           .ops = ops,
                                           .nops = 7 };
static const struct xd_dialect plain = { .abi = XD_ABI, .name = "plain", .ops = ops, .nops = 7 };

static void
a_path_says_what_is_asked(void **state)
{
    static const struct {
        const char *path, *query;
        int op; /* -1: none */
        const char *model;
        enum ir_bool stream;
        enum framing framing;
    } rows[] = {
        { "/v1beta/models/m:make", "", 0, "m", IR_FALSE, FRAMING_NDJSON },
        { "/v1/models/m:make", "alt=sse", 0, "m", IR_FALSE, FRAMING_NDJSON },
        { "/v1/models/m:stream", "v=2&x&alt=sse", 0, "m", IR_TRUE, FRAMING_SSE },
        { "/v1/models/m:stream", "alt=sse", 0, "m", IR_TRUE, FRAMING_ARRAY },
        { "/v1/models/m:stream", "", 0, "m", IR_TRUE, FRAMING_ARRAY },
        { "/v1/models/a%2Fb:c:make", "", 0, "a/b:c", IR_FALSE, FRAMING_NDJSON },
        { "/v1/models/a/b:make:make", "", 0, "a/b:make", IR_FALSE, FRAMING_NDJSON },
        { "/v1/model/a:b%3a/talk", "", 1, "a:b:", IR_UNSET, FRAMING_NDJSON },
        { "/v1/chat", "", 2, "", IR_UNSET, FRAMING_NDJSON },
        { "/v1/models/:make", "", -1, "", IR_UNSET, FRAMING_SSE },
        { "/v1/models/m:made", "", -1, "", IR_UNSET, FRAMING_SSE },
        { "/v1/models/m", "", -1, "", IR_UNSET, FRAMING_SSE },
        { "/v2/chat", "", -1, "", IR_UNSET, FRAMING_SSE },
        { "/chat", "", -1, "", IR_UNSET, FRAMING_SSE },
        { "/v1", "", -1, "", IR_UNSET, FRAMING_SSE },
        { "", "", -1, "", IR_UNSET, FRAMING_SSE },
    };
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct xd_asked asked;
        struct xd_ask m = { .chat.model = STR("") };
        bool found = xd_front_read(&dialect, str_from(rows[i].path), str_from(rows[i].query),
                                   &asked);
        if (found != (rows[i].op >= 0))
            fail_msg("%s is %sfound", rows[i].path, found ? "" : "not ");
        if (!found)
            continue;
        xd_asked_tell(&asked, &a, &m);
        if (asked.op != &ops[rows[i].op] || !str_is(m.chat.model, rows[i].model)
            || m.chat.stream != rows[i].stream || asked.framing != rows[i].framing)
            fail_msg("%s?%s: model %.*s, stream %d, framing %d", rows[i].path, rows[i].query,
                     STR_ARG(m.chat.model), m.chat.stream, asked.framing);
    }
    arena_fini(&a);
}

static void
what_the_path_leaves_open_the_body_has_said(void **state)
{
    struct arena a;
    struct xd_asked asked;
    struct xd_ask m = { .chat = { .model = STR("mine"), .stream = IR_TRUE } };
    (void)state;
    arena_init(&a, 1 << 20);
    assert_true(xd_path_read(&dialect, STR("/chat"), STR(""), &asked));
    xd_asked_tell(&asked, &a, &m);
    assert_true(str_is(m.chat.model, "mine"));
    assert_int_equal(m.chat.stream, IR_TRUE);
    assert_true(xd_path_read(&dialect, STR("/models/other:make"), STR(""), &asked));
    xd_asked_tell(&asked, &a, &m);
    assert_true(str_is(m.chat.model, "other"));
    assert_int_equal(m.chat.stream, IR_FALSE);
    arena_fini(&a);
}

static void
a_dialect_without_fronts_has_the_usual_ones(void **state)
{
    struct xd_asked asked;
    (void)state;
    assert_true(xd_front_read(&plain, STR("/v1/chat"), STR(""), &asked));
    assert_true(xd_front_read(&plain, STR("/chat"), STR(""), &asked));
    assert_false(xd_front_read(&plain, STR("/v1beta/chat"), STR(""), &asked));
    assert_true(xd_path_find(&plain, STR("/any/v7/chat"), STR(""), &asked));
    assert_false(xd_path_find(&plain, STR("/any/v7/chats"), STR(""), &asked));
    assert_false(xd_path_find(&plain, STR("chat"), STR(""), &asked));
}

static void
the_method_and_the_path_tell_what_is_stored(void **state)
{
    static const struct {
        const char *method, *path;
        int op;
        const char *id;
    } rows[] = {
        { "GET", "/v1/chat/c%2F1", 5, "c%2F1" }, { "DELETE", "/v1/chat/c1", 6, "c1" },
        { "GET", "/v1/chat/c1/items", 3, "c1" }, { "POST", "/v1/chat/c1/stop", 4, "c1" },
        { "POST", "/v1/chat/c1", -1, "" },       { "GET", "/v1/chat", -1, "" },
        { "GET", "/v1/chat/", -1, "" },          { "GET", "/v1/chat/c1/other", -1, "" },
        { "PUT", "/v1/chat/c1", -1, "" },        { "GET", "/v1/chat/c1/stop", -1, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct xd_asked asked;
        bool found = xd_front_read_by(&dialect, str_from(rows[i].method), str_from(rows[i].path),
                                      STR(""), &asked);
        assert_int_equal(found, rows[i].op >= 0);
        if (!found)
            continue;
        assert_ptr_equal(asked.op, &ops[rows[i].op]);
        assert_true(str_is(asked.id, rows[i].id));
        assert_null(asked.model.p);
    }
}

static void
places_are_filled_in(void **state)
{
    static const struct {
        const char *address, *name, *value, *want;
    } rows[] = {
        { "https://{region}.x/{model}/{region}", "region", "eu", "https://eu.x/{model}/eu" },
        { "/models/{model}:make", "model", "a/b:c d@\xc3\xa9",
          "/models/a%2Fb%3Ac%20d@%C3%A9:make" },
        { "/chat", "model", "m", "/chat" },
        { "/{model", "model", "m", "/{model" },
        { "{a}{b}", "b", "", "{a}" },
    };
    struct buf out;
    (void)state;
    buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_clear(&out);
        xd_address_fill(&out, str_from(rows[i].address), str_from(rows[i].name),
                        str_from(rows[i].value));
        if (!str_is(buf_str(&out), rows[i].want))
            fail_msg("%s: %.*s", rows[i].address, STR_ARG(buf_str(&out)));
    }
    buf_fini(&out);
    assert_true(str_is(xd_address_place(STR("https://{region}.x/{model}")), "region"));
    assert_null(xd_address_place(STR("https://x/}{")).p);
    assert_true(xd_address_has(STR("https://{region}.x/{model}"), STR("model")));
    assert_false(xd_address_has(STR("https://{region}.x/model"), STR("model")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_says_what_is_asked),
        cmocka_unit_test(what_the_path_leaves_open_the_body_has_said),
        cmocka_unit_test(a_dialect_without_fronts_has_the_usual_ones),
        cmocka_unit_test(the_method_and_the_path_tell_what_is_stored),
        cmocka_unit_test(places_are_filled_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
