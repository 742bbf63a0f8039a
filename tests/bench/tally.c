/* Counting and printing. */
#include "tests/bench/tally.h"

#include <stdio.h>
#include <string.h>

void
tally_restart(struct tally *t)
{
    uint64_t errors = t->errors, reconnects = t->reconnects;
    char problem[TALLY_PROBLEM];
    memcpy(problem, t->problem, sizeof problem);
    memset(t, 0, sizeof *t);
    t->errors = errors;
    t->reconnects = reconnects;
    memcpy(t->problem, problem, sizeof problem);
}

/* The message must stand in a JSON string. */
void
tally_error(struct tally *t, const char *what, const char *detail)
{
    if (t->errors++ > 0)
        return;
    snprintf(t->problem, sizeof t->problem, "%s%s%s", what, *detail ? ": " : "", detail);
    for (char *p = t->problem; *p; p++)
        if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ' || (unsigned char)*p > '~')
            *p = '\'';
}

static void
print_times(const char *name, const struct histogram *h)
{
    if (h->n == 0)
        return;
    printf(",\"%s\":{\"n\":%llu,\"mean\":%.1f", name, (unsigned long long)h->n,
           histogram_mean(h) / 1e3);
    static const struct {
        const char *name;
        double share;
    } points[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "p999", 0.999 } };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        printf(",\"%s\":%.1f", points[i].name, (double)histogram_at(h, points[i].share) / 1e3);
    printf(",\"max\":%.1f}", (double)h->max / 1e3);
}

static void
print_server(const struct tally *t)
{
    double us = (double)(t->after.cpu_ns - t->before.cpu_ns) / 1e3;
    double busy = us / ((double)(t->end_ns - t->start_ns) / 1e3);
    printf(",\"cpu_us\":%.0f,\"cpu_share\":%.3f", us, busy);
    if (t->requests)
        printf(",\"cpu_us_per_request\":%.3f", us / (double)t->requests);
    if (t->events)
        printf(",\"cpu_us_per_event\":%.3f", us / (double)t->events);
    printf(",\"rss_before\":%llu,\"rss_after\":%llu,\"rss_peak\":%llu",
           (unsigned long long)t->before.rss, (unsigned long long)t->after.rss,
           (unsigned long long)t->after.peak);
}

void
tally_print(const struct tally *t, unsigned connections)
{
    double seconds = (double)(t->end_ns - t->start_ns) / 1e9;
    printf("{\"connections\":%u,\"seconds\":%.3f,\"requests\":%llu,\"rps\":%.1f", connections,
           seconds, (unsigned long long)t->requests,
           seconds > 0 ? (double)t->requests / seconds : 0);
    printf(",\"errors\":%llu,\"reconnects\":%llu,\"problem\":\"%s\",\"bytes\":%llu",
           (unsigned long long)t->errors, (unsigned long long)t->reconnects, t->problem,
           (unsigned long long)t->bytes);
    printf(",\"unanswered\":%llu", (unsigned long long)t->unanswered);
    if (t->events)
        printf(",\"events\":%llu", (unsigned long long)t->events);
    print_times("latency_us", &t->latency);
    print_times("first_event_us", &t->first);
    print_times("gap_us", &t->gap);
    print_times("delay_us", &t->delay);
    if (t->has_server)
        print_server(t);
    printf(",\"own_cpu_us\":%.0f}\n", (double)t->own_cpu_ns / 1e3);
}
