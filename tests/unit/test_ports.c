/* Listening sockets: opened, inherited, shared, closed. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/gateway/ports.h"

/* A config as it would be read. */
struct places {
    struct config_listen listen[3];
    struct config_server server;
    char text[3][80];
};

static void
add_tcp(struct places *p, const char *host, unsigned port)
{
    unsigned i = p->server.n_listen++;
    snprintf(p->text[i], sizeof p->text[i], "%s:%u", host, port);
    p->listen[i] = (struct config_listen){ .text = str_from(p->text[i]),
                                           .host = *host ? str_from(host) : (struct str){ NULL, 0 },
                                           .port = port };
    p->server.listen = p->listen;
}

static void
add_unix(struct places *p, const char *path)
{
    unsigned i = p->server.n_listen++;
    snprintf(p->text[i], sizeof p->text[i], "unix:%s", path);
    p->listen[i] = (struct config_listen){ .text = str_from(p->text[i]), .path = str_from(path) };
    p->server.listen = p->listen;
}

static void
open_ports(struct ports *p, const struct places *at, unsigned workers)
{
    struct fault f;
    if (!ports_open(p, &at->server, workers, &f))
        fail_msg("%s", f.text);
}

static void
close_ports(struct ports *p)
{
    for (unsigned i = 0; i < p->n; i++)
        for (unsigned k = 0; k < p->v[i].n; k++)
            close(p->v[i].fds[k]);
    ports_remove_files(p);
    ports_fini(p);
}

static unsigned
port_number(int fd)
{
    char real[HTTP_ADDRESS_TEXT];
    http_listen_address(fd, real);
    return (unsigned)atoi(strrchr(real, ':') + 1);
}

static void
every_worker_gets_a_socket_of_its_own_at_the_same_address(void **state)
{
    struct places at = { .server = { .n_listen = 0 } };
    struct ports p;
    (void)state;
    add_tcp(&at, "127.0.0.1", 0);
    add_tcp(&at, "127.0.0.1", 0);
    at.server.admin = at.listen[1];
    at.server.n_listen = 1;
    open_ports(&p, &at, 3);
    assert_int_equal(p.n, 2);
    assert_true(p.has_admin);
    assert_int_equal(p.v[0].n, 3);
    assert_int_equal(p.v[1].n, 1);
    for (unsigned i = 1; i < 3; i++) {
        assert_int_not_equal(p.v[0].fds[i], p.v[0].fds[0]);
        assert_int_equal(port_number(p.v[0].fds[i]), port_number(p.v[0].fds[0]));
    }
    assert_true(str_is(p.v[0].name, "127.0.0.1|0"));
    assert_true(str_is(p.v[1].name, "admin|127.0.0.1|0"));
    close_ports(&p);
}

static void
a_unix_socket_is_shared_and_its_file_removed(void **state)
{
    struct places at = { .server = { .n_listen = 0 } };
    struct ports p;
    struct stat st;
    char path[64];
    (void)state;
    snprintf(path, sizeof path, "/tmp/llmux-ports-%ld", (long)getpid());
    add_unix(&at, path);
    open_ports(&p, &at, 2);
    assert_int_equal(p.v[0].n, 2);
    assert_int_equal(stat(path, &st), 0);
    close_ports(&p);
    assert_int_equal(stat(path, &st), -1);
}

/* --- inheriting, in a process of its own, where numbers from 3 on can be had ---------------- */

struct estate {
    int fds[4];
    unsigned n;
    const char *names; /* NULL: none */
    bool other_pid;
};

/* Run `check` in a child that has inherited these; what it returns is its exit code. */
static int
in_child(const struct estate *e, int (*check)(const struct estate *e))
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char text[32];
        int copies[4];
        for (unsigned i = 0; i < e->n; i++)
            copies[i] = fcntl(e->fds[i], F_DUPFD, 64);
        for (unsigned i = 0; i < e->n; i++)
            dup2(copies[i], 3 + (int)i);
        snprintf(text, sizeof text, "%u", e->n);
        setenv("LISTEN_FDS", text, 1);
        snprintf(text, sizeof text, "%ld", (long)getpid() + e->other_pid);
        setenv("LISTEN_PID", text, 1);
        if (e->names)
            setenv("LISTEN_FDNAMES", e->names, 1);
        _exit(check(e));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define MUST(x) \
    do { \
        if (!(x)) { \
            fprintf(stderr, "%s:%d: not %s\n", __FILE__, __LINE__, #x); \
            return 1; \
        } \
    } while (0)

static int
check_address(const struct estate *e)
{
    struct places at = { .server = { .n_listen = 0 } };
    struct ports p;
    struct fault f;
    add_tcp(&at, "127.0.0.1", port_number(e->fds[0]));
    MUST(ports_open(&p, &at.server, 2, &f));
    MUST(p.v[0].inherited && p.v[0].fds[0] == 3);
    MUST(p.v[0].n == 2); /* a supervisor's socket may not allow another one: then it is shared */
    MUST(port_number(p.v[0].fds[1]) == port_number(3));
    MUST(fcntl(3, F_GETFD) == FD_CLOEXEC && (fcntl(3, F_GETFL) & O_NONBLOCK));
    MUST(!getenv("LISTEN_FDS") && !getenv("LISTEN_PID") && !getenv("LISTEN_FDNAMES"));
    return 0;
}

static int
check_names(const struct estate *e)
{
    struct places at = { .server = { .n_listen = 0 } };
    struct ports p;
    struct fault f;
    add_tcp(&at, "127.0.0.1", 0);
    MUST(ports_open(&p, &at.server, 1, &f));
    MUST(p.v[0].n == 2); /* more than workers: one of them serves both */
    MUST(p.v[0].fds[0] == 3 && p.v[0].fds[1] == 5);
    MUST(str_is(port_address(&p.v[0]), p.v[0].real));
    MUST(fcntl(4, F_GETFD) < 0); /* what nobody wants is closed */
    (void)e;
    return 0;
}

static int
check_nothing(const struct estate *e)
{
    struct places at = { .server = { .n_listen = 0 } };
    struct ports p;
    struct fault f;
    add_tcp(&at, "127.0.0.1", 0);
    MUST(ports_open(&p, &at.server, 1, &f));
    MUST(!p.v[0].inherited && p.v[0].n == 1);
    (void)e;
    return 0;
}

static int
open_one(void)
{
    struct fault f;
    int fd = http_listen(STR("127.0.0.1:0"), HTTP_LISTEN_ALONE, NULL, &f);
    assert_true(fd >= 0);
    return fd;
}

static void
sockets_of_a_supervisor_are_known_by_their_address(void **state)
{
    struct estate e = { .fds = { open_one() }, .n = 1 };
    (void)state;
    assert_int_equal(in_child(&e, check_address), 0);
    e.names = "llmux.socket";
    assert_int_equal(in_child(&e, check_address), 0);
    close(e.fds[0]);
}

static void
sockets_of_the_process_before_are_known_by_name(void **state)
{
    struct estate e = { .fds = { open_one(), open_one(), open_one() },
                        .n = 3,
                        .names = "127.0.0.1|0:[||1]|80:127.0.0.1|0" };
    (void)state;
    assert_int_equal(in_child(&e, check_names), 0);
    for (unsigned i = 0; i < e.n; i++)
        close(e.fds[i]);
}

static void
what_is_meant_for_another_process_or_is_no_socket_is_left_alone(void **state)
{
    struct estate e = { .fds = { open_one() }, .n = 1, .names = "127.0.0.1|0", .other_pid = true };
    (void)state;
    assert_int_equal(in_child(&e, check_nothing), 0);
    close(e.fds[0]);
    e = (struct estate){ .fds = { open("/dev/null", O_RDONLY) }, .n = 1, .names = "127.0.0.1|0" };
    assert_int_equal(in_child(&e, check_nothing), 0);
    close(e.fds[0]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_worker_gets_a_socket_of_its_own_at_the_same_address),
        cmocka_unit_test(a_unix_socket_is_shared_and_its_file_removed),
        cmocka_unit_test(sockets_of_a_supervisor_are_known_by_their_address),
        cmocka_unit_test(sockets_of_the_process_before_are_known_by_name),
        cmocka_unit_test(what_is_meant_for_another_process_or_is_no_socket_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
