/* What all workers of an emulator have seen together. */
#ifndef LLMUX_MOCK_WITNESS_H
#define LLMUX_MOCK_WITNESS_H

#include <pthread.h>
#include <stdatomic.h>

#include "runtime/base/buf.h"
#include "server/http/conn.h"

#define MOCK_MODELS_MAX 512

struct mock_count_of_model {
    uint64_t hash;
    unsigned n;
};

struct mock_witness {
    /* Counters since the start, but for `open`. */
    _Atomic uint64_t requests; /* but for /mock/... */
    _Atomic uint64_t streams;  /* begun */
    _Atomic uint64_t aborted;  /* the client went before the reply's end */
    _Atomic uint64_t refused;  /* answered with an error that was not wished for */
    _Atomic uint64_t faults;   /* that were wished for */
    _Atomic uint64_t open;     /* replies that are not over */
    pthread_mutex_t lock;      /* of what follows */
    struct buf last;           /* the newest request, as JSON */
    struct mock_count_of_model models[MOCK_MODELS_MAX];
    unsigned n_models;
};

void mock_witness_init(struct mock_witness *w);
void mock_witness_fini(struct mock_witness *w);

/* Remember a request. */
void mock_witness_keep(struct mock_witness *w, const struct http_exchange *x);
/* Count a model's name; returns how often it was counted. */
unsigned mock_witness_model(struct mock_witness *w, struct str model);

/* Append {"requests":1,"streams":0,...}. */
void mock_witness_stats(struct mock_witness *w, struct buf *out);
/* Append {"method":"POST","path":"/v1/...","query":"","headers":{...},"body":"..."}, with the names
 * of headers in lower case; {} before the first. */
void mock_witness_last(struct mock_witness *w, struct buf *out);

#endif
