/* Syntax errors in words: what was found, what could have stood there, what to write. */
#ifndef SPECC_EXPECT_H
#define SPECC_EXPECT_H

#include "codegen/diag.h"
#include "codegen/lex.h"

/* Report the token `found`, which parser (see parser.h) does not take; first is the statement's first token. */
void expect_report(struct diags *d, const void *parser, struct token found, struct token first);
/* Report a token that the lexer could not make sense of. */
void expect_report_bad(struct diags *d, struct token bad);

#endif
