/* Dialects whose spec is spread over several files: `extend NAME` goes on where `dialect NAME` ended.
 *
 *   chat.spec        dialect openai.chat      settings, operations, declarations
 *   embeddings.spec  extend openai.chat       more of them                          one dialect */
#ifndef SPECC_EXTENSION_H
#define SPECC_EXTENSION_H

#include "codegen/ast.h"
#include "codegen/diag.h"
#include "runtime/base/arena.h"

/* The n files without extensions, each dialect with what its extensions say behind its own; *left is how many they
 * are.  The files given stay as they are.  An extension of a dialect that no file begins is an error in d. */
const struct ast_file *const *extensions_merge(struct arena *a, const struct ast_file *const *files,
                                               unsigned n, unsigned *left, struct diags *d);

#endif
