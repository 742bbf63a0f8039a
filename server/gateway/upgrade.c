/* See upgrade.h. */
#include "server/gateway/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/digits.h"
#include "server/gateway/clock.h"

#define ARENA_MAX ((size_t)8 << 20)
#define FIRST_FD  3  /* of those that are handed over */
#define PID_BYTES 24 /* of the text of a number */
#define ARGS_MAX  (1u << 20)
#define READY_ENV "LLMUX_READY_FD"
#define STATE_ENV "LLMUX_STATE_FD"

extern char **environ;

struct upgrade {
    pid_t pid;
    int fd;         /* owned: to be read */
    uint64_t until; /* us */
    bool has_state;
    bool ready;
    bool ended;
};

/* All that the child needs, made before the fork: behind it nothing may be allocated. */
struct start {
    struct arena arena;
    char **argv, **env;
    char *pid; /* of the text "LISTEN_PID=", where the number goes */
    int *fds;  /* owned copies, above those that they become */
    unsigned n;
    int ready; /* owned: the pipe's end for the child */
    int state; /* owned: a file in memory; -1: there is none */
};

/* --- what the child gets ------------------------------------------------------------------- */

/* The arguments of this process, as the kernel knows them. */
static bool
find_arguments(struct start *s)
{
    struct buf text;
    char piece[4096];
    size_t n;
    buf_init(&text, ARGS_MAX);
    FILE *f = fopen("/proc/self/cmdline", "re");
    while (f && (n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_put(&text, piece, n);
    if (f)
        fclose(f);
    struct str all = arena_str(&s->arena, buf_str(&text));
    buf_fini(&text);
    unsigned count = 0;
    for (size_t i = 0; i < all.n; i++)
        count += all.p[i] == '\0';
    s->argv = arena_alloc(&s->arena, (count + 1) * sizeof *s->argv);
    for (unsigned i = 0; s->argv && i < count; i++) {
        s->argv[i] = (char *)all.p;
        all = str_skip(all, strlen(all.p) + 1);
    }
    return s->argv && count > 0;
}

static bool
is_ours(const char *variable)
{
    struct str v = str_from(variable);
    return str_starts(v, STR("LISTEN_PID=")) || str_starts(v, STR("LISTEN_FDS="))
           || str_starts(v, STR("LISTEN_FDNAMES=")) || str_starts(v, STR(READY_ENV "="))
           || str_starts(v, STR(STATE_ENV "="));
}

static char *
text_of(struct arena *a, struct str s)
{
    struct str copy = arena_printf(a, "%.*s", STR_ARG(s));
    return (char *)copy.p;
}

/* "127.0.0.1|8080:127.0.0.1|8080:admin|127.0.0.1|8081" */
static char *
name_sockets(struct arena *a, const struct ports *p)
{
    struct buf names;
    buf_init(&names, ARENA_MAX / 2);
    buf_puts(&names, STR("LISTEN_FDNAMES="));
    for (unsigned i = 0; i < p->n; i++)
        for (unsigned k = 0; k < p->v[i].n; k++) {
            buf_puts(&names, i || k ? STR(":") : STR(""));
            buf_puts(&names, p->v[i].name);
        }
    char *text = text_of(a, buf_str(&names));
    buf_fini(&names);
    return text;
}

static bool
make_environment(struct start *s, const struct ports *p)
{
    unsigned n = 0, kept = 0;
    while (environ[n])
        n++;
    s->env = arena_alloc(&s->arena, (n + 6) * sizeof *s->env);
    if (!s->env)
        return false;
    for (unsigned i = 0; i < n; i++)
        if (!is_ours(environ[i]))
            s->env[kept++] = environ[i];
    char *pid = arena_bytes(&s->arena, sizeof "LISTEN_PID=" + PID_BYTES);
    if (!pid)
        return false;
    memcpy(pid, "LISTEN_PID=", sizeof "LISTEN_PID=");
    s->pid = pid + sizeof "LISTEN_PID=" - 1;
    s->env[kept++] = pid;
    s->env[kept++] = text_of(&s->arena, arena_printf(&s->arena, "LISTEN_FDS=%u", s->n));
    s->env[kept++] = name_sockets(&s->arena, p);
    s->env[kept++] = text_of(&s->arena, arena_printf(&s->arena, READY_ENV "=%u", FIRST_FD + s->n));
    if (s->state >= 0)
        s->env[kept++] = text_of(&s->arena,
                                 arena_printf(&s->arena, STATE_ENV "=%u", FIRST_FD + s->n + 1));
    s->env[kept] = NULL;
    return !s->arena.full;
}

/* Copies that lie above all numbers that they become, so that none is overwritten before its turn. */
static bool
copy_sockets(struct start *s, const struct ports *p)
{
    unsigned n = 0;
    for (unsigned i = 0; i < p->n; i++)
        n += p->v[i].n;
    s->fds = arena_alloc(&s->arena, n * sizeof *s->fds);
    for (unsigned i = 0; s->fds && i < p->n; i++)
        for (unsigned k = 0; k < p->v[i].n; k++) {
            int fd = fcntl(p->v[i].fds[k], F_DUPFD_CLOEXEC, FIRST_FD + (int)n + 2);
            if (fd < 0)
                return false;
            s->fds[s->n++] = fd;
        }
    return s->fds;
}

static bool
open_pipe(struct start *s, struct upgrade *u)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return false;
    u->fd = ends[0];
    s->ready = fcntl(ends[1], F_DUPFD_CLOEXEC, FIRST_FD + (int)s->n + 2);
    close(ends[1]);
    return s->ready >= 0;
}

/* Without it the new process begins anew, which is no reason not to begin. */
static void
keep_state(struct start *s, struct str state)
{
    int fd = state.n ? memfd_create("llmux-state", MFD_CLOEXEC) : -1;
    bool ok = fd >= 0;
    while (ok && state.n) {
        ssize_t n = write(fd, state.p, state.n);
        ok = n > 0;
        state = str_skip(state, ok ? (size_t)n : 0);
    }
    if (ok)
        s->state = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD + (int)s->n + 2);
    if (fd >= 0)
        close(fd);
}

/* --- the child ----------------------------------------------------------------------------- */

/* snprintf may not be called between fork and exec. */
static void
print_pid(char *to, pid_t pid)
{
    char room[DIGITS_ROOM];
    struct str digits = digits_of(room, (uint64_t)pid, 1);
    memcpy(to, digits.p, digits.n);
    to[digits.n] = '\0';
}

static _Noreturn void
become(const struct start *s)
{
    sigset_t none;
    print_pid(s->pid, getpid());
    for (unsigned i = 0; i < s->n; i++)
        dup2(s->fds[i], FIRST_FD + (int)i);
    dup2(s->ready, FIRST_FD + (int)s->n);
    if (s->state >= 0)
        dup2(s->state, FIRST_FD + (int)s->n + 1);
    close_range(FIRST_FD + s->n + (s->state >= 0 ? 2 : 1), ~0u, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvpe(program_invocation_name, s->argv, s->env);
    _exit(127);
}

/* --- the parent ---------------------------------------------------------------------------- */

static bool
prepare(struct start *s, struct upgrade *u, const struct ports *ports, struct str state)
{
    if (!find_arguments(s) || !copy_sockets(s, ports))
        return false;
    keep_state(s, state);
    u->has_state = s->state >= 0;
    return make_environment(s, ports) && open_pipe(s, u);
}

struct upgrade *
upgrade_start(const struct ports *ports, struct str state, struct fault *f)
{
    struct start s = { .ready = -1, .state = -1 };
    struct upgrade *u = calloc(1, sizeof *u);
    if (!u) {
        fault_set(f, ERR_MEMORY, 0, "out of memory");
        return NULL;
    }
    *u = (struct upgrade){ .fd = -1 };
    arena_init(&s.arena, ARENA_MAX);
    errno = ENOMEM;
    bool ok = prepare(&s, u, ports, state) && (u->pid = fork()) >= 0;
    if (ok && u->pid == 0)
        become(&s);
    int e = errno;
    for (unsigned i = 0; i < s.n; i++)
        close(s.fds[i]);
    if (s.ready >= 0)
        close(s.ready);
    if (s.state >= 0)
        close(s.state);
    arena_fini(&s.arena);
    u->until = clock_us() + (uint64_t)UPGRADE_SECONDS * 1000000;
    if (ok)
        return u;
    fault_set(f, ERR_UNSUPPORTED, 0, "cannot start the new process: %s", strerror(e));
    u->pid = 0;
    upgrade_destroy(u);
    return NULL;
}

void
upgrade_destroy(struct upgrade *u)
{
    if (!u)
        return;
    if (u->pid > 0 && !u->ready && !u->ended) {
        kill(u->pid, SIGTERM);
        waitpid(u->pid, NULL, WNOHANG);
    }
    if (u->fd >= 0)
        close(u->fd);
    free(u);
}

bool
upgrade_has_state(const struct upgrade *u)
{
    return u->has_state;
}

int
upgrade_fd(const struct upgrade *u)
{
    return u->fd;
}

pid_t
upgrade_pid(const struct upgrade *u)
{
    return u->pid;
}

enum upgrade_news
upgrade_look(struct upgrade *u, uint64_t now)
{
    char word;
    ssize_t n = read(u->fd, &word, 1);
    u->ready |= n > 0;
    if (u->ready)
        return UPGRADE_READY;
    if (n < 0 && (errno == EAGAIN || errno == EINTR) && now < u->until)
        return UPGRADE_STARTING;
    kill(u->pid, SIGKILL); /* it serves nobody */
    waitpid(u->pid, NULL, 0);
    u->ended = true;
    return UPGRADE_FAILED;
}

/* --- the new process ----------------------------------------------------------------------- */

int
upgrade_ready_fd(void)
{
    const char *text = getenv(READY_ENV);
    int fd = text ? atoi(text) : -1;
    unsetenv(READY_ENV);
    if (fd < FIRST_FD || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -1;
    return fd;
}

void
upgrade_take_state(struct buf *out)
{
    const char *text = getenv(STATE_ENV);
    int fd = text ? atoi(text) : -1;
    char piece[4096];
    ssize_t n;
    unsetenv(STATE_ENV);
    if (fd < FIRST_FD)
        return;
    for (off_t at = 0; (n = pread(fd, piece, sizeof piece, at)) > 0; at += n)
        buf_put(out, piece, (size_t)n);
    close(fd);
}

/* The protocol of sd_notify(3): a datagram to the socket that the environment names. */
static void
notify(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    size_t n = path ? strlen(path) : 0;
    if (n == 0 || n >= sizeof to.sun_path)
        return;
    memcpy(to.sun_path, path, n);
    if (*path == '@')
        to.sun_path[0] = '\0'; /* an abstract name */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    close(fd);
}

void
upgrade_tell_ready(int ready_fd)
{
    char text[64];
    snprintf(text, sizeof text, "READY=1\nMAINPID=%ld", (long)getpid());
    notify(text);
    if (ready_fd < 0)
        return;
    (void)!write(ready_fd, "1", 1);
    close(ready_fd);
}
