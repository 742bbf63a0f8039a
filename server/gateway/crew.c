/* Threads and signals of the gateway. */
#include "server/gateway/crew.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "server/gateway/clock.h"
#include "server/gateway/file_watch.h"
#include "server/gateway/handover.h"
#include "server/gateway/health.h"
#include "server/gateway/ports.h"
#include "server/gateway/reload.h"
#include "server/gateway/upgrade.h"
#include "server/gateway/webhook.h"
#include "server/gateway/worker.h"
#include "server/log/log.h"

#define SETTLE_MS 100

struct crew {
    struct service *service; /* borrowed */
    struct worker **workers; /* owned */
    unsigned n;
    struct worker *admin; /* owned; NULL without an admin port */
    struct ports ports;
    struct health *health;    /* owned */
    struct file_watch *watch; /* owned; NULL without a file */
    uint64_t look_ms;         /* when to look at the file, which may have changed; 0: never */
    struct upgrade *upgrade;  /* owned; NULL: none is under way */
    int ready_fd;             /* of an upgrade that has started this process; -1: none */
    bool handed_over;         /* another process has the sockets */
    int done_fd;              /* an eventfd: workers that have ended */
    int signal_fd;
    unsigned running; /* workers that have not ended */
    enum worker_order order;
};

/* --- making workers ------------------------------------------------------------------------ */

static void
tell_address(const struct crew *c, const struct port *p, bool tls, const char *event)
{
    struct log_line l;
    if (!log_begin(c->service->log, &l, LOG_LEVEL_INFO, event))
        return;
    log_own(&l, "address", port_address(p));
    log_bool(&l, "tls", tls);
    log_int(&l, "workers", c->service->n_workers);
    if (p->inherited)
        log_bool(&l, "inherited", true);
    log_end(&l);
}

/* Give a worker its share of a port's sockets. */
static bool
listen_on(struct worker *w, struct port *p, unsigned share, unsigned of)
{
    for (unsigned i = share; i < p->n; i += of)
        if (worker_listen(w, p->fds[i]))
            return false;
    return true;
}

static bool
make_workers(struct crew *c, struct gateway *g, struct fault *f)
{
    unsigned n_data = c->ports.n - c->ports.has_admin, of = c->service->n_workers;
    while (c->n < of) {
        struct worker *w = worker_create(g, WORKER_DATA, c->done_fd, f);
        if (!w)
            return false;
        c->workers[c->n++] = w;
        for (unsigned i = 0; i < n_data; i++)
            if (!listen_on(w, &c->ports.v[i], c->n - 1, of))
                return !fault_set(f, ERR_MEMORY, 0, "out of memory");
    }
    for (unsigned i = 0; i < n_data; i++)
        tell_address(c, &c->ports.v[i], g->tls, "listening");
    return true;
}

static bool
make_admin(struct crew *c, struct gateway *g, struct fault *f)
{
    if (!c->ports.has_admin)
        return true;
    struct port *port = &c->ports.v[c->ports.n - 1];
    c->service->admin_is_public = !config_listen_is_local(&port->listen);
    c->admin = worker_create(g, WORKER_ADMIN, c->done_fd, f);
    if (!c->admin)
        return false;
    if (!listen_on(c->admin, port, 0, 1))
        return !fault_set(f, ERR_MEMORY, 0, "out of memory");
    tell_address(c, port, g->tls, "listening_admin");
    return true;
}

unsigned
crew_size(const struct config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (config->server.workers)
        return config->server.workers;
    return cores > 0 ? (unsigned)cores : 1;
}

/* The threads beside the workers. */
static void
adopt_beside(struct crew *c, struct gateway *g)
{
    if (c->health)
        health_adopt(c->health, gateway_hold(g));
    if (c->service->webhook)
        webhook_adopt(c->service->webhook, gateway_hold(g));
}

struct crew *
crew_create(struct gateway *g, struct fault *f)
{
    struct service *s = g->service;
    struct crew *c = calloc(1, sizeof *c);
    struct worker **workers = calloc(s->n_workers, sizeof(struct worker *));
    if (!c || !workers) {
        fault_set(f, ERR_MEMORY, 0, "out of memory");
        free(workers);
        free(c);
        return NULL;
    }
    *c = (struct crew){
        .service = s, .workers = workers, .signal_fd = -1, .ready_fd = upgrade_ready_fd()
    };
    c->done_fd = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    if (c->done_fd >= 0 && ports_open(&c->ports, &g->config->server, s->n_workers, f)
        && make_workers(c, g, f) && make_admin(c, g, f)) {
        c->health = health_create(s);
        adopt_beside(c, g);
        return c;
    }
    crew_destroy(c);
    return NULL;
}

void
crew_adopt(struct crew *c, struct gateway *g)
{
    for (unsigned i = 0; i < c->n; i++)
        worker_adopt(c->workers[i], gateway_hold(g));
    if (c->admin)
        worker_adopt(c->admin, gateway_hold(g));
    adopt_beside(c, g);
}

/* --- running ------------------------------------------------------------------------------- */

static void
tell_all(struct crew *c, enum worker_order order)
{
    atomic_store(&c->service->draining, true);
    c->order = order;
    health_stop(c->health);
    for (unsigned i = 0; i < c->n; i++)
        worker_tell(c->workers[i], order);
    if (c->handed_over && c->admin)
        worker_tell(c->admin, order);
    log_msg(c->service->log, LOG_LEVEL_INFO, "shutdown", "%s",
            order == WORKER_DRAIN ? "no new connections; running requests may end" : "now");
}

/* --- upgrading ----------------------------------------------------------------------------- */

/* What is known, for the next process; what of it cannot go there is told. */
static void
write_state(struct crew *c, struct buf *out)
{
    struct handover_rest rest;
    char loss[HANDOVER_LOSS_ROOM];
    const struct handover all = { c->service->guards, c->service->limits, c->service->memory };
    enum err err = handover_write(out, &all, clock_ns(), &rest);
    if (err)
        buf_clear(out);
    if (handover_loss(err, &rest, loss))
        log_msg(c->service->log, LOG_LEVEL_WARN, "state_lost", "%s", loss);
}

static void
begin_upgrade(struct crew *c)
{
    struct fault f;
    if (c->order != WORKER_RUN || c->upgrade)
        return;
    struct buf state;
    buf_init(&state, HANDOVER_BYTES_MAX);
    if (c->service->guards && c->service->limits && c->service->memory)
        write_state(c, &state);
    c->upgrade = upgrade_start(&c->ports, buf_str(&state), &f);
    if (c->upgrade && state.n && !upgrade_has_state(c->upgrade))
        log_msg(c->service->log, LOG_LEVEL_WARN, "state_lost",
                "it cannot be handed over: the new process begins anew");
    buf_fini(&state);
    if (c->upgrade)
        log_msg(c->service->log, LOG_LEVEL_INFO, "upgrade", "process %ld starts",
                (long)upgrade_pid(c->upgrade));
    else
        log_msg(c->service->log, LOG_LEVEL_ERROR, "upgrade_failed", "%s", f.text);
}

/* The new process serves.  The admin port is its as well. */
static void
leave(struct crew *c)
{
    c->handed_over = true;
    c->order = WORKER_LEAVE;
    health_stop(c->health);
    for (unsigned i = 0; i < c->n; i++)
        worker_tell(c->workers[i], WORKER_LEAVE);
    if (c->admin) {
        worker_tell(c->admin, WORKER_LEAVE);
        c->running++;
    }
    log_msg(c->service->log, LOG_LEVEL_INFO, "upgraded",
            "process %ld serves; running requests may end", (long)upgrade_pid(c->upgrade));
}

static void
look_at_upgrade(struct crew *c)
{
    switch (c->upgrade ? upgrade_look(c->upgrade, clock_us()) : UPGRADE_STARTING) {
    case UPGRADE_STARTING:
        return;
    case UPGRADE_READY:
        leave(c);
        break;
    case UPGRADE_FAILED:
        log_msg(c->service->log, LOG_LEVEL_ERROR, "upgrade_failed",
                "process %ld did not become ready; this one goes on",
                (long)upgrade_pid(c->upgrade));
        break;
    }
    upgrade_destroy(c->upgrade);
    c->upgrade = NULL;
}

/* --- waiting ------------------------------------------------------------------------------- */

static void
on_signal(struct crew *c, int signal)
{
    bool serves = c->order == WORKER_RUN || c->order == WORKER_LEAVE;
    if (signal == SIGHUP)
        reload_now(c->service->reloader, RELOAD_SIGNAL, NULL, NULL);
    else if (signal == SIGUSR1)
        log_reopen(c->service->log);
    else if (signal == SIGUSR2)
        begin_upgrade(c);
    else
        tell_all(c, serves ? WORKER_DRAIN : WORKER_STOP);
}

/* Who changes a file may do so in several steps. */
static void
on_file(struct crew *c)
{
    if (file_watch_read(c->watch))
        c->look_ms = clock_us() / 1000 + SETTLE_MS;
}

static void
look_at_file(struct crew *c)
{
    if (!c->look_ms || clock_us() / 1000 < c->look_ms)
        return;
    c->look_ms = 0;
    file_watch_renew(c->watch);
    reload_if_changed(c->service->reloader, RELOAD_FILE);
}

enum { ON_SIGNAL, ON_DONE, ON_FILE, ON_UPGRADE, N_EVENTS };

/* Wait for signals, for the workers' ends, for what happens to the file, and for a new process. */
static void
watch(struct crew *c)
{
    struct pollfd fds[N_EVENTS] = {
        [ON_SIGNAL] = { .fd = c->signal_fd, .events = POLLIN },
        [ON_DONE] = { .fd = c->done_fd, .events = POLLIN },
        [ON_FILE] = { .fd = c->watch ? file_watch_fd(c->watch) : -1, .events = POLLIN },
        [ON_UPGRADE] = { .events = POLLIN },
    };
    while (c->running > 0) {
        fds[ON_UPGRADE].fd = c->upgrade ? upgrade_fd(c->upgrade) : -1;
        if (poll(fds, N_EVENTS, c->look_ms || c->upgrade ? SETTLE_MS : -1) < 0) {
            if (errno != EINTR)
                return;
            continue; /* what fds say is of the last time */
        }
        if (fds[ON_FILE].revents & POLLIN)
            on_file(c);
        look_at_file(c);
        look_at_upgrade(c);
        struct signalfd_siginfo info;
        uint64_t one;
        if ((fds[ON_SIGNAL].revents & POLLIN) && read(c->signal_fd, &info, sizeof info) > 0)
            on_signal(c, (int)info.ssi_signo);
        if ((fds[ON_DONE].revents & POLLIN) && read(c->done_fd, &one, sizeof one) > 0)
            c->running--;
    }
}

static void
fill_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGUSR1);
    sigaddset(set, SIGUSR2);
}

void
crew_block_signals(void)
{
    sigset_t set;
    fill_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static bool
take_signals(struct crew *c)
{
    sigset_t set;
    fill_signals(&set);
    c->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
    return c->signal_fd >= 0;
}

/* SIGHUP still reloads where the file cannot be watched. */
static void
watch_file(struct crew *c)
{
    const char *path = c->service->reloader ? reloader_path(c->service->reloader) : NULL;
    c->watch = path ? file_watch_create(path) : NULL;
    if (path && !c->watch)
        log_msg(c->service->log, LOG_LEVEL_WARN, "watch_failed",
                "%s cannot be watched: %s; SIGHUP reloads it", path, strerror(errno));
}

bool
crew_run(struct crew *c, struct fault *f)
{
    bool ok = take_signals(c);
    watch_file(c);
    while (ok && c->running < c->n && (ok = worker_start(c->workers[c->running])))
        c->running++;
    ok = ok && (!c->admin || worker_start(c->admin));
    if (!ok) {
        fault_set(f, ERR_MEMORY, 0, "cannot start a thread");
        tell_all(c, WORKER_STOP);
    }
    if (ok) {
        upgrade_tell_ready(c->ready_fd);
        c->ready_fd = -1;
    }
    watch(c);
    if (c->admin)
        worker_tell(c->admin, WORKER_STOP);
    return ok;
}

void
crew_destroy(struct crew *c)
{
    if (!c)
        return;
    health_destroy(c->health);
    for (unsigned i = 0; i < c->n; i++)
        worker_destroy(c->workers[i]);
    worker_destroy(c->admin);
    if (!c->handed_over && c->ready_fd < 0) /* else they are another process's */
        ports_remove_files(&c->ports);
    ports_fini(&c->ports);
    file_watch_destroy(c->watch);
    upgrade_destroy(c->upgrade);
    if (c->ready_fd >= 0)
        close(c->ready_fd);
    if (c->done_fd >= 0)
        close(c->done_fd);
    if (c->signal_fd >= 0)
        close(c->signal_fd);
    free(c->workers);
    free(c);
}
