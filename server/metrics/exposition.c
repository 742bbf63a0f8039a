/* Writing metrics as text. */
#include "server/metrics/exposition.h"

#include "runtime/base/digits.h"

#define ARENA_MAX   ((size_t)256 << 20)
#define QUALITY_MAX 1000u

/* --- which form? --------------------------------------------------------------------------- */

/* "1", "0.5", "0.375", in thousandths. */
static unsigned
read_quality(struct str s)
{
    unsigned q = 0, unit = QUALITY_MAX / 10;
    if (s.n && s.p[0] == '1')
        return QUALITY_MAX;
    for (size_t i = 2; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++, unit /= 10)
        q += (unsigned)(s.p[i] - '0') * unit;
    return q;
}

/* The quality of a media range, in thousandths (RFC 9110 12.4.2): its parameter q. */
static unsigned
quality(struct str range)
{
    for (size_t i = 0; i < range.n; i++) {
        if (range.p[i] != ';')
            continue;
        struct str p = str_trim(str_skip(range, i + 1));
        if (p.n < 2 || (p.p[0] != 'q' && p.p[0] != 'Q') || p.p[1] != '=')
            continue;
        return read_quality(str_skip(p, 2));
    }
    return QUALITY_MAX;
}

static bool
is_type(struct str range, struct str type)
{
    size_t n = 0;
    while (n < range.n && range.p[n] != ';')
        n++;
    return str_eq_nocase(str_trim(str_make(range.p, n)), type);
}

enum exposition_format
exposition_choose(struct str accept)
{
    unsigned open = 0, plain = 0;
    while (accept.n) {
        const char *comma = memchr(accept.p, ',', accept.n);
        size_t n = comma ? (size_t)(comma - accept.p) : accept.n;
        struct str range = str_trim(str_make(accept.p, n));
        unsigned q = quality(range);
        if (is_type(range, STR("application/openmetrics-text")))
            open = q > open ? q : open;
        else if (is_type(range, STR("text/plain")))
            plain = q > plain ? q : plain;
        accept = str_skip(accept, n + 1);
    }
    return open && open >= plain ? EXPOSITION_OPENMETRICS : EXPOSITION_PROMETHEUS;
}

struct str
exposition_type(enum exposition_format f)
{
    if (f == EXPOSITION_OPENMETRICS)
        return STR("application/openmetrics-text; version=1.0.0; charset=utf-8");
    return STR("text/plain; version=0.0.4; charset=utf-8");
}

/* --- pieces -------------------------------------------------------------------------------- */

static void
put(struct exposition *e, const char *s)
{
    buf_puts(e->out, str_from(s));
}

static void
put_uint(struct exposition *e, uint64_t v)
{
    char digits[DIGITS_ROOM];
    buf_puts(e->out, digits_of(digits, v, 1));
}

/* Millionths, without zeros at the end but the one that makes it a number with a point. */
static void
put_millionths(struct exposition *e, uint64_t v)
{
    char digits[DIGITS_ROOM];
    struct str part = digits_of(digits, v % 1000000, 6);
    put_uint(e, v / 1000000);
    while (part.n > 1 && part.p[part.n - 1] == '0')
        part.n--;
    buf_putc(e->out, '.');
    buf_puts(e->out, part);
}

static void
put_number(struct exposition *e, uint64_t v)
{
    if (e->family->unit == METRICS_SECONDS)
        put_millionths(e, v);
    else
        put_uint(e, v);
}

/* A bound always has a point, so that both forms name a bucket alike. */
static void
put_bound(struct exposition *e, uint64_t v)
{
    put_number(e, v);
    if (e->family->unit == METRICS_COUNT)
        put(e, ".0");
}

static void
put_gauge(struct exposition *e, uint64_t v)
{
    bool negative = (int64_t)v < 0;
    if (negative)
        buf_putc(e->out, '-');
    put_number(e, negative ? 0 - v : v);
}

static void
put_label(struct exposition *e, const char *name, struct str value)
{
    put(e, name);
    put(e, "=\"");
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c == '\\' || c == '"' || c == '\n') {
            buf_putc(e->out, '\\');
            c = c == '\n' ? 'n' : c;
        }
        buf_putc(e->out, c);
    }
    buf_putc(e->out, '"');
}

static void
put_name(struct exposition *e)
{
    put(e, e->family->name);
    if (e->family->unit == METRICS_SECONDS)
        put(e, "_seconds");
}

/* Everything between the braces but the bound of a bucket. */
static void
put_labels(struct exposition *e, const char *const *names, const struct str *labels, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (i)
            buf_putc(e->out, ',');
        put_label(e, names[i], labels[i]);
    }
    if (e->family->fixed) {
        if (n)
            buf_putc(e->out, ',');
        put(e, e->family->fixed);
    }
}

void
exposition_begin(struct exposition *e, enum exposition_format format, struct buf *out)
{
    *e = (struct exposition){ .format = format, .out = out };
}

void
exposition_end(struct exposition *e)
{
    if (e->format == EXPOSITION_OPENMETRICS)
        put(e, "# EOF\n");
}

void
exposition_family(struct exposition *e, const struct metrics_family *f)
{
    static const char *const types[] = { "counter", "gauge", "histogram" };
    bool open = e->format == EXPOSITION_OPENMETRICS;
    e->family = f;
    put(e, "# HELP ");
    put_name(e);
    put(e, f->type == METRICS_COUNTER && !open ? "_total " : " ");
    put(e, f->help);
    put(e, "\n# TYPE ");
    put_name(e);
    put(e, f->type == METRICS_COUNTER && !open ? "_total " : " ");
    put(e, types[f->type]);
    put(e, "\n");
    if (!open || f->unit != METRICS_SECONDS)
        return;
    put(e, "# UNIT ");
    put_name(e);
    put(e, " seconds\n");
}

void
exposition_value(struct exposition *e, const char *const *names, const struct str *labels,
                 unsigned n, uint64_t value)
{
    put_name(e);
    if (e->family->type == METRICS_COUNTER)
        put(e, "_total");
    if (n || e->family->fixed) {
        put(e, "{");
        put_labels(e, names, labels, n);
        put(e, "}");
    }
    put(e, " ");
    if (e->family->type == METRICS_GAUGE)
        put_gauge(e, value);
    else
        put_number(e, value);
    put(e, "\n");
}

/* --- histograms ---------------------------------------------------------------------------- */

static void
put_hex(struct exposition *e, uint64_t v)
{
    for (unsigned shift = 64; shift; shift -= 4)
        buf_putc(e->out, "0123456789abcdef"[v >> (shift - 4) & 15]);
}

/* Behind a bucket's count. */
static void
put_example(struct exposition *e, const struct metrics_example *x)
{
    if (e->format != EXPOSITION_OPENMETRICS || !(x->trace.id[0] | x->trace.id[1]))
        return;
    put(e, " # {trace_id=\"");
    put_hex(e, x->trace.id[0]);
    put_hex(e, x->trace.id[1]);
    put(e, "\",span_id=\"");
    put_hex(e, x->trace.span);
    put(e, "\"} ");
    put_number(e, x->value);
    put(e, " ");
    put_millionths(e, x->trace.wall_ms * 1000);
}

/* "name_sum{labels" */
static void
put_series(struct exposition *e, const struct metrics_group_info *g, const struct metrics_sum *s,
           const char *suffix)
{
    put_name(e);
    put(e, suffix);
    if (!g->n_labels)
        return;
    put(e, "{");
    put_labels(e, g->labels, s->labels, g->n_labels);
}

static void
put_histogram(struct exposition *e, const struct metrics_group_info *g, const struct metrics_sum *s,
              const uint64_t *v, const struct metrics_example *examples)
{
    const struct metrics_bounds *b = e->family->bounds;
    const char *close = g->n_labels ? "} " : " ";
    uint64_t count = 0;
    for (unsigned i = 0; i <= b->n; i++) {
        count += v[i];
        put_series(e, g, s, "_bucket");
        put(e, g->n_labels ? ",le=\"" : "{le=\"");
        if (i < b->n)
            put_bound(e, b->v[i]);
        else
            put(e, "+Inf");
        put(e, "\"} ");
        put_uint(e, count);
        put_example(e, &examples[i]);
        put(e, "\n");
    }
    put_series(e, g, s, "_sum");
    put(e, close);
    put_number(e, v[b->n + 1]);
    put(e, "\n");
    put_series(e, g, s, "_count");
    put(e, close);
    put_uint(e, count);
    put(e, "\n");
}

/* --- all of it ----------------------------------------------------------------------------- */

/* Families first, last and what is between them have one name. */
static void
put_families(struct exposition *e, const struct metrics_group_info *g, unsigned first,
             unsigned last, const struct metrics_sum *sums, unsigned n)
{
    exposition_family(e, &g->families[first]);
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = first; k <= last; k++) {
            const uint64_t *v = sums[i].v + metrics_family_offset(g, k);
            e->family = &g->families[k];
            if (e->family->type == METRICS_HISTOGRAM)
                put_histogram(e, g, &sums[i], v,
                              sums[i].example + metrics_family_buckets_before(g, k));
            else
                exposition_value(e, g->labels, sums[i].labels, g->n_labels, *v);
        }
}

static void
put_group(struct exposition *e, const struct metrics_group_info *g, const struct metrics_sum *sums,
          unsigned n)
{
    for (unsigned first = 0, last; first < g->n; first = last + 1) {
        last = first;
        while (last + 1 < g->n && strcmp(g->families[last + 1].name, g->families[first].name) == 0)
            last++;
        if (!g->families[first].hidden)
            put_families(e, g, first, last, sums, n);
    }
}

bool
exposition_metrics(struct exposition *e, struct metrics *m)
{
    struct arena a;
    bool ok = true;
    arena_init(&a, ARENA_MAX);
    for (unsigned i = 0; i < METRICS_GROUPS && ok; i++) {
        unsigned n;
        const struct metrics_sum *sums = metrics_sums(m, (enum metrics_group)i, &a, &n);
        ok = sums;
        if (sums)
            put_group(e, &metrics_groups[i], sums, n);
        arena_reset(&a);
    }
    arena_fini(&a);
    return ok && !e->out->err;
}
