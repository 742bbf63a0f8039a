/* The only place where the gateway asks what time it is. */
#ifndef LLMUX_GATEWAY_CLOCK_H
#define LLMUX_GATEWAY_CLOCK_H

#include <stdint.h>

/* Microseconds on CLOCK_MONOTONIC, as http_exchange_time_us: for durations. */
uint64_t clock_us(void);
/* The same in nanoseconds: for runtime/resilience. */
uint64_t clock_ns(void);

/* Microseconds of processor time of this thread: for work that must end. */
uint64_t clock_work_us(void);

/* Microseconds since 1970. */
uint64_t clock_wall_us(void);
/* Milliseconds since 1970, a few too few: those of the kernel's last tick, which costs least. */
uint64_t clock_wall_ms(void);
/* Seconds since 1970. */
uint64_t clock_wall_s(void);

#endif
