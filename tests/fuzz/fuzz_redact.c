/* Redaction of any bytes: matches lie one behind the other, and where a text breaks off nothing is decided that what follows
 * would change. */
#include <stdint.h>
#include <stdlib.h>

#include "runtime/redact/search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* With `cut` bytes of the text there. */
static void
break_off(struct str text, size_t cut)
{
    struct redact_match m = { .at = 0 }, want = { .at = 0 };
    char *there = malloc(cut ? cut : 1); /* reading behind it is seen */
    memcpy(there, text.p, cut);
    while (redact_next_open(str_make(there, cut), REDACT_ALL, m.at + m.n, &m) == REDACT_MATCH)
        if (!redact_next(text, REDACT_ALL, want.at + want.n, &want) || want.at != m.at
            || want.kind != m.kind || (want.n != m.n && m.at + m.n != cut))
            abort();
    if (m.at > cut || (redact_next(text, REDACT_ALL, want.at + want.n, &want) && want.at < m.at))
        abort();
    free(there);
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
    enum { CUTS = 16 };
    struct redact_match m;
    if (n < 2)
        return 0;
    unsigned step = data[0] % 64 + 1u, turn = data[1];
    char *copy = malloc(n - 2 ? n - 2 : 1);
    memcpy(copy, data + 2, n - 2);
    struct str text = str_make(copy, n - 2);
    size_t cut = 0;
    for (unsigned i = 0; i < CUTS && cut < text.n; i++) {
        turn = turn * 5 + 3;
        cut += 1 + turn % step;
        break_off(text, cut < text.n ? cut : text.n);
    }
    size_t hidden = 0;
    for (size_t from = 0; redact_next(text, REDACT_ALL, from, &m); from = m.at + m.n) {
        if (m.at < from || m.n == 0 || m.n > text.n - m.at)
            abort();
        hidden += m.n;
    }
    unfold(text, hidden);
    free(copy);
    return 0;
}
