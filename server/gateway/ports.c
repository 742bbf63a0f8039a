/* Listening sockets: old and new ones. */
#include "server/gateway/ports.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ARENA_MAX     ((size_t)4 << 20)
#define UNIX_BACKLOG  4096
#define FIRST_FD      3 /* of those that are inherited, see sd_listen_fds(3) */
#define INHERITED_MAX 65536

static int
complain(struct fault *f, struct str address, const char *what)
{
    fault_set(f, ERR_UNSUPPORTED, 0, "%.*s: %s: %s", STR_ARG(address), what, strerror(errno));
    return -1;
}

/* --- opening ------------------------------------------------------------------------------- */

static bool
unix_address(struct str path, struct sockaddr_un *at)
{
    *at = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (path.n >= sizeof at->sun_path)
        return false;
    memcpy(at->sun_path, path.p, path.n);
    return true;
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
listen_unix(struct port *p, struct fault *f)
{
    struct sockaddr_un at;
    errno = ENAMETOOLONG;
    if (!unix_address(p->listen.path, &at))
        return complain(f, p->listen.text, "cannot listen");
    if (is_stale(&at))
        unlink(at.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof at) == 0
        && listen(fd, UNIX_BACKLOG) == 0) {
        p->leaves_file = true;
        return fd;
    }
    complain(f, p->listen.text, "cannot listen");
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Another socket beside the first.  One that a supervisor has opened may not allow others at its
 * address; then the workers share it. */
static int
open_another(const struct port *p, struct fault *f)
{
    int fd = p->listen.path.p ? -1 : http_listen(str_from(p->real), HTTP_LISTEN_SHARED, NULL, f);
    if (fd < 0 && (p->listen.path.p || p->inherited))
        fd = fcntl(p->fds[0], F_DUPFD_CLOEXEC, 0);
    return fd;
}

static int
open_first(struct port *p, struct fault *f)
{
    if (p->listen.path.p)
        return listen_unix(p, f);
    return http_listen(p->listen.text, HTTP_LISTEN_ALONE, p->real, f);
}

/* Have at least n sockets. */
static bool
fill(struct port *p, unsigned n, struct fault *f)
{
    while (p->n < n) {
        int fd = p->n ? open_another(p, f) : open_first(p, f);
        if (fd < 0)
            return false;
        p->fds[p->n++] = fd;
    }
    return true;
}

/* --- inheriting ---------------------------------------------------------------------------- */

static unsigned
number_of(const char *variable)
{
    const char *text = getenv(variable);
    char *end = NULL;
    unsigned long v = text ? strtoul(text, &end, 10) : 0;
    return text && end && *end == '\0' && v <= INT32_MAX ? (unsigned)v : 0;
}

/* How many there are for this process. */
static unsigned
count_inherited(void)
{
    unsigned n = number_of("LISTEN_FDS");
    return number_of("LISTEN_PID") == (unsigned)getpid() && n <= INHERITED_MAX ? n : 0;
}

/* Does this socket listen where the port wants it? */
static bool
is_at(int fd, const struct port *p)
{
    struct sockaddr_un at = { 0 };
    socklen_t n = sizeof at - 1;
    char real[HTTP_ADDRESS_TEXT], any[HTTP_ADDRESS_TEXT];
    if (p->listen.path.p)
        return getsockname(fd, (struct sockaddr *)&at, &n) == 0 && at.sun_family == AF_UNIX
               && str_eq(str_from(at.sun_path), p->listen.path);
    http_listen_address(fd, real);
    if (p->listen.host.p)
        return str_eq(str_from(real), p->listen.text);
    snprintf(any, sizeof any, "[::]:%u", p->listen.port);
    if (strcmp(real, any) == 0)
        return true;
    snprintf(any, sizeof any, "0.0.0.0:%u", p->listen.port);
    return strcmp(real, any) == 0;
}

/* The port that this inherited socket is for; NULL: none. */
static struct port *
port_of(struct ports *ports, int fd, struct str name, bool *named)
{
    int listening = 0;
    socklen_t n = sizeof listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) < 0 || !listening)
        return NULL;
    for (unsigned i = 0; i < ports->n; i++)
        if ((*named = str_eq(name, ports->v[i].name)))
            return &ports->v[i];
    for (unsigned i = 0; i < ports->n; i++)
        if (is_at(fd, &ports->v[i]))
            return &ports->v[i];
    return NULL;
}

static void
take(struct port *p, int fd, bool named)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    if (!p->listen.path.p)
        http_listen_address(fd, p->real);
    p->fds[p->n++] = fd;
    p->inherited = true;
    p->leaves_file = named && p->listen.path.p; /* a supervisor removes its own */
}

static void
inherit(struct ports *ports, unsigned n)
{
    const char *all = getenv("LISTEN_FDNAMES");
    struct str names = str_from(all ? all : "");
    for (int fd = FIRST_FD; fd < FIRST_FD + (int)n; fd++) {
        const char *colon = memchr(names.p, ':', names.n);
        struct str name = { names.p, colon ? (size_t)(colon - names.p) : names.n };
        bool named = false;
        struct port *p = port_of(ports, fd, name, &named);
        if (p)
            take(p, fd, named);
        else
            close(fd);
        names = str_skip(names, name.n + (colon != NULL));
    }
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDNAMES");
}

/* --- all of them --------------------------------------------------------------------------- */

/* Names there may have no colon. */
static struct str
make_name(struct str address, bool admin, struct arena *a)
{
    struct str name = arena_printf(a, "%s%.*s", admin ? "admin|" : "", STR_ARG(address));
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == ':')
            ((char *)name.p)[i] = '|';
    return name;
}

static struct port
make_port(const struct config_listen *l, bool admin, unsigned room, struct arena *a)
{
    return (struct port){ .listen = { arena_str(a, l->text), arena_str(a, l->host),
                                      arena_str(a, l->path), l->port },
                          .name = make_name(l->text, admin, a),
                          .fds = arena_alloc(a, room * sizeof(int)) };
}

bool
ports_open(struct ports *p, const struct config_server *config, unsigned n_workers, struct fault *f)
{
    unsigned n_inherited = count_inherited();
    *p = (struct ports){ .has_admin = config->admin.text.p };
    arena_init(&p->arena, ARENA_MAX);
    p->v = arena_alloc(&p->arena, (config->n_listen + 1) * sizeof *p->v);
    for (unsigned i = 0; p->v && i < config->n_listen; i++)
        p->v[p->n++] = make_port(&config->listen[i], false, n_workers + n_inherited, &p->arena);
    if (p->v && p->has_admin)
        p->v[p->n++] = make_port(&config->admin, true, 1 + n_inherited, &p->arena);
    if (!p->v || p->arena.full)
        return !fault_set(f, ERR_MEMORY, 0, "out of memory");
    if (n_inherited)
        inherit(p, n_inherited);
    for (unsigned i = 0; i < p->n; i++)
        if (!fill(&p->v[i], i < config->n_listen ? n_workers : 1, f))
            return false;
    return true;
}

struct str
port_address(const struct port *p)
{
    return p->listen.path.p ? p->listen.text : str_from(p->real);
}

void
ports_remove_files(const struct ports *p)
{
    for (unsigned i = 0; i < p->n; i++) {
        struct sockaddr_un at;
        if (p->v[i].leaves_file && unix_address(p->v[i].listen.path, &at))
            unlink(at.sun_path);
    }
}

void
ports_fini(struct ports *p)
{
    arena_fini(&p->arena);
}
