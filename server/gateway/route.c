/* Choosing deployments. */
#include "server/gateway/route.h"

#include <stdatomic.h>

#include "runtime/route/memory.h"

enum { ROUTE_FRESH, ROUTE_TRIED, ROUTE_PASSED, ROUTE_EXCLUDED };

/* --- models, one after the other ----------------------------------------------------------- */

static struct str
own_name(const struct model *m, struct str asked)
{
    return m->goes_by.p ? m->goes_by : asked;
}

/* Put a model into the steps, at `place`, if it exists and was not there before. */
static bool
insert_step(struct route *r, unsigned place, struct str name, unsigned depth)
{
    const struct model *m = catalogue_find(r->catalogue, name);
    if (!m)
        return false;
    struct str own = own_name(m, name);
    for (unsigned i = 0; i < r->n; i++)
        if (str_eq(r->steps[i].own, own))
            return false;
    if (!arena_push(r->arena, (void **)&r->steps, &r->n, &r->cap, sizeof *r->steps))
        return false;
    memmove(&r->steps[place + 1], &r->steps[place], (r->n - 1 - place) * sizeof *r->steps);
    r->steps[place] = (struct route_step){ name, own, m, depth };
    return true;
}

static const struct config_fallback *
find_fallback(const struct config_fallbacks *l, struct str model)
{
    for (unsigned i = 0; i < l->n; i++)
        if (str_eq(l->v[i].model, model))
            return &l->v[i];
    return NULL;
}

/* Put the fallbacks of the model being tried into the steps, from `place` on. */
static void
insert_fallbacks(struct route *r, enum config_trouble trouble, unsigned place)
{
    const struct config_fallbacks *l = &r->rules->fallbacks[trouble];
    const struct route_step step = r->steps[r->at];
    const struct config_fallback *f = find_fallback(l, step.name);
    if (!f)
        f = find_fallback(l, step.own);
    for (unsigned i = 0; f && step.depth < r->rules->fallback_depth && i < f->n_to; i++)
        place += insert_step(r, place, f->to[i], step.depth + 1);
}

/* Turn to the model at r->at.  False when memory ran out. */
static bool
take_model(struct route *r)
{
    const struct model *m = r->steps[r->at].model;
    r->state = arena_alloc(r->arena, m->n);
    r->views = arena_alloc(r->arena, m->n * sizeof *r->views);
    r->tries = r->state && r->views ? r->rules->retries + 1 : 0;
    r->rounds = 0;
    r->diverted = false;
    r->turn = atomic_fetch_add_explicit(m->turn, 1, memory_order_relaxed);
    return r->tries > 0;
}

bool
route_begin(struct route *r, const struct catalogue *c, const struct config_routing *rules,
            const struct route_request *q, struct arena *a)
{
    *r = (struct route){ .catalogue = c, .rules = rules, .request = *q, .arena = a };
    return insert_step(r, 0, q->asked, 0) && take_model(r);
}

bool
route_begin_any(struct route *r, const struct catalogue *c, const struct config_routing *rules,
                const struct route_request *q, struct arena *a)
{
    *r = (struct route){ .catalogue = c, .rules = rules, .request = *q, .arena = a, .once = true };
    struct route_step *s = arena_push(a, (void **)&r->steps, &r->n, &r->cap, sizeof *r->steps);
    if (!s || c->any.n == 0)
        return false;
    *s = (struct route_step){ .model = &c->any };
    if (!take_model(r))
        return false;
    r->tries = c->any.n;
    return true;
}

/* Leave the model being tried for the next one; at the end r->at is r->n. */
static void
next_model(struct route *r)
{
    if (!r->diverted)
        insert_fallbacks(r, CONFIG_TROUBLE_ANY, r->n);
    if (++r->at < r->n)
        take_model(r);
}

/* --- the deployments of one ---------------------------------------------------------------- */

static bool
has_word(const struct config_words *l, struct str word)
{
    for (unsigned i = 0; i < l->n; i++)
        if (str_eq(l->v[i], word))
            return true;
    return false;
}

static enum route_tags
compare_tags(const struct config_words *offered, const struct config_words *wanted)
{
    for (unsigned i = 0; i < wanted->n; i++)
        if (has_word(offered, wanted->v[i]))
            return ROUTE_MATCHING;
    return offered->n ? ROUTE_FOREIGN : ROUTE_UNTAGGED;
}

/* Has this account made what the request brings? */
static bool
is_bound(const struct route_request *q, const struct offer *o)
{
    if (q->home
        && (q->home == route_memory_id(o->identity) || q->home == route_memory_id(o->account)))
        return true;
    for (unsigned i = 0; q->marks.n && i < o->deployment->n_languages; i++)
        if (has_word(&q->marks, o->deployment->languages[i].seal))
            return true;
    return false;
}

static struct route_view
view(const struct route *r, const struct offer *o, unsigned index)
{
    const struct config_model *m = o->model;
    const struct route_request *q = &r->request;
    struct route_view v = { .offer = index,
                            .identity = o->identity,
                            .share = o->share,
                            .tier = m->tier,
                            .rpm = m->rpm,
                            .tpm = m->tpm,
                            .priced = m->price.set,
                            .price_in = m->price.input,
                            .price_out = m->price.output,
                            .tags = compare_tags(&m->tags, &q->tags),
                            .bound = is_bound(q, o) };
    if (q->outlook.look && v.tags != ROUTE_FOREIGN)
        q->outlook.look(q->outlook.ctx, o, r->steps[r->at].name, &v);
    return v;
}

/* Note why an offer cannot be taken, in case that none can be. */
static void
note_lack(struct route *r, const struct route_view *v)
{
    if (v->tags == ROUTE_FOREIGN) {
        r->lack = r->lack ? r->lack : ROUTE_LACK_TAGS;
    } else if (v->standing == ROUTE_SHUT) {
        r->lack = ROUTE_LACK_HEALTH;
        if (v->shut_for > 0 && (r->wait <= 0 || v->shut_for < r->wait))
            r->wait = v->shut_for;
    }
}

/* Fill r->views with those that may be asked now of the offers in this state; how many are they? */
static unsigned
gather(struct route *r, unsigned char state)
{
    const struct model *m = r->steps[r->at].model;
    unsigned n = 0;
    for (unsigned i = 0; i < m->n; i++) {
        if (r->state[i] != state)
            continue;
        r->views[n] = view(r, &m->offers[i], i);
        note_lack(r, &r->views[n++]);
    }
    return route_admit(r->views, n);
}

/* When every offer was tried, all may be tried again. */
static void
refresh(struct route *r)
{
    for (unsigned i = 0; i < r->steps[r->at].model->n; i++)
        if (r->state[i] == ROUTE_TRIED)
            r->state[i] = ROUTE_FRESH;
    r->rounds++;
}

/* One of the n that were gathered. */
static void
give_out(struct route *r, unsigned n, struct dice *dice, struct candidate *c)
{
    const struct route_step *step = &r->steps[r->at];
    struct route_ask ask = r->request.ask;
    ask.turn = r->turn;
    r->last = r->views[route_choose(step->model->strategy, r->views, n, &ask, dice)].offer;
    r->state[r->last] = ROUTE_TRIED;
    r->tries--;
    *c = (struct candidate){ &step->model->offers[r->last], step->name, r->rounds > 0 };
}

static bool
next_offer(struct route *r, struct dice *dice, struct candidate *c)
{
    if (r->tries == 0 || r->diverted)
        return false;
    unsigned n = gather(r, ROUTE_FRESH);
    if (n == 0 && !r->once) {
        refresh(r);
        n = gather(r, ROUTE_FRESH);
    }
    if (n > 0)
        give_out(r, n, dice, c);
    return n > 0;
}

bool
route_next(struct route *r, struct dice *dice, struct candidate *c)
{
    while (r->at < r->n && !next_offer(r, dice, c))
        next_model(r);
    return r->at < r->n;
}

unsigned
route_repeats(struct route *r)
{
    if (r->at == r->n || r->tries == 0 || r->diverted)
        return 0;
    if (gather(r, ROUTE_FRESH) > 0 || r->once)
        return r->rounds;
    return gather(r, ROUTE_TRIED) > 0 ? r->rounds + 1 : 0;
}

void
route_exclude(struct route *r)
{
    r->state[r->last] = ROUTE_EXCLUDED;
    r->tries++;
}

/* A try beside the one that runs: at a deployment of the same model that was not asked yet, which counts as any
 * other.  False when there is none; the route stays where it is. */
static bool
beside(struct route *r, struct dice *dice, struct candidate *c)
{
    if (r->at == r->n || r->tries == 0 || r->diverted || r->rounds > 0)
        return false;
    unsigned n = gather(r, ROUTE_FRESH);
    if (n > 0)
        give_out(r, n, dice, c);
    return n > 0;
}

/* The last try was not made and does not count; its deployment is offered again after rejoin. */
static void
pass(struct route *r)
{
    r->state[r->last] = ROUTE_PASSED;
    r->tries++;
}

static void
rejoin(struct route *r)
{
    for (unsigned i = 0; r->at < r->n && i < r->steps[r->at].model->n; i++)
        if (r->state[i] == ROUTE_PASSED)
            r->state[i] = ROUTE_FRESH;
}

bool
route_race(struct route *r, struct dice *dice,
           enum rival_start (*ask)(void *ctx, const struct candidate *c), void *ctx)
{
    struct candidate c;
    enum rival_step step = RIVAL_SKIP;
    while (step != RIVAL_RUNS && step != RIVAL_STOP && beside(r, dice, &c)) {
        step = rival_step(ask(ctx, &c));
        if (step == RIVAL_PASS)
            pass(r);
        else if (step == RIVAL_SKIP)
            route_exclude(r);
    }
    rejoin(r);
    return step == RIVAL_RUNS;
}

void
route_forsake(struct route *r, const struct candidate *c)
{
    const struct model *m = r->at < r->n ? r->steps[r->at].model : NULL;
    if (m && c->offer >= m->offers && c->offer < m->offers + m->n)
        r->state[c->offer - m->offers] = ROUTE_EXCLUDED;
}

double
route_pause(struct route *r)
{
    if (r->at == r->n || r->tries == 0 || r->diverted)
        return 0;
    insert_fallbacks(r, CONFIG_TROUBLE_ANY, r->n);
    r->wait = 0;
    bool now = gather(r, ROUTE_FRESH) > 0 || gather(r, ROUTE_TRIED) > 0;
    return now || r->at + 1 < r->n ? 0 : r->wait;
}

bool
route_divert(struct route *r, enum config_trouble trouble)
{
    insert_fallbacks(r, trouble, r->at + 1);
    r->diverted = true;
    return r->at + 1 < r->n;
}
