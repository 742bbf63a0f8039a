/* Ids that need no memory: a hash of where the call stands. */
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

void
xd_call_id(char to[XD_CALL_ID_BYTES], struct str reply, int64_t now, unsigned choice,
           unsigned ordinal)
{
    static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint64_t state = mix_text(FNV_START, reply);
    state ^= next(&(uint64_t){ (uint64_t)now });
    state += next(&(uint64_t){ (uint64_t)choice << 32 | ordinal });
    memcpy(to, "call_", 5);
    for (unsigned i = 5; i < XD_CALL_ID_BYTES; i++)
        to[i] = base62[next(&state) % 62];
}
