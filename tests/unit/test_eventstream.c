/* Binary event streams, whole and in every pair of pieces, against tables and a plain reading of the
 * rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/frame/eventstream.h"
#include "tests/lib/dice.h"
#include "tests/lib/eventstream_oracle.h"
#include "tests/lib/guard.h"

#define ROOM (2u << 20)

struct bench {
    struct eventstream es;
    struct buf got, want, stream;
    struct guard guard;
};

static enum err
record(void *ctx, const struct eventstream_message *m)
{
    struct bench *b = ctx;
    eventstream_describe(&b->got, m);
    return ERR_OK;
}

static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    eventstream_init(&b->es, SIZE_MAX, record, b);
    buf_init(&b->got, 4 * ROOM);
    buf_init(&b->want, 4 * ROOM);
    buf_init(&b->stream, ROOM);
    guard_init(&b->guard, ROOM);
    *state = b;
    return 0;
}

static int
tear_down(void **state)
{
    struct bench *b = *state;
    eventstream_fini(&b->es);
    buf_fini(&b->got);
    buf_fini(&b->want);
    buf_fini(&b->stream);
    guard_fini(&b->guard);
    free(b);
    return 0;
}

static enum err
feed(struct bench *b, struct str piece)
{
    struct str s = guard_end(&b->guard, piece);
    enum err err = eventstream_feed(&b->es, s.p, s.n);
    memset((char *)(uintptr_t)s.p, '#', s.n); /* nothing may still point here */
    return err;
}

/* Feed b->stream from the start: `first` bytes, then pieces of `step`; compare with b->want. */
static void
check_pieces(struct bench *b, size_t first, size_t step, size_t limit)
{
    struct str stream = buf_str(&b->stream);
    eventstream_fini(&b->es);
    eventstream_init(&b->es, limit, record, b);
    buf_clear(&b->got);
    enum err err = feed(b, str_make(stream.p, first));
    for (struct str rest = str_skip(stream, first); rest.n && !err; rest = str_skip(rest, step))
        err = feed(b, str_make(rest.p, rest.n < step ? rest.n : step));
    if (!err)
        err = eventstream_end(&b->es);
    if (err)
        buf_printf(&b->got, "%s at %zu\n", err_name(err), b->es.offset);
    assert_true(!err == !b->es.why);
    if (!str_eq(buf_str(&b->got), buf_str(&b->want)))
        fail_msg("%zu bytes, then %zu at a time, of %zu: delivered\n%.*s-- instead of\n%.*s", first,
                 step, stream.n, STR_ARG(buf_str(&b->got)), STR_ARG(buf_str(&b->want)));
}

static void
check_all_cuts(struct bench *b, size_t limit)
{
    buf_clear(&b->want);
    eventstream_oracle(&b->want, buf_str(&b->stream), limit);
    for (size_t cut = 0; cut <= b->stream.n; cut++)
        check_pieces(b, cut, SIZE_MAX, limit);
    for (size_t step = 1; step < 20; step++)
        check_pieces(b, 0, step, limit);
}

static void
put32(struct buf *out, size_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_putc(out, (char)(unsigned char)(v >> shift));
}

/* A message with these lengths, whatever they are, and both checksums right. */
static void
put_raw(struct buf *out, size_t total, size_t headers, struct str body)
{
    size_t start = out->n;
    put32(out, total);
    put32(out, headers);
    put32(out, eventstream_crc(str_make(out->p + start, 8)));
    buf_puts(out, body);
    put32(out, eventstream_crc(str_make(out->p + start, out->n - start)));
}

static void
put_message(struct buf *out, const char *type, const char *event, const char *payload)
{
    struct eventstream_writer w;
    eventstream_open(&w, out);
    if (type)
        eventstream_put(&w, STR(":message-type"), str_from(type));
    if (event)
        eventstream_put(&w, STR(":event-type"), str_from(event));
    buf_puts(out, str_from(payload));
    eventstream_close(&w);
}

static void
begin(struct bench *b)
{
    buf_clear(&b->stream);
    put_message(&b->stream, "event", "start", "{\"role\":\"assistant\"}");
}

static void
a_message_looks_like_this(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    put_message(&b, "event", NULL, "{}");
    assert_true(str_eq(str_make(b.p, 8), STR("\0\0\0\x28\0\0\0\x16")));
    assert_true(str_eq(str_make(b.p + 12, 24), STR("\x0d:message-type\x07\0\x05"
                                                   "event{}")));
    assert_int_equal(b.n, 40);
    buf_fini(&b);
    assert_int_equal(eventstream_crc(STR("123456789")), 0xcbf43926);
}

static void
messages_are_the_same_however_they_are_cut(void **state)
{
    struct bench *b = *state;
    begin(b);
    put_message(&b->stream, NULL, NULL, "");
    put_message(&b->stream, "event", "delta", "{\"text\":\"H\xc3\xa9\"}");
    put_raw(&b->stream, 16, 0, STR(""));
    put_message(&b->stream, "exception", NULL, "{\"message\":\"slow down\"}");
    check_all_cuts(b, EVENTSTREAM_MAX);
    assert_non_null(strstr((buf_putc(&b->got, 0), b->got.p), ":event-type=delta {\"text\""));
}

static void
headers_of_every_type_are_passed_over_by_their_own_length(void **state)
{
    struct bench *b = *state;
    struct str headers = STR("\1a\0\1b\1\1c\2x\1d\3xx\1e\4xxxx\1f\5xxxxxxxx\1g\6\0\3xyz\1h\7\0\2no"
                             "\1i\x08xxxxxxxx\1j\x09xxxxxxxxxxxxxxxx\4last\7\0\3yes");
    begin(b);
    put_raw(&b->stream, 16 + headers.n, headers.n, headers);
    check_all_cuts(b, EVENTSTREAM_MAX);
    buf_putc(&b->got, 0);
    assert_non_null(strstr(b->got.p, "a:0= b:1= c:2=78 d:3=7878 e:4=78787878 f:5="));
    assert_non_null(strstr(b->got.p, "g:6=78797a h=no i:8="));
    assert_non_null(strstr(b->got.p, "last=yes \n"));
    struct eventstream_message m = { .headers = headers };
    assert_true(str_is(eventstream_string(&m, "last"), "yes"));
    assert_null(eventstream_string(&m, "g").p);
    assert_null(eventstream_string(&m, "z").p);
}

static void
malformed_headers_are_refused(void **state)
{
    struct bench *b = *state;
    static const struct str bad[] = {
        STR_INIT("\1"),
        STR_INIT("\1a"),
        STR_INIT("\0\0"),
        STR_INIT("\1a\x0a"),
        STR_INIT("\1a\xff"),
        STR_INIT("\1a\2"),
        STR_INIT("\1a\5xxxxxxx"),
        STR_INIT("\1a\7"),
        STR_INIT("\1a\7\0"),
        STR_INIT("\1a\7\0\4abc"),
        STR_INIT("\x09xx"),
        STR_INIT("\1a\0\1b\x09xxxxxxxxxxxxxxx"),
        STR_INIT("\1a\6\xff\xff"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin(b);
        put_raw(&b->stream, 16 + bad[i].n, bad[i].n, bad[i]);
        check_all_cuts(b, EVENTSTREAM_MAX);
        assert_int_equal(b->es.err, ERR_SYNTAX);
    }
}

static void
lengths_that_contradict_each_other_are_refused(void **state)
{
    struct bench *b = *state;
    static const struct {
        size_t total, headers;
        enum err err;
    } bad[] = {
        { 0, 0, ERR_SYNTAX },
        { 15, 0, ERR_SYNTAX },
        { 16, 1, ERR_SYNTAX },
        { 16, UINT32_MAX, ERR_SYNTAX },
        { 100, 85, ERR_SYNTAX },
        { UINT32_MAX, 0, ERR_LIMIT },
        { 0x7fffffff, 0x7fffffff, ERR_LIMIT },
        { EVENTSTREAM_MAX + 1, 0, ERR_LIMIT },
        { EVENTSTREAM_MAX, EVENTSTREAM_HEADERS_MAX + 1, ERR_LIMIT },
        { EVENTSTREAM_MAX, EVENTSTREAM_HEADERS_MAX, ERR_TRUNCATED },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin(b);
        put_raw(&b->stream, bad[i].total, bad[i].headers, STR(""));
        check_all_cuts(b, EVENTSTREAM_MAX);
        assert_int_equal(b->es.err, bad[i].err);
        assert_true(b->es.held.room < 1000);
    }
}

static void
a_message_may_be_as_large_as_the_limit(void **state)
{
    struct bench *b = *state;
    begin(b);
    size_t size = b->stream.n;
    check_all_cuts(b, size);
    assert_int_equal(b->es.err, ERR_OK);
    check_all_cuts(b, size - 1);
    assert_int_equal(b->es.err, ERR_LIMIT);
    check_all_cuts(b, 0);
    assert_int_equal(b->es.err, ERR_LIMIT);
}

/* The first message stays whole; one byte of the second differs, or it ends early. */
static void
each_corrupted_byte_and_each_cut_is_noticed(void **state)
{
    struct bench *b = *state;
    begin(b);
    size_t first = b->stream.n;
    put_message(&b->stream, "event", "delta", "{}");
    for (size_t i = first; i < b->stream.n; i++) {
        b->stream.p[i] = (char)(b->stream.p[i] ^ 0x10);
        buf_clear(&b->want);
        eventstream_oracle(&b->want, buf_str(&b->stream), EVENTSTREAM_MAX);
        check_pieces(b, 0, SIZE_MAX, EVENTSTREAM_MAX);
        check_pieces(b, 0, 1, EVENTSTREAM_MAX);
        assert_int_equal(b->es.err, ERR_SYNTAX);
        assert_int_equal(b->es.offset, first);
        b->stream.p[i] = (char)(b->stream.p[i] ^ 0x10);
    }
    for (size_t n = b->stream.n - 1; n > first; n--) {
        b->stream.n = n;
        buf_clear(&b->want);
        eventstream_oracle(&b->want, buf_str(&b->stream), EVENTSTREAM_MAX);
        check_pieces(b, 0, SIZE_MAX, EVENTSTREAM_MAX);
        check_pieces(b, first, 1, EVENTSTREAM_MAX);
        assert_int_equal(b->es.err, ERR_TRUNCATED);
        assert_int_equal(b->es.offset, first);
    }
}

static void
random_streams_agree_with_the_oracle(void **state)
{
    struct bench *b = *state;
    struct dice d = { 41 };
    for (int i = 0; i < 5000; i++) {
        buf_clear(&b->stream);
        for (uint32_t k = dice_roll(&d, 5); k > 0; k--) {
            char body[64];
            size_t n = dice_roll(&d, sizeof body);
            for (size_t at = 0; at < n; at++)
                body[at] = (char)dice_roll(&d, 12);
            size_t lie = dice_roll(&d, 8) ? 0 : dice_roll(&d, 3);
            put_raw(&b->stream, 16 + n + lie, dice_roll(&d, (uint32_t)n + 2), str_make(body, n));
        }
        size_t limit = dice_roll(&d, 4) ? EVENTSTREAM_MAX : dice_roll(&d, 100);
        buf_clear(&b->want);
        eventstream_oracle(&b->want, buf_str(&b->stream), limit);
        check_pieces(b, 0, SIZE_MAX, limit);
        check_pieces(b, dice_roll(&d, (uint32_t)b->stream.n + 1), dice_roll(&d, 30) + 1, limit);
    }
}

static enum err
refuse_second(void *ctx, const struct eventstream_message *m)
{
    (void)m;
    return ++*(int *)ctx == 2 ? ERR_REMOTE : ERR_OK;
}

static void
a_refused_message_stops_the_decoder_until_a_reset(void **state)
{
    struct bench *b = *state;
    struct eventstream s;
    int messages = 0;
    begin(b);
    size_t one = b->stream.n;
    put_message(&b->stream, "event", "delta", "{}");
    put_message(&b->stream, "event", "stop", "{}");
    eventstream_init(&s, SIZE_MAX, refuse_second, &messages);
    assert_int_equal(eventstream_feed(&s, b->stream.p, b->stream.n), ERR_REMOTE);
    assert_int_equal(eventstream_feed(&s, b->stream.p, b->stream.n), ERR_REMOTE);
    assert_int_equal(eventstream_end(&s), ERR_REMOTE);
    assert_int_equal(messages, 2);
    eventstream_reset(&s);
    assert_int_equal(eventstream_feed(&s, b->stream.p, one - 1), ERR_OK);
    eventstream_reset(&s);
    assert_int_equal(eventstream_feed(&s, b->stream.p, b->stream.n), ERR_OK);
    assert_int_equal(eventstream_end(&s), ERR_OK);
    assert_int_equal(messages, 5);
    assert_int_equal(s.offset, b->stream.n);
    eventstream_fini(&s);
}

/* The feed that messages must lie in, and how many did. */
struct inside {
    struct str feed;
    int messages;
};

static enum err
check_inside(void *ctx, const struct eventstream_message *m)
{
    struct inside *in = ctx;
    const char *end = in->feed.p + in->feed.n;
    assert_true(m->headers.p >= in->feed.p && m->payload.p + m->payload.n <= end);
    in->messages++;
    return ERR_OK;
}

static void
messages_within_one_feed_are_not_copied(void **state)
{
    struct bench *b = *state;
    struct eventstream s;
    begin(b);
    put_message(&b->stream, "event", "stop", "{}");
    struct inside in = { .feed = buf_str(&b->stream) };
    eventstream_init(&s, SIZE_MAX, check_inside, &in);
    assert_int_equal(eventstream_feed(&s, in.feed.p, in.feed.n), ERR_OK);
    assert_int_equal(in.messages, 2);
    assert_null(s.held.p);
    eventstream_fini(&s);
}

static void
a_full_buffer_is_the_writers_error(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 40; cap++) {
        struct buf b;
        buf_init(&b, cap);
        put_message(&b, "event", NULL, "{}");
        assert_int_equal(b.err, ERR_LIMIT);
        buf_fini(&b);
    }
    struct buf large;
    buf_init(&large, 2 * (size_t)EVENTSTREAM_MAX);
    struct eventstream_writer w;
    eventstream_open(&w, &large);
    memset(buf_room(&large, EVENTSTREAM_MAX), 'x', EVENTSTREAM_MAX);
    large.n = EVENTSTREAM_MAX - 4;
    eventstream_close(&w);
    assert_int_equal(large.err, ERR_OK);
    assert_int_equal(large.n, EVENTSTREAM_MAX);
    buf_clear(&large);
    eventstream_open(&w, &large);
    large.n = EVENTSTREAM_MAX - 3;
    eventstream_close(&w);
    assert_int_equal(large.err, ERR_LIMIT);
    buf_fini(&large);
}

int
main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ROW(a_message_looks_like_this),
        ROW(messages_are_the_same_however_they_are_cut),
        ROW(headers_of_every_type_are_passed_over_by_their_own_length),
        ROW(malformed_headers_are_refused),
        ROW(lengths_that_contradict_each_other_are_refused),
        ROW(a_message_may_be_as_large_as_the_limit),
        ROW(each_corrupted_byte_and_each_cut_is_noticed),
        ROW(random_streams_agree_with_the_oracle),
        ROW(a_refused_message_stops_the_decoder_until_a_reset),
        ROW(messages_within_one_feed_are_not_copied),
        ROW(a_full_buffer_is_the_writers_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
