/* Ids of requests. */
#include "server/gateway/request_id.h"

#include <stdio.h>

#define COUNT_MAX 0xfffu

bool
request_id_is_sane(struct str id)
{
    if (id.n == 0 || id.n > REQUEST_ID_MAX)
        return false;
    for (size_t i = 0; i < id.n; i++)
        if (id.p[i] <= ' ' || id.p[i] > '~')
            return false;
    return true;
}

void
request_id_make(struct request_ids *ids, uint64_t wall_ms, struct dice *dice, char *to)
{
    if (wall_ms > ids->ms) {
        ids->ms = wall_ms;
        ids->count = 0;
    } else if (++ids->count > COUNT_MAX) {
        ids->ms++; /* borrowed from the future: 4 million ids a second */
        ids->count = 0;
    }
    char text[REQUEST_ID_MADE + 1];
    uint64_t random = dice_next(dice);
    uint64_t ms = ids->ms & UINT64_C(0xffffffffffff);
    snprintf(text, sizeof text, "%08x-%04x-7%03x-%04x-%04x%08x", (unsigned)(ms >> 16),
             (unsigned)ms & 0xffff, ids->count & COUNT_MAX,
             0x8000u | ((unsigned)(random >> 48) & 0x3fff), (unsigned)(random >> 32) & 0xffff,
             (unsigned)random);
    memcpy(to, text, REQUEST_ID_MADE);
}
