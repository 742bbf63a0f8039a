/* Amending one inherited declaration; the rules stand in dialect.h. */
#ifndef SPECC_AMEND_H
#define SPECC_AMEND_H

#include "codegen/ast.h"
#include "codegen/diag.h"
#include "runtime/base/arena.h"

/* *decl is a copy of the inherited declaration (its vectors are still shared and are copied before
 * they change). */
void
amend_decl(struct arena *a, struct ast_decl *decl, const struct ast_decl *with, struct diags *d);

#endif
