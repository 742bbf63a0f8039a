/* What is hidden does not stay in memory that is given back.  Under the sanitizers that is not judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/redact/search.h"
#include "runtime/redact/vault.h"
#include "tests/lib/heap.h"

#define SECRET "sk-proj-abcDEF0123456789ghiJKL"

static void
look_for_secret(void)
{
    heap.secret = SECRET;
    heap.shown = 0;
}

static unsigned long
shown(void)
{
    heap.secret = NULL;
    if (!HEAP_COUNTS)
        printf("# not judged in this build\n");
    return heap.shown;
}

/* Else nothing of what follows says anything. */
static void
what_is_not_wiped_is_noticed(void **state)
{
    (void)state;
    look_for_secret();
    char *kept = strdup(SECRET), *moved = strdup(SECRET);
    assert_non_null(kept);
    assert_non_null(moved);
    moved = realloc(moved, 1 << 20);
    free(kept);
    explicit_bzero(moved, 1 << 20);
    free(moved);
    assert_int_equal(shown(), HEAP_COUNTS ? 2 : 0);
}

static void
a_vault_is_wiped(void **state)
{
    struct vault v;
    char stands[32];
    (void)state;
    look_for_secret();
    vault_init(&v, 1000, 1 << 20);
    for (unsigned i = 0; i < 100; i++) { /* it grows meanwhile */
        snprintf(stands, sizeof stands, "[api_key:%u]", i);
        assert_int_equal(vault_put(&v, REDACT_API_KEY, STR(SECRET), str_from(stands)), ERR_OK);
    }
    vault_fini(&v);
    assert_int_equal(shown(), 0);
}

/* The text that is read behind escapes, however long it has become. */
static void
what_was_unfolded_is_wiped(void **state)
{
    static const struct redact_rules rules = { .which = REDACT_ALL, .unfold = true };
    static char text[20000];
    struct redact_search s;
    struct redact_match m;
    (void)state;
    for (size_t n = 200; n <= sizeof text; n *= 10) {
        memset(text, 'x', n);
        memcpy(text, "sk-%70roj-abcDEF0123456789ghiJKL ", 33);
        for (size_t i = 100; i < n; i += 100)
            memcpy(text + i, "%41", 3);
        look_for_secret();
        redact_search_begin(&s, &rules, redact_script_bare(str_make(text, n)));
        assert_true(redact_search_next(&s, 0, &m));
        assert_int_equal(m.at, 0);
        assert_int_equal(m.n, 32);
        redact_search_end(&s);
        assert_int_equal(shown(), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_wiped_is_noticed),
        cmocka_unit_test(a_vault_is_wiped),
        cmocka_unit_test(what_was_unfolded_is_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
