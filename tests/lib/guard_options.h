/* Options of guards for tests: seconds, and few failures. */
#ifndef LLMUX_TESTS_GUARD_OPTIONS_H
#define LLMUX_TESTS_GUARD_OPTIONS_H

#include "runtime/resilience/guard.h"

#define GUARD_OPTIONS_SECOND ((uint64_t)1000 * 1000 * 1000)

/* Members of a struct guard_options. */
#define GUARD_OPTIONS \
    .breaker = { .failures = 5, \
                 .open_ns = 5 * GUARD_OPTIONS_SECOND, \
                 .open_most_ns = 60 * GUARD_OPTIONS_SECOND, \
                 .probes = 1, \
                 .successes = 1 }, \
    .cooldown = { .ns = 5 * GUARD_OPTIONS_SECOND, \
                  .most_ns = 600 * GUARD_OPTIONS_SECOND, \
                  .permille = 500, \
                  .requests = 4, \
                  .window_ns = 60 * GUARD_OPTIONS_SECOND }, \
    .half_life_ns = 10 * GUARD_OPTIONS_SECOND

#endif
