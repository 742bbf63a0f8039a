/* specc: the spec compiler's command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/compile.h"
#include "codegen/diag.h"
#include "codegen/dump.h"
#include "codegen/lex.h"
#include "codegen/parse.h"
#include "codegen/source.h"

#define ARENA_MAX ((size_t)1 << 30)
#define OUTPUT_MAX ((size_t)256 << 20)

enum status { STATUS_OK = 0, STATUS_NO = 1, STATUS_USAGE = 2 };
enum stage { STAGE_NONE, STAGE_TOKENS, STAGE_AST };

struct options {
    enum stage dump;
    const char *out;        /* directory to print the generated files into */
    bool help;
    char **files;           /* borrowed from argv */
    int n_files;
};

struct specc {
    struct arena arena;
    struct diags diags;
    struct buf out;         /* printed at the end, unless there were errors */
    struct { const struct ast_file **v; unsigned n, cap; } files;
};

static const char usage[] =
    "usage: specc --out DIR FILE...\n"
    "       specc --dump STAGE FILE...\n"
    "\n"
    "  --out DIR       print the generated C files into DIR; no file is touched when there are errors\n"
    "  --dump tokens   print each file's tokens\n"
    "  --dump ast      print each file's syntax tree\n"
    "  --help          print this\n"
    "\n"
    "Exit codes: 0 all is well, 1 the specs have errors, 2 the command line has.\n";

/* --- command line ------------------------------------------------------------------------------------ */

static enum status
complain(const char *what, const char *argument, const char *instead)
{
    fprintf(stderr, "specc: %s%s%s\nhelp: %s\n", what, argument ? ": " : "", argument ? argument : "",
            instead);
    return STATUS_USAGE;
}

static enum status
read_stage(struct options *o, const char *name)
{
    if (!name)
        return complain("--dump wants a stage", NULL, "specc --dump ast FILE...");
    if (strcmp(name, "tokens") == 0)
        o->dump = STAGE_TOKENS;
    else if (strcmp(name, "ast") == 0)
        o->dump = STAGE_AST;
    else
        return complain("no such stage", name, "the stages are tokens and ast: specc --dump ast FILE...");
    return STATUS_OK;
}

static enum status
read_out(struct options *o, const char *dir)
{
    o->out = dir;
    return dir ? STATUS_OK : complain("--out wants a directory", NULL, "specc --out generated FILE...");
}

/* Options may stand anywhere; what is left of argv are the files. */
static enum status
read_options(struct options *o, int argc, char **argv)
{
    o->files = argv;
    for (int i = 1; i < argc; i++) {
        enum status status = STATUS_OK;
        if (strcmp(argv[i], "--help") == 0)
            o->help = true;
        else if (strcmp(argv[i], "--dump") == 0)
            status = read_stage(o, ++i < argc ? argv[i] : NULL);
        else if (strcmp(argv[i], "--out") == 0)
            status = read_out(o, ++i < argc ? argv[i] : NULL);
        else if (argv[i][0] == '-')
            status = complain("no such option", argv[i], "specc --help lists the options");
        else
            o->files[o->n_files++] = argv[i];
        if (status)
            return status;
    }
    if (o->help)
        return STATUS_OK;
    if (o->dump == STAGE_NONE && !o->out)
        return complain("nothing to do", NULL, "specc --out generated FILE...");
    if (o->n_files == 0)
        return complain("no files", NULL, "name the spec files: specc --dump ast specs/ir.spec");
    return STATUS_OK;
}

/* --- stages ------------------------------------------------------------------------------------------ */

static void
compile_file(struct specc *s, const struct options *o, const struct source *src)
{
    struct tokens tokens = { 0 };
    if (o->dump == STAGE_TOKENS) {
        if (lex(&s->arena, src, &tokens))
            dump_tokens(&tokens, &s->out);
        return;
    }
    struct ast_file *file = parse_file(&s->arena, src, &s->diags);
    if (file && o->dump == STAGE_AST)
        dump_ast(file, &s->out);
    if (file && o->out)
        *(const struct ast_file **)arena_push(&s->arena, (void **)&s->files.v, &s->files.n, &s->files.cap,
                                              sizeof *s->files.v) = file;
}

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
    return written ? STATUS_OK : complain("cannot write", path, "is the directory there, and writable?");
}

static enum status
write_outputs(struct specc *s, const struct options *o)
{
    struct compiled c;
    enum status status = STATUS_OK;

    compile(&s->arena, s->files.v, s->files.n, &s->diags, &c);
    if (diags_count(&s->diags) || s->arena.full)
        status = STATUS_NO;
    for (unsigned i = 0; status == STATUS_OK && i < c.outputs.n; i++)
        status = write_file(arena_printf(&s->arena, "%s/%s", o->out, c.outputs.v[i].name).p, buf_str(&c.outputs.v[i].text));
    compiled_fini(&c);
    return status;
}

static enum status
run(struct specc *s, const struct options *o)
{
    for (int i = 0; i < o->n_files; i++) {
        const struct source *src;
        struct fault f;
        if (source_read(&s->arena, o->files[i], &src, &f))
            diag_error(&s->diags, (struct pos){ 0 }, "cannot read %s: %s", o->files[i], f.text);
        else
            compile_file(s, o, src);
    }
    if (diags_count(&s->diags) || s->arena.full)
        return STATUS_NO;
    return o->out ? write_outputs(s, o) : STATUS_OK;
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
    struct options o = { 0 };
    enum status status = read_options(&o, argc, argv);
    if (status)
        return status;
    if (o.help) {
        fputs(usage, stdout);
        return STATUS_OK;
    }
    struct specc s = { 0 };
    arena_init(&s.arena, ARENA_MAX);
    diags_init(&s.diags, &s.arena);
    buf_init(&s.out, OUTPUT_MAX);
    status = finish(&s, run(&s, &o));
    buf_fini(&s.out);
    arena_fini(&s.arena);
    return status;
}
