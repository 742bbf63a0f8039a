/* The inside of struct upstream; for the files of this directory only.
 *
 *   upstream.c  the functions of upstream.h, the queue of things to do, the end of calls
 *   call.c      a call: its request taken over, its deadlines
 *   wire.c      a call over HTTP/1.1 of our own, on a link.c of a site.c
 *   dial.c      curl makes the connection for it
 *   transfer.c  a call that is all curl's: HTTP/2, proxies
 *   multi.c     one curl multi on the loop
 *   result.c    curl's result codes in our words
 *
 * curl does what it does best: names, addresses, proxies, HTTP/2.  A transfer of curl's costs about
 * 10 us a request and 2 us an event more than a few hundred lines of HTTP/1.1, so the rest has those.
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

#include "server/upstream/lazy_timer.h"
#include "server/upstream/link.h"
#include "server/upstream/parsed_url.h"
#include "server/upstream/reply_head.h"
#include "server/upstream/request.h"
#include "server/upstream/sock.h"
#include "server/upstream/trust.h"
#include "server/upstream/upstream.h"
#include "server/wire/chunked.h"

/* One curl multi.  All its calls trust the same CA file: curl would otherwise let a call use a
 * connection that another one trusted. */
struct multi {
    struct upstream *u;
    CURLM *curl;             /* owned */
    struct lazy_timer timer; /* when curl wants to be called */
    struct trust *trust;
    unsigned busy;       /* transfers in it */
    uint64_t idle_since; /* us; when busy became 0 */
    bool inside;         /* curl is running: its API must not be entered */
    bool due;            /* in u->due: curl wants to be called in this turn */
    TAILQ_ENTRY(multi) due_link;
};

/* An easy handle that may be in a multi. */
struct transfer {
    CURL *easy;                                      /* owned; NULL: none was needed yet */
    struct multi *m;                                 /* while it is in one */
    void (*over)(struct transfer *t, CURLcode code); /* curl is through with it */
};

struct dial;

enum wire_phase { WIRE_COUNTED, WIRE_CHUNKED, WIRE_CLOSE };

/* A call on its way over HTTP/1.1 of our own; see wire.c. */
struct wire {
    struct site *site; /* it is one of its users */
    struct link *link;
    struct dial *dial; /* a connection is being made */
    struct buf head;   /* of the request, with a small body; empty once it is not needed again */
    size_t head_size;  /* what it had */
    size_t sent;       /* of head and body */
    bool fresh;        /* no idle link, please */
    bool deaf;         /* the peer takes no more of the request */
    bool heard;        /* a head came, maybe an interim one */
    bool keep;         /* the link may serve again */
    bool over;         /* result says how */
    uint64_t read_at;  /* us; when wire_run has last read in this run, 0: not yet */
    enum upstream_result result;
    enum wire_phase phase; /* of the body */
    uint64_t left;         /* of a counted one */
    struct http_chunked chunked;
};

enum call_state {
    CALL_POOLED,
    CALL_QUEUED,    /* started, not yet on its way */
    CALL_RUNNING,   /* on its way */
    CALL_CANCELLED, /* by its owner from inside; leaves with the next kick */
    CALL_ENDED,     /* done is being called */
};

/* What went wrong.  Most calls have none of it. */
struct upstream_words {
    char error[CURL_ERROR_SIZE]; /* curl writes here */
    char message[CURL_ERROR_SIZE + 300];
};

struct upstream_call {
    struct transfer transfer; /* first; unless it is direct */
    struct upstream *u;
    bool direct;     /* by wire.c */
    bool entered;    /* wire.c is at work on it */
    bool connecting; /* no connection yet */
    bool no_body;    /* HEAD: the reply has none whatever it announces */
    struct wire wire;
    unsigned connects;      /* connections made */
    uint64_t connects_from; /* us; when the time for the newest of them began */
    uint64_t dialled;       /* us; when TCP was connected, 0: not yet or reused */
    uint64_t connected;     /* us; when that was ready, 0: not yet or reused */
    enum call_state state;
    bool queued;                  /* in u->queue */
    bool paused;                  /* by the owner */
    bool stuck;                   /* reading has stopped */
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
    /* us: started, first byte of the body (0: none), newest byte, the end */
    uint64_t start, first, last, ended;
    struct lazy_timer timer;         /* the next deadline */
    TAILQ_ENTRY(upstream_call) link; /* in u->calls or u->pool */
    TAILQ_ENTRY(upstream_call) queue_link;
    struct upstream_words *words; /* owned; NULL: there are none */
};

TAILQ_HEAD(call_list, upstream_call);
TAILQ_HEAD(multi_list, multi);

struct upstream {
    struct event_base *base;
    struct event kick;      /* active when queue or due are not empty */
    struct call_list queue; /* to start, to resume, to drop */
    struct call_list calls; /* all that are not in the pool */
    struct call_list pool;
    struct multi **multis; /* owned */
    unsigned n_multis, room_multis;
    struct multi_list due;
    struct lazy_timer reap; /* closes idle multis and links */
    TAILQ_HEAD(, dial) dials;
    struct site_table sites;
    struct links links;
    char *input;                 /* owned; where links are read, UPSTREAM_INPUT bytes */
    struct upstream_words words; /* of calls for whose own there is no memory */
    /* owned; room for those of the head that is complete just now */
    struct upstream_header *headers;
    unsigned room_headers;
    struct sock_table socks;
    struct parsed_url_cache urls;
    struct trust_table trusts;
    struct upstream_options options;
    struct upstream_stats stats;
};

/* upstream.c: may curl connect to this address? */
bool upstream_vets(const struct upstream *u, const struct curl_sockaddr *a);

/* call.c */

#define UPSTREAM_METHOD_MAX 31

/* A new call for the pool; NULL when memory is short. */
struct upstream_call *upstream_call_create(struct upstream *u);
void upstream_call_destroy(struct upstream_call *c);
/* Take req over; c is then ready to go. */
enum err
upstream_call_prepare(struct upstream_call *c, const struct upstream_request *req, struct fault *f);
/* Let go of everything borrowed. */
void upstream_call_clear(struct upstream_call *c);
/* c's own, made when missing. */
struct upstream_words *upstream_words(struct upstream_call *c);
/* reply_head_end with an array for the headers, which goes back with upstream_tell_head: that calls
 * the owner, if told. */
bool upstream_end_head(struct upstream_call *c, int status);
void upstream_tell_head(struct upstream_call *c, bool told);
/* When the next deadline ends; LAZY_TIMER_OFF if none does.  *which is its result. */
uint64_t upstream_call_deadline(const struct upstream_call *c, enum upstream_result *which);
/* Give the owner n > 0 bytes of the body, which came now.  False when the call must end: c->verdict, or cancelled. */
bool upstream_deliver(struct upstream_call *c, const char *p, size_t n, uint64_t now);

/* transfer.c */

/* What every easy handle is told; 0 when all of it was understood. */
int upstream_set_basics(CURL *e, struct upstream *u, struct transfer *t);
/* Tell curl about c's request.  False when memory is short. */
bool transfer_prepare(struct upstream_call *c, const struct upstream_request *req);

/* wire.c */

#define UPSTREAM_INPUT ((size_t)64 << 10)

/* Send c's request over an idle link or a new one. */
void wire_begin(struct upstream_call *c);
/* Do what can be done on c's link; then tell its owner. */
void wire_run(struct upstream_call *c);
/* Has all of the request gone? */
bool wire_is_sent(const struct upstream_call *c);
/* The body, all of it sent, is going away. */
void wire_release_body(struct upstream_call *c);
/* The loop has news of links: an event of the loop's, with the client. */
void wire_serve(evutil_socket_t fd, short what, void *u);
/* Read on after a pause. */
void wire_resume(struct upstream_call *c);
/* A dial is over: fd, or -1 and curl's code.  c is NULL when the call has gone. */
void
wire_dialled(struct upstream *u, struct site *site, struct upstream_call *c, int fd, CURLcode code);
/* Part c from its link, which is kept for the next call if it is clean. */
void wire_let_go(struct upstream_call *c);

/* dial.c */

/* Connect to a site for a call, within connect_ms (0: a default); wire_dialled hears of it.  NULL
 * when memory is short. */
struct dial *
dial_start(struct upstream *u, struct site *site, struct upstream_call *call, unsigned connect_ms);
/* The call has gone. */
void dial_abandon(struct dial *d);
/* All dials of u, with their handles. */
void dial_destroy_all(struct upstream *u);

/* idle.c */

/* The idle link that was used last, of those that the loop has told nothing of; NULL when there is none. */
struct link *link_take(struct site *s);
/* Let it wait for its next call, from now on, or close it if the loop cannot watch it; beyond options.idle_links the oldest is closed. */
void link_keep(struct link *l, struct upstream *u, uint64_t now);
/* Close the links that have waited too long; returns when to look again, LAZY_TIMER_OFF: no need. */
uint64_t links_reap(struct upstream *u, uint64_t now);

/* multi.c */

/* A multi with room for a transfer that trusts so, made if need be; NULL when memory is short. */
struct multi *multi_pick(struct upstream *u, struct trust *trust);
void multi_destroy(struct multi *m);
/* Put t into m and have curl look at it in this turn. */
CURLMcode multi_add(struct multi *m, struct transfer *t);
/* Take t out of its multi.  Not while curl is inside. */
void multi_remove(struct upstream *u, struct transfer *t);
/* Let curl work on fd, or with CURL_SOCKET_TIMEOUT on its timers; then tell the owners. */
void multi_run(struct multi *m, curl_socket_t fd, int events);
/* Let curl deliver what it held back while c was paused; then tell the owners. */
void multi_resume(struct upstream_call *c);

/* upstream.c */

/* Call on_kick in this turn of the loop. */
void upstream_kick(struct upstream *u);
/* curl's work is done for now: end the calls of m that are finished. */
void upstream_settle(struct multi *m);
/* curl is through with c, for better or worse: tell the owner unless it has cancelled. */
void upstream_over(struct upstream_call *c, CURLcode code);
/* c is over now: tell the owner, then let go of it.  The message is in c->words.  From the loop only. */
void upstream_finish(struct upstream_call *c, enum upstream_result result, uint64_t now);
/* Look for idle multis and links then, at the latest. */
void upstream_reap_by(struct upstream *u, uint64_t due);
/* Set c's timer to its next deadline, which may be earlier than the one before.  One that has moved away is
 * noticed when the timer fires. */
void upstream_rearm(struct upstream_call *c);
/* c's timer fired: end it if a deadline is over. */
void upstream_expire(struct upstream_call *c);

/* result.c */

/* Curl's code for c in our words, and a message in c->words. */
enum upstream_result upstream_result_of(struct upstream_call *c, CURLcode code);
/* The message for an end of our own making. */
void upstream_result_message(struct upstream_call *c, enum upstream_result r);

#endif
