/* What an OTLP receiver answers.
 *
 *   it took the message   ExportTraceServiceResponse { partial_success { rejected, why } } and its like
 *   it did not            google.rpc.Status { code, why, details { RetryInfo { delay } } }: the body over
 *                         HTTP, the trailer grpc-status-details-bin over gRPC */
#ifndef LLMUX_TRACE_RECEIPT_H
#define LLMUX_TRACE_RECEIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"

struct receipt {
    uint64_t rejected; /* spans, points or records that it did not take */
    struct str why;    /* for people; absent: it does not say; points into the message */
    bool may_retry;    /* it said when to try again, */
    uint64_t wait_ms;  /* and that is this far away */
};

/* Of a receiver that took the message.  What is no such answer says nothing. */
struct receipt receipt_of_success(struct str message);
/* Of one that did not. */
struct receipt receipt_of_status(struct str message);

#endif
