/* Building syntax tree nodes: what the grammar's actions call.
 *
 * No function fails: when the arena is full they return a spare node or leave an element out, and
 * parse_file returns NULL in the end. */
#ifndef SPECC_BUILD_H
#define SPECC_BUILD_H

#include "codegen/ast.h"
#include "codegen/diag.h"
#include "codegen/lex.h"

/* Names and operators in one file's orders, which bounds the depth of their trees. */
#define BUILD_ORDER_MAX 1000

struct build {
    struct arena *arena;
    struct diags *diags;
    const struct source *src;
    struct ast_file *file;
    bool headed;         /* the file's first statement was understood */
    bool failed;         /* the parser gave up */
    struct pos at;       /* of the token being fed */
    unsigned order_size; /* nodes made for orders so far */
    struct {
        struct ast_row row;
        struct ast_rows rows;
        struct ast_decl decl;
        struct ast_regex regex;
        struct ast_operation operation;
    } spare;
};

/* Append an element to a vector {v, n, cap}. */
#define BUILD_PUSH(b, vec, ...) \
    ((void)(arena_push((b)->arena, (void **)&(vec)->v, &(vec)->n, &(vec)->cap, sizeof *(vec)->v) \
                ? ((vec)->v[(vec)->n - 1] = (__VA_ARGS__), 0) \
                : 0))

/* From the beginning of one place to the end of another. */
struct pos build_span(struct pos from, struct pos to);
/* Several words as one: `a.b`. */
struct word build_dotted(struct build *b, struct word head, struct word tail);
/* The parser's stack is full. */
void build_overflow(struct build *b);
/* The file's first statement. */
void build_file(struct build *b, enum ast_file_kind kind, struct word name, struct word parent);

/* --- settings, operations, declarations --- */

void build_setting(struct build *b, struct word name, struct words values, struct words globs);
/* `policy name = value globs` is the setting `policy` with the values name and value. */
void build_policy(struct build *b, struct word keyword, struct word name, struct word value,
                  struct words globs);

struct ast_operation *build_operation(struct build *b);
void build_add_operation(struct build *b, struct ast_operation *op, struct token first,
                         struct word name, struct word path);
/* `remove a, b` in a provider. */
void build_removed(struct build *b, struct words names);
/* Set a word that may be said once: a member of an operation (`sends x`), a modifier (`max 1`). */
void build_word(struct build *b, struct word *word, struct token keyword, struct word value);

struct build_head {
    struct word name;
    struct ast_path model;
};

/* A declaration's body, to be completed by its head. */
struct ast_decl *build_decl_body(struct build *b);
void build_head(struct ast_decl *decl, enum ast_decl_kind kind, struct pos pos, struct word name);
struct ast_decl *
build_decl(struct build *b, enum ast_decl_kind kind, struct pos pos, struct word name);
struct ast_decl *build_wire_decl(struct build *b, struct ast_decl *body, enum ast_decl_kind kind,
                                 struct token first, struct build_head head);
void build_add_decl(struct build *b, struct ast_decl *decl);

/* --- cases, table rows, changes --- */

struct build_keys {
    struct words words;
    bool none, any;
    struct pos pos;
};

struct build_keys build_key(struct build *b, struct token key);
/* true or false */
struct build_keys build_truth(struct build *b, struct token key);
void build_more_keys(struct build *b, struct build_keys *keys, struct build_keys more);

struct ast_tag_case build_case(struct build_keys tags, enum arrow arrow, struct ast_paths model);
struct ast_table_row
build_table_row(struct build_keys keys, struct word status, enum arrow arrow, struct word model);
/* Append a statement; end is the TOK_END behind it. */
void build_add_case(struct build *b, struct ast_tag_cases *cases, struct ast_tag_case c,
                    struct token end);
void build_add_table_row(struct build *b, struct ast_table_rows *rows, struct ast_table_row row,
                         struct token end);

/* A statement of an amendment that begins with a string: a case of a union, list or stream, or a
 * row of a table. With a block, a dotted path, `with`, `|` or `none` it can only be a case; everything else
 * is kept as a table row. */
struct build_change {
    struct build_keys keys;
    struct word status;
    struct ast_path when; /* with when = is */
    struct ast_const is;
    enum arrow arrow;
    struct ast_paths model; /* n == 0: value is given instead */
    struct word value;
    bool block; /* rows were given, perhaps none */
    struct ast_rows rows;
};

void build_add_change(struct build *b, struct ast_decl *decl, const struct build_change *change,
                      struct token end);

/* --- orders --- */

enum build_ordering_kind {
    ORDERING_ORDER,
    ORDERING_ANYWHERE,
    ORDERING_FINAL,
    ORDERING_SKIP,
    ORDERING_FAULTY
};

struct build_ordering {
    enum build_ordering_kind kind;
    struct pos at;
    struct ast_regex *regex;
    struct words names;
};

void build_ordering(struct build *b, struct ast_order *order, const struct build_ordering *o);
struct ast_regex *build_regex(struct build *b, enum ast_regex_kind kind, struct ast_regex *left,
                              struct ast_regex *right);
struct ast_regex *build_regex_name(struct build *b, struct word name);

/* --- rows, paths, constants --- */

struct ast_row *build_row(struct build *b, enum ast_row_kind kind, struct pos pos);
/* A ROW_MAP, or a ROW_FAIL or one with a builtin if the model side says so. */
struct ast_row *
build_map(struct build *b, struct ast_paths wire, enum arrow arrow, struct ast_paths model);
struct ast_row *build_const_row(struct build *b, struct ast_paths wire, struct ast_const value);
struct ast_row *
build_block_row(struct build *b, enum ast_row_kind kind, struct token first, struct ast_rows rows);
void build_add_row(struct build *b, struct ast_rows *rows, struct ast_row *row, struct token end);
void build_else(struct build *b, struct ast_row *row, struct token keyword, struct ast_const value);
void build_with(struct build *b, struct ast_row *row, struct token keyword, struct ast_path path,
                struct ast_const value);
void build_grows(struct build *b, struct ast_row *row, struct token keyword, struct ast_path delta);

struct ast_form build_form_name(enum ast_form_kind kind, struct word name);
/* A form of two words and a fixed one, such as `string as text`. */
struct ast_form build_form(struct build *b, enum ast_form_kind kind, struct word fixed,
                           struct word name, const char *wanted);
/* `string as name`, `object as name`, `json as name`. */
struct ast_form build_form_as(struct build *b, struct word what, struct word name);
/* `json in string`, `text in TAG`. */
struct ast_form build_form_in(struct build *b, struct word what, struct word where);
void build_expect(struct build *b, struct word word, const char *wanted);

struct build_step {
    struct ast_step step;
    struct pos pos;
};

struct build_step build_step(struct word name, int index, struct pos end);
void build_add_step(struct build *b, struct ast_path *path, struct build_step step);
int build_index(struct build *b, struct word number);
struct ast_const build_const_name(struct word name);

#endif
