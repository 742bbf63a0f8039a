/* Owners of upstream calls for tests: a loop with a client and a scripted server on it, and records
 * of what each owner heard. */
#ifndef LLMUX_TESTS_CALLER_H
#define LLMUX_TESTS_CALLER_H

#include <stdbool.h>

#include "runtime/base/buf.h"
#include "server/upstream/upstream.h"
#include "tests/lib/scripted.h"

#define SCRIPTS(...) \
    (const struct step *const[]){ __VA_ARGS__ }, \
        sizeof((const struct step *const[]){ __VA_ARGS__ }) / sizeof(struct step *)
#define STEPS(...) \
    (const struct step[]) \
    { \
        __VA_ARGS__, \
        { \
            0 \
        } \
    }
#define SEND(s) \
    { \
        STEP_SEND, s, 0 \
    }
#define WAIT(ms) \
    { \
        STEP_WAIT, 0, ms \
    }
#define CLOSE \
    { \
        STEP_CLOSE, 0, 0 \
    }
#define RESET \
    { \
        STEP_RESET, 0, 0 \
    }
#define STALL \
    { \
        STEP_WAIT, 0, 3600000 \
    }
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

struct ssl_ctx_st;

struct world {
    struct event_base *base;
    struct upstream *up;
    struct scripted *server;
    unsigned port;
    enum upstream_http http; /* of request_to */
};

enum hook { HOOK_NONE, HOOK_HEAD, HOOK_DATA, HOOK_DONE };

/* One call and what its owner heard. */
struct caller {
    struct world *w;
    struct upstream_call *call;
    unsigned heads, pieces, dones;
    int status;
    char type[64]; /* Content-Type */
    struct buf body;
    struct upstream_report report;
    char message[256];
    enum hook cancel_in; /* cancel `victim`, or oneself, there */
    struct caller *victim;
    bool cancelled; /* that happened */
    bool pause_in_data;
};

/* Answers "hello". */
extern const struct step hello[];

/* Tests for both ways a call may take: HTTP/1.1 of our own and, as what offers HTTP/2, curl's.  The
 * file has setup, setup_curl and teardown. */
#define BOTH(f) \
    { #f, f, setup, teardown, NULL }, \
    { \
#f "_with_curl", f, setup_curl, teardown, NULL \
    }

void world_init(struct world *w, struct ssl_ctx_st *tls, const struct upstream_options *opts);
void world_fini(struct world *w);
/* Turn the loop until *count reaches n; fails after ten seconds. */
void run_until(struct world *w, const unsigned *count, unsigned n);
void run_for(struct world *w, unsigned ms);

void caller_init(struct caller *c, struct world *w);
void caller_fini(struct caller *c);
/* A small POST; url is memory for its address. */
struct upstream_request request_to(struct world *w, char url[64]);
void caller_start(struct caller *c, const struct upstream_request *req);
/* init, start, wait for the end. */
void caller_run(struct caller *c, struct world *w, const struct upstream_request *req);
void caller_post(struct caller *c, struct world *w);
void assert_body(const struct caller *c, const char *text);
unsigned open_files(void);

#endif
