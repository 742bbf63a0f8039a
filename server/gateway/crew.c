/* Sockets, threads and signals of the gateway. */
#include "server/gateway/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/gateway/worker.h"
#include "server/http/listener.h"
#include "server/log/log.h"

#define UNIX_BACKLOG 4096

/* What the workers share to listen at one address: its real name, or for a unix socket the
 * descriptor of the first worker. */
struct place {
    const struct config_listen *listen;
    char real[HTTP_ADDRESS_TEXT];
    int first; /* -1: nobody listens yet */
};

struct crew {
    struct gateway *gateway; /* borrowed */
    struct worker **workers; /* owned */
    unsigned n;
    struct worker *admin; /* owned; NULL without an admin port */
    struct place *places; /* by config->server.listen; in the gateway's arena */
    int done_fd;          /* an eventfd: workers that have ended */
    int signal_fd;
};

/* --- listening ----------------------------------------------------------------------------- */

static int
complain(struct fault *f, struct str address, const char *what)
{
    fault_set(f, ERR_UNSUPPORTED, 0, "%.*s: %s: %s", STR_ARG(address), what, strerror(errno));
    return -1;
}

/* A socket file that nobody listens behind is left over from a process that died. */
static bool
is_stale(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool stale = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) < 0
                 && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return stale;
}

static int
listen_unix(const struct config_listen *l, struct fault *f)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    errno = ENAMETOOLONG;
    if (l->path.n >= sizeof at.sun_path)
        return complain(f, l->text, "cannot listen");
    memcpy(at.sun_path, l->path.p, l->path.n);
    if (is_stale(&at))
        unlink(at.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof at) == 0
        && listen(fd, UNIX_BACKLOG) == 0)
        return fd;
    complain(f, l->text, "cannot listen");
    if (fd >= 0)
        close(fd);
    return -1;
}

static int
listen_at(struct place *p, struct fault *f)
{
    int fd;
    if (p->listen->path.p)
        fd = p->first < 0 ? listen_unix(p->listen, f) : fcntl(p->first, F_DUPFD_CLOEXEC, 0);
    else if (p->first < 0)
        fd = http_listen(p->listen->text, HTTP_LISTEN_ALONE, p->real, f);
    else
        fd = http_listen(str_from(p->real), HTTP_LISTEN_SHARED, NULL, f);
    if (p->first < 0)
        p->first = fd;
    return fd;
}

static void
tell_address(const struct crew *c, const struct place *p, const char *event)
{
    struct log_line l;
    struct log *log = c->gateway->log;
    if (!log_begin(log, &l, LOG_LEVEL_INFO, event))
        return;
    log_str(&l, "address", p->listen->path.p ? p->listen->text : str_from(p->real));
    log_bool(&l, "tls", c->gateway->tls);
    log_int(&l, "workers", c->gateway->n_workers);
    log_end(&l);
}

/* --- making workers ------------------------------------------------------------------------ */

static bool
make_worker(struct crew *c, struct fault *f)
{
    struct worker *w = worker_create(c->gateway, WORKER_DATA, c->done_fd, f);
    if (!w)
        return false;
    c->workers[c->n++] = w;
    for (unsigned i = 0; i < c->gateway->config->server.n_listen; i++) {
        int fd = listen_at(&c->places[i], f);
        if (fd < 0)
            return false;
        if (worker_listen(w, fd)) {
            fault_set(f, ERR_MEMORY, 0, "out of memory");
            return false;
        }
    }
    return true;
}

static bool
make_workers(struct crew *c, struct fault *f)
{
    const struct config_server *s = &c->gateway->config->server;
    c->places = arena_alloc(&c->gateway->arena, (s->n_listen + 1) * sizeof *c->places);
    for (unsigned i = 0; c->places && i <= s->n_listen; i++)
        c->places[i] = (struct place){ .listen = i < s->n_listen ? &s->listen[i] : &s->admin,
                                       .first = -1 };
    while (c->places && c->n < c->gateway->n_workers)
        if (!make_worker(c, f))
            return false;
    for (unsigned i = 0; c->places && i < s->n_listen; i++)
        tell_address(c, &c->places[i], "listening");
    return c->places;
}

static bool
make_admin(struct crew *c, struct fault *f)
{
    struct place *place = &c->places[c->gateway->config->server.n_listen];
    if (!place->listen->text.p)
        return true;
    int fd = listen_at(place, f);
    if (fd < 0)
        return false;
    c->admin = worker_create(c->gateway, WORKER_ADMIN, c->done_fd, f);
    if (!c->admin || worker_listen(c->admin, fd)) {
        fault_set(f, ERR_MEMORY, 0, "out of memory");
        return false;
    }
    tell_address(c, place, "listening_admin");
    return true;
}

static unsigned
count_workers(const struct config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (config->server.workers)
        return config->server.workers;
    return cores > 0 ? (unsigned)cores : 1;
}

struct crew *
crew_create(struct gateway *g, struct fault *f)
{
    struct crew *c = calloc(1, sizeof *c);
    g->n_workers = count_workers(g->config);
    struct worker **workers = calloc(g->n_workers, sizeof(struct worker *));
    if (!c || !workers) {
        fault_set(f, ERR_MEMORY, 0, "out of memory");
        free(workers);
        free(c);
        return NULL;
    }
    *c = (struct crew){ .gateway = g, .workers = workers, .signal_fd = -1 };
    c->done_fd = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    if (c->done_fd >= 0 && make_workers(c, f) && make_admin(c, f))
        return c;
    crew_destroy(c);
    return NULL;
}

/* --- running ------------------------------------------------------------------------------- */

static void
tell_all(struct crew *c, enum worker_order order)
{
    atomic_store(&c->gateway->draining, true);
    for (unsigned i = 0; i < c->n; i++)
        worker_tell(c->workers[i], order);
    log_msg(c->gateway->log, LOG_LEVEL_INFO, "shutdown", "%s",
            order == WORKER_DRAIN ? "no new connections; running requests may end" : "now");
}

/* Wait for signals and for the workers' ends. */
static void
watch(struct crew *c, unsigned running)
{
    enum worker_order order = WORKER_RUN;
    struct pollfd fds[2] = { { .fd = c->signal_fd, .events = POLLIN },
                             { .fd = c->done_fd, .events = POLLIN } };
    while (running > 0) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return;
        struct signalfd_siginfo info;
        uint64_t one;
        if ((fds[0].revents & POLLIN) && read(c->signal_fd, &info, sizeof info) > 0) {
            order = order == WORKER_RUN ? WORKER_DRAIN : WORKER_STOP;
            tell_all(c, order);
        }
        if ((fds[1].revents & POLLIN) && read(c->done_fd, &one, sizeof one) > 0)
            running--;
    }
}

bool
crew_run(struct crew *c, struct fault *f)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    c->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
    unsigned running = 0;
    while (c->signal_fd >= 0 && running < c->n && worker_start(c->workers[running]))
        running++;
    bool ok = running == c->n && (!c->admin || worker_start(c->admin));
    if (!ok) {
        fault_set(f, ERR_MEMORY, 0, "cannot start a thread");
        tell_all(c, WORKER_STOP);
    }
    watch(c, running);
    if (c->admin)
        worker_tell(c->admin, WORKER_STOP);
    return ok;
}

/* Unix sockets leave a file behind. */
static void
remove_files(const struct crew *c)
{
    for (unsigned i = 0; c->places && i <= c->gateway->config->server.n_listen; i++) {
        struct sockaddr_un at;
        struct str path = c->places[i].listen->path;
        if (!path.p || c->places[i].first < 0)
            continue;
        memcpy(at.sun_path, path.p, path.n);
        at.sun_path[path.n] = '\0';
        unlink(at.sun_path);
    }
}

void
crew_destroy(struct crew *c)
{
    if (!c)
        return;
    for (unsigned i = 0; i < c->n; i++)
        worker_destroy(c->workers[i]);
    worker_destroy(c->admin);
    remove_files(c);
    if (c->done_fd >= 0)
        close(c->done_fd);
    if (c->signal_fd >= 0)
        close(c->signal_fd);
    free(c->workers);
    free(c);
}
