/* Heads of declarations: `object message <-> Turn`, what of the model they are about. */
#ifndef SPECC_HEAD_H
#define SPECC_HEAD_H

#include "codegen/dialect.h"
#include "codegen/types.h"

/* Check that each declaration of the dialect maps a part of the model that its kind can map: an
 * object a record or a case, a union a union, a table an enum or strings, a list the request, a
 * stream the reply.  Everything behind relies on it.  Errors go to diags. */
void head_check(const struct ir_model *ir, const struct dialect *d, struct diags *diags);

#endif
