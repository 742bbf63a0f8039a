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

#include "server/log/line_queue.h"
#include "server/trace/otlp_metrics.h"
#include "server/trace/sender.h"

#define ARENA_MAX     ((size_t)1 << 20) /* of the copied options */
#define MESSAGE_MAX   ((size_t)32 << 20)
#define BACKOFF_FIRST 500u /* ms */
#define BACKOFF_MOST  30000u
#define LAST_WORDS_MS 2000u

struct exporter {
    struct exporter_options opts;
    struct arena arena; /* of what opts points to */
    struct line_queue queues[OTLP_SIGNALS];
    atomic_uint waiting; /* items in the queues, about */
    atomic_uint_fast64_t exported[OTLP_SIGNALS], dropped[OTLP_SIGNALS], failed[OTLP_SIGNALS];
    pthread_t thread;
    int wake; /* owned: an eventfd */
    atomic_bool stop;
    /* The thread's own. */
    struct sender *sender; /* owned */
    struct buf message;
    uint64_t start_ns;     /* since 1970 */
    uint64_t next_metrics; /* ms, monotonic */
    uint64_t last_words;   /* when to give up after stop; 0: not asked yet */
    bool lost;             /* the newest try failed */
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

bool
exporter_put(struct exporter *e, enum otlp_signal signal, struct str item)
{
    struct queued_line line = { malloc(item.n + 1), item.n };
    if (line.p)
        memcpy(line.p, item.p, item.n);
    if (!line.p || !line_queue_put(&e->queues[signal], line)) {
        free(line.p);
        atomic_fetch_add_explicit(&e->dropped[signal], 1, memory_order_relaxed);
        return false;
    }
    if (atomic_fetch_add_explicit(&e->waiting, 1, memory_order_relaxed) + 1 == e->opts.batch)
        wake(e);
    return true;
}

/* --- sending ------------------------------------------------------------------------------- */

/* Tell when the receiver is lost, and when it is found again; not each time. */
static void
report(struct exporter *e, const struct send_report *r)
{
    bool lost = r->result != SEND_OK;
    if (lost == e->lost || !e->opts.log)
        return;
    e->lost = lost;
    if (lost)
        log_msg(e->opts.log, LOG_LEVEL_WARN, "telemetry_lost", "%.*s: %s",
                STR_ARG(e->opts.endpoint), r->why);
    else
        log_msg(e->opts.log, LOG_LEVEL_INFO, "telemetry_sent", "%.*s", STR_ARG(e->opts.endpoint));
}

/* A time at random up to ms, but not below its half. */
static uint64_t
jitter(struct exporter *e, uint64_t ms)
{
    return ms / 2 + (uint64_t)rand_r(&e->seed) % (ms / 2 + 1);
}

/* Send what is in the message, again and again if need be. */
static void
deliver(struct exporter *e, enum otlp_signal signal, unsigned items)
{
    uint64_t begun = now_ms(), backoff = BACKOFF_FIRST;
    for (;;) {
        struct send_report r = sender_send(e->sender, signal, buf_str(&e->message));
        report(e, &r);
        if (r.result == SEND_OK) {
            atomic_fetch_add_explicit(&e->exported[signal], items, memory_order_relaxed);
            return;
        }
        uint64_t pause = r.wait_ms ? r.wait_ms : jitter(e, backoff);
        bool late = now_ms() + pause > begun + e->opts.retry_ms;
        if (r.result == SEND_REFUSED || late || atomic_load(&e->stop)) {
            atomic_fetch_add_explicit(&e->failed[signal], items, memory_order_relaxed);
            return;
        }
        for (uint64_t end = now_ms() + pause, now;
             (now = now_ms()) < end && !atomic_load(&e->stop);)
            doze(e, end - now);
        backoff = 2 * backoff < BACKOFF_MOST ? 2 * backoff : BACKOFF_MOST;
    }
}

/* One batch of a signal; false when there was nothing to send. */
static bool
send_batch(struct exporter *e, enum otlp_signal signal)
{
    struct queued_line line;
    unsigned n = 0;
    if (!line_queue_ready(&e->queues[signal]))
        return false;
    buf_clear(&e->message);
    struct otlp_envelope envelope = otlp_envelope(&e->message, &e->opts.resource);
    while (n < e->opts.batch && e->message.n < MESSAGE_MAX / 2
           && line_queue_take(&e->queues[signal], &line)) {
        buf_put(&e->message, line.p, line.n);
        free(line.p);
        n++;
    }
    otlp_envelope_end(&e->message, envelope);
    atomic_fetch_sub_explicit(&e->waiting, n, memory_order_relaxed);
    if (e->message.err)
        atomic_fetch_add_explicit(&e->failed[signal], n, memory_order_relaxed);
    else
        deliver(e, signal, n);
    return true;
}

static void
send_metrics(struct exporter *e)
{
    const struct otlp_metrics m = { .metrics = e->opts.metrics,
                                    .start_ns = e->start_ns,
                                    .now_ns = wall_ns(),
                                    .provider = e->opts.provider };
    e->next_metrics = now_ms() + e->opts.interval_ms;
    buf_clear(&e->message);
    struct otlp_envelope envelope = otlp_envelope(&e->message, &e->opts.resource);
    size_t empty = e->message.n;
    bool ok = otlp_metrics_write(&e->message, &m);
    if (ok && e->message.n == empty)
        return;
    otlp_envelope_end(&e->message, envelope);
    if (!ok || e->message.err) {
        atomic_fetch_add_explicit(&e->failed[OTLP_METRICS], 1, memory_order_relaxed);
        return;
    }
    /* The next report says all of this again: no retries. */
    struct send_report r = sender_send(e->sender, OTLP_METRICS, buf_str(&e->message));
    report(e, &r);
    atomic_fetch_add_explicit(r.result == SEND_OK ? &e->exported[OTLP_METRICS]
                                                  : &e->failed[OTLP_METRICS],
                              1, memory_order_relaxed);
}

static bool
send_all(struct exporter *e)
{
    bool any = send_batch(e, OTLP_TRACES);
    any |= send_batch(e, OTLP_LOGS);
    return any;
}

static void *
run(void *arg)
{
    struct exporter *e = arg;
    while (!atomic_load(&e->stop)) {
        if (e->opts.metrics && now_ms() >= e->next_metrics)
            send_metrics(e);
        while (atomic_load_explicit(&e->waiting, memory_order_relaxed) >= e->opts.batch
               && !atomic_load(&e->stop))
            send_all(e);
        doze(e, e->opts.delay_ms);
        while (send_all(e) && !atomic_load(&e->stop))
            ;
    }
    while (!is_over(e) && send_all(e))
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
    e->opts.resource.service = arena_str(&e->arena, o->resource.service);
    e->opts.resource.version = arena_str(&e->arena, o->resource.version);
    e->opts.resource.instance = arena_str(&e->arena, o->resource.instance);
    e->opts.resource.host = arena_str(&e->arena, o->resource.host);
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
        struct queued_line line;
        while (e->queues[i].slots && line_queue_take(&e->queues[i], &line)) {
            atomic_fetch_add(&e->dropped[i], 1);
            free(line.p);
        }
        line_queue_fini(&e->queues[i]);
    }
    if (e->wake >= 0)
        close(e->wake);
    sender_destroy(e->sender);
    buf_fini(&e->message);
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
    buf_init(&e->message, MESSAGE_MAX);
    e->start_ns = wall_ns();
    e->next_metrics = now_ms() + opts->interval_ms;
    e->seed = (unsigned)e->start_ns;
    e->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool ok = e->wake >= 0 && copy_options(e, opts);
    for (unsigned i = 0; i < OTLP_SIGNALS; i++)
        ok = ok && line_queue_init(&e->queues[i], opts->queue);
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
    }
    return s;
}
