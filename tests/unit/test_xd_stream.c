/* Streams of bytes to words of the model's grammar: what peers have been seen to send, and
 * worse; whole and in every pair of pieces. */
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

struct bench {
    struct arena keep;
    struct told told;
    struct guard guard;
    struct buf frames; /* "q" for each quiet frame, "f" for each other */
    struct buf want;
    size_t end; /* of the last frame */
};

static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    arena_init(&b->keep, 64u << 20);
    told_init(&b->told);
    guard_init(&b->guard, 4u << 20);
    buf_init(&b->frames, 1u << 20);
    buf_init(&b->want, 64u << 20);
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
    buf_fini(&b->frames);
    buf_fini(&b->want);
    free(b);
    return 0;
}

static void
on_frame(void *ctx, size_t start, size_t end, bool quiet)
{
    struct bench *b = ctx;
    assert_true(start >= b->end && start < end);
    b->end = end;
    buf_putc(&b->frames, quiet ? 'q' : 'f');
}

static void
sink(void *ctx, const struct ir_event *e)
{
    struct bench *b = ctx;
    told_event(&b->told, e);
}

/* Read a stream that comes in pieces of the sizes given: `first`, then `step` each. */
static enum err
read_stream(struct bench *b, const char *dialect, struct str s, size_t first, size_t step)
{
    struct xd_reader r;
    arena_reset(&b->keep);
    told_clear(&b->told);
    buf_clear(&b->frames);
    b->end = 0;
    xd_reader_init(&r, xd_find(str_from(dialect)), XD_OP_CHAT, &b->keep, sink, b);
    r.frame = on_frame;
    enum err err = ERR_OK;
    for (size_t at = 0, n = first; at < s.n && !err; at += n, n = step) {
        n = n < s.n - at ? n : s.n - at;
        err = xd_reader_feed(&r, s.p + at, n);
    }
    enum err end = xd_reader_end(&r);
    assert_true(err == ERR_OK || end == err);
    assert_true(r.over);
    assert_int_equal(xd_reader_feed(&r, "data: {}\n\n", 10), end);
    assert_int_equal(b->told.ends, 1);
    xd_reader_fini(&r);
    told_check_grammar(&b->told);
    return end;
}

static void
same_events(struct bench *b, const char *why, size_t split)
{
    struct str got = buf_str(&b->told.events), want = buf_str(&b->want);
    if (!str_eq(got, want))
        fail_msg("%s, cut at %zu:\n%.*s--- whole:\n%.*s", why, split, STR_ARG(got), STR_ARG(want));
}

struct scene {
    const char *why, *dialect, *bytes;
    enum err err;
    const char *want, *frames; /* frames: NULL when they do not matter */
};

static void
check_scene(struct bench *b, const struct scene *c)
{
    struct str s = guard_end(&b->guard, str_from(c->bytes));
    enum err err = read_stream(b, c->dialect, s, s.n, s.n);
    if (err != c->err || strcmp(told_summary(&b->told), c->want) != 0)
        fail_msg("%s: %s, %s\n--- wanted: %s, %s", c->why, err_name(err), told_summary(&b->told),
                 err_name(c->err), c->want);
    if (c->frames && !str_is(buf_str(&b->frames), c->frames))
        fail_msg("%s: frames %.*s, wanted %s", c->why, STR_ARG(buf_str(&b->frames)), c->frames);
    buf_clear(&b->want);
    buf_puts(&b->want, buf_str(&b->told.events));
    for (size_t split = 1; split < s.n; split++) {
        assert_int_equal(read_stream(b, c->dialect, s, split, s.n), c->err);
        same_events(b, c->why, split);
    }
    read_stream(b, c->dialect, s, 1, 1);
    same_events(b, c->why, 1);
}

static void
check_scenes(struct bench *b, const struct scene *scenes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_scene(b, &scenes[i]);
}
#define CHECK(b, scenes) check_scenes(b, scenes, sizeof scenes / sizeof *scenes)

/* --- OpenAI's chunks --- */

#define CHUNK(choices) "{\"id\":\"c1\",\"model\":\"m\",\"choices\":[" choices "]}"
#define CHOICE(n, delta, finish) \
    "{\"index\":" #n ",\"delta\":{" delta "},\"finish_reason\":" finish "}"
#define DATA(json)   "data: " json "\n\n"
#define DELTA(delta) DATA(CHUNK(CHOICE(0, delta, "null")))
#define TEXT(t)      DELTA("\"content\":\"" t "\"")
#define CALLS(calls) DELTA("\"tool_calls\":[" calls "]")
#define FINISH(word) DATA(CHUNK(CHOICE(0, "", "\"" word "\"")))
#define USAGE \
    DATA( \
        "{\"id\":\"c1\",\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}")
#define OVER       DATA("[DONE]")
#define ROLE       DELTA("\"role\":\"assistant\",\"content\":\"\"")
#define HELLO      ROLE TEXT("H\xc3\xa9") TEXT("llo") FINISH("stop") USAGE
#define HELLO_TOLD "text \"H\xc3\xa9llo\"; end | 3/2 | end"
#define OPENAI     "openai.chat"
#define CUT        "fail protocol: the stream was cut off before its end"
#define CUT_INSIDE "fail protocol: the stream was cut off inside of an event"

static void
ordinary_streams_end_well(void **state)
{
    static const struct scene scenes[] = {
        { "the usual", OPENAI, HELLO OVER, ERR_OK, HELLO_TOLD, "ffffqf" },
        { "without a last blank line", OPENAI, HELLO "data: [DONE]", ERR_OK, HELLO_TOLD, NULL },
        { "without a marker, but with a reason", OPENAI, HELLO, ERR_OK, HELLO_TOLD, NULL },
        { "two spaces", OPENAI, HELLO "data:  [DONE]\n\n", ERR_OK, HELLO_TOLD, NULL },
        { "nothing behind the marker counts", OPENAI, HELLO OVER TEXT("LATE"), ERR_OK, HELLO_TOLD,
          "ffffqf" },
        { "comments and empty data", OPENAI,
          ": hi\n\n" ROLE ":\n\ndata:\n\n" TEXT("a") FINISH("stop") OVER, ERR_OK,
          "text \"a\"; end | end", NULL },
        { "a mark at the start", OPENAI, "\xef\xbb\xbf" HELLO OVER, ERR_OK, HELLO_TOLD, NULL },
        { "an empty head first", OPENAI,
          DATA("{\"choices\":[],\"id\":\"\",\"model\":\"\",\"prompt_filter_results\":[]}")
              HELLO OVER,
          ERR_OK, HELLO_TOLD, "fffffqf" },
        { "a choice without a delta", OPENAI,
          ROLE TEXT("a")
              DATA(CHUNK("{\"index\":0,\"finish_reason\":null,\"content_filter_results\":{}}"))
                  FINISH("stop") OVER,
          ERR_OK, "text \"a\"; end | end", NULL },
        { "the reason repeated with the usage", OPENAI,
          TEXT("a") FINISH("stop")
              DATA("{\"choices\":[" CHOICE(0, "", "\"stop\"") "],\"usage\":{\"prompt_tokens\":1,"
                                                              "\"completion_tokens\":1}}") OVER,
          ERR_OK, "text \"a\"; end | 1/1 | end", "ffqf" },
        { "an empty reason is none", OPENAI,
          DATA(CHUNK(CHOICE(0, "\"content\":\"x\"", "\"\""))) OVER, ERR_OK, "text \"x\"; end | end",
          NULL },
        { "a usage in every chunk", OPENAI,
          DATA("{\"choices\":[" CHOICE(
              0, "\"content\":\"a\"",
              "null") "],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}")
              DATA("{\"choices\":[" CHOICE(
                  0, "", "\"stop\"") "],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":9}}")
                  OVER,
          ERR_OK, "text \"a\"; end | 1/9 | end", "fff" },
        { "two choices", OPENAI,
          TEXT("a") DATA(CHUNK(CHOICE(1, "\"content\":\"x\"", "null"))) TEXT("b") FINISH("stop")
              DATA(CHUNK(CHOICE(1, "\"content\":\"y\"", "\"length\""))) OVER,
          ERR_OK, "text \"ab\"; end | text \"xy\"; length | end", NULL },
        { "names of reasoning", OPENAI,
          DELTA("\"reasoning_content\":\"a\"") DELTA("\"reasoning\":\"b\"")
              DELTA("\"reasoning_content\":\"\",\"content\":\"t\"") FINISH("stop") OVER,
          ERR_OK, "thinking \"ab\", text \"t\"; end | end", NULL },
    };
    CHECK(*state, scenes);
}

static void
a_stream_that_breaks_off_is_a_fault(void **state)
{
    static const struct scene scenes[] = {
        { "no reason", OPENAI, ROLE TEXT("a"), ERR_TRUNCATED, "text \"a\" | " CUT, NULL },
        { "inside of JSON", OPENAI, TEXT("a") "data: {\"id\":\"c1\",\"cho", ERR_TRUNCATED,
          "text \"a\" | " CUT_INSIDE, NULL },
        { "inside of a character", OPENAI,
          TEXT("a") "data: {\"choices\":[{\"delta\":{\"content\":\"H\xc3", ERR_TRUNCATED,
          "text \"a\" | " CUT_INSIDE, NULL },
        { "inside of the first event", OPENAI, "data: {\"id\"", ERR_TRUNCATED, CUT_INSIDE, NULL },
        { "before anything", OPENAI, "", ERR_TRUNCATED, CUT, NULL },
        { "after a comment", OPENAI, ": wait\n\n", ERR_TRUNCATED, CUT, NULL },
        { "a marker and nothing else", OPENAI, OVER, ERR_TRUNCATED,
          "fail protocol: the stream ended without content and without a reason", NULL },
    };
    CHECK(*state, scenes);
}

static void
errors_in_a_stream_are_errors(void **state)
{
    static const struct scene scenes[] = {
        { "an error object", OPENAI,
          TEXT("a") DATA("{\"error\":{\"message\":\"boom\",\"type\":\"server_error\"}}"),
          ERR_REMOTE, "text \"a\" | fail internal: boom", "ff" },
        { "beside choices, a marker behind it", OPENAI,
          TEXT("a") DATA("{\"choices\":[" CHOICE(
              0, "\"content\":\"b\"", "null") "],\"error\":{\"code\":429,\"message\":\"slow\"}}")
              OVER,
          ERR_REMOTE, "text \"a\" | fail rate: slow", "ff" },
        { "a named event", OPENAI,
          TEXT(
              "a") "event: error\ndata: {\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\",\"status_code\":400}}\n\n",
          ERR_REMOTE, "text \"a\" | fail invalid: no", NULL },
        { "a named event in another shape", OPENAI,
          TEXT("a") "event: error\ndata: {\"message\":\"no\"}\n\n", ERR_REMOTE,
          "text \"a\" | fail internal: no", NULL },
        { "a field", OPENAI, TEXT("a") "error: {\"error\":{\"message\":\"no\"}}\n\n", ERR_REMOTE,
          "text \"a\" | fail internal: no", NULL },
        { "a field without JSON", OPENAI, TEXT("a") "error: out of memory\n\n", ERR_REMOTE,
          "text \"a\" | fail internal: out of memory", NULL },
        { "a string", OPENAI, TEXT("a") DATA("{\"error\":\"model is gone\"}"), ERR_REMOTE,
          "text \"a\" | fail internal: model is gone", NULL },
        { "no error at all", OPENAI,
          DATA("{\"error\":null,\"choices\":[" CHOICE(0, "\"content\":\"b\"", "\"stop\"") "]}")
              OVER,
          ERR_OK, "text \"b\"; end | end", NULL },
        { "JSON and no stream", OPENAI,
          "{\"error\":{\"message\":\"boom\",\"type\":\"server_error\"}}", ERR_REMOTE,
          "fail internal: boom", "" },
        { "JSON over lines", OPENAI,
          "{\n  \"error\": {\n \"message\": \"boom\", \"code\": 401 }\n}\n", ERR_REMOTE,
          "fail auth: boom", "" },
        { "JSON that is no error", OPENAI, "{\"id\":\"x\"}", ERR_PROTOCOL,
          "fail protocol: expected an event stream, found JSON", "" },
        { "a web page", OPENAI,
          "<html><head><title>502  Bad\nGateway</title></head><body>nginx</body></html>",
          ERR_PROTOCOL,
          "fail protocol: expected an event stream, found a web page: 502 Bad Gateway", "" },
        { "text", OPENAI, "no healthy upstream", ERR_PROTOCOL,
          "fail protocol: expected an event stream, found text: no healthy upstream", "" },
        { "no JSON", OPENAI, TEXT("a") DATA("{nope}"), ERR_SYNTAX,
          "text \"a\" | fail protocol: event at byte 100: json: unexpected 'n' at byte 1", NULL },
    };
    CHECK(*state, scenes);
}

static void
text_stays_text(void **state)
{
    static const struct scene scenes[] = {
        { "a pair cut in two", OPENAI, TEXT("\\ud83d") TEXT("\\ude00") FINISH("stop") OVER, ERR_OK,
          "text \"\xf0\x9f\x98\x80\"; end | end", NULL },
        { "lone halves", OPENAI, TEXT("a\\ud83d b\\ude00") FINISH("stop") OVER, ERR_OK,
          "text \"a\xef\xbf\xbd b\xef\xbf\xbd\"; end | end", NULL },
        { "bytes that are not UTF-8", OPENAI, TEXT("x\xffy\xc3(") FINISH("stop") OVER, ERR_OK,
          "text \"x\xef\xbf\xbdy\xef\xbf\xbd(\"; end | end", NULL },
        { "line ends of other worlds", OPENAI,
          TEXT("a\xe2\x80\xa8"
               "b") FINISH("stop") OVER,
          ERR_OK,
          "text \"a\xe2\x80\xa8"
          "b\"; end | end",
          NULL },
        { "repeated members", OPENAI,
          DELTA("\"content\":\"x\",\"content\":\"y\"") FINISH("stop") OVER, ERR_OK,
          "text \"y\"; end | end", NULL },
        { "escaped members", OPENAI, DELTA("\"c\\u006fntent\":\"y\"") FINISH("stop") OVER, ERR_OK,
          "text \"y\"; end | end", NULL },
    };
    CHECK(*state, scenes);
}

static void
controls_are_not_the_end_of_a_text(void **state)
{
    struct bench *b = *state;
    struct str s = str_from(TEXT("a\\u0000b\\u001fc") FINISH("stop") OVER);
    assert_int_equal(read_stream(b, OPENAI, s, 1, 1), ERR_OK);
    struct str text = b->told.collector.reply.choices.v[0].blocks.v[0].text.text;
    assert_true(str_eq(text, STR("a\0b\x1f"
                                 "c")));
}

#define OPEN_CALL(n, id, name, args) \
    "{\"index\":" #n ",\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" name \
    "\",\"arguments\":\"" args "\"}}"
#define MORE_CALL(n, args) "{\"index\":" #n ",\"function\":{\"arguments\":\"" args "\"}}"

static void
calls_come_out_one_behind_the_other(void **state)
{
    static const struct scene scenes[] = {
        { "interleaved", OPENAI,
          CALLS(OPEN_CALL(0, "a", "fa", "")) CALLS(OPEN_CALL(1, "b", "fb", ""))
              CALLS(MORE_CALL(0, "{\\\"x\\\"")) CALLS(MORE_CALL(1, "{\\\"y\\\""))
                  CALLS(MORE_CALL(0, ":1}")) CALLS(MORE_CALL(1, ":2}")) FINISH("tool_calls") OVER,
          ERR_OK, "call a fa {\"x\":1}, call b fb {\"y\":2}; call | end", NULL },
        { "two in one chunk", OPENAI,
          CALLS(OPEN_CALL(0, "a", "fa", "{}") "," OPEN_CALL(1, "b", "fb", "{}"))
              FINISH("tool_calls") OVER,
          ERR_OK, "call a fa {}, call b fb {}; call | end", NULL },
        { "numbered from one", OPENAI,
          CALLS(OPEN_CALL(1, "a", "fa", "{}")) FINISH("tool_calls") OVER, ERR_OK,
          "call a fa {}; call | end", NULL },
        { "the same number for all", OPENAI,
          CALLS(OPEN_CALL(0, "a", "fa", "{}")) CALLS(OPEN_CALL(0, "b", "fb", "{}"))
              FINISH("tool_calls") OVER,
          ERR_OK, "call a fa {}, call b fb {}; call | end", NULL },
        { "empty ids and names", OPENAI,
          CALLS(OPEN_CALL(0, "a", "fa", "")) CALLS(OPEN_CALL(0, "", "", "{\\\"q\\\":1}"))
              FINISH("tool_calls") OVER,
          ERR_OK, "call a fa {\"q\":1}; call | end", NULL },
        { "stopped for another reason", OPENAI,
          CALLS(OPEN_CALL(0, "a", "fa", "{}")) FINISH("stop") OVER, ERR_OK,
          "call a fa {}; call | end", NULL },
        { "no arguments", OPENAI, CALLS(OPEN_CALL(0, "a", "fa", "")) FINISH("tool_calls") OVER,
          ERR_OK, "call a fa {}; call | end", NULL },
        { "null as arguments", OPENAI,
          CALLS(OPEN_CALL(0, "a", "fa", "null")) FINISH("tool_calls") OVER, ERR_OK,
          "call a fa {}; call | end", NULL },
        { "numbers keep their text", OPENAI,
          CALLS(OPEN_CALL(0, "a", "fa", "{\\\"id\\\":2512292042121000001,\\\"e\\\":1E400}"))
              FINISH("tool_calls") OVER,
          ERR_OK, "call a fa {\"id\":2512292042121000001,\"e\":1E400}; call | end", NULL },
    };
    CHECK(*state, scenes);
}

/* --- Anthropic's events --- */

#define EVENT(name, rest) "event: " name "\ndata: {\"type\":\"" name "\"" rest "}\n\n"
#define START \
    EVENT( \
        "message_start", \
        ",\"message\":{\"id\":\"c1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[]," \
        "\"stop_reason\":null,\"usage\":{\"input_tokens\":3,\"cache_read_input_tokens\":10,\"output_tokens\":1}}")
#define BLOCK(n, block) \
    EVENT("content_block_start", ",\"index\":" #n ",\"content_block\":{" block "}")
#define GROW(n, delta) EVENT("content_block_delta", ",\"index\":" #n ",\"delta\":{" delta "}")
#define SHUT(n)        EVENT("content_block_stop", ",\"index\":" #n)
#define STOP(word) \
    EVENT("message_delta", ",\"delta\":{\"stop_reason\":\"" word \
                           "\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":4}")
#define LAST EVENT("message_stop", "")
#define PING EVENT("ping", "")
#define HI \
    BLOCK(0, "\"type\":\"text\",\"text\":\"\"") \
    GROW(0, "\"type\":\"text_delta\",\"text\":\"Hi\"") SHUT(0)
#define ANTHROPIC "anthropic.messages"

static void
typed_streams_obey_their_order(void **state)
{
    static const struct scene scenes[] = {
        { "the usual", ANTHROPIC, START PING HI STOP("end_turn") LAST, ERR_OK,
          "text \"Hi\"; end | 3/4 | end", "fffffff" },
        { "without a last event, but with a reason", ANTHROPIC, START HI STOP("end_turn"), ERR_OK,
          "text \"Hi\"; end | 3/4 | end", NULL },
        { "cut off", ANTHROPIC, START HI, ERR_TRUNCATED, "text \"Hi\" | 3/1 | " CUT, NULL },
        { "a head repeated", ANTHROPIC, START START HI STOP("end_turn") LAST, ERR_OK,
          "text \"Hi\"; end | 3/4 | end", NULL },
        { "a refusal without a word", ANTHROPIC, START STOP("refusal") LAST, ERR_OK,
          "refusal | 3/4 | end", NULL },
        { "unknown events, blocks, deltas and reasons", ANTHROPIC,
          START BLOCK(0, "\"type\":\"new_block\",\"x\":1") GROW(0, "\"type\":\"new_delta\",\"y\":2")
              SHUT(0) EVENT("new_event", "") STOP("new_reason") LAST,
          ERR_OK, "foreign {\"type\":\"new_block\",\"x\":1}; other | 3/4 | end", NULL },
        { "a delta before its block", ANTHROPIC,
          START GROW(0, "\"type\":\"text_delta\",\"text\":\"Hi\""), ERR_PROTOCOL,
          "3/1 | fail protocol: event \"content_block_delta\" is out of order, expected one of \"message_start\", "
          "\"content_block_start\", \"message_delta\", \"message_stop\", \"ping\", \"error\"",
          NULL },
        { "an error first", ANTHROPIC,
          EVENT("error", ",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}"),
          ERR_REMOTE, "fail overloaded: Overloaded", NULL },
        { "an error in the middle", ANTHROPIC,
          START HI EVENT("error",
                         ",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}"),
          ERR_REMOTE, "text \"Hi\" | 3/1 | fail overloaded: Overloaded", NULL },
        { "a call without arguments", ANTHROPIC,
          START BLOCK(0, "\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"fa\",\"input\":{}")
              GROW(0, "\"type\":\"input_json_delta\",\"partial_json\":\"\"") SHUT(0)
                  STOP("tool_use") LAST,
          ERR_OK, "call a fa {}; call | 3/4 | end", NULL },
        { "thinking of which only the signature is told", ANTHROPIC,
          START BLOCK(0, "\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"")
              GROW(0, "\"type\":\"signature_delta\",\"signature\":\"sig\"") SHUT(0)
                  HI STOP("end_turn") LAST,
          ERR_OK, "thinking \"\" signed \"sig\", text \"Hi\"; end | 3/4 | end", NULL },
        { "events by their type, not their name", ANTHROPIC,
          "event: x\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"c1\",\"model\":\"m\"}}\n\n" HI
              STOP("end_turn") LAST,
          ERR_OK, "text \"Hi\"; end | 0/4 | end", NULL },
    };
    CHECK(*state, scenes);
}

/* --- as a whole --- */

static void
a_stream_given_up_fails_once(void **state)
{
    struct bench *b = *state;
    struct xd_reader r;
    struct ir_error late = { .set = true, .kind = IR_FAULT_TIMEOUT, .message = STR("too slow") };
    xd_reader_init(&r, xd_find(STR(OPENAI)), XD_OP_CHAT, &b->keep, sink, b);
    assert_int_equal(xd_reader_feed(&r, TEXT("a"), sizeof TEXT("a") - 1), ERR_OK);
    xd_reader_abort(&r, &late);
    xd_reader_abort(&r, &late);
    assert_int_equal(xd_reader_end(&r), ERR_TRUNCATED);
    assert_string_equal(told_summary(&b->told), "text \"a\" | fail timeout: too slow");
    assert_int_equal(b->told.ends, 1);
    xd_reader_fini(&r);
}

static void
an_event_has_a_size(void **state)
{
    struct bench *b = *state;
    struct xd_reader r;
    char *mega = malloc(1u << 20);
    memset(mega, 'A', 1u << 20);
    xd_reader_init(&r, xd_find(STR(OPENAI)), XD_OP_CHAT, &b->keep, sink, b);
    enum err err = xd_reader_feed(&r, "data: ", 6);
    for (int i = 0; i < 17 && !err; i++)
        err = xd_reader_feed(&r, mega, 1u << 20);
    assert_int_equal(err, ERR_LIMIT);
    assert_int_equal(b->told.ends, 1);
    xd_reader_fini(&r);
    free(mega);
}

static void
a_stream_may_be_long_without_growing(void **state)
{
    struct bench *b = *state;
    struct xd_reader r;
    static const char chunk[] = TEXT("word ");
    xd_reader_init(&r, xd_find(STR(OPENAI)), XD_OP_CHAT, &b->keep, told_event, &b->told);
    assert_int_equal(xd_reader_feed(&r, chunk, sizeof chunk - 1), ERR_OK);
    size_t keep = b->keep.total, scratch = r.scratch.total;
    for (int i = 0; i < 10000; i++)
        assert_int_equal(xd_reader_feed(&r, chunk, sizeof chunk - 1), ERR_OK);
    assert_int_equal(b->keep.total, keep);
    assert_int_equal(r.scratch.total, scratch);
    xd_reader_fini(&r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ordinary_streams_end_well, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stream_that_breaks_off_is_a_fault, set_up, tear_down),
        cmocka_unit_test_setup_teardown(errors_in_a_stream_are_errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(text_stays_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(controls_are_not_the_end_of_a_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(calls_come_out_one_behind_the_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(typed_streams_obey_their_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stream_given_up_fails_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_event_has_a_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stream_may_be_long_without_growing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
