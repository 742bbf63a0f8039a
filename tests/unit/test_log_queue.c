/* Log lines on their way: the queue, its writer, many threads, and what happens when nobody reads. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/log/line_queue.h"
#include "server/log/log.h"

static uint64_t
fixed_now(void)
{
    return 1767225599123456; /* 2025-12-31T23:59:59.123456Z */
}

static bool
put_one(struct line_queue *q)
{
    struct queued_line line = { malloc(1), 1 };
    bool ok = line_queue_put(q, line);
    if (!ok)
        free(line.p);
    return ok;
}

static void
take_one(struct line_queue *q)
{
    struct queued_line line;
    assert_true(line_queue_take(q, &line));
    free(line.p);
}

static void
a_queue_knows_when_half_of_it_is_full(void **state)
{
    (void)state;
    struct line_queue q;
    assert_true(line_queue_init(&q, 8));
    /* Wherever it stands. */
    for (unsigned at = 0; at < 20; at++) {
        for (unsigned n = 0; n < 8; n++) {
            assert_int_equal(line_queue_is_half_full(&q), n >= 4);
            assert_true(put_one(&q));
        }
        assert_true(line_queue_is_half_full(&q));
        assert_false(put_one(&q));
        for (unsigned n = 8; n > 0; n--) {
            assert_int_equal(line_queue_is_half_full(&q), n >= 4);
            take_one(&q);
        }
        assert_true(put_one(&q));
        take_one(&q);
    }
    put_one(&q);
    line_queue_fini(&q);
}

static void
a_queue_that_gets_full_wakes_its_writer(void **state)
{
    (void)state;
    int fd = open("/dev/null", O_WRONLY);
    struct log *log = log_create(
        &(struct log_options){ .fd = fd, .now_us = fixed_now, .queue = 16, .nap_ms = 3600 * 1000 });
    /* The first line wakes it from its sleep.  Then it naps, for an hour if nobody wakes it. */
    for (uint64_t i = 0; i < 2000; i++) {
        while (i - log_stats(log).lines >= 16)
            usleep(10);
        log_msg(log, LOG_LEVEL_INFO, "x", "%u", (unsigned)i);
    }
    assert_int_equal(log_stats(log).dropped, 0);
    log_msg(log, LOG_LEVEL_INFO, "x", "last");
    log_destroy(log); /* ends the nap */
    close(fd);
}

/* The sum over all reports in text. */
static uint64_t
reported_drops(const char *text)
{
    static const char mark[] = "\"level\":\"warn\",\"event\":\"log_dropped\",\"lines\":";
    uint64_t sum = 0;
    while ((text = strstr(text, mark))) {
        text += sizeof mark - 1;
        sum += strtoull(text, NULL, 10);
    }
    return sum;
}

static void
log_drops_and_counts_when_nobody_reads(void **state)
{
    (void)state;
    int fd[2];
    assert_return_code(pipe(fd), 0);
    fcntl(fd[1], F_SETPIPE_SZ, 4096);
    struct log *log = log_create(&(struct log_options){ .fd = fd[1], .queue = 16 });
    for (int i = 0; i < 1000; i++)
        log_msg(log, LOG_LEVEL_INFO, "x", "%d %0500d", i, i);
    uint64_t dropped = log_stats(log).dropped;
    assert_true(dropped > 900);
    fcntl(fd[0], F_SETFL, O_NONBLOCK);
    static char text[1 << 20];
    size_t n = 0;
    do {
        ssize_t got = read(fd[0], text + n, sizeof text - 1 - n);
        n += got > 0 ? (size_t)got : 0;
        text[n] = '\0';
    } while (reported_drops(text) < dropped || log_stats(log).lines + dropped < 1000);
    assert_int_equal(reported_drops(text), dropped);
    log_destroy(log);
    close(fd[0]);
    close(fd[1]);
}

static void
log_ends_although_nobody_reads(void **state)
{
    (void)state;
    int fd[2];
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    struct log *log = log_create(&(struct log_options){ .fd = fd[1] });
    for (int i = 0; i < 3000; i++)
        log_msg(log, LOG_LEVEL_INFO, "x", "%0900d", i);
    log_destroy(log); /* would hang */
    close(fd[0]);
    log = log_create(&(struct log_options){ .fd = fd[1] });
    log_msg(log, LOG_LEVEL_INFO, "x", "into a closed pipe: no signal");
    while (!log_stats(log).failed)
        ;
    log_destroy(log);
    close(fd[1]);
}

#define THREADS 4
#define LINES   5000

struct writer {
    struct log *log;
    int id;
};

static void *
write_many(void *arg)
{
    struct writer *w = arg;
    for (int i = 0; i < LINES; i++) {
        struct log_line l;
        if (!log_begin(w->log, &l, LOG_LEVEL_INFO, "many"))
            continue;
        log_int(&l, "thread", w->id);
        log_int(&l, "line", i);
        log_str(&l, "text", STR("a secret: hush-hush-hush"));
        log_end(&l);
        if (i % 1000 == 0) {
            char name[32];
            snprintf(name, sizeof name, "secret-%d-%d", w->id, i);
            struct str s = str_from(name);
            assert_true(log_add_secrets(w->log, &s, 1));
        }
        (void)log_stats(w->log);
        log_set_level(w->log, LOG_LEVEL_INFO);
    }
    return NULL;
}

static void
log_takes_lines_of_many_threads_in_order(void **state)
{
    (void)state;
    char path[] = "/tmp/test_log_XXXXXX";
    int fd = mkstemp(path);
    unlink(path);
    struct log *log = log_create(&(struct log_options){
        .fd = fd, .format = LOG_FORMAT_TEXT, .now_us = fixed_now, .queue = THREADS * LINES });
    struct str secret = STR("hush-hush-hush");
    assert_true(log_add_secrets(log, &secret, 1));
    pthread_t threads[THREADS];
    struct writer writers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){ log, i };
        pthread_create(&threads[i], NULL, write_many, &writers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(log_stats(log).dropped, 0);
    log_destroy(log);
    FILE *f = fdopen(fd, "r");
    rewind(f);
    char line[LOG_LINE_MAX];
    int next[THREADS] = { 0 }, thread, number;
    while (fgets(line, sizeof line, f)) {
        assert_int_equal(sscanf(line,
                                "2025-12-31T23:59:59.123Z info many thread=%d line=%d "
                                "text=\"a secret: ***\"",
                                &thread, &number),
                         2);
        assert_int_equal(number, next[thread]++);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(next[i], LINES);
    fclose(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_knows_when_half_of_it_is_full),
        cmocka_unit_test(a_queue_that_gets_full_wakes_its_writer),
        cmocka_unit_test(log_drops_and_counts_when_nobody_reads),
        cmocka_unit_test(log_ends_although_nobody_reads),
        cmocka_unit_test(log_takes_lines_of_many_threads_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
