/* A spec's text as tokens.
 *
 *   text ─ scan (re2c) ─► words, punctuation ─ layout ─► statement ends ─ settle ─► to the parser
 *
 * Statement ends (TOK_END) come from a newline or ';' where one can end something: not inside ( )
 * or [ ], not behind `{ , | + : =` or an arrow, not twice; and a '}' ends the statement before it.
 * A keyword that begins a statement but is followed as a member name would be (`drop <-> x`)
 * becomes a name; elsewhere the grammar takes keywords as names by itself. */
#ifndef SPECC_LEX_H
#define SPECC_LEX_H

#include "codegen/ast.h"
#include "codegen/source.h"
#include "runtime/base/arena.h"

/* Why a TOK_BAD is bad.  The parser reports it, unless it is skipping a faulty statement anyway. */
enum lex_fault {
    LEX_OK,
    LEX_STRAY,        /* a character no token begins with */
    LEX_UNTERMINATED, /* a string without its closing quote */
    LEX_ESCAPE,       /* a string with an escape other than \" \\ \n */
    LEX_NUMBER        /* a number that runs into a name */
};

struct token {
    int kind; /* TOK_* of the grammar; 0 at the end of the file */
    enum lex_fault fault;
    /* s: a string without its quotes and escapes, anything else as written; "" for the end of the
     * file. pos: with the quotes; TOK_END of a newline has no width and stands right behind the
     * statement. */
    struct word word;
};

struct tokens {
    struct token *v;
    unsigned n, cap;
};

/* All tokens of a source, the last of kind 0.  Returns false when the arena is full. */
MUST_CHECK bool lex(struct arena *a, const struct source *src, struct tokens *out);

#endif
