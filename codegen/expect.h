/* Syntax errors in words: what was found, what could have stood there, what to write. */
#ifndef SPECC_EXPECT_H
#define SPECC_EXPECT_H

#include "codegen/diag.h"
#include "codegen/lex.h"

#define EXPECT_KINDS_MAX 128

/* Report the token `found`, which parser (see parser.h) does not take.  first is the statement's
 * first token if that may be to blame, else NULL; starters says which kinds the statement could
 * have begun with. */
void expect_report(struct diags *d, const void *parser, struct token found,
                   const struct token *first, const bool starters[EXPECT_KINDS_MAX]);
/* Report a token that the lexer could not make sense of. */
void expect_report_bad(struct diags *d, struct token bad);

#endif
