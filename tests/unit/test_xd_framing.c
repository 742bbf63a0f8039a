/* A dialect's streams in other framings than its own: what is read and written is the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "tests/lib/guard.h"
#include "tests/lib/told.h"

#define ALL (1u << FRAMING_SSE | 1u << FRAMING_NDJSON | 1u << FRAMING_ARRAY)

#define CHUNK(delta, why) \
    "{\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{" delta \
    "},\"finish_reason\":" why "}]}"
#define HI    CHUNK("\"content\":\"Hi\"", "null")
#define YOU   CHUNK("\"content\":\" you\"", "null")
#define STOP  CHUNK("", "\"stop\"")
#define ERROR "{\"error\":{\"message\":\"boom\",\"type\":\"rate_limit_error\"}}"
#define TOLD  "text \"Hi you\"; end | end"

struct bench {
    struct arena keep;
    struct told told;
    struct guard guard;
    struct xd_dialect dialect; /* one that has all framings */
    size_t end;                /* of the last frame */
};

static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    arena_init(&b->keep, 64u << 20);
    told_init(&b->told);
    guard_init(&b->guard, 1u << 20);
    b->dialect = *xd_find(STR("openai.chat"));
    b->dialect.framings = ALL;
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
    free(b);
    return 0;
}

static void
on_frame(void *ctx, size_t start, size_t end, bool quiet)
{
    struct bench *b = ctx;
    assert_true(start >= b->end && start < end);
    assert_false(quiet);
    b->end = end;
}

static void
on_event(void *ctx, const struct ir_event *e)
{
    struct bench *b = ctx;
    told_event(&b->told, e);
}

static enum err
read_cut(struct bench *b, struct str s, size_t cut)
{
    struct xd_reader r;
    arena_reset(&b->keep);
    told_clear(&b->told);
    b->end = 0;
    xd_reader_init(&r, &b->dialect, XD_OP_CHAT, &b->keep, on_event, b);
    r.frame = on_frame;
    enum err err = xd_reader_feed(&r, s.p, cut);
    if (!err)
        err = xd_reader_feed(&r, s.p + cut, s.n - cut);
    enum err end = xd_reader_end(&r);
    assert_true(err == ERR_OK || err == end);
    assert_int_equal(b->told.ends, 1);
    xd_reader_fini(&r);
    told_check_grammar(&b->told);
    return end;
}

struct scene {
    const char *bytes;
    enum err err;
    const char *want;
    size_t behind; /* bytes behind the last frame */
};

static void
any_framing_says_the_same(void **state)
{
    static const struct scene scenes[] = {
        { "data: " HI "\n\ndata: " YOU "\n\ndata: " STOP "\n\ndata: [DONE]\n\n", ERR_OK, TOLD, 0 },
        { HI "\n" YOU "\n" STOP "\n", ERR_OK, TOLD, 0 },
        { HI "\r\n\r\n" YOU "\n\n" STOP, ERR_OK, TOLD, 0 },
        { "[" HI "\n,\r\n" YOU "," STOP "\n]\n", ERR_OK, TOLD, 1 },
        { "[" HI "," YOU "," STOP, ERR_OK, TOLD, 0 },
        { HI "\n" YOU, ERR_TRUNCATED,
          "text \"Hi you\" | fail protocol: the stream was cut off before its end", 0 },
        { "[" HI "," YOU "]", ERR_TRUNCATED,
          "text \"Hi you\" | fail protocol: the stream was cut off before its end", 1 },
        { "[" HI ",{\"id\":", ERR_TRUNCATED,
          "text \"Hi\" | fail protocol: the stream was cut off inside of an event", 7 },
        { HI "\n{\"id\":", ERR_TRUNCATED,
          "text \"Hi\" | fail protocol: the stream was cut off inside of an event", 6 },
        { HI "\n" ERROR "\n", ERR_REMOTE, "text \"Hi\" | fail rate: boom", 0 },
        { "[" HI "," ERROR "]", ERR_REMOTE, "text \"Hi\" | fail rate: boom", 1 },
        { "[" ERROR "]", ERR_REMOTE, "fail rate: boom", 1 },
        { "[" HI ",7]", ERR_SYNTAX,
          "text \"Hi\" | fail protocol: something else than an object in an array of events at "
          "byte 95",
          3 },
        { "<html>Not here</html>", ERR_PROTOCOL,
          "fail protocol: expected an event stream, found a web page: Not here", 21 },
    };
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        struct str s = guard_end(&b->guard, str_from(scenes[i].bytes));
        for (size_t cut = 0; cut <= s.n; cut++) {
            enum err err = read_cut(b, s, cut);
            if (err != scenes[i].err || strcmp(told_summary(&b->told), scenes[i].want) != 0)
                fail_msg("%s, cut at %zu: %s, %s\n--- wanted: %s, %s", scenes[i].bytes, cut,
                         err_name(err), told_summary(&b->told), err_name(scenes[i].err),
                         scenes[i].want);
            if (s.n - b->end != scenes[i].behind)
                fail_msg("%s, cut at %zu: the last frame ends at %zu", scenes[i].bytes, cut,
                         b->end);
        }
    }
}

static const struct ir_reply head = { .set = true, .id = STR_INIT("c1"), .model = STR_INIT("m") };
static const struct ir_block text = { .kind = IR_BLOCK_TEXT, .text = { .text = STR_INIT("Hi") } };
static const struct ir_error boom = { .set = true,
                                      .kind = IR_FAULT_RATE,
                                      .message = STR_INIT("boom") };

/* What is written in each framing is read again, in it and no other. */
static void
check_written(struct bench *b, const struct ir_event *v, size_t n, const char *want)
{
    for (enum framing f = 0; f < FRAMINGS; f++) {
        struct xd_writer w;
        struct buf out;
        buf_init(&out, 1u << 20);
        xd_writer_init(&w, &b->dialect, XD_OP_CHAT, &b->keep, &out, XD_USAGE_OMIT);
        w.x.framing = f;
        for (size_t i = 0; i < n; i++)
            xd_writer_event(&w, &v[i]);
        xd_writer_fini(&w);
        b->dialect.framings = 1u << f;
        b->dialect.framing = f;
        (void)!read_cut(b, buf_str(&out), 0);
        if (strcmp(told_summary(&b->told), want) != 0)
            fail_msg("%.*s is read as %s", STR_ARG(buf_str(&out)), told_summary(&b->told));
        buf_fini(&out);
    }
}

static void
what_is_written_in_a_framing_is_read_in_it(void **state)
{
    const struct ir_event good[] = {
        { .kind = IR_EVENT_BEAT },
        { .kind = IR_EVENT_BEGIN, .reply = &head },
        { .kind = IR_EVENT_OPEN, .block = &text },
        { .kind = IR_EVENT_GROW, .block = &text },
        { .kind = IR_EVENT_BEAT },
        { .kind = IR_EVENT_CLOSE },
        { .kind = IR_EVENT_FINISH, .stop = IR_STOP_END },
        { .kind = IR_EVENT_END },
    };
    const struct ir_event bad[] = { { .kind = IR_EVENT_FAIL, .error = &boom } };
    check_written(*state, good, 8, "text \"Hi\"; end | end");
    check_written(*state, bad, 1, "fail rate: boom");
}

static void
a_block_without_a_form_is_left_out_of_a_stream(void **state)
{
    const struct ir_block odd = { .kind = IR_BLOCK_FOREIGN,
                                  .foreign = { .dialect = STR("some.chat"),
                                               .body = STR("{\"a\":1}") } };
    struct ir_citation cited[] = { { .kind = IR_CITATION_FOREIGN,
                                     .foreign = { STR("some.chat"), STR("{}") } } };
    const struct ir_block cites = { .kind = IR_BLOCK_TEXT,
                                    .text = { .text = STR("Hi"), .citations = { cited, 1, 1 } } };
    const struct ir_usage usage = { .set = false };
    const struct ir_event events[] = {
        { .kind = IR_EVENT_BEGIN, .reply = &head },
        { .kind = IR_EVENT_OPEN, .index = 0, .block = &odd },
        { .kind = IR_EVENT_GROW, .index = 0, .block = &odd },
        { .kind = IR_EVENT_CLOSE, .index = 0 },
        { .kind = IR_EVENT_OPEN, .index = 1, .block = &text },
        { .kind = IR_EVENT_GROW, .index = 1, .block = &cites },
        { .kind = IR_EVENT_CLOSE, .index = 1 },
        { .kind = IR_EVENT_FINISH, .stop = IR_STOP_END, .usage = &usage },
        { .kind = IR_EVENT_END },
    };
    struct bench *b = *state;
    struct xd_writer w;
    struct buf out;
    buf_init(&out, 1u << 20);
    xd_writer_init(&w, xd_find(STR("anthropic.messages")), XD_OP_CHAT, &b->keep, &out,
                   XD_USAGE_OMIT);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        xd_writer_event(&w, &events[i]);
    buf_putc(&out, '\0');
    assert_null(strstr(out.p, "\"index\":1"));
    assert_null(strstr(out.p, "citations_delta"));
    assert_non_null(strstr(out.p, "\"index\":0,\"content_block\":{\"type\":\"text\""));
    assert_non_null(strstr(out.p, "{\"type\":\"content_block_stop\",\"index\":0}"));
    assert_int_equal(w.x.lost.n, 2);
    xd_writer_fini(&w);
    buf_fini(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_framing_says_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_written_in_a_framing_is_read_in_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_block_without_a_form_is_left_out_of_a_stream, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
