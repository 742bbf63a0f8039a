/* The exporter's queues and its thread. */
#include "server/trace/exporter.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "server/trace/item_queue.h"
#include "server/trace/otlp_metrics.h"
#include "server/trace/sender.h"

#define ARENA_MAX     ((size_t)1 << 20)  /* of the copied options */
#define MESSAGE_MAX   ((size_t)32 << 20) /* of one item, or a report */
#define MESSAGE_FULL  ((size_t)2 << 20)  /* it waits for no more items then */
#define WAITING_MAX   ((size_t)32 << 20) /* bytes in a queue */
#define BACKOFF_FIRST 500u               /* ms */
#define BACKOFF_MOST  30000u
#define LAST_WORDS_MS 2000u

/* Of several items: many receivers take 4 MB over gRPC, and nothing at all of a message that is longer. */
#define MESSAGE_MOST ((size_t)4000 << 10)

/* One signal on its way.  While one of them has to wait, the others go on. */
struct lane {
    struct item_queue queue;
    atomic_size_t bytes;         /* in the queue, about, */
    atomic_uint waiting;         /* and so many items */
    struct queued_item next_one; /* owned: had no room in the message; p NULL: none */
    struct buf message;          /* the batch that is being sent */
    unsigned items;              /* of it; 0: none is */
    uint64_t begun, next;        /* ms, monotonic: its first try; when to try again */
    uint64_t backoff;            /* ms */
    bool lost;                   /* the newest try failed */
    bool rejects;                /* the newest message was not taken whole */
};

struct exporter {
    struct exporter_options opts;
    struct arena arena;              /* of what opts points to */
    struct lane lanes[OTLP_SIGNALS]; /* all but what is queued is the thread's own */
    atomic_uint_fast64_t exported[OTLP_SIGNALS], dropped[OTLP_SIGNALS], failed[OTLP_SIGNALS],
        rejected[OTLP_SIGNALS];
    pthread_t thread;
    int wake; /* owned: an eventfd */
    atomic_bool stop;
    /* The thread's own. */
    struct sender *sender; /* owned */
    uint64_t start_ns;     /* since 1970 */
    uint64_t due;          /* ms, monotonic: when to send what waits, be it a batch or not */
    uint64_t next_metrics; /* the same: when to report them */
    uint64_t last_words;   /* when to give up after stop; 0: not asked yet */
    unsigned seed;         /* of the jitter */
};

/* --- time ---------------------------------------------------------------------------------- */

static uint64_t
now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t
wall_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Until something happens, or for so long. */
static void
doze(struct exporter *e, uint64_t ms)
{
    struct pollfd p = { .fd = e->wake, .events = POLLIN };
    uint64_t count;
    if (poll(&p, 1, (int)ms) > 0)
        (void)!read(e->wake, &count, sizeof count);
}

/* After the stop there is a little time left. */
static bool
is_over(void *ctx)
{
    struct exporter *e = ctx;
    if (!atomic_load(&e->stop))
        return false;
    if (!e->last_words)
        e->last_words = now_ms() + LAST_WORDS_MS;
    return now_ms() >= e->last_words;
}

/* --- queues -------------------------------------------------------------------------------- */

static void
wake(struct exporter *e)
{
    uint64_t one = 1;
    while (write(e->wake, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

static bool
queue_up(struct exporter *e, enum otlp_signal signal, struct str item)
{
    struct lane *lane = &e->lanes[signal];
    size_t before = atomic_fetch_add_explicit(&lane->bytes, item.n, memory_order_relaxed);
    bool fits = item.p && before + item.n <= WAITING_MAX;
    struct queued_item line = { fits ? malloc(item.n + 1) : NULL, item.n };
    if (line.p)
        memcpy(line.p, item.p, item.n);
    if (line.p && item_queue_put(&lane->queue, line)) {
        if (before < MESSAGE_FULL && before + item.n >= MESSAGE_FULL)
            wake(e);
        return true;
    }
    free(line.p);
    atomic_fetch_sub_explicit(&lane->bytes, item.n, memory_order_relaxed);
    return false;
}

bool
exporter_put(struct exporter *e, enum otlp_signal signal, struct str item)
{
    if (!queue_up(e, signal, item)) {
        atomic_fetch_add_explicit(&e->dropped[signal], 1, memory_order_relaxed);
        return false;
    }
    atomic_uint *waiting = &e->lanes[signal].waiting;
    if (atomic_fetch_add_explicit(waiting, 1, memory_order_relaxed) + 1 == e->opts.batch)
        wake(e);
    return true;
}

/* --- sending ------------------------------------------------------------------------------- */

static const char *const names[OTLP_SIGNALS] = { "traces", "metrics", "logs" };

/* Tell when the receiver is lost, and when it is found again; not each time.  It may take one signal
 * and refuse another: that does not change from message to message. */
static void
report(struct exporter *e, enum otlp_signal signal, const struct send_report *r)
{
    struct lane *lane = &e->lanes[signal];
    bool lost = r->result != SEND_OK;
    if (lost == lane->lost || !e->opts.log)
        return;
    lane->lost = lost;
    if (lost)
        log_msg(e->opts.log, LOG_LEVEL_WARN, "telemetry_lost", "%.*s: %s: %s",
                STR_ARG(e->opts.endpoint), names[signal], r->why);
    else
        log_msg(e->opts.log, LOG_LEVEL_INFO, "telemetry_sent", "%.*s: %s",
                STR_ARG(e->opts.endpoint), names[signal]);
}

/* A time at random up to ms, but not below its half. */
static uint64_t
jitter(struct exporter *e, uint64_t ms)
{
    return ms / 2 + (uint64_t)rand_r(&e->seed) % (ms / 2 + 1);
}

static void
count(atomic_uint_fast64_t *v, uint64_t n)
{
    atomic_fetch_add_explicit(v, n, memory_order_relaxed);
}

static bool
take(struct lane *lane, struct queued_item *line)
{
    if (!lane->next_one.p)
        return item_queue_take(&lane->queue, line);
    *line = lane->next_one;
    lane->next_one.p = NULL;
    return true;
}

/* Put items into the lane's message, as many as it may have; how many that are. */
static unsigned
gather(struct exporter *e, struct lane *lane)
{
    struct queued_item line;
    unsigned n = 0;
    while (n < e->opts.batch && lane->message.n < MESSAGE_FULL && take(lane, &line)) {
        if (n && lane->message.n + line.n > MESSAGE_MOST) {
            lane->next_one = line;
            break;
        }
        buf_put(&lane->message, line.p, line.n);
        atomic_fetch_sub_explicit(&lane->bytes, line.n, memory_order_relaxed);
        free(line.p);
        n++;
    }
    atomic_fetch_sub_explicit(&lane->waiting, n, memory_order_relaxed);
    return n;
}

/* Begin a batch; false when nothing waits. */
static bool
fill(struct exporter *e, enum otlp_signal signal)
{
    struct lane *lane = &e->lanes[signal];
    if (!lane->next_one.p && !item_queue_ready(&lane->queue))
        return false;
    buf_clear(&lane->message);
    struct otlp_envelope envelope = otlp_envelope(&lane->message, &e->opts.resource);
    unsigned n = gather(e, lane);
    otlp_envelope_end(&lane->message, envelope);
    if (lane->message.err) {
        count(&e->failed[signal], n);
        return true;
    }
    lane->items = n;
    lane->begun = lane->next = now_ms();
    lane->backoff = BACKOFF_FIRST;
    return true;
}

/* Try to send, and tell what is notable about it. */
static struct send_report
post(struct exporter *e, enum otlp_signal signal)
{
    struct send_report r = sender_send(e->sender, signal, buf_str(&e->lanes[signal].message));
    struct lane *lane = &e->lanes[signal];
    report(e, signal, &r);
    if (r.rejected && !lane->rejects && e->opts.log)
        log_msg(e->opts.log, LOG_LEVEL_WARN, "telemetry_rejected", "%.*s: %s: %s",
                STR_ARG(e->opts.endpoint), names[signal], r.why);
    lane->rejects = r.rejected;
    count(&e->rejected[signal], r.rejected);
    return r;
}

/* Try to send the lane's batch.  It stays there if it is to be tried again. */
static void
try_batch(struct exporter *e, enum otlp_signal signal)
{
    struct lane *lane = &e->lanes[signal];
    struct send_report r = post(e, signal);
    uint64_t pause = r.wait_ms ? r.wait_ms : jitter(e, lane->backoff);
    lane->next = now_ms() + pause;
    bool late = lane->next > lane->begun + e->opts.retry_ms;
    if (r.result == SEND_RETRY && !late && !atomic_load(&e->stop)) {
        lane->backoff = 2 * lane->backoff < BACKOFF_MOST ? 2 * lane->backoff : BACKOFF_MOST;
        return;
    }
    count(r.result == SEND_OK ? &e->exported[signal] : &e->failed[signal], lane->items);
    lane->items = 0;
}

/* Is there as much as a message may have? */
static bool
is_full(const struct exporter *e, const struct lane *lane)
{
    return atomic_load_explicit(&lane->bytes, memory_order_relaxed) >= MESSAGE_FULL
           || atomic_load_explicit(&lane->waiting, memory_order_relaxed) >= e->opts.batch;
}

/* Send a batch, or go on with one; false when there is nothing to be done now.  What is no batch waits for more until it is
 * due, or while one message is sent the few items of the next would come, and all the time would go into sending. */
static bool
step(struct exporter *e, enum otlp_signal signal, bool due)
{
    struct lane *lane = &e->lanes[signal];
    if (lane->items == 0 && (!(due || is_full(e, lane)) || !fill(e, signal)))
        return false;
    if (lane->items && now_ms() < lane->next && !atomic_load(&e->stop))
        return false;
    if (lane->items)
        try_batch(e, signal);
    return true;
}

static void
send_metrics(struct exporter *e)
{
    struct buf *message = &e->lanes[OTLP_METRICS].message;
    const struct otlp_metrics m = { .metrics = e->opts.metrics,
                                    .start_ns = e->start_ns,
                                    .now_ns = wall_ns(),
                                    .provider = e->opts.provider };
    e->next_metrics = now_ms() + e->opts.interval_ms;
    buf_clear(message);
    struct otlp_envelope envelope = otlp_envelope(message, &e->opts.resource);
    size_t empty = message->n;
    bool ok = otlp_metrics_write(message, &m);
    if (ok && message->n == empty)
        return;
    otlp_envelope_end(message, envelope);
    if (!ok || message->err) {
        count(&e->failed[OTLP_METRICS], 1);
        return;
    }
    /* The next report says all of this again: no retries. */
    struct send_report r = post(e, OTLP_METRICS);
    count(r.result == SEND_OK ? &e->exported[OTLP_METRICS] : &e->failed[OTLP_METRICS], 1);
}

static bool
send_all(struct exporter *e, bool due)
{
    bool any = step(e, OTLP_TRACES, due);
    any |= step(e, OTLP_LOGS, due);
    return any;
}

/* Also what is no batch if it is `due`.  The queues may fill as fast as they are emptied: the metrics have their time all the
 * same. */
static void
send_what_waits(struct exporter *e, bool due)
{
    for (bool any = true; any && !atomic_load(&e->stop); due = false) {
        if (e->opts.metrics && now_ms() >= e->next_metrics)
            send_metrics(e);
        any = send_all(e, due);
    }
}

/* How long nothing is to be done, unless somebody wakes us. */
static uint64_t
rest_ms(const struct exporter *e)
{
    uint64_t now = now_ms(), ms = e->due <= now ? 0 : e->due - now;
    for (unsigned i = 0; i < OTLP_SIGNALS; i++) {
        const struct lane *lane = &e->lanes[i];
        if (lane->items)
            ms = lane->next <= now ? 0 : lane->next - now < ms ? lane->next - now : ms;
    }
    if (e->opts.metrics && e->next_metrics < now + ms)
        ms = e->next_metrics <= now ? 0 : e->next_metrics - now;
    return ms;
}

static void *
run(void *arg)
{
    struct exporter *e = arg;
    while (!atomic_load(&e->stop)) {
        bool due = now_ms() >= e->due;
        send_what_waits(e, due);
        if (due)
            e->due = now_ms() + e->opts.delay_ms;
        doze(e, rest_ms(e));
    }
    while (!is_over(e) && send_all(e, true))
        ;
    if (e->opts.metrics && !is_over(e))
        send_metrics(e);
    return NULL;
}

/* --- life ---------------------------------------------------------------------------------- */

static bool
copy_options(struct exporter *e, const struct exporter_options *o)
{
    struct exporter_header *headers = arena_alloc(&e->arena, (o->n_headers + 1) * sizeof *headers);
    e->opts = *o;
    e->opts.endpoint = arena_str(&e->arena, o->endpoint);
    e->opts.ca_file = arena_str(&e->arena, o->ca_file);
    e->opts.cert_file = arena_str(&e->arena, o->cert_file);
    e->opts.key_file = arena_str(&e->arena, o->key_file);
    e->opts.resource.service = arena_str(&e->arena, o->resource.service);
    e->opts.resource.version = arena_str(&e->arena, o->resource.version);
    e->opts.resource.instance = arena_str(&e->arena, o->resource.instance);
    e->opts.resource.host = arena_str(&e->arena, o->resource.host);
    struct otlp_pair *more = arena_alloc(&e->arena, (o->resource.n_more + 1) * sizeof *more);
    for (unsigned i = 0; more && i < o->resource.n_more; i++) {
        more[i].key = arena_str(&e->arena, o->resource.more[i].key);
        more[i].value = arena_str(&e->arena, o->resource.more[i].value);
    }
    e->opts.resource.more = more;
    for (unsigned i = 0; headers && i < o->n_headers; i++) {
        headers[i].name = arena_str(&e->arena, o->headers[i].name);
        headers[i].value = arena_str(&e->arena, o->headers[i].value);
    }
    e->opts.headers = headers;
    return !e->arena.full;
}

static void
free_exporter(struct exporter *e)
{
    for (unsigned i = 0; i < OTLP_SIGNALS; i++) {
        item_queue_fini(&e->lanes[i].queue);
        free(e->lanes[i].next_one.p);
        buf_fini(&e->lanes[i].message);
    }
    if (e->wake >= 0)
        close(e->wake);
    sender_destroy(e->sender);
    arena_fini(&e->arena);
    free(e);
}

static bool
start(struct exporter *e)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&e->thread, NULL, run, e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

struct exporter *
exporter_create(const struct exporter_options *opts, struct fault *f)
{
    struct exporter *e = aligned_alloc(_Alignof(struct exporter), sizeof *e);
    if (!e) {
        fault_set(f, ERR_MEMORY, 0, "telemetry: out of memory");
        return NULL;
    }
    memset(e, 0, sizeof *e);
    arena_init(&e->arena, ARENA_MAX);
    e->start_ns = wall_ns();
    e->due = now_ms() + opts->delay_ms;
    e->next_metrics = now_ms() + opts->interval_ms;
    e->seed = (unsigned)e->start_ns;
    e->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool ok = e->wake >= 0 && copy_options(e, opts);
    for (unsigned i = 0; i < OTLP_SIGNALS; i++) {
        buf_init(&e->lanes[i].message, MESSAGE_MAX);
        ok = ok && item_queue_init(&e->lanes[i].queue, opts->queue);
    }
    e->sender = ok ? sender_create(&e->opts, is_over, e) : NULL;
    if (e->sender && start(e))
        return e;
    fault_set(f, ERR_MEMORY, 0, "telemetry: out of memory or threads");
    free_exporter(e);
    return NULL;
}

void
exporter_destroy(struct exporter *e)
{
    if (!e)
        return;
    atomic_store(&e->stop, true);
    wake(e);
    pthread_join(e->thread, NULL);
    free_exporter(e);
}

struct exporter_stats
exporter_stats(const struct exporter *e)
{
    struct exporter_stats s;
    for (unsigned i = 0; i < OTLP_SIGNALS; i++) {
        s.exported[i] = atomic_load_explicit(&e->exported[i], memory_order_relaxed);
        s.dropped[i] = atomic_load_explicit(&e->dropped[i], memory_order_relaxed);
        s.failed[i] = atomic_load_explicit(&e->failed[i], memory_order_relaxed);
        s.rejected[i] = atomic_load_explicit(&e->rejected[i], memory_order_relaxed);
    }
    return s;
}
