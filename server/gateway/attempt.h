/* One try at one provider: the request in its dialect, the call, and what is known of it.
 *
 *   attempt_start ─► (a place) ─► (credentials) ─► (what it names by address) ─► the call
 *
 * What the call says comes to reception.h; how it ends is told to the exchange (exchange.h). */
#ifndef LLMUX_GATEWAY_ATTEMPT_H
#define LLMUX_GATEWAY_ATTEMPT_H

#include "server/auth/keeper.h"
#include "server/gateway/limits.h"
#include "server/gateway/race.h"
#include "server/gateway/remarks.h"
#include "server/gateway/route.h"
#include "server/gateway/stream.h"

struct exchange;
struct redaction;
struct transcript_reply;

/* What the provider sends. */
enum attempt_reply {
    ATTEMPT_SILENT,   /* nothing but blanks so far */
    ATTEMPT_ERROR,    /* the status said so */
    ATTEMPT_DOCUMENT, /* collected whole */
    ATTEMPT_STREAM,
    ATTEMPT_PASSAGE, /* goes to the client as it comes */
};

/* What is known of a reply, from its events or from the whole. */
struct tally {
    struct str id;     /* of the reply, as the provider gave it */
    struct str model;  /* as the provider calls it */
    enum ir_stop stop; /* of the first choice */
    struct ir_usage usage;
    bool begun, ended, failed;
    struct ir_error error; /* when failed; in the attempt's arena */
    struct transcript_reply
        *heard; /* what was said, in the attempt's arena; NULL: nobody wants it */
};

struct attempt {
    struct race_leg *leg; /* for its call; whatever else changes, this stays */
    struct candidate candidate;
    struct deployment_call target;
    struct str model;           /* what the provider is asked for */
    struct str url;             /* where */
    struct keeper_waiter wait;  /* for credentials, before the call */
    struct guarded *guarded;    /* the state of what is asked; may be NULL */
    uint64_t ticket;            /* of guarded */
    bool is_guarded;            /* guarded waits to hear how it ended */
    bool put_off;               /* no call is made, or not yet: guarded knows */
    bool bare;                  /* credentials for it cannot be had */
    struct limits_hold place;   /* within the deployment's limits */
    bool queued;                /* it waits for that place */
    bool probes;                /* whether the breaker of guarded may close again */
    bool cut;                   /* we end it, for no fault of the provider's */
    bool beaten;                /* ... but because its rival, which began later, came first */
    struct upstream_call *call; /* NULL when none is running */
    struct arena arena;         /* what lives as long as the attempt */
    struct buf body;            /* what is sent, unless it is the client's own bytes */
    bool sends;                 /* the call may still need its body */
    bool sends_own;             /* it is body, not the client's bytes */
    bool kindred;               /* the provider's dialect is of the front's family: copy replies */
    bool summed;        /* its usage is among that of those before the next one (recovery.h) */
    bool asked_usage;   /* usage was asked for in a stream though the client did not */
    struct str dropped; /* what the request lost, in the client's words; absent: nothing */

    struct redaction *redaction; /* the exchange's: what is sent in place of the request; or NULL */

    enum attempt_reply reply;
    int status;
    struct remarks remarks; /* of its head; texts in the attempt's arena */
    struct str type;        /* of what passes */
    struct bill *bill;      /* what that costs, in the exchange's arena; NULL: it does not say */
    struct str request_id;  /* the provider's own */
    struct buf collected;   /* an error or a document */
    struct stream *stream;  /* owned; NULL before the first */
    struct tally tally;

    uint64_t span;                 /* of the trace; 0: none is made */
    struct upstream_timing timing; /* of its connection, once that is known */
    uint64_t start_us;             /* on clock_us(); 0: it has not waited for anything yet */
    uint64_t asked_us;             /* when the call was made; 0: nobody was asked */
    uint64_t first_us;             /* from the start to the first byte of the body; 0: none came */
    uint64_t heard_us; /* ... to the newest sign of the provider before the answer began */
    bool accounted;
};

/* For the pool: memory that is kept from exchange to exchange. */
void attempt_init(struct attempt *a);
void attempt_fini(struct attempt *a);

enum attempt_start {
    ATTEMPT_STARTED, /* or waiting for credentials: exchange_attempt_started then says more */
    ATTEMPT_QUEUED,  /* its deployment has its hands full: exchange_attempt_started says more */
    ATTEMPT_UNFIT,   /* this deployment cannot serve this request; x->error says why */
    ATTEMPT_SHUT,    /* not now: failures, limits, its own word; x->error says which */
    ATTEMPT_BROKEN,  /* it should, but could not even begin; x->error says why */
};
/* Try a candidate with x's request. */
enum attempt_start attempt_start(struct exchange *x, const struct candidate *c);

/* The deployment has a place for it now: begin. */
enum attempt_start attempt_go_on(struct exchange *x);

/* Let go of the body of x's attempt, if the call has sent it whole. */
void attempt_release_body(struct exchange *x);
/* End the call, if it runs, without another word from it; tell the accountants of the attempt, if
 * they were not told; let go of its memory. */
void attempt_stop(struct exchange *x);
/* A stream that is cut off, by whoever, may not have said what it has used: guess that from what came, and say so
 * (x->guessed). */
void attempt_guess_usage(struct exchange *x);
/* Tell the accountants, at now_us; once for each attempt. */
void attempt_account(struct exchange *x, uint64_t now_us);

/* An id and a model for a reply of a dialect whose replies have none: those of the request. */
void attempt_name_reply(const struct exchange *x, struct ir_reply *r);

/* An error in our words: "provider NAME: TEXT". */
struct ir_error attempt_error(struct attempt *a, enum ir_fault kind, const char *text);
/* What a call ended with that is no whole reply, in our words. */
struct ir_error attempt_error_of_result(struct attempt *a, enum upstream_result r);
/* The error that x's attempt has collected. */
struct ir_error attempt_error_read(struct exchange *x);

/* How long the exchange, at now_us, has waited for the provider before it could answer. */
uint64_t attempt_wait_us(const struct attempt *a, uint64_t now_us);

/* Take an event of the reply into the tally, and show it to the taps. */
void attempt_tally(struct exchange *x, const struct ir_event *e);

#endif
