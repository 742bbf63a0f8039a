/* Events and what follows from them. */
#include "tools/simulate/course.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/ir/reply.h"
#include "runtime/route/key.h"
#include "server/gateway/outlook.h"
#include "tools/simulate/agenda.h"
#include "tools/simulate/gatehouse.h"

#define SECOND    1e9 /* ns */
#define BEGINNING ((uint64_t)1000 * 1000 * 1000 * 1000)
#define NOBODY    SCENARIO_UPSTREAMS
#define CROWD     100 /* requests in a row */

enum event { EVENT_BEGIN, EVENT_TURN, EVENT_FIRST, EVENT_END, EVENT_RETRY, EVENT_HEDGE };

/* One call of a request. */
struct call {
    unsigned number; /* of the request's calls, from 1; 0: none runs here */
    unsigned upstream;
    struct guarded *guard;
    uint64_t ticket, began;
    struct upstream_fate fate;
    const struct config_price *price;
};

struct request {
    struct arena arena;
    struct route route;
    struct outlook outlook;
    struct call calls[2];  /* the second one is a hedge, or the first was */
    unsigned n_calls;      /* ever */
    uint64_t began, first; /* first: 0 as long as the client has got nothing */
    unsigned conversation, turn, turns;
    unsigned home; /* which upstream served the turn before */
    double tokens_in, tokens_out;
    bool hedged;
    uint64_t told; /* ns: what the newest failure said to wait */
};

struct course {
    const struct scenario *scenario;
    struct gatehouse house;
    struct upstream upstreams[SCENARIO_UPSTREAMS];
    struct agenda agenda;
    struct dice dice;
    uint64_t now;
    struct request **requests; /* owned; NULL once it is over */
    unsigned n, room, conversations;
    unsigned recent[SCENARIO_UPSTREAMS]; /* of the last CROWD requests that began */
    struct result *result;
};

static double
seconds(uint64_t ns)
{
    return (double)ns / SECOND;
}

static uint64_t
later(const struct course *c, double s)
{
    return c->now + (uint64_t)(s * SECOND);
}

static double
exponential(struct course *c, double mean)
{
    return -mean * log(1 - dice_unit(&c->dice));
}

/* --- the ends ------------------------------------------------------------------------------- */

static void
drop_request(struct course *c, unsigned who)
{
    arena_fini(&c->requests[who]->arena);
    free(c->requests[who]);
    c->requests[who] = NULL;
    c->result->seconds = seconds(c->now - BEGINNING);
}

/* Take a call off its upstream, and tell its guard. */
static void
end_call(struct course *c, struct request *x, struct call *k, bool cut)
{
    const struct upstream_fate *f = &k->fate;
    bool good = !f->fault && !f->silent;
    double out = good && !cut ? x->tokens_out : 0;
    const struct guard_report report = {
        .fault = cut         ? IR_FAULT_UNSET
                 : f->silent ? IR_FAULT_TIMEOUT
                             : f->fault,
        .status = f->status,
        .cut = cut,
        .wait_ns = (uint64_t)(f->retry_after * SECOND),
        .whole_ns = c->now - k->began,
        .tokens = good ? (uint64_t)(x->tokens_in + out) : 0,
    };
    guarded_done(k->guard, &c->house.gateway.guard_options, c->now, k->ticket, &report);
    c->upstreams[k->upstream].running--;
    if (good && k->price->set)
        c->result->cost += (x->tokens_in * k->price->input + out * k->price->output) / 1e6;
    k->number = 0;
}

static void
fail_request(struct course *c, unsigned who)
{
    c->result->failed++;
    drop_request(c, who);
}

static void plan_turn(struct course *c, const struct request *before, unsigned upstream);

static void
finish_request(struct course *c, unsigned who, unsigned upstream)
{
    struct request *x = c->requests[who];
    series_add(&c->result->first, seconds(x->first - x->began));
    series_add(&c->result->whole, seconds(c->now - x->began));
    if (x->turn < x->turns)
        plan_turn(c, x, upstream);
    drop_request(c, who);
}

/* --- calls ----------------------------------------------------------------------------------- */

static struct guarded *
find_guard(const struct course *c, const struct request *x, const struct candidate *k)
{
    return guards_find(c->house.service.guards, k->offer->deployment,
                       offer_upstream(k->offer, k->name, x->outlook.arena));
}

/* The largest share of the last hundred requests. */
static void
count_crowd(struct course *c, unsigned upstream)
{
    struct series *s = &c->result->chosen;
    series_add(s, upstream);
    c->recent[upstream]++;
    if (s->n <= CROWD)
        return;
    c->recent[(unsigned)s->v[s->n - CROWD - 1]]--;
    double share = (double)c->recent[upstream] / CROWD;
    if (share > c->result->crowd)
        c->result->crowd = share;
}

static void
plan_hedge(struct course *c, unsigned who, const struct call *k)
{
    uint64_t after = guarded_hedge_after(k->guard, &c->house.gateway.restraint.hedge);
    if (after)
        agenda_put(&c->agenda, c->now + after, EVENT_HEDGE, who, k->number);
}

static void
begin_call(struct course *c, unsigned who, struct call *k, const struct candidate *to,
           struct guarded *guard, uint64_t ticket)
{
    struct request *x = c->requests[who];
    unsigned upstream = (unsigned)(to->offer->deployment - c->house.gateway.deployments);
    double patience = c->scenario->patience;
    *k = (struct call){ .number = ++x->n_calls,
                        .upstream = upstream,
                        .guard = guard,
                        .ticket = ticket,
                        .began = c->now,
                        .price = &to->offer->model->price };
    k->fate = upstream_begin(&c->upstreams[upstream], seconds(c->now - BEGINNING), x->tokens_out,
                             &c->dice);
    k->fate.silent |= k->fate.first > patience;
    c->result->calls++;
    c->result->calls_of[upstream]++;
    if (k->number == 1)
        count_crowd(c, upstream);
    if (k->fate.silent)
        agenda_put(&c->agenda, later(c, patience), EVENT_END, who, k->number);
    else if (k->fate.fault)
        agenda_put(&c->agenda, later(c, k->fate.whole), EVENT_END, who, k->number);
    else
        agenda_put(&c->agenda, later(c, k->fate.first), EVENT_FIRST, who, k->number);
    if (!x->hedged)
        plan_hedge(c, who, k);
}

/* Begin the next call that can be begun; false when there is none. */
static bool
try_next(struct course *c, unsigned who, struct call *k)
{
    struct request *x = c->requests[who];
    struct candidate to;
    while (route_next(&x->route, &c->dice, &to)) {
        struct guarded *guard = find_guard(c, x, &to);
        uint64_t ticket;
        if (guarded_begin(guard, &c->house.gateway.guard_options, c->now, &ticket, NULL)) {
            begin_call(c, who, k, &to, guard, ticket);
            return true;
        }
        route_exclude(&x->route);
    }
    return false;
}

/* Nothing of the request runs any more, and it has failed: again, later, or not at all. */
static void
recover(struct course *c, unsigned who)
{
    struct request *x = c->requests[who];
    struct gatehouse *h = &c->house;
    const struct restraint *o = &h->gateway.restraint;
    unsigned repeats = route_repeats(&x->route);
    uint64_t shut = (uint64_t)(route_pause(&x->route) * SECOND), told = 0, pause = 0;
    if (repeats || shut) {
        told = x->told > shut ? x->told : shut;
        pause = backoff_ns(&o->backoff, repeats ? repeats - 1 : 0, dice_next(&c->dice), told);
    }
    if (told > o->retry_after_most_ns || !budget_spend(&h->retries, &o->retries, c->now)) {
        fail_request(c, who);
        return;
    }
    c->result->retries++;
    if (pause)
        agenda_put(&c->agenda, c->now + pause, EVENT_RETRY, who, 0);
    else if (!try_next(c, who, &x->calls[0]))
        fail_request(c, who);
}

/* --- requests -------------------------------------------------------------------------------- */

static struct request *
new_request(struct course *c, unsigned *who)
{
    if (c->n == c->room) {
        c->room = c->room ? 2 * c->room : 1024;
        c->requests = realloc(c->requests, c->room * sizeof(struct request *));
    }
    struct request *x = calloc(1, sizeof *x);
    if (!x || !c->requests) {
        fputs("simulate: out of memory\n", stderr);
        exit(2);
    }
    *who = c->n++;
    c->requests[*who] = x;
    arena_init(&x->arena, (size_t)1 << 20);
    x->home = NOBODY;
    return x;
}

static void
plan_turn(struct course *c, const struct request *before, unsigned upstream)
{
    unsigned who;
    struct request *x = new_request(c, &who);
    x->conversation = before->conversation;
    x->turns = before->turns;
    x->turn = before->turn + 1;
    x->home = upstream;
    agenda_put(&c->agenda, later(c, exponential(c, c->scenario->think)), EVENT_TURN, who, 0);
}

/* A conversation begins, and says when the next one will. */
static void
begin_conversation(struct course *c)
{
    unsigned who;
    struct request *x = new_request(c, &who);
    double next = exponential(c, 1 / c->scenario->rate);
    x->conversation = c->conversations++;
    x->turns = 1 + (unsigned)dice_below(&c->dice, c->scenario->turns);
    x->turn = 1;
    agenda_put(&c->agenda, c->now, EVENT_TURN, who, 0);
    if (seconds(c->now - BEGINNING) + next < c->scenario->seconds)
        agenda_put(&c->agenda, later(c, next), EVENT_BEGIN, 0, 0);
}

static void
begin_turn(struct course *c, unsigned who)
{
    struct request *x = c->requests[who];
    const struct gateway *g = &c->house.gateway;
    x->began = c->now;
    x->tokens_in = c->scenario->in * x->turn;
    x->tokens_out = fmax(1, exponential(c, c->scenario->out));
    x->outlook = (struct outlook){ g, &x->arena, true, &c->now };
    struct route_request q = { .asked = STR("m"), .outlook = outlook_of_guards(&x->outlook) };
    q.ask.key = route_key_of(arena_printf(&x->arena, "conversation %u", x->conversation));
    q.ask.tokens_in = x->tokens_in;
    q.ask.tokens_out = c->scenario->out;
    c->result->requests++;
    budget_count(&c->house.retries, &c->house.gateway.restraint.retries, c->now);
    budget_count(&c->house.hedges, &c->house.hedge_cap, c->now);
    if (!route_begin(&x->route, &g->catalogue, &g->config->routing, &q, &x->arena)
        || !try_next(c, who, &x->calls[0])) {
        fail_request(c, who);
        return;
    }
    c->result->later_turns += x->turn > 1;
    c->result->warm += x->turn > 1 && x->calls[0].upstream == x->home;
}

static struct call *
find_call(struct request *x, unsigned number)
{
    for (unsigned i = 0; i < 2; i++)
        if (x->calls[i].number == number)
            return &x->calls[i];
    return NULL;
}

/* A first token: the client gets this reply, whoever else runs is cut. */
static void
win(struct course *c, unsigned who, struct call *k)
{
    struct request *x = c->requests[who];
    x->first = c->now;
    guarded_first(k->guard, &c->house.gateway.guard_options, c->now, c->now - k->began, NULL);
    for (unsigned i = 0; i < 2; i++)
        if (x->calls[i].number && &x->calls[i] != k)
            end_call(c, x, &x->calls[i], true);
    agenda_put(&c->agenda, later(c, k->fate.whole - k->fate.first), EVENT_END, who, k->number);
}

static void
lose_or_finish(struct course *c, unsigned who, struct call *k)
{
    struct request *x = c->requests[who];
    unsigned upstream = k->upstream;
    bool good = !k->fate.fault && !k->fate.silent;
    x->told = (uint64_t)(k->fate.retry_after * SECOND);
    end_call(c, x, k, false);
    if (good)
        finish_request(c, who, upstream);
    else if (!x->calls[0].number && !x->calls[1].number)
        recover(c, who);
}

static void
hedge(struct course *c, unsigned who)
{
    struct request *x = c->requests[who];
    struct call *k = x->calls[0].number ? &x->calls[1] : &x->calls[0];
    if (x->first || x->hedged || k->number || x->route.tries == 0 || route_repeats(&x->route) > 0
        || !budget_spend(&c->house.hedges, &c->house.hedge_cap, c->now))
        return;
    x->hedged = true;
    c->result->hedges += try_next(c, who, k);
}

static void
on_event(struct course *c, const struct agenda_entry *e)
{
    struct request *x = e->what == EVENT_BEGIN ? NULL : c->requests[e->who];
    struct call *k = x && e->which ? find_call(x, e->which) : NULL;
    switch ((enum event)e->what) {
    case EVENT_BEGIN:
        begin_conversation(c);
        break;
    case EVENT_TURN:
        begin_turn(c, e->who);
        break;
    case EVENT_FIRST:
        if (k)
            win(c, e->who, k);
        break;
    case EVENT_END:
        if (k)
            lose_or_finish(c, e->who, k);
        break;
    case EVENT_RETRY:
        if (!try_next(c, e->who, &x->calls[0]))
            fail_request(c, e->who);
        break;
    case EVENT_HEDGE:
        if (k)
            hedge(c, e->who);
        break;
    }
}

bool
course_run(const struct scenario *s, enum route_strategy strategy, uint64_t seed, struct result *r)
{
    struct course c = { .scenario = s, .now = BEGINNING, .result = r };
    struct agenda_entry e;
    *r = (struct result){ .requests = 0 };
    if (!gatehouse_open(&c.house, s, strategy))
        return false;
    dice_init(&c.dice, seed);
    for (unsigned i = 0; i < s->n_upstreams; i++)
        c.upstreams[i].script = &s->upstreams[i];
    agenda_put(&c.agenda, c.now, EVENT_BEGIN, 0, 0);
    while (agenda_take(&c.agenda, &e)) {
        c.now = e.at;
        on_event(&c, &e);
    }
    agenda_fini(&c.agenda);
    free(c.requests);
    gatehouse_close(&c.house);
    return true;
}
