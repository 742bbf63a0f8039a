/* Gaps: what the model can say, and a set of rows neither writes nor drops. */
#ifndef SPECC_GAP_H
#define SPECC_GAP_H

#include "codegen/coverage.h"

/* What one set of rows covers: model paths, and by field of a union's type the cases. */
struct cases {
    struct str field;
    uint32_t mask;
};
struct covered {
    struct {
        const struct ast_path **v;
        unsigned n, cap;
    } paths;
    struct {
        struct cases *v;
        unsigned n, cap;
    } cases;
};
#define NOTHING_COVERED \
    { \
        { NULL, 0, 0 }, \
        { \
            NULL, 0, 0 \
        } \
    }

struct gaps {
    struct arena *a;
    struct diags *d;             /* who is told; NULL: nobody */
    const struct names *written; /* by the whole dialect */
};

/* Tell of each field that these rows, of the declaration at pos, should say but do not.  holder: the type of the fields,
 * as coverage.h names it. */
void gaps_report(const struct gaps *g, const struct covered *c, struct pos pos, const char *holder,
                 const struct ir_fields *f);

#endif
