/* What another process has used. */
#ifndef LLMUX_BENCH_PROCESS_H
#define LLMUX_BENCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_use {
    uint64_t cpu_ns; /* user and system time of all its threads, to the nanosecond */
    uint64_t rss;    /* bytes */
    uint64_t peak;   /* the most it ever was */
};

/* False when there is no such process. */
bool process_use(pid_t pid, struct process_use *u);

/* Its own, of the calling process. */
uint64_t process_own_cpu_ns(void);

#endif
