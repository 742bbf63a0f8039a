/* The layout of printed C, so that the emitters need not care for it.
 *
 *   text ─ lines ─► blocks within blocks ─ dissolve ─► indented, wrapped lines
 *
 * It knows the C that the emitters print, not all of C: a statement to a line, except that a line
 * may open or close one block; strings and comments do not hold braces out of balance. */
#ifndef SPECC_TIDY_H
#define SPECC_TIDY_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

/* Print the C text anew: indented by its blocks, long lines broken, no blocks
 * without a reason, no blank lines at the edges of blocks. */
void tidy(struct arena *a, struct str text, struct buf *out);

#endif
