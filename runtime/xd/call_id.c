/* Ids that need no memory: a hash of where the call, or the item of a reply, stands. */
#include "runtime/xd/call_id.h"

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t
mix_text(uint64_t h, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * FNV_PRIME;
    return h;
}

/* splitmix64: one step of a sequence that passes for random. */
static uint64_t
next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void
put_digits(char to[XD_MADE_ID_DIGITS], uint64_t state)
{
    static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (unsigned i = 0; i < XD_MADE_ID_DIGITS; i++)
        to[i] = base62[next(&state) % 62];
}

void
xd_call_id(char to[XD_CALL_ID_BYTES], struct str reply, int64_t now, unsigned choice,
           unsigned ordinal)
{
    uint64_t state = mix_text(FNV_START, reply);
    state ^= next(&(uint64_t){ (uint64_t)now });
    state += next(&(uint64_t){ (uint64_t)choice << 32 | ordinal });
    memcpy(to, "call_", 5);
    put_digits(to + 5, state);
}

void
xd_put_made(struct xd *x, struct str key, struct str prefix)
{
    char id[16 + XD_MADE_ID_DIGITS];
    uint64_t state = mix_text(mix_text(FNV_START, prefix), x->made_of);
    state ^= next(&(uint64_t){ (uint64_t)x->now });
    state += next(&(uint64_t){ x->made });
    size_t n = prefix.n < 16 ? prefix.n : 16;
    memcpy(id, prefix.p, n);
    put_digits(id + n, state);
    xd_put_str(x, key, str_make(id, n + XD_MADE_ID_DIGITS));
}

void
xd_put_count(struct xd *x, struct str key)
{
    xd_put_int(x, key, (struct ir_int){ (int64_t)x->count++, true });
}
