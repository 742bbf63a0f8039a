/* The CPU clock of a process rather than /proc/PID/stat: the same sum, but not in steps of 10 ms. */
#include "tests/bench/process.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static uint64_t
read_clock(clockid_t id)
{
    struct timespec t = { 0 };
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

bool
process_use(pid_t pid, struct process_use *u)
{
    char path[64];
    clockid_t id;
    unsigned long pages;
    if (clock_getcpuclockid(pid, &id))
        return false;
    u->cpu_ns = read_clock(id);
    snprintf(path, sizeof path, "/proc/%ld/statm", (long)pid);
    FILE *f = fopen(path, "r");
    bool ok = f && fscanf(f, "%*u %lu", &pages) == 1;
    if (f)
        fclose(f);
    u->rss = ok ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
    return ok;
}

uint64_t
process_own_cpu_ns(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}
