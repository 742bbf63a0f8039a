/* The border between generated dialects and the written runtime ("xd": transducer).
 *
 * A generated file describes one dialect and the providers derived from it: for each of them one const struct
 * xd_dialect with functions that read and write requests, replies, stream events and errors.  They use nothing
 * but this header, the model (generated/ir.h) and the JSON writer.
 *
 *   bytes ─ framer ─► json_doc ─ read_* ─► struct ir_*  |  xd_flow_* ─► struct ir_event ─► sink
 *   struct ir_* | struct ir_event ─ write_* ─► struct jw ─► bytes
 *
 * One struct xd serves one direction of one exchange.  Reading an object has two passes: xd_scan walks the members
 * once and files the node of each known member in a slot (a nested path has a slot too), then the generated code
 * goes through the slots in the order of the spec's rows.  So the order of members on the wire never matters, the
 * last of repeated members wins, and unknown members are caught in one place. */
#ifndef LLMUX_XD_XD_H
#define LLMUX_XD_XD_H

#include "runtime/xd/context.h"
#include "runtime/xd/dialect.h"
#include "runtime/xd/reading.h"
#include "runtime/xd/streaming.h"
#include "runtime/xd/writing.h"

#endif
