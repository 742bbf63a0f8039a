/* Printing specs: what was parsed, as text that parses to the same. */
#ifndef SPECC_PRINT_H
#define SPECC_PRINT_H

#include "codegen/ast.h"
#include "runtime/base/buf.h"

#define PRINT_WIRE_MAX 44 /* columns of what stands left of an arrow */

struct print {
    struct arena *a;
    struct buf *out;
    unsigned depth; /* of blocks */
};

/* A line. */
void print_start(struct print *p);
void print_end(struct print *p);
/* " {", and the end of the line; "}" on a line of its own. */
void print_open(struct print *p);
void print_close(struct print *p);
/* Bytes since the last line end; and blanks up to there. */
unsigned print_column(const struct print *p);
void print_pad(struct print *p, unsigned to);
/* Make a column as wide as this text, unless that is too long for it; the text is cleared. */
void print_widen(unsigned *width, struct buf *text, unsigned max);

/* --- parts of lines */
void print_string(struct buf *out, struct str s);
/* As the spec has it: with quotes or without. */
void print_word(struct buf *out, struct word w);
void print_words(struct buf *out, const struct words *words, const char *between);
void print_path(struct buf *out, const struct ast_path *path);
void print_paths(struct buf *out, const struct ast_paths *paths, const char *between);
void print_const(struct buf *out, const struct ast_const *c);
/* Three bytes wide. */
const char *print_arrow(enum arrow a);

/* --- print_rows.c */
void print_rows(struct print *p, const struct ast_rows *rows);

#endif
