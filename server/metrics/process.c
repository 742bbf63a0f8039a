/* Reading /proc. */
#include "server/metrics/process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static void
tell(struct exposition *e, const struct metrics_family *f, uint64_t value)
{
    exposition_family(e, f);
    exposition_value(e, NULL, NULL, 0, value);
}

static uint64_t
micros(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static void
tell_cpu(struct exposition *e)
{
    static const struct metrics_family f = { .name = "process_cpu",
                                             .help = "User and system time spent.",
                                             .type = METRICS_COUNTER,
                                             .unit = METRICS_SECONDS };
    struct rusage r;
    if (getrusage(RUSAGE_SELF, &r) == 0)
        tell(e, &f, micros(r.ru_utime) + micros(r.ru_stime));
}

static unsigned
count_descriptors(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n > 3 ? n - 3 : 0; /* without ".", ".." and the folder's own */
}

static void
tell_descriptors(struct exposition *e)
{
    static const struct metrics_family open = { .name = "process_open_fds",
                                                .help = "Open file descriptors.",
                                                .type = METRICS_GAUGE };
    static const struct metrics_family most = { .name = "process_max_fds",
                                                .help = "How many there may be.",
                                                .type = METRICS_GAUGE };
    struct rlimit r;
    tell(e, &open, count_descriptors());
    if (getrlimit(RLIMIT_NOFILE, &r) == 0)
        tell(e, &most, (uint64_t)r.rlim_cur);
}

/* The fields of /proc/self/stat behind the name, which may have blanks in it (proc(5)). */
struct stat_fields {
    unsigned long long start; /* in ticks since boot */
    unsigned long threads, virtual_bytes;
    long resident_pages;
};

static bool
read_stat(struct stat_fields *s)
{
    char text[1024];
    FILE *f = fopen("/proc/self/stat", "re");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    text[n] = '\0';
    const char *rest = strrchr(text, ')');
    return rest
           && sscanf(rest + 1,
                     " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %lu "
                     "%*d %llu %lu %ld",
                     &s->threads, &s->start, &s->virtual_bytes, &s->resident_pages)
                  == 4;
}

/* Seconds since 1970 when the machine was booted; 0: unknown. */
static uint64_t
boot_time(void)
{
    char line[256];
    unsigned long long t = 0;
    FILE *f = fopen("/proc/stat", "re");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "btime %llu", &t) == 1)
            break;
    if (f)
        fclose(f);
    return t;
}

static void
tell_stat(struct exposition *e)
{
    static const struct metrics_family resident = { .name = "process_resident_memory_bytes",
                                                    .help = "Resident memory.",
                                                    .type = METRICS_GAUGE };
    static const struct metrics_family virtual = { .name = "process_virtual_memory_bytes",
                                                   .help = "Virtual memory.",
                                                   .type = METRICS_GAUGE };
    static const struct metrics_family threads = { .name = "process_threads",
                                                   .help = "Threads.",
                                                   .type = METRICS_GAUGE };
    static const struct metrics_family start = { .name = "process_start_time",
                                                 .help = "When the process began, since 1970.",
                                                 .type = METRICS_GAUGE,
                                                 .unit = METRICS_SECONDS };
    struct stat_fields s;
    uint64_t boot = boot_time(), ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    if (!read_stat(&s))
        return;
    tell(e, &resident, (uint64_t)s.resident_pages * (uint64_t)sysconf(_SC_PAGESIZE));
    tell(e, &virtual, s.virtual_bytes);
    tell(e, &threads, s.threads);
    if (boot && ticks)
        tell(e, &start, boot * 1000000 + s.start * 1000000 / ticks);
}

void
process_metrics(struct exposition *e)
{
    tell_cpu(e);
    tell_descriptors(e);
    tell_stat(e);
}
