/* A load generator on one thread: one POST request over many kept-alive connections.
 *
 *   FILL ─► all connections have a reply ─► WARM ─► MEASURE ─► DRAIN: replies under way
 *
 * Closed loop: a connection asks again when it has its reply, which shows what a request costs when
 * the server is never idle.  Open loop: requests are due at fixed times, whatever became of those
 * before, and their latency counts from when they were due: a stall of the server is seen by all the
 * requests that would have come during it.  wish.c tells the options, tally.c prints the result. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/reply.h"
#include "tests/bench/tally.h"
#include "tests/bench/wish.h"

#define SECOND UINT64_C(1000000000)
#define FILL_MAX \
    (30 * SECOND) /* for the connections to get their first replies, besides the ramp */
#define DRAIN_MAX  (5 * SECOND)
#define ERRORS_MAX 1000 /* then there is no point in going on */
#define READ_MAX   (256u << 10)
#define BATCH      256

enum phase { PHASE_FILL, PHASE_WARM, PHASE_MEASURE, PHASE_DRAIN, PHASE_OVER };

struct link {
    int fd;     /* -1: none */
    bool busy;  /* a request is under way */
    bool begun; /* it has ever got a byte of a reply */
    bool waits; /* in the stack of idle ones */
    bool polls_out;
    size_t sent;       /* of the request */
    uint64_t due_ns;   /* when the request was sent, or should have been */
    uint64_t last_ns;  /* the last event came; 0: none yet */
    int64_t anchor_ns; /* when event 0 would have come, had all been as early as the earliest */
    struct reply reply;
};

struct load {
    struct wish wish;
    struct tally tally;
    enum phase phase;
    uint64_t now_ns;
    uint64_t begun_ns; /* the run; in an open loop, request k is due k / rate later */
    uint64_t phase_ns; /* the phase began */
    uint64_t asked;    /* requests of the open loop, so far */
    struct link *links;
    unsigned opened, begun, busy; /* of them */
    unsigned *idle, n_idle;       /* open loop: a stack of those that wait */
    int epoll;
    char bytes[READ_MAX];
};

static void
tell_time(struct load *l)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    l->now_ns = (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* --- one connection ------------------------------------------------------------------------ */

static bool
poll_link(struct load *l, struct link *k, int op, bool out)
{
    struct epoll_event e = { .events = EPOLLIN | (out ? EPOLLOUT : 0u), .data.ptr = k };
    k->polls_out = out;
    return epoll_ctl(l->epoll, op, k->fd, &e) == 0;
}

/* Connecting blocks, which on the loopback is no time. */
static bool
link_open(struct load *l, struct link *k)
{
    int one = 1;
    k->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (k->fd < 0)
        return false;
    setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return connect(k->fd, (struct sockaddr *)&l->wish.address, sizeof l->wish.address) == 0
           && fcntl(k->fd, F_SETFL, O_NONBLOCK) == 0 && poll_link(l, k, EPOLL_CTL_ADD, false);
}

static void
link_close(struct link *k)
{
    if (k->fd >= 0)
        close(k->fd);
    k->fd = -1;
}

static void
link_write(struct load *l, struct link *k)
{
    ssize_t n = write(k->fd, l->wish.request + k->sent, l->wish.request_n - k->sent);
    if (n > 0)
        k->sent += (size_t)n;
    bool more = k->sent < l->wish.request_n;
    if (more != k->polls_out)
        poll_link(l, k, EPOLL_CTL_MOD, more);
}

static void
link_ask(struct load *l, struct link *k, uint64_t due_ns)
{
    memset(&k->reply, 0, offsetof(struct reply, head));
    memset(k->reply.tail, 0, REPLY_TAIL);
    k->busy = true;
    k->sent = 0;
    k->due_ns = due_ns;
    k->last_ns = 0;
    k->anchor_ns = INT64_MAX;
    l->busy++;
    link_write(l, k);
}

static uint64_t
due_ns(const struct load *l, uint64_t request)
{
    return l->begun_ns + (uint64_t)((double)request * 1e9 / l->wish.rate);
}

/* Are there requests to come?  Those of an open loop that were due while measuring are sent even
 * when that is over: to leave them out would hide that the server could not keep up. */
static bool
has_more(const struct load *l)
{
    if (l->phase < PHASE_DRAIN)
        return true;
    return l->phase == PHASE_DRAIN && l->wish.rate > 0 && !l->wish.cut
           && due_ns(l, l->asked) < l->tally.end_ns;
}

/* The link has nothing to do: give it its next request, or let it wait for one. */
static void
link_next(struct load *l, struct link *k)
{
    if (!has_more(l))
        return;
    if (l->wish.rate <= 0)
        link_ask(l, k, l->now_ns);
    else if (!k->waits)
        l->idle[l->n_idle++] = (unsigned)(k - l->links);
    k->waits = l->wish.rate > 0;
}

static void
link_reopen(struct load *l, struct link *k)
{
    link_close(k);
    if (!has_more(l))
        return;
    l->tally.reconnects++;
    if (link_open(l, k))
        link_next(l, k);
    else
        tally_error(&l->tally, "cannot connect again", strerror(errno));
}

static void
fail(struct load *l, struct link *k, const char *what, const char *detail)
{
    tally_error(&l->tally, what, detail);
    l->busy -= k->busy;
    k->busy = false;
    link_reopen(l, k);
}

/* --- replies ------------------------------------------------------------------------------- */

/* n events came in one read; the last one has this number in its stream. */
static void
count_events(struct load *l, struct link *k, uint64_t last, uint64_t n)
{
    struct tally *t = &l->tally;
    uint64_t first = last - n + 1, paced = l->wish.paced ? l->wish.paced : UINT64_MAX;
    t->events += n;
    if (!k->last_ns)
        histogram_add(&t->first, l->now_ns - k->due_ns);
    else if (first <= paced)
        histogram_add(&t->gap, l->now_ns - k->last_ns);
    for (uint64_t i = first + 1; i <= last && i <= paced; i++)
        histogram_add(&t->gap, 0);
    k->last_ns = l->now_ns;
    /* The first one sets no pace: where another dialect opens a block with an event of its own, the
     * head comes a beat ahead of the rest. */
    for (uint64_t i = first; l->wish.pace > 0 && i <= last && i <= paced; i++) {
        if (i <= 1)
            continue;
        int64_t origin = (int64_t)l->now_ns - (int64_t)((double)i * 1e9 / l->wish.pace);
        k->anchor_ns = origin < k->anchor_ns ? origin : k->anchor_ns;
        histogram_add(&t->delay, (uint64_t)(origin - k->anchor_ns));
    }
}

/* In an open loop the requests that were due while measuring count whenever they end. */
static void
count_reply(struct load *l, const struct link *k)
{
    struct tally *t = &l->tally;
    bool was_due = t->start_ns && k->due_ns >= t->start_ns && (!t->end_ns || k->due_ns < t->end_ns);
    t->requests += l->phase == PHASE_MEASURE;
    if (l->wish.rate > 0 ? was_due : l->phase == PHASE_MEASURE)
        histogram_add(&t->latency, l->now_ns - k->due_ns);
}

static void
end_reply(struct load *l, struct link *k)
{
    const struct reply *r = &k->reply;
    char status[32];
    snprintf(status, sizeof status, "%d", r->status);
    if (r->status != 200) {
        fail(l, k, "status", status);
    } else if (l->wish.end && !reply_ends_with(r, l->wish.end)) {
        fail(l, k, "the reply does not end as it should", r->tail);
    } else {
        count_reply(l, k);
        k->busy = false;
        l->busy--;
        if (r->closes)
            link_reopen(l, k);
        else
            link_next(l, k);
    }
}

static void
link_read(struct load *l, struct link *k)
{
    struct reply *r = &k->reply;
    ssize_t n = read(k->fd, l->bytes, READ_MAX);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0 && !k->busy) {
        link_reopen(l, k); /* the server has closed an idle connection */
        return;
    }
    if (n <= 0) {
        if (n == 0 && reply_closed(r))
            end_reply(l, k);
        else
            fail(l, k, "the connection broke", n < 0 ? strerror(errno) : "");
        return;
    }
    uint64_t events = r->events, bytes = r->bytes;
    size_t used = k->busy ? reply_feed(r, l->bytes, (size_t)n) : 0;
    l->begun += !k->begun;
    k->begun = true;
    l->tally.bytes += r->bytes - bytes;
    if (r->events > events)
        count_events(l, k, r->events, r->events - events);
    if (r->state == REPLY_BAD || used < (size_t)n)
        fail(l, k, "not a proper reply", "");
    else if (r->state == REPLY_DONE)
        end_reply(l, k);
}

/* --- the run ------------------------------------------------------------------------------- */

static bool
open_due(struct load *l)
{
    const struct wish *w = &l->wish;
    unsigned want = w->connections;
    if (w->ramp > 0) {
        double due = 1 + (double)(l->now_ns - l->begun_ns) / 1e9 * w->ramp;
        want = due < want ? (unsigned)due : want;
    }
    while (l->opened < want) {
        struct link *k = &l->links[l->opened];
        if (!link_open(l, k)) {
            fprintf(stderr, "load: connection %u: %s\n", l->opened + 1, strerror(errno));
            return false;
        }
        l->opened++;
        link_next(l, k);
    }
    return true;
}

static void
ask_due(struct load *l)
{
    while (l->wish.rate > 0 && l->n_idle && has_more(l) && due_ns(l, l->asked) <= l->now_ns) {
        struct link *k = &l->links[l->idle[--l->n_idle]];
        k->waits = false;
        if (k->fd >= 0)
            link_ask(l, k, due_ns(l, l->asked++));
    }
}

static void
enter(struct load *l, enum phase p)
{
    struct tally *t = &l->tally;
    l->phase = p;
    l->phase_ns = l->now_ns;
    if (p == PHASE_MEASURE) {
        tally_restart(t);
        t->has_server = l->wish.pid && process_use(l->wish.pid, &t->before);
        t->own_cpu_ns = process_own_cpu_ns();
        t->start_ns = l->now_ns;
        if (l->wish.announce)
            fprintf(stderr, "load: measuring\n");
    } else if (p == PHASE_DRAIN) {
        t->has_server = t->has_server && process_use(l->wish.pid, &t->after);
        t->own_cpu_ns = process_own_cpu_ns() - t->own_cpu_ns;
        t->end_ns = l->now_ns;
    }
}

static uint64_t
seconds_ns(double s)
{
    return (uint64_t)(s * 1e9);
}

static void
advance_fill(struct load *l)
{
    const struct wish *w = &l->wish;
    double ramp = w->ramp > 0 ? w->connections / w->ramp : 0;
    if (l->opened == w->connections && (w->rate > 0 || l->begun == w->connections)) {
        enter(l, PHASE_WARM);
    } else if (l->now_ns - l->phase_ns > FILL_MAX + seconds_ns(ramp)) {
        fprintf(stderr, "load: %u of %u connections got no reply\n", w->connections - l->begun,
                w->connections);
        l->phase = PHASE_OVER;
    }
}

/* On to the next phase, when it is time. */
static void
advance(struct load *l)
{
    const struct wish *w = &l->wish;
    uint64_t spent = l->now_ns - l->phase_ns;
    if (l->tally.errors > ERRORS_MAX)
        l->phase = PHASE_OVER;
    switch (l->phase) {
    case PHASE_FILL:
        advance_fill(l);
        break;
    case PHASE_WARM:
        if (spent >= seconds_ns(w->warmup))
            enter(l, PHASE_MEASURE);
        break;
    case PHASE_MEASURE:
        if (spent >= seconds_ns(w->seconds) || (w->requests && l->tally.requests >= w->requests))
            enter(l, PHASE_DRAIN);
        break;
    case PHASE_DRAIN:
        if (w->cut || (l->busy == 0 && !has_more(l)) || spent > DRAIN_MAX)
            l->phase = PHASE_OVER;
        break;
    case PHASE_OVER:
        break;
    }
}

/* How long to sleep: to the next request that is due, the next connection, or a millisecond. */
static struct timespec
patience(const struct load *l)
{
    uint64_t ns = SECOND / 1000;
    if (l->wish.rate > 0 && l->n_idle && has_more(l)) {
        uint64_t due = due_ns(l, l->asked);
        uint64_t left = due > l->now_ns ? due - l->now_ns : 0;
        ns = left < ns ? left : ns;
    }
    return (struct timespec){ 0, (long)ns };
}

static bool
run(struct load *l)
{
    struct epoll_event e[BATCH];
    while (l->phase != PHASE_OVER) {
        struct timespec t = patience(l);
        int n = epoll_pwait2(l->epoll, e, BATCH, &t, NULL);
        tell_time(l);
        for (int i = 0; i < n; i++) {
            struct link *k = e[i].data.ptr;
            if (k->fd >= 0 && (e[i].events & EPOLLOUT))
                link_write(l, k);
            if (k->fd >= 0 && (e[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
                link_read(l, k);
        }
        if (n < 0 && errno != EINTR)
            return false;
        tell_time(l);
        if (l->opened < l->wish.connections && !open_due(l))
            return false;
        ask_due(l);
        advance(l);
    }
    return true;
}

static void
count_unanswered(struct load *l, uint64_t due)
{
    if (due < l->tally.start_ns || due >= l->tally.end_ns)
        return;
    l->tally.unanswered++;
    histogram_add(&l->tally.latency, l->now_ns - due);
}

/* Whoever waits still has waited so long at least. */
static void
count_all_unanswered(struct load *l)
{
    if (l->wish.rate <= 0 || l->wish.cut || !l->tally.end_ns)
        return;
    for (unsigned i = 0; i < l->opened; i++)
        if (l->links[i].busy)
            count_unanswered(l, l->links[i].due_ns);
    for (; due_ns(l, l->asked) < l->tally.end_ns; l->asked++)
        count_unanswered(l, due_ns(l, l->asked));
}

/* Precise timers, and as many descriptors as there may be. */
static void
prepare_process(void)
{
    struct rlimit r;
    prctl(PR_SET_TIMERSLACK, 1);
    if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

int
main(int argc, char **argv)
{
    static struct load l;
    int status = wish_read(&l.wish, argc, argv);
    if (status >= 0)
        return status;
    prepare_process();
    l.links = calloc(l.wish.connections, sizeof *l.links);
    l.idle = calloc(l.wish.connections, sizeof *l.idle);
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!l.links || !l.idle || l.epoll < 0) {
        fprintf(stderr, "load: out of memory\n");
        return 1;
    }
    for (unsigned i = 0; i < l.wish.connections; i++)
        l.links[i].fd = -1;
    tell_time(&l);
    l.begun_ns = l.phase_ns = l.now_ns;
    bool ok = run(&l);
    count_all_unanswered(&l);
    tally_print(&l.tally, l.wish.connections);
    return ok && l.tally.errors == 0 && l.tally.end_ns ? 0 : 1;
}
