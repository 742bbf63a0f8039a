/* What a model path names, and the C expressions that reach it.
 *
 *   context Request       sampling.seed           m->sampling.seed
 *   context Block.image   source.bytes.media      m->image.source.bytes.media, when
 *                                                 m->image.source.kind is BYTES
 *   context Reply         choices[0].blocks       the list of the first choice
 *   context Turn          blocks.thinking.text    the text of every thinking block ("gather")
 *   context finish        stop                    the event's parameter */
#ifndef SPECC_TARGET_H
#define SPECC_TARGET_H

#include "codegen/types.h"

enum ctx_kind { CTX_RECORD, CTX_CASE, CTX_UNION, CTX_EVENT };
enum dir { DIR_READ, DIR_WRITE };

/* Where rows stand: what `m` (or the event's locals) is. */
struct ctx {
    enum ctx_kind kind;
    const struct ir_record *rec;   /* CTX_RECORD */
    const struct ir_union *un;     /* CTX_CASE, CTX_UNION */
    int ucase;                     /* CTX_CASE */
    const struct ast_event *event; /* CTX_EVENT */
    uint32_t kinds;                /* CTX_EVENT: of the blocks that it is for; 0: all */
};

struct target {
    bool ok;
    bool self; /* `this` */
    struct type type;
    const char *lvalue; /* for `this`: "*m" */
    const char *guard;  /* write: condition under which lvalue exists, or NULL */
    const char *select; /* read: statement that makes it exist, or NULL */
    bool gather;        /* elements of one case of a list */
    const struct ir_union *un;
    int ucase;
    const char *list;             /* the list's lvalue */
    const struct ir_field *field; /* the field of the case, NULL: the element itself */
};

/* Resolve a path for one direction (the expressions differ).  An error goes to d once a
 * position. */
struct target target_resolve(struct arena *a, const struct ir_model *ir, const struct ctx *ctx,
                             const struct ast_path *path, enum dir dir, struct diags *d);

/* The C type of m in this context: "struct ir_block". */
const char *ctx_c(struct arena *a, const struct ctx *ctx);
/* "IR_BLOCK_TEXT" */
const char *enum_constant(struct arena *a, const struct ir_enum *en, struct str value);
const char *case_constant(struct arena *a, const struct ir_union *u, int ucase);
/* Offer the nearest of the names in f as help. */
void suggest_field(struct diag *e, const struct ir_fields *f, struct str name);
/* The number of the case; -1 with an error in d when the union has none of this name. */
int want_case(const struct ir_union *u, struct word name, struct diags *d);
/* The same for a value of an enum. */
int want_value(const struct ir_enum *en, struct word name, struct diags *d);
/* The event as a stream of items has it: the place of a part in an item and of a piece in a text,
 * closes and the end with what they close. */
const struct ast_event *item_event(struct arena *a, const struct ast_event *ev);
/* The parameter of an event by name: its type; TYPE_NONE when there is none. */
struct type event_param(const struct ir_model *ir, const struct ast_event *ev, struct str name);

#endif
