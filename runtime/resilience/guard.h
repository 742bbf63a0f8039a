/* What is known about one model at one deployment, and whether it should be asked now: a circuit
 * breaker, a cooldown, how long replies take, what runs and what failed.
 *
 *   guard_view ─► choose among deployments ─► guard_begin ─► the call ─► guard_done
 *
 * Holds no options: each call brings those of its config, so that the state survives a change of
 * them.  Not for several threads at a time (server/gateway/guards.h is).  Times are in nanoseconds
 * that never run backwards. */
#ifndef LLMUX_RESILIENCE_GUARD_H
#define LLMUX_RESILIENCE_GUARD_H

#include "generated/ir.h"
#include "runtime/resilience/breaker.h"
#include "runtime/resilience/cooldown.h"
#include "runtime/resilience/latency.h"
#include "runtime/resilience/silence.h"

#define GUARD_MINUTE ((uint64_t)60 * 1000 * 1000 * 1000)

struct guard_options {
    struct breaker_options breaker;
    struct cooldown_options cooldown;
    struct silence_options silence;
    uint64_t half_life_ns; /* of the means of latencies */
};

/* What a provider says about its limits. */
struct guard_quota {
    struct guard_left {
        bool told;
        uint64_t n;
    } requests, tokens; /* that may still come */
    bool spent;         /* one of them is used up */
    uint64_t back_ns;   /* when all that are used up are there again; 0: not known */
};

/* What probes have shown, which nobody's request did. */
struct guard_health {
    bool sick;           /* they fail, and no one has succeeded since */
    unsigned good, bad;  /* in a row */
    uint64_t until;      /* when that it is sick is forgotten */
    uint64_t ok, failed; /* ever */
    uint64_t refused;    /* ever: it works, but said that it does not serve us, or not now */
    uint64_t at;         /* of the newest; 0: there was none */
};

/* All zeros at first, but for breaker.changed. */
struct guard {
    struct breaker breaker;
    struct cooldown cooldown;
    struct silence silence;
    struct latency first, whole; /* time to the first byte, and to the end, of what succeeded */
    struct window minute;        /* requests and tokens of the last minute */
    unsigned running;
    uint64_t requests, failures; /* ended, ever; failures are those that count against it */
    uint64_t told_429;           /* ever */
    struct guard_quota quota;    /* the newest */
    struct guard_health health;
    struct guard_failure {   /* the newest one */
        enum ir_fault fault; /* unset: there was none */
        int status;          /* the provider's; 0: none came */
        uint64_t at;
    } failure;
};

/* How much a deployment wants to be asked. */
enum guard_standing {
    GUARD_READY,
    GUARD_LAST, /* it rests: only if no other is ready */
    GUARD_SHUT, /* not before `until` */
};

enum guard_reason {
    GUARD_FINE,
    GUARD_BREAKER, /* it has failed too often in a row */
    GUARD_PROBED,  /* ... and the calls that try it again are still running */
    GUARD_SILENT,  /* it takes calls, but nothing is heard of them */
    GUARD_RATE,    /* the provider has said so */
    GUARD_ACCOUNT, /* it did not take the key, or wants to be paid */
    GUARD_MISSING, /* it does not know the model */
    GUARD_SHARE,   /* too large a share of its requests has failed */
    GUARD_SICK,    /* probes fail */
    GUARD_SPENT,   /* its last reply said that a limit is used up */
};

/* The state at one moment: for choosing, for the metrics, for people. */
struct guard_view {
    enum guard_standing standing;
    enum guard_reason reason;
    uint64_t until; /* when the reason ends; 0: there is none, or nobody knows */
    enum breaker_state breaker;
    unsigned failed_in_row;
    unsigned running;
    uint64_t first_ns, whole_ns; /* means; 0: not known */
    uint64_t heard;              /* when the newest of these samples came */
    uint64_t requests_a_minute, tokens_a_minute;
    uint64_t requests, failures, told_429;
    unsigned failing_permille; /* of late, as the cooldown counts it */
    struct guard_failure failure;
    struct guard_quota quota; /* as the newest reply said it */
    struct guard_health health;
    uint64_t answered; /* when the newest good reply began or ended; 0: there was none */
};

/* How a call ended. */
struct guard_report {
    enum ir_fault fault; /* unset: well */
    int status;          /* the provider's; 0: no head came */
    bool cut;            /* by us or by the client, before it could show anything */
    bool mute;           /* guard_first was not called for it */
    bool unasked;        /* it was put off to the end, and no call was made */
    bool beaten;         /* it was cut because another call for the same request came first */
    uint64_t wait_ns;    /* what the provider said to wait; 0: nothing */
    uint64_t back_ns;    /* when a limit of it that is used up is made good; 0: nothing said */
    uint64_t whole_ns;
    uint64_t tokens; /* used, in and out */
};

/* "ready", "last", "shut". */
const char *guard_standing_name(enum guard_standing s);
/* "breaker open", "rate limit", ...; "" for fine. */
const char *guard_reason_text(enum guard_reason r);

struct guard_view guard_view(struct guard *g, const struct guard_options *o, uint64_t now);

/* A call is about to begin; false, with the reason in *why (which may be NULL), when it must not.
 * If true, it ends with guard_done and *ticket, and *why is GUARD_PROBED if it is a probe. */
bool guard_begin(struct guard *g, const struct guard_options *o, uint64_t now, uint64_t *ticket,
                 enum guard_reason *why);
/* The first byte of a good reply has come, so long after its call began: known long before that
 * ends.  Once for each call. */
void guard_first(struct guard *g, const struct guard_options *o, uint64_t now, uint64_t ns);
/* What a good reply says about the provider's limits: with one used up the deployment is the last to be asked
 * until that is made good, or until a later reply says otherwise. */
void guard_learn(struct guard *g, const struct guard_options *o, uint64_t now,
                 const struct guard_quota *q);
/* The client has begun to get a good reply: if this is a probe of the breaker, it has succeeded, though
 * it may run for minutes.  *ticket is still the one for guard_done. */
void guard_proven(struct guard *g, const struct guard_options *o, uint64_t now, uint64_t *ticket);
/* A call that has just begun is put off, as it waits for what it needs, such as credentials, or cannot be made: that
 * nothing is heard from the deployment means nothing.  Until it is made. */
void guard_put_off(struct guard *g);
void guard_made(struct guard *g, uint64_t now);
/* Is the deployment silent, and a call that began there then as good as failed? */
bool
guard_has_lost(const struct guard *g, const struct guard_options *o, uint64_t now, uint64_t began);
/* One that asked nobody shows nothing of the deployment, which rests if the fault says that it cannot be asked (no
 * credentials are to be had: IR_FAULT_AUTH). */
void guard_done(struct guard *g, const struct guard_options *o, uint64_t now, uint64_t ticket,
                const struct guard_report *end);

/* How many probes in a row count. */
struct guard_thresholds {
    unsigned good, bad; /* >= 1 */
    uint64_t keep_ns;   /* how long a bad one is remembered when none follows */
    bool heals;         /* a good one shows what calls are for: a breaker takes it for one */
};
enum guard_probe {
    GUARD_PROBE_GOOD,
    GUARD_PROBE_BAD,
    GUARD_PROBE_REFUSED, /* it works, but its limits, its owner or the key are in the way */
};
/* A probe has ended; it is no request, and counts apart.  `bad` of them in a row make the deployment the last to
 * be asked, `good` ones end that; one that heals half-opens an open breaker, and counts there as a call that
 * succeeded.  *changed: it has become sick, or well. */
enum guard_probe
guard_probed(struct guard *g, const struct guard_options *o, uint64_t now,
             const struct guard_thresholds *t, const struct guard_report *r, bool *changed);

#endif
