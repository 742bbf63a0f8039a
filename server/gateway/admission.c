/* Limits before routing. */
#include "server/gateway/admission.h"

#include "runtime/base/digits.h"
#include "server/gateway/exchange.h"
#include "server/gateway/gateway.h"
#include "server/gateway/worker.h"

#define NS_PER_S ((uint64_t)1000 * 1000 * 1000)

uint64_t
admission_guess(uint64_t bytes)
{
    return bytes / IR_BYTES_A_TOKEN;
}

enum semaphore_priority
admission_priority(const struct http_head *h)
{
    struct str p = http_head_get(h, STR("x-llmux-priority"));
    if (str_is(p, "high"))
        return SEMAPHORE_HIGH;
    return str_is(p, "low") ? SEMAPHORE_LOW : SEMAPHORE_NORMAL;
}

/* FNV-1a: to tell clients apart, not to keep their keys. */
static uint64_t
fingerprint(struct str s)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
    return h;
}

/* "key 0123456789abcdef" */
static struct str
key_name(struct str key, struct arena *a)
{
    char name[4 + 16] = "key ";
    digits_hex(name + 4, fingerprint(key));
    return arena_str(a, str_make(name, sizeof name));
}

struct str
admission_client(const struct http_head *h, struct str peer, struct arena *a)
{
    static const struct str headers[] = {
        STR_INIT("authorization"),
        STR_INIT("x-api-key"),
        STR_INIT("api-key"),
        STR_INIT("x-goog-api-key"),
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct str key = http_head_get(h, headers[i]);
        if (key.n)
            return key_name(key, a);
    }
    const char *colon = memrchr(peer.p, ':', peer.n);
    size_t n = colon ? (size_t)(colon - peer.p) : peer.n;
    return arena_str(a, str_make(peer.p, n));
}

struct ir_error
admission_error(enum limits_kind kind, const struct limiter_refusal *no, struct str who,
                struct arena *a)
{
    bool ours = kind == LIMITS_GATEWAY || kind == LIMITS_DEPLOYMENT;
    bool rate = no->reason == LIMITER_REQUESTS || no->reason == LIMITER_TOKENS;
    struct ir_error e = { .set = true,
                          .kind = rate || !ours ? IR_FAULT_RATE : IR_FAULT_OVERLOADED };
    e.message = arena_printf(a, "%s%s%.*s: %s", limits_kind_name(kind), who.n ? " " : "",
                             STR_ARG(who), limiter_reason_text(no->reason));
    e.retry_after = (struct ir_int){ (int64_t)((no->retry_ns + NS_PER_S - 1) / NS_PER_S), true };
    return e;
}

/* --- one after the other ------------------------------------------------------------------- */

/* The limits at a place, and whose they are; NULL: there are none. */
static const struct limiter_options *
options_at(const struct exchange *x, unsigned at)
{
    const struct restraint *r = &x->gateway->restraint;
    switch ((enum limits_kind)at) {
    case LIMITS_GATEWAY:
        return r->limits_gateway ? &r->gateway : NULL;
    case LIMITS_CLIENT:
        return r->limits_client ? &r->client : NULL;
    case LIMITS_MODEL:
        return restraint_of_model(r, x->model);
    case LIMITS_DEPLOYMENT:
        break;
    }
    return NULL;
}

struct limited *
admission_model(const struct exchange *x)
{
    struct limits *all = x->gateway->service->limits;
    return all ? limits_find(all, LIMITS_MODEL, x->model) : NULL;
}

/* The state of the limits at a place. */
static struct limited *
limited_at(struct exchange *x, unsigned at)
{
    struct limits *all = x->gateway->service->limits;
    switch ((enum limits_kind)at) {
    case LIMITS_GATEWAY:
        return x->gateway->restraint.gateway_limited;
    case LIMITS_CLIENT:
        return all ? limits_find(all, LIMITS_CLIENT,
                                 admission_client(http_exchange_head(x->http),
                                                  http_exchange_peer(x->http), &x->arena))
                   : NULL;
    case LIMITS_MODEL:
        return admission_model(x);
    case LIMITS_DEPLOYMENT:
        break;
    }
    return NULL;
}

static void
refuse(struct exchange *x, unsigned at, const struct limiter_refusal *no)
{
    struct str who = at == LIMITS_MODEL ? x->model : STR("");
    x->error = admission_error((enum limits_kind)at, no, who, &x->arena);
}

static void
told(void *ctx)
{
    exchange_admitted(ctx);
}

static enum semaphore_answer
enter(struct exchange *x, unsigned at, const struct limiter_options *o)
{
    struct limits_hold *h = &x->admission.holds[at];
    struct limiter_refusal no;
    h->note.bell = &x->worker->bell;
    h->told = told;
    h->ctx = x;
    enum semaphore_answer a = limits_enter(h, limited_at(x, at), o, x->tried_ns,
                                           admission_guess(x->bytes_in), x->admission.priority,
                                           &no);
    if (a == SEMAPHORE_FULL)
        refuse(x, at, &no);
    return a;
}

/* It made room for a request of higher priority. */
static void
displaced(struct exchange *x, unsigned at)
{
    struct limits_hold *h = &x->admission.holds[at];
    struct limiter_refusal no = { LIMITER_FULL, limits_estimate(h->limited, h->options) };
    refuse(x, at, &no);
}

enum admission_answer
admission_step(struct exchange *x)
{
    struct admission *m = &x->admission;
    for (; m->at < ADMISSION_PLACES; m->at++) {
        const struct limiter_options *o = options_at(x, m->at);
        struct limits_hold *h = &m->holds[m->at];
        if (h->place == LIMITS_DISPLACED) {
            displaced(x, m->at);
            return ADMISSION_REFUSED;
        }
        if (!o || h->place == LIMITS_IN)
            continue;
        switch (enter(x, m->at, o)) {
        case SEMAPHORE_IN:
            break;
        case SEMAPHORE_QUEUED:
            return ADMISSION_WAITS;
        case SEMAPHORE_FULL:
            return ADMISSION_REFUSED;
        }
    }
    return ADMISSION_IN;
}

uint64_t
admission_wait_ns(const struct exchange *x)
{
    return x->admission.holds[x->admission.at].options->wait_ns;
}

void
admission_late(struct exchange *x)
{
    struct limits_hold *h = &x->admission.holds[x->admission.at];
    struct limiter_refusal no = { LIMITER_LATE, limits_estimate(h->limited, h->options) };
    refuse(x, x->admission.at, &no);
}

/* What does the exchange say about load behind it? */
static enum adaptive_sign
sign_of(const struct exchange *x)
{
    if (x->gone || (!x->error.set && x->first_us == 0))
        return ADAPTIVE_NOTHING;
    if (!x->error.set)
        return ADAPTIVE_TIMED;
    bool load = x->error.kind == IR_FAULT_OVERLOADED || x->error.kind == IR_FAULT_TIMEOUT;
    return load ? ADAPTIVE_REFUSED : ADAPTIVE_NOTHING;
}

void
admission_end(struct exchange *x, uint64_t tokens, uint64_t now)
{
    const struct limiter_report r = {
        .used = tokens,
        .sign = sign_of(x),
        .sign_ns = x->first_us > x->begun_us ? (x->first_us - x->begun_us) * 1000 : 0,
    };
    for (unsigned i = 0; i < ADMISSION_PLACES; i++)
        if (x->admission.holds[i].limited)
            limits_leave(&x->admission.holds[i], now, r);
}
