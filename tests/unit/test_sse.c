/* Event streams, whole and in every pair of pieces, against tables and a plain reading of the
 * rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/base/utf8.h"
#include "runtime/sse/sse.h"
#include "tests/lib/corpus.h"
#include "tests/lib/dice.h"
#include "tests/lib/guard.h"
#include "tests/lib/sse_oracle.h"

#define LIMIT (2u << 20)

struct bench {
    struct sse sse;
    struct buf got, want;
    struct guard guard;
};

static enum err
record(void *ctx, const struct sse_event *e)
{
    struct bench *b = ctx;
    sse_describe(&b->got, e);
    return ERR_OK;
}

static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    sse_init(&b->sse, LIMIT, record, b);
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
    sse_fini(&b->sse);
    buf_fini(&b->got);
    buf_fini(&b->want);
    guard_fini(&b->guard);
    free(b);
    return 0;
}

/* Begin the stream anew with another limit. */
static void
begin(struct bench *b, size_t limit)
{
    sse_fini(&b->sse);
    sse_init(&b->sse, limit, record, b);
    buf_clear(&b->got);
}

static enum err
feed(struct bench *b, struct str piece)
{
    struct str s = guard_end(&b->guard, piece);
    enum err err = sse_feed(&b->sse, s.p, s.n);
    memset((char *)(uintptr_t)s.p, '#', s.n); /* nothing may still point here */
    return err;
}

/* The stream is over; compare what was delivered with b->want. */
static void
finish(struct bench *b, enum err err, struct str stream, const char *how, size_t where)
{
    if (!err)
        err = sse_end(&b->sse);
    if (err)
        buf_printf(&b->got, "%s at %zu\n", err_name(err), b->sse.offset);
    if (!str_eq(buf_str(&b->got), buf_str(&b->want)))
        fail_msg("%s %zu of\n%.*s\n-- delivered\n%.*s-- instead of\n%.*s", how, where,
                 STR_ARG(utf8_cut(stream, 500)), STR_ARG(buf_str(&b->got)),
                 STR_ARG(buf_str(&b->want)));
}

static void
check_halves(struct bench *b, struct str stream, size_t cut, size_t limit)
{
    begin(b, limit);
    enum err err = feed(b, str_make(stream.p, cut));
    if (!err)
        err = feed(b, str_skip(stream, cut));
    finish(b, err, stream, "cut at", cut);
}

static void
check_steps(struct bench *b, struct str stream, size_t step, size_t limit)
{
    begin(b, limit);
    enum err err = ERR_OK;
    for (struct str rest = stream; rest.n && !err; rest = str_skip(rest, step))
        err = feed(b, str_make(rest.p, rest.n < step ? rest.n : step));
    finish(b, err, stream, "in steps of", step);
}

static void
check_all_cuts(struct bench *b, struct str stream, size_t limit)
{
    for (size_t cut = 0; cut <= stream.n; cut++)
        check_halves(b, stream, cut, limit);
    for (size_t step = 1; step < 4; step++)
        check_steps(b, stream, step, limit);
}

static const struct {
    const char *stream, *events;
} rows[] = {
    { "", "" },
    { "\n\n\n", "" },
    { "data: x\n\n", "[0,9) name=- data=x\n" },
    { "data: x\r\r", "[0,9) name=- data=x\n" },
    { "data: x\r\n\r\n", "[0,10) name=- data=x\n" },
    { "data: x\r\n\r\ndata: y\r\n\r\n", "[0,10) name=- data=x\n[11,21) name=- data=y\n" },
    { "data: x\r\n\ndata: y\n\r\ndata: z\r\r\n",
      "[0,10) name=- data=x\n[10,19) name=- data=y\n[20,29) name=- data=z\n" },
    { "data:x\n\ndata:  y\n\n", "[0,8) name=- data=x\n[8,18) name=- data= y\n" },
    { "\xef\xbb\xbf"
      "data: x\n\n",
      "[3,12) name=- data=x\n" },
    { "\xef\xbb\xbf\n\xef\xbb\xbf"
      "data: x\n\n",
      "" },
    { "\xef\xbb"
      "data: x\n\ndata: y\n\n",
      "[11,20) name=- data=y\n" },
    { "data: a\ndata: b\n\n", "[0,17) name=- data=a\nb\n" },
    { "data: a\ndata\ndata:\ndata: b\n\n", "[0,28) name=- data=a\n\n\nb\n" },
    { "event: ping\ndata: {}\n\n", "[0,22) name=ping data={}\n" },
    { "data: {}\nevent: ping\n\n", "[0,22) name=ping data={}\n" },
    { "event: a\nevent: b\ndata: x\n\n", "[0,27) name=b data=x\n" },
    { "event: a\nevent:\ndata: x\n\n", "[0,25) name=- data=x\n" },
    { "event: a\nevent\ndata: x\n\n", "[0,24) name=- data=x\n" },
    { "event: ping\n\ndata: x\n\n", "[13,22) name=- data=x\n" },
    { "data:\n\ndata: \n\ndata\n\nevent: e\ndata:\n\ndata: x\n\n", "[37,46) name=- data=x\n" },
    { "id: 1\nretry: 5\nfoo: bar\nfoo\n data: no\nDATA: no\ndatas: no\ndata: x\n\n",
      "[0,66) name=- data=x\n" },
    { "id: 1\n\ndata: x\n\n", "[7,16) name=- data=x\n" },
    { ": hello\n\n", "[0,9) beat\n" },
    { ":\n:\n\n\ndata: x\n\n:\n\n", "[0,5) beat\n[6,15) name=- data=x\n[15,18) beat\n" },
    { ": c\ndata: x\n: d\n\n", "[0,17) name=- data=x\n" },
    { ": c\nevent: ping\n\n", "" },
    { "data: x", "[0,7) name=- data=x\n" },
    { "data: x\n", "[0,8) name=- data=x\n" },
    { "data: x\r\n", "[0,9) name=- data=x\n" },
    { "data: x\ndat", "[0,11) name=- data=x\n" },
    { "data: x\n\ndata", "[0,9) name=- data=x\n" },
    { ": c", "[0,3) beat\n" },
    { "error: {\"a\":1}\n\n", "[0,16) name=error data={\"a\":1}\n" },
    { "error: x", "[0,8) name=error data=x\n" },
    { "error: x\ndata: y\n\n", "[0,18) name=error data=x\ny\n" },
    { "data: x\nerror: y\n\ndata: z\n\n",
      "[0,8) name=- data=x\n[8,18) name=error data=y\n[18,27) name=- data=z\n" },
    { "error: x\nerror: y\n\n", "[0,9) name=error data=x\n[9,19) name=error data=y\n" },
    { "event: e\nerror: y\n\n", "[9,19) name=error data=y\n" },
    { "error\nerror:\n\n", "" },
    { "data: a\xe2\x80\xa8"
      "b\xe2\x80\xa9\x0b\x0c\xc2\x85\n\n",
      "[0,20) name=- data=a\xe2\x80\xa8"
      "b\xe2\x80\xa9\x0b\x0c\xc2\x85\n" },
    { "data: \xff\xc3(\n\n", "[0,11) name=- data=\xff\xc3(\n" },
    { "data: 0123456789abcdef0123456789abcdef\r\rdata: 0123456789abcde\n\n",
      "[0,40) name=- data=0123456789abcdef0123456789abcdef\n"
      "[40,63) name=- data=0123456789abcde\n" },
};

static void
streams_become_the_same_events_however_they_are_cut(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str stream = str_from(rows[i].stream);
        buf_clear(&b->want);
        sse_oracle(&b->want, stream, LIMIT);
        if (!str_is(buf_str(&b->want), rows[i].events))
            fail_msg("the oracle errs on row %zu\n%.*s", i, STR_ARG(buf_str(&b->want)));
        check_all_cuts(b, stream, LIMIT);
    }
}

static void
bytes_of_value_zero_are_data(void **state)
{
    struct bench *b = *state;
    struct str stream = STR("data: a\0b\n\nda\0ta: x\n\nevent: \0\ndata: y\n\n");
    struct str events = STR("[0,11) name=- data=a\0b\n[21,39) name=\0 data=y\n");
    buf_clear(&b->want);
    sse_oracle(&b->want, stream, LIMIT);
    assert_true(str_eq(buf_str(&b->want), events));
    check_all_cuts(b, stream, LIMIT);
}

static void
random_streams_agree_with_the_oracle(void **state)
{
    struct bench *b = *state;
    static const char *const pieces[] = {
        "\n",
        "\n",
        "\n\n",
        "\r",
        "\r\n",
        "\r\n\r\n",
        "data",
        "data:",
        "data: ",
        "event: ",
        "event",
        "error: ",
        "error",
        ":",
        " ",
        "id: 1",
        "x",
        "\xef\xbb\xbf",
        "a longer piece of text, more than sixteen bytes",
        "{\"a\":1}",
        "dat",
        "\xc3\xa9",
    };
    struct dice d = { 77 };
    for (int i = 0; i < 20000; i++) {
        struct buf text;
        buf_init(&text, 10000);
        for (uint32_t k = dice_roll(&d, 30); k > 0; k--)
            buf_puts(&text, str_from(pieces[dice_roll(&d, sizeof pieces / sizeof *pieces)]));
        size_t limit = dice_roll(&d, 3) ? 10000 : dice_roll(&d, 60);
        buf_clear(&b->want);
        sse_oracle(&b->want, buf_str(&text), limit);
        check_steps(b, buf_str(&text), dice_roll(&d, 20) + 1, limit);
        check_halves(b, buf_str(&text), dice_roll(&d, (uint32_t)text.n + 1), limit);
        check_halves(b, buf_str(&text), 0, limit);
        buf_fini(&text);
    }
}

static void
lines_and_data_may_be_as_long_as_the_limit(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *stream, *events;
        size_t limit;
    } limits[] = {
        { "data: 0123456789\n\n", "[0,18) name=- data=0123456789\n", 16 },
        { "data: 0123456789\n\n", "limit at 0\n", 15 },
        { "data: a\n\ndata: 0123456789\n\n", "[0,9) name=- data=a\nlimit at 9\n", 15 },
        { "data: 0123456789", "limit at 0\n", 15 },
        { ": 0123456789012\n\n", "limit at 0\n", 14 },
        { "data: 01234\ndata: 6789A\n\n", "[0,25) name=- data=01234\n6789A\n", 11 },
        { "data: 01234\ndata: 6789\ndata:\n\n", "[0,30) name=- data=01234\n6789\n\n", 11 },
        { "data: 01234\ndata: 6789\ndata:x\n\n", "limit at 23\n", 11 },
        { "data:\ndata:\ndata:\ndata:\ndata:\ndata:\ndata:\n\n", "limit at 36\n", 5 },
        { "x\n\n", "limit at 0\n", 0 },
        { "\r\n\r\n", "", 0 },
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        buf_clear(&b->want);
        buf_puts(&b->want, str_from(limits[i].events));
        check_all_cuts(b, str_from(limits[i].stream), limits[i].limit);
    }
}

static void
a_line_too_long_is_noticed_before_its_end(void **state)
{
    struct bench *b = *state;
    begin(b, 5);
    assert_int_equal(feed(b, STR("data: ")), ERR_LIMIT);
    begin(b, 5);
    assert_int_equal(feed(b, STR("\ndat")), ERR_OK);
    assert_int_equal(feed(b, STR("a:")), ERR_OK);
    assert_int_equal(feed(b, STR(" ")), ERR_LIMIT);
    assert_int_equal(b->sse.offset, 1);
    assert_int_equal(feed(b, STR("")), ERR_LIMIT);
}

/* The feed that events must lie in, and how many did. */
struct inside {
    struct str feed;
    int events;
};

static enum err
check_inside(void *ctx, const struct sse_event *e)
{
    struct inside *in = ctx;
    const char *end = in->feed.p + in->feed.n;
    assert_true(e->data.p >= in->feed.p && e->data.p + e->data.n <= end);
    assert_true(!e->name.p || (e->name.p >= in->feed.p && e->name.p + e->name.n <= end));
    in->events++;
    return ERR_OK;
}

static void
events_within_one_feed_are_not_copied(void **state)
{
    (void)state;
    struct inside in = { .feed = STR("data: a\n\nevent: b\r\ndata: c\r\n\r\n: d\ndata: e\n\n") };
    struct sse s;
    sse_init(&s, 1000, check_inside, &in);
    assert_int_equal(sse_feed(&s, in.feed.p, in.feed.n), ERR_OK);
    assert_int_equal(in.events, 3);
    assert_null(s.line.p);
    assert_null(s.data.p);
    assert_null(s.name.p);
    sse_fini(&s);
}

static enum err
refuse_second(void *ctx, const struct sse_event *e)
{
    (void)e;
    return ++*(int *)ctx == 2 ? ERR_REMOTE : ERR_OK;
}

static void
a_refused_event_stops_the_parser_for_ever(void **state)
{
    (void)state;
    int events = 0;
    struct sse s;
    sse_init(&s, 1000, refuse_second, &events);
    struct str stream = STR("data: a\n\ndata: b\n\ndata: c\n\n");
    assert_int_equal(sse_feed(&s, stream.p, stream.n), ERR_REMOTE);
    assert_int_equal(s.offset, 18);
    assert_int_equal(sse_feed(&s, stream.p, stream.n), ERR_REMOTE);
    assert_int_equal(sse_end(&s), ERR_REMOTE);
    assert_int_equal(events, 2);
    sse_reset(&s);
    assert_int_equal(sse_feed(&s, stream.p, stream.n), ERR_OK);
    assert_int_equal(s.offset, 27);
    assert_int_equal(events, 5);
    sse_fini(&s);
}

static void
an_event_refused_at_the_end_or_before_an_error_field_stops_it_too(void **state)
{
    (void)state;
    static const char *const streams[] = { "data: a\n\ndata: b",
                                           "data: a\n\ndata: b\nerror: c\n\n" };
    for (size_t i = 0; i < 2; i++) {
        int events = 0;
        struct sse s;
        sse_init(&s, 1000, refuse_second, &events);
        enum err err = sse_feed(&s, streams[i], strlen(streams[i]));
        assert_int_equal(err ? err : sse_end(&s), ERR_REMOTE);
        assert_int_equal(events, 2);
        assert_int_equal(s.err, ERR_REMOTE);
        sse_fini(&s);
    }
}

static void
a_reset_forgets_what_was_under_way(void **state)
{
    struct bench *b = *state;
    static const char *const halves[] = {
        "data: old", "data: old\n", "event: old\ndata: o\ndata: p", ": c\n", "x\r", "\xef\xbb"
    };
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        begin(b, LIMIT);
        assert_int_equal(feed(b, str_from(halves[i])), ERR_OK);
        sse_reset(&b->sse);
        assert_int_equal(b->sse.offset, 0);
        buf_clear(&b->want);
        sse_oracle(&b->want, STR("\n\xef\xbb\xbf\ndata: new\n\n"), LIMIT);
        finish(b, feed(b, STR("\n\xef\xbb\xbf\ndata: new\n\n")), STR("after a reset"), "half", i);
    }
}

static void
check_file(void *ctx, const char *path, struct str content)
{
    struct bench *b = ctx;
    (void)path;
    if (content.n > LIMIT)
        return;
    struct dice d = { content.n };
    buf_clear(&b->want);
    sse_oracle(&b->want, content, LIMIT);
    assert_int_equal(b->want.err, ERR_OK);
    check_halves(b, content, 0, LIMIT);
    check_steps(b, content, 1, LIMIT);
    check_steps(b, content, 1 + dice_roll(&d, 1000), LIMIT);
    size_t stride = content.n < 1000 ? 1 : content.n / 50;
    for (size_t cut = 1 + dice_roll(&d, (uint32_t)stride); cut < content.n; cut += stride)
        check_halves(b, content, cut, LIMIT);
}

static void
recorded_streams_agree_with_the_oracle(void **state)
{
    size_t n = corpus_each("../shared/wire", ".sse", check_file, *state);
    printf("# %zu recorded streams\n", n);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(streams_become_the_same_events_however_they_are_cut),
        TEST(bytes_of_value_zero_are_data),
        TEST(random_streams_agree_with_the_oracle),
        TEST(lines_and_data_may_be_as_long_as_the_limit),
        TEST(a_line_too_long_is_noticed_before_its_end),
        TEST(events_within_one_feed_are_not_copied),
        TEST(a_refused_event_stops_the_parser_for_ever),
        TEST(an_event_refused_at_the_end_or_before_an_error_field_stops_it_too),
        TEST(a_reset_forgets_what_was_under_way),
        TEST(recorded_streams_agree_with_the_oracle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
