/* What a run has seen, and how it is printed. */
#ifndef LLMUX_BENCH_TALLY_H
#define LLMUX_BENCH_TALLY_H

#include <stdbool.h>

#include "tests/bench/histogram.h"
#include "tests/bench/process.h"

#define TALLY_PROBLEM 160

/* All zeros at first.  Histograms are in ns. */
struct tally {
    uint64_t requests;           /* answered well while measuring */
    uint64_t events, bytes;      /* of bodies, while measuring */
    uint64_t errors, reconnects; /* since the beginning */
    uint64_t unanswered; /* of an open loop: due while measuring, without a reply at the end */
    char problem[TALLY_PROBLEM]; /* the first error; "" without one */
    struct histogram
        latency; /* from the request (open loop: from when it was due) to the reply's end */
    struct histogram first; /* ... to the first event of a stream */
    struct histogram gap;   /* from an event of a stream to its next */
    struct histogram delay; /* of an event, against the pace its stream has at its best */
    uint64_t start_ns, end_ns;
    uint64_t own_cpu_ns;
    bool has_server;
    struct process_use before, after; /* of the server */
};

/* Forget what was measured; errors and reconnects stay. */
void tally_restart(struct tally *t);

/* Count an error. */
void tally_error(struct tally *t, const char *what, const char *detail);

/* One line of JSON to stdout.  Members of a kind that did not occur (events, the server) are left
 * out. */
void tally_print(const struct tally *t, unsigned connections);

#endif
