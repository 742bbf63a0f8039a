/* Breaking long lines of C. */
#ifndef SPECC_WRAP_H
#define SPECC_WRAP_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

#define WRAP_COLUMNS 100

/* Print a statement, a declaration or the head of a block from this column on.  What does not fit
 * is broken behind commas and before operators, below the bracket that it stands in; the values of
 * an initialiser stand on lines of their own; strings are cut between words. */
void wrap_statement(struct arena *a, struct buf *out, struct str text, unsigned indent);
/* Print a comment: one line, or several, which are printed as they are. */
void wrap_comment(struct buf *out, struct str text, unsigned indent);

/* The place of the quote that ends the string or character that begins at i; i if none does. */
size_t wrap_skip_string(struct str s, size_t i);

#endif
