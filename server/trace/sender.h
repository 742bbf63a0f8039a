/* One request to an OTLP receiver at a time, by curl; for the exporter's thread. */
#ifndef LLMUX_TRACE_SENDER_H
#define LLMUX_TRACE_SENDER_H

#include "server/trace/exporter.h"

struct sender;

enum send_result {
    SEND_OK,
    SEND_RETRY,  /* the receiver is away or busy: later, perhaps */
    SEND_REFUSED /* it does not want this */
};

struct send_report {
    enum send_result result;
    unsigned wait_ms;  /* what the receiver said to wait; 0: nothing */
    uint64_t rejected; /* spans, points or records of a message that it took otherwise */
    char why[320];     /* for people; "" when all is well */
};

/* Options as the exporter's, which must outlive it.  stop is asked often during a request: true ends
 * it.  NULL when memory is short. */
struct sender *
sender_create(const struct exporter_options *opts, bool (*stop)(void *ctx), void *ctx);
void sender_destroy(struct sender *s);

/* Send a whole message, and wait for the answer. */
struct send_report sender_send(struct sender *s, enum otlp_signal signal, struct str message);

#endif
