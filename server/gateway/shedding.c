/* Late loops. */
#include "server/gateway/shedding.h"

#include <event2/event.h>

#include "server/gateway/clock.h"
#include "server/gateway/exchange.h"
#include "server/gateway/worker.h"
#include "server/log/log.h"

#define NS_PER_S  ((uint64_t)1000 * 1000 * 1000)
#define NS_PER_MS ((uint64_t)1000 * 1000)

static void
arm(struct shedding *s, uint64_t now)
{
    static const struct timeval period = { 0, OVERLOAD_PERIOD_NS / 1000 };
    s->due = event_add(s->timer, &period) == 0 ? now + OVERLOAD_PERIOD_NS : 0;
}

/* There are requests again.  Those of a flood come so soon that the timer has hardly stopped. */
static void
resume(struct shedding *s, uint64_t now)
{
    if (now - s->seen > OVERLOAD_PERIOD_NS)
        overload_rest(&s->overload);
    arm(s, now);
}

/* It begins to refuse, or ceases to. */
static void
tell(struct worker *w, uint64_t lag)
{
    const bool begins = w->shedding.overload.strain > 0;
    struct log_line l;
    if (begins)
        atomic_fetch_add(&w->service->late_workers, 1);
    else
        atomic_fetch_sub(&w->service->late_workers, 1);
    if (!log_begin(w->service->log, &l, begins ? LOG_LEVEL_WARN : LOG_LEVEL_INFO,
                   begins ? "overload" : "overload_over"))
        return;
    log_int(&l, "lag_ms", (int64_t)(lag / NS_PER_MS));
    log_end(&l);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct worker *w = ctx;
    struct shedding *s = &w->shedding;
    const uint64_t now = clock_ns(), lag = now > s->due ? now - s->due : 0;
    const uint64_t bound = worker_gateway(w)->config->server.overload_lag * NS_PER_MS;
    (void)fd, (void)what;
    s->due = 0;
    s->seen = now;
    if (overload_sample(&s->overload, bound, lag))
        tell(w, lag);
    if (bound && (!TAILQ_EMPTY(&w->running) || s->overload.strain > 0))
        arm(s, now);
}

bool
shedding_init(struct worker *w)
{
    w->shedding.timer = evtimer_new(w->base, on_timer, w);
    return w->shedding.timer;
}

void
shedding_fini(struct worker *w)
{
    if (w->shedding.overload.strain > 0)
        atomic_fetch_sub(&w->service->late_workers, 1);
    if (w->shedding.timer)
        event_free(w->shedding.timer);
    w->shedding.timer = NULL;
}

bool
shedding_refuses(struct exchange *x)
{
    struct worker *w = x->worker;
    struct shedding *s = &w->shedding;
    if (!s->due && x->gateway->config->server.overload_lag)
        resume(s, clock_ns());
    if (s->overload.strain <= 0)
        return false;
    const enum semaphore_priority p = admission_priority(http_exchange_head(x->http));
    if (!overload_refuses(&s->overload, p, dice_next(&w->dice)))
        return false;
    const uint64_t wait = overload_wait_ns(&s->overload, p);
    const struct ir_error e = { .set = true,
                                .kind = IR_FAULT_OVERLOADED,
                                .message = STR("the gateway has more to do than it can"),
                                .retry_after = { (int64_t)((wait + NS_PER_S - 1) / NS_PER_S),
                                                 true } };
    atomic_fetch_add_explicit(&w->service->shed[p], 1, memory_order_relaxed);
    exchange_refuse(x, &e);
    return true;
}
