/* The exporter against a receiver of our own, that takes, refuses, or is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/trace/exporter.h"

#define ITEM_BYTES 10u

/* Answers one request a connection. */
struct receiver {
    int fd;
    unsigned port;
    pthread_t thread;
    const char *answers[4]; /* the status lines of the first requests; then 200 */
    atomic_uint requests, items;
};

/* Items are filled with 'I' and nothing else has ten of these. */
static unsigned
count_items(const char *p, size_t n)
{
    unsigned items = 0;
    for (size_t i = 0; i + ITEM_BYTES <= n; i++)
        if (memcmp(p + i, "IIIIIIIIII", ITEM_BYTES) == 0) {
            items++;
            i += ITEM_BYTES - 1;
        }
    return items;
}

static size_t
read_request(int fd, char *to, size_t room)
{
    size_t n = 0, whole = SIZE_MAX;
    while (n < room - 1 && n < whole) {
        ssize_t more = read(fd, to + n, room - 1 - n);
        if (more <= 0)
            break;
        n += (size_t)more;
        to[n] = '\0';
        char *end = strstr(to, "\r\n\r\n"), *length = strcasestr(to, "content-length:");
        if (end && length)
            whole = (size_t)(end + 4 - to) + strtoul(length + 15, NULL, 10);
    }
    return n;
}

static void *
receive(void *arg)
{
    struct receiver *r = arg;
    char *text = malloc(1 << 20);
    for (int fd; (fd = accept(r->fd, NULL, NULL)) >= 0; close(fd)) {
        size_t n = read_request(fd, text, 1 << 20);
        if (n == 0)
            continue;
        unsigned which = atomic_fetch_add(&r->requests, 1);
        const char *status = which < 4 && r->answers[which] ? r->answers[which] : "200 OK";
        char answer[128];
        int length = snprintf(answer, sizeof answer,
                              "HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
                              status);
        if (str_is(str_from(status), "200 OK"))
            atomic_fetch_add(&r->items, count_items(text, n));
        (void)!write(fd, answer, (size_t)length);
    }
    free(text);
    return NULL;
}

static void
receiver_open(struct receiver *r)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    r->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(r->fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(r->fd, 16), 0);
    assert_int_equal(getsockname(r->fd, (struct sockaddr *)&at, &n), 0);
    r->port = ntohs(at.sin_port);
}

static void
receiver_start(struct receiver *r)
{
    receiver_open(r);
    assert_int_equal(pthread_create(&r->thread, NULL, receive, r), 0);
}

static void
receiver_stop(struct receiver *r)
{
    shutdown(r->fd, SHUT_RDWR);
    pthread_join(r->thread, NULL);
    close(r->fd);
}

static struct exporter *
export_to(unsigned port, unsigned queue, unsigned retry_ms)
{
    static char endpoint[64];
    struct fault f;
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u", port);
    const struct exporter_header h = { STR("x-key"), STR("secret") };
    const struct exporter_options o = { .endpoint = str_from(endpoint),
                                        .headers = &h,
                                        .n_headers = 1,
                                        .timeout_ms = 2000,
                                        .retry_ms = retry_ms,
                                        .queue = queue,
                                        .batch = 8,
                                        .delay_ms = 5 };
    struct exporter *e = exporter_create(&o, &f);
    assert_non_null(e);
    return e;
}

static bool
put(struct exporter *e)
{
    return exporter_put(e, OTLP_TRACES, str_make("IIIIIIIIII", ITEM_BYTES));
}

/* Until so many items have come to an end. */
static struct exporter_stats
settle(const struct exporter *e, uint64_t items)
{
    struct exporter_stats s = exporter_stats(e);
    for (unsigned i = 0; i < 2000; i++) {
        s = exporter_stats(e);
        if (s.exported[OTLP_TRACES] + s.dropped[OTLP_TRACES] + s.failed[OTLP_TRACES] >= items)
            return s;
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
    fail_msg("the exporter does not get on");
    return s;
}

static void
items_arrive_in_batches(void **state)
{
    struct receiver r = { .fd = -1 };
    (void)state;
    receiver_start(&r);
    struct exporter *e = export_to(r.port, 1024, 1000);
    for (unsigned i = 0; i < 100; i++)
        assert_true(put(e));
    struct exporter_stats s = settle(e, 100);
    assert_int_equal(s.exported[OTLP_TRACES], 100);
    exporter_destroy(e);
    receiver_stop(&r);
    assert_int_equal(r.items, 100);
    assert_true(r.requests >= 13 && r.requests < 100);
}

static void
a_busy_receiver_is_asked_again(void **state)
{
    struct receiver r = { .answers = { "503 Away", "429 Too Many" } };
    (void)state;
    receiver_start(&r);
    struct exporter *e = export_to(r.port, 64, 20000);
    assert_true(put(e));
    struct exporter_stats s = settle(e, 1);
    assert_int_equal(s.exported[OTLP_TRACES], 1);
    exporter_destroy(e);
    receiver_stop(&r);
    assert_int_equal(r.requests, 3);
    assert_int_equal(r.items, 1);
}

static void
what_is_refused_is_not_sent_again(void **state)
{
    struct receiver r = { .answers = { "400 No" } };
    (void)state;
    receiver_start(&r);
    struct exporter *e = export_to(r.port, 64, 20000);
    assert_true(put(e));
    struct exporter_stats s = settle(e, 1);
    assert_int_equal(s.failed[OTLP_TRACES], 1);
    assert_true(put(e));
    s = settle(e, 2);
    assert_int_equal(s.exported[OTLP_TRACES], 1);
    exporter_destroy(e);
    receiver_stop(&r);
}

/* Nobody listens there, or somebody who never answers: nobody waits, and what is lost is counted. */
static void
without_a_receiver_items_are_dropped_and_counted(void **state)
{
    struct receiver r = { .fd = -1 };
    (void)state;
    receiver_open(&r); /* connections are taken by the kernel, and nothing comes back */
    struct exporter *e = export_to(r.port, 64, 60000);
    unsigned dropped = 0;
    for (unsigned i = 0; i < 1000; i++)
        dropped += !put(e);
    assert_true(dropped >= 1000 - 2 * 64 - 16);
    assert_int_equal(exporter_stats(e).dropped[OTLP_TRACES], dropped);
    exporter_destroy(e); /* within its last words */
    close(r.fd);
}

static void
a_batch_that_nobody_takes_is_given_up(void **state)
{
    struct receiver r = { .fd = -1 };
    (void)state;
    receiver_open(&r);
    close(r.fd);
    struct exporter *e = export_to(r.port, 64, 100);
    assert_true(put(e));
    assert_int_equal(settle(e, 1).failed[OTLP_TRACES], 1);
    exporter_destroy(e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_arrive_in_batches),
        cmocka_unit_test(a_busy_receiver_is_asked_again),
        cmocka_unit_test(what_is_refused_is_not_sent_again),
        cmocka_unit_test(without_a_receiver_items_are_dropped_and_counted),
        cmocka_unit_test(a_batch_that_nobody_takes_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
