#include "server/gateway/discreet.h"

#include "server/log/log.h"

/* Raw JSON.  Within a string masks are letters between brackets; what is no string is left out as a whole, as its
 * parts cannot be told from its signs. */
static struct str
mask_json(const struct log *log, struct str raw, struct arena *a)
{
    struct str masked = log_masked(log, raw, a);
    bool same = masked.p == raw.p && masked.n == raw.n;
    return same || (raw.n && raw.p[0] == '"') ? masked : STR("\"[REDACTED]\"");
}

struct ir_error
discreet_error(const struct log *log, const struct ir_error *e, struct arena *a)
{
    struct ir_error told = *e;
    if (!log)
        return told;
    told.message = log_masked(log, e->message, a);
    told.code = log_masked(log, e->code, a);
    told.param = log_masked(log, e->param, a);
    if (e->rest.n == 0)
        return told;
    told.rest.v = arena_alloc(a, e->rest.n * sizeof *told.rest.v);
    told.rest.n = told.rest.cap = told.rest.v ? e->rest.n : 0;
    for (unsigned i = 0; i < told.rest.n; i++) {
        told.rest.v[i] = e->rest.v[i];
        told.rest.v[i].value = mask_json(log, e->rest.v[i].value, a);
    }
    return told;
}

bool
discreet_would_change(const struct log *log, const struct ir_error *e, struct arena *a)
{
    struct ir_error told = discreet_error(log, e, a);
    bool same = told.message.p == e->message.p && told.code.p == e->code.p
                && told.param.p == e->param.p && told.rest.n == e->rest.n;
    for (unsigned i = 0; same && i < e->rest.n; i++)
        same = told.rest.v[i].value.p == e->rest.v[i].value.p;
    return !same;
}
