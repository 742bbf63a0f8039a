/* Metrics: shards added up, label values bounded, both forms of the text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "runtime/base/dice.h"
#include "server/metrics/exposition.h"
#include "server/metrics/process.h"

#define PAGE_MAX ((size_t)64 << 20)

static struct metrics_cell *
requests(struct metrics_shard *s, const char *model, const char *status)
{
    return metrics_cell(s, METRICS_OF_REQUEST,
                        (struct str[]){ STR("f"), STR("chat"), str_from(model), str_from(status) });
}

static void
print(struct metrics *m, enum exposition_format format, struct buf *out)
{
    struct exposition e;
    buf_init(out, PAGE_MAX);
    exposition_begin(&e, format, out);
    assert_true(exposition_metrics(&e, m));
    exposition_end(&e);
    buf_putc(out, '\0');
    assert_int_equal(out->err, ERR_OK);
}

static void
assert_has(const struct buf *page, const char *line)
{
    if (!strstr(page->p, line))
        fail_msg("not in the page: %s\n%s", line, page->p);
}

static void
shards_are_added_up(void **state)
{
    struct metrics *m = metrics_create();
    struct metrics_shard *a = metrics_join(m), *b = metrics_join(m);
    struct buf page;
    (void)state;
    assert_int_not_equal(metrics_shard_number(a), metrics_shard_number(b));
    metrics_add(requests(a, "x", "200"), METRICS_REQUESTS, 2);
    metrics_add(requests(b, "x", "200"), METRICS_REQUESTS, 3);
    metrics_add(requests(b, "y", "200"), METRICS_REQUESTS, 1);
    metrics_add(metrics_cell(a, METRICS_OF_GATEWAY, NULL), METRICS_ACTIVE_REQUESTS, 1);
    metrics_add(metrics_cell(b, METRICS_OF_GATEWAY, NULL), METRICS_ACTIVE_REQUESTS, -3);
    print(m, EXPOSITION_PROMETHEUS, &page);
    assert_has(&page, "# TYPE llmux_proxy_requests_total counter\n"
                      "llmux_proxy_requests_total{front=\"f\",operation=\"chat\",model=\"x\","
                      "status=\"200\"} 5\n"
                      "llmux_proxy_requests_total{front=\"f\",operation=\"chat\",model=\"y\","
                      "status=\"200\"} 1\n");
    assert_has(&page, "\nllmux_active_requests -2\n");
    assert_null(strstr(page.p, "# EOF"));
    buf_fini(&page);
    metrics_destroy(m);
}

static void
a_shard_that_was_left_is_given_out_again_with_its_numbers(void **state)
{
    struct metrics *m = metrics_create();
    struct metrics_shard *a = metrics_join(m), *b = metrics_join(m);
    struct buf page;
    (void)state;
    metrics_add(requests(a, "x", "200"), METRICS_REQUESTS, 2);
    metrics_leave(a);
    assert_ptr_equal(metrics_join(m), a);
    assert_ptr_not_equal(metrics_join(m), b);
    metrics_add(requests(a, "x", "200"), METRICS_REQUESTS, 2);
    print(m, EXPOSITION_PROMETHEUS, &page);
    assert_has(&page, "status=\"200\"} 4\n");
    buf_fini(&page);
    metrics_destroy(m);
}

static void
a_value_at_a_bound_belongs_below_it(void **state)
{
    struct metrics *m = metrics_create();
    struct metrics_shard *s = metrics_join(m);
    const struct metrics_trace trace = { { 0x0123456789abcdef, 0xfedcba9876543210 },
                                         0x1122334455667788,
                                         1700000000123 };
    struct str labels[] = { STR("f"), STR("chat"), STR("m") };
    struct metrics_cell *c = metrics_cell(s, METRICS_OF_MODEL, labels);
    struct buf page;
    (void)state;
    metrics_observe(c, METRICS_REQUEST_DURATION, 10000, NULL);
    metrics_observe(c, METRICS_REQUEST_DURATION, 10001, &trace);
    metrics_observe(c, METRICS_REQUEST_DURATION, 100000000, NULL);
    print(m, EXPOSITION_PROMETHEUS, &page);
#define L "{front=\"f\",operation=\"chat\",model=\"m\""
    assert_has(&page, "# TYPE llmux_request_duration_seconds histogram\n"
                      "llmux_request_duration_seconds_bucket" L ",le=\"0.01\"} 1\n"
                      "llmux_request_duration_seconds_bucket" L ",le=\"0.02\"} 2\n");
    assert_has(&page, "llmux_request_duration_seconds_bucket" L ",le=\"81.92\"} 2\n"
                      "llmux_request_duration_seconds_bucket" L ",le=\"+Inf\"} 3\n"
                      "llmux_request_duration_seconds_sum" L "} 100.020001\n"
                      "llmux_request_duration_seconds_count" L "} 3\n");
    buf_fini(&page);
    print(m, EXPOSITION_OPENMETRICS, &page);
    assert_has(&page, "# TYPE llmux_request_duration_seconds histogram\n"
                      "# UNIT llmux_request_duration_seconds seconds\n");
    assert_has(&page, ",le=\"0.02\"} 2 # {trace_id=\"0123456789abcdeffedcba9876543210\","
                      "span_id=\"1122334455667788\"} 0.010001 1700000000.123\n");
    assert_has(&page, "# TYPE llmux_proxy_requests counter\n");
    assert_string_equal(page.p + strlen(page.p) - 6, "# EOF\n");
    buf_fini(&page);
    metrics_destroy(m);
}

/* Each histogram, with values at its bounds, beside them and at random: as if all bounds had been compared. */
static void
every_value_falls_into_the_first_bucket_that_takes_it(void **state)
{
    struct metrics *m = metrics_create();
    struct metrics_shard *s = metrics_join(m);
    struct str none[METRICS_LABELS_MAX] = { { NULL, 0 } };
    struct dice dice;
    struct arena a;
    (void)state;
    dice_init(&dice, 1);
    arena_init(&a, PAGE_MAX);
    for (unsigned group = 0; group < METRICS_GROUPS; group++) {
        const struct metrics_group_info *g = &metrics_groups[group];
        struct metrics_cell *c = metrics_cell(s, (enum metrics_group)group, none);
        for (unsigned family = 0; family < g->n; family++) {
            const struct metrics_bounds *b = g->families[family].bounds;
            uint64_t expected[METRICS_BOUNDS_MAX + 1] = { 0 };
            for (unsigned i = 0; b && i < 4000; i++) {
                uint64_t roll = dice_next(&dice);
                uint64_t value = i < 4 * b->n ? b->v[i / 4] + i % 4 - 2 : roll >> roll % 64;
                unsigned bucket = 0;
                while (bucket < b->n && value > b->v[bucket])
                    bucket++;
                expected[bucket]++;
                metrics_observe(c, family, value, NULL);
            }
            unsigned n;
            const struct metrics_sum *sums = metrics_sums(m, (enum metrics_group)group, &a, &n);
            for (unsigned i = 0; b && i <= b->n; i++)
                assert_int_equal(sums->v[metrics_family_offset(g, family) + i], expected[i]);
        }
    }
    arena_fini(&a);
    metrics_destroy(m);
}

static void
families_of_one_name_stand_together(void **state)
{
    struct metrics *m = metrics_create();
    struct metrics_shard *s = metrics_join(m);
    struct buf page;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct str labels[] = { i ? STR("a") : STR("b"), STR("p"), STR("chat"), STR("m") };
        struct metrics_cell *c = metrics_cell(s, METRICS_OF_DEPLOYMENT, labels);
        metrics_add(c, METRICS_TOKENS_INPUT, 7);
        metrics_observe(c, METRICS_INPUT_SIZES, 7, NULL);
    }
    print(m, EXPOSITION_PROMETHEUS, &page);
    const char *first = strstr(page.p, "# TYPE llmux_tokens_total");
    assert_non_null(first);
    assert_null(strstr(first + 1, "# TYPE llmux_tokens_total"));
    assert_has(&page, "llmux_tokens_total{deployment=\"a\",provider=\"p\",operation=\"chat\","
                      "model=\"m\",type=\"input\"} 7\n");
    assert_null(strstr(page.p, "gen_ai")); /* hidden: told by other ways */
    buf_fini(&page);
    metrics_destroy(m);
}

static void
labels_are_escaped(void **state)
{
    struct metrics *m = metrics_create();
    struct metrics_shard *s = metrics_join(m);
    struct buf page;
    (void)state;
    metrics_add(requests(s, "a\\b\"c\nd", "200"), METRICS_REQUESTS, 1);
    print(m, EXPOSITION_PROMETHEUS, &page);
    assert_has(&page, "model=\"a\\\\b\\\"c\\nd\"");
    buf_fini(&page);
    metrics_destroy(m);
}

static void
what_comes_beyond_the_cap_is_one_series(void **state)
{
    struct metrics *m = metrics_create();
    struct metrics_shard *s = metrics_join(m);
    const unsigned most = metrics_groups[METRICS_OF_RETRY].most;
    struct arena a;
    struct buf page;
    unsigned n;
    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        char name[32];
        struct str model = str_make(name, (size_t)snprintf(name, sizeof name, "m%u", i));
        struct metrics_cell *c = metrics_cell(s, METRICS_OF_RETRY, &model);
        assert_int_equal(metrics_cell_is_other(s, c), i >= most);
        metrics_add(c, METRICS_RETRIES, 1);
    }
    arena_init(&a, PAGE_MAX);
    const struct metrics_sum *sums = metrics_sums(m, METRICS_OF_RETRY, &a, &n);
    assert_int_equal(n, most + 1);
    uint64_t all = 0;
    for (unsigned i = 0; i < n; i++)
        all += sums[i].v[0];
    assert_int_equal(all, 10000);
    arena_fini(&a);
    print(m, EXPOSITION_PROMETHEUS, &page);
    assert_has(&page, "llmux_retries_total{model=\"other\"} 9500\n");
    assert_has(&page, "llmux_metrics_overflow_total 9500\n");
    buf_fini(&page);
    metrics_destroy(m);
}

static void
the_best_liked_form_is_chosen(void **state)
{
    static const struct {
        const char *accept;
        enum exposition_format format;
    } cases[] = {
        { NULL, EXPOSITION_PROMETHEUS },
        { "", EXPOSITION_PROMETHEUS },
        { "*/*", EXPOSITION_PROMETHEUS },
        { "text/plain", EXPOSITION_PROMETHEUS },
        { "application/openmetrics-text", EXPOSITION_OPENMETRICS },
        { "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
          "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
          EXPOSITION_OPENMETRICS },
        { "text/plain;q=0.9, application/openmetrics-text; q=0.35", EXPOSITION_PROMETHEUS },
        { "application/openmetrics-text; q=0", EXPOSITION_PROMETHEUS },
        { ",;,", EXPOSITION_PROMETHEUS },
        { "application/openmetrics-text;q=", EXPOSITION_PROMETHEUS },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (exposition_choose(str_from(cases[i].accept)) != cases[i].format)
            fail_msg("%s", cases[i].accept);
}

static void
the_process_tells_of_itself(void **state)
{
    struct exposition e;
    struct buf page;
    (void)state;
    buf_init(&page, PAGE_MAX);
    exposition_begin(&e, EXPOSITION_PROMETHEUS, &page);
    process_metrics(&e);
    buf_putc(&page, '\0');
    assert_has(&page, "\nprocess_cpu_seconds_total ");
    assert_has(&page, "\nprocess_open_fds ");
    assert_has(&page, "\nprocess_max_fds ");
    assert_has(&page, "\nprocess_resident_memory_bytes ");
    assert_has(&page, "\nprocess_threads 1\n");
    const char *start = strstr(page.p, "\nprocess_start_time_seconds ");
    assert_non_null(start);
    assert_true(strtod(start + sizeof "\nprocess_start_time_seconds", NULL) > 1.6e9);
    buf_fini(&page);
}

/* --- threads ------------------------------------------------------------------------------- */

#define THREADS 4u
#define ROUNDS  20000u

static void *
count_much(void *arg)
{
    struct metrics_shard *s = metrics_join(arg);
    const struct metrics_trace trace = { { 1, 1 }, 1, 1 };
    for (unsigned i = 0; i < ROUNDS; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%u", i % 50);
        metrics_add(requests(s, name, "200"), METRICS_REQUESTS, 1);
        struct str labels[] = { STR("f"), STR("chat"), str_from(name) };
        metrics_observe(metrics_cell(s, METRICS_OF_MODEL, labels), METRICS_REQUEST_DURATION, i,
                        &trace);
    }
    metrics_leave(s);
    return NULL;
}

static void
a_page_may_be_read_while_threads_count(void **state)
{
    struct metrics *m = metrics_create();
    pthread_t threads[THREADS];
    struct buf page;
    struct arena a;
    uint64_t all = 0;
    unsigned n;
    (void)state;
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_much, m), 0);
    for (unsigned i = 0; i < 20; i++) {
        print(m, EXPOSITION_OPENMETRICS, &page);
        buf_fini(&page);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    arena_init(&a, PAGE_MAX);
    const struct metrics_sum *sums = metrics_sums(m, METRICS_OF_REQUEST, &a, &n);
    assert_int_equal(n, 50);
    for (unsigned i = 0; i < n; i++)
        all += sums[i].v[0];
    assert_int_equal(all, THREADS * ROUNDS);
    arena_fini(&a);
    metrics_destroy(m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_are_added_up),
        cmocka_unit_test(a_shard_that_was_left_is_given_out_again_with_its_numbers),
        cmocka_unit_test(a_value_at_a_bound_belongs_below_it),
        cmocka_unit_test(every_value_falls_into_the_first_bucket_that_takes_it),
        cmocka_unit_test(families_of_one_name_stand_together),
        cmocka_unit_test(labels_are_escaped),
        cmocka_unit_test(what_comes_beyond_the_cap_is_one_series),
        cmocka_unit_test(the_best_liked_form_is_chosen),
        cmocka_unit_test(the_process_tells_of_itself),
        cmocka_unit_test(a_page_may_be_read_while_threads_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
