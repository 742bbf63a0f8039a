/* Printing C.  One struct emit prints one family (a dialect and the providers derived from it) into
 * one file.
 *
 *   body    the rows of one object, case, route or event with all that reading and writing needs
 *   shape   the members those rows know: a trie with a slot for each value
 *
 * Declarations that a provider inherits unchanged are printed once, for the base. */
#ifndef SPECC_EMIT_H
#define SPECC_EMIT_H

#include "codegen/dialect.h"
#include "codegen/target.h"
#include "runtime/base/buf.h"

struct emit_row {
    const char *where, *text, *place;
    unsigned directions; /* 1 read, 2 write */
};
/* Where a row stands.  Rows of several providers that say the same in the same place are one row. */
struct emit_row_at {
    struct pos pos;
    unsigned row;
};

struct emit {
    struct arena *a;
    struct buf *out;
    struct diags *diags;
    const struct ir_model *ir;
    const struct dialects *dialects;
    const struct dialect *family; /* the first of those to be printed */
    struct str family_name;       /* what keeps unknown members apart: the base dialect's name */
    enum emit_as { EMIT_FAMILY, EMIT_PLUGIN } as;
    const struct dialect *d; /* the one being printed */
    bool fragments;          /* texts are read that may be cut inside of a character */
    struct words own;        /* names of declarations that providers of the family amend */
    struct {
        struct emit_row *v;
        unsigned n, cap;
    } rows;
    struct {
        struct emit_row_at *v;
        unsigned n, cap;
    } rows_at;
    const char *place; /* the declaration or the case that is being printed */
};

/* A row in use. */
struct row_use {
    const struct ast_row *r;
    unsigned group; /* number of its `first` group, 0: none */
    bool each;      /* in each { } of the choices of a patch stream */
    int number;     /* in the family's list of rows */
    int slots[8];   /* of its wire paths */
};
struct row_uses {
    struct row_use *v;
    unsigned n, cap;
};

struct body {
    struct ctx ctx;
    const char *name;         /* C name behind read_ and write_: "block_text" */
    const char *shape;        /* of the shape: "block_text" */
    const char *object;       /* identity for rest members */
    struct str tag, tag_wire; /* written first: "type", "text"; absent when there is none */
    const struct ast_rows *rows, *common; /* as written, for `with` and `drop`; may be NULL */
    struct row_uses uses;
    struct shape_keys *keys; /* the trie's root */
    struct {
        const struct ast_row **v;
        unsigned n, cap;
    } refusals;
    unsigned slots;
    enum body_rest { REST_NOTE, REST_KEEP, REST_IGNORE } rest;
    /* `index <-> index`: elements of a patch are told apart by this member */
    const struct ast_row *key;
    bool opens_empty;       /* lists in it are empty while an item opens */
    bool bare;              /* of a union by member: what grows is left out while a block opens */
    const char *when_const; /* condition under which constants are written, NULL: always */
    bool split;             /* each row is a function of its own, for others to share */
};

/* --- emit.c */
void em(struct emit *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A C string literal with its quotes. */
const char *c_string(struct arena *a, struct str s);
/* As a part of a C name: what is neither a letter nor a digit becomes _. */
const char *c_word(struct arena *a, struct str s);
/* Number a row; where is its file:line. */
int emit_number(struct emit *e, struct pos pos, enum arrow arrow, bool constant);
/* "openai/chat.spec:31" */
const char *pos_text(struct arena *a, struct pos pos);
/* The C prefix of the declaration's functions as seen from e->d: "" or "deepseek_". */
const char *decl_prefix(const struct emit *e, const struct ast_decl *decl);
/* "deepseek_part": what its functions and tables are called */
const char *decl_name(struct emit *e, const struct ast_decl *decl);
const struct ast_decl *find_decl(struct emit *e, struct word name);

/* --- needs.c */
/* Does any operation of the dialect read, write with this declaration? */
bool dialect_needs(struct arena *a, const struct dialect *d, struct str name, enum dir dir);
/* Does any dialect of the family that uses this copy of the declaration read, write with it? */
bool emit_needs(struct emit *e, const struct ast_decl *decl, enum dir dir);

/* --- own.c: what a dialect of the family has of its own
 *
 * A declaration that some provider of the family amends is not named by those that use it, but looked
 * up in the dialect that reads or writes.  So a provider costs what it amends, and not what uses that. */
/* Find the declarations that are looked up; before anything is printed. */
void own_find(struct emit *e);
/* C expressions of the functions and the table of a declaration: "read_part", "OWN(x)->read_part" */
const char *own_reader(struct emit *e, const struct ast_decl *decl);
const char *own_writer(struct emit *e, const struct ast_decl *decl);
const char *own_table(struct emit *e, const struct ast_decl *decl);
/* The cases of blocks that a row writes: known here, and those that the dialect's own union writes. */
struct own_cases {
    uint32_t fixed;
    const char *own; /* C expression or NULL */
};
struct own_cases own_row_cases(struct emit *e, const struct body *b, const struct row_use *u);
/* As one C expression. */
const char *own_cases_text(struct emit *e, const struct own_cases *m);
/* Shall the rows of this body stand in functions of their own?  Where providers amend, most rows of
 * most of them are alike. */
bool own_splits(const struct emit *e, const struct ast_decl *decl, const struct body *b);
/* The struct, and that of e->d. */
void own_emit_type(struct emit *e);
void own_emit(struct emit *e);

/* --- body.c */
struct body *body_make(struct emit *e, const struct ctx *ctx, const char *name, const char *object,
                       const struct ast_rows *rows, const struct ast_rows *common);
/* Make a member known, so that it is not unknown; filed: give its value a slot and return it. */
int body_know(struct emit *e, struct body *b, const struct ast_path *path, bool filed);
void body_know_name(struct emit *e, struct body *b, struct str name);
/* ... and all that another body knows. */
void body_know_names_of(struct emit *e, struct body *b, const struct body *other);
/* Is it a row for an element of its own, behind the one that it belongs to? */
bool row_is_apart(const struct ast_row *r);
/* Such a row of the union, NULL when there is none. */
const struct ast_row *apart_row(const struct ast_decl *decl);
/* Does the row write, read? */
bool row_reads(const struct ast_row *r);
bool row_writes(const struct ast_row *r);
/* Does a word such as "required" stand behind it? */
bool row_has_flag(const struct ast_row *r, const char *flag);
void emit_shape(struct emit *e, const struct body *b);

/* --- forms.c: what a row's value looks like */
enum form_class {
    FORM_IS_TABLE,
    FORM_IS_PAIRS,
    FORM_IS_OBJECT,
    FORM_IS_UNION,
    FORM_IS_ROUTES,
    FORM_IS_LIST,
    FORM_IS_STRING,
    FORM_IS_JOIN,
    FORM_IS_CODEC,
    FORM_IS_BEHIND,
    FORM_IS_TEXT_IN,
    FORM_IS_JSON, /* an object that is one field of a record */
    FORM_IS_EMPTY,
    FORM_IS_GROWS,
    FORM_IS_BAD
};
struct form {
    enum form_class is;
    const struct ast_decl *decl; /* TABLE, PAIRS, OBJECT, UNION, ROUTES and the LIST's element */
    const struct ir_union *un;   /* of an OBJECT on a case, or a UNION */
    int ucase;
    const char *codec; /* C name part: "media_url" */
    /* STRING, JOIN: the case or field; TEXT_IN: the part's type; EMPTY: the value; LIST: what a string
     * becomes, if it may be one */
    struct str word;
    bool listed;    /* CODEC: it is for a list */
    unsigned kinds; /* bit by enum json_kind: what it reads */
};
struct form form_resolve(struct emit *e, const struct ast_form *f, const struct type *t);
/* images <-> blocks.image : [bytes]      a list of bare base64 */
bool gathers_bytes(const struct ast_row *r);
/* Cases of the union that the form can write, or read; bits 1u << (case + 1), as the C enum
 * counts. */
uint32_t form_mask(struct emit *e, const struct form *f, enum dir dir);
/* Cases of a union that a codec can write; bits 1u << case. */
uint32_t codec_cases(const struct ir_union *u, struct str codec);
/* Cases that any row of the body names itself, but for rows of the given group. */
uint32_t body_claims(struct emit *e, const struct body *b, const struct row_use *not_me);
uint32_t row_mask(struct emit *e, const struct body *b, const struct row_use *u, enum dir dir);

/* Kinds of blocks that the rows of a body write; *list is where they stand, NULL when it writes
 * none. */
struct own_cases
written_blocks(struct emit *e, const struct body *b, const char **list, const char **guard);

/* --- emit_read.c, emit_write.c, emit_object.c, emit_lost.c */
void emit_read_body(struct emit *e, const struct body *b);
void emit_write_body(struct emit *e, const struct body *b);
/* The rows alone, for bodies inside a bigger function.  at: C expression of the object's node. */
void emit_read_rows(struct emit *e, const struct body *b);
void emit_write_rows(struct emit *e, const struct body *b);
/* One row's value: v is the C expression of the node; key the wire name. */
void emit_read_value(struct emit *e, const struct body *b, const struct row_use *u, const char *v,
                     const char *indent);
void emit_write_value(struct emit *e, const struct body *b, const struct row_use *u,
                      const char *key, const char *indent);

/* The row as a member of the object that is being written. */
void emit_write_row(struct emit *e, const struct body *b, const struct row_use *u, const char *key);
/* C expressions: the place of a value; what of a value a form's table is about (a record's only field of that type); the
 * kinds of blocks that the row writes. (emit_write_value.c) */
const char *address_of(struct emit *e, const char *lv);
const char *
emit_table_value(struct emit *e, const struct form *f, const struct type *t, const char *lv);
const char *row_mask_text(struct emit *e, const struct body *b, const struct row_use *u);
/* How the rest of the world calls what a path of a body means. */
const char *emit_loss_name(struct emit *e, const struct ctx *ctx, const struct ast_path *path);
/* Note what no row of the body writes. */
void emit_write_lost(struct emit *e, const struct body *b);

/* --- kinds.c: events for some kinds of blocks */
/* The kinds that an event is for, bits as of form_mask; 0: all.  An unknown one is an error in d. */
uint32_t event_kinds(const struct ir_model *ir, const struct ast_tag_case *c, struct diags *d);
/* Does the event grow a block without saying which?  Such blocks have no boundaries. */
bool event_is_loose(const struct ast_tag_case *c);
/* Is this event of the model written by the case? */
bool event_writes(const struct ast_tag_case *c, struct str event);
/* Does any case of the stream write it? */
bool stream_writes(const struct ast_decl *stream, struct str event);
/* Is there a choice by kind for this event of the model? */
bool stream_has_kinds(struct emit *e, const struct ast_decl *stream, struct str event);
/* The choice: inside of a case of write_event's switch. */
void emit_event_by_kind(struct emit *e, const struct ast_decl *stream, struct str event);
/* The C name of an event behind read_ and write_. (emit_events.c) */
const char *event_c(struct emit *e, const struct ast_decl *stream, const struct ast_tag_case *c);

/* --- one file each */
void emit_table(struct emit *e, const struct ast_decl *decl);
void emit_union(struct emit *e, const struct ast_decl *decl);
/* The case of a union whose element holds many, or NULL. */
const struct ast_tag_case *union_spread(const struct ast_decl *decl);
void emit_routes(struct emit *e, const struct ast_decl *decl);
/* The C name of what the declaration's functions read into: "block" of struct ir_block; or NULL. */
const char *decl_model_c(struct emit *e, const struct ast_decl *decl);
/* Is it a list of blocks, rather than of a conversation? */
bool routes_of_blocks(const struct ast_decl *decl);
/* The kinds of blocks that a list of blocks writes; bits 1u << (case + 1). */
uint32_t routes_mask(struct emit *e, const struct ast_decl *decl);
void emit_events(struct emit *e, const struct ast_decl *decl);
void emit_item_events(struct emit *e, const struct ast_decl *decl);
void emit_patches(struct emit *e, const struct ast_decl *decl);
/* The struct of e->d; and before it the arrays that it names. */
void emit_struct(struct emit *e);
void emit_arrays(struct emit *e);
/* Where operations are asked for (emit_address.c): tables, and the members that name them. */
void emit_framings(struct emit *e);
/* The operation's name in C: several of one kind have numbers. */
const char *operation_c(struct emit *e, const struct ast_operation *op);
void emit_streamed(struct emit *e, const struct ast_operation *op);
void emit_op_address(struct emit *e, const struct ast_operation *op);
void emit_settings(struct emit *e);
void emit_settings_members(struct emit *e);
/* The file: a dialect and the providers derived from it.  As a plugin: one dialect in which nothing
 * is inherited, and the function that a gateway asks for it. */
void emit_family(struct emit *e);
void emit_ir_header(struct arena *a, const struct ir_model *ir, struct buf *out);
void emit_ir_source(struct arena *a, const struct ir_model *ir, struct buf *out);
void emit_registry(struct arena *a, const struct dialects *l, struct buf *out);

#endif
