/* Snapshots: who holds them, what a reload changes and says, and workers that serve meanwhile. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/gateway/reload.h"
#include "server/gateway/worker.h"
#include "server/http/listener.h"
#include "server/log/log.h"
#include "server/mock/mock.h"

#define RELOADS 60u
#define CLIENTS 3u
#define WORKERS 2u

struct house {
    char path[64];
    struct mock *mock;
    struct service service;
    struct reloader *reloader;
    struct worker *workers[WORKERS];
    char address[HTTP_ADDRESS_TEXT];
    struct arena arena;
    int done_fd, log_fd;
    atomic_bool stop;
    atomic_uint good, bad;
};

/* Write a config whose only model is `model`, with more lines. */
static void
write_config(const struct house *h, const char *model, const char *more)
{
    FILE *f = fopen(h->path, "w");
    assert_non_null(f);
    fprintf(f,
            "server: { listen: \"127.0.0.1:0\" }\n"
            "providers:\n"
            "  - { name: main, type: openai, base_url: \"%s\", api_key: key-0123456789,\n"
            "      models: [{ name: \"%s\", upstream: m }, always] }\n%s",
            mock_base_url(h->mock), model, more);
    assert_int_equal(fclose(f), 0);
}

static int
open_house(void **state)
{
    static struct house h;
    struct fault f;
    struct config_errors errors;
    h = (struct house){ .service = { .n_workers = WORKERS } };
    snprintf(h.path, sizeof h.path, "/tmp/llmux-reload-XXXXXX");
    int fd = mkstemp(h.path);
    assert_true(fd >= 0);
    close(fd);
    arena_init(&h.arena, 16u << 20);
    h.mock = mock_start(NULL, &f);
    assert_non_null(h.mock);
    h.log_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    h.service.log = log_create(&(struct log_options){ .fd = h.log_fd });
    write_config(&h, "first", "");
    h.reloader = reloader_create(&(struct gateway_source){ .path = h.path }, &h.service, &h.arena,
                                 &errors);
    assert_non_null(h.reloader);
    *state = &h;
    return 0;
}

static int
close_house(void **state)
{
    struct house *h = *state;
    reloader_destroy(h->reloader);
    log_destroy(h->service.log);
    mock_stop(h->mock);
    arena_fini(&h->arena);
    close(h->log_fd);
    unlink(h->path);
    return 0;
}

static bool
has_model(const struct gateway *g, const char *name)
{
    return catalogue_find(&g->catalogue, str_from(name)) != NULL;
}

/* --- without workers ----------------------------------------------------------------------- */

static void
who_holds_a_snapshot_keeps_it(void **state)
{
    struct house *h = *state;
    struct reload_report said;
    struct gateway *old = reloader_newest(h->reloader);
    write_config(h, "second", "");
    reload_now(h->reloader, RELOAD_SIGNAL, &h->arena, &said);
    struct gateway *new = reloader_newest(h->reloader);
    assert_true(said.ok && said.number == 2 && old->number == 1 && new->number == 2);
    assert_int_equal(said.changes.n, 1);
    assert_true(str_is(said.changes.v[0].path, "providers[main].models"));
    assert_true(has_model(old, "first") && !has_model(old, "second"));
    assert_true(has_model(new, "second") && !has_model(new, "first"));
    assert_int_equal(atomic_load(&old->refs), 1);
    assert_int_equal(atomic_load(&new->refs), 2);
    gateway_drop(old);
    gateway_drop(new);
}

static void
a_bad_file_changes_nothing(void **state)
{
    struct house *h = *state;
    static const struct {
        const char *more;
        unsigned line, column;
    } bad[] = {
        { "nonsense: 1\n", 5, 1 },
        { "routing: { retries: 99 }\n", 5, 21 },
        { "routing: {\n", 6, 1 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct reload_report said;
        write_config(h, "second", bad[i].more);
        reload_now(h->reloader, RELOAD_SIGNAL, &h->arena, &said);
        assert_false(said.ok);
        assert_int_equal(said.number, 1);
        assert_true(str_is(said.errors.file, h->path));
        assert_int_equal(said.errors.v[0].line, bad[i].line);
        assert_int_equal(said.errors.v[0].column, bad[i].column);
    }
    unlink(h->path);
    struct reload_report said;
    reload_now(h->reloader, RELOAD_SIGNAL, &h->arena, &said);
    assert_false(said.ok);
    struct gateway *g = reloader_newest(h->reloader);
    assert_true(g->number == 1 && has_model(g, "first"));
    gateway_drop(g);
}

static void
a_file_with_the_same_bytes_is_not_read_again_by_itself(void **state)
{
    struct house *h = *state;
    struct reload_report said;
    reload_if_changed(h->reloader, RELOAD_FILE);
    write_config(h, "first", "");
    reload_if_changed(h->reloader, RELOAD_FILE);
    struct gateway *g = reloader_newest(h->reloader);
    assert_int_equal(g->number, 1);
    gateway_drop(g);
    write_config(h, "second", "");
    reload_if_changed(h->reloader, RELOAD_FILE);
    reload_if_changed(h->reloader, RELOAD_FILE);
    reload_now(h->reloader, RELOAD_ADMIN, &h->arena, &said); /* who asks gets it */
    assert_int_equal(said.number, 3);
    assert_int_equal(said.changes.n, 0);
}

static void
what_cannot_change_is_named_until_it_is_as_before(void **state)
{
    struct house *h = *state;
    static const char log[] = "";
    struct reload_report said;
    FILE *f = fopen(h->path, "w");
    fprintf(
        f,
        "server: { listen: \"127.0.0.1:1\", workers: 7, log: { level: warn, format: text } }\n"
        "telemetry: { service: other, resource: { team: a }, otlp: { endpoint: \"http://127.0.0.1:1\" } }\n"
        "providers: [{ name: p, type: openai, base_url: \"%s\", api_key: k, models: [m] }]\n",
        mock_base_url(h->mock));
    fclose(f);
    for (int i = 0; i < 2; i++) { /* though the second time nothing has changed */
        reload_now(h->reloader, RELOAD_SIGNAL, &h->arena, &said);
        assert_true(said.ok);
        assert_int_equal(said.n_waiting, 6);
        assert_true(str_is(said.waiting[0], "server.listen"));
        assert_true(str_is(said.waiting[1], "server.workers"));
        assert_true(str_is(said.waiting[2], "server.log.format"));
        assert_true(str_is(said.waiting[3], "telemetry.service"));
        assert_true(str_is(said.waiting[4], "telemetry.resource"));
        assert_true(str_is(said.waiting[5], "telemetry.otlp"));
    }
    assert_false(log_enabled(h->service.log, LOG_LEVEL_INFO));
    write_config(h, "first", log);
    reload_now(h->reloader, RELOAD_SIGNAL, &h->arena, &said);
    assert_int_equal(said.n_waiting, 0);
    assert_true(log_enabled(h->service.log, LOG_LEVEL_INFO));
}

/* --- with workers and clients -------------------------------------------------------------- */

static void
publish(void *ctx, struct gateway *g)
{
    struct house *h = ctx;
    for (unsigned i = 0; i < WORKERS; i++)
        worker_adopt(h->workers[i], gateway_hold(g));
}

static void
hire(struct house *h)
{
    struct fault f;
    struct gateway *g = reloader_newest(h->reloader);
    h->done_fd = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    for (unsigned i = 0; i < WORKERS; i++) {
        h->workers[i] = worker_create(g, WORKER_DATA, h->done_fd, &f);
        assert_non_null(h->workers[i]);
        int fd = http_listen(i ? str_from(h->address) : STR("127.0.0.1:0"),
                             i ? HTTP_LISTEN_SHARED : HTTP_LISTEN_ALONE, h->address, &f);
        assert_true(fd >= 0);
        assert_int_equal(worker_listen(h->workers[i], fd), ERR_OK);
        assert_true(worker_start(h->workers[i]));
    }
    gateway_drop(g);
    reloader_publish(h->reloader, publish, h);
}

static void
dismiss(struct house *h)
{
    for (unsigned i = 0; i < WORKERS; i++)
        worker_tell(h->workers[i], WORKER_DRAIN);
    for (unsigned i = 0; i < WORKERS; i++)
        worker_destroy(h->workers[i]);
    close(h->done_fd);
}

/* Ask for a model; was the answer whole and good? */
static bool
ask(const struct house *h, const char *model)
{
    char text[16384];
    char body[256];
    struct sockaddr_in to = { .sin_family = AF_INET };
    to.sin_port = htons((uint16_t)atoi(strrchr(h->address, ':') + 1));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t got = 0;
    ssize_t k = connect(fd, (struct sockaddr *)&to, sizeof to);
    snprintf(body, sizeof body,
             "{\"model\":\"%s\",\"stream\":true,\"messages\":[{\"role\":\"user\","
             "\"content\":\"hi\"}]}",
             model);
    int n = snprintf(text, sizeof text,
                     "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     strlen(body), body);
    if (k == 0)
        k = send(fd, text, (size_t)n, MSG_NOSIGNAL);
    while (k > 0 && (k = recv(fd, text + got, sizeof text - 1 - got, 0)) > 0)
        got += (size_t)k;
    close(fd);
    text[got] = '\0';
    return strncmp(text, "HTTP/1.1 200 ", 13) == 0 && strstr(text, "data: [DONE]");
}

static void *
be_a_client(void *arg)
{
    struct house *h = arg;
    while (!atomic_load(&h->stop)) {
        if (ask(h, "always"))
            atomic_fetch_add(&h->good, 1);
        else
            atomic_fetch_add(&h->bad, 1);
    }
    return NULL;
}

static void
requests_that_begin_after_a_reload_are_served_by_it(void **state)
{
    struct house *h = *state;
    hire(h);
    for (unsigned i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%u", i);
        write_config(h, name, "");
        reload_now(h->reloader, RELOAD_SIGNAL, NULL, NULL);
        assert_true(ask(h, name));
        if (i)
            assert_false(ask(h, "m0"));
    }
    dismiss(h);
}

static void
readers_and_reloads_at_a_time_disturb_each_other_not(void **state)
{
    struct house *h = *state;
    pthread_t clients[CLIENTS];
    hire(h);
    for (unsigned i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&clients[i], NULL, be_a_client, h), 0);
    for (unsigned i = 0; i < RELOADS; i++) {
        unsigned before = atomic_load(&h->good) + atomic_load(&h->bad);
        write_config(h, i % 2 ? "odd" : "even", i % 5 ? "" : "nonsense: 1\n");
        reload_now(h->reloader, i % 3 ? RELOAD_SIGNAL : RELOAD_ADMIN, NULL, NULL);
        if (i % 4 == 0) /* let some requests pass by each of these */
            while (atomic_load(&h->good) + atomic_load(&h->bad) == before)
                usleep(100);
    }
    atomic_store(&h->stop, true);
    for (unsigned i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
    dismiss(h);
    assert_int_equal(atomic_load(&h->bad), 0);
    assert_true(atomic_load(&h->good) >= RELOADS / 4);
    struct gateway *g = reloader_newest(h->reloader);
    assert_int_equal(g->number, 1 + RELOADS - RELOADS / 5);
    assert_int_equal(atomic_load(&g->refs),
                     2); /* the reloader's and ours: no worker forgot its own */
    gateway_drop(g);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_holds_a_snapshot_keeps_it),
        TEST(a_bad_file_changes_nothing),
        TEST(a_file_with_the_same_bytes_is_not_read_again_by_itself),
        TEST(what_cannot_change_is_named_until_it_is_as_before),
        TEST(requests_that_begin_after_a_reload_are_served_by_it),
        TEST(readers_and_reloads_at_a_time_disturb_each_other_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
