/* The log's queue, its writer thread, and its secrets. */
#include "server/log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "server/log/clean.h"
#include "server/log/private.h"
#include "server/log/veil.h"

#define QUEUE_LINES 4096
#define BATCH       64 /* lines a system call */
#define NAP_MS      50 /* between batches: requests are not kept from the processor line by line */
#define PATIENCE_MS 1000 /* for a reader that does not read, when the log ends */

bool
log_enabled(const struct log *log, enum log_level level)
{
    return (int)level >= atomic_load_explicit(&log->level, memory_order_relaxed);
}

enum log_level
log_level(const struct log *log)
{
    return (enum log_level)atomic_load_explicit(&log->level, memory_order_relaxed);
}

void
log_set_level(struct log *log, enum log_level level)
{
    atomic_store_explicit(&log->level, (int)level, memory_order_relaxed);
}

static void
wake(struct log *log)
{
    uint64_t one = 1;
    while (write(log->wake, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

void
log_put(struct log *log, const char *p, size_t n)
{
    if (!line_ring_put(&log->queue, str_make(p, n))) {
        atomic_fetch_add_explicit(&log->dropped, 1, memory_order_relaxed);
        return;
    }
    enum rest rest = (enum rest)atomic_load(&log->rest);
    bool due = rest == REST_SLEEP || (rest == REST_NAP && line_ring_is_half_full(&log->queue));
    if (due && atomic_exchange(&log->rest, REST_NONE) != REST_NONE)
        wake(log);
}

/* Wait until fd takes more.  False when there is no hope. */
static bool
wait_writable(struct log *log)
{
    struct pollfd p = { .fd = log->fd, .events = POLLOUT };
    for (int waited = 0;;) {
        int n = poll(&p, 1, log->given_up ? 0 : 100);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            return true; /* or an error, which the write will tell */
        if (atomic_load(&log->stop) && (log->given_up || (waited += 100) >= PATIENCE_MS)) {
            log->given_up = true;
            return false;
        }
    }
}

static bool
write_all(struct log *log, struct iovec *v, int n)
{
    while (n > 0) {
        if (log->pipe && !wait_writable(log))
            return false;
        ssize_t done = writev(log->fd, v, n);
        if (done < 0 && errno == EAGAIN && wait_writable(log))
            continue;
        if (done < 0 && errno != EINTR)
            return false;
        for (; n > 0 && done >= (ssize_t)v->iov_len; v++, n--)
            done -= (ssize_t)v->iov_len;
        if (n > 0 && done > 0) {
            v->iov_base = (char *)v->iov_base + done;
            v->iov_len -= (size_t)done;
        }
    }
    return true;
}

static void
report_drops(struct log *log)
{
    uint64_t dropped = atomic_load_explicit(&log->dropped, memory_order_relaxed);
    if (dropped == log->reported)
        return;
    struct log_line l;
    size_t n = log_compose_dropped(log, &l, dropped - log->reported);
    struct iovec v = { l.text, n };
    if (write_all(log, &v, 1))
        log->reported = dropped;
}

/* --- the file ------------------------------------------------------------------------------ */

static void
use(struct log *log, int fd)
{
    struct stat st;
    log->fd = fd;
    log->pipe = fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

static int
open_path(const struct log *log)
{
    return open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

/* On the writer's thread, between two batches. */
static void
obey_reopen(struct log *log)
{
    if (!log->path || !atomic_exchange(&log->reopen, false))
        return;
    int fd = open_path(log);
    if (fd < 0)
        return;
    close(log->fd);
    use(log, fd);
}

void
log_reopen(struct log *log)
{
    if (!log->path)
        return;
    atomic_store(&log->reopen, true);
    wake(log);
}

void
log_set_tee(struct log *log, void (*tee)(void *ctx, struct str line), void *ctx)
{
    pthread_mutex_lock(&log->tees);
    log->tee = tee;
    log->tee_ctx = ctx;
    pthread_mutex_unlock(&log->tees);
}

static void
show(struct log *log, const struct iovec *v, int n)
{
    pthread_mutex_lock(&log->tees);
    for (int i = 0; log->tee && i < n; i++)
        log->tee(log->tee_ctx, str_make(v[i].iov_base, v[i].iov_len));
    pthread_mutex_unlock(&log->tees);
}

/* --- the writer ---------------------------------------------------------------------------- */

/* Write what waits, but not more than a batch.  Returns the number of lines. */
static int
write_batch(struct log *log)
{
    struct ring_line line;
    struct iovec v[BATCH];
    size_t bytes = 0;
    int n = 0;
    while (n < BATCH && (!log->pipe || bytes + LOG_LINE_MAX <= PIPE_BUF || n == 0)
           && line_ring_take(&log->queue, &line)) {
        v[n++] = (struct iovec){ line.p, line.n };
        bytes += line.n;
    }
    if (n == 0)
        return 0;
    show(log, v, n);
    bool ok = write_all(log, v, n);
    line_ring_free(&log->queue);
    atomic_fetch_add_explicit(ok ? &log->lines : &log->failed, (uint64_t)n, memory_order_release);
    if (ok)
        report_drops(log);
    return n;
}

/* Who has put a line sees how the writer rests, or the writer, here, sees the line. */
static void
rest(struct log *log, enum rest how)
{
    struct pollfd p = { .fd = log->wake, .events = POLLIN };
    uint64_t count;
    atomic_store(&log->rest, how);
    bool due = how == REST_NAP ? line_ring_is_half_full(&log->queue)
                               : !line_ring_is_empty(&log->queue) || atomic_load(&log->reopen);
    if (!due && !atomic_load(&log->stop) && poll(&p, 1, how == REST_NAP ? log->nap_ms : -1) > 0)
        (void)!read(log->wake, &count, sizeof count);
    atomic_store(&log->rest, REST_NONE);
}

static void *
run_writer(void *arg)
{
    struct log *log = arg;
    for (;;) {
        obey_reopen(log);
        if (write_batch(log)) {
            if (!line_ring_ready(&log->queue))
                rest(log, REST_NAP);
        } else if (atomic_load(&log->stop)) {
            return NULL;
        } else if (!line_ring_is_empty(&log->queue)) {
            sched_yield(); /* to the thread that is putting one */
        } else {
            rest(log, REST_SLEEP);
        }
    }
}

static bool
start_writer(struct log *log)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&log->writer, NULL, run_writer, log);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

static void
free_log(struct log *log)
{
    if (log->wake >= 0)
        close(log->wake);
    line_ring_fini(&log->queue);
    masker_destroy(atomic_load(&log->mask));
    for (struct old_mask *o = log->old, *next; o; o = next) {
        next = o->next;
        masker_destroy(o->mask);
        free(o);
    }
    pthread_mutex_destroy(&log->masks);
    pthread_mutex_destroy(&log->tees);
    if (log->path && log->fd >= 0)
        close(log->fd);
    free(log->path);
    free(log);
}

struct log *
log_create(const struct log_options *opts)
{
    struct log *log = aligned_alloc(_Alignof(struct log), sizeof *log);
    if (!log)
        return NULL;
    memset(log, 0, sizeof *log);
    log->fd = opts->path.p ? -1 : opts->fd;
    log->path = opts->path.p ? strndup(opts->path.p, opts->path.n) : NULL;
    log->format = opts->format;
    log->now_us = opts->now_us;
    log->nap_ms = opts->nap_ms ? (int)opts->nap_ms : NAP_MS;
    atomic_init(&log->level, (int)opts->level);
    pthread_mutex_init(&log->masks, NULL);
    pthread_mutex_init(&log->tees, NULL);
    use(log, opts->path.p ? log->path ? open_path(log) : -1 : opts->fd);
    log->wake = eventfd(0, EFD_CLOEXEC);
    atomic_init(&log->mask, masker_create(NULL, NULL, 0, LOG_SECRET_MIN));
    bool ok = line_ring_init(&log->queue, opts->queue ? opts->queue : QUEUE_LINES, LOG_LINE_MAX);
    if (!ok || log->fd < 0 || log->wake < 0 || !atomic_load(&log->mask) || !start_writer(log)) {
        free_log(log);
        return NULL;
    }
    return log;
}

void
log_destroy(struct log *log)
{
    if (!log)
        return;
    atomic_store(&log->stop, true);
    wake(log);
    pthread_join(log->writer, NULL);
    free_log(log);
}

struct log_stats
log_stats(const struct log *log)
{
    return (struct log_stats){
        .lines = atomic_load_explicit(&log->lines, memory_order_acquire),
        .dropped = atomic_load_explicit(&log->dropped, memory_order_relaxed),
        .failed = atomic_load_explicit(&log->failed, memory_order_acquire),
    };
}

/* A mask for each reload would be too many. */
static bool
all_known(const struct masker *mask, const struct str *secrets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (secrets[i].n >= LOG_SECRET_MIN && !masker_knows(mask, secrets[i]))
            return false;
    return true;
}

bool
log_add_secrets(struct log *log, const struct str *secrets, size_t n)
{
    struct old_mask *old = malloc(sizeof *old);
    pthread_mutex_lock(&log->masks);
    struct masker *before = atomic_load(&log->mask);
    if (all_known(before, secrets, n)) {
        pthread_mutex_unlock(&log->masks);
        free(old);
        return true;
    }
    struct masker *mask = old ? masker_create(before, secrets, n, LOG_SECRET_MIN) : NULL;
    if (mask) {
        *old = (struct old_mask){ log->old, before };
        log->old = old;
        atomic_store_explicit(&log->mask, mask, memory_order_release);
    } else {
        free(old);
    }
    pthread_mutex_unlock(&log->masks);
    return mask != NULL;
}

void
log_mask(const struct log *log, struct str s, struct buf *out)
{
    const struct masker *known = atomic_load_explicit(&log->mask, memory_order_acquire);
    struct veil v = veil_over(known, s, REDACT_ALL);
    for (struct veil_piece piece; veil_next(&v, &piece);) {
        buf_puts(out, piece.shown);
        buf_puts(out, piece.instead);
    }
    veil_end(&v);
}

size_t
log_decided(const struct log *log, struct str s)
{
    return masker_decided(atomic_load_explicit(&log->mask, memory_order_acquire), s);
}

struct str
log_masked(const struct log *log, struct str s, struct arena *a)
{
    const struct masker *known = atomic_load_explicit(&log->mask, memory_order_acquire);
    if (clean_knows(known, s))
        return s;
    struct veil v = veil_over(known, s, REDACT_ALL);
    if (veil_is_clean(&v))
        return s;
    struct str masked = { NULL, 0 };
    for (struct veil_piece piece; veil_next(&v, &piece);) {
        arena_append(a, &masked, piece.shown);
        arena_append(a, &masked, piece.instead);
    }
    veil_end(&v);
    return masked;
}
