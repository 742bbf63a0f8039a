/* From an exchange to a line. */
#include "server/gateway/request_log.h"

#include "runtime/ir/reply.h"
#include "server/gateway/clock.h"
#include "server/gateway/redaction.h"
#include "server/gateway/worker.h"
#include "server/log/log.h"

#define STATUS_GONE 499 /* as nginx writes when the client has left */

/* In one word: did the client get what it asked for? */
static const char *
outcome(const struct exchange *x)
{
    if (x->gone)
        return "gone";
    if (x->error.set)
        return x->begun ? "broken" : "error";
    return "ok";
}

static void
put_int(struct log_line *l, struct brief key, struct ir_int v)
{
    if (v.set)
        log_put_int(l, key, v.v);
}

/* What we have made, or what our tables and the configuration say, need not be searched for secrets. */
static void
put_text(struct log_line *l, struct brief key, struct str s, bool ours)
{
    if (ours)
        log_put_word(l, key, s);
    else
        log_put_str(l, key, s);
}

static void
put_request(struct log_line *l, const struct exchange *x)
{
    bool ours = !x->front.asked.model.p && !x->front.asked.id.p;
    put_text(l, LOG_KEY("request_id"), x->request_id, x->made_id);
    log_word(l, "method", x->front.op->method);
    put_text(l, LOG_KEY("path"), x->path, ours);
    log_word(l, "front", str_from(x->front.dialect->name));
    log_word(l, "gen_ai.operation.name", str_from(xd_op_name(x->front.op->kind)));
    log_str(l, "model", x->model);
    log_bool(l, "stream", x->wants_stream);
}

static void
put_attempt(struct log_line *l, const struct exchange *x)
{
    const struct attempt *a = &x->attempt;
    log_int(l, "attempts", x->attempts);
    if (x->attempts == 0)
        return;
    log_word(l, "provider", a->candidate.offer->deployment->config->name);
    log_str(l, "upstream_model", a->model);
    log_int(l, "upstream_status", a->status);
    log_str(l, "upstream_request_id", a->request_id);
    log_str(l, "reply_model", a->tally.model);
}

static void
put_usage(struct log_line *l, const struct exchange *x)
{
    const struct tally *t = &x->attempt.tally;
    const struct ir_usage u = recovery_usage(x, &t->usage);
    if (t->stop != IR_STOP_UNSET)
        log_word(l, "stop", str_from(ir_stop_name(t->stop)));
    put_int(l, LOG_KEY("tokens_in"), u.input);
    put_int(l, LOG_KEY("tokens_out"), u.output);
    put_int(l, LOG_KEY("tokens_cached"), u.cache_read);
    put_int(l, LOG_KEY("tokens_cache_write"), u.cache_write);
    put_int(l, LOG_KEY("tokens_thinking"), u.thinking);
    if (recovery_is_on(x))
        log_int(l, "recovered", x->recovery->sequel.breaks);
    if (x->guessed || recovery_is_on(x))
        log_bool(l, "tokens_guessed", x->guessed);
}

static void
put_times(struct log_line *l, const struct exchange *x)
{
    uint64_t waited = x->upstream_us
                      + (x->attempt.accounted ? 0 : attempt_wait_us(&x->attempt, x->ended_us));
    log_seconds(l, "duration", x->ended_us - x->begun_us);
    if (x->first_us)
        log_seconds(l, "overhead", x->overhead_us);
    if (x->rested_us)
        log_seconds(l, "rested", x->rested_us);
    if (x->first_us)
        log_seconds(l, "ttft", x->first_us - x->begun_us);
    if (x->attempts)
        log_seconds(l, "upstream_wait", waited);
    log_int(l, "bytes_in", (int64_t)x->bytes_in);
    log_int(l, "bytes_out", (int64_t)x->bytes_out);
}

static void
put_error(struct log_line *l, const struct exchange *x)
{
    if (!x->error.set)
        return;
    log_word(l, "error", str_from(ir_fault_name(x->error.kind)));
    log_str(l, "message", x->error.message);
    if (x->detail.n)
        log_own(l, "detail", x->detail);
}

void
request_log_write(const struct exchange *x)
{
    struct log_line l;
    bool bad = x->error.set && x->error.kind != IR_FAULT_INVALID
               && x->error.kind != IR_FAULT_MISSING;
    struct log *log = x->worker->service->log;
    if (!log_begin(log, &l, bad ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "request"))
        return;
    put_request(&l, x);
    log_int(&l, "status", x->gone ? STATUS_GONE : x->status);
    log_word(&l, "outcome", str_from(outcome(x)));
    put_attempt(&l, x);
    trail_log(&l, x);
    put_usage(&l, x);
    put_times(&l, x);
    log_str(&l, "dropped", x->dropped);
    if (x->redactions)
        log_str(&l, "redacted", redaction_summary(x, &x->worker->scratch));
    put_error(&l, x);
    log_end(&l);
}

void
request_log_write_plain(struct log *log, const struct request_log_plain *r)
{
    struct log_line l;
    const struct http_head *h = http_exchange_head(r->http);
    if (!log_begin(log, &l, r->is_probe ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "request"))
        return;
    log_str(&l, "request_id", r->request_id);
    log_str(&l, "method", h->method);
    log_str(&l, "path", h->path);
    log_int(&l, "status", r->status);
    log_word(&l, "outcome", r->message ? STR("error") : STR("ok"));
    log_int(&l, "bytes_out", (int64_t)r->bytes_out);
    log_str(&l, "message", str_from(r->message));
    log_end(&l);
}
