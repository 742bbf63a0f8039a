/* Hostile streams end as they should, whatever the cuts, in both dialects.
 *
 * The table says what each stream amounts to; it was written from the corpus's own index, not from
 * what our code does.  Streams of the framings that are not compiled in yet are only counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/base/utf8.h"
#include "tests/corpus/carry.h"
#include "tests/corpus/plain.h"
#include "tests/corpus/wire.h"

#define OUT_BYTES_MAX   ((size_t)16 << 20)
#define ARENA_BYTES_MAX ((size_t)256 << 20)

/* Streams up to this are cut at every point.  One of a megabyte is not: at every point of its edges,
 * and here and there in the middle. */
#define EVERY_POINT_MAX ((size_t)64 << 10)
#define EDGE_BYTES      512u
#define MIDDLE_POINTS   256u

#define CHAT          "openai.chat"
#define MESSAGES      "anthropic.messages"
#define PARTS         "google.generate"
#define MADE_ID_BYTES 29u
#define CONVERSE      "bedrock.converse"
#define CUT_OFF       "the stream was cut off before its end"
#define CUT_IN        "the stream was cut off inside of an event"

struct expected {
    const char *file; /* of sse/, without its ending, or with folder and ending */
    const char *from;
    struct str text;
    const char *thinking;
    const char *calls; /* "id name arguments" a line; made_1: an id that we made */
    enum plain_stop stop;
    int prompt, completion, cached; /* 0 0: no usage was said */
    const char *error;              /* NULL: the stream ends well */
};

#define HELLO STR_INIT("H\xc3\xa9llo \xf0\x9f\x98\x80")
#define HE    STR_INIT("H\xc3\xa9")
#define FFFD  "\xef\xbf\xbd"
#define LS    "\xe2\x80\xa8"
#define PS    "\xe2\x80\xa9"
#define GREETING(file) \
    { \
        file, CHAT, HELLO, "", "", PLAIN_STOP_END, 3, 2, 0, NULL \
    }
/* The binary counterpart of the greeting. */
#define MESSAGE(file) \
    { \
        "eventstream/" file ".bin", CONVERSE, HE, "", "", PLAIN_STOP_END, 18, 2, 10, NULL \
    }
#define FAILED(file, text, error) \
    { \
        "eventstream/" file ".bin", CONVERSE, text, "", "", PLAIN_STOP_NONE, 0, 0, 0, error \
    }
#define TEXT(file, text) \
    { \
        file, CHAT, STR_INIT(text), "", "", PLAIN_STOP_END, 0, 0, 0, NULL \
    }
#define CALLS(file, calls) \
    { \
        file, CHAT, STR_INIT(""), "", calls, PLAIN_STOP_CALL, 0, 0, 0, NULL \
    }
#define BROKEN(file, from, text, error) \
    { \
        file, from, text, "", "", PLAIN_STOP_NONE, 0, 0, 0, error \
    }

static const struct expected table[] = {
    GREETING("01-lf"),
    GREETING("02-crlf"),
    GREETING("03-cr-only"),
    GREETING("04-mixed-eol"),
    GREETING("05-bom"),
    GREETING("06-no-space"),
    GREETING("07-two-spaces"),
    GREETING("08-comments"),
    TEXT("09-multiline-data", "multi"),
    GREETING("10-no-final-blank"),
    GREETING("11-no-done-but-finish"),
    BROKEN("12-truncated-no-finish", CHAT, HELLO, CUT_OFF),
    BROKEN("13-truncated-mid-json", CHAT, HE, CUT_IN),
    BROKEN("14-truncated-mid-utf8", CHAT, HE, CUT_IN),
    TEXT("15-invalid-utf8", "Ax" FFFD "y" FFFD "("),
    TEXT("16-surrogate-pair-escape", "\xf0\x9f\x98\x80"),
    TEXT("17-lone-surrogate-escape", "a" FFFD " b" FFFD),
    TEXT("18-surrogate-split-over-deltas", "\xf0\x9f\x98\x80"),
    TEXT("19-nul-and-controls", "a\0b\x1f"
                                "c"),
    TEXT("20-u2028", "l1" LS "l2" PS),
    CALLS("21-bigint", "t f {\"id\":2512292042121000001,\"x\":1.0,\"e\":1E400,\"z\":-0}\n"),
    TEXT("22-dup-keys", "y"),
    BROKEN("23-deep-nesting", CHAT, STR_INIT(""),
           "event at byte 0: json: deeper than 512 levels at byte 597"),
    TEXT("24-huge-line", "AAAA"),
    GREETING("25-empty-data"),
    GREETING("26-id-retry-fields"),
    GREETING("27-unknown-field"),
    BROKEN("28-error-data-midstream", CHAT, HE, "The server had an error"),
    BROKEN("29-error-event-groq", CHAT, HE, "Tool call validation failed"),
    BROKEN("30-error-with-choices-openrouter", CHAT, HE, "Provider disconnected"),
    BROKEN("31-error-field-llamabox", CHAT, HE, "failed to decode"),
    BROKEN("32-plain-json-error-on-200", CHAT, STR_INIT(""), "boom"),
    BROKEN("33-html-on-200", CHAT, STR_INIT(""),
           "expected an event stream, found a web page: 502 Bad Gateway"),
    CALLS("34-interleaved-tools", "a fa {\"x\":1}\nb fb {\"y\":2}\n"),
    CALLS("35-tool-index-starts-at-1", "a fa {}\n"),
    CALLS("36-tool-no-index", "a fa {\"x\":1}\nb fb {}\n"),
    CALLS("37-tool-same-index-new-id", "a fa {}\nb fb {}\n"),
    CALLS("38-tool-empty-id-in-cont", "a fa {\"q\":1}\n"),
    CALLS("39-tool-empty-args", "a now {}\n"),
    CALLS("40-tool-args-null", "a now {}\n"),
    CALLS("41-finish-stop-with-tools", "a fa {}\n"),
    { "42-finish-repeated", CHAT, STR_INIT("x"), "", "", PLAIN_STOP_END, 3, 2, 0, NULL },
    { "43-finish-empty-string", CHAT, STR_INIT("x"), "", "", PLAIN_STOP_END, 3, 2, 0, NULL },
    { "44-usage-every-chunk", CHAT, STR_INIT("ab"), "", "", PLAIN_STOP_END, 3, 2, 0, NULL },
    GREETING("45-azure-first"),
    GREETING("46-azure-async-filter"),
    TEXT("47-n2-interleaved", "ab"),
    { "48-content-array-mistral", CHAT, STR_INIT("ok"), "hm", "", PLAIN_STOP_END, 0, 0, 0, NULL },
    { "49-reasoning-names", CHAT, STR_INIT("t"), "abc", "", PLAIN_STOP_END, 0, 0, 0, NULL },
    TEXT("50-think-tags", "<think>why</think>\n\nok"),
    GREETING("51-data-after-done"),
    BROKEN("52-anthropic-overloaded-first", MESSAGES, STR_INIT(""), "Overloaded"),
    BROKEN("53-anthropic-overloaded-mid", MESSAGES, STR_INIT("Hi"), "Overloaded"),
    BROKEN("54-anthropic-no-message-stop", MESSAGES, STR_INIT("Hi"), CUT_OFF),
    { "55-anthropic-unknown-events", MESSAGES, STR_INIT(""), "", "", PLAIN_STOP_END, 18, 4, 10,
      NULL },
    MESSAGE("01-ok"),
    FAILED("02-throttlingException", HE, "boom"),
    FAILED("02-modelStreamErrorException", HE, "boom"),
    FAILED("02-internalServerException", HE, "boom"),
    FAILED("02-serviceUnavailableException", HE, "boom"),
    FAILED("02-validationException", HE, "boom"),
    FAILED("02-modelTimeoutException", HE, "boom"),
    FAILED("03-error-frame", STR_INIT(""), "An internal server error occurred"),
    FAILED("04-bad-message-crc", STR_INIT(""), "the checksum of a message is wrong at byte 118"),
    FAILED("05-bad-prelude", STR_INIT(""),
           "the checksum of a message's lengths is wrong at byte 118"),
    /* It had said why it stopped; its usage is lost. */
    { "eventstream/06-truncated.bin", CONVERSE, HE, "", "", PLAIN_STOP_END, 0, 0, 0, NULL },
    FAILED("07-huge-length", STR_INIT(""), "an event is larger than 16777216 bytes at byte 0"),
    FAILED("08-headers-longer-than-frame", STR_INIT(""),
           "a message is shorter than what it holds at byte 0"),
    MESSAGE("09-all-header-types"),
    MESSAGE("10-unknown-event"),
    MESSAGE("11-metadata-before-stop"),
    MESSAGE("12-initial-response"),
    { "gemini/01-fc-then-empty-stop.sse", PARTS, STR_INIT(""), "", "made_1 f {}\n", PLAIN_STOP_CALL,
      3, 6, 0, NULL },
    { "gemini/02-array-stream.json", PARTS, STR_INIT("ab"), "", "", PLAIN_STOP_END, 0, 0, 0, NULL },
    { "gemini/03-blocked-prompt.sse", PARTS, STR_INIT(""), "", "", PLAIN_STOP_REFUSAL, 3, 0, 0,
      NULL },
    { "gemini/04-no-content-key.sse", PARTS, STR_INIT(""), "", "", PLAIN_STOP_REFUSAL, 0, 0, 0,
      NULL },
    { "gemini/05-error-midstream.sse", PARTS, STR_INIT("a"), "", "", PLAIN_STOP_NONE, 0, 0, 0,
      "The model is overloaded." },
    { "gemini/06-two-calls-same-name.sse", PARTS, STR_INIT(""), "",
      "made_1 f {\"a\":1}\nmade_2 f {\"a\":2}\n", PLAIN_STOP_CALL, 0, 0, 0, NULL },
};
#define N_TABLE (sizeof table / sizeof *table)

static const char *const targets[] = { CHAT, MESSAGES };

static struct str
load(struct arena *a, const struct expected *e)
{
    bool plain = !strchr(e->file, '/');
    const char *name =
        arena_printf(a, plain ? "adversarial/sse/%s.sse" : "adversarial/%s", e->file).p;
    struct str bytes = wire_file(a, wire_path(a, name));
    if (!bytes.n)
        fail_msg("%s is missing from the corpus", name);
    return bytes;
}

static const struct xd_dialect *
dialect(const char *name)
{
    return xd_find(str_from(name));
}

/* What the table's text abbreviates. */
static struct str
full_text(struct arena *a, const struct expected *e)
{
    if (strcmp(e->file, "24-huge-line") != 0)
        return e->text;
    char *p = arena_bytes(a, 1u << 20);
    assert_non_null(p);
    memset(p, 'A', 1u << 20);
    return str_make(p, 1u << 20);
}

static void
expect_calls(struct arena *a, const struct expected *e, const struct plain *p)
{
    struct str got = STR("");
    for (unsigned i = 0; i < p->ncalls; i++) {
        struct str id = p->call[i].id;
        for (unsigned k = 0; k < i; k++)
            if (str_eq(id, p->call[k].id))
                fail_msg("%s: two calls have the id %.*s", e->file, STR_ARG(id));
        if (id.n == MADE_ID_BYTES && str_starts(id, STR("call_")))
            id = arena_printf(a, "made_%u", i + 1);
        got = arena_printf(a, "%.*s%.*s %.*s %.*s\n", STR_ARG(got), STR_ARG(id),
                           STR_ARG(p->call[i].name), STR_ARG(p->call[i].arguments));
    }
    if (!str_is(got, e->calls))
        fail_msg("%s: calls are \"%.*s\"", e->file, STR_ARG(got));
}

static void
expect_end(const struct expected *e, const struct plain *p)
{
    if (p->done == (e->error != NULL))
        fail_msg("%s: %s", e->file,
                 p->done ? "a failed stream has a last word" : "the last word is missing");
    if (e->error && !str_is(p->error, e->error))
        fail_msg("%s: the error is \"%.*s\"", e->file, STR_ARG(p->error));
    if (!e->error && p->error.p)
        fail_msg("%s: an error: %.*s", e->file, STR_ARG(p->error));
    if (!e->error && p->stop != e->stop)
        fail_msg("%s: the stop is %d", e->file, p->stop);
}

static void
expect_usage(const struct expected *e, const struct plain *p)
{
    const struct plain_usage *u = &p->usage;
    if (e->error)
        return;
    if (u->prompt != e->prompt || u->completion != e->completion || u->cached != e->cached
        || u->total != e->prompt + e->completion)
        fail_msg("%s: the usage is %d + %d = %d, cached %d", e->file, (int)u->prompt,
                 (int)u->completion, (int)u->total, (int)u->cached);
}

/* What was written says what the table says. */
static void
expect(struct arena *a, const struct expected *e, const char *to, struct str written)
{
    struct plain p;
    struct str text = full_text(a, e);
    if (utf8_valid(written.p, written.n) != written.n)
        fail_msg("%s: the output is not UTF-8", e->file);
    plain_read(&p, to, PLAIN_STREAM, written, a);
    if (p.unreadable)
        fail_msg("%s: the output has a frame that is not JSON", e->file);
    if (!str_eq(p.text, text))
        fail_msg("%s to %s: the text is \"%.*s\"", e->file, to, STR_ARG(p.text));
    if (!str_is(p.thinking, e->thinking))
        fail_msg("%s to %s: the thinking is \"%.*s\"", e->file, to, STR_ARG(p.thinking));
    expect_calls(a, e, &p);
    expect_end(e, &p);
    expect_usage(e, &p);
}

/* Carry the stream in pieces: [0, first), then pieces of the given size. */
static void
carry_cut(const struct expected *e, const char *to, struct str bytes, size_t first, size_t size,
          struct buf *out)
{
    struct carry c;
    buf_clear(out);
    carry_init(&c, dialect(e->from), dialect(to), out);
    carry_feed(&c, str_make(bytes.p, first));
    for (size_t at = first; at < bytes.n; at += size)
        carry_feed(&c, str_make(bytes.p + at, bytes.n - at < size ? bytes.n - at : size));
    enum err err = carry_end(&c);
    if (!ir_grammar_ok(&c.grammar))
        fail_msg("%s cut at %zu: %s", e->file, first, c.grammar.why);
    if ((err != ERR_OK) != (e->error != NULL))
        fail_msg("%s cut at %zu: %s", e->file, first, c.reader.x.fault.text);
    carry_fini(&c);
}

typedef void each_fn(struct arena *a, const struct expected *e, const char *to, struct str bytes,
                     struct buf *out);

/* Every stream of the table into every dialect. */
static void
each(each_fn *fn)
{
    struct arena a;
    struct buf out;
    arena_init(&a, ARENA_BYTES_MAX);
    buf_init(&out, OUT_BYTES_MAX);
    for (size_t i = 0; i < N_TABLE; i++)
        for (size_t t = 0; t < sizeof targets / sizeof *targets; t++) {
            fn(&a, &table[i], targets[t], load(&a, &table[i]), &out);
            arena_reset(&a);
        }
    buf_fini(&out);
    arena_fini(&a);
}

static void
whole(struct arena *a, const struct expected *e, const char *to, struct str bytes, struct buf *out)
{
    carry_cut(e, to, bytes, bytes.n, 1, out);
    expect(a, e, to, buf_str(out));
}

static void
hostile_streams_end_as_they_should(void **state)
{
    (void)state;
    WIRE_REQUIRE();
    each(whole);
}

/* The place of the next cut. */
static size_t
next_cut(size_t at, size_t n)
{
    bool edge = at < EDGE_BYTES || at + EDGE_BYTES >= n;
    size_t next = n <= EVERY_POINT_MAX || edge ? at + 1 : at + n / MIDDLE_POINTS;
    return !edge && next + EDGE_BYTES > n ? n - EDGE_BYTES : next;
}

static void
in_two(struct arena *a, const struct expected *e, const char *to, struct str bytes, struct buf *out)
{
    carry_cut(e, to, bytes, bytes.n, 1, out);
    struct str want = arena_str(a, buf_str(out));
    for (size_t at = 0; at < bytes.n; at = next_cut(at, bytes.n)) {
        carry_cut(e, to, bytes, at, bytes.n, out);
        if (!str_eq(buf_str(out), want))
            fail_msg("%s cut at %zu becomes something else in %s", e->file, at, to);
    }
}

static void
a_cut_anywhere_changes_nothing(void **state)
{
    (void)state;
    WIRE_REQUIRE();
    each(in_two);
}

static void
in_bytes(struct arena *a, const struct expected *e, const char *to, struct str bytes,
         struct buf *out)
{
    carry_cut(e, to, bytes, bytes.n, 1, out);
    struct str want = arena_str(a, buf_str(out));
    carry_cut(e, to, bytes, 0, 1, out);
    if (!str_eq(buf_str(out), want))
        fail_msg("%s byte by byte becomes something else in %s", e->file, to);
}

static void
bytes_one_by_one_change_nothing(void **state)
{
    (void)state;
    WIRE_REQUIRE();
    each(in_bytes);
}

static void
the_second_choice_flows_beside_the_first(void **state)
{
    static const struct expected e = { .file = "47-n2-interleaved", .from = CHAT };
    struct arena a;
    struct buf out;
    struct plain p;
    (void)state;
    WIRE_REQUIRE();
    arena_init(&a, ARENA_BYTES_MAX);
    buf_init(&out, OUT_BYTES_MAX);
    struct str bytes = load(&a, &e);
    carry_cut(&e, CHAT, bytes, bytes.n, 1, &out);
    plain_read_choice(&p, 1, CHAT, PLAIN_STREAM, buf_str(&out), &a);
    assert_true(str_is(p.text, "xy"));
    assert_int_equal(p.stop, PLAIN_STOP_LENGTH);
    buf_fini(&out);
    arena_fini(&a);
}

/* name: with its folder */
static bool
is_in_table(struct str name)
{
    struct str plain = str_starts(name, STR("sse/")) ? str_skip(name, 4) : STR("");
    for (size_t i = 0; i < N_TABLE; i++)
        if (str_is(name, table[i].file)
            || (str_starts(plain, str_from(table[i].file)) && plain.n == strlen(table[i].file) + 4))
            return true;
    return false;
}

static void
every_stream_of_our_framings_has_an_expectation(void **state)
{
    struct arena a;
    unsigned ours = 0, others = 0;
    (void)state;
    WIRE_REQUIRE();
    arena_init(&a, ARENA_BYTES_MAX);
    struct str index = wire_file(&a, wire_path(&a, "adversarial/index.tsv"));
    for (const char *line; (line = memchr(index.p, '\n', index.n));
         index = str_skip(index, (size_t)(line - index.p) + 1)) {
        size_t n = 0;
        while (n < index.n && index.p[n] != '\t' && index.p[n] != '\n')
            n++;
        struct str name = { index.p, n };
        if (!str_starts(name, STR("sse/")) && !str_starts(name, STR("eventstream/"))
            && !str_starts(name, STR("gemini/"))) {
            others += memchr(name.p, '/', name.n) != NULL;
            continue;
        }
        ours++;
        if (!is_in_table(name))
            fail_msg("no expectation for %.*s", STR_ARG(name));
    }
    printf("# adversarial: %u streams in %zu dialects, %u not of these framings\n", ours,
           sizeof targets / sizeof *targets, others);
    assert_int_equal(ours, N_TABLE);
    arena_fini(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stream_of_our_framings_has_an_expectation),
        cmocka_unit_test(hostile_streams_end_as_they_should),
        cmocka_unit_test(the_second_choice_flows_beside_the_first),
        cmocka_unit_test(a_cut_anywhere_changes_nothing),
        cmocka_unit_test(bytes_one_by_one_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
