/* Histograms as OTLP, summed over all workers, from the start of the process on. */
#include "server/trace/otlp_metrics.h"

#include "server/trace/otlp_any.h"

#define ARENA_MAX ((size_t)64 << 20)

enum { METRIC_NAME = 1, METRIC_DESCRIPTION = 2, METRIC_UNIT = 3, METRIC_HISTOGRAM = 9 };
enum { HISTOGRAM_POINT = 1, HISTOGRAM_TEMPORALITY = 2, CUMULATIVE = 2 };
enum {
    POINT_START = 2,
    POINT_TIME = 3,
    POINT_COUNT = 4,
    POINT_SUM = 5,
    POINT_BUCKETS = 6,
    POINT_BOUNDS = 7,
};

/* What our labels are called there. */
static const char *
attribute_of(const char *label)
{
    static const struct {
        const char *label, *attribute;
    } names[] = {
        { "operation", "gen_ai.operation.name" },
        { "provider", "gen_ai.provider.name" },
        { "model", "gen_ai.request.model" },
        { "deployment", "llmux.deployment" },
        { "outcome", "error.type" },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].label, label) == 0)
            return names[i].attribute;
    return label;
}

static void
put_attributes(struct buf *b, const struct otlp_metrics *m, const struct metrics_group_info *g,
               const struct metrics_family *f, const struct metrics_sum *s)
{
    for (unsigned i = 0; i < g->n_labels; i++) {
        struct str value = s->labels[i];
        if (strcmp(g->labels[i], "provider") == 0 && m->provider)
            value = m->provider(value);
        else if (strcmp(g->labels[i], "outcome") == 0 && str_is(value, "ok"))
            continue;
        otlp_str(b, OTLP_POINT_ATTRIBUTE, attribute_of(g->labels[i]), value);
    }
    if (f->fixed)
        otlp_str(b, OTLP_POINT_ATTRIBUTE, "gen_ai.token.type", str_from(f->fixed));
}

static double
in_unit(const struct metrics_family *f, uint64_t v)
{
    return f->unit == METRICS_SECONDS ? (double)v / 1e6 : (double)v;
}

/* How many observations there were. */
static uint64_t
count_of(const struct metrics_group_info *g, unsigned family, const struct metrics_sum *s)
{
    const uint64_t *v = s->v + metrics_family_offset(g, family);
    uint64_t count = 0;
    for (unsigned i = 0; i <= g->families[family].bounds->n; i++)
        count += v[i];
    return count;
}

static void
put_point(struct buf *b, const struct otlp_metrics *m, const struct metrics_group_info *g,
          const struct metrics_family *f, const struct metrics_sum *s)
{
    const uint64_t *v = s->v + metrics_family_offset(g, (unsigned)(f - g->families));
    unsigned n = f->bounds->n;
    uint64_t count = count_of(g, (unsigned)(f - g->families), s);
    if (count == 0)
        return;
    size_t at = pb_begin(b, HISTOGRAM_POINT);
    put_attributes(b, m, g, f, s);
    pb_fixed64(b, POINT_START, m->start_ns);
    pb_fixed64(b, POINT_TIME, m->now_ns);
    pb_fixed64(b, POINT_COUNT, count);
    pb_double(b, POINT_SUM, in_unit(f, v[n + 1]));
    pb_packed(b, POINT_BUCKETS, n + 1);
    for (unsigned i = 0; i <= n; i++)
        pb_packed_fixed64(b, v[i]);
    pb_packed(b, POINT_BOUNDS, n);
    for (unsigned i = 0; i < n; i++)
        pb_packed_double(b, in_unit(f, f->bounds->v[i]));
    pb_end(b, at);
}

/* Has any of the families first to last been observed? */
static bool
is_observed(const struct metrics_group_info *g, unsigned first, unsigned last,
            const struct metrics_sum *sums, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = first; k <= last; k++)
            if (count_of(g, k, &sums[i]))
                return true;
    return false;
}

/* Families first to last have one name. */
static void
put_metric(struct buf *b, const struct otlp_metrics *m, const struct metrics_group_info *g,
           unsigned first, unsigned last, const struct metrics_sum *sums, unsigned n)
{
    const struct metrics_family *f = &g->families[first];
    size_t at = pb_begin(b, OTLP_ITEM);
    pb_str(b, METRIC_NAME, str_from(f->convention));
    pb_str(b, METRIC_DESCRIPTION, str_from(f->help));
    pb_str(b, METRIC_UNIT, f->unit == METRICS_SECONDS ? STR("s") : STR("{token}"));
    size_t histogram = pb_begin(b, METRIC_HISTOGRAM);
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = first; k <= last; k++)
            put_point(b, m, g, &g->families[k], &sums[i]);
    pb_int(b, HISTOGRAM_TEMPORALITY, CUMULATIVE);
    pb_end(b, histogram);
    pb_end(b, at);
}

static void
put_group(struct buf *b, const struct otlp_metrics *m, const struct metrics_group_info *g,
          const struct metrics_sum *sums, unsigned n)
{
    for (unsigned first = 0, last; first < g->n; first = last + 1) {
        const char *name = g->families[first].convention;
        last = first;
        while (name && last + 1 < g->n && g->families[last + 1].convention
               && strcmp(g->families[last + 1].convention, name) == 0)
            last++;
        if (name && is_observed(g, first, last, sums, n))
            put_metric(b, m, g, first, last, sums, n);
    }
}

bool
otlp_metrics_write(struct buf *b, const struct otlp_metrics *m)
{
    struct arena a;
    bool ok = true;
    arena_init(&a, ARENA_MAX);
    for (unsigned i = 0; i < METRICS_GROUPS && ok; i++) {
        unsigned n;
        const struct metrics_sum *sums = metrics_sums(m->metrics, (enum metrics_group)i, &a, &n);
        ok = sums;
        if (sums)
            put_group(b, m, &metrics_groups[i], sums, n);
        arena_reset(&a);
    }
    arena_fini(&a);
    return ok && !b->err;
}
