/* From lines of the log to records for the exporter. */
#ifndef LLMUX_GATEWAY_RECORDS_H
#define LLMUX_GATEWAY_RECORDS_H

#include <stdint.h>

#include "runtime/base/buf.h"
#include "runtime/base/str.h"

/* Append a line of the log, with its line end, as an item of OTLP_LOGS: of a line of JSON the event is
 * the body and the fields are attributes; of any other the line is the body.  wall_ns: now, since
 * 1970. */
void records_write(struct buf *out, struct str line, uint64_t wall_ns);

/* For log_set_tee, with a struct exporter: on the log's thread. */
void records_tee(void *exporter, struct str line);

#endif
