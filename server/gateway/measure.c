/* From exchanges to numbers. */
#include "server/gateway/measure.h"

#include "runtime/base/digits.h"
#include "runtime/ir/reply.h"
#include "server/gateway/clock.h"
#include "server/gateway/measure_state.h"
#include "server/gateway/worker.h"
#include "server/log/log.h"
#include "server/metrics/process.h"
#include "server/trace/exporter.h"
#include "server/upstream/upstream.h"

#define STATUS_GONE 499 /* as in the log */

static struct str
print_status(int status, char to[DIGITS_ROOM])
{
    return digits_of(to, status < 0 ? 0 : (unsigned)status, 1);
}

/* A model by a name that clients ask for; the route has mostly found it already. */
static const struct model *
find_model(const struct exchange *x, struct str name)
{
    if (name.n == 0)
        return NULL;
    for (unsigned i = 0; i < x->route.n; i++)
        if (x->route.steps[i].name.p == name.p && x->route.steps[i].name.n == name.n)
            return x->route.steps[i].model;
    return catalogue_find(&x->gateway->catalogue, name);
}

/* A model as the config names it. */
static struct str
label_of(const struct model *m)
{
    return m ? m->name : STR("");
}

static struct str
operation_of(const struct exchange *x)
{
    return str_from(xd_op_name(x->front.op->kind));
}

static void
count_active(const struct exchange *x, int change)
{
    struct worker *w = x->worker;
    if (!w->measured.gateway)
        w->measured.gateway = metrics_cell(w->shard, METRICS_OF_GATEWAY, NULL);
    metrics_add(w->measured.gateway, METRICS_ACTIVE_REQUESTS, change);
}

struct cell_labels {
    enum metrics_group group;
    struct str v[METRICS_LABELS_MAX];
};

/* Look two cells up, and remember them unless one is that of those that are too many. */
static void
find_cells(struct worker *w, struct metrics_cell **known, struct metrics_cell *cells[2],
           const struct cell_labels labels[2])
{
    for (unsigned i = 0; i < 2; i++)
        cells[i] = metrics_cell(w->shard, labels[i].group, labels[i].v);
    if (metrics_cell_is_other(w->shard, cells[0]) || metrics_cell_is_other(w->shard, cells[1]))
        return;
    known[0] = cells[0];
    known[1] = cells[1];
}

void
measure_begin(const struct exchange *x)
{
    if (x->worker->shard)
        count_active(x, 1);
}

/* --- attempts ------------------------------------------------------------------------------ */

static void
count_tokens(struct metrics_cell *c, unsigned family, struct ir_int n)
{
    if (n.set && n.v > 0)
        metrics_add(c, family, n.v);
}

static void
measure_usage(struct metrics_cell *c, const struct ir_usage *u)
{
    count_tokens(c, METRICS_TOKENS_INPUT, u->input);
    count_tokens(c, METRICS_TOKENS_OUTPUT, u->output);
    count_tokens(c, METRICS_TOKENS_CACHE_READ, u->cache_read);
    count_tokens(c, METRICS_TOKENS_CACHE_WRITE, u->cache_write);
    count_tokens(c, METRICS_TOKENS_THINKING, u->thinking);
    const struct ir_int input = ir_usage_whole_input(u);
    if (input.set && input.v >= 0)
        metrics_observe(c, METRICS_INPUT_SIZES, (uint64_t)input.v, NULL);
    if (u->output.set && u->output.v >= 0)
        metrics_observe(c, METRICS_OUTPUT_SIZES, (uint64_t)u->output.v, NULL);
}

/* A stream that reached the client whole. */
static void
measure_stream(struct metrics_cell *c, const struct exchange *x)
{
    struct ir_int n = x->attempt.tally.usage.output;
    uint64_t now = clock_us();
    const struct metrics_trace trace = trail_example(x, now);
    metrics_observe(c, METRICS_FIRST_TOKEN, x->first_us - x->begun_us, &trace);
    if (n.set && n.v > 1 && now > x->first_us)
        metrics_observe(c, METRICS_PER_TOKEN, (now - x->first_us) / (uint64_t)(n.v - 1), NULL);
}

/* How an attempt ended: a fault, or one of these. */
enum outcome { OUTCOME_OK = IR_FAULT_COUNT, OUTCOME_GONE, OUTCOME_CUT };

static unsigned
outcome_of(const struct exchange *x)
{
    if (x->attempt.cut)
        return OUTCOME_CUT;
    if (x->error.set)
        return x->error.kind;
    return x->gone ? OUTCOME_GONE : OUTCOME_OK;
}

static struct str
outcome_name(unsigned outcome)
{
    switch (outcome) {
    case OUTCOME_OK:
        return STR("ok");
    case OUTCOME_GONE:
        return STR("gone");
    case OUTCOME_CUT:
        return STR("cut");
    default:
        return str_from(ir_fault_name((enum ir_fault)outcome));
    }
}

/* The first attempt is none of both; a later one with the model of the one before is a retry. */
static void
measure_repeat(struct exchange *x, struct str model)
{
    struct metrics_shard *s = x->worker->shard;
    struct str before = x->tried;
    x->tried = model;
    if (!before.p)
        return;
    struct str asked = label_of(find_model(x, x->model));
    if (str_eq(before, model))
        metrics_add(metrics_cell(s, METRICS_OF_RETRY, &asked), METRICS_RETRIES, 1);
    else
        metrics_add(metrics_cell(s, METRICS_OF_FALLBACK, (struct str[]){ asked, model }),
                    METRICS_FALLBACKS, 1);
}

/* The cells of the deployment and of this outcome there. */
static void
find_attempt(const struct exchange *x, const struct model *m, struct metrics_cell *cells[2])
{
    struct worker *w = x->worker;
    const struct deployment *d = x->attempt.candidate.offer->deployment;
    unsigned outcome = outcome_of(x), op = x->front.op->kind;
    const struct measure_place place = { d, m, (uint64_t)op << 32 | outcome };
    struct metrics_cell **known = measure_recall(&w->measured, &place);
    cells[0] = known[0];
    cells[1] = known[1];
    if (known[0])
        return;
    const struct config_provider *p = d->config;
    const struct cell_labels labels[2] = {
        { METRICS_OF_DEPLOYMENT, { p->name, p->type, operation_of(x), label_of(m) } },
        { METRICS_OF_ATTEMPT,
          { p->name, p->type, operation_of(x), label_of(m), outcome_name(outcome) } }
    };
    find_cells(w, known, cells, labels);
}

void
measure_attempt(struct exchange *x, uint64_t total_us)
{
    struct metrics_shard *s = x->worker->shard;
    struct metrics_cell *cells[2];
    const struct attempt *a = &x->attempt;
    if (!s)
        return;
    const struct model *m = find_model(x, a->candidate.name);
    find_attempt(x, m, cells);
    const struct metrics_trace trace = trail_example(x, a->start_us + total_us);
    metrics_observe(cells[0], METRICS_UPSTREAM_DURATION, total_us, &trace);
    measure_usage(cells[0], &a->tally.usage);
    if (x->wants_stream && x->first_us && !x->error.set && !x->gone && !a->cut)
        measure_stream(cells[0], x);
    metrics_add(cells[1], METRICS_DEPLOYMENT_REQUESTS, 1);
    metrics_observe(cells[1], METRICS_OPERATION_DURATION, total_us, NULL);
    if (x->error.set && x->error.kind == IR_FAULT_RATE) {
        struct str labels[] = { a->candidate.offer->deployment->config->name, STR("provider") };
        metrics_add(metrics_cell(s, METRICS_OF_LIMIT, labels), METRICS_RATE_LIMITED, 1);
    }
    if (!a->cut)
        measure_repeat(x, label_of(m));
}

/* --- exchanges ----------------------------------------------------------------------------- */

static unsigned
count_dropped(struct str list)
{
    unsigned n = list.n > 0;
    for (size_t i = 0; i < list.n; i++)
        n += list.p[i] == ',';
    return n;
}

static void
measure_model(const struct exchange *x, struct metrics_cell *c)
{
    const struct metrics_trace trace = trail_example(x, x->ended_us);
    metrics_observe(c, METRICS_REQUEST_DURATION, x->ended_us - x->begun_us, &trace);
    if (x->first_us)
        metrics_observe(c, METRICS_OVERHEAD, x->overhead_us, NULL);
    if (x->dropped.n)
        metrics_add(c, METRICS_DROPPED_FIELDS, count_dropped(x->dropped));
}

static struct metrics_cell *
find_worker(const struct worker *w)
{
    char number[DIGITS_ROOM];
    struct str label = digits_of(number, metrics_shard_number(w->shard), 1);
    return metrics_cell(w->shard, METRICS_OF_WORKER, &label);
}

/* What only the worker's thread may ask its client for providers. */
static void
measure_worker(struct worker *w)
{
    if (!w->measured.worker)
        w->measured.worker = find_worker(w);
    const struct upstream_stats s = upstream_stats(w->upstream);
    const uint64_t values[] = { s.busy,
                                s.connects,
                                s.reused,
                                s.sockets,
                                w->media.stats.fetched,
                                w->media.stats.refused,
                                w->media.stats.bytes };
    metrics_add(w->measured.worker, METRICS_WORKER_REQUESTS, 1);
    metrics_set(w->measured.worker, METRICS_WORKER_CALLS, values, sizeof values / sizeof *values);
}

/* Seldom, so that these are looked up each time. */
static void
measure_failure(const struct exchange *x, struct str model)
{
    struct metrics_shard *s = x->worker->shard;
    struct str labels[] = { str_from(x->front.dialect->name), operation_of(x), model,
                            x->error.set ? str_from(ir_fault_name(x->error.kind)) : STR("gone") };
    metrics_add(metrics_cell(s, METRICS_OF_FAILURE, labels), METRICS_FAILED_REQUESTS, 1);
    if (x->error.set && x->error.kind == IR_FAULT_RATE && x->attempts == 0)
        metrics_add(metrics_cell(s, METRICS_OF_LIMIT, (struct str[]){ STR(""), STR("gateway") }),
                    METRICS_RATE_LIMITED, 1);
}

/* The cells of requests with this status, and of the model. */
static void
find_request(const struct exchange *x, const struct model *m, struct metrics_cell *cells[2])
{
    char text[DIGITS_ROOM];
    struct worker *w = x->worker;
    int status = x->gone ? STATUS_GONE : x->status;
    const struct xd_dialect *d = x->front.dialect;
    const struct measure_place place = { d, m,
                                         (uint64_t)x->front.op->kind << 32 | (uint32_t)status };
    struct metrics_cell **known = measure_recall(&w->measured, &place);
    cells[0] = known[0];
    cells[1] = known[1];
    if (known[0])
        return;
    struct str front = str_from(d->name);
    const struct cell_labels labels[2] = {
        { METRICS_OF_REQUEST, { front, operation_of(x), label_of(m), print_status(status, text) } },
        { METRICS_OF_MODEL, { front, operation_of(x), label_of(m) } }
    };
    find_cells(w, known, cells, labels);
}

void
measure_end(const struct exchange *x)
{
    struct metrics_cell *cells[2];
    if (!x->worker->shard)
        return;
    const struct model *m = find_model(x, x->model);
    find_request(x, m, cells);
    count_active(x, -1);
    metrics_add(cells[0], METRICS_REQUESTS, 1);
    if (x->error.set || x->gone)
        measure_failure(x, label_of(m));
    measure_model(x, cells[1]);
    measure_worker(x->worker);
}

void
measure_redaction(const struct exchange *x, enum redact_kind kind, enum config_redact_mode action,
                  unsigned n)
{
    if (x->worker->shard)
        metrics_add(
            metrics_cell(x->worker->shard, METRICS_OF_REDACTION,
                         (struct str[]){ redact_kind_name(kind), config_redact_mode_name(action) }),
            METRICS_REDACTIONS, n);
}

void
measure_redaction_failed(const struct exchange *x)
{
    const struct str labels[] = { redact_kind_name(REDACT_CUSTOM), STR("failed") };
    if (x->worker->shard)
        metrics_add(metrics_cell(x->worker->shard, METRICS_OF_REDACTION, labels),
                    METRICS_REDACTIONS, 1);
}

void
measure_page(struct worker *w, int status)
{
    char text[DIGITS_ROOM];
    if (!w->shard)
        return;
    struct str labels[] = { STR(""), STR("other"), STR(""), print_status(status, text) };
    metrics_add(metrics_cell(w->shard, METRICS_OF_REQUEST, labels), METRICS_REQUESTS, 1);
}

/* --- the page ------------------------------------------------------------------------------ */

static void
write_log(struct exposition *e, const struct log *log)
{
    static const struct metrics_family lines = { .name = "llmux_log_lines",
                                                 .help = "Lines of the log that were written.",
                                                 .type = METRICS_COUNTER };
    static const struct metrics_family dropped = { .name = "llmux_log_dropped_lines",
                                                   .help = "Lines of the log that were lost, "
                                                           "because nobody took them in time.",
                                                   .type = METRICS_COUNTER };
    struct log_stats s = log_stats(log);
    exposition_family(e, &lines);
    exposition_value(e, NULL, NULL, 0, s.lines);
    exposition_family(e, &dropped);
    exposition_value(e, NULL, NULL, 0, s.dropped + s.failed);
}

static void
write_exported(struct exposition *e, const struct exporter *x)
{
    static const struct metrics_family items = {
        .name = "llmux_telemetry_items",
        .help = "Traces, reports of metrics and lines of the log, by what became of them on the "
                "way to the receiver.",
        .type = METRICS_COUNTER
    };
    static const char *const names[] = { "signal", "outcome" };
    static const struct str signals[] = { STR_INIT("traces"), STR_INIT("metrics"),
                                          STR_INIT("logs") };
    struct exporter_stats s = exporter_stats(x);
    exposition_family(e, &items);
    for (unsigned i = 0; i < OTLP_SIGNALS; i++) {
        exposition_value(e, names, (struct str[]){ signals[i], STR("exported") }, 2, s.exported[i]);
        exposition_value(e, names, (struct str[]){ signals[i], STR("dropped") }, 2, s.dropped[i]);
        exposition_value(e, names, (struct str[]){ signals[i], STR("failed") }, 2, s.failed[i]);
        exposition_value(e, names, (struct str[]){ signals[i], STR("rejected") }, 2, s.rejected[i]);
    }
}

bool
measure_page_write(struct worker *w, enum exposition_format format, struct buf *out)
{
    struct exposition e;
    exposition_begin(&e, format, out);
    bool ok = !w->service->metrics || exposition_metrics(&e, w->service->metrics);
    measure_state_write(&e, w);
    if (w->service->log)
        write_log(&e, w->service->log);
    if (w->service->exporter)
        write_exported(&e, w->service->exporter);
    process_metrics(&e);
    exposition_end(&e);
    return ok && !out->err;
}
