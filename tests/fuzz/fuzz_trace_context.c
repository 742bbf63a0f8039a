/* Any bytes as traceparent and as tracestate: what is taken can be written, and is then taken as the same. */
#include <stdint.h>
#include <stdlib.h>

#include "server/trace/context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct trace_context c, again;
    char text[TRACE_PARENT_TEXT];
    char *copy = malloc(n ? n : 1);
    memcpy(copy, data, n);
    struct str header = str_make(copy, n);
    if (trace_context_read(header, &c)) {
        trace_context_write(&c, text);
        if (!trace_context_read(str_make(text, sizeof text), &again) || again.span != c.span
            || again.trace.high != c.trace.high || again.trace.low != c.trace.low
            || again.sampled != c.sampled)
            abort();
    }
    if (trace_state_is_sane(header) && (n > TRACE_STATE_MAX || memchr(copy, '\n', n)))
        abort();
    free(copy);
    return 0;
}
