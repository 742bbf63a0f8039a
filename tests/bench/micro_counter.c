/* perf_event_open(2). */
#include "tests/bench/micro_counter.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

static int counter = -1;

bool
micro_counter_open(void)
{
    struct perf_event_attr a = { .type = PERF_TYPE_HARDWARE,
                                 .size = sizeof a,
                                 .config = PERF_COUNT_HW_INSTRUCTIONS,
                                 .exclude_kernel = 1,
                                 .exclude_hv = 1 };
    counter = (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    return counter >= 0;
}

uint64_t
micro_counter_read(void)
{
    uint64_t n = 0;
    return counter >= 0 && read(counter, &n, sizeof n) == (ssize_t)sizeof n ? n : 0;
}
