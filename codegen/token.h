/* The kinds of tokens: how they are written and what they are called. */
#ifndef SPECC_TOKEN_H
#define SPECC_TOKEN_H

#include <stdbool.h>

#include "runtime/base/str.h"

/* The kind (TOK_*) of the name between two pointers: its keyword, or TOK_NAME. */
int token_of_name(const char *from, const char *to);
/* The name of a kind in messages: "'{'", "'object'", "a name". */
const char *token_phrase(int kind);
/* Its name in dumps: "LBRACE", "OBJECT". */
const char *token_name(int kind);
bool token_is_keyword(int kind);
/* Does it begin a declaration (object, table, enum, ...)? */
bool token_is_declaration(int kind);
/* The keyword (among those wanted, by kind) that a misspelt name means most likely; 0 if none is
 * near. */
int token_guess(struct str name, const bool *wanted);

#endif
