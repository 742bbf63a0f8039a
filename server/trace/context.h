/* Where a request stands in somebody's trace: the headers traceparent and tracestate
 * (w3.org/TR/trace-context, version 00).
 *
 *   traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
 *                version  trace id                   span id          flags */
#ifndef LLMUX_TRACE_CONTEXT_H
#define LLMUX_TRACE_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"

#define TRACE_PARENT_TEXT 55  /* bytes of the header's value */
#define TRACE_STATE_MAX   512 /* of tracestate; a longer one is not taken (3.3.1.5) */

struct trace_id {
    uint64_t high, low; /* all zero: none */
};

struct trace_context {
    struct trace_id trace;
    uint64_t span;
    bool sampled; /* the flag: whoever called may have recorded it */
};

static inline bool
trace_id_is_set(struct trace_id id)
{
    return id.high | id.low;
}

/* Read a traceparent.  False when it is not one; then the trace begins here. */
bool trace_context_read(struct str header, struct trace_context *c);
/* Write one, without a NUL. */
void trace_context_write(const struct trace_context *c, char to[TRACE_PARENT_TEXT]);
/* May this tracestate be passed on?  Printable ASCII of at most TRACE_STATE_MAX bytes and 32
 * members `key=value`. */
bool trace_state_is_sane(struct str header);

/* The bytes of ids, as protocols carry them. */
void trace_id_bytes(struct trace_id id, unsigned char to[16]);
void trace_span_bytes(uint64_t span, unsigned char to[8]);
/* Their text: 32 and 16 digits, without a NUL. */
void trace_id_text(struct trace_id id, char to[32]);
void trace_span_text(uint64_t span, char to[16]);

#endif
