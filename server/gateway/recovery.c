/* Going on elsewhere. */
#include "server/gateway/recovery.h"

#include <stdlib.h>

#include "runtime/resilience/retry.h"
#include "runtime/xd/continuation.h"
#include "server/gateway/clock.h"
#include "server/gateway/exchange.h"
#include "server/gateway/worker.h"

#define ARENA_MAX ((size_t)16 << 20) /* of what was said; more cannot be gone on with */

void
recovery_prepare(struct exchange *x)
{
    const struct config_routing *rules = &x->gateway->config->routing;
    const struct model *m = x->route.n ? x->route.steps[0].model : NULL;
    if (!m || m->recovery == CONFIG_RECOVERY_OFF || !x->wants_stream
        || !xd_continuation_fits(&x->tape->ask.chat))
        return;
    struct recovery *r = calloc(1, sizeof *r);
    if (!r)
        return; /* it is not kept, and will not go on */
    arena_init(&r->arena, ARENA_MAX);
    r->how = m->recovery;
    r->most = rules->recovery_depth;
    x->recovery = r;
}

void
recovery_destroy(struct recovery *r)
{
    if (!r)
        return;
    if (r->writes)
        xd_writer_fini(&r->writer);
    arena_fini(&r->arena);
    free(r);
}

bool
recovery_is_on(const struct exchange *x)
{
    return x->recovery && x->recovery->sequel.breaks > 0;
}

bool
recovery_is_possible(const struct exchange *x, const struct ir_error *e)
{
    const struct recovery *r = x->recovery;
    return r && x->http && r->sequel.breaks < r->most && ir_sequel_can_go_on(&r->sequel)
           && retry_place(e) == RETRY_ANYWHERE;
}

void
recovery_open(struct exchange *x, ir_sink *sink)
{
    struct recovery *r = x->recovery;
    if (!r || r->sequel.breaks > 0)
        return;
    if (x->attempt.redaction) { /* who goes on would be told what this one was not */
        recovery_destroy(r);
        x->recovery = NULL;
        return;
    }
    if (r->writes)
        xd_writer_fini(&r->writer);
    r->writes = false;
    arena_reset(&r->arena);
    ir_sequel_init(&r->sequel, &r->arena, sink, x);
}

struct xd_writer *
recovery_writer(struct exchange *x)
{
    struct recovery *r = x->recovery;
    if (r->writes)
        return &r->writer;
    r->writes = true;
    xd_writer_init(&r->writer, x->front.dialect, x->front.op->kind, &r->arena, &x->worker->out,
                   x->wants_usage ? XD_USAGE_WRITE : XD_USAGE_OMIT);
    r->writer.x.framing = x->front.asked.framing;
    r->writer.x.now = (int64_t)(clock_wall_ms() / 1000);
    return &r->writer;
}

/* The client has bytes of a provider's own: let the writer believe that it has written them. */
static void
catch_up(struct exchange *x)
{
    if (x->recovery->writes)
        return;
    struct xd_writer *w = recovery_writer(x);
    ir_sequel_retell(&x->recovery->sequel, xd_writer_event, w);
    buf_clear(&x->worker->out);
}

void
recovery_begin(struct exchange *x, const struct ir_error *e)
{
    struct recovery *r = x->recovery;
    attempt_guess_usage(x);
    catch_up(x);
    ir_sequel_break(&r->sequel, &x->attempt.tally.usage);
    r->shown = ir_sequel_text_bytes(&r->sequel);
    x->attempt.summed = true;
    if (x->route.tries == 0)
        x->route.tries = 1; /* going on has a limit of its own */
    x->state = EXCHANGE_TRYING;
    exchange_attempt_failed(x, e, x->detail);
}

enum err
recovery_ask(struct exchange *x, struct xd_ask *ask, struct fault *f)
{
    const struct recovery *r = x->recovery;
    const struct attempt *a = &x->attempt;
    const struct deployment *d = a->candidate.offer->deployment;
    enum xd_continuation how = xd_continuation_of(
        xd_policy_value(a->target.dialect, &d->policies, a->model, IR_POLICY_CONTINUATION));
    if (a->redaction || how == XD_CONTINUATION_NONE
        || (how == XD_CONTINUATION_ASK && r->how != CONFIG_RECOVERY_ASK))
        return fault_set(f, ERR_UNSUPPORTED, 0, "provider %.*s does not go on with a reply",
                         STR_ARG(d->config->name));
    *ask = x->tape->ask;
    if (xd_continue(how, &x->tape->ask.chat, &r->sequel.said.reply, &x->attempt.arena, &ask->chat))
        return fault_set(f, ERR_LIMIT, 0, "the request is too large");
    return ERR_OK;
}

uint64_t
recovery_bytes_in(const struct exchange *x)
{
    return x->bytes_in + (x->recovery ? x->recovery->shown : 0);
}

struct ir_usage
recovery_usage(const struct exchange *x, const struct ir_usage *u)
{
    struct ir_usage all = x->attempt.summed ? (struct ir_usage){ .set = true } : *u;
    if (recovery_is_on(x))
        ir_usage_add(&all, &x->recovery->sequel.before);
    return all;
}
