/* Vectors in the forms that peers want: JSON numbers, or base64 of 32-bit floats. */
#ifndef LLMUX_XD_VECTOR_H
#define LLMUX_XD_VECTOR_H

#include "runtime/xd/xd.h"

/* Let *n have this encoding ("float", "base64"; anything else changes nothing).  Made in the arena.  False when it is
 * full, or the values are no numbers; *n is then as before. */
MUST_CHECK bool vector_encode(struct arena *a, struct ir_numbers *n, struct str encoding);

/* Append a number so that reading it as a 32-bit float gives v again, with as few digits as that takes; what is not
 * finite is null. */
void vector_put_float(struct buf *out, float v);

#endif
