/* Events that stand in base64 in a member of their frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/base/base64.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "tests/lib/guard.h"
#include "tests/lib/told.h"

#define START \
    "{\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"type\":\"message\",\"role\":" \
    "\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null,\"usage\":{" \
    "\"input_tokens\":3,\"output_tokens\":1}}}"
#define OPEN \
    "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\"," \
    "\"text\":\"\"}}"
#define HI \
    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\"," \
    "\"text\":\"Hi\"}}"
#define YOU \
    "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\"," \
    "\"text\":\" you\"}}"
#define CLOSE "{\"type\":\"content_block_stop\",\"index\":0}"
#define DONE \
    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{" \
    "\"output_tokens\":2}}"
#define STOP \
    "{\"type\":\"message_stop\",\"amazon-bedrock-invocationMetrics\":{\"inputTokenCount\":3}}"
#define TOLD "text \"Hi you\"; end | 3/2 | end"

struct bench {
    struct arena keep;
    struct told told;
    struct guard guard;
    struct buf stream;
    const struct xd_dialect *dialect;
};

static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    arena_init(&b->keep, 64u << 20);
    told_init(&b->told);
    guard_init(&b->guard, 1u << 20);
    buf_init(&b->stream, 1u << 20);
    b->dialect = xd_find(STR("anthropic_bedrock"));
    *state = b;
    return 0;
}

static int
tear_down(void **state)
{
    struct bench *b = *state;
    arena_fini(&b->keep);
    told_fini(&b->told);
    guard_fini(&b->guard);
    buf_fini(&b->stream);
    free(b);
    return 0;
}

/* A frame whose payload is `before`, the event in base64, and `after`. */
static void
put_frame(struct bench *b, const char *before, const char *event, const char *after)
{
    struct eventstream_writer w;
    messages_open(&w, &b->stream, MESSAGES_EVENT, STR("chunk"));
    buf_puts(&b->stream, str_from(before));
    base64_encode(&b->stream, str_from(event));
    buf_puts(&b->stream, str_from(after));
    eventstream_close(&w);
}

static void
put_exception(struct bench *b, const char *name, const char *payload)
{
    struct eventstream_writer w;
    messages_open(&w, &b->stream, MESSAGES_EXCEPTION, str_from(name));
    buf_puts(&b->stream, str_from(payload));
    eventstream_close(&w);
}

static void
put_all(struct bench *b)
{
    static const char *const events[] = { START, OPEN, HI, YOU, CLOSE, DONE, STOP };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (i % 2)
            put_frame(b, "{\"p\":\"abc\", \"bytes\" : \"", events[i], "\"}");
        else
            put_frame(b, "{\"bytes\":\"", events[i], "\",\"p\":\"abcdefgh\"}");
}

/* Feed the bytes up to the cut, then the rest. */
static enum err
read_cut(struct bench *b, struct str s, size_t cut)
{
    struct xd_reader r;
    arena_reset(&b->keep);
    told_clear(&b->told);
    xd_reader_init(&r, b->dialect, XD_OP_CHAT, &b->keep, told_event, &b->told);
    enum err err = xd_reader_feed(&r, guard_end(&b->guard, str_make(s.p, cut)).p, cut);
    if (!err)
        err = xd_reader_feed(&r, guard_end(&b->guard, str_skip(s, cut)).p, s.n - cut);
    if (!err)
        err = xd_reader_end(&r);
    told_check_grammar(&b->told);
    xd_reader_fini(&r);
    return err;
}

static void
a_stream_says_the_same_at_every_split(void **state)
{
    struct bench *b = *state;
    put_all(b);
    struct str s = buf_str(&b->stream);
    for (size_t cut = 0; cut <= s.n; cut++) {
        assert_int_equal(read_cut(b, s, cut), ERR_OK);
        assert_string_equal(told_summary(&b->told), TOLD);
    }
}

static void
a_stream_that_is_cut_never_ends_well(void **state)
{
    struct bench *b = *state;
    put_all(b);
    struct str s = buf_str(&b->stream);
    size_t finished = 0; /* where the last frame begins: the reply had said that it was complete */
    for (size_t at = 0; at < s.n;
         at += (unsigned char)s.p[at + 2] << 8 | (unsigned char)s.p[at + 3])
        finished = at;
    for (size_t n = 0; n < s.n; n++)
        if (n < finished && read_cut(b, str_make(s.p, n), n / 2) == ERR_OK)
            fail_msg("%zu of %zu bytes", n, s.n);
}

static void
what_is_written_is_read_again(void **state)
{
    static const char head[] = "chunk", member[] = "{\"bytes\":\"eyJ0eXBlIjoibWVzc2FnZV9zdGFydCI";
    struct bench *b = *state;
    static struct xd_writer w;
    struct xd_reader r;
    struct buf out;
    buf_init(&out, 1u << 20);
    put_all(b);
    xd_writer_init(&w, b->dialect, XD_OP_CHAT, &b->keep, &out, XD_USAGE_WRITE);
    xd_reader_init(&r, b->dialect, XD_OP_CHAT, &b->keep, xd_writer_event, &w);
    assert_int_equal(xd_reader_feed(&r, b->stream.p, b->stream.n), ERR_OK);
    assert_int_equal(xd_reader_end(&r), ERR_OK);
    assert_int_equal(w.x.err, ERR_OK);
    xd_reader_fini(&r);
    xd_writer_fini(&w);
    assert_non_null(memmem(out.p, out.n, head, sizeof head - 1));
    assert_non_null(memmem(out.p, out.n, member, sizeof member - 1));
    assert_int_equal(read_cut(b, buf_str(&out), out.n / 3), ERR_OK);
    assert_string_equal(told_summary(&b->told), TOLD);
    buf_fini(&out);
}

static void
a_frame_that_fails_is_the_end(void **state)
{
    static const struct {
        const char *name, *payload, *told;
    } rows[] = {
        { "throttlingException", "{\"message\":\"slow down\"}", "fail rate slow down" },
        { "serviceUnavailableException", "{\"message\":\"down\"}", "fail overloaded down" },
        { "modelStreamErrorException", "{\"message\":\"boom\",\"originalStatusCode\":500}",
          "fail protocol boom" },
        { "internalServerException", "{\"message\":\"oh\"}", "fail internal oh" },
        { "modelTimeoutException", "{\"message\":\"late\"}", "fail timeout late" },
        { "validationException", "{\"message\":\"bad\"}", "fail invalid bad" },
    };
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_clear(&b->stream);
        put_frame(b, "{\"bytes\":\"", START, "\"}");
        put_exception(b, rows[i].name, rows[i].payload);
        struct str s = buf_str(&b->stream);
        assert_int_not_equal(read_cut(b, s, s.n / 2), ERR_OK);
        if (!strstr(told_events(&b->told), rows[i].told))
            fail_msg("%s: %s", rows[i].name, told_events(&b->told));
    }
}

static void
what_is_not_base64_or_not_there_is_a_fault(void **state)
{
    static const char *const payloads[] = { "{\"bytes\":\"!!!\"}", "{\"bytes\":\"eyI=\"}",
                                            "nonsense" };
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        buf_clear(&b->stream);
        put_frame(b, "{\"bytes\":\"", START, "\"}");
        put_frame(b, payloads[i], "", "");
        struct str s = buf_str(&b->stream);
        assert_int_not_equal(read_cut(b, s, 5), ERR_OK);
        assert_non_null(strstr(told_events(&b->told), "fail protocol"));
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stream_says_the_same_at_every_split),
        TEST(a_stream_that_is_cut_never_ends_well),
        TEST(what_is_written_is_read_again),
        TEST(a_frame_that_fails_is_the_end),
        TEST(what_is_not_base64_or_not_there_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
