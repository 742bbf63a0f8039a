/* Inputs for the micro-benchmarks.  They are made in two dialects by hand, in the others by translating these.  What is
 * returned lives until the process ends. */
#ifndef LLMUX_BENCH_MICRO_SAMPLE_H
#define LLMUX_BENCH_MICRO_SAMPLE_H

#include <stdbool.h>

#include "runtime/xd/xd.h"

/* One streamed event's document, 250 bytes. */
struct str micro_sample_document(void);

/* A stream of so many events that say `text` bytes each, behind and before what opens and closes it. */
struct str micro_sample_stream(const struct xd_dialect *d, unsigned events, size_t text);

/* A conversation of about so many bytes, with a tool and a question at its end. */
struct str micro_sample_request(const struct xd_dialect *d, size_t bytes);

/* A whole reply with a text of so many bytes. */
struct str micro_sample_reply(const struct xd_dialect *d, size_t text);

/* Prose of about so many bytes; with secrets, an address of mail or a key in each 400 of them. */
struct str micro_sample_prose(size_t bytes, bool secrets);

#endif
