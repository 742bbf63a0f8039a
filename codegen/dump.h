/* The stages of the compiler as text, for people and for golden tests.  Deterministic. */
#ifndef SPECC_DUMP_H
#define SPECC_DUMP_H

#include "codegen/ast.h"
#include "codegen/lex.h"
#include "runtime/base/buf.h"

/* One token a line: its place, its kind and its text. */
void dump_tokens(const struct tokens *tokens, struct buf *out);
/* The tree, one node a line, children indented below their parent. */
void dump_ast(const struct ast_file *file, struct buf *out);

#endif
