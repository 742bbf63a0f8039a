/* Media for attempts. */
#include "server/gateway/fetched.h"

#include "server/gateway/exchange.h"
#include "server/gateway/worker.h"

#define ARENA_MAX ((size_t)512 << 20) /* config's media.max_bytes says less */

void
fetched_init(struct fetched *f)
{
    f->have.n = 0;
    f->batch.fetcher = NULL;
    arena_init(&f->arena, ARENA_MAX);
}

void
fetched_reset(struct fetched *f)
{
    media_batch_stop(&f->batch);
    f->have.n = 0;
    arena_fini(&f->arena);
    arena_init(&f->arena, ARENA_MAX);
}

static enum media_kind
kind_of(enum ir_block_kind kind)
{
    if (kind == IR_BLOCK_IMAGE)
        return MEDIA_IMAGE;
    return kind == IR_BLOCK_AUDIO ? MEDIA_AUDIO : MEDIA_DOCUMENT;
}

static bool
has(const struct fetched *f, struct str url)
{
    for (unsigned i = 0; i < f->have.n; i++)
        if (str_eq(f->have.v[i].url, url))
            return true;
    return false;
}

/* What a deployment that calls the model so wants. */
static void
find_wanted(const struct xd_ask *ask, const struct deployment *d,
            const struct deployment_call *target, struct str model, struct arena *a,
            struct xd_media_list *wanted)
{
    struct ir_request asked = ask->chat;
    struct xd xd;
    wanted->n = 0;
    if (ask->kind != XD_OP_CHAT && ask->kind != XD_OP_COUNT_TOKENS)
        return;
    asked.model = model;
    xd_init(&xd, target->dialect, target->op->kind, a, NULL);
    xd_media_wanted(&xd, &asked, &d->policies, wanted);
    xd_fini(&xd);
}

/* What the attempt's target wants, and is not here. */
static void
find_missing(struct exchange *x, struct xd_media_list *missing)
{
    const struct attempt *a = &x->attempt;
    struct xd_media_list wanted;
    missing->n = 0;
    arena_reset(&x->worker->scratch);
    find_wanted(&x->tape->ask, a->candidate.offer->deployment, &a->target, a->model,
                &x->worker->scratch, &wanted);
    for (unsigned i = 0; i < wanted.n; i++)
        if (!has(&x->tape->fetched, wanted.v[i].url))
            missing->v[missing->n++] = wanted.v[i];
}

void
fetched_pretend(const struct xd_ask *ask, const struct deployment *d,
                const struct deployment_call *target, struct str model, struct arena *a,
                struct xd_media_list *have)
{
    find_wanted(ask, d, target, model, a, have);
    for (unsigned i = 0; i < have->n; i++) {
        struct xd_media *m = &have->v[i];
        m->media = m->kind == IR_BLOCK_IMAGE   ? STR("image/png")
                   : m->kind == IR_BLOCK_AUDIO ? STR("audio/wav")
                                               : STR("application/pdf");
        m->data = STR("AAAA");
    }
}

static struct media_rules
rules_of(const struct exchange *x)
{
    const struct config_media *c = &x->lease->gateway->config->media;
    uint64_t left = exchange_left_ms(x);
    struct media_rules r = { .max_bytes = c->max_bytes,
                             .timeout_ms = (unsigned)(c->timeout < left ? c->timeout : left),
                             .redirects = c->redirects };
    for (unsigned i = 0; i < c->n_networks && i < MEDIA_ALLOWED_MAX; i++)
        r.allowed[r.n_allowed++] = c->networks[i];
    return r;
}

/* They are here: from the batch to what is kept. */
static void
keep(struct fetched *f)
{
    for (unsigned i = 0; i < f->batch.n && f->have.n < XD_MEDIA_MAX; i++) {
        const struct media_item *item = &f->batch.items[i];
        f->have.v[f->have.n++] =
            (struct xd_media){ .url = item->url, .media = item->type, .data = item->bytes };
    }
}

struct waiting {
    struct exchange *x;
    void (*told)(void *x, const struct fault *why);
};

static void
on_told(void *ctx, const struct fault *why)
{
    const struct waiting *w = ctx;
    if (!why)
        keep(&w->x->tape->fetched);
    w->told(w->x, why);
}

enum fetched_state
fetched_ask(struct exchange *x, void (*told)(void *x, const struct fault *why), struct fault *fault)
{
    struct fetched *f = &x->tape->fetched;
    struct xd_media_list missing;
    if (x->front.op->passes)
        return FETCHED_ALL;
    find_missing(x, &missing);
    struct waiting *w = missing.n ? arena_alloc(&f->arena, sizeof *w) : NULL;
    if (!w)
        return FETCHED_ALL;
    *w = (struct waiting){ x, told };
    f->batch = (struct media_batch){ .arena = &f->arena, .told = on_told, .ctx = w };
    for (unsigned i = 0; i < missing.n; i++)
        f->batch.items[f->batch.n++] = (struct media_item){ .kind = kind_of(missing.v[i].kind),
                                                            .url = missing.v[i].url };
    const struct media_rules rules = rules_of(x);
    if (!media_batch_start(&f->batch, &x->worker->media, &rules, fault))
        return FETCHED_FAILED;
    return FETCHED_WAITING;
}
