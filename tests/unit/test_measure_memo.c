/* Cells remembered by what they are of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/base/dice.h"
#include "server/gateway/measure_memo.h"

/* Only their addresses count. */
static char things[1024];

static struct measure_place
place_of(unsigned whose, unsigned model, uint64_t how)
{
    return (struct measure_place){ &things[whose], (const struct model *)(void *)&things[model],
                                   how };
}

static struct metrics_cell *
cell_of(unsigned i)
{
    return (struct metrics_cell *)(void *)&things[i];
}

static void
what_was_put_is_recalled(void **state)
{
    struct measure_memo m = { .gateway = NULL };
    const struct measure_place one = place_of(1, 2, 200);
    struct metrics_cell **cells = measure_recall(&m, &one);
    (void)state;
    assert_null(cells[0]);
    cells[0] = cell_of(3);
    cells[1] = cell_of(4);
    cells = measure_recall(&m, &one);
    assert_ptr_equal(cells[0], cell_of(3));
    assert_ptr_equal(cells[1], cell_of(4));
}

static void
what_was_forgotten_is_not_recalled(void **state)
{
    struct measure_memo m = { .gateway = NULL };
    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        const struct measure_place place = place_of(i, 2, 200);
        measure_recall(&m, &place)[0] = cell_of(3);
    }
    measure_forget(&m);
    for (unsigned i = 500; i--;) { /* the newest first: to look for others would drive them out */
        const struct measure_place place = place_of(i, 2, 200);
        assert_null(measure_recall(&m, &place)[0]);
    }
}

/* More places than slots, each with a cell that tells it: one never gets another's, whichever of the three differs. */
static void
a_place_never_has_the_cells_of_another(void **state)
{
    enum { WHOSE = 4, MODELS = 8, HOWS = 32 };
    struct measure_memo m = { .gateway = NULL };
    struct dice dice;
    unsigned hits = 0;
    (void)state;
    dice_init(&dice, 1);
    for (unsigned i = 0; i < 200000; i++) {
        uint64_t roll = dice_next(&dice);
        unsigned whose = roll % WHOSE, model = roll / WHOSE % MODELS,
                 how = roll / (WHOSE * MODELS) % HOWS;
        unsigned own = whose + WHOSE * (model + MODELS * how);
        /* An operation, and a status or an outcome. */
        const struct measure_place place = place_of(8 * whose, 8 * model,
                                                    (uint64_t)(how % 4) << 32 | (how / 4 + 400));
        struct metrics_cell **cells = measure_recall(&m, &place);
        if (cells[0]) {
            hits++;
            assert_ptr_equal(cells[0], cell_of(own));
        }
        cells[0] = cell_of(own);
    }
    assert_true(hits > 1000);
}

/* A request counts in few places, wherever their addresses lie: none of them drives another out. */
static void
few_places_stay_wherever_they_lie(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 16; first++)
        for (unsigned other = first + 1; other < 64; other++) {
            struct measure_memo m = { .gateway = NULL };
            const struct measure_place places[] = { place_of(first, first, 200),
                                                    place_of(other, first, 200),
                                                    place_of(first, other, 500) };
            for (unsigned i = 0; i < 3; i++)
                measure_recall(&m, &places[i])[0] = cell_of(i);
            for (unsigned i = 0; i < 3; i++)
                assert_ptr_equal(measure_recall(&m, &places[i])[0], cell_of(i));
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_recalled),
        cmocka_unit_test(what_was_forgotten_is_not_recalled),
        cmocka_unit_test(a_place_never_has_the_cells_of_another),
        cmocka_unit_test(few_places_stay_wherever_they_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
