/* Error messages that teach: what is wrong, where, the other place, and what to write instead.
 *
 *   specs/a.spec:12:17: error: text            diag_error
 *     the source line
 *                 ^~~~
 *   specs/a.spec:3:1: note: text               diag_note, with its own line and caret
 *     ...
 *   help: what to write                        diag_help
 *
 * Texts are lower case, without a full stop.  Everything lives in one arena; there is nothing to
 * free. */
#ifndef SPECC_DIAG_H
#define SPECC_DIAG_H

#include "codegen/ast.h"
#include "codegen/source.h"
#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

#define DIAGS_SHOWN 20

struct diag_note {
    struct pos at;
    struct str text;
};

struct diag {
    struct arena *arena;
    struct pos at; /* at.src == NULL: about no place in a file */
    struct str text;
    struct {
        struct diag_note *v;
        unsigned n, cap;
    } notes;
    struct {
        struct str *v;
        unsigned n, cap;
    } helps;
};

struct diags {
    struct arena *arena;
    struct diag **v;
    unsigned n, cap;
    struct diag spare; /* handed out when the arena is full, so that callers need no check */
};

void diags_init(struct diags *d, struct arena *a);

/* Report an error.  The answer is never NULL and takes notes and helps until the next call. */
struct diag *diag_error(struct diags *d, struct pos at, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Add another place to an error: where the thing was declared, opened, said before. */
void diag_note(struct diag *e, struct pos at, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Add a remedy that can be pasted.  May have several lines. */
void diag_help(struct diag *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The nearest of several names to a misspelt one. */
struct suggestion {
    struct str name, best; /* best.p == NULL: none is near */
    size_t distance;
};
struct suggestion suggestion_for(struct str name);
void suggestion_consider(struct suggestion *s, struct str candidate);
/* Add "did you mean 'x'?" when a name is near.  Returns whether one is. */
bool diag_suggest(struct diag *e, const struct suggestion *s);

/* How many errors were reported, duplicates included. */
unsigned diags_count(const struct diags *d);
/* Print the errors sorted by file and place, each once, the first DIAGS_SHOWN of them and how many
 * more there are.  Sorts d. */
void diags_print(struct diags *d, struct buf *out);

#endif
