/* The limits before a route is sought, as admission.c takes them. */
#include "tools/simulate/state.h"

static struct limited *
limited_at(const struct request *x, unsigned at)
{
    const struct gatehouse *h = &x->course->house;
    switch ((enum limits_kind)at) {
    case LIMITS_GATEWAY:
        return h->gateway.restraint.gateway_limited;
    case LIMITS_CLIENT:
        return limits_find(h->service.limits, LIMITS_CLIENT,
                           arena_printf((struct arena *)&x->arena, "client %u", x->client));
    case LIMITS_MODEL:
        return h->budget;
    case LIMITS_DEPLOYMENT:
        break;
    }
    return NULL;
}

static void
told(void *ctx)
{
    struct request *x = ctx;
    if (x->entry[x->at].place == LIMITS_DISPLACED)
        course_fail(x);
    else
        entry_step(x);
}

static enum semaphore_answer
enter(struct request *x, const struct limiter_options *o)
{
    struct limits_hold *h = &x->entry[x->at];
    struct limiter_refusal no;
    h->note.bell = &x->course->house.bell;
    h->told = told;
    h->ctx = x;
    return limits_enter(h, limited_at(x, x->at), o, x->course->now, (uint64_t)x->tokens_in,
                        x->priority, &no);
}

void
entry_step(struct request *x)
{
    struct course *c = x->course;
    for (; x->at < PLACES; x->at++) {
        const struct limiter_options *o = restraint_of(&c->house.gateway.restraint,
                                                       (enum limits_kind)x->at, STR("m"));
        if (!o || !limits_any(o) || x->entry[x->at].place == LIMITS_IN)
            continue;
        switch (enter(x, o)) {
        case SEMAPHORE_IN:
            break;
        case SEMAPHORE_QUEUED:
            agenda_put(&c->agenda, c->now + o->wait_ns, EVENT_LATE, x->who, x->at);
            return;
        case SEMAPHORE_FULL:
            course_fail(x);
            return;
        }
    }
    course_enter(x);
}

void
entry_late(struct request *x, unsigned place)
{
    if (x->at == place && x->entry[place].place == LIMITS_WAITS)
        course_fail(x);
}

void
entry_leave(struct request *x)
{
    const struct limiter_report r = { .used = (uint64_t)(x->tokens_in + x->tokens_out),
                                      .sign = x->first ? ADAPTIVE_TIMED : ADAPTIVE_NOTHING,
                                      .sign_ns = x->first ? x->first - x->came : 0 };
    for (unsigned i = 0; i < PLACES; i++)
        limits_leave(&x->entry[i], x->course->now, r);
}
