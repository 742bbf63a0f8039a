/* The labelled set that redaction is measured with: made here, the same each time.
 *
 *   positives   a secret or something personal of every kind, in each of the forms it usually has, within ordinary
 *               text: where it stands, and what it is
 *   negatives   what looks like one and is none: UUIDs, hashes, order numbers, versions, dates, ISBNs, cards and
 *               accounts with wrong check digits, images in base64, dumps, prices, coordinates, code, log lines
 *
 * Numbers are drawn by a generator with a fixed seed, so that no real one is meant; what is not drawn is written by hand
 * below, or in documentation ranges. */
#ifndef LLMUX_TESTS_REDACT_SET_H
#define LLMUX_TESTS_REDACT_SET_H

#include "runtime/base/buf.h"
#include "runtime/redact/kind.h"

#define REDACT_SET_POSITIVES 2400
#define REDACT_SET_NEGATIVES 6000

struct redact_sample {
    struct buf text;
    size_t at, n; /* of the secret */
    enum redact_kind kind;
};

void redact_sample_init(struct redact_sample *s);
void redact_sample_fini(struct redact_sample *s);
/* The i-th positive, i < REDACT_SET_POSITIVES. */
void redact_set_positive(struct redact_sample *s, unsigned i);
/* The i-th negative, i < REDACT_SET_NEGATIVES; at and n mean nothing.  Returns what it looks like. */
const char *redact_set_negative(struct redact_sample *s, unsigned i);

#endif
