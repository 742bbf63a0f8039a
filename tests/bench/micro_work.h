/* What a micro-benchmark repeats. */
#ifndef LLMUX_BENCH_MICRO_WORK_H
#define LLMUX_BENCH_MICRO_WORK_H

#include <stdbool.h>

#include "runtime/base/buf.h"
#include "runtime/xd/xd.h"

struct micro_job;

/* Does the work once; ends the process when that fails. */
typedef void micro_run(struct micro_job *j);

struct micro_job {
    const char *name;
    const char *unit; /* what `units` counts: "event", "document" */
    micro_run *run;
    unsigned units;                     /* in the input */
    const struct xd_dialect *from, *to; /* of translations */
    struct str input;
    size_t out;      /* bytes written by the last run, so that no work can be left out */
    bool keeps;      /* put what is written into `kept` */
    struct buf kept; /* set up by whoever wants it */
};

micro_run micro_run_json;        /* read a document into nodes */
micro_run micro_run_sse;         /* cut a stream into events */
micro_run micro_run_eventstream; /* the same of the binary framing, checksums included */
micro_run micro_run_stream;      /* translate a stream, fed in pieces of 16 KB */
micro_run micro_run_request;     /* read a request, settle what fits, write it */
micro_run micro_run_redact;      /* mask what is secret or personal in a text */
micro_run micro_run_reply;       /* read and write a whole reply */

#endif
