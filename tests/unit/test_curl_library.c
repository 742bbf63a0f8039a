/* libcurl is loaded when it is needed; where it cannot be, callers hear why, and nothing crashes.
 *
 * What has been loaded stays, so each test runs in a process of its own: this program again, with the name of what it is
 * to do, and with LD_LIBRARY_PATH, which the loader reads at the start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <event2/event.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/upstream/curl_library.h"
#include "server/upstream/upstream.h"

static const char *program;
static char broken[] = "/tmp/llmux-test-XXXXXX"; /* a folder with a libcurl that is none */

static bool
is_loaded(void)
{
    void *handle = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_NOLOAD);
    if (handle)
        dlclose(handle);
    return handle;
}

static bool
expect(bool right, const char *what)
{
    if (!right)
        printf("# not so: %s\n", what);
    return right;
}
#define EXPECT(right) expect(right, #right)

/* --- what is run on its own; true: as it should be ------------------------------------------------- */

static bool
looking_does_not_load(void)
{
    struct fault f;
    return EXPECT(!is_loaded()) && EXPECT(!curl_library_find(&f)) && EXPECT(!is_loaded())
           && EXPECT(!curl_library_load(&f)) && EXPECT(is_loaded())
           && EXPECT(!curl_library_find(&f));
}

static bool
a_client_that_sends_nothing_loads_nothing(void)
{
    struct event_base *base = event_base_new();
    struct upstream *u = upstream_create(base, NULL);
    bool ok = EXPECT(u != NULL) && EXPECT(!is_loaded());
    upstream_destroy(u);
    event_base_free(base);
    return ok && EXPECT(!is_loaded());
}

/* Each kind of value that follows an option arrives. */
static bool
what_follows_an_option_arrives(void)
{
    char *url = NULL;
    void *private = NULL;
    CURL *e = curl_easy_init();
    CURLM *m = curl_multi_init();
    CURLSH *share = curl_share_init();
    bool ok =
        EXPECT(e && m && share) && EXPECT(curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK)
        && EXPECT(curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, -((curl_off_t)1 << 40))
                  == CURLE_BAD_FUNCTION_ARGUMENT) /* all of its bytes */
        && EXPECT(curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)1 << 40) == CURLE_OK)
        && EXPECT(curl_easy_setopt(e, CURLOPT_PRIVATE, &url) == CURLE_OK)
        && EXPECT(curl_easy_getinfo(e, CURLINFO_PRIVATE, &private) == CURLE_OK)
        && EXPECT(private == &url)
        && EXPECT(curl_easy_setopt(e, CURLOPT_URL, "http://x/y") == CURLE_OK)
        && EXPECT(curl_easy_getinfo(e, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK)
        && EXPECT(strcmp(url, "http://x/y") == 0)
        && EXPECT(curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, 3L) == CURLM_OK)
        && EXPECT(curl_multi_setopt(m, CURLMOPT_SOCKETDATA, &url) == CURLM_OK)
        && EXPECT(curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) == CURLSHE_OK)
        && EXPECT(curl_share_setopt(share, CURLSHOPT_SHARE, 99) == CURLSHE_BAD_OPTION)
        && EXPECT(curl_share_setopt(share, CURLSHOPT_USERDATA, &url) == CURLSHE_OK);
    curl_share_cleanup(share);
    curl_multi_cleanup(m);
    curl_easy_cleanup(e);
    return ok;
}

static void *
load_too(void *arg)
{
    (void)arg;
    return curl_library_load(NULL) ? NULL : curl_url();
}

static bool
threads_that_need_it_at_once_all_get_it(void)
{
    enum { N = 8 };
    pthread_t threads[N];
    bool ok = true;
    for (unsigned i = 0; i < N; i++)
        ok = EXPECT(pthread_create(&threads[i], NULL, load_too, NULL) == 0) && ok;
    for (unsigned i = 0; i < N; i++) {
        void *url;
        ok = EXPECT(pthread_join(threads[i], &url) == 0) && EXPECT(url != NULL) && ok;
        curl_url_cleanup(url);
    }
    return ok;
}

static bool
a_broken_one_is_said_to_be(void)
{
    struct event_base *base = event_base_new();
    struct upstream *u = upstream_create(base, NULL);
    const struct upstream_request req = { .method = STR("GET"), .url = STR("http://127.0.0.1:1/") };
    struct fault f = { .err = ERR_OK };
    bool ok = EXPECT(u != NULL);
    for (unsigned i = 0; i < 2; i++) { /* the second time, too */
        ok = ok && EXPECT(!upstream_start(u, &req, NULL, NULL, &f))
             && EXPECT(f.err == ERR_UNSUPPORTED) && EXPECT(strstr(f.text, "libcurl.so.4") != NULL);
        f = (struct fault){ .err = ERR_OK };
    }
    ok = ok && EXPECT(upstream_stats(u).busy == 0) && EXPECT(!curl_easy_init())
         && EXPECT(!curl_multi_init()) && EXPECT(!curl_share_init()) && EXPECT(!curl_url())
         && EXPECT(!curl_slist_append(NULL, "x")) && EXPECT(!curl_version_info(CURLVERSION_NOW))
         && EXPECT(curl_easy_strerror(CURLE_OK) != NULL);
    upstream_destroy(u);
    event_base_free(base);
    return ok;
}

static const struct {
    const char *name;
    bool (*run)(void);
} parts[] = {
#define PART(f) \
    { \
#f, f \
    }
    PART(looking_does_not_load),          PART(a_client_that_sends_nothing_loads_nothing),
    PART(what_follows_an_option_arrives), PART(threads_that_need_it_at_once_all_get_it),
    PART(a_broken_one_is_said_to_be),
};
#define N_PARTS (sizeof parts / sizeof *parts)

/* --- running it ------------------------------------------------------------------------------------ */

/* This program again, for the part that has the test's name. */
static void
run_part(const char *name, const char *folder)
{
    char command[512];
    snprintf(command, sizeof command, "%s%s '%s' %s", folder ? "LD_LIBRARY_PATH=" : "",
             folder ? folder : "", program, name);
    int status = system(command);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(name, folder) \
    static void test_##name(void **state) \
    { \
        (void)state; \
        run_part(#name, folder); \
    }
TEST(looking_does_not_load, NULL)
TEST(a_client_that_sends_nothing_loads_nothing, NULL)
TEST(what_follows_an_option_arrives, NULL)
TEST(threads_that_need_it_at_once_all_get_it, NULL)
TEST(a_broken_one_is_said_to_be, broken)

static int
make_broken(void **state)
{
    (void)state;
    char path[sizeof broken + 32];
    if (!mkdtemp(broken))
        return -1;
    snprintf(path, sizeof path, "%s/libcurl.so.4", broken);
    FILE *file = fopen(path, "w");
    return !file || fputs("no library\n", file) < 0 || fclose(file) ? -1 : 0;
}

static int
remove_broken(void **state)
{
    (void)state;
    char path[sizeof broken + 32];
    snprintf(path, sizeof path, "%s/libcurl.so.4", broken);
    unlink(path);
    return rmdir(broken);
}

int
main(int argc, char **argv)
{
    program = argv[0];
    for (size_t i = 0; argc > 1 && i < N_PARTS; i++)
        if (strcmp(argv[1], parts[i].name) == 0)
            return parts[i].run() ? 0 : 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looking_does_not_load),
        cmocka_unit_test(test_a_client_that_sends_nothing_loads_nothing),
        cmocka_unit_test(test_what_follows_an_option_arrives),
        cmocka_unit_test(test_threads_that_need_it_at_once_all_get_it),
        cmocka_unit_test(test_a_broken_one_is_said_to_be),
    };
    return cmocka_run_group_tests(tests, make_broken, remove_broken);
}
