/* See keeper.h. */
#include "server/auth/keeper.h"

#define HELD_MAX   ((size_t)128 << 10)
#define EARLY_MAX  300u /* seconds before its end that a grant is renewed, at most */
#define LATE_MAX   15u  /* ... that it is used no more */
#define RETRY_S    2u   /* after a fetch that failed */
#define LIFE_UNSET 900u /* of a grant that does not say when it ends */
#define YOUNG_S    30u  /* a grant of this age is not spoilt */

static fetch_done on_fetched;

void
keeper_init(struct keeper *k, const struct identity *identity, struct upstream *u,
            struct str ca_file, struct str proxy, uint64_t (*now)(void))
{
    *k = (struct keeper){ .identity = identity, .now = now };
    TAILQ_INIT(&k->waiters);
    arena_init(&k->held, HELD_MAX);
    fetch_init(&k->fetch);
    k->fetch.identity = identity;
    k->fetch.upstream = u;
    k->fetch.ca_file = ca_file;
    k->fetch.proxy = proxy;
    k->fetch.done = on_fetched;
    k->fetch.ctx = k;
    if (identity->source != IDENTITY_KEY)
        return;
    k->grant.key = identity->key;
    k->has_grant = true;
    k->renew = k->end = UINT64_MAX;
}

void
keeper_fini(struct keeper *k)
{
    fetch_fini(&k->fetch);
    arena_fini(&k->held);
}

/* --- fetching --- */

static void
hold(struct keeper *k, const struct grant *g, uint64_t life)
{
    arena_reset(&k->held);
    k->grant = (struct grant){
        .token = arena_str(&k->held, g->token),
        .key = { arena_str(&k->held, g->key.id), arena_str(&k->held, g->key.secret),
                 arena_str(&k->held, g->key.token) },
        .lifetime = life,
    };
    k->day = (struct sigv4_day){ .day = "" };
    k->has_grant = !k->held.full;
}

void
keeper_inherit(struct keeper *k, const struct keeper *older)
{
    if (k->has_grant || !older->has_grant)
        return;
    hold(k, &older->grant, older->grant.lifetime);
    k->renew = older->renew;
    k->end = older->end;
}

static void
keep(struct keeper *k, const struct grant *g)
{
    uint64_t now = k->now(), life = g->lifetime ? g->lifetime : LIFE_UNSET;
    hold(k, g, life);
    k->end = now + life - (life / 10 < LATE_MAX ? life / 10 : LATE_MAX);
    k->renew = now + life - (life / 4 < EARLY_MAX ? life / 4 : EARLY_MAX);
    k->retry = 0;
}

static void
note_failure(struct keeper *k, const struct fault *f)
{
    k->fault = *f;
    k->retry = k->now() + RETRY_S;
}

/* Those who come while others are told find a grant, or the failure of a moment ago. */
static void
tell_all(struct keeper *k, const struct fault *f)
{
    struct keeper_waiter *w;
    while ((w = TAILQ_FIRST(&k->waiters))) {
        keeper_leave(w);
        w->told(w->ctx, f);
    }
}

static void
on_fetched(void *ctx, const struct grant *g, const struct fault *f)
{
    struct keeper *k = ctx;
    if (g)
        keep(k, g);
    else
        note_failure(k, f);
    struct fault why = k->fault;
    tell_all(k, g ? NULL : &why);
}

/* False, with the reason in k->fault, when none runs. */
static bool
fetch(struct keeper *k, uint64_t now)
{
    struct fault f = { .err = ERR_OK };
    if (fetch_is_running(&k->fetch))
        return true;
    if (now < k->retry)
        return false;
    if (fetch_start(&k->fetch, now, &f))
        return true;
    note_failure(k, &f);
    return false;
}

/* --- asking --- */

enum keeper_answer
keeper_ask(struct keeper *k, struct keeper_waiter *w, struct fault *f)
{
    uint64_t now = k->now();
    bool good = k->has_grant && now < k->end;
    if (good && now < k->renew)
        return KEEPER_READY;
    bool coming = fetch(k, now);
    if (good)
        return KEEPER_READY;
    if (!coming) {
        *f = k->fault;
        return KEEPER_FAILED;
    }
    if (k->n_waiters == KEEPER_WAITERS_MAX) {
        (void)!fault_set(f, ERR_LIMIT, 0, "too many requests wait for credentials");
        return KEEPER_FAILED;
    }
    w->keeper = k;
    k->n_waiters++;
    TAILQ_INSERT_TAIL(&k->waiters, w, link);
    return KEEPER_WAITING;
}

void
keeper_leave(struct keeper_waiter *w)
{
    if (!w->keeper)
        return;
    TAILQ_REMOVE(&w->keeper->waiters, w, link);
    w->keeper->n_waiters--;
    w->keeper = NULL;
}

void
keeper_spoil(struct keeper *k)
{
    uint64_t got = k->end - k->grant.lifetime; /* nearly */
    if (k->identity->source != IDENTITY_KEY && k->has_grant && k->now() >= got + YOUNG_S)
        k->end = k->renew = 0;
}

unsigned
keeper_apply(struct keeper *k, const struct keeper_request *req, struct arena *a,
             struct upstream_header out[KEEPER_HEADERS])
{
    if (k->identity->auth.scheme == XD_AUTH_SIGV4) {
        const struct sigv4_request signing = { .method = req->method,
                                               .url = req->url,
                                               .headers = req->headers,
                                               .n_headers = req->n_headers,
                                               .body = req->body,
                                               .region = k->identity->region,
                                               .service = k->identity->auth.name,
                                               .now = k->now(),
                                               .kept = &k->day };
        return sigv4_sign(&k->grant.key, &signing, a, out);
    }
    struct str value = arena_printf(a, "Bearer %.*s", STR_ARG(k->grant.token));
    out[0] = (struct upstream_header){ STR("authorization"), value };
    return value.p ? 1 : 0;
}
