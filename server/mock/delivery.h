/* One reply on its way: the pieces of a source, given to the HTTP server in a certain manner. */
#ifndef LLMUX_MOCK_DELIVERY_H
#define LLMUX_MOCK_DELIVERY_H

#include "server/http/conn.h"
#include "server/mock/manner.h"
#include "server/mock/source.h"

struct event_base;
struct mock_delivery;

#define MOCK_HEADERS_MAX 16

struct mock_letter {
    int status;
    enum mock_form form;
    enum framing framing;                         /* of a stream */
    struct http_header headers[MOCK_HEADERS_MAX]; /* borrowed, as long as source */
    unsigned n_headers;
    struct mock_manner manner;  /* what it says about times, places and writes */
    struct mock_source *source; /* owned by the delivery; not NULL */
    /* The reply was delivered, or broken off on purpose, or the client has gone. */
    void (*over)(void *ctx);
    void *ctx;
};

/* Answer x, now or in time.  From now on x's data is the delivery, for the two functions below. */
void
mock_deliver(struct event_base *base, struct http_exchange *x, const struct mock_letter *letter);

/* x's client has gone: `over` is called, d is freed. */
void mock_delivery_gone(struct mock_delivery *d);

/* x's client has caught up. */
void mock_delivery_drained(struct mock_delivery *d);

#endif
