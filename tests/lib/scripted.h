/* A TCP server that does what a test tells it, on the test's own event loop.
 *
 * For each request (a head, and a body by Content-Length or none) the next script is played.  A
 * script is an array of steps that ends with {0}.  The last script repeats. */
#ifndef LLMUX_TESTS_SCRIPTED_H
#define LLMUX_TESTS_SCRIPTED_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/buf.h"

#define SCRIPTED_MAX 16 /* scripts */

struct ssl_ctx_st;
struct scripted;

enum step_act {
    STEP_END = 0, /* wait for the next request */
    STEP_SEND,    /* text */
    STEP_FILL,    /* n bytes: 'a' + i % 26 */
    STEP_WAIT,    /* n ms */
    STEP_CLOSE,
    STEP_RESET, /* close with a TCP reset */
};

struct step {
    enum step_act act;
    const char *text;
    size_t n; /* ms, or bytes; for text 0 means its length */
};

/* What was seen so far. */
struct scripted_seen {
    unsigned connections;
    unsigned open;
    unsigned requests;
    size_t body;        /* bytes of the newest request's body */
    struct buf request; /* the newest request, head and body */
};

/* A server on 127.0.0.1 with a free port.  tls may be NULL; it is borrowed, as are the steps. */
struct scripted *scripted_create(struct event_base *base, struct ssl_ctx_st *tls,
                                 const struct step *const *scripts, unsigned n);
void scripted_destroy(struct scripted *s);
unsigned scripted_port(const struct scripted *s);
/* Play these from the next request on. */
void scripted_set(struct scripted *s, const struct step *const *scripts, unsigned n);
const struct scripted_seen *scripted_seen(const struct scripted *s);
/* Close every connection that waits for a request. */
void scripted_close_idle(struct scripted *s);
/* Say this, unasked, on every connection that waits for a request. */
void scripted_say_idle(struct scripted *s, const char *text);
/* Leave new connections to the kernel: they are made, but nobody says a word, nor shakes hands. */
void scripted_ignore_new(struct scripted *s);

#endif
