/* Seals travel through clients of other families and come back to their maker alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/ir/reply.h"
#include "runtime/xd/policy.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/seal.h"
#include "runtime/xd/translate.h"

struct bench {
    struct arena arena;
    struct buf out, back;
    struct str ours, other; /* marks of two accounts of one family */
};

static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    arena_init(&b->arena, 16u << 20);
    buf_init(&b->out, 1u << 20);
    buf_init(&b->back, 1u << 20);
    b->ours = xd_seal_mark(&b->arena, "google.generate", STR("https://a.example key-1"));
    b->other = xd_seal_mark(&b->arena, "google.generate", STR("https://a.example key-2"));
    *state = b;
    return 0;
}

static int
tear_down(void **state)
{
    struct bench *b = *state;
    buf_fini(&b->out);
    buf_fini(&b->back);
    arena_fini(&b->arena);
    free(b);
    return 0;
}

/* A reply with a signature on everything that can have one. */
static const char reply[] =
    "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":["
    "{\"text\":\"Hm.\",\"thought\":true,\"thoughtSignature\":\"VA==\"},"
    "{\"text\":\"So:\",\"thoughtSignature\":\"WA==\"},"
    "{\"functionCall\":{\"id\":\"c1\",\"name\":\"f\",\"args\":{}},\"thoughtSignature\":\"Qw==\"},"
    "{\"functionCall\":{\"id\":\"c2\",\"name\":\"f\",\"args\":{}}},"
    "{\"functionCall\":{\"id\":\"c3\",\"name\":\"f\",\"args\":{}},\"thoughtSignature\":\"RA==\"}"
    "]},\"finishReason\":\"STOP\",\"index\":0}],\"modelVersion\":\"g\",\"responseId\":\"r\"}";

/* What the parts above must be when they come back. */
static const char *const parts[] = {
    "{\"text\":\"Hm.\",\"thoughtSignature\":\"VA==\",\"thought\":true}",
    "{\"text\":\"So:\",\"thoughtSignature\":\"WA==\"}",
    "{\"functionCall\":{\"id\":\"c1\",\"name\":\"f\",\"args\":{}},\"thoughtSignature\":\"Qw==\"}",
    "{\"functionCall\":{\"id\":\"c2\",\"name\":\"f\",\"args\":{}}}",
    "{\"functionCall\":{\"id\":\"c3\",\"name\":\"f\",\"args\":{}},\"thoughtSignature\":\"RA==\"}",
};

static const char *
told(const struct buf *b, const char *part)
{
    return b->n ? memmem(b->p, b->n, part, strlen(part)) : NULL;
}

/* The reply as the client of this dialect gets it, whole. */
static void
to_client(struct bench *b, const char *client)
{
    struct xd in, out;
    struct ir_reply m;
    struct ir_error e;
    xd_init(&in, xd_find(STR("google.generate")), XD_OP_CHAT, &b->arena, NULL);
    xd_init(&out, xd_find(str_from(client)), XD_OP_CHAT, &b->arena, &b->out);
    in.seal = b->ours;
    assert_int_equal(xd_reply_read(&in, str_from(reply), &m, &e), ERR_OK);
    assert_int_equal(xd_reply_write(&out, &m), ERR_OK);
    xd_fini(&in);
    xd_fini(&out);
}

/* A request that ends with a result; said: what the client's dialect has for the turn before. */
static void
from_client(struct bench *b, const char *client, const char *to, struct str said, struct str mark)
{
    struct xd in, out;
    struct ir_request m, ready;
    bool messages = strcmp(client, "anthropic.messages") == 0;
    struct str body = arena_printf(
        &b->arena, "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[%s%.*s%s]}",
        messages ? "{\"role\":\"user\",\"content\":\"?\"},{\"role\":\"assistant\",\"content\":"
                 : "{\"role\":\"user\",\"content\":\"?\"},",
        STR_ARG(said), messages ? "}" : "");
    xd_init(&in, xd_find(str_from(client)), XD_OP_CHAT, &b->arena, NULL);
    xd_init(&out, xd_find(str_from(to)), XD_OP_CHAT, &b->arena, &b->back);
    out.seal = mark;
    buf_clear(&b->back);
    assert_int_equal(xd_request_read(&in, body, &m), ERR_OK);
    assert_int_equal(xd_prepare(&out, &m, NULL, &ready), ERR_OK);
    assert_int_equal(xd_request_write(&out, &ready), ERR_OK);
    xd_fini(&in);
    xd_fini(&out);
}

/* The value of a member of what the client got: from behind `"member":` to before `end`. */
static struct str
member(const struct bench *b, const char *name, const char *end)
{
    const char *from = told(&b->out, name);
    assert_non_null(from);
    from += strlen(name);
    const char *to = memmem(from, (size_t)(b->out.p + b->out.n - from), end, strlen(end));
    assert_non_null(to);
    return str_make(from, (size_t)(to - from));
}

static void
all_come_back_through_messages(void **state)
{
    struct bench *b = *state;
    to_client(b, "anthropic.messages");
    struct str said = member(b, "\"content\":", ",\"stop_reason\"");
    from_client(b, "anthropic.messages", "google.generate", said, b->ours);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_non_null(told(&b->back, parts[i]));
    assert_null(told(&b->back, "llmux:"));
}

static void
all_come_back_through_chat(void **state)
{
    struct bench *b = *state;
    to_client(b, "openai.chat");
    struct str said = member(b, "\"message\":", ",\"logprobs\"");
    from_client(b, "openai.chat", "google.generate", said, b->ours);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_non_null(told(&b->back, parts[i]));
    assert_null(told(&b->back, "llmux:"));
}

static void
nobody_else_gets_them(void **state)
{
    static const char *const others[] = { "anthropic.messages", "openai.chat", "google.generate" };
    struct bench *b = *state;
    to_client(b, "anthropic.messages");
    struct str said = member(b, "\"content\":", ",\"stop_reason\"");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct str mark = i == 2 ? b->other : xd_seal_mark(&b->arena, others[i], STR("x"));
        from_client(b, "anthropic.messages", others[i], said, mark);
        assert_null(told(&b->back, "llmux:"));
        assert_null(told(&b->back, "VA=="));
        assert_null(told(&b->back, "WA=="));
        assert_null(told(&b->back, "Qw=="));
        assert_non_null(told(&b->back, "c3"));
    }
}

static void
what_has_no_mark_is_of_the_clients_own_family(void **state)
{
    static const char said[] =
        "[{\"type\":\"thinking\",\"thinking\":\"Hm.\",\"signature\":\"VA==\"},"
        "{\"type\":\"redacted_thinking\",\"data\":\"UQ==\"},"
        "{\"type\":\"text\",\"text\":\"So.\"}]";
    struct bench *b = *state;
    struct str mark = xd_seal_mark(&b->arena, "anthropic.messages", STR("x"));
    from_client(b, "anthropic.messages", "anthropic.messages", str_from(said), mark);
    assert_non_null(told(&b->back, "VA=="));
    assert_non_null(told(&b->back, "UQ=="));
    from_client(b, "anthropic.messages", "google.generate", str_from(said), b->ours);
    assert_null(told(&b->back, "VA=="));
    assert_null(told(&b->back, "UQ=="));
    assert_non_null(told(&b->back, "So."));
}

static void
without_a_mark_of_our_own_nothing_changes(void **state)
{
    static const char said[] =
        "[{\"type\":\"thinking\",\"thinking\":\"Hm.\",\"signature\":\"VA==\"}]";
    struct bench *b = *state;
    from_client(b, "anthropic.messages", "google.generate", str_from(said),
                (struct str){ NULL, 0 });
    assert_non_null(told(&b->back, "VA=="));
}

/* --- streams --- */

static void
collect(void *ctx, const struct ir_event *e)
{
    xd_writer_event(ctx, e);
}

static void
stream_to_client(struct bench *b, const char *client, const char *text)
{
    struct xd_reader r;
    struct xd_writer w;
    xd_writer_init(&w, xd_find(str_from(client)), XD_OP_CHAT, &b->arena, &b->out, XD_USAGE_WRITE);
    xd_reader_init(&r, xd_find(STR("google.generate")), XD_OP_CHAT, &b->arena, collect, &w);
    r.x.seal = b->ours;
    for (size_t i = 0; i < strlen(text); i++)
        assert_int_equal(xd_reader_feed(&r, text + i, 1), ERR_OK);
    assert_int_equal(xd_reader_end(&r), ERR_OK);
    xd_reader_fini(&r);
    xd_writer_fini(&w);
}

static void
a_stream_says_them_in_blocks_of_their_own(void **state)
{
    struct bench *b = *state;
    stream_to_client(
        b, "anthropic.messages",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hm.\",\"thought\":true},"
        "{\"text\":\"\",\"thought\":true,\"thoughtSignature\":\"VA==\"},{\"text\":\"So\"}]},\"index\":0}],"
        "\"modelVersion\":\"g\",\"responseId\":\"r\"}\n\n"
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\":\",\"thoughtSignature\":\"WA==\"},"
        "{\"functionCall\":{\"id\":\"c1\",\"name\":\"f\"},\"thoughtSignature\":\"Qw==\"},"
        "{\"text\":\"\",\"thoughtSignature\":\"RQ==\"}]},"
        "\"finishReason\":\"STOP\",\"index\":0}]}\n\n");
    const char *const order[] = {
        "t0:VA==", "\"text\":\"So\"", "\"text\":\":\"", "x0:WA==",
        "c0:Qw==", "\"tool_use\"",    "x0:RQ==",        "\"message_stop\"",
    };
    const char *at = b->out.p;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        at = memmem(at, (size_t)(b->out.p + b->out.n - at), order[i], strlen(order[i]));
        assert_non_null(at);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_come_back_through_messages),
        TEST(all_come_back_through_chat),
        TEST(nobody_else_gets_them),
        TEST(what_has_no_mark_is_of_the_clients_own_family),
        TEST(without_a_mark_of_our_own_nothing_changes),
        TEST(a_stream_says_them_in_blocks_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
