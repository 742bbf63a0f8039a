/* A small table of texts, in which each has but one slot. */
#include "server/log/clean.h"

#define TEXT_MAX 64u
#define SLOTS    16u /* a power of two */

struct slot {
    uint64_t masker; /* its number */
    size_t n;        /* 0: free */
    char text[TEXT_MAX];
};

static struct slot *
slot_of(struct str s)
{
    static _Thread_local struct slot slots[SLOTS];
    unsigned first = (unsigned char)s.p[0], middle = (unsigned char)s.p[s.n / 2],
             last = (unsigned char)s.p[s.n - 1];
    return &slots[(s.n + 3 * first + 5 * middle + 7 * last) % SLOTS];
}

bool
clean_knows(const struct masker *m, struct str text)
{
    if (text.n == 0 || text.n > TEXT_MAX)
        return false;
    const struct slot *slot = slot_of(text);
    return slot->n == text.n && slot->masker == masker_number(m)
           && memcmp(slot->text, text.p, text.n) == 0;
}

void
clean_remember(const struct masker *m, struct str text)
{
    if (text.n == 0 || text.n > TEXT_MAX || clean_run(text) < text.n)
        return;
    struct slot *slot = slot_of(text);
    slot->masker = masker_number(m);
    slot->n = text.n;
    memcpy(slot->text, text.p, text.n);
}

size_t
clean_run(struct str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7f && s.p[n] != '"' && s.p[n] != '\\')
        n++;
    return n;
}
