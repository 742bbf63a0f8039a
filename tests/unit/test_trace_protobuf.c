/* Protocol buffers and the messages of OTLP, read back by a reader that knows nothing but the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/trace/otlp.h"
#include "server/trace/otlp_metrics.h"
#include "server/trace/otlp_span.h"

/* --- a reader ------------------------------------------------------------------------------ */

struct field {
    unsigned number, type;
    uint64_t v;       /* of varints and fixed ones */
    struct str bytes; /* of the others */
};

static uint64_t
read_varint(struct str *s)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        assert_true(s->n > 0);
        unsigned char c = (unsigned char)*s->p;
        *s = str_skip(*s, 1);
        v |= (uint64_t)(c & 0x7f) << (shift < 64 ? shift : 0);
        if (!(c & 0x80))
            return v;
    }
    fail_msg("a varint does not end");
    return 0;
}

static uint64_t
read_little(struct str *s, unsigned n)
{
    uint64_t v = 0;
    assert_true(s->n >= n);
    for (unsigned i = 0; i < n; i++)
        v |= (uint64_t)(unsigned char)s->p[i] << 8 * i;
    *s = str_skip(*s, n);
    return v;
}

static bool
next(struct str *s, struct field *f)
{
    if (s->n == 0)
        return false;
    uint64_t tag = read_varint(s);
    *f = (struct field){ .number = (unsigned)(tag >> 3), .type = tag & 7 };
    if (f->type == 0) {
        f->v = read_varint(s);
    } else if (f->type == 1 || f->type == 5) {
        f->v = read_little(s, f->type == 1 ? 8 : 4);
    } else {
        assert_int_equal(f->type, 2);
        uint64_t n = read_varint(s);
        assert_true(n <= s->n);
        f->bytes = str_make(s->p, n);
        *s = str_skip(*s, n);
    }
    return true;
}

/* The nth field of this number; fails when there is none. */
static struct field
find(struct str s, unsigned number, unsigned nth)
{
    struct field f;
    while (next(&s, &f))
        if (f.number == number && nth-- == 0)
            return f;
    fail_msg("no field %u", number);
    return f;
}

static unsigned
count(struct str s, unsigned number)
{
    struct field f;
    unsigned n = 0;
    while (next(&s, &f))
        n += f.number == number;
    return n;
}

/* The AnyValue of the attribute with this key. */
static struct str
attribute(struct str message, unsigned field, const char *key)
{
    struct field f;
    for (struct str s = message; next(&s, &f);)
        if (f.number == field && str_is(find(f.bytes, 1, 0).bytes, key))
            return find(f.bytes, 2, 0).bytes;
    fail_msg("no attribute %s", key);
    return (struct str){ NULL, 0 };
}

#define assert_text(s, lit) \
    do { \
        struct str s_ = (s); \
        if (!str_is(s_, lit)) \
            fail_msg("%s is \"%.*s\"", #s, STR_ARG(s_)); \
    } while (0)

/* --- fields -------------------------------------------------------------------------------- */

static void
numbers_come_back(void **state)
{
    static const int64_t values[] = { 0, 1, 127, 128, 300, -1, INT64_MAX, INT64_MIN };
    struct buf b;
    struct field f;
    double d;
    (void)state;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        buf_clear(&b);
        pb_int(&b, 3, values[i]);
        assert_int_equal(find(buf_str(&b), 3, 0).v, (uint64_t)values[i]);
    }
    buf_clear(&b);
    pb_fixed32(&b, 1, 0xdeadbeef);
    pb_fixed64(&b, 16, 0x0123456789abcdef);
    pb_double(&b, 2000, -2.5);
    assert_int_equal(find(buf_str(&b), 1, 0).v, 0xdeadbeef);
    assert_int_equal(find(buf_str(&b), 16, 0).v, 0x0123456789abcdef);
    f = find(buf_str(&b), 2000, 0);
    memcpy(&d, &f.v, sizeof d);
    assert_true(d == -2.5);
    buf_fini(&b);
}

static void
messages_of_any_length_have_their_length_in_front(void **state)
{
    static const size_t sizes[] = { 0, 1, 125, 126, 127, 128, 129, 16380, 16383, 16384, 300000 };
    char *text = malloc(300000);
    struct buf b;
    (void)state;
    memset(text, 'x', 300000);
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        buf_clear(&b);
        size_t outer = pb_begin(&b, 1), inner = pb_begin(&b, 2);
        pb_bytes(&b, 3, text, sizes[i]);
        pb_end(&b, inner);
        pb_int(&b, 4, 7);
        pb_end(&b, outer);
        pb_int(&b, 5, 8);
        struct str message = find(buf_str(&b), 1, 0).bytes;
        assert_int_equal(find(find(message, 2, 0).bytes, 3, 0).bytes.n, sizes[i]);
        assert_int_equal(find(message, 4, 0).v, 7);
        assert_int_equal(find(buf_str(&b), 5, 0).v, 8);
    }
    buf_fini(&b);
    free(text);
}

static void
a_full_buffer_stays_whole(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 400; cap++) {
        struct buf b;
        buf_init(&b, cap);
        size_t at = pb_begin(&b, 1);
        for (unsigned i = 0; i < 20; i++)
            otlp_str(&b, 9, "key", STR("some value or other"));
        pb_end(&b, at);
        assert_true(b.n <= cap && b.err == ERR_LIMIT);
        buf_fini(&b);
    }
}

/* --- OTLP ---------------------------------------------------------------------------------- */

/* Where both have the same room. */
static void
assert_same(struct buf *got, struct buf *want)
{
    assert_int_equal(got->err, ERR_OK);
    assert_int_equal(got->n, want->n);
    assert_memory_equal(got->p, want->p, want->n);
    buf_clear(got);
    buf_clear(want);
}

/* Keys and values of all lengths up to where they are long, and numbers of all lengths. */
static void
attributes_of_spans_are_those_of_all_messages(void **state)
{
    enum { FIELD = OTLP_SPAN_ATTRIBUTE, KEY_MOST = 140, TEXT_MOST = 300 };
    char text[TEXT_MOST], room[KEY_MOST + BRIEF_SPARE + 1];
    struct buf got, want;
    (void)state;
    buf_init(&got, 1 << 20);
    buf_init(&want, 1 << 20);
    memset(text, 't', sizeof text);
    for (size_t k = 1; k < KEY_MOST; k += k < 60 ? 1 : 11) {
        const struct brief key = { room, k };
        memset(room, 0, sizeof room);
        memset(room, 'k', k);
        for (size_t n = 0; n < TEXT_MOST; n++) {
            struct str value = str_make(text, n);
            otlp_span_word(&got, key, value);
            otlp_str(&want, FIELD, room, value);
            assert_same(&got, &want);
            otlp_span_list(&got, key, value);
            otlp_strs(&want, FIELD, room, &value, 1);
            assert_same(&got, &want);
        }
        for (unsigned bits = 0; bits < 64; bits++) {
            int64_t v = (int64_t)(UINT64_C(0x9e3779b97f4a7c15) >> bits);
            int64_t edge = bits < 63 ? (int64_t)(UINT64_C(1) << bits) : 0;
            for (unsigned i = 0; i < 2; i++) { /* where a number takes another byte, and before */
                otlp_span_int(&got, key, edge - i);
                otlp_int(&want, FIELD, room, edge - i);
            }
            otlp_span_int(&got, key, v);
            otlp_int(&want, FIELD, room, v);
            otlp_span_double(&got, key, (double)v);
            otlp_double(&want, FIELD, room, (double)v);
            otlp_span_bool(&got, key, bits % 2);
            otlp_bool(&want, FIELD, room, bits % 2);
            assert_same(&got, &want);
        }
    }
    buf_fini(&got);
    buf_fini(&want);
}

static void
a_full_buffer_takes_no_part_of_a_span(void **state)
{
    const struct otlp_span span = { .parent = 1, .state = STR("a=b"), .name = STR("name") };
    (void)state;
    for (size_t cap = 0; cap < 900; cap++) {
        struct buf b;
        buf_init(&b, cap);
        size_t at = otlp_span_begin(&b, &span);
        for (unsigned i = 0; i < 20; i++) {
            otlp_span_str(&b, BRIEF("key"), STR("some value or other"));
            otlp_span_int(&b, BRIEF("number"), 1000);
        }
        otlp_span_end(&b, at);
        assert_true(b.n <= cap && b.err == ERR_LIMIT);
        buf_fini(&b);
    }
}

static void
attributes_of_any_length_come_back(void **state)
{
    char text[400], key[200];
    struct buf b;
    (void)state;
    buf_init(&b, 1 << 20);
    memset(text, 't', sizeof text);
    for (size_t n = 0; n < sizeof text; n++)
        for (size_t k = 1; k < sizeof key; k += 33) {
            memset(key, 'k', k);
            key[k] = '\0';
            buf_clear(&b);
            otlp_str(&b, 9, key, str_make(text, n));
            otlp_int(&b, 9, "int", (int64_t)n - 7);
            otlp_bool(&b, 9, "bool", n % 2);
            otlp_double(&b, 20, "double", (double)n / 4);
            assert_int_equal(count(buf_str(&b), 9), 3);
            assert_int_equal(find(attribute(buf_str(&b), 9, key), 1, 0).bytes.n, n);
            assert_int_equal(find(attribute(buf_str(&b), 9, "int"), 3, 0).v, n - 7);
            assert_int_equal(find(attribute(buf_str(&b), 9, "bool"), 2, 0).v, n % 2);
            double d;
            uint64_t bits = find(attribute(buf_str(&b), 20, "double"), 4, 0).v;
            memcpy(&d, &bits, sizeof d);
            assert_true(d == (double)n / 4);
        }
    buf_fini(&b);
}

static void
a_span_has_its_ids_attributes_events_and_status(void **state)
{
    const struct otlp_span span = { .trace = { 0x0123456789abcdef, 0xfedcba9876543210 },
                                    .span = 0x1122334455667788,
                                    .parent = 0x8877665544332211,
                                    .remote = true,
                                    .state = STR("a=b"),
                                    .name = STR("chat m"),
                                    .kind = OTLP_CLIENT,
                                    .start_ns = 1000,
                                    .end_ns = 2000 };
    const struct str words[] = { STR("a"), STR("b") };
    struct buf b;
    (void)state;
    buf_init(&b, 1 << 20);
    const struct otlp_resource who = { .service = STR("llmux"), .pid = 42 };
    struct otlp_envelope envelope = otlp_envelope(&b, &who);
    size_t at = otlp_span_begin(&b, &span);
    otlp_span_str(&b, BRIEF("s"), STR("v"));
    otlp_span_str(&b, BRIEF("absent"), (struct str){ NULL, 0 });
    otlp_span_str(&b, BRIEF("bad"), STR("a\xff\xc3(b"));
    otlp_span_int(&b, BRIEF("i"), -3);
    otlp_span_bool(&b, BRIEF("b"), true);
    otlp_span_double(&b, BRIEF("d"), 0.5);
    otlp_strs(&b, OTLP_SPAN_ATTRIBUTE, "l", words, 2);
    otlp_span_event(&b, BRIEF("first_token"), 1500);
    otlp_span_failed(&b, STR("why"));
    otlp_span_end(&b, at);
    otlp_envelope_end(&b, envelope);

    struct str spans = find(buf_str(&b), 1, 0).bytes;
    assert_text(find(attribute(find(spans, 1, 0).bytes, 1, "service.name"), 1, 0).bytes, "llmux");
    struct str scope = find(spans, 2, 0).bytes, s = find(scope, 2, 0).bytes;
    assert_text(find(find(scope, 1, 0).bytes, 1, 0).bytes, "llmux");
    assert_text(find(s, 1, 0).bytes,
                "\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10");
    assert_text(find(s, 2, 0).bytes, "\x11\x22\x33\x44\x55\x66\x77\x88");
    assert_text(find(s, 3, 0).bytes, "a=b");
    assert_text(find(s, 4, 0).bytes, "\x88\x77\x66\x55\x44\x33\x22\x11");
    assert_text(find(s, 5, 0).bytes, "chat m");
    assert_int_equal(find(s, 6, 0).v, OTLP_CLIENT);
    assert_int_equal(find(s, 7, 0).v, 1000);
    assert_int_equal(find(s, 8, 0).v, 2000);
    assert_int_equal(find(s, 16, 0).v, 0x301);
    assert_int_equal(count(s, 9), 6);
    assert_text(find(attribute(s, 9, "s"), 1, 0).bytes, "v");
    assert_text(find(attribute(s, 9, "bad"), 1, 0).bytes, "a\xef\xbf\xbd\xef\xbf\xbd(b");
    assert_int_equal(find(attribute(s, 9, "i"), 3, 0).v, (uint64_t)-3);
    assert_int_equal(find(attribute(s, 9, "b"), 2, 0).v, 1);
    assert_int_equal(find(attribute(s, 9, "d"), 4, 0).v, 0x3fe0000000000000);
    struct str list = find(attribute(s, 9, "l"), 5, 0).bytes;
    assert_text(find(find(list, 1, 1).bytes, 1, 0).bytes, "b");
    assert_text(find(find(s, 11, 0).bytes, 2, 0).bytes, "first_token");
    assert_text(find(find(s, 15, 0).bytes, 2, 0).bytes, "why");
    assert_int_equal(find(find(s, 15, 0).bytes, 3, 0).v, 2);
    buf_fini(&b);
}

static struct str
shout(struct str type)
{
    return str_is(type, "p") ? STR("convention.p") : type;
}

static void
metrics_have_the_names_of_the_conventions(void **state)
{
    struct metrics *m = metrics_create();
    struct metrics_shard *shard = metrics_join(m);
    struct str labels[] = { STR("main"), STR("p"), STR("chat"), STR("m"), STR("rate") };
    struct metrics_cell *c = metrics_cell(shard, METRICS_OF_DEPLOYMENT, labels);
    const struct otlp_metrics how = { .metrics = m, .start_ns = 5, .now_ns = 6, .provider = shout };
    struct buf b;
    (void)state;
    metrics_observe(c, METRICS_OUTPUT_SIZES, 5, NULL);
    metrics_observe(c, METRICS_OUTPUT_SIZES, 5000, NULL);
    metrics_observe(metrics_cell(shard, METRICS_OF_ATTEMPT, labels), METRICS_OPERATION_DURATION,
                    1500000, NULL);
    buf_init(&b, 1 << 20);
    assert_true(otlp_metrics_write(&b, &how));
    struct str all = buf_str(&b), sizes = { NULL, 0 }, duration = { NULL, 0 };
    struct field f;
    while (next(&all, &f)) {
        assert_int_equal(f.number, 2);
        struct str name = find(f.bytes, 1, 0).bytes;
        if (str_is(name, "gen_ai.client.token.usage"))
            sizes = f.bytes;
        if (str_is(name, "gen_ai.client.operation.duration"))
            duration = f.bytes;
        assert_false(str_starts(name, STR("llmux")));
    }
    assert_text(find(sizes, 3, 0).bytes, "{token}");
    assert_int_equal(count(find(sizes, 9, 0).bytes, 1), 1); /* no point for input: none was seen */
    struct str point = find(find(sizes, 9, 0).bytes, 1, 0).bytes;
    assert_text(find(attribute(point, 9, "gen_ai.token.type"), 1, 0).bytes, "output");
    assert_text(find(attribute(point, 9, "gen_ai.provider.name"), 1, 0).bytes, "convention.p");
    assert_text(find(attribute(point, 9, "gen_ai.request.model"), 1, 0).bytes, "m");
    assert_int_equal(find(point, 2, 0).v, 5);
    assert_int_equal(find(point, 4, 0).v, 2);
    assert_int_equal(find(point, 6, 0).bytes.n, 15 * 8);
    assert_int_equal(find(point, 7, 0).bytes.n, 14 * 8);
    assert_text(find(duration, 3, 0).bytes, "s");
    point = find(find(duration, 9, 0).bytes, 1, 0).bytes;
    assert_text(find(attribute(point, 9, "error.type"), 1, 0).bytes, "rate");
    assert_int_equal(find(point, 5, 0).v, 0x3ff8000000000000); /* 1.5 */
    buf_fini(&b);
    metrics_destroy(m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_back),
        cmocka_unit_test(messages_of_any_length_have_their_length_in_front),
        cmocka_unit_test(a_full_buffer_stays_whole),
        cmocka_unit_test(attributes_of_spans_are_those_of_all_messages),
        cmocka_unit_test(a_full_buffer_takes_no_part_of_a_span),
        cmocka_unit_test(attributes_of_any_length_come_back),
        cmocka_unit_test(a_span_has_its_ids_attributes_events_and_status),
        cmocka_unit_test(metrics_have_the_names_of_the_conventions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
