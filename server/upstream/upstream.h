/* The HTTP client that talks to providers, on a libevent loop.
 *
 *   worker thread ─ event_base ─ struct upstream ─┬─ sites ─ kept-alive connections, HTTP/1.1
 *                                                 ├─ curl multis (<= 96 busy each): new
 *                                                 │    connections; HTTP/2 and proxies whole
 *                                                 └─ pool of idle struct upstream_call
 *
 * One struct upstream belongs to one thread and its event base; nothing is shared, nothing is
 * locked.  Several curl multis stand behind it because a multi costs O(busy connections) for each
 * request.
 *
 * The life of a call, as its owner sees it:
 *
 *   upstream_start ─► head ─► data* ─► done
 *        │              └────────┴──── upstream_cancel: nothing is called any more
 *        └─ a failure before the head goes straight to done
 *
 * No handler is ever called from inside a function of this header: all calls come from the event
 * loop.  So an owner may start, cancel, pause and resume any call from any handler. */
#ifndef LLMUX_UPSTREAM_UPSTREAM_H
#define LLMUX_UPSTREAM_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/err.h"
#include "runtime/base/str.h"

struct event_base;
struct sockaddr;
struct upstream;
struct upstream_call;

/* How a call ended.  OK means that the peer finished its reply; an HTTP error status is OK too.  A
 * reply framed by the close of the connection (neither Content-Length nor chunked) cannot show that
 * it was cut, and ends in OK. */
enum upstream_result {
    UPSTREAM_OK = 0,
    UPSTREAM_DNS,       /* the name of the host or of the proxy was not found */
    UPSTREAM_REFUSED,   /* no connection: refused, unreachable, no route */
    UPSTREAM_TLS,       /* handshake or certificate */
    UPSTREAM_PROXY,     /* the proxy refused the tunnel */
    UPSTREAM_RESET,     /* the connection broke before the first byte of the reply */
    UPSTREAM_TRUNCATED, /* the connection ended or broke inside the reply */
    UPSTREAM_PROTOCOL,  /* not HTTP, bad chunk sizes, HTTP/2 errors */
    UPSTREAM_TOO_LARGE, /* head above UPSTREAM_HEAD_MAX, or body above max_reply */
    UPSTREAM_TIMEOUT_CONNECT,
    UPSTREAM_TIMEOUT_FIRST_BYTE,
    UPSTREAM_TIMEOUT_IDLE,
    UPSTREAM_TIMEOUT_TOTAL,
    UPSTREAM_MEMORY,
    UPSTREAM_OTHER, /* anything else that curl reports; see the message */
};
#define UPSTREAM_RESULTS (UPSTREAM_OTHER + 1)

/* A short lower-case name: "ok", "dns", "timeout_idle", ... for logs and metrics. */
const char *upstream_result_name(enum upstream_result r);

#define UPSTREAM_HEAD_MAX 65536 /* bytes of a reply's head */

struct upstream_header {
    struct str name;
    struct str value;
};

/* The head of a reply.  Interim (1xx) heads and those of a proxy's CONNECT are not shown.  The
 * strings live until the call ends. */
struct upstream_head {
    int status;
    const struct upstream_header *headers;
    unsigned n;
};

/* The value of the first header of this name (any case), without surrounding blanks; absent when
 * there is none. */
struct str upstream_head_get(const struct upstream_head *head, struct str name);

/* HTTP/1.1 costs less a request.  HTTP/2 is offered by ALPN over TLS only.  Beware of it with curl
 * 7.88: when a peer answers before it has read a body above 64 kB (as a refusal does), curl waits
 * for leave to send the rest until a deadline ends the call. */
enum upstream_http { UPSTREAM_HTTP1 = 0, UPSTREAM_HTTP2 };

/* Milliseconds; 0 means none.
 * connect: name, TCP and TLS; a second connection, after an idle one had died, has the same time again.
 * first_byte: from upstream_start to the first byte of the body.  A head alone does not count: many
 * providers send it before they begin to think.
 * idle: between two pieces of the body; stands still while the call is paused.
 * total: from upstream_start to the end. */
struct upstream_deadlines {
    unsigned connect_ms;
    unsigned first_byte_ms;
    unsigned idle_ms;
    unsigned total_ms;
};

/* What to send.  upstream_start copies everything except body, which is borrowed until done is
 * called or upstream_cancel returns. */
struct upstream_request {
    struct str method; /* "POST", "GET", ... */
    struct str url;    /* absolute, http or https, already escaped */
    const struct upstream_header *headers;
    unsigned n_headers; /* without Host and Content-Length, made from url and body */
    /* of these, the first ones: made of our own constants and digits, or known to be sane, not to
     * be checked */
    unsigned n_sane;
    struct str body; /* absent: none */
    struct upstream_deadlines deadlines;
    uint64_t max_reply; /* bytes of body that may arrive; 0 = no limit */
    uint64_t now_us;    /* on CLOCK_MONOTONIC, when the caller has just read it; 0: it has not */
    enum upstream_http http;
    struct str ca_file; /* PEM; absent: the default of struct upstream_options */
    struct str proxy;   /* URL; absent: none.  The environment is never asked. */
};

/* How a call went. */
struct upstream_report {
    enum upstream_result result;
    struct str message;     /* for humans, lower case; "" when OK */
    int status;             /* 0 when no head arrived */
    uint64_t bytes;         /* of the body, as delivered to data */
    unsigned connects;      /* new connections made: 0 when an idle one was reused */
    bool reused;            /* the last try went over a connection that had served before */
    bool sent;              /* request bytes went out: the peer may have begun to work */
    uint64_t connect_us;    /* start to connection ready; 0 when reused or never ready */
    uint64_t first_byte_us; /* start to the first byte of the body; 0 when none came */
    uint64_t total_us;
};

/* How long a new connection took; all zero when the call uses one that was there. */
struct upstream_timing {
    uint64_t connect_us; /* from the start to TCP connected; 0: not yet */
    uint64_t tls_us;     /* from there to TLS ready; 0: plain, or not yet */
};

/* What the owner of a call hears.  Any member may be NULL. */
struct upstream_handler {
    /* The head is complete.  Once, before any data. */
    void (*head)(void *ctx, const struct upstream_head *head);
    /* The next n bytes of the body, n > 0, chunked coding removed.  Maybe many times a
     * turn of the loop: collect, do not flush. */
    void (*data)(void *ctx, const char *p, size_t n);
    /* The call ended, and its handle with it.  Exactly once, last.  report lives for the call. */
    void (*done)(void *ctx, const struct upstream_report *report);
};

/* Zero means the default.  Closing a multi closes its idle connections; the first multi stays. */
struct upstream_options {
    struct str ca_file;      /* PEM; the system's, or what curl was built with */
    unsigned busy_per_multi; /* 96 */
    unsigned idle_calls;     /* 256: ended calls kept for reuse, about 6 kB each */
    unsigned idle_multi_ms;  /* 60000: after this a multi without calls is closed */
    unsigned idle_links;     /* 256: idle connections kept to each host */
    unsigned idle_link_ms;   /* 90000: after this an idle connection is closed */
    /* May this address be connected to?  Asked for every connection, with the very address that it
     * is made to; a no ends the try as if nobody listened there.  NULL: any. */
    bool (*vet)(void *ctx, const struct sockaddr *address);
    void *vet_ctx;
};

/* Counters since creation, and gauges. */
struct upstream_stats {
    uint64_t started;
    uint64_t results[UPSTREAM_RESULTS]; /* calls ended, by result */
    uint64_t cancelled;
    uint64_t connects; /* new connections made */
    uint64_t reused;   /* calls served by a connection that had served before */
    unsigned busy;     /* calls running now */
    unsigned multis;
    unsigned pooled;  /* idle calls kept */
    unsigned sockets; /* open connections, busy or idle */
};

/* A client on base, which must outlive it.  opts may be NULL.  Returns NULL when memory is short.
 * The process should ignore SIGPIPE. */
struct upstream *upstream_create(struct event_base *base, const struct upstream_options *opts);
/* Cancel all calls (no handler is called) and close all connections.  Not from inside a handler. */
void upstream_destroy(struct upstream *u);

/* Begin a call.  The handle is valid until done returns or upstream_cancel returns.  For a request
 * that cannot be sent (bad header, bad URL, no memory, no libcurl) returns NULL, fills f (which may
 * be NULL), and calls nothing.  The first one of the process loads libcurl (curl_library.h), which
 * takes some 8 ms.  h must live as long as the call; ctx is passed to its functions. */
struct upstream_call *upstream_start(struct upstream *u, const struct upstream_request *req,
                                     const struct upstream_handler *h, void *ctx, struct fault *f);
/* May these headers be sent?  upstream_start refuses a request with others. */
bool upstream_headers_are_sane(const struct upstream_header *headers, unsigned n);
/* End a call at once: no handler is called any more, the body is no longer read.  No-op for NULL
 * and for a call inside its own done. */
void upstream_cancel(struct upstream_call *c);
/* For a running call, also inside its done. */
void upstream_timing(const struct upstream_call *c, struct upstream_timing *t);
/* Stop borrowing the body: true when the head of the reply is there and the body was sent whole, so
 * that it may be freed and the call goes on without it.  False: it is still needed. */
bool upstream_release_body(struct upstream_call *c);
/* Stop delivering data until upstream_resume.  At most what curl has already read (16 kB, more
 * with HTTP/2) waits here, the rest waits in the peer.  Takes effect at once, also inside data.
 * done may come to a paused call: when nothing waits and the reply ends, or a deadline does.
 * Idempotent. */
void upstream_pause(struct upstream_call *c);
/* Deliver again, from the loop.  Idempotent. */
void upstream_resume(struct upstream_call *c);

struct upstream_stats upstream_stats(const struct upstream *u);

#endif
