/* Request ids: which of the clients' are taken, and what new ones look like. */
#include "tests/unit/test_gateway_rig.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/gateway/clock.h"
#include "server/gateway/request_id.h"

static void
what_ids_are_made_of_is_sane_up_to_128_bytes(void **state)
{
    char longest[REQUEST_ID_MAX + 1];
    (void)state;
    memset(longest, 'x', sizeof longest);
    assert_true(request_id_is_sane(STR("a")));
    assert_true(request_id_is_sane(STR("req_01-A.b~c:d/e+f=g@h|i#j")));
    assert_true(request_id_is_sane(str_make(longest, REQUEST_ID_MAX)));
    assert_false(request_id_is_sane(STR("sk-proj-abcDEF0123456789ghiJKL")));
    assert_false(request_id_is_sane(str_make(longest, REQUEST_ID_MAX + 1)));
    assert_false(request_id_is_sane((struct str){ NULL, 0 }));
    assert_false(request_id_is_sane(STR("")));
    assert_false(request_id_is_sane(STR("a b")));
    assert_false(request_id_is_sane(STR("a\t")));
    assert_false(request_id_is_sane(STR("\x7f")));
    assert_false(request_id_is_sane(STR("\xc3\xa4")));
}

static void
what_could_do_harm_elsewhere_is_refused(void **state)
{
    static const char *const hostile[] = {
        "a\r\nset-cookie: b",
        "\x1b[2J",
        "\",\"admin\":true",
        "'; drop table t",
        "${jndi:ldap:x}",
        "<script>",
        "$(reboot)",
        "`id`",
        "a\\u0000",
        "%0d%0a",
        "a,b",
        "a;b",
        "a&b",
        "a*",
        "?x",
    };
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
        if (request_id_is_sane(str_from(hostile[i])))
            fail_msg("%s", hostile[i]);
    assert_false(request_id_is_sane(str_make("a\0b", 3)));
    for (unsigned c = 0x80; c < 0x100; c++)
        assert_false(request_id_is_sane(str_make(&(char){ (char)c }, 1)));
}

static void
a_new_id_is_a_uuid_of_version_7(void **state)
{
    struct request_ids ids = { 0, 0 };
    struct dice dice;
    char id[REQUEST_ID_MADE];
    (void)state;
    dice_init(&dice, 99);
    request_id_make(&ids, 0x0123456789ab, &dice, id);
    struct str s = str_make(id, sizeof id);
    assert_true(str_starts(s, STR("01234567-89ab-7000-")));
    assert_true(id[23] == '-' && strchr("89ab", id[19]));
    for (size_t i = 0; i < s.n; i++)
        assert_non_null(strchr("0123456789abcdef-", s.p[i]));
    assert_true(request_id_is_sane(s));
}

static void
ids_of_one_series_sort_in_the_order_of_their_making(void **state)
{
    struct request_ids ids = { 0, 0 };
    struct dice dice;
    char before[REQUEST_ID_MADE] = "", id[REQUEST_ID_MADE];
    (void)state;
    dice_init(&dice, 7);
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t ms = i < 10000 ? 1000 : i < 15000 ? 900 : 1000 + i; /* the clock may go back */
        request_id_make(&ids, ms, &dice, id);
        assert_true(memcmp(before, id, sizeof id) < 0);
        memcpy(before, id, sizeof id);
    }
}

/* --- uniqueness ---------------------------------------------------------------------------- */

/* As a worker makes them; LLMUX_IDS says how many there shall be of all together (100000000 by `make
 * test-request-ids`).  Each series ascends, so that merging them shows every id twice. */
#define SERIES    8u /* half of them in another process */
#define IDS_USUAL 400000u

struct number {
    uint64_t high, low;
};

struct series {
    struct number *v; /* shared with the other process */
    size_t n;
    bool ascends;
};

static uint64_t
read_digits(const char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        if (p[i] != '-')
            v = v << 4 | (uint64_t)(p[i] <= '9' ? p[i] - '0' : p[i] - 'a' + 10);
    return v;
}

static bool
is_below(struct number a, struct number b)
{
    return a.high < b.high || (a.high == b.high && a.low < b.low);
}

static void *
make_series(void *arg)
{
    struct series *s = arg;
    struct request_ids ids = { 0, 0 };
    struct dice dice;
    uint64_t seed = 0;
    char id[REQUEST_ID_MADE];
    s->ascends = getrandom(&seed, sizeof seed, 0) == sizeof seed;
    dice_init(&dice, seed);
    for (size_t i = 0; i < s->n; i++) {
        request_id_make(&ids, clock_wall_ms(), &dice, id);
        s->v[i] = (struct number){ read_digits(id, 18), read_digits(id + 19, 17) };
        s->ascends &= i == 0 || is_below(s->v[i - 1], s->v[i]);
    }
    return NULL;
}

static void
make_half(struct series *s)
{
    pthread_t threads[SERIES / 2];
    for (unsigned i = 0; i < SERIES / 2; i++)
        if (pthread_create(&threads[i], NULL, make_series, &s[i]))
            abort();
    for (unsigned i = 0; i < SERIES / 2; i++)
        pthread_join(threads[i], NULL);
}

/* The series whose next number is the least; SERIES: all are at their end. */
static unsigned
least(const struct series *s, const size_t *at)
{
    unsigned best = SERIES;
    for (unsigned i = 0; i < SERIES; i++)
        if (at[i] < s[i].n && (best == SERIES || is_below(s[i].v[at[i]], s[best].v[at[best]])))
            best = i;
    return best;
}

static void
ids_of_threads_and_processes_are_unique(void **state)
{
    const char *wanted = getenv("LLMUX_IDS");
    size_t n = (wanted ? strtoul(wanted, NULL, 10) : IDS_USUAL) / SERIES;
    size_t bytes = SERIES * (n * sizeof(struct number) + sizeof(struct series));
    struct series *s = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    size_t at[SERIES] = { 0 };
    int status = -1;
    (void)state;
    assert_ptr_not_equal(s, MAP_FAILED);
    for (unsigned i = 0; i < SERIES; i++)
        s[i] = (struct series){ .v = (struct number *)(s + SERIES) + i * n, .n = n };
    pid_t other = fork();
    make_half(other ? s : s + SERIES / 2);
    if (other == 0)
        _exit(0);
    while (waitpid(other, &status, 0) < 0 && errno == EINTR)
        ;
    assert_int_equal(status, 0);
    for (unsigned i = 0; i < SERIES; i++)
        assert_true(s[i].ascends);
    struct number before = { 0, 0 };
    for (unsigned i; (i = least(s, at)) < SERIES; at[i]++) {
        assert_true(is_below(before, s[i].v[at[i]]));
        before = s[i].v[at[i]];
    }
    munmap(s, bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_ids_are_made_of_is_sane_up_to_128_bytes),
        cmocka_unit_test(a_new_id_is_a_uuid_of_version_7),
        cmocka_unit_test(ids_of_one_series_sort_in_the_order_of_their_making),
        cmocka_unit_test(what_could_do_harm_elsewhere_is_refused),
        cmocka_unit_test(ids_of_threads_and_processes_are_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
