/* Instructions of user code that this thread runs, where the machine and its kernel count them (virtual machines often
 * do not): unlike time, they are the same however busy the machine is. */
#ifndef LLMUX_BENCH_MICRO_COUNTER_H
#define LLMUX_BENCH_MICRO_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

/* False when nothing is counted here; micro_counter_read then returns 0. */
bool micro_counter_open(void);

/* Instructions since it was opened. */
uint64_t micro_counter_read(void);

#endif
