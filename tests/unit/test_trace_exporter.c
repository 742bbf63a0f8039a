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
#include "server/trace/sender.h"

#define ITEM_BYTES   10u
#define RECEIVED_MAX ((size_t)16 << 20)

/* Answers one request a connection. */
struct receiver {
    int fd;
    unsigned port;
    pthread_t thread;
    const char *answers[4];  /* the status lines of the first requests; then 200 */
    const char *type, *body; /* of all answers; NULL: none */
    bool no_logs;            /* it has no such path */
    bool no_time_for_traces; /* it is to be asked again later */
    _Atomic(struct exporter *)
        echo; /* gets a line of the log whenever some have come; NULL: nobody */
    atomic_uint requests, items, reports;
    atomic_size_t longest; /* bytes of a request */
};

/* Items are filled with 'I' and nothing else has ten of these. */
static unsigned
count_items(const char *p, size_t n)
{
    unsigned items = 0;
    const char *end = p + n;
    for (const char *at = p; (at = memmem(at, (size_t)(end - at), "IIIIIIIIII", ITEM_BYTES));
         at += ITEM_BYTES)
        items++;
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
    char *text = malloc(RECEIVED_MAX);
    for (int fd; (fd = accept(r->fd, NULL, NULL)) >= 0; close(fd)) {
        size_t n = read_request(fd, text, RECEIVED_MAX);
        if (n == 0)
            continue;
        unsigned which = atomic_fetch_add(&r->requests, 1);
        const char *status = which < 4 && r->answers[which] ? r->answers[which] : "200 OK";
        if (r->no_logs && str_starts(str_make(text, n), STR("POST /v1/logs ")))
            status = "404 No";
        if (r->no_time_for_traces && str_starts(str_make(text, n), STR("POST /v1/traces ")))
            status = "503 Away";
        struct exporter *echo = atomic_load(&r->echo);
        if (echo && str_starts(str_make(text, n), STR("POST /v1/logs ")))
            (void)exporter_put(echo, OTLP_LOGS, STR("again"));
        if (n > atomic_load(&r->longest))
            atomic_store(&r->longest, n);
        char answer[256];
        const char *type = r->type ? r->type : "application/x-protobuf";
        const char *body = r->body ? r->body : "";
        int length = snprintf(answer, sizeof answer,
                              "HTTP/1.1 %s\r\nconnection: close\r\ncontent-type: %s\r\n"
                              "content-length: %zu\r\n\r\n%s",
                              status, type, strlen(body), body);
        if (str_starts(str_make(text, n), STR("POST /v1/metrics ")))
            r->reports++;
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

static struct exporter_options
options_for(unsigned port, unsigned queue, unsigned retry_ms)
{
    static char endpoint[64];
    static const struct exporter_header h = { STR_INIT("x-key"), STR_INIT("secret") };
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u", port);
    return (struct exporter_options){ .endpoint = str_from(endpoint),
                                      .headers = &h,
                                      .n_headers = 1,
                                      .timeout_ms = 2000,
                                      .retry_ms = retry_ms,
                                      .queue = queue,
                                      .batch = 8,
                                      .delay_ms = 5 };
}

static struct exporter *
export_to(unsigned port, unsigned queue, unsigned retry_ms)
{
    struct fault f;
    const struct exporter_options o = options_for(port, queue, retry_ms);
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

/* Each of half a megabyte: what waits is bounded in bytes, too, and so is a message. */
static void
large_items_wait_and_travel_in_bounds(void **state)
{
    enum { SIZE = 512 << 10, ITEMS = 200 };
    struct receiver r = { .fd = -1 };
    (void)state;
    char *item = calloc(1, SIZE);
    receiver_open(&r);
    close(r.fd); /* nobody is there */
    struct exporter *e = export_to(r.port, 1024, 60000);
    unsigned dropped = 0;
    for (unsigned i = 0; i < ITEMS; i++)
        dropped += !exporter_put(e, OTLP_TRACES, str_make(item, SIZE));
    assert_in_range(dropped, ITEMS - 64 - 8, ITEMS - 64); /* 32 MB, and the batch on its way */
    assert_true(exporter_put(e, OTLP_LOGS, STR("x")));    /* which has its own */
    exporter_destroy(e);
    receiver_start(&r);
    e = export_to(r.port, 1024, 1000);
    for (unsigned i = 0; i < 16; i++)
        assert_true(exporter_put(e, OTLP_TRACES, str_make(item, SIZE)));
    settle(e, 16);
    exporter_destroy(e);
    receiver_stop(&r);
    assert_in_range(r.requests, 4, 16); /* batches of eight would be two */
    free(item);
}

/* Many receivers take 4 MB over gRPC: an item that would make a message longer waits for the next one. */
static void
no_message_is_longer_than_receivers_take(void **state)
{
    enum { SMALL = 1900 << 10, LARGE = 3 << 20, ITEMS = 6 };
    struct receiver r = { .fd = -1 };
    struct fault f;
    (void)state;
    char *item = calloc(1, LARGE);
    memset(item, 'I', ITEM_BYTES);
    receiver_start(&r);
    struct exporter_options o = options_for(r.port, 1024, 60000);
    o.timeout_ms = 60000;
    struct exporter *e = exporter_create(&o, &f);
    assert_non_null(e);
    for (unsigned i = 0; i < ITEMS; i++)
        assert_true(exporter_put(e, OTLP_TRACES, str_make(item, i % 2 ? LARGE : SMALL)));
    assert_int_equal(settle(e, ITEMS).exported[OTLP_TRACES], ITEMS);
    exporter_destroy(e);
    receiver_stop(&r);
    assert_int_equal(r.items, ITEMS);
    assert_in_range(r.longest, LARGE, 4 << 20);
    free(item);
}

/* While the receiver has no time for traces, and a batch of them waits, lines of the log still wait for each other. */
static void
a_signal_that_waits_makes_no_batches_of_another(void **state)
{
    enum { BATCH = 8, ROUNDS = 50 };
    struct receiver r = { .no_time_for_traces = true };
    struct fault f;
    (void)state;
    receiver_start(&r);
    struct exporter_options o = options_for(r.port, 64, 600000);
    o.delay_ms = 600000;
    struct exporter *e = exporter_create(&o, &f);
    assert_non_null(e);
    atomic_store(&r.echo, e);
    for (unsigned i = 0; i < 2 * BATCH; i++)
        assert_true(put(e));
    while (atomic_load(&r.requests) == 0)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    for (unsigned i = 0; i < BATCH; i++)
        assert_true(exporter_put(e, OTLP_LOGS, STR("x")));
    while (exporter_stats(e).exported[OTLP_LOGS] < BATCH)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    for (unsigned i = 0; i < ROUNDS; i++) {
        assert_in_range(exporter_stats(e).exported[OTLP_LOGS], BATCH, BATCH);
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    atomic_store(&r.echo, NULL);
    exporter_destroy(e);
    receiver_stop(&r);
}

/* What fills a message waits for no more items, and for no time. */
static void
large_items_make_a_batch_by_their_bytes(void **state)
{
    enum { SIZE = 512 << 10, ITEMS = 16, REST = 3 };
    struct receiver r = { .fd = -1 };
    struct fault f;
    (void)state;
    char *item = calloc(1, SIZE);
    receiver_start(&r);
    struct exporter_options o = options_for(r.port, 1024, 1000);
    o.batch = 1000;
    o.delay_ms = 600000;
    struct exporter *e = exporter_create(&o, &f);
    assert_non_null(e);
    for (unsigned round = 1; round <= 2; round++) {
        for (unsigned i = 0; i < ITEMS; i++)
            assert_true(exporter_put(e, OTLP_TRACES, str_make(item, SIZE)));
        settle(e, round * ITEMS - REST);
        /* So that the next ones are most likely to find it asleep. */
        nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
    }
    exporter_destroy(e);
    receiver_stop(&r);
    free(item);
}

/* Who ends says what is left to be said. */
static void
what_waits_at_the_end_is_sent(void **state)
{
    struct receiver r = { .fd = -1 };
    struct fault f;
    (void)state;
    receiver_start(&r);
    struct exporter_options o = options_for(r.port, 64, 1000);
    o.batch = 10;
    o.delay_ms = 600000;
    struct exporter *e = exporter_create(&o, &f);
    assert_non_null(e);
    for (unsigned i = 0; i < 25; i++)
        assert_true(put(e));
    exporter_destroy(e);
    receiver_stop(&r);
    assert_int_equal(r.items, 25);
}

/* What was refused takes no room. */
static void
an_item_that_is_too_large_is_in_nobodys_way(void **state)
{
    enum { SIZE = 33 << 20 };
    struct receiver r = { .fd = -1 };
    (void)state;
    char *item = calloc(1, SIZE);
    receiver_start(&r);
    struct exporter *e = export_to(r.port, 64, 1000);
    assert_false(exporter_put(e, OTLP_TRACES, str_make(item, SIZE)));
    for (unsigned i = 0; i < 3; i++)
        assert_true(put(e));
    settle(e, 4);
    exporter_destroy(e);
    receiver_stop(&r);
    assert_int_equal(r.items, 3);
    free(item);
}

/* An exporter with a log, of which all is read at the end. */
struct logged {
    struct log *log;
    int fd[2];
    struct receiver *receiver;
    struct exporter *e;
};

static void
logged_start(struct logged *l, struct receiver *r)
{
    struct fault f;
    l->receiver = r;
    assert_return_code(pipe(l->fd), 0);
    l->log = log_create(&(struct log_options){ .fd = l->fd[1] });
    receiver_start(r);
    struct exporter_options o = options_for(r->port, 64, 1000);
    o.log = l->log;
    l->e = exporter_create(&o, &f);
    assert_non_null(l->e);
}

/* Ends all of it; what the log said is valid until the next call. */
static const char *
logged_end(struct logged *l)
{
    static char text[8192];
    exporter_destroy(l->e);
    receiver_stop(l->receiver);
    log_destroy(l->log);
    close(l->fd[1]);
    ssize_t n = read(l->fd[0], text, sizeof text - 1);
    close(l->fd[0]);
    assert_true(n > 0);
    text[n] = '\0';
    return text;
}

/* The event was logged once, and these words are behind it. */
static void
assert_told_once(const char *text, const char *event, const char *words)
{
    const char *told = strstr(text, event);
    assert_non_null(told);
    assert_non_null(strstr(told, words));
    assert_null(strstr(told + 1, event));
}

/* Takes spans, and has no place for logs: told once, however often the two come in turns. */
static void
one_signal_that_is_refused_is_told_once(void **state)
{
    struct receiver r = { .no_logs = true };
    struct logged l;
    (void)state;
    logged_start(&l, &r);
    for (unsigned i = 1; i <= 4; i++) {
        assert_true(put(l.e) && exporter_put(l.e, OTLP_LOGS, STR("x")));
        settle(l.e, i);
        while (exporter_stats(l.e).failed[OTLP_LOGS] < i)
            nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    const char *text = logged_end(&l);
    assert_told_once(text, "telemetry_lost", ": logs: status 404");
    assert_null(strstr(text, "telemetry_sent"));
}

/* A receiver that takes some of each message, and says so each time. */
static void
what_is_rejected_is_counted_each_time_and_told_once(void **state)
{
    struct receiver r = { .body = "\n\x09\x08\x07\x12\x05sorry" };
    struct logged l;
    (void)state;
    logged_start(&l, &r);
    for (unsigned i = 1; i <= 3; i++) {
        assert_true(put(l.e));
        settle(l.e, i);
    }
    assert_int_equal(exporter_stats(l.e).rejected[OTLP_TRACES], 3 * 7);
    assert_told_once(logged_end(&l), "telemetry_rejected", ": traces: 7 rejected: sorry");
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

static void
observe_something(struct metrics *m)
{
    const struct str labels[METRICS_LABELS_MAX] = { STR("d"), STR("t"), STR("chat"), STR("m") };
    struct metrics_shard *s = metrics_join(m);
    metrics_observe(metrics_cell(s, METRICS_OF_DEPLOYMENT, labels), METRICS_OUTPUT_SIZES, 5, NULL);
    metrics_leave(s);
}

/* While the queue is as long as it may be, the time for a report has come again and again. */
static void
metrics_do_not_wait_for_an_empty_queue(void **state)
{
    struct receiver r = { .fd = -1 };
    struct fault f;
    (void)state;
    receiver_start(&r);
    struct metrics *m = metrics_create();
    observe_something(m);
    struct exporter_options o = options_for(r.port, 1024, 1000);
    o.metrics = m;
    o.interval_ms = 1;
    o.batch = 1;
    o.delay_ms = 1000;
    struct exporter *e = exporter_create(&o, &f);
    assert_non_null(e);
    for (unsigned i = 0; i < 500; i++)
        assert_true(put(e));
    settle(e, 500);
    exporter_destroy(e);
    receiver_stop(&r);
    metrics_destroy(m);
    assert_true(r.reports > 10);
    assert_int_equal(r.items, 500);
}

static bool
never(void *ctx)
{
    (void)ctx;
    return false;
}

/* A google.rpc.Status, and what looks like one but is a proxy's text for people. */
static void
what_a_receiver_says_is_told_if_it_is_a_receiver(void **state)
{
    static const struct {
        const char *status, *type, *body, *why;
    } rows[] = {
        { "400 No", "application/x-protobuf", "\x12\x05sorry", "status 400 sorry" },
        { "400 No", "Application/X-Protobuf; v=1", "\x12\x05sorry", "status 400 sorry" },
        { "400 No", "text/html", "\x12\x05sorry", "status 400" },
        { "503 Away", "application/x-protobuf", "", "status 503" },
        { "200 OK", "application/x-protobuf", "\n\x09\x08\x07\x12\x05sorry", "7 rejected: sorry" },
        { "200 OK", "text/html", "\n\x09\x08\x07\x12\x05sorry", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct receiver r = { .answers = { rows[i].status },
                              .type = rows[i].type,
                              .body = rows[i].body };
        receiver_start(&r);
        const struct exporter_options o = options_for(r.port, 1, 1000);
        struct sender *s = sender_create(&o, never, NULL);
        assert_non_null(s);
        const struct send_report report = sender_send(s, OTLP_TRACES, STR("x"));
        assert_string_equal(report.why, rows[i].why);
        sender_destroy(s);
        receiver_stop(&r);
    }
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
        cmocka_unit_test(large_items_wait_and_travel_in_bounds),
        cmocka_unit_test(large_items_make_a_batch_by_their_bytes),
        cmocka_unit_test(no_message_is_longer_than_receivers_take),
        cmocka_unit_test(a_signal_that_waits_makes_no_batches_of_another),
        cmocka_unit_test(what_waits_at_the_end_is_sent),
        cmocka_unit_test(an_item_that_is_too_large_is_in_nobodys_way),
        cmocka_unit_test(one_signal_that_is_refused_is_told_once),
        cmocka_unit_test(what_is_rejected_is_counted_each_time_and_told_once),
        cmocka_unit_test(metrics_do_not_wait_for_an_empty_queue),
        cmocka_unit_test(what_a_receiver_says_is_told_if_it_is_a_receiver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
