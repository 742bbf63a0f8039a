/* Redaction of any bytes: in pieces cut anywhere the same as in one; and what was masked is not found again. */
#include <stdint.h>
#include <stdlib.h>

#include "runtime/redact/search.h"
#include "runtime/redact/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
feed(struct redact_stream *s, const char *p, size_t n, struct buf *out)
{
    /* A copy, so that reading behind its end is seen. */
    char *copy = malloc(n ? n : 1);
    memcpy(copy, p, n);
    if (redact_stream_feed(s, copy, n, out))
        abort();
    free(copy);
}

/* With a look behind escapes: no less is found, and each match lies behind the one before. */
static void
unfold(struct str text, size_t least)
{
    static const struct redact_rules rules = { .which = REDACT_ALL, .unfold = true };
    struct redact_search s;
    struct redact_match m;
    size_t from = 0, hidden = 0;
    redact_search_begin(&s, &rules, redact_script_bare(text));
    for (; redact_search_next(&s, from, &m); from = m.at + m.n) {
        if (m.at < from || m.n == 0 || m.n > text.n - m.at)
            abort();
        hidden += m.n;
    }
    redact_search_end(&s);
    if (hidden < least)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct redact_rules rules = { .which = REDACT_ALL };
    struct redact_stream s;
    struct redact_match m;
    struct buf whole, parts;
    if (n < 2)
        return 0;
    unsigned step = data[0] % 64 + 1u, turn = data[1];
    char *text = malloc(n - 2 ? n - 2 : 1);
    memcpy(text, data + 2, n - 2);
    n -= 2;
    buf_init(&whole, 64 << 20);
    buf_init(&parts, 64 << 20);
    size_t found = redact_text(&whole, &rules, str_make(text, n));
    redact_stream_init(&s, &rules);
    for (size_t at = 0, size; at < n; at += size) {
        turn = turn * 5 + 3;
        size = 1 + turn % step;
        size = size < n - at ? size : n - at;
        feed(&s, text + at, size, &parts);
    }
    if (redact_stream_end(&s, &parts) || !str_eq(buf_str(&whole), buf_str(&parts))
        || s.found != found)
        abort();
    size_t hidden = 0;
    for (size_t from = 0; redact_next(str_make(text, n), REDACT_ALL, from, &m); from = m.at + m.n) {
        if (m.at < from || m.n == 0 || m.n > n - m.at)
            abort();
        hidden += m.n;
    }
    unfold(str_make(text, n), hidden ? 1 : 0);
    redact_stream_fini(&s);
    buf_fini(&parts);
    buf_fini(&whole);
    free(text);
    return 0;
}
