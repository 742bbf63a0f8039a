/* The parser that lemon makes of grammar.y, as parse.c drives it. */
#ifndef SPECC_PARSER_H
#define SPECC_PARSER_H

#include <stdbool.h>
#include <stddef.h>

#include "codegen/build.h"

void *spec_parserAlloc(void *(*alloc)(size_t), struct build *b);
void spec_parserFree(void *parser, void (*release)(void *));
/* Feed one token; kind 0 ends the file. */
void spec_parser(void *parser, int kind, struct token token);

enum grammar_as {
    GRAMMAR_AS_SUCH,    /* a keyword as a keyword */
    GRAMMAR_AS_NAME_TOO /* a keyword also where a name may stand, as the parser does */
};

/* Would the parser accept a token of this kind now? */
bool grammar_takes(const void *parser, int kind, enum grammar_as as);
/* Kinds of tokens are less than this. */
int grammar_kinds(void);

#endif
