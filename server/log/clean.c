/* A small table of texts, in which each has one of two slots: the newer text is in the first. */
#include "server/log/clean.h"

#define TEXT_MAX 64u
#define PAIRS    16u /* a power of two */

struct slot {
    uint64_t masker; /* its number */
    size_t n;        /* 0: free */
    char text[TEXT_MAX];
};

static struct slot *
pair_of(struct str s)
{
    static _Thread_local struct slot slots[PAIRS][2];
    unsigned first = (unsigned char)s.p[0], middle = (unsigned char)s.p[s.n / 2],
             last = (unsigned char)s.p[s.n - 1];
    return slots[(s.n + 3 * first + 5 * middle + 7 * last) % PAIRS];
}

static bool
has(const struct slot *slot, const struct masker *m, struct str text)
{
    return slot->n == text.n && slot->masker == masker_number(m)
           && memcmp(slot->text, text.p, text.n) == 0;
}

bool
clean_knows(const struct masker *m, struct str text)
{
    if (text.n == 0 || text.n > TEXT_MAX)
        return false;
    const struct slot *pair = pair_of(text);
    return has(&pair[0], m, text) || has(&pair[1], m, text);
}

void
clean_remember(const struct masker *m, struct str text)
{
    if (text.n == 0 || text.n > TEXT_MAX || clean_run(text) < text.n)
        return;
    struct slot *pair = pair_of(text);
    pair[1] = pair[0];
    pair[0].masker = masker_number(m);
    pair[0].n = text.n;
    memcpy(pair[0].text, text.p, text.n);
}

size_t
clean_run(struct str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7f && s.p[n] != '"' && s.p[n] != '\\')
        n++;
    return n;
}
