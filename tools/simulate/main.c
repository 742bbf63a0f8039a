/* simulate [SCENARIO...]: what each strategy makes of scenarios; all of them if none is named.  The
 * seed of the dice is SEED in the environment, or 1. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/simulate/course.h"

/* Those that need something that most scenarios do not say. */
static bool
fits(const struct scenario *s, enum route_strategy strategy)
{
    const char *said = s->models[0] ? s->models[0] : "";
    switch (strategy) {
    case ROUTE_LOWEST_COST:
        return *said == 'p';
    case ROUTE_PRIORITY:
    case ROUTE_TAG:
        return false; /* simple-shuffle among some */
    case ROUTE_SIMPLE_SHUFFLE:
    case ROUTE_ROUND_ROBIN:
    case ROUTE_LEAST_BUSY:
    case ROUTE_LOWEST_LATENCY:
    case ROUTE_LOWEST_USAGE:
    case ROUTE_CACHE_AFFINITY:
    case ROUTE_P2C:
    case ROUTE_STRATEGIES:
        break;
    }
    return true;
}

static bool
show(const struct scenario *s, uint64_t seed)
{
    printf("%s: %s\n", s->name, s->about);
    result_print_head();
    for (enum route_strategy strategy = 0; strategy < ROUTE_STRATEGIES; strategy++) {
        struct result r;
        if (!fits(s, strategy))
            continue;
        if (!course_run(s, strategy, seed, &r))
            return false;
        result_print(route_strategy_names[strategy].p, &r, s->n_upstreams);
        result_fini(&r);
    }
    printf("\n");
    return true;
}

int
main(int argc, char **argv)
{
    const char *text = getenv("SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
    for (int i = 1; i < argc; i++) {
        const struct scenario *s = scenario_find(argv[i]);
        if (!s) {
            fprintf(stderr, "simulate: no scenario \"%s\"; there are:\n", argv[i]);
            for (s = scenarios; s->name; s++)
                fprintf(stderr, "  %-14s %s\n", s->name, s->about);
            return 2;
        }
        if (!show(s, seed))
            return 1;
    }
    for (const struct scenario *s = scenarios; argc == 1 && s->name; s++)
        if (!show(s, seed))
            return 1;
    return 0;
}
