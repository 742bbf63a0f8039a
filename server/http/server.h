/* An HTTP server on one event loop: the connections of one port (or of several that share a
 * handler), their limits and their deadlines.  Each worker thread has its own; nothing is shared
 * between them.
 *
 *   struct http_limits limits = HTTP_LIMITS;
 *   struct http_server *s = http_server_create(base, &limits, &handler);
 *   http_listener_create(s, fd, NULL);        (listener.h)
 *   event_base_dispatch(base);
 *   ... http_server_drain(s, done, arg), and http_server_destroy(s) when done or out of patience */
#ifndef LLMUX_HTTP_SERVER_H
#define LLMUX_HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "server/http/conn.h"

struct event_base;
struct http_server;
struct http_tls;

struct http_limits {
    size_t max_connections;
    size_t max_head;    /* bytes; more is answered 431 */
    size_t max_body;    /* bytes of one request's body, decoded; more is answered 413 */
    size_t max_bodies;  /* bytes of all bodies held at one time; more is answered 503 */
    size_t high_water;  /* pending reply bytes above which http_reply_body says WAIT ... */
    size_t low_water;   /* ... and down to which drained() waits */
    size_t max_pending; /* pending reply bytes at which the client is given up; > high_water */
    unsigned head_ms;   /* from a head's first byte (or a connection's accept) to its last */
    unsigned body_ms;   /* between two pieces of a body */
    unsigned idle_ms;   /* between two requests */
    unsigned write_ms;  /* for a client whose window is full to take some bytes */
    unsigned linger_ms; /* for a client to read a refusal while it still sends */
};

/* The defaults: struct http_limits limits = HTTP_LIMITS; */
#define HTTP_LIMITS \
    { \
        .max_connections = 16384, .max_head = HTTP_HEAD_MAX, .max_body = (size_t)32 << 20, \
        .max_bodies = (size_t)1 << 30, .high_water = (size_t)256 << 10, \
        .low_water = (size_t)64 << 10, .max_pending = (size_t)64 << 20, .head_ms = 10000, \
        .body_ms = 30000, .idle_ms = 75000, .write_ms = 30000, .linger_ms = 2000, \
    }

/* Both are copied.  Returns NULL when memory ran out. */
struct http_server *http_server_create(struct event_base *base, const struct http_limits *limits,
                                       const struct http_handler *handler);
/* Close everything (gone() for running exchanges) and free s with its listeners.  Not from inside a
 * handler function. */
void http_server_destroy(struct http_server *s);

/* Take a connected non-blocking stream socket; owned from now on, whatever happens.  tls is NULL
 * for plain text, else borrowed and must outlive the connection. */
void http_server_adopt(struct http_server *s, int fd, struct http_tls *tls);

/* Other limits from now on: for new connections and deadlines, and for the bodies of new requests. */
void http_server_set_limits(struct http_server *s, const struct http_limits *limits);
/* Another certificate (borrowed; NULL: plain text) for the connections to come, at all listeners. */
void http_server_set_tls(struct http_server *s, struct http_tls *tls);

/* Stop accepting; close idle connections; answer running and half-read requests with `Connection:
 * close`.  done is called once, from the loop, when the last connection is gone.  There is no
 * deadline: the owner has one, and destroys s. */
void http_server_drain(struct http_server *s, void (*done)(void *arg), void *arg);

/* The same, but connections that are idle stay open for linger_ms, for the request that may be on its
 * way there: its answer says `Connection: close`. */
void http_server_leave(struct http_server *s, void (*done)(void *arg), void *arg);

/* Counters since the start, but for the two that are marked.  To be read on the loop's thread. */
struct http_stats {
    size_t connections;     /* now open */
    size_t exchanges;       /* now between request() and the reply's end */
    uint64_t accepted;      /* connections */
    uint64_t requests;      /* complete ones */
    uint64_t refused;       /* requests answered through error() */
    uint64_t gone;          /* exchanges whose client left */
    uint64_t timeouts;      /* connections closed by a deadline, idle ones excepted */
    uint64_t accept_errors; /* out of descriptors or memory, or too many connections */
    uint64_t bytes_in;      /* of plain text */
    uint64_t bytes_out;
};
const struct http_stats *http_server_stats(const struct http_server *s);

#endif
