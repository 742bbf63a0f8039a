/* specc: the spec compiler. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/compile.h"
#include "codegen/diag.h"
#include "codegen/dump.h"
#include "codegen/dump_model.h"
#include "codegen/dump_rows.h"
#include "codegen/expand.h"
#include "codegen/lex.h"
#include "codegen/options.h"
#include "codegen/parse.h"
#include "codegen/source.h"

#define ARENA_MAX  ((size_t)1 << 30)
#define OUTPUT_MAX ((size_t)256 << 20)

struct specc {
    struct arena arena;
    struct diags diags;
    struct buf out;                /* printed at the end, unless there were errors */
    const struct ast_file *plugin; /* the file to make a plugin of */
    struct {
        const struct ast_file **v;
        unsigned n, cap;
    } files;
};

/* --- reading ---------------------------------------------------------------------------------- */

static void
read_source(struct specc *s, const struct specc_options *o, const struct source *src)
{
    struct tokens tokens = { 0 };

    if (o->task == TASK_TOKENS) {
        if (lex(&s->arena, src, &tokens))
            dump_tokens(&tokens, &s->out);
        return;
    }
    struct ast_file *file = parse_file(&s->arena, src, &s->diags);
    if (!file)
        return;
    if (o->task == TASK_AST)
        dump_ast(file, &s->out);
    if (o->plugin && str_is(src->path, o->plugin))
        s->plugin = file;
    *(const struct ast_file **)arena_push(&s->arena, (void **)&s->files.v, &s->files.n,
                                          &s->files.cap, sizeof *s->files.v) = file;
}

static bool
read_files(struct specc *s, const struct specc_options *o)
{
    for (int i = 0; i < o->n_files; i++) {
        const struct source *src;
        struct fault f;
        if (source_read(&s->arena, o->files[i], &src, &f))
            diag_error(&s->diags, (struct pos){ 0 }, "cannot read %s: %s", o->files[i], f.text);
        else
            read_source(s, o, src);
    }
    return diags_count(&s->diags) == 0 && !s->arena.full;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* A file is written only when it changes, so that make sees what is new. */
static enum status
write_file(const char *path, struct str text)
{
    struct buf old;
    FILE *f = fopen(path, "rb");

    buf_init(&old, OUTPUT_MAX);
    if (f) {
        char chunk[65536];
        for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
            buf_put(&old, chunk, n);
        fclose(f);
    }
    bool same = f && str_eq(buf_str(&old), text);
    buf_fini(&old);
    if (same)
        return STATUS_OK;
    f = fopen(path, "wb");
    bool written = f && fwrite(text.p, 1, text.n, f) == text.n;
    if (f && fclose(f))
        written = false;
    return written ? STATUS_OK
                   : specc_options_complain("cannot write", path,
                                            "is the directory there, and writable?");
}

/* All outputs below the directory `out`, or the only one as the file `out`. */
static enum status
write_outputs(struct specc *s, const struct specc_options *o, const struct compiled *c)
{
    enum status status = STATUS_OK;

    for (unsigned i = 0; status == STATUS_OK && i < c->outputs.n; i++) {
        const struct output *output = &c->outputs.v[i];
        bool manual = strcmp(output->name, OUTPUT_MANUAL) == 0;
        if (manual && !o->manual)
            continue;
        const char *path = manual ? o->manual
                           : o->task == TASK_PLUGIN
                               ? o->out
                               : arena_printf(&s->arena, "%s/%s", o->out, output->name).p;
        status = write_file(path, buf_str(&output->text));
    }
    return status;
}

static enum status
generate(struct specc *s, const struct specc_options *o)
{
    struct compiled c;
    enum status status = STATUS_NO;

    if (o->task == TASK_PLUGIN)
        compile_plugin(&s->arena, s->files.v, s->files.n, s->plugin, &s->diags, &c);
    else
        compile(&s->arena, s->files.v, s->files.n, &s->diags, &c);
    if (diags_count(&s->diags) == 0 && !s->arena.full)
        status = write_outputs(s, o, &c);
    compiled_fini(&c);
    return status;
}

/* --- showing ---------------------------------------------------------------------------------- */

static enum status
show(struct specc *s, const struct specc_options *o)
{
    struct compiled c;

    if (!compile_resolve(&s->arena, s->files.v, s->files.n, &s->diags, &c))
        return STATUS_NO;
    if (o->task == TASK_MODEL)
        dump_model(&s->arena, c.ir, &s->out);
    if (o->task == TASK_ROWS)
        dump_rows(&s->arena, c.ir, c.dialects, &s->diags, &s->out);
    if (o->task == TASK_ORDER)
        dump_order(&s->arena, c.dialects, &s->diags, &s->out);
    if (o->task == TASK_EXPAND) {
        const struct dialect *d = dialects_find(c.dialects, str_from(o->name));
        if (d)
            expand(&s->arena, d, &s->out);
        else
            diag_error(&s->diags, (struct pos){ 0 }, "there is no dialect or provider '%s'",
                       o->name);
    }
    return diags_count(&s->diags) ? STATUS_NO : STATUS_OK;
}

static enum status
run(struct specc *s, const struct specc_options *o)
{
    if (!read_files(s, o))
        return STATUS_NO;
    switch (o->task) {
    case TASK_NONE:
    case TASK_TOKENS:
    case TASK_AST:
        break;
    case TASK_GENERATE:
    case TASK_PLUGIN:
        return generate(s, o);
    case TASK_EXPAND:
    case TASK_MODEL:
    case TASK_ROWS:
    case TASK_ORDER:
        return show(s, o);
    }
    return STATUS_OK;
}

/* The output of a run without errors, or else the errors. */
static enum status
finish(struct specc *s, enum status status)
{
    struct buf errors;

    buf_init(&errors, OUTPUT_MAX);
    diags_print(&s->diags, &errors);
    struct str text = status == STATUS_OK ? buf_str(&s->out) : buf_str(&errors);
    FILE *to = status == STATUS_OK ? stdout : stderr;
    if (fwrite(text.p, 1, text.n, to) < text.n || fflush(to))
        status = STATUS_NO;
    buf_fini(&errors);
    return status;
}

int
main(int argc, char **argv)
{
    struct specc_options o;
    struct specc s = { 0 };
    enum status status = specc_options_read(&o, argc, argv);

    if (status == STATUS_OK && o.help) {
        fputs(options_usage, stdout);
    } else if (status == STATUS_OK) {
        arena_init(&s.arena, ARENA_MAX);
        diags_init(&s.diags, &s.arena);
        buf_init(&s.out, OUTPUT_MAX);
        status = finish(&s, run(&s, &o));
        buf_fini(&s.out);
        arena_fini(&s.arena);
    }
    specc_options_fini(&o);
    return status;
}
