/* What the parser leaves behind: one struct file for each spec file, everything in the compiler's
 * arena.
 *
 *   source ─ lex.re ─► tokens ─ parse.y ─► ast (this) ─ resolve ─► model ─ checks ─► lower ─► emit
 *
 * Nothing here is checked beyond the grammar.  Every node carries its position for diagnostics. */
#ifndef SPECC_AST_H
#define SPECC_AST_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/str.h"

struct source;

struct pos {
    const struct source *src;
    uint32_t at, n; /* byte range in the source */
};

struct word { /* a name or the inside of a string, with its place */
    struct str s;
    struct pos pos;
};

struct words {
    struct word *v;
    unsigned n, cap;
};

/* --- the model side: ir.spec ------------------------------------------------------------------ */

struct ast_type {
    struct word name; /* "string", "Block", ... */
    bool list;        /* [name] */
    bool always;      /* name! */
};

struct ast_field {
    struct word name;
    struct ast_type type;
};
struct ast_fields {
    struct ast_field *v;
    unsigned n, cap;
};

struct ast_enum_value {
    struct word name;
    struct words flags;
}; /* `rate retry` */
struct ast_enum_values {
    struct ast_enum_value *v;
    unsigned n, cap;
};

struct ast_case {
    struct word name;
    struct ast_fields fields;
}; /* one case of a union */
struct ast_cases {
    struct ast_case *v;
    unsigned n, cap;
};

struct ast_event {
    struct word name;
    struct words params;
};
struct ast_events {
    struct ast_event *v;
    unsigned n, cap;
};

/* A regular expression over event names.  At most 1000 nodes in a file, so it may be walked by
 * recursion. */
enum ast_regex_kind { REGEX_NAME, REGEX_SEQ, REGEX_ALT, REGEX_STAR, REGEX_PLUS, REGEX_OPT };
struct ast_regex {
    enum ast_regex_kind kind;
    struct word name; /* REGEX_NAME; the others have its pos only, that of their first name */
    struct ast_regex *a, *b; /* b for SEQ and ALT only */
};

struct ast_order {
    struct ast_regex *regex; /* NULL: no order given */
    struct words anywhere, final, skip;
    struct pos pos;
};

/* --- the wire side ---------------------------------------------------------------------------- */

enum arrow { ARROW_BOTH, ARROW_READ, ARROW_WRITE }; /* <->  ->  <- */

/* One step of a path.  Wire: `name`, `name[]`, `name[0]`.  Model: `name`, `name[0]`. */
struct ast_step {
    struct word name;
    int index;
}; /* STEP_NONE, STEP_ALL or a number */
enum { STEP_NONE = -1, STEP_ALL = -2 };
struct ast_path {
    struct ast_step *v;
    unsigned n, cap;
    struct pos pos;
};
struct ast_paths {
    struct ast_path *v;
    unsigned n, cap;
};

enum ast_const_kind {
    CONST_NONE,
    CONST_STRING,
    CONST_NUMBER,
    CONST_TRUE,
    CONST_FALSE,
    CONST_NULL,
    CONST_NAME,
    CONST_EMPTY_OBJECT,
    CONST_EMPTY_ARRAY
};
struct ast_const {
    enum ast_const_kind kind;
    struct word text;
}; /* CONST_NAME: an enum value or `now` */

/* One alternative of a value's form: `name`, `[name]`, `string as case`, `string joins case`, `json
 * in string`, `text in tag`, `{} as value`, `grows by member`. */
enum ast_form_kind {
    FORM_NAME,
    FORM_LIST,
    FORM_STRING_AS,
    FORM_OBJECT_AS,
    FORM_STRING_JOINS,
    FORM_JSON_IN_STRING,
    FORM_BEHIND, /* behind "models/": name is the prefix */
    FORM_TEXT_IN,
    FORM_JSON_AS, /* json as schema */
    FORM_EMPTY_AS,
    FORM_GROWS
};
struct ast_form {
    enum ast_form_kind kind;
    struct word name;
    struct word as; /* FORM_LIST: `[string as CASE]`, `[string as CASE | name]`; absent otherwise */
};
struct ast_forms {
    struct ast_form *v;
    unsigned n, cap;
};

enum ast_row_kind {
    ROW_MAP,     /* paths ARROW model (+ model)* (: forms)? modifiers */
    ROW_CONST,   /* path = const */
    ROW_HEADER,  /* header "name" ARROW model (: form)?      or   header "name" = "value" */
    ROW_DROP,    /* drop model, model     or omit model: then word is set */
    ROW_REST,    /* rest keep | rest ignore */
    ROW_WITH,    /* with model = const */
    ROW_FIRST,   /* first { rows } */
    ROW_EACH,    /* each { rows }          in patch streams */
    ROW_CHOICES, /* choices path ARROW model by member { rows }   in patch streams */
    ROW_FAIL,    /* path ARROW fail : form   (a ROW_MAP whose model path is the word `fail`) */
    ROW_REMOVE,  /* remove path, path      in provider amendments: takes inherited rows away */
    ROW_REFUSE,  /* refuse path, path      members that may not get lost */
    ROW_IGNORE   /* ignore path, path      members that say nothing */
};

struct ast_row {
    enum ast_row_kind kind;
    struct pos pos;        /* the whole row */
    struct ast_paths wire; /* the first is written, all are read */
    enum arrow arrow;
    struct ast_paths model; /* more than one: a sum (ROW_MAP) or the list of ROW_DROP */
    struct word builtin;    /* `now`, `made`, `count` after `<-`, instead of a model path */
    struct ast_forms forms;
    struct ast_const otherwise; /* else CONST */
    struct ast_const constant;  /* = CONST */
    struct word max, min;       /* clamps: `max 1`, `min 16` (absent when not given) */
    struct ast_path with;       /* ROW_MAP ... with PATH = IS; n == 0 when not given */
    struct ast_const is;
    bool minus;            /* the sum is a difference: model - model */
    struct ast_path grows; /* grows tag.member; n == 0 when not given */
    struct word header;    /* ROW_HEADER */
    struct word word;      /* ROW_REST: keep | ignore; ROW_DROP: omit; ROW_REFUSE: a code */
    struct word by;        /* ROW_CHOICES */
    struct words flags;    /* trailing words: `slot`, `required`, `try`, `apart` */
    struct ast_rows *rows; /* ROW_FIRST, ROW_EACH, ROW_CHOICES */
};
struct ast_rows {
    struct ast_row *v;
    unsigned n, cap;
};

/* One case of `union X by member`, `list X by member` or `stream X by member`. */
struct ast_tag_case {
    struct pos pos;
    struct word member;   /* list by a, b: the member that has the tag, absent for the first */
    struct words tags;    /* "a", "b"; the word none (unquoted) and * are kept as such */
    bool none, any;       /* none: the tag member may be missing; any: `*` */
    struct ast_path when; /* `with when = is`: in a union by member; n == 0 when not given */
    struct ast_const is;
    enum arrow arrow;
    struct ast_paths model; /* the IR case, event or route; `a | b` gives two */
    struct ast_form many;   /* of an element that holds many: `"members" <-> case : [form]` */
    bool spread;            /* ... and whether it does */
    /* `text with citations`: written when it is there; n == 0 when not given */
    struct ast_path has;
    struct word by;       /* `fail by exception`: the table of names of frames that fail */
    struct ast_rows rows; /* may be empty */
};
struct ast_tag_cases {
    struct ast_tag_case *v;
    unsigned n, cap;
};

struct ast_table_row {
    struct pos pos;
    struct words wire;  /* the first is written */
    bool any;           /* * */
    struct word status; /* HTTP status, absent when not given */
    enum arrow arrow;
    struct word model; /* enum value or, in a string table, a string */
};
struct ast_table_rows {
    struct ast_table_row *v;
    unsigned n, cap;
};

/* Statements at the top of a dialect or in a provider: `base "..."`, `auth header "x-api-key"`,
 * `models "a*", "b*"`, `version "..."`, `framing sse`, `policy name = value ["glob", ...]`.  A
 * policy's name is `policy`; its values are its own name and its value. */
struct ast_setting {
    struct pos pos;
    struct word name;
    struct words values;
    struct words globs;
};
struct ast_settings {
    struct ast_setting *v;
    unsigned n, cap;
};

/* streamed "/path?query" [as framing] */
struct ast_streamed {
    struct word path;
    struct word framing; /* absent: the dialect's first */
};

/* post "/path" { header "n" = "v"; sends X; returns Y; streams Z; streamed "/p"; fails W ["member"] }
 * post images "/path" { passes }       nothing is read or written: bodies go through as they are */
struct ast_operation {
    struct pos pos;
    struct word method; /* post, get or delete */
    struct word name;   /* `chat` when not written: `post chat "/path"` */
    unsigned twin;      /* of a dialect: how many of this name stand before it */
    struct word path;
    struct ast_rows headers;
    struct word sends, returns, streams, fails;
    struct word wrapped; /* streams events in "frame.member"; absent when not given */
    struct {
        struct ast_streamed *v;
        unsigned n, cap;
    } streamed;         /* where streams are asked for: the first is written; none: at `path` */
    struct word passes; /* the keyword; absent when not given */
    struct word costs, costs_member; /* costs bill by "usage", of what passes */
    struct word usual;               /* the model of requests that name none */
    /* fails error by "error": a reply with this member is an error whatever its status */
    struct word fails_member;
};
struct ast_operations {
    struct ast_operation *v;
    unsigned n, cap;
};

enum ast_decl_kind {
    DECL_ENUM,
    DECL_RECORD,
    DECL_MODEL_UNION,
    DECL_EVENTS,
    DECL_POLICY, /* in an ir file */
    DECL_OBJECT,
    DECL_UNION,
    DECL_LIST,
    DECL_TABLE,
    DECL_STREAM, /* in a dialect */
    DECL_AMEND /* in a provider: name { rows }.  A statement that may be a case or a table row, `"x" <-> y`, stands
                 * in table.  A provider may hold the declarations of a dialect, too */
};

struct ast_decl {
    enum ast_decl_kind kind;
    struct pos pos; /* of the head line */
    struct word name;
    struct ast_path model; /* `Block.call`: record or union, then case */
    struct word by;        /* tag member; absent in a patch stream and in a union by member */
    bool by_member;        /* union x <-> Y by member: the tags are members that must be there */
    struct word or_by;     /* list: the tag member of elements without the first; may be absent */
    bool by_frame;         /* stream x <-> Y by frame: the tags are names that the framing gives */
    struct word until;     /* stream: "[DONE]" */
    bool patch;            /* stream X <-> Y patch until "..." */
    bool items;            /* stream X <-> Y items by type */
    /* by kind */
    struct ast_enum_values values; /* DECL_ENUM, DECL_POLICY */
    struct word takes; /* DECL_POLICY: what it takes besides its values; absent when nothing */
    struct ast_fields fields; /* DECL_RECORD; the common fields of DECL_MODEL_UNION */
    struct ast_cases cases;   /* DECL_MODEL_UNION */
    struct ast_events events; /* DECL_EVENTS */
    struct ast_order order;   /* DECL_EVENTS, DECL_STREAM */
    /* DECL_OBJECT, patch DECL_STREAM, DECL_AMEND, and common rows of DECL_UNION */
    struct ast_rows rows;
    struct ast_tag_cases tag_cases; /* DECL_UNION, DECL_LIST, DECL_STREAM, DECL_AMEND */
    struct ast_table_rows table;    /* DECL_TABLE, DECL_AMEND */
};
struct ast_decls {
    struct ast_decl *v;
    unsigned n, cap;
};

enum ast_file_kind {
    FILE_IR,
    FILE_DIALECT,
    FILE_EXTENSION, /* extend NAME: more of a dialect; see extension.h */
    FILE_PROVIDER
};

struct ast_file {
    enum ast_file_kind kind;
    const struct source *src;
    /* dialect or provider name, dots included; the version number of an ir file */
    struct word name;
    struct word parent; /* provider x : parent */
    struct ast_settings settings;
    struct ast_operations operations;
    struct words removed; /* provider: inherited operations that it does not have */
    struct ast_decls decls;
};

/* Nothing but refusals, or nothing at all: what the rows belong to is taken as it is. */
static inline bool
ast_rows_refuse(const struct ast_rows *rows)
{
    for (unsigned i = 0; i < rows->n; i++)
        if (rows->v[i].kind != ROW_REFUSE)
            return false;
    return true;
}

#endif
