/* Log lines on their way: the queue, its writer, many threads, and what happens when nobody reads. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/log/line_ring.h"
#include "server/log/log.h"

static uint64_t
fixed_now(void)
{
    return 1767225599123456; /* 2025-12-31T23:59:59.123456Z */
}

#define LONGEST 16

static bool
put_one(struct line_ring *q)
{
    return line_ring_put(q, STR("x"));
}

static void
take_one(struct line_ring *q)
{
    struct ring_line line;
    assert_true(line_ring_take(q, &line));
    line_ring_free(q);
}

static void
a_queue_knows_when_half_of_it_is_full(void **state)
{
    (void)state;
    struct line_ring q;
    assert_true(line_ring_init(&q, 8, LONGEST));
    /* Wherever it stands. */
    for (unsigned at = 0; at < 20; at++) {
        for (unsigned n = 0; n < 8; n++) {
            assert_int_equal(line_ring_is_half_full(&q), n >= 4);
            assert_true(put_one(&q));
        }
        assert_true(line_ring_is_half_full(&q));
        assert_false(put_one(&q));
        for (unsigned n = 8; n > 0; n--) {
            assert_int_equal(line_ring_is_half_full(&q), n >= 4);
            take_one(&q);
        }
        assert_true(put_one(&q));
        take_one(&q);
    }
    put_one(&q);
    line_ring_fini(&q);
}

/* What a queue of 8 lines must hold: those that are not done with, of which the first were taken. */
struct model {
    struct {
        char text[LONGEST];
        size_t n;
        const char *taken; /* where its bytes are; NULL: it waits */
    } lines[8];
    unsigned n, taken;
};

static void
model_put(struct model *m, struct line_ring *q, uint32_t dice)
{
    char text[LONGEST];
    size_t n = dice >> 8 & 1 ? LONGEST : (dice >> 9) % LONGEST + 1;
    memset(text, 'a' + (int)(dice >> 16) % 26, sizeof text);
    assert_int_equal(line_ring_put(q, str_make(text, n)), m->n < 8);
    if (m->n == 8)
        return;
    memcpy(m->lines[m->n].text, text, sizeof text);
    m->lines[m->n].taken = NULL;
    m->lines[m->n++].n = n;
}

static void
model_take(struct model *m, struct line_ring *q)
{
    struct ring_line line;
    assert_int_equal(line_ring_ready(q), m->taken < m->n);
    assert_int_equal(line_ring_take(q, &line), m->taken < m->n);
    if (m->taken == m->n)
        return;
    assert_int_equal(line.n, m->lines[m->taken].n);
    assert_in_range(line.p + line.n - q->bytes, line.n, q->size);
    m->lines[m->taken++].taken = line.p;
}

static void
model_free(struct model *m, struct line_ring *q)
{
    line_ring_free(q);
    m->n -= m->taken;
    memmove(m->lines, m->lines + m->taken, m->n * sizeof *m->lines);
    m->taken = 0;
}

/* Any lines put, taken and freed in any order: none is lost, changed, or written over before it is done with; also when
 * the numbers of lines go around. */
static void
a_queue_is_like_its_model(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 200; seed++) {
        struct line_ring q;
        struct model m = { .n = 0 };
        uint32_t dice = seed, first = seed % 2 ? 0 : UINT32_MAX - 20 - 2 * seed;
        assert_true(line_ring_init(&q, 5, LONGEST));
        atomic_store(&q.tail, (uint64_t)first << 32);
        atomic_store(&q.head, first);
        q.next = first;
        for (unsigned i = 0; i < 3000; i++) {
            dice = dice * 1664525 + 1013904223;
            unsigned what = dice >> 28, puts = 6 + (i >> 8) % 4;
            if (what < puts)
                model_put(&m, &q, dice);
            else if (what < 14)
                model_take(&m, &q);
            else
                model_free(&m, &q);
            assert_int_equal(line_ring_is_empty(&q), m.taken == m.n);
            assert_int_equal(line_ring_is_half_full(&q), m.n >= 4);
            for (unsigned k = 0; k < m.taken; k++)
                if (memcmp(m.lines[k].taken, m.lines[k].text, m.lines[k].n) != 0)
                    fail_msg("seed %u, step %u: line %u", seed, i, k);
        }
        line_ring_fini(&q);
    }
}

/* A line at a time never needs more than the begin of the memory. */
static void
a_queue_found_empty_begins_anew(void **state)
{
    (void)state;
    struct line_ring q;
    struct ring_line line;
    const char *first = NULL;
    assert_true(line_ring_init(&q, 8, LONGEST));
    for (unsigned i = 0; i < 100; i++) {
        assert_true(put_one(&q));
        assert_true(line_ring_take(&q, &line));
        first = first ? first : line.p;
        assert_ptr_equal(line.p, first);
        line_ring_free(&q);
    }
    line_ring_fini(&q);
    assert_false(line_ring_init(&q, UINT32_MAX / LONGEST, LONGEST));
    line_ring_fini(&q);
}

#define CROWD       4
#define CROWD_LINES 3000u
#define CROWD_TEXT  40u

struct member {
    struct line_ring *queue;
    uint32_t id;
};

/* What line `i` of that thread says, in a length of its own. */
static size_t
compose_member_line(char text[CROWD_TEXT], uint32_t id, uint32_t i)
{
    size_t n = 2 * sizeof i + (i * 7 + id) % (CROWD_TEXT - 2 * sizeof i + 1);
    memset(text, (int)(i + id), CROWD_TEXT);
    memcpy(text, &id, sizeof id);
    memcpy(text + sizeof id, &i, sizeof i);
    return n;
}

static void *
put_many(void *arg)
{
    const struct member *m = arg;
    char text[CROWD_TEXT];
    for (uint32_t i = 0; i < CROWD_LINES; i++) {
        size_t n = compose_member_line(text, m->id, i);
        while (!line_ring_put(m->queue, str_make(text, n)))
            sched_yield();
    }
    return NULL;
}

/* All of them, as they come, and the memory given back in pieces of some lines. */
static void
a_small_queue_carries_lines_of_many_threads(void **state)
{
    (void)state;
    struct line_ring q;
    struct member members[CROWD];
    pthread_t threads[CROWD];
    uint32_t next[CROWD] = { 0 };
    assert_true(line_ring_init(&q, 8, CROWD_TEXT));
    for (uint32_t i = 0; i < CROWD; i++) {
        members[i] = (struct member){ &q, i };
        pthread_create(&threads[i], NULL, put_many, &members[i]);
    }
    for (unsigned done = 0; done < CROWD * CROWD_LINES;) {
        struct ring_line lines[5];
        unsigned n = 0;
        while (n < 1 + done % 5 && line_ring_take(&q, &lines[n]))
            n++;
        for (unsigned i = 0; i < n; i++) {
            char want[CROWD_TEXT];
            uint32_t id;
            memcpy(&id, lines[i].p, sizeof id);
            assert_true(id < CROWD);
            assert_int_equal(lines[i].n, compose_member_line(want, id, next[id]++));
            assert_memory_equal(lines[i].p, want, lines[i].n);
        }
        line_ring_free(&q);
        done += n;
        if (n == 0)
            sched_yield();
    }
    for (unsigned i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
    assert_true(line_ring_is_empty(&q));
    line_ring_fini(&q);
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
        cmocka_unit_test(a_queue_is_like_its_model),
        cmocka_unit_test(a_queue_found_empty_begins_anew),
        cmocka_unit_test(a_small_queue_carries_lines_of_many_threads),
        cmocka_unit_test(a_queue_that_gets_full_wakes_its_writer),
        cmocka_unit_test(log_drops_and_counts_when_nobody_reads),
        cmocka_unit_test(log_ends_although_nobody_reads),
        cmocka_unit_test(log_takes_lines_of_many_threads_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
