/* Repeatable pseudo-random numbers (splitmix64), for tests that try many inputs. */
#ifndef LLMUX_TESTS_DICE_H
#define LLMUX_TESTS_DICE_H

#include <stdint.h>

struct dice {
    uint64_t seed; /* any value */
};

/* A number in [0, n). */
static inline uint32_t
dice_roll(struct dice *d, uint32_t n)
{
    uint64_t z = d->seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) % n);
}

#endif
