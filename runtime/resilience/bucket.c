/* Exact in whole numbers: one is UNIT shares, and each nanosecond brings per_minute of them. */
#include "runtime/resilience/bucket.h"

#define UNIT ((int64_t)60 * 1000 * 1000 * 1000)

static void
fill(struct bucket *b, const struct bucket_options *o, uint64_t now)
{
    uint64_t ns = now > b->at ? now - b->at : 0;
    b->at = now > b->at ? now : b->at;
    if (b->missing <= 0)
        return;
    if (ns >= (uint64_t)b->missing / o->per_minute + 1)
        b->missing = 0;
    else
        b->missing -= (int64_t)(ns * o->per_minute);
    if (b->missing < 0)
        b->missing = 0;
}

static int64_t
units(uint64_t n)
{
    return (int64_t)(n < BUCKET_MOST ? n : BUCKET_MOST) * UNIT;
}

uint64_t
bucket_wait(struct bucket *b, const struct bucket_options *o, uint64_t now, uint64_t n)
{
    if (o->per_minute == 0)
        return 0;
    fill(b, o, now);
    int64_t room = units(o->burst) - units(n < o->burst ? n : o->burst);
    if (b->missing <= room)
        return 0;
    return ((uint64_t)(b->missing - room) + o->per_minute - 1) / o->per_minute;
}

void
bucket_take(struct bucket *b, const struct bucket_options *o, uint64_t now, uint64_t n)
{
    if (o->per_minute == 0)
        return;
    fill(b, o, now);
    if (__builtin_add_overflow(b->missing, units(n), &b->missing))
        b->missing = INT64_MAX;
}

void
bucket_cap(struct bucket *b, const struct bucket_options *o, uint64_t now, uint64_t n)
{
    if (o->per_minute == 0 || n >= o->burst)
        return;
    fill(b, o, now);
    int64_t missing = units(o->burst) - units(n);
    if (b->missing < missing)
        b->missing = missing;
}

void
bucket_give(struct bucket *b, const struct bucket_options *o, uint64_t now, uint64_t n)
{
    if (o->per_minute == 0)
        return;
    fill(b, o, now);
    b->missing -= units(n);
    if (b->missing < 0)
        b->missing = 0;
}
