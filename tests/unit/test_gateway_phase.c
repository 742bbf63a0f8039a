/* Steps of exchanges in phases: their order, and who has left. */
#include "server/gateway/phase.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/gateway/exchange.h"

#define MANY 5u

/* Two phases, and a word of what was stepped: a small letter for the first, a large one for the second. */
static struct scene {
    struct event_base *base;
    struct phase first, second;
    struct exchange *x[MANY];
    struct exchange *victim; /* leaves when the one before is stepped */
    char word[4 * MANY];
} scene;

static void
note(const struct exchange *x, char from)
{
    for (unsigned i = 0; i < MANY; i++)
        if (scene.x[i] == x)
            scene.word[strlen(scene.word)] = (char)(from + (int)i);
}

static void
step_first(struct exchange *x)
{
    assert_null(x->phase);
    note(x, 'a');
    if (scene.victim)
        phase_leave(scene.victim);
    phase_enter(&scene.second, x);
}

static void
step_second(struct exchange *x)
{
    note(x, 'A');
}

static int
begin(void **state)
{
    (void)state;
    memset(&scene, 0, sizeof scene);
    scene.base = event_base_new();
    for (unsigned i = 0; i < MANY; i++)
        scene.x[i] = calloc(1, sizeof *scene.x[i]);
    return phase_init(&scene.first, scene.base, step_first)
                   && phase_init(&scene.second, scene.base, step_second)
               ? 0
               : -1;
}

static int
end(void **state)
{
    (void)state;
    phase_fini(&scene.first);
    phase_fini(&scene.second);
    event_base_free(scene.base);
    for (unsigned i = 0; i < MANY; i++)
        free(scene.x[i]);
    return 0;
}

static void
enter_all(void)
{
    for (unsigned i = 0; i < MANY; i++)
        phase_enter(&scene.first, scene.x[i]);
}

/* Nothing is done before the loop runs; then all take a step before any takes the next. */
static void
all_take_one_step_after_the_other(void **state)
{
    (void)state;
    enter_all();
    assert_string_equal(scene.word, "");
    (void)event_base_loop(scene.base, EVLOOP_NONBLOCK);
    assert_string_equal(scene.word, "abcdeABCDE");
    assert_null(scene.x[0]->phase);
    phase_enter(&scene.first, scene.x[1]);
    (void)event_base_loop(scene.base, EVLOOP_NONBLOCK);
    assert_string_equal(scene.word, "abcdeABCDEbB");
}

static void
who_has_left_is_not_stepped(void **state)
{
    (void)state;
    enter_all();
    phase_leave(scene.x[0]);
    phase_leave(scene.x[4]);
    phase_leave(scene.x[4]); /* is in none: nothing happens */
    (void)event_base_loop(scene.base, EVLOOP_NONBLOCK);
    assert_string_equal(scene.word, "bcdBCD");
}

/* A step may be the end of others that wait. */
static void
a_step_may_take_others_away(void **state)
{
    (void)state;
    enter_all();
    scene.victim = scene.x[3];
    (void)event_base_loop(scene.base, EVLOOP_NONBLOCK);
    assert_string_equal(scene.word, "abceABCE");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_take_one_step_after_the_other, begin, end),
        cmocka_unit_test_setup_teardown(who_has_left_is_not_stepped, begin, end),
        cmocka_unit_test_setup_teardown(a_step_may_take_others_away, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
