/* The whole way from parsed files to printed ones. */
#ifndef SPECC_COMPILE_H
#define SPECC_COMPILE_H

#include "codegen/dialect.h"
#include "codegen/types.h"
#include "runtime/base/buf.h"

/* The output that is no code but a manual, and goes elsewhere. */
#define OUTPUT_MANUAL "providers.md"

struct output {
    const char *name;
    struct buf text;
}; /* "openai_chat.c" */
struct outputs {
    struct output *v;
    unsigned n, cap;
};

struct compiled {
    struct ir_model *ir;
    struct dialects *dialects;
    struct outputs outputs; /* texts are owned: compiled_fini */
};

/* Resolve and check all but what stands in rows: sets ir and dialects.  False, with errors in d,
 * when they are not fit for use. */
MUST_CHECK bool compile_resolve(struct arena *a, const struct ast_file *const *files, unsigned n,
                                struct diags *d, struct compiled *out);
/* Resolve, check and print.  Every error goes to d; with errors the outputs are not to be used. */
void compile(struct arena *a, const struct ast_file *const *files, unsigned n, struct diags *d,
             struct compiled *out);
/* The same for one dialect or provider as a plugin: a single output that needs no other.  file is
 * among the files. */
void compile_plugin(struct arena *a, const struct ast_file *const *files, unsigned n,
                    const struct ast_file *file, struct diags *d, struct compiled *out);
void compiled_fini(struct compiled *c);

#endif
