/* What the events of a stream say when a block grows, as the union of blocks has it. */
#ifndef SPECC_EMIT_GROWTH_H
#define SPECC_EMIT_GROWTH_H

#include "codegen/emit.h"

struct growth {
    const struct ast_tag_case *c;
    const struct ast_row *r;
    int ucase;
    const struct ir_field *field;
};
struct growths {
    struct growth *v;
    unsigned n, cap;
    bool by_member; /* the union is: so are the deltas */
};

/* The union declaration whose rows say how blocks grow: the one over the model's union of the row's
 * target. */
const struct ast_decl *growth_union(struct emit *e, const struct ir_union *u);
/* What that says, of the blocks of u. */
struct growths growths_find(struct emit *e, const struct ast_decl *decl, const struct ir_union *u);
/* Functions that read and write the fragment of an event of this name; by: the member that tells growths apart; row: where
 * the fragment stands in the event. */
void growths_emit_reader(struct emit *e, const struct ast_decl *decl, const struct ir_union *u,
                         const struct growths *l, struct word by, const char *name);
void growths_emit_writer(struct emit *e, const struct ir_union *u, const struct growths *l,
                         const char *name, const struct row_use *row);

#endif
