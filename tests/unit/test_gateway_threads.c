/* Threads beside the workers that cannot be had: what was made for them is undone, the log says so, and they are tried
 * again with the next configuration. */
#include "tests/unit/test_gateway_rig.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/gateway/health.h"
#include "server/gateway/webhook.h"
#include "server/log/log.h"

typedef int create_thread(pthread_t *t, const pthread_attr_t *a, void *(*run)(void *), void *arg);

static bool no_threads;

/* Instead of the C library's. */
int
pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*run)(void *), void *arg)
{
    create_thread *real;
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return no_threads ? EAGAIN : real(t, a, run, arg);
}

static unsigned
open_files(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static const char yaml[] =
    "server: { listen: \"127.0.0.1:0\" }\n"
    "resilience: { webhook: { url: \"http://127.0.0.1:9/\" } }\n"
    "providers:\n"
    "  - { name: a, type: openai.chat, base_url: \"http://127.0.0.1:9\", models: [m],\n"
    "      health_check: { interval: 10s } }\n";

struct house {
    struct rig rig;
    FILE *file; /* of the log */
    unsigned files;
};

static void
open_house(struct house *h)
{
    h->file = tmpfile();
    assert_non_null(h->file);
    rig_open(&h->rig, yaml);
    h->rig.service.log = log_create(&(struct log_options){ .fd = fileno(h->file) });
    h->rig.service.guards = guards_create();
    assert_true(h->rig.service.log && h->rig.service.guards);
}

/* How often the log has this text. */
static unsigned
close_house(struct house *h, const char *text)
{
    static char all[65536];
    unsigned times = 0;
    log_destroy(h->rig.service.log);
    guards_destroy(h->rig.service.guards);
    assert_int_equal(atomic_load(&h->rig.gateway.refs), 1);
    rig_close(&h->rig);
    rewind(h->file);
    all[fread(all, 1, sizeof all - 1, h->file)] = '\0';
    fclose(h->file);
    for (const char *p = all; (p = strstr(p, text)); p++)
        times++;
    return times;
}

static void
checks_without_a_thread_leave_nothing_behind(void **state)
{
    struct house h;
    (void)state;
    open_house(&h);
    struct health *x = health_create(&h.rig.service);
    unsigned before = open_files();
    no_threads = true;
    for (int i = 0; i < 3; i++) {
        health_adopt(x, gateway_hold(&h.rig.gateway));
        assert_int_equal(open_files(), before);
    }
    no_threads = false;
    health_adopt(x, gateway_hold(&h.rig.gateway));
    assert_true(open_files() > before);
    health_destroy(x);
    assert_int_equal(close_house(&h, "no thread can be had"), 3);
}

static void
a_webhook_without_a_thread_leaves_nothing_behind(void **state)
{
    struct house h;
    (void)state;
    open_house(&h);
    struct webhook *x = webhook_create(&h.rig.service);
    unsigned before = open_files();
    no_threads = true;
    for (int i = 0; i < 3; i++) {
        webhook_adopt(x, gateway_hold(&h.rig.gateway));
        assert_int_equal(open_files(), before);
    }
    no_threads = false;
    webhook_adopt(x, gateway_hold(&h.rig.gateway));
    assert_true(open_files() > before);
    webhook_destroy(x);
    assert_int_equal(close_house(&h, "no thread can be had"), 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_without_a_thread_leave_nothing_behind),
        cmocka_unit_test(a_webhook_without_a_thread_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
