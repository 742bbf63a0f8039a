/* What spans tell of conversations: nothing secret, wherever it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/gateway/transcript.h"
#include "server/log/log.h"

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

/* Say the text in pieces of so many bytes, in the open block of that choice. */
static void
grow(struct transcript_reply *t, unsigned choice, unsigned index, enum ir_block_kind kind,
     struct str text, size_t piece)
{
    struct ir_block block = { .kind = kind };
    struct ir_event e = {
        .kind = IR_EVENT_GROW, .choice = choice, .index = index, .block = &block
    };
    for (; text.n; text = str_skip(text, piece)) {
        struct str part = str_make(text.p, text.n < piece ? text.n : piece);
        if (kind == IR_BLOCK_CALL)
            block.call.arguments = part;
        else
            block.text.text = part;
        transcript_event(t, &e);
    }
}

static void
open_block(struct transcript_reply *t, unsigned choice, unsigned index, enum ir_block_kind kind)
{
    const struct ir_block block = { .kind = kind };
    transcript_event(
        t, &(struct ir_event){
               .kind = IR_EVENT_OPEN, .choice = choice, .index = index, .block = &block });
}

static void
close_block(struct transcript_reply *t, unsigned choice, unsigned index)
{
    transcript_event(
        t, &(struct ir_event){ .kind = IR_EVENT_CLOSE, .choice = choice, .index = index });
}

static void
finish(struct transcript_reply *t, unsigned choice)
{
    transcript_event(
        t, &(struct ir_event){ .kind = IR_EVENT_FINISH, .choice = choice, .stop = IR_STOP_END });
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

/* Two choices that speak in turns, each with two calls: what is cut is the last one of each. */
static void
choices_in_turns_show_no_piece_of_a_secret(void **state)
{
    static char text[20000];
    (void)state;
    for (size_t at = 1; at < MOST + 2 * 4096; at += at < 2 * MOST ? 17 : 331) {
        struct transcript_reply t;
        struct arena a;
        struct buf out;
        struct str rest = make_text(text, sizeof text, at), one = STR("{\"x\":1}");
        arena_init(&a, 1 << 20);
        buf_init(&out, 1 << 20);
        transcript_listen(&t, &options, &a);
        for (unsigned c = 0; c < 2; c++) {
            open_block(&t, c, 0, IR_BLOCK_CALL);
            grow(&t, c, 0, IR_BLOCK_CALL, one, one.n);
            close_block(&t, c, 0);
            open_block(&t, c, 1, IR_BLOCK_CALL);
        }
        for (; rest.n; rest = str_skip(rest, 5))
            for (unsigned c = 0; c < 2; c++)
                grow(&t, c, 1, IR_BLOCK_CALL, str_make(rest.p, rest.n < 5 ? rest.n : 5), 5);
        for (unsigned c = 0; c < 2; c++)
            finish(&t, c);
        assert_true(transcript_said(&out, &t, &options));
        assert_nothing_of_it(&out, at);
        buf_fini(&out);
        arena_fini(&a);
    }
}

/* The stream breaks within a secret, or before one could begin. */
static void
a_reply_that_breaks_off_shows_no_front_of_a_secret(void **state)
{
    static const char known[] = "Xk9-not-like-any-pattern";
    (void)state;
    struct log *log = log_create(&(struct log_options){ .fd = 2 });
    assert_non_null(log);
    assert_true(log_add_secrets(log, &(struct str){ known, sizeof known - 1 }, 1));
    const struct transcript_options with_log = { .most = MOST, .log = log };
    static const char *const secrets[] = { SECRET,
                                           known,
                                           "sk-\\u0070roj-abcDEF0123456789ghiJKL",
                                           "sk-proj-abcD\\u0045F0123456789ghiJKL",
                                           "Xk9-not%2Dlike-any-pattern",
                                           "Xk9-no%74-like-any-pattern" };
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        for (size_t n = 1; n <= strlen(secrets[i]); n++) {
            struct transcript_reply t;
            struct arena a;
            struct buf out;
            arena_init(&a, 1 << 20);
            buf_init(&out, 1 << 20);
            transcript_listen(&t, &with_log, &a);
            open_block(&t, 0, 0, IR_BLOCK_TEXT);
            grow(&t, 0, 0, IR_BLOCK_TEXT, STR("I write to (the one) "), 4);
            grow(&t, 0, 0, IR_BLOCK_TEXT, str_make(secrets[i], n), 3);
            bool cut = transcript_said(&out, &t, &with_log);
            assert_true(has(&out, "I write to (the one) "));
            assert_true(cut || has(&out, "[REDACTED:") || has(&out, "***"));
            if (n > 3 && memmem(out.p, out.n, secrets[i], 4))
                fail_msg("%zu bytes of %s", n, secrets[i]);
            buf_fini(&out);
            arena_fini(&a);
        }
    log_destroy(log);
}

/* Memory is short while it speaks: nothing may close the gap. */
static void
what_found_no_room_is_told_to_be_missing(void **state)
{
    static char text[8000];
    (void)state;
    memset(text, 'w', sizeof text);
    const struct transcript_options wide = { .most = 1 << 16 };
    struct transcript_reply t;
    struct arena a;
    struct buf out;
    arena_init(&a, 5000);
    buf_init(&out, 1 << 20);
    transcript_listen(&t, &wide, &a);
    open_block(&t, 0, 0, IR_BLOCK_TEXT);
    grow(&t, 0, 0, IR_BLOCK_TEXT, str_make(text, sizeof text), 1000);
    grow(&t, 0, 0, IR_BLOCK_TEXT, STR("xyz"), 1);
    finish(&t, 0);
    assert_true(transcript_said(&out, &t, &wide));
    assert_false(has(&out, "xyz"));
    buf_fini(&out);
    arena_fini(&a);
}

/* Blocks of one letter, at every length up to where not all are told: then it is said that they are not. */
static void
it_is_told_when_anything_is_left_out(void **state)
{
    static struct ir_block blocks[100];
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        blocks[i] = (struct ir_block){ .kind = IR_BLOCK_TEXT, .text.text = STR("#") };
    for (size_t most = 1000; most < 1100; most++)
        for (unsigned n = 50; n < 70; n++) {
            struct ir_turn turn;
            struct buf out;
            const struct ir_request r = make_request(&turn, blocks, n);
            buf_init(&out, 1 << 20);
            bool cut = transcript_request(&out, &r, &(struct transcript_options){ .most = most });
            unsigned told = 0;
            for (size_t i = 0; i < out.n; i++)
                told += out.p[i] == '#';
            assert_true(cut == (told < n));
            buf_fini(&out);
        }
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
        cmocka_unit_test(choices_in_turns_show_no_piece_of_a_secret),
        cmocka_unit_test(a_reply_that_breaks_off_shows_no_front_of_a_secret),
        cmocka_unit_test(what_found_no_room_is_told_to_be_missing),
        cmocka_unit_test(it_is_told_when_anything_is_left_out),
        cmocka_unit_test(arguments_of_any_kind_are_searched),
        cmocka_unit_test(names_of_arguments_tell_of_values),
        cmocka_unit_test(attributes_are_bounded_whatever_is_said),
        cmocka_unit_test(media_and_seals_are_named_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
