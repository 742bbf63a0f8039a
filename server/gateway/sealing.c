/* Finding seals where they came from. */
#include "server/gateway/sealing.h"

#include <stdlib.h>

#include "runtime/xd/policy.h"
#include "runtime/xd/seal.h"

void
sealing_begin(struct xd *x, const struct deployment_call *call, bool kindred)
{
    x->seal_in_place = kindred;
    if (!kindred || call->several)
        x->seal = call->seal;
}

bool
sealing_goes_in_ids(const struct deployment *d, const struct xd_dialect *front, struct str model)
{
    return str_is(xd_policy_value(front, &d->policies, model, IR_POLICY_SEALS), "ids");
}

/* The character that an escape stands for, if it is one of ASCII; how many bytes it takes. */
static int
unescape(struct str s, size_t *n)
{
    char digits[5] = "";
    *n = 2;
    if (s.n < 2 || s.p[1] != 'u')
        return s.n < 2 ? -1 : s.p[1];
    if (s.n < 6)
        return -1;
    *n = 6;
    memcpy(digits, s.p + 2, 4);
    return (int)strtol(digits, NULL, 16);
}

/* Does a string of JSON begin here that says this? */
static bool
says(struct str at, struct str what)
{
    for (size_t i = 0; i < what.n; i++) {
        size_t n = 1;
        int c = at.n ? (unsigned char)*at.p : -1;
        if (c == '\\')
            c = unescape(at, &n);
        if (c != (unsigned char)what.p[i])
            return false;
        at = str_skip(at, n);
    }
    return at.n && *at.p == '"';
}

static bool
is_seal(const struct xd_seals *seals, struct str at)
{
    for (unsigned i = 0; i < seals->n; i++)
        if (says(at, seals->v[i]))
            return true;
    return false;
}

unsigned
sealing_mark(const struct xd_seals *seals, struct str mark, struct str bytes, struct buf *out)
{
    unsigned n = 0;
    size_t done = 0;
    for (size_t at = 0; at < bytes.n;) {
        const char *quote = memchr(bytes.p + at, '"', bytes.n - at);
        if (!quote)
            break;
        at = (size_t)(quote - bytes.p) + 1;
        if (!is_seal(seals, str_skip(bytes, at)))
            continue;
        buf_put(out, bytes.p + done, at - done);
        buf_printf(out, "%.*s%c0:", STR_ARG(mark), (char)SEAL_THINKING);
        done = at;
        n++;
    }
    if (n)
        buf_put(out, bytes.p + done, bytes.n - done);
    return n;
}
