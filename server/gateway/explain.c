/* From a request to its candidates. */
#include "server/gateway/explain.h"

#include "runtime/route/memory.h"
#include "runtime/xd/translate.h"
#include "server/gateway/clock.h"
#include "server/gateway/fetched.h"
#include "server/gateway/guarding.h"
#include "server/gateway/outlook.h"
#include "server/gateway/tape.h"
#include "server/gateway/wants.h"

#define TAPE_MAX ((size_t)256 << 20)
#define BODY_MAX ((size_t)256 << 20)

/* What one call of explain works with. */
struct asker {
    struct explanation *e;
    const struct gateway *g;
    const struct explain_question *q;
    struct arena *a;
    struct tape *tape;
    struct route route;
    struct outlook outlook;
};

const char *
explain_way_name(enum explain_way way)
{
    switch (way) {
    case EXPLAIN_AS_IT_IS:
        return "as it is";
    case EXPLAIN_PATCHED:
        return "patched";
    case EXPLAIN_TRANSLATED:
        return "translated";
    case EXPLAIN_UNFIT:
        break;
    }
    return "unfit";
}

static struct str
without_query(struct str url)
{
    const char *mark = url.n ? memchr(url.p, '?', url.n) : NULL;
    return str_make(url.p, mark ? (size_t)(mark - url.p) : url.n);
}

/* --- one deployment ------------------------------------------------------------------------ */

static enum err
propose(struct asker *k, struct explain_try *t, const struct deployment_call *target,
        struct fault *f)
{
    struct xd_media_list fetched;
    const struct proposal_source from = { .front = k->e->front,
                                          .body = k->q->body,
                                          .doc = &k->tape->doc,
                                          .tape = &k->tape->ask,
                                          .passage = &k->tape->passage,
                                          .head = k->q->head,
                                          .request_id = STR("explain"),
                                          .fetched = &fetched };
    struct proposal p;
    struct buf out;
    fetched_pretend(&k->tape->ask, t->candidate.offer->deployment, target, t->upstream_model, k->a,
                    &fetched);
    buf_init(&out, BODY_MAX);
    enum err err = proposal_make(&p, &from, t->candidate.offer->deployment, target,
                                 t->upstream_model, (int64_t)clock_wall_s(), k->a, &out, f);
    if (!err) {
        t->dropped = arena_str(k->a, p.dropped);
        t->way = !p.kindred ? EXPLAIN_TRANSLATED : out.n ? EXPLAIN_PATCHED : EXPLAIN_AS_IT_IS;
    }
    buf_fini(&out);
    return err;
}

static double
part_of(const struct model *m, const struct offer *o)
{
    double sum = 0;
    for (unsigned i = 0; i < m->n; i++)
        sum += m->offers[i].share;
    return sum > 0 ? o->share / sum : 0;
}

static void
look_at(struct asker *k, struct explain_try *t)
{
    const struct route_outlook o = outlook_of_guards(&k->outlook);
    t->view = (struct route_view){ .standing = ROUTE_READY };
    o.look(o.ctx, t->candidate.offer, t->candidate.name, &t->view);
    struct guarded *x = guarding_find(k->g, t->candidate.offer, t->candidate.name, k->a);
    uint64_t now = clock_ns();
    struct guard_view v = guarded_view(x, &k->g->guard_options, now);
    t->why = v.reason;
    t->for_ns = v.until > now ? v.until - now : 0;
}

static void
explain_try(struct asker *k, struct explain_try *t, const struct model *m)
{
    const struct offer *o = t->candidate.offer;
    struct deployment_call target;
    struct fault f = { .err = ERR_OK };
    t->part = part_of(m, o);
    t->upstream_model = offer_upstream(o, t->candidate.name, k->a);
    look_at(k, t);
    if (k->g->redactor)
        t->redaction = config_redact_mode_name(
            redactor_policy(k->g->redactor, k->q->head, k->e->model, o->deployment->config->name)
                ->mode);
    enum err err = proposal_target(&k->e->front, o->deployment, &target, &f);
    if (!err) {
        t->dialect = target.dialect;
        t->url = without_query(deployment_url(&target, k->e->stream, t->upstream_model, k->a));
        err = propose(k, t, &target, &f);
    }
    if (!err)
        return;
    t->way = EXPLAIN_UNFIT;
    t->unfit = arena_str(k->a, str_from(f.text));
}

/* --- all of them --------------------------------------------------------------------------- */

static void
follow_route(struct asker *k, struct dice *dice)
{
    struct explanation *e = k->e;
    e->tries = arena_alloc(k->a, EXPLAIN_TRIES_MAX * sizeof *e->tries);
    struct candidate c;
    while (e->tries && e->n < EXPLAIN_TRIES_MAX && route_next(&k->route, dice, &c)) {
        struct explain_try *t = &e->tries[e->n++];
        *t = (struct explain_try){ .candidate = c };
        explain_try(k, t, k->route.steps[k->route.at].model);
        if (t->way == EXPLAIN_UNFIT)
            route_exclude(&k->route);
    }
    e->lack = k->route.lack;
}

static bool
is_tried(const struct explanation *e, const struct offer *o)
{
    for (unsigned i = 0; i < e->n; i++)
        if (e->tries[i].candidate.offer == o)
            return true;
    return false;
}

static void
find_others(struct asker *k, const struct model *m)
{
    struct explanation *e = k->e;
    e->others = arena_alloc(k->a, m->n * sizeof *e->others);
    for (unsigned i = 0; e->others && i < m->n; i++)
        if (!is_tried(e, &m->offers[i])) {
            struct explain_try *t = &e->others[e->n_others++];
            *t = (struct explain_try){ .candidate = { &m->offers[i], e->model, false } };
            explain_try(k, t, m);
        }
}

static void
refuse(struct asker *k, const char *text)
{
    k->e->refusal = arena_str(k->a, str_from(text));
}

static bool
read_request(struct asker *k)
{
    struct explanation *e = k->e;
    struct fault f;
    if (!e->front.op) {
        refuse(k, "no such path");
        return false;
    }
    if (k->q->body.n > k->g->config->server.max_body) {
        refuse(k, "the body is larger than server.max_body");
        return false;
    }
    if (tape_read(k->tape, &e->front, k->q->head, k->q->body, &f)) {
        e->refusal = f.path[0] ? arena_printf(k->a, "%s: %s", f.path, f.text)
                               : arena_str(k->a, str_from(f.text));
        return false;
    }
    const struct xd_ask *ask = &k->tape->ask;
    e->model = *xd_ask_model(&k->tape->ask);
    e->stream = ask->kind == XD_OP_CHAT && ask->chat.stream == IR_TRUE;
    return true;
}

static bool
begin_route(struct asker *k)
{
    struct explanation *e = k->e;
    struct route_request r;
    wants_of(&r, &k->tape->ask, k->q->head, k->q->body.n, e->model, k->a);
    k->outlook = (struct outlook){ .gateway = k->g, .arena = k->a, .stream = e->stream };
    r.outlook = outlook_of_guards(&k->outlook);
    if (r.needs_home && k->g->service->memory)
        r.home = route_memory_get(k->g->service->memory, r.bond);
    if (!route_begin(&k->route, &k->g->catalogue, &k->g->config->routing, &r, k->a)) {
        refuse(k, "no such model");
        return false;
    }
    const struct route_step *s = &k->route.steps[0];
    e->own = s->own;
    e->pattern = s->model->name;
    e->strategy = s->model->strategy;
    return true;
}

/* Texts of the tape are in what is explained, so it is not put back before the arena ends: what is
 * still pointed to is copied. */
static void
keep_texts(struct explanation *e, struct arena *a)
{
    e->model = arena_str(a, e->model);
    e->own = arena_str(a, e->own);
    for (unsigned i = 0; i < e->n; i++) {
        e->tries[i].candidate.name = arena_str(a, e->tries[i].candidate.name);
        e->tries[i].upstream_model = arena_str(a, e->tries[i].upstream_model);
    }
    for (unsigned i = 0; i < e->n_others; i++) {
        e->others[i].candidate.name = e->model;
        e->others[i].upstream_model = arena_str(a, e->others[i].upstream_model);
    }
}

void
explain(struct explanation *e, const struct gateway *g, const struct explain_question *q,
        struct dice *dice, struct arena *a)
{
    struct tape_rack rack = { NULL, 0 };
    struct asker k = { .e = e, .g = g, .q = q, .a = a, .tape = tape_take(&rack, TAPE_MAX) };
    *e = (struct explanation){ .front = front_of_path(q->head->path, q->head->query),
                               .bytes = q->body.n };
    if (!k.tape) {
        refuse(&k, "out of memory");
        return;
    }
    if (read_request(&k) && begin_route(&k)) {
        const struct model *asked = k.route.steps[0].model;
        follow_route(&k, dice);
        find_others(&k, asked);
    }
    keep_texts(e, a);
    tape_put(&rack, k.tape);
    tape_rack_fini(&rack);
}
