/* Errors as clients may see them: what providers say may hold keys, of ours or of others, and what the client sent. */
#ifndef LLMUX_GATEWAY_DISCREET_H
#define LLMUX_GATEWAY_DISCREET_H

#include "generated/ir.h"
#include "runtime/base/arena.h"

struct log;

/* The error without what the log would not show either.  What had to be changed is in the arena. */
struct ir_error discreet_error(const struct log *log, const struct ir_error *e, struct arena *a);
/* Would discreet_error change it? */
bool discreet_would_change(const struct log *log, const struct ir_error *e, struct arena *a);

#endif
