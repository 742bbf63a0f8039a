/* Writing values: what appears, what leaves no trace, what goes back where it came from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/fault.h"
#include "runtime/xd/translate.h"

static const struct xd_key sub_v[] = { { STR_INIT("x"), 0, NULL } };
static const struct xd_keys sub = { sub_v, 1, "in" };
static const struct xd_key key_v[] = { { STR_INIT("in"), -1, &sub } };
static const struct xd_keys keys = { key_v, 1, "" };
static const struct xd_key flat_v[] = { { STR_INIT("y"), 0, NULL } };
static const struct xd_keys flat_keys = { flat_v, 1, "" };
static const struct xd_shape thing = { "toy", "thing", &keys, 1, XD_REST_KEEP, false, NULL, 0 };
static const struct xd_shape twin = {
    "toy", "thing", &keys, 1, XD_REST_KEEP, false, NULL, 0
}; /* of a provider */
static const struct xd_shape flat = {
    "toy", "thing", &flat_keys, 1, XD_REST_KEEP, false, NULL, 0
}; /* has no `in` */
static const struct xd_shape other = { "toy", "other", &keys, 1, XD_REST_KEEP, false, NULL, 0 };
static const struct xd_shape alien = { "play", "thing", &keys, 1, XD_REST_KEEP, false, NULL, 0 };
static const struct xd_shape deaf = { "toy", "thing", &keys, 1, XD_REST_IGNORE, false, NULL, 0 };

#define WORD(w, v, r, wr) \
    { \
        .wire = STR_INIT(w), .value = v, .read = r, .write = wr, .row = -1 \
    }
static const struct xd_word words_v[] = {
    WORD("any", 2, 1, 0),
    WORD("required", 2, 1, 1),
    WORD("must", 2, 1, 1),
    { .value = 5, .row = -1 },
};
static const struct xd_table words = { .v = words_v, .n = 4, .other = 5, .other_row = -1 };
static const struct xd_pair pairs_v[] = {
    { .wire = STR_INIT("wave"), .model = STR_INIT("audio/wav"), .read = 1, .row = -1 },
    { .wire = STR_INIT("wav"), .model = STR_INIT("audio/wav"), .read = 1, .write = 1, .row = -1 },
};
static const struct xd_pairs pairs = { .v = pairs_v, .n = 2 };
static const struct xd_op ops[] = { { .kind = XD_OP_CHAT } };
static const struct xd_dialect dialect = { .abi = XD_ABI, .name = "toy", .ops = ops, .nops = 1 };

struct bench {
    struct arena arena;
    struct buf out;
    struct xd x;
};

static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    arena_init(&b->arena, 1u << 20);
    buf_init(&b->out, 1u << 20);
    xd_init(&b->x, &dialect, XD_OP_CHAT, &b->arena, &b->out);
    *state = b;
    return 0;
}

static int
tear_down(void **state)
{
    struct bench *b = *state;
    xd_fini(&b->x);
    arena_fini(&b->arena);
    buf_fini(&b->out);
    free(b);
    return 0;
}

/* An object is open and waits for members. */
static struct xd *
begin(struct bench *b)
{
    xd_fini(&b->x);
    buf_clear(&b->out);
    arena_reset(&b->arena);
    xd_init(&b->x, &dialect, XD_OP_CHAT, &b->arena, &b->out);
    jw_object(&b->x.w);
    return &b->x;
}

/* The object is closed: what is inside, and behind a space the losses. */
static void
expect(struct bench *b, const char *want)
{
    char got[2048];
    jw_close(&b->x.w);
    size_t n = (size_t)snprintf(got, sizeof got, "%.*s", (int)b->out.n, b->out.p);
    for (unsigned i = 0; i < b->x.lost.n; i++)
        n += (size_t)snprintf(got + n, sizeof got - n, " %.*s", STR_ARG(b->x.lost.v[i]));
    assert_string_equal(got, want);
}

#define K STR("k")
static const struct str nothing = { NULL, 0 };

static void
scalars_appear_when_they_are_there(void **state)
{
    struct bench *b = *state;
    struct xd *x = begin(b);
    xd_put_str(x, K, STR("a\"\n"));
    xd_put_str(x, K, STR(""));
    xd_put_json(x, K, STR("[1, 2]"));
    xd_put_int(x, K, (struct ir_int){ -3, true });
    xd_put_seconds(x, K, (struct ir_int){ 7, true });
    xd_put_real(x, K, STR("1.50"));
    xd_put_bool(x, K, IR_FALSE);
    xd_put_not(x, K, IR_FALSE);
    xd_put_index(x, K, 4);
    expect(
        b,
        "{\"k\":\"a\\\"\\n\",\"k\":\"\",\"k\":[1, 2],\"k\":-3,\"k\":7,\"k\":1.50,\"k\":false,\"k\":true,\"k\":4}");
}

static void
absent_values_take_their_keys_along(void **state)
{
    struct bench *b = *state;
    struct xd *x = begin(b);
    jw_key(&x->w, STR("left"));
    xd_put_str(x, nothing, nothing);
    xd_put_str(x, K, nothing);
    xd_put_json(x, K, nothing);
    xd_put_int(x, K, (struct ir_int){ 3, false });
    xd_put_real(x, K, nothing);
    xd_put_bool(x, K, IR_UNSET);
    xd_put_not(x, K, IR_UNSET);
    xd_put_strs(x, K, &(struct ir_strs){ NULL, 0, 0 });
    xd_put_jsons(x, K, &(struct ir_strs){ NULL, 0, 0 });
    assert_false(xd_put_word(x, K, &words, 0));
    xd_put_pair(x, K, &pairs, nothing);
    assert_null(x->w.key.p);
    expect(b, "{}");
}

static void
a_key_may_be_set_before(void **state)
{
    struct bench *b = *state;
    struct xd *x = begin(b);
    jw_key(&x->w, STR("before"));
    xd_put_str(x, nothing, STR("v"));
    jw_key(&x->w, STR("list"));
    jw_array(&x->w);
    xd_put_int(x, nothing, (struct ir_int){ 1, true });
    xd_put_str(x, nothing, STR("2"));
    jw_close(&x->w);
    expect(b, "{\"before\":\"v\",\"list\":[1,\"2\"]}");
}

static void
lists_are_written_whole(void **state)
{
    struct bench *b = *state;
    struct str v[] = { STR("a"), STR("\"1\"") };
    struct ir_strs l = { v, 2, 2 };
    struct xd *x = begin(b);
    xd_put_strs(x, K, &l);
    xd_put_jsons(x, K, &(struct ir_strs){ v + 1, 1, 1 });
    expect(b, "{\"k\":[\"a\",\"\\\"1\\\"\"],\"k\":[\"1\"]}");
}

static void
words_are_those_that_may_be_written(void **state)
{
    struct bench *b = *state;
    struct xd *x = begin(b);
    assert_true(xd_put_word(x, K, &words, 2));
    assert_false(xd_put_word(x, K, &words, 5));
    xd_put_pair(x, K, &pairs, STR("audio/wav"));
    xd_put_pair(x, K, &pairs, STR("audio/ogg"));
    expect(b, "{\"k\":\"required\",\"k\":\"wav\",\"k\":\"audio/ogg\"}");
    assert_null(xd_word_of(&words, 9).p);
}

static void
numbers_are_clamped_without_being_counted_anew(void **state)
{
    struct bench *b = *state;
    struct xd *x = begin(b);
    xd_put_real_max(x, STR("a"), STR("0.70000000000000001"), "1");
    xd_put_real_max(x, STR("b"), STR("1.0"), "1");
    xd_put_real_max(x, STR("c"), STR("1.5e0"), "1");
    xd_put_real_max(x, STR("d"), nothing, "1");
    expect(b, "{\"a\":0.70000000000000001,\"b\":1.0,\"c\":1} c");
}

static void
arguments_are_an_object_whatever_they_were(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *v, *object, *string, *fragment;
    } table[] = {
        { NULL, "{\"k\":{}}", "{\"k\":\"{}\"}", "{}" },
        { "", "{\"k\":{}}", "{\"k\":\"{}\"}", "{\"k\":\"\"}" },
        { " \n", "{\"k\":{}}", "{\"k\":\"{}\"}", "{\"k\":\" \\n\"}" },
        { "null", "{\"k\":{}}", "{\"k\":\"{}\"}", "{\"k\":\"null\"}" },
        { "{\"a\": 1E400}", "{\"k\":{\"a\": 1E400}}", "{\"k\":\"{\\\"a\\\": 1E400}\"}",
          "{\"k\":\"{\\\"a\\\": 1E400}\"}" },
        { "{\"a\": \"Par", "{\"k\":{}} k", "{\"k\":\"{\\\"a\\\": \\\"Par\"}",
          "{\"k\":\"{\\\"a\\\": \\\"Par\"}" },
        { "[1]", "{\"k\":{}} k", "{\"k\":\"[1]\"}", "{\"k\":\"[1]\"}" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct str v = str_from(table[i].v);
        struct xd *x = begin(b);
        xd_put_json_object(x, K, v);
        expect(b, table[i].object);
        x = begin(b);
        xd_put_json_in_string(x, K, v);
        expect(b, table[i].string);
        x = begin(b);
        x->stream = true;
        xd_put_json_in_string(x, K, v);
        expect(b, table[i].fragment);
    }
}

static void
a_skeleton_has_empty_growing_fields(void **state)
{
    struct bench *b = *state;
    struct xd *x = begin(b);
    x->skeleton = true;
    xd_put_growing(x, STR("a"), STR("text"));
    xd_put_growing(x, STR("b"), nothing);
    xd_put_growing_object(x, STR("c"), STR("{\"x\":1}"));
    x->skeleton = false;
    xd_put_growing(x, STR("d"), STR("text"));
    xd_put_growing(x, STR("e"), nothing);
    xd_put_growing_object(x, STR("f"), STR("{\"x\":1}"));
    expect(b, "{\"a\":\"\",\"b\":\"\",\"c\":{},\"d\":\"text\",\"f\":{\"x\":1}}");
}

static void
media_become_urls_when_they_can(void **state)
{
    struct bench *b = *state;
    struct ir_source bytes = { .kind = IR_SOURCE_BYTES,
                               .bytes = { STR("image/png"), STR("QUJD") } };
    struct ir_source url = { .kind = IR_SOURCE_URL, .url.url = STR("https://x") };
    struct ir_source plain = { .kind = IR_SOURCE_PLAIN, .plain.text = STR("ABC") };
    struct ir_source file = { .kind = IR_SOURCE_FILE, .file.id = STR("f") };
    struct xd *x = begin(b);
    assert_true(xd_put_media_url(x, K, &bytes));
    assert_true(xd_put_media_url(x, K, &url));
    assert_false(xd_put_media_url(x, K, &file));
    assert_true(xd_put_data_url(x, K, &bytes));
    assert_true(xd_put_data_url(x, K, &plain));
    assert_false(xd_put_data_url(x, K, &url));
    expect(
        b,
        "{\"k\":\"data:image/png;base64,QUJD\",\"k\":\"https://x\",\"k\":\"data:image/png;base64,QUJD\","
        "\"k\":\"data:text/plain;base64,QUJD\"}");
}

static void
unknown_members_go_back_or_are_lost(void **state)
{
    struct bench *b = *state;
    static const struct {
        const struct xd_shape *from, *to;
        const char *want;
    } table[] = {
        { &thing, &thing, "{\"in\":{\"d\":2},\"a\\n\":[1]}" },
        { &twin, &thing, "{\"in\":{\"d\":2},\"a\\n\":[1]}" },
        { &thing, &flat, "{\"a\\n\":[1]} thing.in.d" },
        { &other, &thing, "{} other.a?n other.in.d" },
        { &alien, &thing, "{} thing.a?n thing.in.d" },
        { &thing, &deaf, "{} thing.a?n thing.in.d" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct ir_rest_item items[] = {
            { table[i].from, "", STR("a\\n"), STR("[1]") },
            { table[i].from, "in", STR("d"), STR("2") },
        };
        struct ir_rest rest = { items, 2, 2 };
        struct xd *x = begin(b);
        if (table[i].to != &flat) {
            jw_key(&x->w, STR("in"));
            jw_enter(&x->w);
            xd_put_rest(x, table[i].to, "in", &rest);
            jw_close(&x->w);
        }
        xd_put_rest(x, table[i].to, "", &rest);
        expect(b, table[i].want);
    }
    struct ir_rest_item item = { &thing, "in", STR("d"), STR("2") };
    xd_lose_rest(begin(b), &(struct ir_rest){ &item, 1, 1 });
    expect(b, "{} thing.in.d");
}

static void
frames_are_whole(void **state)
{
    struct bench *b = *state;
    struct xd *x = &b->x;
    x->stream = true;
    xd_frame_open(x, STR("ping"));
    jw_object(&x->w);
    xd_put_json(x, K, STR("{\"a\":\n1,\r\n\"b\":2}"));
    jw_close(&x->w);
    xd_frame_close(x);
    xd_frame_open(x, nothing);
    jw_object(&x->w);
    jw_close(&x->w);
    xd_frame_close(x);
    xd_frame_comment(x);
    xd_frame_text(x, STR("[DONE]"));
    assert_true(str_is(
        buf_str(&b->out),
        "event: ping\ndata: {\"k\":{\"a\": 1,  \"b\":2}}\n\ndata: {}\n\n:\n\ndata: [DONE]\n\n"));
}

static void
a_framing_decides_what_stands_around_documents(void **state)
{
    static const struct {
        enum framing framing;
        const char *want, *none;
    } table[] = {
        { FRAMING_SSE, ":\n\nevent: a\ndata: {}\n\ndata: {}\n\n", "" },
        { FRAMING_NDJSON, "{}\n", "" },
        { FRAMING_ARRAY, "\n[{}]\n", "[]\n" },
    };
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct xd *x = &b->x;
        buf_clear(&b->out);
        x->framing = table[i].framing;
        x->framed = false;
        xd_frame_comment(x);
        xd_frame_open(x, STR("a"));
        buf_puts(&b->out, STR("{}"));
        xd_frame_close(x);
        xd_frame_text(x, STR("{}"));
        xd_frame_last(x);
        if (!str_is(buf_str(&b->out), table[i].want))
            fail_msg("%.*s is not %s", STR_ARG(buf_str(&b->out)), table[i].want);
        buf_clear(&b->out);
        x->framed = false;
        xd_frame_last(x);
        assert_true(str_is(buf_str(&b->out), table[i].none));
    }
}

static void
blocks_without_a_place_have_names(void **state)
{
    struct bench *b = *state;
    struct ir_block v[] = { { .kind = IR_BLOCK_TEXT },
                            { .kind = IR_BLOCK_IMAGE },
                            { .kind = IR_BLOCK_SEALED } };
    xd_lose_blocks(begin(b), &(struct ir_blocks){ v, 3, 3 }, 1u << IR_BLOCK_TEXT);
    expect(b, "{} blocks.image blocks.sealed");
}

static void
every_choice_of_a_patch_stream_counts_for_itself(void **state)
{
    struct bench *b = *state;
    struct xd_patch p = { .choice = 0 };
    b->x.patch = &p;
    for (unsigned i = 0; i < XD_CHOICES_MAX; i++) {
        assert_true(xd_patch_first(&b->x, i));
        assert_false(xd_patch_first(&b->x, i));
    }
    for (p.choice = 0; p.choice < XD_CHOICES_MAX; p.choice++) {
        assert_int_equal(xd_patch_last(&b->x), p.choice == XD_CHOICES_MAX - 1);
        xd_patch_count(&b->x, IR_BLOCK_CALL);
        assert_int_equal(xd_patch_key(&b->x), 0);
    }
    p.choice = 3;
    xd_patch_count(&b->x, IR_BLOCK_CALL);
    assert_int_equal(xd_patch_key(&b->x), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(scalars_appear_when_they_are_there),
        TEST(absent_values_take_their_keys_along),
        TEST(a_key_may_be_set_before),
        TEST(lists_are_written_whole),
        TEST(words_are_those_that_may_be_written),
        TEST(numbers_are_clamped_without_being_counted_anew),
        TEST(arguments_are_an_object_whatever_they_were),
        TEST(a_skeleton_has_empty_growing_fields),
        TEST(media_become_urls_when_they_can),
        TEST(unknown_members_go_back_or_are_lost),
        TEST(frames_are_whole),
        TEST(a_framing_decides_what_stands_around_documents),
        TEST(blocks_without_a_place_have_names),
        TEST(every_choice_of_a_patch_stream_counts_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
