/* Frames that are copied from a template, held against frames that were written: every dialect, random
 * words of the model's grammar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/ir/reply.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "tests/lib/dice.h"

#define WORDS 40

struct side {
    struct arena keep;
    struct buf out;
    struct xd_writer writer;
};

/* One writes with templates, one without. */
struct pair {
    struct side fast, slow;
    unsigned texts, copied;
    unsigned odd_runs; /* that a template fits, but not how they are spelled */
};

static void
side_init(struct side *s, const struct xd_dialect *d, enum framing framing)
{
    arena_init(&s->keep, 64u << 20);
    buf_init(&s->out, 64u << 20);
    xd_writer_init(&s->writer, d, XD_OP_CHAT, &s->keep, &s->out, XD_USAGE_WRITE);
    s->writer.x.framing = framing;
    s->writer.x.now = 1754432623;
}

static void
side_fini(struct side *s)
{
    xd_writer_fini(&s->writer);
    buf_fini(&s->out);
    arena_fini(&s->keep);
}

static void
compare(const struct pair *p, const char *behind)
{
    struct str got = buf_str(&p->fast.out), want = buf_str(&p->slow.out);
    if (!str_eq(got, want))
        fail_msg("%s, behind %s:\n%.*s\n--- without templates:\n%.*s",
                 p->fast.writer.x.dialect->name, behind, STR_ARG(got), STR_ARG(want));
    assert_int_equal(p->fast.writer.x.err, p->slow.writer.x.err);
    assert_int_equal(p->fast.writer.x.lost.n, p->slow.writer.x.lost.n);
    assert_int_equal(p->fast.writer.x.count, p->slow.writer.x.count);
}

static void
write_slow(struct pair *p, const struct ir_event *e)
{
    xd_template_drop(&p->slow.writer.template); /* so that it never learns */
    xd_writer_event(&p->slow.writer, e);
}

static void
write_both(void *ctx, const struct ir_event *e)
{
    struct pair *p = ctx;
    if (xd_template_text(e).n) {
        p->texts++;
        p->copied += xd_template_fits(&p->fast.writer.template, e);
    }
    xd_writer_event(&p->fast.writer, e);
    write_slow(p, e);
    compare(p, "an event");
}

/* --- words --------------------------------------------------------------------------------- */

static const char *const texts[] = {
    "a",
    " token",
    "\n",
    "say \"so\"",
    "\xc3\xa9\xf0\x9f\x98\x80",
    "\\",
    "\x01\x1f",
    "</script>\x7f",
    "{\"x\":1}",
    "the \"text\"\n\\of the event",
    "8170605040302010",
    "m",
    "a text that is longer than what fits into a register or two of them",
};

#define PICK(d, list) (list)[dice_roll((d), sizeof(list) / sizeof *(list))]

static struct str
some_text(struct dice *d)
{
    return str_from(PICK(d, texts));
}

static struct ir_block
some_block(struct dice *d)
{
    struct ir_block b = { .kind = IR_BLOCK_TEXT, .text.text = STR("") };
    switch (dice_roll(d, 6)) {
    case 0:
        return (struct ir_block){ .kind = IR_BLOCK_THINKING, .thinking.text = STR("") };
    case 1:
        return (struct ir_block){ .kind = IR_BLOCK_REFUSAL, .refusal.text = STR("") };
    case 2:
        return (struct ir_block){
            .kind = IR_BLOCK_CALL,
            .call = { .id = STR("call_1"), .name = STR("f"), .arguments = STR("") }
        };
    default:
        return b;
    }
}

static void
put_text(struct ir_block *b, struct str text)
{
    switch (b->kind) {
    case IR_BLOCK_THINKING:
        b->thinking.text = text;
        break;
    case IR_BLOCK_REFUSAL:
        b->refusal.text = text;
        break;
    default:
        b->text.text = text;
    }
}

/* What a block grows by besides, or in place of, its text. */
static void
put_more(struct dice *d, struct ir_block *b)
{
    static struct ir_citation cited = { .kind = IR_CITATION_WEB,
                                        .web = { .url = STR_INIT("https://a.example/") } };
    if (b->kind == IR_BLOCK_TEXT)
        b->text.citations = (struct ir_citations){ .v = &cited, .n = 1 };
    else if (b->kind == IR_BLOCK_THINKING)
        b->thinking.signature = STR("c2VhbA==");
    if (dice_roll(d, 2) && b->kind != IR_BLOCK_CALL)
        put_text(b, (struct str){ NULL, 0 });
}

static void
grow(struct pair *p, struct dice *d, unsigned choice, unsigned index, enum ir_block_kind kind)
{
    struct ir_block b = { .kind = kind };
    if (kind == IR_BLOCK_CALL)
        b.call.arguments = STR("{}");
    else
        put_text(&b, some_text(d));
    if (dice_roll(d, 12) == 0)
        put_more(d, &b);
    write_both(p, &(struct ir_event){
                      .kind = IR_EVENT_GROW, .choice = choice, .index = index, .block = &b });
}

/* Spellings of JSON strings: as we write them, or as others do. */
static const struct {
    const char *inner, *text;
    bool alike;
} spellings[] = {
    { "a", "a", true },
    { " token\\n", " token\n", true },
    { "say \\\"so\\\" \\\\", "say \"so\" \\", true },
    { "\xc3\xa9\xf0\x9f\x98\x80", "\xc3\xa9\xf0\x9f\x98\x80", true },
    { "<\\/script>", "</script>", false },
    { "\\u0041", "A", false },
    { "\\u000a", "\n", false },
    { "\\u00e9", "\xc3\xa9", false },
    { "\\ud83d\\ude00", "\xf0\x9f\x98\x80", false },
};

#define ALIKE 4 /* the first ones */

/* Several texts at once, as from a reader's stencil.  Only what is spelled as we do can be copied. */
static void
grow_in_a_run(struct pair *p, struct dice *d, unsigned choice, unsigned index,
              enum ir_block_kind kind)
{
    struct ir_block b = { .kind = kind };
    struct ir_event e = { .kind = IR_EVENT_GROW, .choice = choice, .index = index, .block = &b };
    struct xd_piece pieces[4];
    struct str all[4];
    bool alike = true, fits = xd_template_fits(&p->fast.writer.template, &e);
    unsigned n = 1 + dice_roll(d, 4);
    for (unsigned i = 0; i < n; i++) {
        unsigned k = dice_roll(d, dice_roll(d, 4) ? ALIKE : sizeof spellings / sizeof *spellings);
        all[i] = str_from(spellings[k].text);
        pieces[i] = (struct xd_piece){ .inner = str_from(spellings[k].inner),
                                       .escaped = strchr(spellings[k].inner, '\\'),
                                       .alike = spellings[k].alike };
        alike = alike && pieces[i].alike;
    }
    bool whole = kind != IR_BLOCK_CALL && xd_writer_run(&p->fast.writer, &e, pieces, n);
    assert_true(!whole || (alike && fits));
    p->odd_runs += fits && !alike;
    for (unsigned i = 0; whole && i < n; i++) {
        put_text(&b, all[i]);
        write_slow(p, &e);
        p->texts++;
        p->copied++;
    }
    compare(p, "a run");
}

static void
open_block(struct pair *p, unsigned choice, unsigned index, const struct ir_block *b)
{
    write_both(p, &(struct ir_event){
                      .kind = IR_EVENT_OPEN, .choice = choice, .index = index, .block = b });
}

static void
close_block(struct pair *p, unsigned choice, unsigned index)
{
    write_both(p, &(struct ir_event){ .kind = IR_EVENT_CLOSE, .choice = choice, .index = index });
}

/* All choices have a block, and their pieces come in any order. */
static void
one_block(struct pair *p, struct dice *d, unsigned choices, unsigned index)
{
    struct ir_block b[2] = { some_block(d), some_block(d) };
    for (unsigned c = 0; c < choices; c++)
        open_block(p, c, index, &b[c]);
    for (unsigned k = 0, n = dice_roll(d, 12), c = 0; k < n; k++) {
        if (dice_roll(d, 16) == 0)
            write_both(p, &(struct ir_event){ .kind = IR_EVENT_BEAT });
        if (dice_roll(d, 3) == 0)
            c = dice_roll(d, choices);
        grow(p, d, c, index, b[c].kind);
        if (dice_roll(d, 4) == 0)
            grow_in_a_run(p, d, c, index, b[c].kind);
    }
    for (unsigned c = 0; c < choices; c++)
        close_block(p, c, index);
}

static void
one_word(struct pair *p, struct dice *d)
{
    struct ir_usage usage = { .set = true, .output = { 7, true } };
    struct ir_reply head = {
        .set = true, .id = STR("r1"), .model = STR("m"), .usage = { .set = true }
    };
    unsigned choices = 1 + (dice_roll(d, 4) == 0);
    write_both(p, &(struct ir_event){ .kind = IR_EVENT_BEGIN, .reply = &head });
    for (unsigned i = 0, n = 1 + dice_roll(d, 3); i < n; i++)
        one_block(p, d, choices, i);
    for (unsigned c = 0; c < choices; c++)
        write_both(
            p, &(struct ir_event){
                   .kind = IR_EVENT_FINISH, .choice = c, .stop = IR_STOP_END, .usage = &usage });
    write_both(p, &(struct ir_event){ .kind = IR_EVENT_END });
}

/* How many of a hundred texts were copied. */
static unsigned
copied_by(const struct xd_dialect *d, enum framing framing, struct dice *dice, unsigned *odd_runs)
{
    unsigned texts_in_all = 0, copied = 0;
    for (unsigned i = 0; i < WORDS; i++) {
        struct pair p = { .texts = 0 };
        side_init(&p.fast, d, framing);
        side_init(&p.slow, d, framing);
        one_word(&p, dice);
        texts_in_all += p.texts;
        copied += p.copied;
        *odd_runs += p.odd_runs;
        side_fini(&p.fast);
        side_fini(&p.slow);
    }
    return copied * 100 / texts_in_all;
}

static void
a_template_writes_what_writing_would(void **state)
{
    struct dice dice = { 11 };
    unsigned lowest = 100, odd_runs = 0;
    (void)state;
    for (unsigned i = 0; xd_registry[i]; i++) {
        const struct xd_dialect *d = xd_registry[i];
        if (!xd_op(d, XD_OP_CHAT))
            continue;
        for (enum framing f = 0; f < FRAMINGS; f++) {
            if (f != d->framing && (d->provider || f == FRAMING_EVENTSTREAM))
                continue;
            unsigned percent = copied_by(d, f, &dice, &odd_runs);
            if (f == d->framing && !d->provider)
                printf("# %s: %u %% of texts are copied\n", d->name, percent);
            if (f == FRAMING_EVENTSTREAM || xd_op(d, XD_OP_CHAT)->wrap_member.n)
                assert_int_equal(percent, 0); /* checksums, base64 */
            else if (percent < lowest)
                lowest = percent;
        }
    }
    assert_true(odd_runs > 100);
    assert_true(lowest > 20); /* the mix has many short blocks */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_template_writes_what_writing_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
