/* Values that have an inside: lists and maps of values (AnyValue of opentelemetry-proto).
 *
 *   size_t pair = otlp_entry_begin(b, OTLP_SPAN_ATTRIBUTE, "gen_ai.system_instructions");
 *   struct otlp_open list = otlp_list_begin(b, OTLP_ENTRY_VALUE);
 *       struct otlp_open map = otlp_map_begin(b, OTLP_ELEMENT);
 *           otlp_str(b, OTLP_ELEMENT, "type", STR("text"));
 *       otlp_value_end(b, map);
 *   otlp_value_end(b, list);
 *   pb_end(b, pair); */
#ifndef LLMUX_TRACE_OTLP_ANY_H
#define LLMUX_TRACE_OTLP_ANY_H

#include "server/trace/otlp.h"

/* Where a value goes: the value of an entry; an element of a list, and an entry of a map. */
enum { OTLP_ENTRY_VALUE = 2, OTLP_ELEMENT = 1 };

/* Where a span goes in its scope, and a record, and a metric. */
enum { OTLP_ITEM = 2 };

/* A string; what is no UTF-8 becomes a replacement character for each byte. */
void otlp_text(struct buf *b, unsigned field, struct str s);

/* Begin an entry of any key, as this field of the message; pb_end ends it. */
size_t otlp_entry_begin(struct buf *b, unsigned field, struct str key);

struct otlp_open {
    size_t value, inside;
};

struct otlp_open otlp_list_begin(struct buf *b, unsigned field);
struct otlp_open otlp_map_begin(struct buf *b, unsigned field);
void otlp_value_end(struct buf *b, struct otlp_open o);

/* Values by themselves. */
void otlp_value_str(struct buf *b, unsigned field, struct str s);
void otlp_value_int(struct buf *b, unsigned field, int64_t v);
void otlp_value_double(struct buf *b, unsigned field, double v);
void otlp_value_bool(struct buf *b, unsigned field, bool v);
/* None: null. */
void otlp_value_none(struct buf *b, unsigned field);

#endif
