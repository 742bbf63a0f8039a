/* Tapes that go round take what their next owner says, whatever the one before said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/gateway/tape.h"

#define MB ((size_t)1 << 20)

static void
a_tape_takes_what_its_newest_owner_allows(void **state)
{
    struct tape_rack rack = { .first = NULL };
    static const size_t caps[] = { 1 * MB, 8 * MB, 2 * MB, 16 * MB };
    struct tape *first = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        struct tape *t = tape_take(&rack, caps[i]);
        assert_non_null(t);
        first = first ? first : t;
        assert_ptr_equal(t, first); /* it goes round */
        assert_non_null(arena_alloc(&t->arena, caps[i] / 2));
        assert_null(arena_alloc(&t->arena, caps[i]));
        tape_put(&rack, t);
    }
    tape_rack_fini(&rack);
}

static void
a_rack_keeps_no_more_than_it_may(void **state)
{
    struct tape_rack rack = { .first = NULL };
    struct tape *v[TAPES_KEPT + 5];
    (void)state;
    for (unsigned i = 0; i < TAPES_KEPT + 5; i++)
        assert_non_null(v[i] = tape_take(&rack, MB));
    for (unsigned i = 0; i < TAPES_KEPT + 5; i++)
        tape_put(&rack, v[i]);
    tape_put(&rack, NULL);
    assert_int_equal(rack.n, TAPES_KEPT);
    tape_rack_fini(&rack);
    assert_int_equal(rack.n, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tape_takes_what_its_newest_owner_allows),
        cmocka_unit_test(a_rack_keeps_no_more_than_it_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
