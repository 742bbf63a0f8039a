/* From a spec file's text to its syntax tree. */
#ifndef SPECC_PARSE_H
#define SPECC_PARSE_H

#include "codegen/ast.h"
#include "codegen/diag.h"
#include "codegen/source.h"
#include "runtime/base/arena.h"

#define PARSE_DEPTH_MAX 32 /* blocks within blocks */

/* Parse a source.  All errors of the file are reported to d; a faulty statement is left out and the
 * rest is there.  Returns NULL when nothing is usable: the head statement is missing, the text is
 * not UTF-8, or the arena is full.  The tree lives in the arena and borrows from src. */
struct ast_file *parse_file(struct arena *a, const struct source *src, struct diags *d);

#endif
