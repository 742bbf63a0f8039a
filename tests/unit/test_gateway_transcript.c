/* What spans tell of conversations: nothing secret, wherever it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/gateway/transcript.h"

#define MOST   ((size_t)1024)
#define SECRET "jane.doe@example.com"

static const struct transcript_options options = { .most = MOST };

static struct ir_request
make_request(struct ir_turn *turn, struct ir_block *blocks, unsigned n)
{
    *turn = (struct ir_turn){ .set = true, .role = IR_ROLE_USER, .blocks = { blocks, n, n } };
    return (struct ir_request){ .set = true, .turns = { turn, 1, 1 } };
}

static bool
has(const struct buf *b, const char *what)
{
    return b->n && memmem(b->p, b->n, what, strlen(what));
}

/* No piece of the secret of four bytes. */
static void
assert_nothing_of_it(const struct buf *b, size_t where)
{
    for (size_t i = 0; i + 4 < sizeof SECRET; i++)
        if (memmem(b->p, b->n, &SECRET[i], 4))
            fail_msg("cut at %zu: %.4s", where, &SECRET[i]);
}

/* Filler of words, and the secret in front of byte `at`, or over it. */
static struct str
make_text(char *to, size_t n, size_t at)
{
    for (size_t i = 0; i < n; i++)
        to[i] = i % 5 == 4 ? ' ' : 'w';
    to[at - 1] = ' ';
    memcpy(to + at, SECRET, sizeof SECRET - 1);
    to[at + sizeof SECRET - 1] = ' ';
    return str_make(to, n);
}

static void
a_request_is_cut_but_never_within_a_secret(void **state)
{
    static char text[20000];
    (void)state;
    for (size_t at = MOST - 60; at < MOST + 20; at++) {
        struct ir_turn turn;
        struct ir_block block = { .kind = IR_BLOCK_TEXT,
                                  .text.text = make_text(text, sizeof text, at) };
        const struct ir_request r = make_request(&turn, &block, 1);
        struct buf out;
        buf_init(&out, 1 << 20);
        assert_true(transcript_request(&out, &r, &options));
        assert_nothing_of_it(&out, at);
        assert_true(out.n > MOST - 100 && out.n < MOST + 300);
        buf_fini(&out);
    }
}

/* Speak a reply of one text in pieces of so many bytes. */
static void
speak(struct transcript_reply *t, struct str text, size_t piece)
{
    const struct ir_reply reply = { .set = true, .id = STR("r"), .model = STR("m") };
    struct ir_block block = { .kind = IR_BLOCK_TEXT, .text.text = STR("") };
    transcript_event(t, &(struct ir_event){ .kind = IR_EVENT_BEGIN, .reply = &reply });
    transcript_event(t, &(struct ir_event){ .kind = IR_EVENT_OPEN, .block = &block });
    for (size_t i = 0; i < text.n; i += piece) {
        block.text.text = str_make(text.p + i, i + piece < text.n ? piece : text.n - i);
        transcript_event(t, &(struct ir_event){ .kind = IR_EVENT_GROW, .block = &block });
    }
    transcript_event(t, &(struct ir_event){ .kind = IR_EVENT_CLOSE });
    transcript_event(t, &(struct ir_event){ .kind = IR_EVENT_FINISH, .stop = IR_STOP_END });
    transcript_event(t, &(struct ir_event){ .kind = IR_EVENT_END });
}

static void
a_reply_in_pieces_shows_no_piece_of_a_secret(void **state)
{
    static char text[20000];
    static const size_t sizes[] = { 1, 3, 7, 64, 1000, 20000 };
    (void)state;
    for (size_t at = MOST - 60; at < MOST + 4200; at += at < MOST + 20 ? 1 : 97)
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
            for (size_t n = 6000; n <= sizeof text; n += 14000) {
                struct transcript_reply t;
                struct arena a;
                struct buf out;
                arena_init(&a, 1 << 20);
                buf_init(&out, 1 << 20);
                transcript_listen(&t, &options, &a);
                speak(&t, make_text(text, n, at), sizes[k]);
                assert_true(transcript_said(&out, &t, &options));
                assert_nothing_of_it(&out, at);
                assert_true(has(&out, "finish_reason") && has(&out, "stop"));
                buf_fini(&out);
                arena_fini(&a);
            }
}

static void
a_short_reply_is_told_whole(void **state)
{
    struct transcript_reply t;
    struct arena a;
    struct buf out;
    (void)state;
    arena_init(&a, 1 << 20);
    buf_init(&out, 1 << 20);
    transcript_listen(&t, &options, &a);
    speak(&t, STR("Write to " SECRET ", please."), 2);
    assert_false(transcript_said(&out, &t, &options));
    assert_true(has(&out, "Write to [REDACTED:email], please."));
    buf_fini(&out);
    arena_fini(&a);
}

/* Arguments that are JSON, deep, broken, or none at all. */
static void
arguments_of_any_kind_are_searched(void **state)
{
    static char deep[1200];
    static const char *const more[] = {
        "{\"" SECRET "\":{\"list\":[\"" SECRET "\",4111111111111111,-1.5e3,true,null,{}]}}",
        "{\"u\":\"jane\\u002edoe\\u0040example\\u002ecom\"}",
        "{\"open\":\"" SECRET,
        "not JSON, but " SECRET,
        "",
        deep,
    };
    (void)state;
    memset(deep, '[', 500);
    memcpy(deep + 500, "\"" SECRET "\"", sizeof SECRET + 1);
    memset(deep + 500 + sizeof SECRET + 1, ']', 500);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        struct ir_turn turn;
        struct ir_block block = {
            .kind = IR_BLOCK_CALL,
            .call = { .id = STR("c"), .name = STR("f"), .arguments = str_from(more[i]) }
        };
        const struct ir_request r = make_request(&turn, &block, 1);
        struct buf out;
        buf_init(&out, 1 << 20);
        (void)transcript_request(&out, &r, &options);
        assert_int_equal(out.err, ERR_OK);
        assert_nothing_of_it(&out, i);
        assert_false(has(&out, "4111111111111111"));
        assert_true(i == 4 || has(&out, "[REDACTED:email]"));
        buf_fini(&out);
    }
}

/* What only a name tells of. */
static void
names_of_arguments_tell_of_values(void **state)
{
    struct ir_turn turn;
    struct ir_block block = {
        .kind = IR_BLOCK_CALL,
        .call = { .id = STR("c"),
                  .name = STR("f"),
                  .arguments = STR(
                      "{\"password\":\"hunter22\",\"a\":{\"api_key\":[\"hunter22hunter22\"],"
                      "\"pwd\":33445566},\"text\":\"hunting\"}") }
    };
    const struct ir_request r = make_request(&turn, &block, 1);
    struct buf out;
    (void)state;
    buf_init(&out, 1 << 20);
    assert_false(transcript_request(&out, &r, &options));
    assert_false(has(&out, "hunter"));
    assert_false(has(&out, "33445566"));
    assert_true(has(&out, "[REDACTED:password]") && has(&out, "[REDACTED:api_key]"));
    assert_true(has(&out, "hunting") && has(&out, "api_key"));
    buf_fini(&out);
}

/* Many small parts count as well. */
static void
attributes_are_bounded_whatever_is_said(void **state)
{
    static struct ir_block blocks[5000];
    struct ir_turn turn;
    struct buf out;
    (void)state;
    for (unsigned i = 0; i < 5000; i++)
        blocks[i] = (struct ir_block){ .kind = IR_BLOCK_TEXT, .text.text = STR("") };
    const struct ir_request r = make_request(&turn, blocks, 5000);
    buf_init(&out, 1 << 20);
    assert_true(transcript_request(&out, &r, &options));
    assert_true(out.n < 8 * MOST);
    buf_fini(&out);
}

/* Every kind of block says what it is, and no bytes. */
static void
media_and_seals_are_named_only(void **state)
{
    const struct ir_source bytes = { .kind = IR_SOURCE_BYTES,
                                     .bytes = { STR("image/png"), STR("QUJDREVG") } };
    const struct ir_source url = { .kind = IR_SOURCE_URL,
                                   .url = { .url = STR("https://a.example/x.png") } };
    struct ir_block part = { .kind = IR_BLOCK_TEXT, .text.text = STR("one") };
    struct ir_block blocks[] = {
        { .kind = IR_BLOCK_IMAGE, .image.source = bytes },
        { .kind = IR_BLOCK_IMAGE, .image.source = url },
        { .kind = IR_BLOCK_DOCUMENT,
          .document.source = { .kind = IR_SOURCE_FILE, .file.id = STR("file-1") } },
        { .kind = IR_BLOCK_DOCUMENT,
          .document.source = { .kind = IR_SOURCE_PLAIN, .plain.text = STR("plain") } },
        { .kind = IR_BLOCK_AUDIO, .audio = { .source = bytes, .transcript = STR("heard") } },
        { .kind = IR_BLOCK_THINKING, .thinking = { STR("thought"), STR("c2lnbmF0dXJl") } },
        { .kind = IR_BLOCK_SEALED, .sealed.data = STR("c2VhbGVk") },
        { .kind = IR_BLOCK_REFUSAL, .refusal.text = STR("no") },
        { .kind = IR_BLOCK_FOREIGN,
          .foreign = { STR("d"), STR("{\"x\":\"foreign body\"}"), STR("") } },
        { .kind = IR_BLOCK_RESULT, .result = { .call = STR("c"), .blocks = { &part, 1, 1 } } },
        { .kind = IR_BLOCK_RESULT, .result = { .call = STR("c") } },
    };
    static const char *const there[] = { "inline",
                                         "image/png",
                                         "https://a.example/x.png",
                                         "file-1",
                                         "plain",
                                         "heard",
                                         "thought",
                                         "sealed",
                                         "refusal",
                                         "other",
                                         "tool_call_response",
                                         "tool",
                                         "one" };
    static const char *const absent[] = { "QUJDREVG", "c2lnbmF0dXJl", "c2VhbGVk", "foreign body" };
    struct ir_turn turn;
    struct buf out;
    (void)state;
    const struct ir_request r = make_request(&turn, blocks, sizeof blocks / sizeof *blocks);
    buf_init(&out, 1 << 20);
    assert_false(transcript_request(&out, &r, &(struct transcript_options){ .most = 1 << 16 }));
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        if (!has(&out, there[i]))
            fail_msg("%s", there[i]);
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_false(has(&out, absent[i]));
    buf_fini(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_cut_but_never_within_a_secret),
        cmocka_unit_test(a_reply_in_pieces_shows_no_piece_of_a_secret),
        cmocka_unit_test(a_short_reply_is_told_whole),
        cmocka_unit_test(arguments_of_any_kind_are_searched),
        cmocka_unit_test(names_of_arguments_tell_of_values),
        cmocka_unit_test(attributes_are_bounded_whatever_is_said),
        cmocka_unit_test(media_and_seals_are_named_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
