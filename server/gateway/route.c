/* Choosing deployments. */
#include "server/gateway/route.h"

enum { ROUTE_FRESH, ROUTE_TRIED, ROUTE_EXCLUDED };

/* Turn to a model.  False when it does not exist or memory ran out. */
static bool
take_model(struct route *r, struct str name)
{
    r->name = name;
    r->model = catalogue_find(r->catalogue, name);
    r->state = r->model ? arena_alloc(r->arena, r->model->n) : NULL;
    r->tries = r->rules->retries + 1;
    r->rounds = 0;
    return r->state;
}

bool
route_begin(struct route *r, const struct catalogue *c, const struct config_routing *rules,
            struct str asked, struct arena *a)
{
    *r = (struct route){ .catalogue = c, .rules = rules, .arena = a };
    for (unsigned i = 0; i < rules->n_fallbacks; i++)
        if (str_eq(rules->fallbacks[i].model, asked))
            r->fallbacks = &rules->fallbacks[i];
    return take_model(r, asked);
}

static uint64_t
weigh(const struct route *r, unsigned char state)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < r->model->n; i++)
        sum += r->state[i] == state ? r->model->offers[i].model->weight : 0;
    return sum;
}

/* One of the offers in this state, by weight; there is at least one. */
static unsigned
pick(const struct route *r, unsigned char state, uint64_t sum, struct dice *dice)
{
    uint64_t at = dice_below(dice, sum);
    unsigned last = 0;
    for (unsigned i = 0; i < r->model->n; i++) {
        if (r->state[i] != state)
            continue;
        last = i;
        uint64_t weight = r->model->offers[i].model->weight;
        if (at < weight)
            break;
        at -= weight;
    }
    return last;
}

/* When every offer was tried, all may be tried again. */
static void
refresh(struct route *r)
{
    for (unsigned i = 0; i < r->model->n; i++)
        if (r->state[i] == ROUTE_TRIED)
            r->state[i] = ROUTE_FRESH;
    r->rounds++;
}

static bool
next_offer(struct route *r, struct dice *dice, struct candidate *c)
{
    if (r->tries == 0)
        return false;
    uint64_t sum = weigh(r, ROUTE_FRESH);
    if (sum == 0) {
        refresh(r);
        sum = weigh(r, ROUTE_FRESH);
    }
    if (sum == 0)
        return false;
    r->last = pick(r, ROUTE_FRESH, sum, dice);
    r->state[r->last] = ROUTE_TRIED;
    r->tries--;
    *c = (struct candidate){ &r->model->offers[r->last], r->name, r->rounds > 0 };
    return true;
}

bool
route_next(struct route *r, struct dice *dice, struct candidate *c)
{
    while (!r->state || !next_offer(r, dice, c)) {
        if (!r->fallbacks || r->next_fallback == r->fallbacks->n_to)
            return false;
        take_model(r, r->fallbacks->to[r->next_fallback++]);
    }
    return true;
}

unsigned
route_repeats(const struct route *r)
{
    if (r->tries == 0 || weigh(r, ROUTE_FRESH) > 0)
        return r->tries == 0 ? 0 : r->rounds;
    return weigh(r, ROUTE_TRIED) > 0 ? r->rounds + 1 : 0;
}

void
route_exclude(struct route *r)
{
    r->state[r->last] = ROUTE_EXCLUDED;
    r->tries++;
}
