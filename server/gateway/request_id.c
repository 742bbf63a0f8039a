/* Ids of requests. */
#include "server/gateway/request_id.h"

#include <string.h>

#include "runtime/redact/find.h"

#define COUNT_MAX 0xfffu

bool
request_id_is_sane(struct str id)
{
    if (id.n == 0 || id.n > REQUEST_ID_MAX)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alnum && (c == '\0' || !strchr("-._~:/+=@|#", c)))
            return false;
    }
    /* It goes to providers, into logs and spans, and back. */
    struct redact_match m;
    return !redact_next(id, REDACT_SECRETS, 0, &m);
}

/* The lowest digits of v. */
static char *
put_hex(char *to, uint64_t v, unsigned digits)
{
    while (digits--)
        *to++ = "0123456789abcdef"[v >> 4 * digits & 15];
    return to;
}

static char *
put_group(char *to, uint64_t v, unsigned digits)
{
    *to++ = '-';
    return put_hex(to, v, digits);
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
    uint64_t random = dice_next(dice);
    to = put_hex(to, ids->ms >> 16, 8);
    to = put_group(to, ids->ms, 4);
    to = put_group(to, 0x7000 | ids->count, 4);
    to = put_group(to, 0x8000 | (random >> 48 & 0x3fff), 4);
    put_group(to, random, 12);
}
