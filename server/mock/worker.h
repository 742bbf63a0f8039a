/* One thread of an emulator: a loop, an HTTP server on it, and what answers requests. */
#ifndef LLMUX_MOCK_WORKER_H
#define LLMUX_MOCK_WORKER_H

#include "server/mock/fixed.h"
#include "server/mock/options.h"
#include "server/mock/replay.h"
#include "server/mock/witness.h"

struct http_tls;
struct http_server;
struct event_base;

/* What the workers share.  All borrowed. */
struct mock_setting {
    const struct mock_options *options;
    struct mock_witness *witness;
    struct mock_replay *replay; /* or NULL */
    struct http_tls *tls;       /* or NULL */
};

struct mock_worker {
    const struct mock_setting *setting;
    struct event_base *base;    /* owned */
    struct http_server *server; /* owned */
    struct event *stop_event;   /* owned */
    int stop_fd;                /* owned */
    uint64_t requests;
    struct mock_fixed fixed;
};

/* Serve connections from the listening socket fd, which is taken over whatever happens.  False with
 * the reason in f. */
bool mock_worker_init(struct mock_worker *w, const struct mock_setting *setting, int fd,
                      struct fault *f);
/* Serve until mock_worker_stop, which may be called from any thread. */
void mock_worker_run(struct mock_worker *w);
void mock_worker_stop(struct mock_worker *w);
/* Not while it runs. */
void mock_worker_fini(struct mock_worker *w);

#endif
