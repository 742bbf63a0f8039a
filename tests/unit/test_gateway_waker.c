/* Who wakes a loop is heard: before it listens, from other threads, and once for many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>

#include "server/gateway/waker.h"

#define THREADS 4
#define JOBS    1000 /* of each thread */

struct listener {
    struct waker waker;
    struct event_base *base;
    atomic_int jobs; /* to be done */
    int woken, done;
};

static void
on_woken(void *ctx)
{
    struct listener *l = ctx;
    l->woken++;
    l->done += atomic_exchange(&l->jobs, 0);
}

static void
begin(struct listener *l)
{
    *l = (struct listener){ .base = event_base_new() };
    assert_true(waker_init(&l->waker, on_woken, l));
}

static void
end(struct listener *l)
{
    waker_fini(&l->waker);
    event_base_free(l->base);
}

static void
turn(struct listener *l)
{
    event_base_loop(l->base, EVLOOP_NONBLOCK);
}

static void
several_wakes_before_the_loop_looks_are_one(void **state)
{
    struct listener l;
    (void)state;
    begin(&l);
    waker_wake(&l.waker); /* nobody listens yet */
    assert_true(waker_listen(&l.waker, l.base));
    turn(&l);
    assert_int_equal(l.woken, 1);
    turn(&l);
    assert_int_equal(l.woken, 1);
    waker_wake(&l.waker);
    waker_wake(&l.waker);
    turn(&l);
    assert_int_equal(l.woken, 2);
    end(&l);
}

static void
who_is_deaf_hears_it_when_he_listens_again(void **state)
{
    struct listener l;
    (void)state;
    begin(&l);
    waker_deafen(&l.waker);
    assert_true(waker_listen(&l.waker, l.base));
    waker_deafen(&l.waker);
    waker_wake(&l.waker);
    turn(&l);
    assert_int_equal(l.woken, 0);
    assert_true(waker_listen(&l.waker, l.base));
    turn(&l);
    assert_int_equal(l.woken, 1);
    end(&l);
}

static void *
give_jobs(void *ctx)
{
    struct listener *l = ctx;
    for (int i = 0; i < JOBS; i++) {
        atomic_fetch_add(&l->jobs, 1);
        waker_wake(&l->waker);
    }
    return NULL;
}

static void
no_thread_is_overheard(void **state)
{
    struct listener l;
    pthread_t threads[THREADS];
    (void)state;
    begin(&l);
    assert_true(waker_listen(&l.waker, l.base));
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, give_jobs, &l), 0);
    while (l.done < THREADS * JOBS)
        event_base_loop(l.base, EVLOOP_ONCE);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_true(l.woken <= THREADS * JOBS);
    end(&l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_wakes_before_the_loop_looks_are_one),
        cmocka_unit_test(who_is_deaf_hears_it_when_he_listens_again),
        cmocka_unit_test(no_thread_is_overheard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
