/* From a policy to a request that may be sent. */
#include "server/gateway/redaction.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/gateway/clock.h"
#include "server/gateway/content.h"
#include "server/gateway/measure.h"
#include "server/gateway/rewriting.h"
#include "server/gateway/worker.h"

#define TAPE_MAX       ((size_t)256 << 20) /* of one request, and of what is made of it */
#define PATTERNS_US    100000u             /* of processor time, with the operator's patterns, */
#define PATTERNS_BYTES 10u                 /* and one more for so many */

/* --- what cannot be redacted --------------------------------------------------------------- */

static bool
has_tokens(const struct ir_embed_request *q)
{
    for (unsigned i = 0; i < q->inputs.n; i++)
        if (q->inputs.v[i].kind == IR_INPUT_TOKENS)
            return true;
    return false;
}

/* A list of numbers, or lists of them. */
static bool
is_tokens(struct str raw)
{
    struct str s = str_trim(raw);
    for (unsigned deep = 0; deep < 2 && s.n && *s.p == '['; deep++) {
        s = str_trim(str_skip(s, 1));
        if (s.n && *s.p >= '0' && *s.p <= '9')
            return true;
    }
    return false;
}

/* Of prompts that no row can read. */
static bool
asks_tokens(const struct ir_request *q)
{
    for (unsigned i = 0; i < q->turns.n; i++)
        for (unsigned k = 0; k < q->turns.v[i].blocks.n; k++) {
            const struct ir_block *b = &q->turns.v[i].blocks.v[k];
            if (b->kind == IR_BLOCK_FOREIGN && is_tokens(b->foreign.body))
                return true;
        }
    return false;
}

/* Does it go on from something that the provider keeps? */
static bool
has_state(const struct ir_request *q)
{
    for (unsigned i = 0; i < q->rest.n; i++)
        if (xd_refusal_of(&q->rest.v[i]))
            return true;
    return false;
}

/* A request about what the provider keeps says all in its path; the SDKs send nothing with it, or an empty object. */
static bool
has_odd_body(const struct exchange *x)
{
    struct str body = str_trim(http_exchange_body(x->http));
    return x->front.asked.id.p && body.n && !str_is(body, "{}");
}

/* Why a policy cannot do its work; NULL: it can. */
static const char *
uncovered(const struct exchange *x, const struct redactor_policy *p)
{
    const struct xd_ask *ask = &x->tape->ask;
    if (has_odd_body(x))
        return "it names something that the provider keeps, and its body is not looked into";
    if ((ask->kind == XD_OP_EMBEDDINGS && has_tokens(&ask->embed))
        || (ask->kind == XD_OP_CHAT && asks_tokens(&ask->chat)))
        return "inputs are tokens, which are not looked into";
    if (ask->kind == XD_OP_CHAT && p->mode == CONFIG_REDACT_VAULT && has_state(&ask->chat))
        return "it goes on from what the provider keeps, whose values are not known here any more";
    return NULL;
}

static struct ir_error
refusal(const char *code, struct str message)
{
    struct ir_error e = { .set = true, .kind = IR_FAULT_POLICY, .message = message };
    e.code = str_from(code);
    return e;
}

static void
refuse_uncovered(struct exchange *x, struct redaction *r, const char *why)
{
    if (!x->gateway->config->redaction.allow_uncovered)
        r->refusal = refusal("content_policy_violation",
                             arena_printf(&x->arena,
                                          "this request cannot be redacted as the "
                                          "gateway's policy demands: %s",
                                          why));
}

/* The kind, and the place as the client knows it, but not what stands there. */
static void
refuse_found(struct exchange *x, struct redaction *r, const struct rewriting *w)
{
    char path[FAULT_PATH];
    struct str kind = redact_kind_name(w->found.kind);
    if (w->found.kind == REDACT_CUSTOM)
        kind = redact_custom_name(r->policy->rules.custom, w->found.custom);
    if (w->field.p)
        snprintf(path, sizeof path, "%.*s", STR_ARG(w->field));
    else
        json_path(&x->tape->doc, w->at, path, sizeof path);
    r->refusal = refusal("content_policy_violation",
                         arena_printf(&x->arena,
                                      "%s: holds what the gateway's policy does not let "
                                      "pass: %.*s",
                                      path, STR_ARG(kind)));
    r->refusal.param = arena_str(&x->arena, str_from(path));
    r->counts[w->found.kind] = 1;
}

/* --- making one ---------------------------------------------------------------------------- */

static void
refuse_failed(struct exchange *x, struct redaction *r, enum err err)
{
    const struct config_redaction *c = &x->gateway->config->redaction;
    if (err == ERR_SYNTAX) {
        r->refusal = (struct ir_error){ .set = true,
                                        .kind = IR_FAULT_INVALID,
                                        .message = STR("the body is no multipart form") };
        return;
    }
    if (err == ERR_MEMORY) {
        r->refusal = (struct ir_error){ .set = true,
                                        .kind = IR_FAULT_INTERNAL,
                                        .message = STR("the gateway is out of memory") };
        return;
    }
    r->refusal = refusal("content_policy_violation",
                         arena_printf(&x->arena,
                                      "the request has more to hide than the gateway "
                                      "keeps: %u values, %llu bytes",
                                      c->vault_entries, (unsigned long long)c->vault_bytes));
}

/* Nobody knows what a pattern would have found. */
static void
refuse_endless(struct exchange *x, struct redaction *r)
{
    measure_redaction_failed(x);
    r->refusal = refusal("content_policy_violation",
                         STR("the gateway's own patterns take too long with this request"));
}

/* The request anew, read from the bytes that are sent. */
static void
read_anew(struct exchange *x, struct redaction *r)
{
    struct fault f;
    r->tape = tape_take(&x->worker->tapes, TAPE_MAX);
    if (!r->tape) {
        refuse_failed(x, r, ERR_MEMORY);
    } else if (tape_read(r->tape, &x->front, http_exchange_head(x->http), buf_str(&r->body), &f)) {
        r->refusal = refusal("content_policy_violation",
                             STR("the request means nothing any more when it is redacted"));
    }
}

static void
init_vault(const struct exchange *x, struct redaction *r)
{
    const struct config_redaction *c = &x->gateway->config->redaction;
    if (r->policy->mode == CONFIG_REDACT_VAULT) {
        vault_init(&r->vault, c->vault_entries, c->vault_bytes);
    } else {
        vault_init(&r->vault, UINT_MAX, SIZE_MAX);
        r->vault.one_way = true;
    }
}

static enum err
run(const struct exchange *x, struct rewriting *w, struct buf *out)
{
    const struct passage *p = &x->tape->passage;
    if (x->front.op->passes && p->boundary.n)
        return rewriting_run_form(w, http_exchange_body(x->http), p->boundary, out);
    const unsigned char *marks = content_of(&x->tape->doc, &x->tape->ask, w->arena);
    return marks ? rewriting_run(w, &x->tape->doc, marks, out) : ERR_LIMIT;
}

static void
rewrite(struct exchange *x, struct redaction *r)
{
    struct arena scratch; /* for decoded texts */
    arena_init(&scratch, TAPE_MAX);
    struct redact_rules rules = r->policy->rules;
    size_t bytes = http_exchange_body(x->http).n, unasked = 0;
    if (rules.custom)
        rules.time = (struct redact_time){ clock_work_us,
                                           clock_work_us() + PATTERNS_US + bytes / PATTERNS_BYTES,
                                           &unasked };
    struct rewriting w = { .rules = &rules,
                           .stop = r->policy->mode == CONFIG_REDACT_BLOCK,
                           .vault = &r->vault,
                           .arena = &scratch };
    enum err err = run(x, &w, &r->body);
    memcpy(r->counts, w.counts, sizeof r->counts);
    if (w.endless)
        refuse_endless(x, r);
    else if (err)
        refuse_failed(x, r, err);
    else if (w.at)
        refuse_found(x, r, &w);
    else if (r->body.n && r->policy->mode == CONFIG_REDACT_VAULT && x->front.op->passes)
        refuse_uncovered(x, r, "its reply goes to the client as it comes, with nothing put back");
    r->changed = r->body.n > 0;
    if (r->changed && !r->refusal.set)
        read_anew(x, r);
    if (r->policy->mode != CONFIG_REDACT_VAULT)
        vault_fini(&r->vault);
    arena_fini(&scratch);
}

static struct redaction *
make(struct exchange *x, const struct redactor_policy *p)
{
    struct redaction *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->policy = p;
    r->next = x->redactions;
    x->redactions = r;
    buf_init(&r->body, TAPE_MAX);
    init_vault(x, r);
    const char *why = uncovered(x, p);
    if (why)
        refuse_uncovered(x, r, why);
    if (!r->refusal.set && !x->front.asked.id.p)
        rewrite(x, r);
    for (unsigned k = 0; k < REDACT_KINDS; k++)
        if (r->counts[k])
            measure_redaction(x, (enum redact_kind)k, p->mode, r->counts[k]);
    return r;
}

/* --- for the exchange ---------------------------------------------------------------------- */

static bool
refuse(struct exchange *x, const struct ir_error *e)
{
    if (!x->error.set) /* what another deployment said is worth more to the client */
        x->error = *e;
    return false;
}

bool
redaction_begin(struct exchange *x)
{
    static const struct ir_error no_memory = { .set = true,
                                               .kind = IR_FAULT_INTERNAL,
                                               .message = STR("the gateway is out of memory") };
    struct attempt *a = &x->attempt;
    a->redaction = NULL;
    if (!x->gateway->redactor || (x->front.asked.id.p && !has_odd_body(x)))
        return true;
    const struct redactor_policy *p = redactor_policy(x->gateway->redactor,
                                                      http_exchange_head(x->http), x->model,
                                                      a->candidate.offer->deployment->config->name);
    if (p->mode == CONFIG_REDACT_OFF)
        return true;
    struct redaction *r = x->redactions;
    while (r && r->policy != p)
        r = r->next;
    if (!r)
        r = make(x, p);
    if (!r || r->refusal.set)
        return refuse(x, r ? &r->refusal : &no_memory);
    if (r->changed && !r->tape) /* a bug, and no reason to send the request as it came */
        return refuse(x, &no_memory);
    a->redaction = r->changed ? r : NULL;
    return true;
}

const struct vault *
redaction_vault(const struct attempt *a)
{
    return a->redaction && a->redaction->vault.n ? &a->redaction->vault : NULL;
}

void
redaction_commit(struct exchange *x)
{
    for (struct redaction *r = x->redactions; r; r = r->next) {
        tape_put(&x->worker->tapes, r->tape);
        r->tape = NULL;
        buf_fini(&r->body);
    }
}

void
redaction_end(struct exchange *x)
{
    redaction_commit(x);
    while (x->redactions) {
        struct redaction *r = x->redactions;
        x->redactions = r->next;
        vault_fini(&r->vault);
        free(r);
    }
}

struct str
redaction_summary(const struct exchange *x, struct arena *a)
{
    struct str all = { 0 };
    for (const struct redaction *r = x->redactions; r; r = r->next) {
        struct str mode = config_redact_mode_name(r->policy->mode);
        bool some = false;
        for (unsigned k = 0; k < REDACT_KINDS; k++) {
            struct str kind = redact_kind_name((enum redact_kind)k);
            if (!r->counts[k])
                continue;
            if (!some)
                arena_append(a, &all, arena_printf(a, "%s%.*s", all.n ? ", " : "", STR_ARG(mode)));
            arena_append(a, &all, arena_printf(a, " %.*s=%u", STR_ARG(kind), r->counts[k]));
            some = true;
        }
    }
    return all;
}
