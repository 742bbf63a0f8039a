/* Quantiles and the table. */
#include "tools/simulate/result.h"

#include <stdio.h>
#include <stdlib.h>

void
series_add(struct series *s, double value)
{
    if (s->n == s->room) {
        s->room = s->room ? 2 * s->room : 1024;
        s->v = realloc(s->v, s->room * sizeof *s->v);
        if (!s->v) {
            fputs("simulate: out of memory\n", stderr);
            exit(2);
        }
    }
    s->v[s->n++] = value;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double
series_quantile(struct series *s, double share)
{
    if (s->n == 0)
        return 0;
    qsort(s->v, s->n, sizeof *s->v, compare);
    unsigned at = (unsigned)(share * s->n);
    return s->v[at < s->n ? at : s->n - 1];
}

double
result_load(const struct result *r)
{
    return r->requests ? (double)r->calls / r->requests : 0;
}

double
result_share(const struct result *r, unsigned upstream)
{
    return r->calls ? (double)r->calls_of[upstream] / (double)r->calls : 0;
}

void
result_fini(struct result *r)
{
    free(r->first.v);
    free(r->whole.v);
    free(r->chosen.v);
}

void
result_print_head(void)
{
    printf("%-15s %8s %8s %8s %7s %15s %15s %8s %6s %6s   %s\n", "", "requests", "goodput",
           "errors", "load", "first token", "whole", "cost", "warm", "crowd", "load share");
    printf("%-15s %8s %8s %8s %7s %15s %15s %8s %6s %6s\n", "", "", "/s", "%", "calls", "p50 p99 s",
           "p50 p99 s", "/1000", "%", "%");
}

void
result_print(const char *strategy, struct result *r, unsigned n_upstreams)
{
    double good = r->requests - r->failed;
    printf("%-15s %8u %8.2f %8.3f %7.3f %7.2f %7.2f %7.2f %7.2f %8.3f %6.1f %6.1f  ", strategy,
           r->requests, good / r->seconds, r->requests ? 100.0 * r->failed / r->requests : 0,
           result_load(r), series_quantile(&r->first, 0.5), series_quantile(&r->first, 0.99),
           series_quantile(&r->whole, 0.5), series_quantile(&r->whole, 0.99),
           good > 0 ? 1000 * r->cost / good : 0,
           r->later_turns ? 100.0 * r->warm / r->later_turns : 0, 100 * r->crowd);
    for (unsigned i = 0; i < n_upstreams; i++)
        printf(" %4.1f%%", 100 * result_share(r, i));
    printf("\n");
}
