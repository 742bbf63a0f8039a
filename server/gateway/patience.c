/* Times of clients and of configs. */
#include "server/gateway/patience.h"

static bool
take_number(struct str s, uint64_t *v, struct str *unit)
{
    size_t i = 0;
    *v = 0;
    for (; i < s.n && i < 9 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
        *v = *v * 10 + (uint64_t)(s.p[i] - '0');
    *unit = str_skip(s, i);
    return i > 0;
}

bool
patience_read(const struct http_head *h, uint64_t *ms)
{
    struct str text = str_trim(http_head_get(h, PATIENCE_HEADER)), unit;
    *ms = PATIENCE_NO_LIMIT;
    if (!text.p)
        return true;
    if (!take_number(text, ms, &unit))
        return false;
    if (unit.n == 0 || str_is(unit, "s"))
        *ms *= 1000;
    else if (str_is(unit, "m"))
        *ms *= 60000;
    else if (!str_is(unit, "ms"))
        return false;
    return *ms >= 1 && *ms <= PATIENCE_MOST_MS;
}

static unsigned
clamp(uint64_t ms)
{
    return ms > UINT32_MAX ? UINT32_MAX : (unsigned)ms;
}

struct upstream_deadlines
patience_deadlines(const struct config_timeouts *c, uint64_t left_ms)
{
    uint64_t total = c->total && c->total < left_ms ? c->total : left_ms;
    return (struct upstream_deadlines){
        .connect_ms = clamp(c->connect),
        .first_byte_ms = clamp(c->first_byte),
        .idle_ms = clamp(c->idle),
        .total_ms = total == PATIENCE_NO_LIMIT ? 0 : clamp(total ? total : 1), /* 0 is no limit */
    };
}
