/* Events and what follows from them. */
#include "tools/simulate/course.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/route/key.h"
#include "tools/simulate/state.h"

static double
exponential(struct course *c, double mean)
{
    return -mean * log(1 - dice_unit(&c->dice));
}

/* --- the ends ------------------------------------------------------------------------------- */

static void
drop_request(struct request *x)
{
    struct course *c = x->course;
    calls_cut(x);
    entry_leave(x);
    c->inside -= x->at == PLACES;
    c->requests[x->who] = NULL;
    c->result->seconds = seconds(c->now - BEGINNING);
    arena_fini(&x->arena);
    free(x);
}

void
course_fail(struct request *x)
{
    struct result *r = x->course->result;
    r->failed++;
    r->failed_by[x->priority]++;
    r->failed_of[x->client]++;
    drop_request(x);
}

static void plan_turn(const struct request *before, unsigned upstream);

void
course_finish(struct request *x, unsigned upstream)
{
    const struct course *c = x->course;
    series_add(&c->result->first, seconds(x->first - x->came));
    series_add(&c->result->whole, seconds(c->now - x->came));
    if (x->turn < x->turns)
        plan_turn(x, upstream);
    drop_request(x);
}

/* --- requests -------------------------------------------------------------------------------- */

static struct request *
new_request(struct course *c)
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
    x->course = c;
    x->who = c->n++;
    c->requests[x->who] = x;
    arena_init(&x->arena, (size_t)1 << 20);
    x->home = SCENARIO_UPSTREAMS;
    return x;
}

static void
plan_turn(const struct request *before, unsigned upstream)
{
    struct course *c = before->course;
    struct request *x = new_request(c);
    x->conversation = before->conversation;
    x->turns = before->turns;
    x->turn = before->turn + 1;
    x->home = upstream;
    x->priority = before->priority;
    x->client = before->client;
    agenda_put(&c->agenda, later(c, exponential(c, c->scenario->think)), EVENT_TURN, x->who, 0);
}

/* Who comes, and how much of a hurry it is in. */
static void
choose_client(struct request *x)
{
    struct course *c = x->course;
    const struct scenario *s = c->scenario;
    x->priority = SEMAPHORE_NORMAL;
    if (s->urgent > 0) {
        double u = dice_unit(&c->dice);
        x->priority = u < s->urgent             ? SEMAPHORE_HIGH
                      : u < s->urgent + s->idle ? SEMAPHORE_LOW
                                                : SEMAPHORE_NORMAL;
    }
    if (s->greedy > 0 && dice_unit(&c->dice) >= s->greedy)
        x->client = 1 + (unsigned)dice_below(&c->dice, SCENARIO_CLIENTS - 1);
}

/* A conversation begins, and says when the next one will. */
static void
begin_conversation(struct course *c)
{
    struct request *x = new_request(c);
    double next = exponential(c, 1 / c->scenario->rate);
    x->conversation = c->conversations++;
    x->turns = 1 + (unsigned)dice_below(&c->dice, c->scenario->turns);
    x->turn = 1;
    choose_client(x);
    agenda_put(&c->agenda, c->now, EVENT_TURN, x->who, 0);
    if (seconds(c->now - BEGINNING) + next < c->scenario->seconds)
        agenda_put(&c->agenda, later(c, next), EVENT_BEGIN, 0, 0);
}

static void
begin_turn(struct request *x)
{
    struct course *c = x->course;
    x->came = c->now;
    x->tokens_in = c->scenario->in * x->turn;
    x->tokens_out = fmax(1, exponential(c, c->scenario->out));
    c->result->requests++;
    c->result->requests_by[x->priority]++;
    c->result->requests_of[x->client]++;
    entry_step(x);
}

void
course_enter(struct request *x)
{
    struct course *c = x->course;
    const struct gatehouse *h = &c->house;
    const struct gateway *g = &h->gateway;
    const struct budget_options cap = hedge_budget(&g->restraint.hedge);
    double waited = seconds(c->now - x->came);
    if (++c->inside > c->result->peak)
        c->result->peak = c->inside;
    if (waited > c->result->waited[x->priority])
        c->result->waited[x->priority] = waited;
    x->outlook = (struct outlook){ g, &x->arena, true, &c->now };
    struct route_request q = { .asked = STR("m"), .outlook = outlook_of_guards(&x->outlook) };
    q.ask.key = route_key_of(arena_printf(&x->arena, "conversation %u", x->conversation));
    q.ask.tokens_in = x->tokens_in;
    q.ask.tokens_out = c->scenario->out;
    limits_count_retry(h->budget, &g->restraint.retries, c->now);
    limits_count_hedge(h->budget, &cap, c->now, 1);
    if (!route_begin(&x->route, &g->catalogue, &g->config->routing, &q, &x->arena)
        || !calls_next(x, false)) {
        course_fail(x);
        return;
    }
    c->result->later_turns += x->turn > 1;
    c->result->warm += x->turn > 1 && x->calls[0].upstream == x->home;
}

/* --- what comes ------------------------------------------------------------------------------ */

static void
on_event(struct course *c, const struct agenda_entry *e)
{
    struct request *x = e->what == EVENT_BEGIN ? NULL : c->requests[e->who];
    if (e->what == EVENT_BEGIN) {
        begin_conversation(c);
        return;
    }
    if (!x)
        return; /* it is over */
    if (e->what == EVENT_TURN)
        begin_turn(x);
    else if (e->what == EVENT_LATE)
        entry_late(x, e->which);
    else if (e->what != EVENT_RETRY)
        calls_event(x, (enum event)e->what, e->which);
    else if (!calls_next(x, false))
        course_fail(x);
}

/* Those who have got a place, or lost it. */
static void
tell_waiters(struct course *c)
{
    struct bell_note *n;
    while ((n = bell_take(&c->house.bell)))
        limits_tell(n);
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
        tell_waiters(&c);
    }
    for (unsigned i = 0; i < c.n; i++)
        r->stuck += c.requests[i] != NULL;
    agenda_fini(&c.agenda);
    free(c.requests);
    gatehouse_close(&c.house);
    return true;
}
