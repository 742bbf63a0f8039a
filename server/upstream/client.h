/* The inside of struct upstream; for the files of this directory only.
 *
 *   upstream.c  the functions of upstream.h, the queue of things to do, the end of calls
 *   multi.c     one curl multi on the loop
 *   call.c      one transfer: options for curl, curl's callbacks, deadlines
 *   result.c    curl's result codes in our words
 *
 * What may happen when: curl's API must not be entered while curl is calling us (multi->inside),
 * and an owner's handler must not be called while the owner is calling us.  So upstream_start and
 * upstream_resume only put the call into the queue and activate the kick event, which runs in the
 * same turn of the loop without a system call. */
#ifndef LLMUX_UPSTREAM_CLIENT_H
#define LLMUX_UPSTREAM_CLIENT_H

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/queue.h>

#include "server/upstream/reply_head.h"
#include "server/upstream/lazy_timer.h"
#include "server/upstream/request.h"
#include "server/upstream/sock.h"
#include "server/upstream/trust.h"
#include "server/upstream/parsed_url.h"
#include "server/upstream/upstream.h"

/* One curl multi.  All its calls trust the same CA file: curl would otherwise let a call use a
 * connection that another one trusted. */
struct multi {
    struct upstream *u;
    CURLM *curl;             /* owned */
    struct lazy_timer timer; /* when curl wants to be called */
    struct trust *trust;
    unsigned busy;       /* calls in it */
    uint64_t idle_since; /* us; when busy became 0 */
    bool inside;         /* curl is running: its API must not be entered */
    bool due;            /* in u->due: curl wants to be called in this turn */
    TAILQ_ENTRY(multi) due_link;
};

enum call_state {
    CALL_POOLED,
    CALL_QUEUED,    /* started, not yet in a multi */
    CALL_RUNNING,   /* in a multi */
    CALL_CANCELLED, /* by its owner while curl was inside; leaves with the next kick */
    CALL_ENDED,     /* done is being called */
};

struct upstream_call {
    struct upstream *u;
    struct multi *m; /* while it is in one */
    CURL *easy;      /* owned */
    enum call_state state;
    bool queued;                  /* in u->queue */
    bool touched;                 /* in u->touched */
    bool paused;                  /* by the owner */
    bool stuck;                   /* curl was told to stop reading */
    bool has_proxy;               /* easy's proxy is not the default */
    struct trust *trust;          /* what easy is set to */
    enum upstream_result verdict; /* our own reason to stop, when not OK */
    const struct upstream_handler *handler;
    void *ctx;
    struct parsed_url *url; /* a reference */
    struct request_lines lines;
    struct str body;  /* borrowed */
    size_t body_read; /* bytes of body that curl has; body_read <= body.n */
    bool body_small;  /* curl has the whole of it, by pointer, until the head is sent */
    struct reply_head head;
    uint64_t max_reply;
    uint64_t bytes; /* of the body, delivered */
    struct upstream_deadlines deadlines;
    uint64_t start, first, last; /* us: started, first byte of the body (0: none), newest byte */
    struct lazy_timer timer;     /* the next deadline */
    TAILQ_ENTRY(upstream_call) link; /* in u->calls or u->pool */
    TAILQ_ENTRY(upstream_call) queue_link;
    TAILQ_ENTRY(upstream_call) touched_link;
    char error[CURL_ERROR_SIZE]; /* curl writes here */
    char message[CURL_ERROR_SIZE + 300];
};

TAILQ_HEAD(call_list, upstream_call);
TAILQ_HEAD(multi_list, multi);

struct upstream {
    struct event_base *base;
    struct event kick;        /* active when queue or due are not empty */
    struct call_list queue;   /* to start, to resume, to drop */
    struct call_list touched; /* got head or data in this turn */
    struct call_list calls;   /* all that are not in the pool */
    struct call_list pool;
    struct multi **multis; /* owned */
    unsigned n_multis, room_multis;
    struct multi_list due;
    struct lazy_timer reap; /* closes idle multis */
    struct sock_table socks;
    struct parsed_url_cache urls;
    struct trust_table trusts;
    struct upstream_options options;
    struct upstream_stats stats;
};

/* call.c */

/* A new call for the pool; NULL when memory is short. */
struct upstream_call *upstream_call_create(struct upstream *u);
void upstream_call_destroy(struct upstream_call *c);
/* Take req over; c is then ready for a multi. */
enum err
upstream_call_prepare(struct upstream_call *c, const struct upstream_request *req, struct fault *f);
/* Let go of everything borrowed. */
void upstream_call_clear(struct upstream_call *c);
/* When the next deadline ends; LAZY_TIMER_OFF if none does.  *which is its result. */
uint64_t upstream_call_deadline(const struct upstream_call *c, enum upstream_result *which);

/* multi.c */

/* A multi with room for a call that trusts so, made if need be; NULL when memory is short.
 * */
struct multi *multi_pick(struct upstream *u, struct trust *trust);
void multi_destroy(struct multi *m);
/* Put c into m and have curl look at it in this turn. */
CURLMcode multi_add(struct multi *m, struct upstream_call *c);
/* Take c out of its multi.  Not while curl is inside. */
void multi_remove(struct upstream_call *c);
/* Let curl work on fd, or with CURL_SOCKET_TIMEOUT on its timers; then tell the owners. */
void multi_run(struct multi *m, curl_socket_t fd, int events);
/* Let curl deliver what it held back while c was paused; then tell the owners. */
void multi_resume(struct upstream_call *c);

/* upstream.c */

/* Call on_kick in this turn of the loop. */
void upstream_kick(struct upstream *u);
/* curl's work is done for now: end the calls of m that are finished, and tell the touched ones that
 * the turn is over. */
void upstream_settle(struct upstream *u, struct multi *m);
/* c has news for its owner in this turn. */
void upstream_touch(struct upstream_call *c);
/* curl is through with c, for better or worse: tell the owner unless it has cancelled. */
void upstream_over(struct upstream_call *c, CURLcode code);
/* c's timer fired: end it if a deadline is over. */
void upstream_expire(struct upstream_call *c);

/* result.c */

/* Curl's code for c in our words, and a message in c->message. */
enum upstream_result upstream_result_of(struct upstream_call *c, CURLcode code);
/* The message for an end of our own making. */
void upstream_result_message(struct upstream_call *c, enum upstream_result r);

#endif
