/* Streams of any framing to frames, whole and in every pair of pieces, against tables and a plain
 * reading of the rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/frame/framer.h"
#include "tests/lib/dice.h"
#include "tests/lib/frame_oracle.h"
#include "tests/lib/guard.h"

#define LIMIT 4096u
#define BOM   "\xef\xbb\xbf"

struct bench {
    struct framer framer;
    struct buf got, want;
    struct guard guard;
};

static enum err
record(void *ctx, const struct frame *f)
{
    struct bench *b = ctx;
    frame_describe(&b->got, f);
    return ERR_OK;
}

static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    buf_init(&b->got, 8u << 20);
    buf_init(&b->want, 8u << 20);
    guard_init(&b->guard, 4u << 20);
    *state = b;
    return 0;
}

static int
tear_down(void **state)
{
    struct bench *b = *state;
    buf_fini(&b->got);
    buf_fini(&b->want);
    guard_fini(&b->guard);
    free(b);
    return 0;
}

static enum err
feed(struct bench *b, struct str piece)
{
    struct str s = guard_end(&b->guard, piece);
    enum err err = framer_feed(&b->framer, s.p, s.n);
    memset((char *)(uintptr_t)s.p, '#', s.n); /* nothing may still point here */
    return err;
}

struct kind {
    unsigned set;
    enum framing usual;
    size_t limit;
};

/* In pieces: `first` bytes, then `step` each. */
static void
run(struct bench *b, const struct kind *k, struct str s, size_t first, size_t step)
{
    buf_clear(&b->got);
    framer_init(&b->framer, k->set, k->usual, k->limit, record, b);
    enum err err = feed(b, str_make(s.p, first));
    for (struct str rest = str_skip(s, first); rest.n && !err; rest = str_skip(rest, step)) {
        err = feed(b, str_make(rest.p, rest.n < step ? rest.n : step));
        if (err)
            assert_int_equal(framer_feed(&b->framer, "{}", 2), err);
    }
    if (!err)
        err = framer_end(&b->framer);
    if (err)
        buf_printf(&b->got, "%s at %zu\n", err_name(err), framer_offset(&b->framer));
    else
        assert_int_equal(framer_offset(&b->framer), s.n);
    framer_fini(&b->framer);
    if (!str_eq(buf_str(&b->got), buf_str(&b->want)))
        fail_msg("%.*s\n-- cut at %zu, then %zu, delivered\n%.*s-- instead of\n%.*s", STR_ARG(s),
                 first, step, STR_ARG(buf_str(&b->got)), STR_ARG(buf_str(&b->want)));
}

static void
run_all_cuts(struct bench *b, const struct kind *k, struct str s)
{
    for (size_t cut = 0; cut <= s.n; cut++)
        run(b, k, s, cut, s.n + 1);
    for (size_t step = 1; step < 4; step++)
        run(b, k, s, 0, step);
}

struct row {
    const char *stream, *frames;
};

static void
check_rows(struct bench *b, const struct kind *k, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct str s = str_from(rows[i].stream);
        buf_clear(&b->want);
        buf_puts(&b->want, str_from(rows[i].frames));
        run_all_cuts(b, k, s);
        if (k->usual == FRAMING_SSE)
            continue;
        buf_clear(&b->got);
        frame_oracle(&b->got, k->usual, s, k->limit);
        if (!str_eq(buf_str(&b->got), buf_str(&b->want)))
            fail_msg("%s: the oracle says\n%.*s", rows[i].stream, STR_ARG(buf_str(&b->got)));
    }
}
#define CHECK(b, k, rows) check_rows(b, k, rows, sizeof rows / sizeof *(rows))

static void
a_line_is_a_frame(void **state)
{
    static const struct kind lines = { 1u << FRAMING_NDJSON, FRAMING_NDJSON, 12 };
    static const struct row rows[] = {
        { "", "" },
        { "\n\r\n  \n", "" },
        { "{}\n", "[0,3) name=- data={}\n" },
        { "{}\n{\"a\":1}\n", "[0,3) name=- data={}\n[3,11) name=- data={\"a\":1}\n" },
        { "{}\r\n\r\n\n [] \r\n", "[0,4) name=- data={}\n[7,13) name=- data=[]\n" },
        { "{}\n{\"a\":", "[0,3) name=- data={}\n[3,8) name=- data={\"a\":\n" },
        { "a\rb\n", "[0,4) name=- data=a\rb\n" },
        { BOM "{}\n" BOM "{}", "[3,6) name=- data={}\n[6,11) name=- data=" BOM "{}\n" },
        { "123456789012\n1\n", "[0,13) name=- data=123456789012\n[13,15) name=- data=1\n" },
        { "1\n1234567890123\n", "[0,2) name=- data=1\nlimit at 2\n" },
        { "1\n1234567890123", "[0,2) name=- data=1\nlimit at 2\n" },
    };
    CHECK(*state, &lines, rows);
}

static void
an_element_is_a_frame(void **state)
{
    static const struct kind array = { 1u << FRAMING_ARRAY, FRAMING_ARRAY, 12 };
    static const struct row rows[] = {
        { "", "" },
        { " \r\n", "" },
        { "[]", "[1,2) last\n" },
        { BOM " [\n]\r\n", "[6,7) last\n" },
        { "[{}]\n", "[1,3) name=- data={}\n[3,4) last\n" },
        { "[{\"a\":[{}]}\n,\r\n{}]",
          "[1,11) name=- data={\"a\":[{}]}\n[15,17) name=- data={}\n[17,18) last\n" },
        { "[{\"]}\":\"\\\"}\"}]", "[1,13) name=- data={\"]}\":\"\\\"}\"}\n[13,14) last\n" },
        { "[{\"\\\\\":1}]", "[1,9) name=- data={\"\\\\\":1}\n[9,10) last\n" },
        { "[{},", "[1,3) name=- data={}\n" },
        { "[{},{\"a", "[1,3) name=- data={}\n[4,7) name=- data={\"a\n" },
        { "[{}]]{[", "[1,3) name=- data={}\n[3,4) last\n" },
        { "{}", "syntax at 0\n" },
        { "[1]", "syntax at 1\n" },
        { "[{},null]", "[1,3) name=- data={}\nsyntax at 4\n" },
        { "[{}{}]", "[1,3) name=- data={}\n[3,5) name=- data={}\n[5,6) last\n" },
        { "[{\"12345678\"},{\"123456789\"}]", "[1,13) name=- data={\"12345678\"}\nlimit at 14\n" },
    };
    CHECK(*state, &array, rows);
}

static void
the_first_byte_tells_the_framing(void **state)
{
    static const struct kind any = { 1u << FRAMING_SSE | 1u << FRAMING_NDJSON | 1u << FRAMING_ARRAY,
                                     FRAMING_SSE, LIMIT };
    static const struct row rows[] = {
        { "", "" },
        { "\n \n", "" },
        { "\n\ndata: {}\n\n", "[2,12) name=- data={}\n" },
        { BOM "event: x\ndata: {}\n\n", "[3,22) name=x data={}\n" },
        { ":\n\n", "[0,3) beat\n" },
        { " [{}]", "[2,4) name=- data={}\n[4,5) last\n" },
        { "\n{}\n{}\n", "[1,4) name=- data={}\n[4,7) name=- data={}\n" },
        { "what\n\n", "" },
    };
    CHECK(*state, &any, rows);
}

static void
a_framer_that_may_be_one_does_not_ask(void **state)
{
    static const struct kind sse = { 1u << FRAMING_SSE, FRAMING_SSE, LIMIT };
    static const struct row rows[] = {
        { "[{}]\ndata: {}\n\n", "[0,15) name=- data={}\n" },
        { "\n\n: x\n\n", "[2,7) beat\n" },
    };
    CHECK(*state, &sse, rows);
}

/* Bytes that matter, in any order. */
static void
anything_is_cut_as_the_oracle_cuts_it(void **state)
{
    static const char *const bits[] = { "{",  "}", "[", "]", "\"", "\\",        ",", "\n",
                                        "\r", " ", "a", "1", "{}", "{\"a\":1}", BOM, "[{" };
    struct bench *b = *state;
    struct dice dice = { 7 };
    struct buf s;
    buf_init(&s, 1u << 16);
    for (unsigned i = 0; i < 20000; i++) {
        struct kind k = { .usual = i % 2 ? FRAMING_NDJSON : FRAMING_ARRAY };
        k.set = 1u << k.usual;
        k.limit = dice_roll(&dice, 4) ? LIMIT : dice_roll(&dice, 8) + 1;
        buf_clear(&s);
        if (dice_roll(&dice, 2))
            buf_puts(&s, STR("[{"));
        for (unsigned n = dice_roll(&dice, 24); n > 0; n--)
            buf_puts(&s, str_from(bits[dice_roll(&dice, sizeof bits / sizeof *bits)]));
        buf_clear(&b->want);
        frame_oracle(&b->want, k.usual, buf_str(&s), k.limit);
        run(b, &k, buf_str(&s), s.n, 1);
        run(b, &k, buf_str(&s), dice_roll(&dice, (uint32_t)s.n + 1), dice_roll(&dice, 5) + 1);
    }
    buf_fini(&s);
}

static enum err
refuse(void *ctx, const struct frame *f)
{
    (void)f;
    ++*(unsigned *)ctx;
    return ERR_REMOTE;
}

/* Append a message: type is event, exception or error; the other strings may be NULL. */
static void
put_message(struct buf *out, const char *type, const char *header, const char *name,
            const char *payload)
{
    struct eventstream_writer w;
    eventstream_open(&w, out);
    if (type)
        eventstream_put(&w, STR(":message-type"), str_from(type));
    if (header)
        eventstream_put(&w, str_from(header), str_from(name));
    if (type && strcmp(type, "error") == 0)
        eventstream_put(&w, STR(":error-message"), str_from(payload));
    else
        buf_puts(out, str_from(payload));
    eventstream_close(&w);
}

static struct str
two_messages(struct buf *b)
{
    put_message(b, "event", ":event-type", "a", "{}");
    put_message(b, "event", ":event-type", "b", "{}");
    return buf_str(b);
}

static void
messages_are_frames_with_the_names_of_their_headers(void **state)
{
    static const struct kind messages = { 1u << FRAMING_EVENTSTREAM, FRAMING_EVENTSTREAM, LIMIT };
    static const struct {
        const char *type, *header, *name, *payload, *frame;
        bool failed;
    } rows[] = {
        { "event", ":event-type", "start", "{\"a\":1}", "name=start data={\"a\":1}", false },
        { "event", NULL, NULL, "{}", "name=- data={}", false },
        { NULL, ":event-type", "start", "", "name=start data=", false },
        { "event", ":event-type", "initial-response", "{}", NULL, false },
        { "exception", ":exception-type", "slowDown", "{\"message\":\"x\"}",
          "name=slowDown data={\"message\":\"x\"}", true },
        { "error", ":error-code", "Broken", "say \"x\"\n",
          "name=Broken data={\"message\":\"say \\u0022x\\u0022\\u000a\"}", true },
    };
    struct bench *b = *state;
    struct buf s;
    buf_init(&s, 1000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_clear(&s);
        put_message(&s, rows[i].type, rows[i].header, rows[i].name, rows[i].payload);
        buf_clear(&b->want);
        if (rows[i].frame)
            buf_printf(&b->want, "[0,%zu)%s %s\n", s.n, rows[i].failed ? " failed" : "",
                       rows[i].frame);
        for (size_t cut = 0; cut <= s.n; cut++)
            run(b, &messages, buf_str(&s), cut, s.n + 1);
        run(b, &messages, buf_str(&s), 0, 1);
    }
    buf_fini(&s);
}

static void
a_refusal_stops_the_framer_for_ever(void **state)
{
    static const char *const streams[] = { "data: 1\n\ndata: 2\n\n", "{}\n{}\n", "[{},{}]", NULL };
    struct buf b;
    (void)state;
    buf_init(&b, 1000);
    for (enum framing f = 0; f < FRAMINGS; f++) {
        struct framer framer;
        unsigned calls = 0;
        struct str s = f == FRAMING_EVENTSTREAM ? two_messages(&b) : str_from(streams[f]);
        framer_init(&framer, 1u << f, f, LIMIT, refuse, &calls);
        assert_int_equal(framer_feed(&framer, s.p, s.n), ERR_REMOTE);
        assert_int_equal(framer_feed(&framer, s.p, s.n), ERR_REMOTE);
        assert_int_equal(framer_end(&framer), ERR_REMOTE);
        assert_int_equal(calls, 1);
        framer_fini(&framer);
    }
    buf_fini(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_is_a_frame),
        TEST(an_element_is_a_frame),
        TEST(the_first_byte_tells_the_framing),
        TEST(a_framer_that_may_be_one_does_not_ask),
        TEST(anything_is_cut_as_the_oracle_cuts_it),
        TEST(messages_are_frames_with_the_names_of_their_headers),
        cmocka_unit_test(a_refusal_stops_the_framer_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
