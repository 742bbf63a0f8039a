/* The CPU clock of a process rather than /proc/PID/stat: the same sum, but not in steps of 10 ms. */
#include "tests/bench/process.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t
read_clock(clockid_t id)
{
    struct timespec t = { 0 };
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The number of kB behind this word in /proc/PID/status, in bytes. */
static bool
read_size(const char *line, const char *word, uint64_t *bytes)
{
    unsigned long kb;
    size_t n = strlen(word);
    if (strncmp(line, word, n) != 0 || sscanf(line + n, "%lu", &kb) != 1)
        return false;
    *bytes = (uint64_t)kb * 1024;
    return true;
}

bool
process_use(pid_t pid, struct process_use *u)
{
    char text[256];
    clockid_t id;
    bool has_rss = false;
    if (clock_getcpuclockid(pid, &id))
        return false;
    u->cpu_ns = read_clock(id);
    snprintf(text, sizeof text, "/proc/%ld/status", (long)pid);
    FILE *f = fopen(text, "r");
    while (f && fgets(text, sizeof text, f)) {
        has_rss = read_size(text, "VmRSS:", &u->rss) || has_rss;
        read_size(text, "VmHWM:", &u->peak);
    }
    if (f)
        fclose(f);
    return has_rss;
}

uint64_t
process_own_cpu_ns(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}
