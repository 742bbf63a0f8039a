/* Spans, encoded in one pass: what is always there has its place, and names of attributes are constants. */
#ifndef LLMUX_TRACE_OTLP_SPAN_H
#define LLMUX_TRACE_OTLP_SPAN_H

#include "runtime/base/brief.h"
#include "server/trace/otlp.h"

enum otlp_kind { OTLP_INTERNAL = 1, OTLP_SERVER = 2, OTLP_CLIENT = 3 };

struct otlp_span {
    struct trace_id trace;
    uint64_t span, parent; /* parent 0: none */
    bool remote;           /* the parent is another process's */
    struct str state;      /* tracestate; absent: none */
    struct str name;
    enum otlp_kind kind;
    uint64_t start_ns, end_ns; /* since 1970 */
};

/* Begin a span; attributes, events and a status follow, then otlp_span_end.  It is a whole item of
 * OTLP_TRACES. */
size_t otlp_span_begin(struct buf *b, const struct otlp_span *s);
void otlp_span_event(struct buf *b, struct brief name, uint64_t at_ns);
/* It failed, and why; for people. */
void otlp_span_failed(struct buf *b, struct str message);
void otlp_span_end(struct buf *b, size_t at);

/* Attributes.  A string that is not UTF-8 is made so; an absent one writes nothing. */
void otlp_span_str(struct buf *b, struct brief key, struct str value);
/* The same for what is UTF-8 for certain: what llmux or its configuration says. */
void otlp_span_word(struct buf *b, struct brief key, struct str value);
void otlp_span_int(struct buf *b, struct brief key, int64_t value);
void otlp_span_double(struct buf *b, struct brief key, double value);
/* A list of this word alone. */
void otlp_span_list(struct buf *b, struct brief key, struct str word);
void otlp_span_bool(struct buf *b, struct brief key, bool value);

#endif
