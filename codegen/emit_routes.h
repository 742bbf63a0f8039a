/* What the two kinds of routed lists share: those over a conversation (emit_routes.c) and those over
 * the blocks of one reply (emit_items.c). */
#ifndef SPECC_EMIT_ROUTES_H
#define SPECC_EMIT_ROUTES_H

#include "codegen/emit.h"

/* Where the elements of one case go. */
struct route {
    const struct ast_tag_case *c;
    bool instructions; /* also the list before the first turn */
    bool verbatim;     /* the element is kept as it is, as a foreign block */
    int role;          /* index of the enum value; 0 in a list of blocks */
    int ucase;         /* one element for each block of this case, or -1 */
    int other;         /* the case of an element that says but its last row, or -1 */
    const char *name;
};

struct routes {
    const struct ast_decl *decl;
    const char *name;
    const struct ir_enum *roles;
    const struct ir_union *blocks;
    struct {
        struct route *v;
        unsigned n, cap;
    } list;
};

/* Errors in the routes go to e->diags; a faulty one is left out. */
struct routes routes_make(struct emit *e, const struct ast_decl *decl);
/* The rows of a route that is not verbatim. */
struct body *route_body(struct emit *e, const struct routes *rs, const struct route *r);
int route_number(struct emit *e, const struct route *r);
/* The C expression for the number of the route that the element at `at` takes. */
const char *routes_tag(struct emit *e, const struct routes *rs);
const char *role_constant(struct emit *e, const struct routes *rs, int role);
/* Code that reads the element at `at` into *b, and that writes a block as one of two cases. */
void
read_routed(struct emit *e, const struct routes *rs, const struct route *r, const char *indent);
void write_other(struct emit *e, const struct routes *rs, const struct route *r, const char *block,
                 const char *indent);
/* The cases of a route for single blocks; bits 1u << (case + 1). */
uint32_t route_cases(const struct route *r);
/* Code that takes the element at `at` into *block as it is, and that writes it back. */
void read_verbatim(struct emit *e, const char *block, const char *indent);
void write_verbatim(struct emit *e, const char *block, const char *indent);

/* A list of blocks: read_NAME, read_NAME_element, write_NAME, write_NAME_element. */
void emit_items(struct emit *e, const struct routes *rs);

#endif
