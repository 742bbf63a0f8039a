/* Dialects and the providers derived from them: inheritance by name.
 *
 * `provider x : dialect { name { rows } }` amends the inherited declaration `name`:
 *
 *   a row        replaces the inherited row for the same model path (that with the same wire path
 *                when there are several), else that which writes the same member, else is added;
 *                what it maps is no longer dropped
 *   drop p       takes the inherited rows for p away and lists p as lost
 *   first {}     replaces the inherited group for one of its model paths, and the inherited rows
 *                that it repeats
 *   a case       is amended likewise, found by its first tag, else added; what it maps is no longer
 *                dropped.  Its tags, arrow and meaning are those said anew.  `* -> foreign` is a
 *                case in a union, a row in a table
 *   a table row  comes first: an inherited row with the same wire word goes, one that writes the
 *                same value only reads
 *   remove w     takes the inherited rows for wire path w, and for what is inside it, away
 *
 * Settings and operations given anew replace the inherited ones; a policy for some models stands
 * beside them.
 *
 * `dialect x : y { ... }` inherits likewise, but is a family of its own: it is a front, and nothing
 * is copied unread between it and its parent. */
#ifndef SPECC_DIALECT_H
#define SPECC_DIALECT_H

#include "codegen/ast.h"
#include "codegen/diag.h"
#include "runtime/base/arena.h"

struct dialect {
    const struct ast_file *file;
    const struct dialect *base;   /* of a provider; NULL for a dialect, whatever it inherits */
    const struct dialect *family; /* the root of the chain; itself for a base */
    struct str name;              /* NUL-terminated */
    const char *c;                /* "openai_chat" */
    const char *prefix;           /* of the C names of changed declarations: "" or "deepseek_" */
    struct ast_settings settings;
    struct ast_operations operations;
    struct ast_decls decls; /* inherited and amended */
    bool *changed;          /* by declaration: differs from the base's, itself or by what it uses */
};
struct dialects {
    struct dialect *v;
    unsigned n, cap;
};

/* Resolve all dialect and provider files (ir files are passed over).  The order is: each base
 * before what derives from it, else by name.  Errors (unknown parent, depth over two, amending what
 * does not exist) go to d. */
struct dialects *
dialects_resolve(struct arena *a, const struct ast_file *const *files, unsigned n, struct diags *d);

/* NULL when there is none of this name. */
const struct dialect *dialects_find(const struct dialects *l, struct str name);
const struct ast_decl *dialect_decl(const struct dialect *d, struct str name);
/* The same, with an error and a suggestion in diags when there is none. */
const struct ast_decl *dialect_want(const struct dialect *d, struct word name, struct diags *diags);
bool dialect_changed(const struct dialect *d, const struct ast_decl *decl);
/* The last setting of this name, or NULL. */
/* Are names of members also read in snake_case (`names camel`)? */
bool dialect_names_camel(const struct dialect *d);
const struct ast_setting *dialect_setting(const struct dialect *d, const char *name);

bool path_eq(const struct ast_path *a, const struct ast_path *b);
/* "a.b[0].c" */
struct str path_text(struct arena *a, const struct ast_path *p);

#endif
