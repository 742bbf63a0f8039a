/* Frames read by a stencil, one by one or in runs, held against the same frames that were parsed: a
 * stream of which each frame differs in white space from the one before never fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/ir/reply.h"
#include "runtime/json/text.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "tests/lib/dice.h"
#include "tests/lib/told.h"

#define STREAMS    3000
#define FRAMES_MAX 24

struct witness {
    struct arena keep;
    struct told told;
    struct buf quiet; /* where the quiet frames are, in words */
    struct buf fed;   /* all that came */
    size_t end;       /* of the last frame */
    unsigned fitted;  /* frames that were not parsed */
    unsigned in_runs; /* texts that came in runs of two and more */
    bool mute;        /* of blocks that grow by a text: as one who is deaf */
    struct xd_reader reader;
};

static void
sink(void *ctx, const struct ir_event *e)
{
    struct witness *w = ctx;
    struct ir_block b;
    if (w->mute && e->kind == IR_EVENT_GROW) {
        b = *e->block;
        if (ir_block_text(&b))
            return;
    }
    told_event(&w->told, e);
}

static void
on_frame(void *ctx, size_t start, size_t end, bool quiet)
{
    struct witness *w = ctx;
    assert_true(start >= w->end && start < end);
    w->end = end;
    if (quiet)
        buf_printf(&w->quiet, "%zu-%zu ", start, end);
}

/* Takes each second run, and no texts that are written in another way than ours. */
static bool
on_run(void *ctx, const struct ir_event *e, const struct xd_piece *texts, unsigned n)
{
    struct witness *w = ctx;
    struct ir_event one = *e;
    struct ir_block b = *e->block;
    one.block = &b;
    w->in_runs += n > 1 ? n : 0;
    for (unsigned i = 0; i < n; i++)
        if (w->in_runs % 2 || !texts[i].alike)
            return false;
    for (unsigned i = 0; i < n; i++) {
        struct buf again;
        struct str text = json_unescape(&w->keep, texts[i].inner);
        buf_init(&again, 1u << 20);
        json_escape(&again, text);
        assert_true(str_eq(buf_str(&again), texts[i].inner));
        buf_fini(&again);
        *ir_block_text(&b) = text;
        sink(w, &one);
    }
    return true;
}

static void
witness_init(struct witness *w, const char *dialect)
{
    *w = (struct witness){ .fitted = 0 };
    arena_init(&w->keep, 16u << 20);
    told_init(&w->told);
    buf_init(&w->quiet, 1u << 20);
    buf_init(&w->fed, 1u << 20);
    xd_reader_init(&w->reader, xd_find(str_from(dialect)), XD_OP_CHAT, &w->keep, sink, w);
    w->reader.frame = on_frame;
}

static void
witness_fini(struct witness *w)
{
    xd_reader_fini(&w->reader);
    arena_fini(&w->keep);
    told_fini(&w->told);
    buf_fini(&w->quiet);
    buf_fini(&w->fed);
}

/* A frame with a space or a tab behind the first brace of its data. */
static void
feed(struct witness *w, const char *frame, char blank)
{
    struct buf b;
    const char *brace = strchr(frame, '{');
    buf_init(&b, 1u << 20);
    buf_put(&b, frame, brace ? (size_t)(brace - frame) + 1 : 0);
    if (brace)
        buf_putc(&b, blank);
    buf_puts(&b, str_from(brace ? brace + 1 : frame));
    size_t end = w->end;
    w->reader.x.doc.count = 0; /* stays so when nothing is parsed */
    buf_puts(&w->fed, buf_str(&b));
    (void)!xd_reader_feed(&w->reader, b.p, b.n);
    w->fitted += brace && w->end > end && w->reader.x.doc.count == 0;
    buf_fini(&b);
}

static void
compare(struct witness *fast, struct witness *slow, const char *last)
{
    struct str got = buf_str(&fast->told.events), want = buf_str(&slow->told.events);
    if (!str_eq(got, want))
        fail_msg("behind %s\n%.*s--- one by one:\n%.*s", last, STR_ARG(got), STR_ARG(want));
    assert_true(str_eq(buf_str(&fast->quiet), buf_str(&slow->quiet)));
    assert_int_equal(fast->end, slow->end);
    assert_int_equal(fast->reader.x.err, slow->reader.x.err);
    assert_int_equal(fast->reader.x.lost.n, slow->reader.x.lost.n);
}

/* --- random streams ------------------------------------------------------------------------ */

#define USUAL 8 /* texts that come often */

static const char *const texts[] = {
    "a",
    " token",
    "\\n",
    "say \\\"so\\\"",
    "\xc3\xa9\xf0\x9f\x98\x80",
    "a text of more than thirty-two bytes, which is more than a step of those that are plain",
    "thirty-two bytes to the step's e",
    "\\u00e9",
    "",
    "\\ud83d",
    "\\ude00",
    "\\ud83d\\ude00",
    "\\",
    "\\x",
    "\\u12",
    "\x01",
    "\xff",
    "q\"uote",
    "\\u0000",
    "  ",
    "a long one whose last is above: \xc3\xa9",
    "a long one with an escape: \\\"",
    "a long one with half a pair, \\ud83d, and more behind it",
};
static const char *const noises[] = {
    "",
    ",\"obfuscation\":\"aX7\"",
    ",\"obfuscation\":\"\"",
    ",\"obfuscation\":\"q\\\"\"",
    ",\"n\":7",
    ",\"n\":12",
    ",\"n\":007",
    ",\"n\":1.5",
    ",\"obfuscation\":\"b\",\"n\":3",
    ",\"error\":\"bad\"",
    ",\"error\":\"\"",
    ",\"error\":null",
    ",\"obfuscation\":{}",
    ",\"obfuscation\":\"\x02\"",
};
static const char *const fields[] = { "content", "content",           "content", "content",
                                      "content", "reasoning_content", "refusal" };

#define PICK(d, list) (list)[dice_roll((d), sizeof(list) / sizeof *(list))]

static void
chat_frame(struct dice *d, char *out, size_t room)
{
    unsigned kind = dice_roll(d, 60);
    bool usual = dice_roll(d, 10) > 0;
    const char *text = usual ? texts[dice_roll(d, USUAL)] : PICK(d, texts);
    const char *noise = usual ? noises[dice_roll(d, 2)] : PICK(d, noises);
    if (kind == 0)
        snprintf(out, room, ": comment\n\n");
    else if (kind == 1)
        snprintf(out, room,
                 "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[],\"usage\":{"
                 "\"prompt_tokens\":3,\"completion_tokens\":%u}}\n\n",
                 dice_roll(d, 9));
    else if (kind == 2)
        snprintf(out, room,
                 "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{"
                 "\"tool_calls\":[{\"index\":0,\"id\":\"t\",\"function\":{\"name\":\"f\","
                 "\"arguments\":\"{}\"}}]}}]}\n\n");
    else if (kind == 3)
        snprintf(out, room, "event: error\ndata: {\"message\":\"boom\"}\n\n");
    else
        snprintf(out, room,
                 "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":%u,\"delta\":{"
                 "\"%s\":\"%s\"},\"finish_reason\":%s}]%s}\n\n",
                 usual ? 0 : dice_roll(d, 2), usual ? "content" : PICK(d, fields), text,
                 kind == 4 ? "\"stop\"" : "null", noise);
}

static void
messages_frame(struct dice *d, char *out, size_t room)
{
    unsigned kind = dice_roll(d, 30);
    const char *text = dice_roll(d, 10) ? texts[dice_roll(d, USUAL)] : PICK(d, texts);
    unsigned index = dice_roll(d, 20) == 0;
    if (kind == 0)
        snprintf(out, room, "event: ping\ndata: {\"type\":\"ping\"}\n\n");
    else if (kind == 1)
        snprintf(
            out, room,
            "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":%u}\n\n",
            index);
    else if (kind == 2)
        snprintf(out, room,
                 "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":%u,"
                 "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
                 index);
    else if (kind == 3)
        snprintf(out, room,
                 "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{"
                 "\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":9}}\n\n");
    else
        snprintf(out, room,
                 "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":%u,"
                 "\"delta\":{\"type\":\"text_delta\",\"text\":\"%s\"}%s}\n\n",
                 index, text, dice_roll(d, 12) ? "" : PICK(d, noises));
}

static const char messages_head[] =
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m1\","
    "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{"
    "\"input_tokens\":3,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {"
    "\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";

/* Each event has a number, and a part may be closed before all that is sent for it has come. */
static void
items_frame(struct dice *d, char *out, size_t room)
{
    static unsigned number;
    unsigned kind = dice_roll(d, 30), part = dice_roll(d, 20) == 0;
    const char *text = dice_roll(d, 10) ? texts[dice_roll(d, USUAL)] : PICK(d, texts);
    if (kind == 0)
        snprintf(out, room, "data: {\"type\":\"keepalive\",\"sequence_number\":%u}\n\n", number++);
    else if (kind == 1)
        snprintf(out, room,
                 "data: {\"type\":\"response.content_part.done\",\"sequence_number\":%u,"
                 "\"output_index\":0,\"content_index\":%u,\"part\":{\"type\":\"output_text\","
                 "\"text\":\"whole\"}}\n\n",
                 number++, part);
    else if (kind == 2)
        snprintf(out, room,
                 "data: {\"type\":\"response.output_text.done\",\"sequence_number\":%u,"
                 "\"output_index\":0,\"content_index\":%u,\"text\":\"whole\"}\n\n",
                 number++, part);
    else
        snprintf(out, room,
                 "data: {\"type\":\"response.output_text.delta\",\"sequence_number\":%u,"
                 "\"item_id\":\"m\",\"output_index\":%u,\"content_index\":%u,\"delta\":\"%s\","
                 "\"logprobs\":[],\"obfuscation\":\"%s\"%s}\n\n",
                 number++, dice_roll(d, 20) == 0, part, text, dice_roll(d, 2) ? "a1" : "b2c3",
                 dice_roll(d, 12) ? "" : PICK(d, noises));
}

static const char items_head[] =
    "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r1\",\"model\":\"m\"}}\n\n";

/* How many frames were read by a stencil, how many texts came in runs. */
struct fitted {
    unsigned frames, in_runs;
};

enum ends { ENDS_LF, ENDS_CRLF };

/* The bytes that fast got, in pieces that know nothing of frames. */
static void
feed_again(struct dice *d, struct witness *w, const struct buf *fed)
{
    for (size_t at = 0; at < fed->n;) {
        size_t n = 1 + dice_roll(d, dice_roll(d, 3) ? 4096 : 60);
        n = n < fed->n - at ? n : fed->n - at;
        char *copy = malloc(n); /* of its own, so that reaching behind it shows */
        memcpy(copy, fed->p + at, n);
        (void)!xd_reader_feed(&w->reader, copy, n);
        free(copy);
        at += n;
    }
}

static void
end_alike(struct witness *w, struct witness *slow, enum err err)
{
    assert_int_equal(xd_reader_end(&w->reader), err);
    assert_int_equal(xd_reader_text_bytes(&w->reader), xd_reader_text_bytes(&slow->reader));
    compare(w, slow, "the end");
    witness_fini(w);
}

static void
with_crlf(char *s)
{
    char text[1024];
    size_t n = 0;
    for (const char *p = s; *p; p++) {
        if (*p == '\n')
            text[n++] = '\r';
        text[n++] = *p;
    }
    memcpy(s, text, n);
    s[n] = '\0';
}

static void
one_stream(struct dice *d, const char *dialect, const char *head,
           void (*frame)(struct dice *d, char *out, size_t room), struct fitted *fitted)
{
    struct witness fast, slow, runs, deaf, drip, mute;
    char text[1024];
    enum ends ends = dice_roll(d, 4) ? ENDS_LF : ENDS_CRLF;
    witness_init(&fast, dialect);
    witness_init(&slow, dialect);
    witness_init(&runs, dialect);
    witness_init(&deaf, dialect);
    witness_init(&drip, dialect);
    witness_init(&mute, dialect);
    runs.reader.run = on_run;
    deaf.mute = drip.mute = mute.mute = true;
    deaf.reader.deaf = drip.reader.deaf = true;
    feed(&fast, head, ' ');
    feed(&slow, head, ' ');
    feed(&mute, head, ' ');
    for (unsigned i = 0, n = 2 + dice_roll(d, FRAMES_MAX - 2), odd = 0; i < n; i++) {
        frame(d, text, sizeof text / 2);
        odd ^= *text != ':'; /* a comment leaves the stencil as it is */
        if (ends == ENDS_CRLF)
            with_crlf(text);
        feed(&fast, text, ' ');
        feed(&slow, text, odd ? ' ' : '\t');
        feed(&mute, text, odd ? ' ' : '\t');
        compare(&fast, &slow, text);
    }
    feed_again(d, &runs, &fast.fed);
    feed_again(d, &deaf, &fast.fed);
    for (size_t i = 0; i < fast.fed.n; i++)
        (void)!xd_reader_feed(&drip.reader, fast.fed.p + i, 1);
    fitted->frames += fast.fitted;
    fitted->in_runs += runs.in_runs;
    assert_int_equal(slow.fitted, 0);
    enum err err = xd_reader_end(&slow.reader);
    assert_int_equal(xd_reader_end(&mute.reader), err);
    end_alike(&fast, &slow, err);
    end_alike(&runs, &slow, err);
    end_alike(&deaf, &mute, err);
    end_alike(&drip, &mute, err);
    witness_fini(&slow);
    witness_fini(&mute);
}

static void
a_stencil_reads_what_reading_would(void **state)
{
    struct dice d = { 7 };
    struct fitted chat = { 0 }, messages = { 0 }, items = { 0 };
    (void)state;
    for (unsigned i = 0; i < STREAMS; i++) {
        one_stream(&d, "openai.chat", "", chat_frame, &chat);
        one_stream(&d, "anthropic.messages", messages_head, messages_frame, &messages);
        one_stream(&d, "openai.responses", items_head, items_frame, &items);
    }
    printf("# stencils: %u chat, %u messages and %u items frames not parsed\n", chat.frames,
           messages.frames, items.frames);
    printf("# in runs: %u, %u and %u\n", chat.in_runs, messages.in_runs, items.in_runs);
    assert_true(chat.frames > STREAMS && messages.frames > STREAMS && items.frames > STREAMS / 2);
    assert_true(chat.in_runs > STREAMS / 2 && messages.in_runs > STREAMS
                && items.in_runs > STREAMS / 2);
}

/* --- when there is one --------------------------------------------------------------------- */

#define CHUNK(text, more) \
    "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{" text "}}]" more \
    "}\n\n"

static const struct {
    const char *why, *frames[4];
    unsigned fitted;
} cases[] = {
    { "the first opens the block, and is the pattern of those behind it",
      { CHUNK("\"role\":\"assistant\"", ""), CHUNK("\"content\":\"a\"", ""),
        CHUNK("\"content\":\"b\"", ""), CHUNK("\"content\":\"c\"", "") },
      2 },
    { "the first begins the reply, too; the second is the pattern of the third",
      { CHUNK("\"content\":\"a\"", ""), CHUNK("\"content\":\"b\"", ""),
        CHUNK("\"content\":\"c\"", "") },
      1 },
    { "a text with escapes is no pattern, but fits one",
      { CHUNK("\"content\":\"a\"", ""), CHUNK("\"content\":\"\\n\"", ""),
        CHUNK("\"content\":\"c\"", ""), CHUNK("\"content\":\"\\n\"", "") },
      1 },
    { "what no row names may differ",
      { CHUNK("\"content\":\"a\"", ",\"x\":\"1\""), CHUNK("\"content\":\"b\"", ",\"x\":\"22\""),
        CHUNK("\"content\":\"c\"", ",\"x\":\"\""), CHUNK("\"content\":\"d\"", ",\"x\":\"4\"") },
      1 },
    { "what a row names may not",
      { CHUNK("\"content\":\"a\"", ",\"service_tier\":\"x\""),
        CHUNK("\"content\":\"b\"", ",\"service_tier\":\"y\""),
        CHUNK("\"content\":\"c\"", ",\"service_tier\":\"z\"") },
      0 },
    { "a usage is read each time",
      { CHUNK("\"content\":\"a\"", ",\"usage\":{\"prompt_tokens\":1}"),
        CHUNK("\"content\":\"b\"", ",\"usage\":{\"prompt_tokens\":1}"),
        CHUNK("\"content\":\"c\"", ",\"usage\":{\"prompt_tokens\":1}") },
      0 },
    { "comments change nothing",
      { CHUNK("\"content\":\"a\"", ""), CHUNK("\"content\":\"b\"", ""), ":\n\n",
        CHUNK("\"content\":\"c\"", "") },
      1 },
};

static void
a_stencil_is_made_of_plain_growth(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct witness w;
        witness_init(&w, "openai.chat");
        for (unsigned k = 0; k < 4 && cases[i].frames[k]; k++)
            feed(&w, cases[i].frames[k], ' ');
        if (w.fitted != cases[i].fitted)
            fail_msg("%s: %u frames fitted", cases[i].why, w.fitted);
        witness_fini(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stencil_reads_what_reading_would),
        cmocka_unit_test(a_stencil_is_made_of_plain_growth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
