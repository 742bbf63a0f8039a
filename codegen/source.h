/* A spec file's text, and where a byte of it stands for a human reader. */
#ifndef SPECC_SOURCE_H
#define SPECC_SOURCE_H

#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/err.h"
#include "runtime/base/str.h"

#define SOURCE_MAX (16u << 20) /* bytes; positions are 32 bits wide and specs are small */

struct source {
    struct str path;       /* as given on the command line */
    struct str text;       /* followed by a NUL, which the lexer relies upon */
    const uint32_t *lines; /* byte offset of each line's first byte; lines[0] == 0 */
    unsigned n_lines;      /* at least 1 */
};

/* Counted from 1; a column is a UTF-8 character. */
struct place {
    unsigned line, col;
};

/* Read a file into the arena.  *out is set on ERR_OK only; f (may be NULL) says what went wrong. */
MUST_CHECK enum err
source_read(struct arena *a, const char *path, const struct source **out, struct fault *f);
/* The same for a text in memory, which is copied.  NULL when the arena is full or the text too
 * long. */
const struct source *source_of_text(struct arena *a, struct str path, struct str text);

/* Line and column of a byte offset; an offset behind the end is taken as the end. */
struct place source_place(const struct source *src, uint32_t at);
/* The text of a line (from 1) without its line end. */
struct str source_line(const struct source *src, unsigned line);
/* The byte offset at which a line (from 1) begins. */
uint32_t source_line_start(const struct source *src, unsigned line);

#endif
