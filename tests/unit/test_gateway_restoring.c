/* Replies of every dialect with the values put back that stand for what the provider has seen; and what was signed as it
 * came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "server/gateway/restoring.h"
#include "tests/lib/dice.h"

static bool
has(struct str s, const char *what)
{
    return memmem(s.p, s.n, what, strlen(what));
}

#define TEXT(t) \
    { \
        .kind = IR_BLOCK_TEXT, .text.text = STR_INIT(t) \
    }

/* --- every dialect: replies ---------------------------------------------------------------- */

#define P0 "[email:0123456789ab]"
#define P1 "[private_key:ba9876543210]"

static void
fill(struct vault *v)
{
    vault_init(v, 10, 1000);
    assert_int_equal(vault_put(v, REDACT_EMAIL, STR("ann@example.org"), STR(P0)), ERR_OK);
    assert_int_equal(vault_put(v, REDACT_PRIVATE_KEY, STR("k\"1\n2\\"), STR(P1)), ERR_OK);
    assert_int_equal(vault_sort(v), ERR_OK);
}

static void
make_reply(struct ir_reply *m)
{
    static struct ir_block blocks[] = {
        { .kind = IR_BLOCK_THINKING, .thinking = { STR_INIT("Hm, " P0 "?"), { 0 } } },
        TEXT("Dear " P0 ", your key is " P1 ". [email:000000000000] is not yours."),
        { .kind = IR_BLOCK_CALL,
          .call = { STR_INIT("call_1"),
                    STR_INIT("mail"),
                    STR_INIT("{\"to\":\"" P0 "\",\"body\":\"{\\\"key\\\":\\\"" P1 "\\\"}\"}"),
                    { 0 } } },
    };
    static struct ir_choice choices[] = {
        { .set = true, .blocks = { blocks, 3, 3 }, .stop = IR_STOP_CALL },
    };
    *m = (struct ir_reply){ .set = true,
                            .id = STR("r1"),
                            .model = STR("m"),
                            .choices = { choices, 1, 1 },
                            .usage = { .set = true, .input = { 7, true }, .output = { 5, true } } };
}

/* What the reader of a reply sees of it. */
static void
check_reply(const struct xd_dialect *d, const struct ir_reply *m)
{
    struct json_doc doc;
    struct fault f;
    bool text = false;
    assert_int_equal(m->choices.n, 1);
    for (unsigned i = 0; i < m->choices.v[0].blocks.n; i++) {
        const struct ir_block *b = &m->choices.v[0].blocks.v[i];
        if (b->kind == IR_BLOCK_TEXT) {
            if (!str_is(b->text.text, "Dear ann@example.org, your key is k\"1\n2\\. "
                                      "[email:000000000000] is not yours."))
                fail_msg("%s: %.*s", d->name, STR_ARG(b->text.text));
            text = true;
        } else if (b->kind == IR_BLOCK_THINKING) {
            assert_true(str_is(b->thinking.text, "Hm, ann@example.org?"));
        } else if (b->kind == IR_BLOCK_CALL) {
            json_doc_init(&doc);
            if (json_doc_parse(&doc, b->call.arguments, &f))
                fail_msg("%s: %s in %.*s", d->name, f.text, STR_ARG(b->call.arguments));
            if (!has(b->call.arguments, "\"ann@example.org\"")
                || !has(b->call.arguments, "\"{\\\"key\\\":\\\"k\\\\\\\"1\\\\n2\\\\\\\\\\\"}\""))
                fail_msg("%s: %.*s", d->name, STR_ARG(b->call.arguments));
            json_doc_fini(&doc);
        }
    }
    if (!text)
        fail_msg("%s: no text", d->name);
    assert_int_equal(m->usage.input.v, 7);
    assert_int_equal(m->usage.output.v, 5);
}

static void
stream_through(const struct xd_dialect *d, const struct vault *v, struct arena *a, struct str bytes,
               struct dice *dice)
{
    struct ir_collector collector;
    struct ir_grammar grammar = { .state = IR_GRAMMAR_START };
    struct restoring r, twin;
    struct xd_reader reader;
    ir_collector_init(&collector, a);
    restoring_init(&r, v, ir_collector_event, &collector);
    restoring_init(&twin, v, ir_grammar_event, &grammar);
    for (int pass = 0; pass < 2; pass++) {
        xd_reader_init(&reader, d, XD_OP_CHAT, a, restoring_event, pass ? &twin : &r);
        for (size_t at = 0; at < bytes.n;) {
            size_t n = 1 + dice_roll(dice, 40);
            n = n < bytes.n - at ? n : bytes.n - at;
            assert_int_equal(xd_reader_feed(&reader, bytes.p + at, n), ERR_OK);
            at += n;
        }
        assert_int_equal(xd_reader_end(&reader), ERR_OK);
        xd_reader_fini(&reader);
    }
    assert_true(collector.ended && !r.err && !collector.err);
    if (!ir_grammar_ok(&grammar))
        fail_msg("%s: %s", d->name, grammar.why);
    check_reply(d, &collector.reply);
    restoring_fini(&r);
    restoring_fini(&twin);
}

/* Cut every text of the reply into pieces of a few bytes, as models do. */
struct cutter {
    struct xd_writer *w;
    struct dice *dice;
};

static void
cut_event(void *ctx, const struct ir_event *e)
{
    struct cutter *c = ctx;
    struct str *whole, all;
    if (e->kind != IR_EVENT_GROW) {
        xd_writer_event(c->w, e);
        return;
    }
    struct ir_block b = *e->block;
    struct ir_event copy = *e;
    copy.block = &b;
    whole = b.kind == IR_BLOCK_TEXT       ? &b.text.text
            : b.kind == IR_BLOCK_THINKING ? &b.thinking.text
                                          : &b.call.arguments;
    all = *whole;
    for (size_t at = 0; at < all.n;) {
        size_t n = 1 + dice_roll(c->dice, 6);
        n = n < all.n - at ? n : all.n - at;
        *whole = str_make(all.p + at, n);
        xd_writer_event(c->w, &copy);
        at += n;
    }
}

static void
streams_of_every_dialect_are_restored(void **state)
{
    struct dice dice = { 3 };
    struct vault v;
    (void)state;
    fill(&v);
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        struct arena a;
        struct buf out;
        struct xd_writer w;
        struct ir_reply m;
        if (!xd_op(*d, XD_OP_CHAT))
            continue;
        for (unsigned round = 0; round < 5; round++) {
            arena_init(&a, 64u << 20);
            buf_init(&out, 16u << 20);
            make_reply(&m);
            xd_writer_init(&w, *d, XD_OP_CHAT, &a, &out, XD_USAGE_WRITE);
            struct cutter c = { &w, &dice };
            ir_reply_speak(&m, cut_event, &c);
            assert_int_equal(w.x.err, ERR_OK);
            stream_through(*d, &v, &a, buf_str(&out), &dice);
            xd_writer_fini(&w);
            buf_fini(&out);
            arena_fini(&a);
        }
    }
    vault_fini(&v);
}

static void
documents_of_every_dialect_are_restored(void **state)
{
    struct vault v;
    (void)state;
    fill(&v);
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        struct arena a;
        struct buf out, restored;
        struct ir_reply m;
        struct ir_error e;
        struct xd x;
        if (!xd_op(*d, XD_OP_CHAT))
            continue;
        arena_init(&a, 64u << 20);
        buf_init(&out, 16u << 20);
        buf_init(&restored, 16u << 20);
        make_reply(&m);
        xd_init(&x, *d, XD_OP_CHAT, &a, &out);
        assert_int_equal(xd_reply_write(&x, &m), ERR_OK);
        xd_fini(&x);
        xd_init(&x, *d, XD_OP_CHAT, &a, NULL);
        assert_int_equal(xd_reply_read(&x, buf_str(&out), &m, &e), ERR_OK);
        assert_true(restoring_document(&v, &x.doc, &m, &restored) >= 2);
        restoring_reply(&v, &a, &m);
        check_reply(*d, &m);
        xd_fini(&x);
        xd_init(&x, *d, XD_OP_CHAT, &a, NULL);
        if (xd_reply_read(&x, buf_str(&restored), &m, &e))
            fail_msg("%s: %s: %.*s", (*d)->name, x.fault.text, STR_ARG(buf_str(&restored)));
        check_reply(*d, &m);
        xd_fini(&x);
        buf_fini(&restored);
        buf_fini(&out);
        arena_fini(&a);
    }
    vault_fini(&v);
}

/* --- streams that are not like others ------------------------------------------------------ */

struct story {
    struct buf text; /* what the sink saw */
};

static void
tell(void *ctx, const struct ir_event *e)
{
    struct story *s = ctx;
    const struct ir_block *b = e->block;
    switch (e->kind) {
    case IR_EVENT_OPEN:
        buf_puts(&s->text, STR("("));
        break;
    case IR_EVENT_GROW:
        if (b->kind == IR_BLOCK_THINKING && b->thinking.signature.n)
            buf_printf(&s->text, "%.*s~%.*s|", STR_ARG(b->thinking.text),
                       STR_ARG(b->thinking.signature));
        else
            buf_printf(&s->text, "%.*s|",
                       STR_ARG(b->kind == IR_BLOCK_THINKING ? b->thinking.text : b->text.text));
        break;
    case IR_EVENT_CLOSE:
        buf_puts(&s->text, STR(")"));
        break;
    case IR_EVENT_FAIL:
        buf_puts(&s->text, STR("!"));
        break;
    default:
        break;
    }
}

static const struct {
    enum ir_block_kind kind;
    const char *pieces[8]; /* "~": the signature; NULL: the end */
    bool breaks;
    const char *told;
} stories[] = {
    { IR_BLOCK_TEXT, { "a [ema", "il:0123456789", "ab] b" }, false, "(a |ann@example.org b|)" },
    { IR_BLOCK_TEXT, { "a [ema", "il" }, false, "(a |[email|)" },
    { IR_BLOCK_TEXT, { "a [ema", "il" }, true, "(a |[email|!" },
    { IR_BLOCK_TEXT, { "[", "[", "x" }, false, "([|[x|)" },
    { IR_BLOCK_THINKING, { "no", "thing", "~" }, false, "(no|thing|~S|)" },
    { IR_BLOCK_THINKING, { "I ", P0, " so", "~" }, false, "(I |" P0 " so|~S|)" },
    { IR_BLOCK_THINKING, { "I ", P0, " so" }, false, "(I |ann@example.org so|)" },
    { IR_BLOCK_THINKING, { "I [em", "ail:0123456789ab]", "!" }, false, "(I |ann@example.org!|)" },
    { IR_BLOCK_THINKING, { "I [em", "ail:0123456789ab]", "~" }, false, "(I |" P0 "|~S|)" },
    { IR_BLOCK_THINKING, { "I [em", "~" }, false, "(I |[em|~S|)" },
    { IR_BLOCK_THINKING, { "I [em", "x" }, false, "(I |[emx|)" },
    { IR_BLOCK_THINKING, { "I " P0 "." }, true, "(I ann@example.org.|!" },
};

static void
streams_tell_what_is_to_be_told(void **state)
{
    struct vault v;
    (void)state;
    fill(&v);
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        struct story s;
        struct restoring r;
        struct ir_block b = { .kind = stories[i].kind };
        struct ir_event e = { .kind = IR_EVENT_OPEN, .block = &b };
        buf_init(&s.text, 4096);
        restoring_init(&r, &v, tell, &s);
        restoring_event(&r, &e);
        e.kind = IR_EVENT_GROW;
        for (unsigned k = 0; stories[i].pieces[k]; k++) {
            struct str piece = str_from(stories[i].pieces[k]);
            b = (struct ir_block){ .kind = stories[i].kind };
            if (str_is(piece, "~"))
                b.thinking.signature = STR("S");
            else if (b.kind == IR_BLOCK_THINKING)
                b.thinking.text = piece;
            else
                b.text.text = piece;
            restoring_event(&r, &e);
        }
        e.kind = stories[i].breaks ? IR_EVENT_FAIL : IR_EVENT_CLOSE;
        restoring_event(&r, &e);
        assert_int_equal(r.err, ERR_OK);
        if (!str_is(buf_str(&s.text), stories[i].told))
            fail_msg("%zu: %.*s, not %s", i, STR_ARG(buf_str(&s.text)), stories[i].told);
        restoring_fini(&r);
        buf_fini(&s.text);
    }
    vault_fini(&v);
}

/* Thinking of the lengths, with a placeholder before, between and behind: it waits from the first one on, until too much
 * does.  What is told of it is the text alone. */
static void
think_long(size_t first, size_t second, struct buf *told)
{
    struct vault v;
    struct restoring r;
    struct story s;
    struct ir_block b = { .kind = IR_BLOCK_THINKING };
    struct ir_event e = { .kind = IR_EVENT_OPEN, .block = &b };
    char *fill_text = malloc(first > second ? first : second);
    assert_non_null(fill_text);
    memset(fill_text, 'x', first > second ? first : second);
    const struct str pieces[] = { STR(P0), str_make(fill_text, first), STR(P0),
                                  str_make(fill_text, second), STR(P0) };
    fill(&v);
    buf_init(&s.text, 8 << 20);
    restoring_init(&r, &v, tell, &s);
    restoring_event(&r, &e);
    e.kind = IR_EVENT_GROW;
    for (unsigned i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        b = (struct ir_block){ .kind = IR_BLOCK_THINKING };
        b.thinking.text = pieces[i];
        restoring_event(&r, &e);
    }
    e.kind = IR_EVENT_CLOSE;
    restoring_event(&r, &e);
    assert_int_equal(r.err, ERR_OK);
    for (size_t i = 0; i < s.text.n; i++)
        if (!strchr("(|)", s.text.p[i]))
            buf_putc(told, s.text.p[i]);
    restoring_fini(&r);
    buf_fini(&s.text);
    vault_fini(&v);
    free(fill_text);
}

static size_t
count_of(struct str text, struct str what)
{
    size_t n = 0;
    for (size_t at = 0; at + what.n <= text.n; at++)
        n += str_starts(str_skip(text, at), what);
    return n;
}

static void
thinking_waits_up_to_a_mebibyte(void **state)
{
    const size_t half = (size_t)512 << 10;
    struct buf told;
    (void)state;
    buf_init(&told, 8 << 20);
    think_long(half - 1000, half - 1000, &told);
    assert_int_equal(count_of(buf_str(&told), STR("ann@example.org")), 3);
    assert_int_equal(count_of(buf_str(&told), STR(P0)), 0);
    assert_int_equal(told.n, 2 * (half - 1000) + 3 * strlen("ann@example.org"));
    buf_clear(&told);
    think_long(half, half, &told);
    assert_int_equal(count_of(buf_str(&told), STR("ann@example.org")), 0);
    assert_int_equal(count_of(buf_str(&told), STR(P0)), 3);
    assert_int_equal(told.n, 2 * half + 3 * strlen(P0));
    buf_fini(&told);
}

/* Put values into a document, so many times. */
static struct str
restore(struct str document, unsigned times, struct arena *a, struct buf *out)
{
    struct ir_reply m;
    struct ir_error e;
    struct vault v;
    struct xd x;
    fill(&v);
    buf_init(out, 1 << 20);
    xd_init(&x, xd_find(STR("anthropic.messages")), XD_OP_CHAT, a, NULL);
    assert_int_equal(xd_reply_read(&x, document, &m, &e), ERR_OK);
    assert_int_equal(restoring_document(&v, &x.doc, &m, out), times);
    xd_fini(&x);
    vault_fini(&v);
    return buf_str(out);
}

/* In a document, too, what is signed stays. */
static void
signed_thinking_stays_in_documents(void **state)
{
    static const char document[] =
        "{\"id\":\"i\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[{"
        "\"type\":\"thinking\",\"thinking\":\"\\u0041 " P0 "\",\"signature\":\"S\"},{\"type\":"
        "\"thinking\",\"thinking\":\"B " P0 "\"},{\"type\":\"text\",\"text\":\"A " P0 " " P1
        "\"}],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}";
    struct arena a;
    struct buf out;
    (void)state;
    arena_init(&a, 1 << 20);
    struct str got = restore(str_from(document), 3, &a, &out);
    assert_true(has(got, "\\u0041 " P0));
    assert_true(has(got, "B ann@example.org"));
    assert_true(has(got, "A ann@example.org k\\\"1\\n2\\\\\""));
    buf_fini(&out);
    arena_fini(&a);
}

/* Twice the same thought, and once the same words that nobody has signed: escaped or not, before it and behind. */
static void
equal_thoughts_are_told_apart(void **state)
{
    static const char *const thoughts[] = { "A " P0, "\\u0041 " P0 };
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct arena a;
        struct buf out;
        arena_init(&a, 1 << 20);
        const char *t = thoughts[i];
        struct str document = arena_printf(
            &a,
            "{\"id\":\"i\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[{"
            "\"type\":\"text\",\"text\":\"%s\"},{\"type\":\"thinking\",\"thinking\":\"%s\",\"signature\":"
            "\"S1\"},{\"type\":\"thinking\",\"signature\":\"S2\",\"thinking\":\"%s\"},{\"type\":\"text\","
            "\"text\":\"%s\"}],\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":1,"
            "\"output_tokens\":1}}",
            t, t, t, t);
        struct str signed_twice = arena_printf(
            &a,
            "{\"type\":\"thinking\",\"thinking\":\"%s\",\"signature\":\"S1\"},{\"type\":\"thinking\","
            "\"signature\":\"S2\",\"thinking\":\"%s\"}",
            t, t);
        struct str got = restore(document, 2, &a, &out);
        if (!has(got, signed_twice.p))
            fail_msg("%.*s", STR_ARG(got));
        buf_fini(&out);
        arena_fini(&a);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_of_every_dialect_are_restored),
        cmocka_unit_test(documents_of_every_dialect_are_restored),
        cmocka_unit_test(streams_tell_what_is_to_be_told),
        cmocka_unit_test(thinking_waits_up_to_a_mebibyte),
        cmocka_unit_test(signed_thinking_stays_in_documents),
        cmocka_unit_test(equal_thoughts_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
