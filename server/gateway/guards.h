/* The state of deployments: one guard (runtime/resilience/guard.h) for each model at each account,
 * for the whole process and all its workers.
 *
 *   account of the deployment ─┐
 *   model, as it is called     ├─► struct guarded, made on first use, kept until the process ends
 *   there                     ─┘
 *
 * The registry belongs to nobody's config: a reload keeps what it knows, as an account is its name,
 * its address and its credentials (deployment.h).  Options come with each call, from the config
 * that the request began with.
 *
 * Finding takes no lock, the rest a short one for each guard.  A request takes some of these; a
 * token none. */
#ifndef LLMUX_GATEWAY_GUARDS_H
#define LLMUX_GATEWAY_GUARDS_H

#include "runtime/base/str.h"
#include "runtime/resilience/guard.h"
#include "runtime/resilience/memory.h"
#include "runtime/resilience/rival.h"
#include "server/gateway/deployment.h"

struct guards;
struct guarded;

/* In the terms of runtime/resilience. */
struct guard_options guards_options(const struct config_resilience *c);

/* Who it is; all of it lives as long as the registry. */
struct guarded_name {
    struct str account;    /* deployment.account: name, address, fingerprint of the credentials */
    struct str deployment; /* its name */
    struct str model;      /* as the provider calls it; "*": all that found no room of their own */
};

/* Told when a breaker changes, on the thread of whoever's request did it, with the guard locked:
 * only to note it down. */
struct guards_watch {
    void (*changed)(void *ctx, const struct guarded_name *name, enum breaker_state from,
                    enum breaker_state to);
    void *ctx;
};

/* NULL when memory is short. */
struct guards *guards_create(void);
/* Nobody may use any part of it any more. */
void guards_destroy(struct guards *g);
/* From now on tell these, too; at most 4, before the workers start.  False: there are 4. */
bool guards_watch(struct guards *g, const struct guards_watch *w);

/* The guard of a model at a deployment; NULL when memory is short or there are far too many, and
 * then nothing guards it.  Models that clients make up (a wildcard takes any name) share one guard
 * once there are thousands. */
struct guarded *
guards_find(struct guards *g, const struct deployment *d, struct str upstream_model);

/* Show all of them, in the order of their making.  Not while a guarded_* of this thread runs. */
void guards_each(struct guards *g, void (*show)(void *ctx, struct guarded *x), void *ctx);

const struct guarded_name *guarded_name(const struct guarded *x);

/* What guard.h says of guard_view, guard_begin and guard_done; from any thread.  For NULL: always
 * ready.  now is clock_ns(). */
struct guard_view guarded_view(struct guarded *x, const struct guard_options *o, uint64_t now);
/* What rival.h says of rival_plan; for NULL: there is no cause. */
struct rival_plan guarded_rival(struct guarded *x, const struct hedge_options *o, bool probes);
/* What guard.h says of guard_has_lost; for NULL: false. */
bool
guarded_has_lost(struct guarded *x, const struct guard_options *o, uint64_t now, uint64_t began);
bool guarded_begin(struct guarded *x, const struct guard_options *o, uint64_t now, uint64_t *ticket,
                   enum guard_reason *why);
/* guard_first and, unless q is NULL, guard_learn. */
void guarded_first(struct guarded *x, const struct guard_options *o, uint64_t now, uint64_t ns,
                   const struct guard_quota *q);
void guarded_put_off(struct guarded *x);
void guarded_made(struct guarded *x, uint64_t now);
void
guarded_proven(struct guarded *x, const struct guard_options *o, uint64_t now, uint64_t *ticket);
void guarded_done(struct guarded *x, const struct guard_options *o, uint64_t now, uint64_t ticket,
                  const struct guard_report *end);

/* What memory.h says; a guard is made for what is recalled, before anybody uses it. */
struct guard_memory guarded_remember(struct guarded *x, uint64_t now);
void guards_recall(struct guards *g, struct str account, struct str model,
                   const struct guard_memory *m, uint64_t now);

/* What guard.h says of guard_probed; x is not NULL. */
enum guard_probe
guarded_probed(struct guarded *x, const struct guard_options *o, uint64_t now,
               const struct guard_thresholds *t, const struct guard_report *r, bool *changed);

#endif
