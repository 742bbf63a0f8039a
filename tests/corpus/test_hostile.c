/* Hostile streams of other framings than server-sent events end as they should, whatever the cuts: binary messages,
 * lines, an array in pieces, and what a dialect of parts sends.
 *
 * The table says what each stream amounts to, by the corpus's own index. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/translate.h"
#include "tests/corpus/wire.h"
#include "tests/lib/told.h"

#define NOW 1750000000

struct expected {
    const char *file, *dialect;
    const char *has[3]; /* what the summary of its reply says */
    unsigned calls;     /* how many, each with an id of its own */
};

#define GOOGLE "google.generate"
#define AWS    "bedrock.converse"
#define OLLAMA "ollama.chat"
#define HE     "text \"H\xc3\xa9\""

static const struct expected table[] = {
    { "gemini/01-fc-then-empty-stop.sse", GOOGLE, { " f {}; call |", "3/6", "| end" }, 1 },
    { "gemini/02-array-stream.json", GOOGLE, { "text \"ab\"; end |", "| end" }, 0 },
    { "gemini/03-blocked-prompt.sse", GOOGLE, { "refusal |", "| end" }, 0 },
    { "gemini/04-no-content-key.sse", GOOGLE, { "failed |", "| end" }, 0 },
    { "gemini/05-error-midstream.sse", GOOGLE, { "text \"a\"", "fail overloaded" }, 0 },
    { "gemini/06-two-calls-same-name.sse",
      GOOGLE,
      { " f {\"a\":1}", " f {\"a\":2}", "call |" },
      2 },
    { "eventstream/01-ok.bin", AWS, { HE, "end |", "| end" }, 0 },
    { "eventstream/02-throttlingException.bin", AWS, { HE, "fail rate" }, 0 },
    { "eventstream/02-modelStreamErrorException.bin", AWS, { HE, "fail " }, 0 },
    { "eventstream/02-internalServerException.bin", AWS, { HE, "fail internal" }, 0 },
    { "eventstream/02-serviceUnavailableException.bin", AWS, { HE, "fail overloaded" }, 0 },
    { "eventstream/02-validationException.bin", AWS, { HE, "fail invalid" }, 0 },
    { "eventstream/02-modelTimeoutException.bin", AWS, { HE, "fail timeout" }, 0 },
    { "eventstream/03-error-frame.bin", AWS, { "fail " }, 0 },
    { "eventstream/04-bad-message-crc.bin", AWS, { "fail protocol" }, 0 },
    { "eventstream/05-bad-prelude.bin", AWS, { "fail protocol" }, 0 },
    { "eventstream/06-truncated.bin", AWS, { HE }, 0 },
    { "eventstream/07-huge-length.bin", AWS, { "fail protocol" }, 0 },
    { "eventstream/08-headers-longer-than-frame.bin", AWS, { "fail protocol" }, 0 },
    { "eventstream/09-all-header-types.bin", AWS, { HE, "end |", "| end" }, 0 },
    { "eventstream/10-unknown-event.bin", AWS, { HE, "end |", "| end" }, 0 },
    { "eventstream/11-metadata-before-stop.bin", AWS, { HE, "end |", "| end" }, 0 },
    { "eventstream/12-initial-response.bin", AWS, { HE, "end |", "| end" }, 0 },
    { "ndjson/01-ok.ndjson", OLLAMA, { HE, "end | 3/2 | end" }, 0 },
    { "ndjson/02-crlf-blank-nonl.ndjson", OLLAMA, { HE, "end | 3/2 | end" }, 0 },
    { "ndjson/03-error-mid.ndjson", OLLAMA, { HE, "fail " }, 0 },
    { "ndjson/04-tools-index-omitted.ndjson",
      OLLAMA,
      { " {\"n\":9007199254740993}", " {}", "call |" },
      2 },
    { "ndjson/05-truncated.ndjson", OLLAMA, { "fail protocol" }, 0 },
    { "ndjson/06-no-prompt-eval-count.ndjson", OLLAMA, { "end |", "| end" }, 0 },
};

struct bench {
    struct arena keep, files;
    struct told told;
};

static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    arena_init(&b->keep, 64u << 20);
    arena_init(&b->files, 64u << 20);
    told_init(&b->told);
    *state = b;
    return 0;
}

static int
tear_down(void **state)
{
    struct bench *b = *state;
    arena_fini(&b->keep);
    arena_fini(&b->files);
    told_fini(&b->told);
    free(b);
    return 0;
}

/* In pieces: `first` bytes, then `step` each. */
static void
read_cut(struct bench *b, const struct xd_dialect *d, struct str s, size_t first, size_t step)
{
    struct xd_reader r;
    arena_reset(&b->keep);
    told_clear(&b->told);
    xd_reader_init(&r, d, XD_OP_CHAT, &b->keep, told_event, &b->told);
    r.x.now = NOW;
    enum err err = xd_reader_feed(&r, s.p, first);
    for (size_t at = first, n; at < s.n && !err; at += n) {
        n = step < s.n - at ? step : s.n - at;
        err = xd_reader_feed(&r, s.p + at, n);
    }
    (void)!xd_reader_end(&r);
    assert_int_equal(b->told.ends, 1);
    xd_reader_fini(&r);
    told_check_grammar(&b->told);
}

static unsigned
count(const char *in, const char *what)
{
    unsigned n = 0;
    while ((in = strstr(in, what))) {
        n++;
        in += strlen(what);
    }
    return n;
}

static void
check(struct bench *b, const struct expected *e, const struct xd_dialect *d)
{
    struct str s = wire_file(
        &b->files, wire_path(&b->files, arena_printf(&b->files, "adversarial/%s", e->file).p));
    if (!s.n)
        fail_msg("%s is missing from the corpus", e->file);
    read_cut(b, d, s, s.n, 1);
    const char *said = told_summary(&b->told);
    for (unsigned i = 0; i < 3 && e->has[i]; i++)
        if (!strstr(said, e->has[i]))
            fail_msg("%s: no %s in: %s", e->file, e->has[i], said);
    if (count(said, "call call_") != e->calls)
        fail_msg("%s: not %u calls with ids: %s", e->file, e->calls, said);
    struct str events = arena_str(&b->files, str_from(told_events(&b->told)));
    for (size_t cut = 0; cut <= s.n; cut++) {
        read_cut(b, d, s, cut, s.n + 1);
        if (!str_is(events, told_events(&b->told)))
            fail_msg("%s, cut at %zu:\n%s--- whole:\n%.*s", e->file, cut, told_events(&b->told),
                     STR_ARG(events));
    }
    read_cut(b, d, s, 0, 1);
    assert_true(str_is(events, told_events(&b->told)));
}

static void
hostile_streams_end_as_they_should(void **state)
{
    struct bench *b = *state;
    unsigned absent = 0;
    WIRE_REQUIRE();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct xd_dialect *d = xd_find(str_from(table[i].dialect));
        absent += !d;
        if (d)
            check(b, &table[i], d);
        arena_reset(&b->files);
    }
    printf("# hostile: %zu streams, %u of dialects that are not compiled in\n",
           sizeof table / sizeof *table, absent);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hostile_streams_end_as_they_should, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
