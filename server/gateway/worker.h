/* A worker thread: an event loop with a listener, a client for providers, and the exchanges between
 * them.  Workers share nothing but the service, and snapshots of the configuration. */
#ifndef LLMUX_GATEWAY_WORKER_H
#define LLMUX_GATEWAY_WORKER_H

#include <pthread.h>

#include "server/gateway/bell.h"
#include "server/gateway/exchange.h"
#include "server/gateway/lease.h"
#include "server/gateway/measure_memo.h"
#include "server/gateway/phase.h"
#include "server/gateway/shedding.h"
#include "server/gateway/waker.h"
#include "server/http/server.h"
#include "server/media/media_fetch.h"

enum worker_role {
    WORKER_DATA,  /* serves clients */
    WORKER_ADMIN, /* serves the operator, also while the others drain */
};

enum worker_order {
    WORKER_RUN,
    WORKER_DRAIN, /* no new connections; running exchanges have drain_timeout to end */
    WORKER_LEAVE, /* another process serves: no new connections; running exchanges end */
    WORKER_STOP,  /* at once, with a last word to clients */
};

struct worker {
    struct service *service;        /* borrowed */
    struct lease *lease;            /* owned: of the newest snapshot that was taken over */
    _Atomic(struct gateway *) mail; /* owned: a snapshot to be taken over; NULL: none */
    enum worker_role role;
    pthread_t thread;
    struct event_base *base; /* owned, as are the next ones */
    struct http_server *http;
    struct upstream *upstream;
    struct media_fetcher media; /* of its own connections, see there */
    struct waker waker;         /* for mail, orders and the bell */
    struct event *drain_event;  /* drain_timeout is over */
    int done_fd;                /* borrowed: an eventfd that hears of the thread's end */
    _Atomic enum worker_order order;
    enum worker_order obeyed; /* the newest that was followed */
    bool started;             /* there is a thread to wait for */

    struct bell bell;            /* of other workers, about the requests of this one */
    struct metrics_shard *shard; /* NULL: nothing is counted */
    struct measure_memo measured;
    struct dice dice;
    struct request_ids ids;
    struct front_memo front;
    struct deadlines deadlines;
    struct shedding shedding;
    struct phase phases[EXCHANGE_PHASES];
    struct exchange_list running, pool;
    unsigned n_pool;
    struct tape_rack tapes;
    struct buf spare;     /* memory for a large body that is written anew */
    struct buf out;       /* for the bytes of one event or document; empty between uses */
    struct buf spans;     /* of an exchange that has ended, see spans.h */
    struct arena scratch; /* for what is made and used at one go; reset before each use */
    struct json_doc doc;  /* for what is read at one go */
};

/* Make a worker, whose thread does not run yet, with a hold of its own on g.  Returns NULL with the
 * reason in f. */
struct worker *
worker_create(struct gateway *g, enum worker_role role, int done_fd, struct fault *f);
/* Accept connections from a listening socket, which is owned from now on.  Before the start. */
MUST_CHECK enum err worker_listen(struct worker *w, int fd);
/* Start the thread; false when there is none to be had. */
bool worker_start(struct worker *w);
/* Tell the thread something; from any other thread. */
void worker_tell(struct worker *w, enum worker_order order);
/* Serve requests by this snapshot from now on; from any other thread.  Requests that begin after this
 * has returned are served so.  Its hold is the worker's from now on. */
void worker_adopt(struct worker *w, struct gateway *g);
/* Wait for the thread's end, if it was started, and free w. */
void worker_destroy(struct worker *w);

/* The newest snapshot, which may have come a moment ago.  On the worker's thread. */
const struct gateway *worker_gateway(struct worker *w);

/* For exchanges: one from the pool, with a lease, and back into it. */
struct exchange *worker_lend(struct worker *w);
void worker_give_back(struct worker *w, struct exchange *x);

#endif
