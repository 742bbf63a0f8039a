/* The canonical model as types: what specs/ir.spec says, resolved.
 *
 *   string, text, opaque, json, real ─► struct str
 *   int ─► struct ir_int     bool ─► enum ir_bool    index ─► unsigned
 *   enum E ─► enum ir_e      record R ─► struct ir_r
 *   [T] ─► struct ir_ts      union U ─► struct ir_u */
#ifndef SPECC_TYPES_H
#define SPECC_TYPES_H

#include "codegen/ast.h"
#include "codegen/diag.h"
#include "runtime/base/arena.h"

enum type_kind {
    TYPE_NONE,
    TYPE_STRING,
    TYPE_TEXT,
    TYPE_OPAQUE,
    TYPE_JSON,
    TYPE_REAL,
    TYPE_INT,
    TYPE_BOOL,
    TYPE_INDEX,
    TYPE_ENUM,
    TYPE_RECORD,
    TYPE_UNION,
};

struct type {
    enum type_kind kind;
    bool list, always;
    bool served; /* `flag`: the gateway serves it where a dialect has no member for it */
    const struct ir_enum *en;
    const struct ir_record *rec;
    const struct ir_union *un;
};

struct ir_field {
    struct word name;
    struct type type;
};
struct ir_fields {
    struct ir_field *v;
    unsigned n, cap;
};

struct ir_enum {
    struct word name;
    const char *c;
    struct ast_enum_values values;
}; /* c: "stop" of enum ir_stop */
struct ir_record {
    struct word name;
    const char *c;
    struct ir_fields fields;
    bool listed;
};
struct ir_ucase {
    struct word name;
    struct ir_fields fields;
};
struct ir_ucases {
    struct ir_ucase *v;
    unsigned n, cap;
};
struct ir_union {
    struct word name;
    const char *c;
    struct ir_fields common;
    struct ir_ucases cases;
    bool listed;
};

/* A named decision on the model, and what a dialect or an operator may answer. */
enum policy_takes { POLICY_TAKES_WORDS, POLICY_TAKES_NUMBER, POLICY_TAKES_CLASS };
struct policy {
    struct word name;
    enum policy_takes takes;
    struct ast_enum_values values;
}; /* values.v[0]: the default */

struct policies {
    struct policy *v;
    unsigned n, cap;
};
struct ir_enums {
    struct ir_enum *v;
    unsigned n, cap;
};
struct ir_records {
    struct ir_record *v;
    unsigned n, cap;
};
struct ir_unions {
    struct ir_union *v;
    unsigned n, cap;
};

struct ir_model {
    const struct ast_file *file;
    struct ir_enums enums;
    struct ir_records records;
    struct ir_unions unions;
    struct policies policies;
    const struct ast_decl *events; /* NULL when the file has none */
};

/* Resolve an ir file.  Errors (unknown types, repeated names) go to d; the result is usable for
 * printing nothing but further errors then.  What else a model must be is checked by model_check
 * (model.h). */
struct ir_model *types_resolve(struct arena *a, const struct ast_file *file, struct diags *d);

const struct ir_enum *types_enum(const struct ir_model *m, struct str name);
/* What a table may give words to: an enum, or bool as one. */
const struct ir_enum *types_words(const struct ir_model *m, struct str name);
const struct ir_record *types_record(const struct ir_model *m, struct str name);
const struct ir_union *types_union(const struct ir_model *m, struct str name);
const struct ir_field *types_field(const struct ir_fields *f, struct str name);
/* The index of a case, or -1. */
int types_case(const struct ir_union *u, struct str name);
int types_value(const struct ir_enum *e, struct str name);
const struct policy *types_policy(const struct ir_model *m, struct str name);

/* "ToolChoice" -> "tool_choice"; "ToolChoice" -> "TOOL_CHOICE". */
const char *types_snake(struct arena *a, struct str name);
const char *types_upper(struct arena *a, struct str name);
/* The C type: "struct str", "struct ir_blocks". */
const char *types_c(struct arena *a, const struct type *t);
/* A C expression that is true when the value `lvalue` of this type is present. */
const char *types_present(struct arena *a, const struct type *t, const char *lvalue);
bool types_is_stringlike(const struct type *t); /* held in a struct str */
const char *types_name(const struct type *t);   /* for messages: "int", "Block" */

#endif
