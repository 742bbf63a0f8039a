/* The whole way from parsed files to printed ones. */
#include "codegen/compile.h"

#include "codegen/coverage.h"
#include "codegen/emit.h"
#include "codegen/extension.h"
#include "codegen/head.h"
#include "codegen/invert.h"
#include "codegen/manual.h"
#include "codegen/model.h"
#include "codegen/operation.h"
#include "codegen/placement.h"
#include "codegen/setting.h"
#include "codegen/tidy.h"

#define OUTPUT_MAX (64u << 20)

static struct buf *
add_output(struct arena *a, struct compiled *c, const char *name)
{
    struct output *o = arena_push(a, (void **)&c->outputs.v, &c->outputs.n, &c->outputs.cap,
                                  sizeof *o);

    o->name = name;
    buf_init(&o->text, OUTPUT_MAX);
    return &o->text;
}

static const struct ast_file *
find_ir(const struct ast_file *const *files, unsigned n, struct diags *d)
{
    const struct ast_file *ir = NULL;

    for (unsigned i = 0; i < n; i++) {
        if (files[i]->kind != FILE_IR)
            continue;
        if (ir) {
            struct diag *e = diag_error(d, files[i]->name.pos, "there are two models");
            diag_note(e, ir->name.pos, "the other one");
        }
        ir = files[i];
    }
    if (!ir)
        diag_error(d, (struct pos){ NULL, 0, 0 }, "no file with the model (`ir 1`) was given");
    return ir;
}

/* A declaration that nothing uses would go unchecked, and is printed nowhere. */
static void
check_used(struct arena *a, const struct dialect *dialect, struct diags *d)
{
    const struct ast_decls *own = &dialect->file->decls;

    for (unsigned i = 0; i < own->n; i++) {
        struct word name = own->v[i].name;
        if (own->v[i].kind == DECL_AMEND || dialect_needs(a, dialect, name.s, DIR_READ)
            || dialect_needs(a, dialect, name.s, DIR_WRITE))
            continue;
        diag_help(diag_error(d, name.pos, "nothing uses '%.*s'", STR_ARG(name.s)),
                  "name it in a row behind ':' or in an operation, or leave it out");
    }
}

static void
check(struct arena *a, const struct ir_model *ir, const struct dialect *dialect, struct diags *d)
{
    struct coverage unused = { .read = { NULL, 0, 0 } };

    check_used(a, dialect, d);
    invert_check(a, ir, dialect, d);
    for (unsigned i = 0; i < dialect->operations.n; i++) {
        coverage_walk(a, ir, dialect, dialect->operations.v[i].sends.s, d, &unused);
        coverage_walk(a, ir, dialect, dialect->operations.v[i].returns.s, d, &unused);
        coverage_walk(a, ir, dialect, dialect->operations.v[i].fails.s, d, &unused);
    }
    const struct ast_setting *lists = dialect_setting(dialect, "lists");
    for (unsigned i = 1; lists && i < lists->values.n; i++)
        coverage_walk(a, ir, dialect, lists->values.v[i].s, d, &unused);
}

/* Lay the printed C out. */
static void
tidy_outputs(struct arena *a, struct compiled *c)
{
    for (unsigned i = 0; i < c->outputs.n; i++) {
        struct output *o = &c->outputs.v[i];
        struct buf out;
        if (!str_ends(str_from(o->name), STR(".c")) && !str_ends(str_from(o->name), STR(".h")))
            continue;
        buf_init(&out, OUTPUT_MAX);
        tidy(a, buf_str(&o->text), &out);
        buf_fini(&o->text);
        o->text = out;
    }
}

/* What must hold before the rows are looked at. */
static void
check_frames(const struct ast_file *const *files, unsigned n, const struct compiled *c,
             struct diags *d)
{
    for (unsigned i = 0; i < n; i++)
        if (files[i]->kind != FILE_IR)
            setting_check(c->ir, files[i], d);
    for (unsigned i = 0; i < c->dialects->n; i++) {
        operation_check(&c->dialects->v[i], d);
        placement_check(&c->dialects->v[i], d);
        head_check(c->ir, &c->dialects->v[i], d);
    }
}

bool
compile_resolve(struct arena *a, const struct ast_file *const *files, unsigned n, struct diags *d,
                struct compiled *out)
{
    const struct ast_file *ir = find_ir(files, n, d);

    files = extensions_merge(a, files, n, &n, d);
    *out = (struct compiled){ 0 };
    if (!ir)
        return false;
    out->ir = types_resolve(a, ir, d);
    if (diags_count(d) == 0)
        model_check(a, out->ir, d);
    if (diags_count(d))
        return false;
    out->dialects = dialects_resolve(a, files, n, d);
    if (diags_count(d) == 0)
        check_frames(files, n, out, d);
    return diags_count(d) == 0;
}

static void
print_family(struct arena *a, struct compiled *c, const struct dialect *dialect, struct diags *d)
{
    struct emit e = { .a = a,
                      .diags = d,
                      .ir = c->ir,
                      .dialects = c->dialects,
                      .family = dialect,
                      .family_name = dialect->name };

    e.out = add_output(a, c, arena_printf(a, "%s.c", dialect->c).p);
    emit_family(&e);
}

void
compile(struct arena *a, const struct ast_file *const *files, unsigned n, struct diags *d,
        struct compiled *out)
{
    if (!compile_resolve(a, files, n, d, out))
        return;
    for (unsigned i = 0; i < out->dialects->n; i++)
        check(a, out->ir, &out->dialects->v[i], d);
    emit_ir_header(a, out->ir, add_output(a, out, "ir.h"));
    emit_ir_source(a, out->ir, add_output(a, out, "ir.c"));
    for (unsigned i = 0; i < out->dialects->n; i++)
        if (!out->dialects->v[i].base)
            print_family(a, out, &out->dialects->v[i], d);
    emit_registry(a, out->dialects, add_output(a, out, "registry.c"));
    coverage_report(a, out->ir, out->dialects, add_output(a, out, "LOSS.md"));
    manual_print(a, out->dialects, add_output(a, out, OUTPUT_MANUAL));
    tidy_outputs(a, out);
}

void
compile_plugin(struct arena *a, const struct ast_file *const *files, unsigned n,
               const struct ast_file *file, struct diags *d, struct compiled *out)
{
    if (!compile_resolve(a, files, n, d, out))
        return;
    const struct dialect *dialect = dialects_find(out->dialects, file->name.s);
    check(a, out->ir, dialect, d);
    struct dialect alone = *dialect;
    struct dialects one = { &alone, 1, 1 };
    alone.base = NULL;
    alone.family = &alone;
    alone.prefix = "";
    struct emit e = { .a = a,
                      .diags = d,
                      .ir = out->ir,
                      .dialects = &one,
                      .family = &alone,
                      .family_name = dialect->family->name,
                      .as = EMIT_PLUGIN };
    e.out = add_output(a, out, arena_printf(a, "%s.c", dialect->c).p);
    emit_family(&e);
    tidy_outputs(a, out);
}

void
compiled_fini(struct compiled *c)
{
    for (unsigned i = 0; i < c->outputs.n; i++)
        buf_fini(&c->outputs.v[i].text);
}
