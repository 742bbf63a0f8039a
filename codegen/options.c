/* See options.h. */
#include "codegen/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

const char options_usage[] =
    "usage: specc --out DIR [--manual FILE] FILE...\n"
    "       specc --plugin FILE --out X.c FILE...\n"
    "       specc --expand NAME FILE...\n"
    "       specc --dump STAGE FILE...\n"
    "\n"
    "  --out DIR       print the generated C files into DIR\n"
    "  --manual FILE   with --out: print what the specs say of the providers, for people\n"
    "  --plugin FILE   print the dialect or provider of FILE as one C file, to be compiled as a\n"
    "                  shared object; the other files are the model and what FILE inherits\n"
    "  --expand NAME   print what a dialect or provider means with all that it inherits\n"
    "  --dump tokens   print each file's tokens\n"
    "  --dump ast      print each file's syntax tree\n"
    "  --dump model    print the model's types and what they are in C\n"
    "  --dump rows     print each row with the C that it reads into and writes from\n"
    "  --dump order    print the automaton of each typed stream\n"
    "  --help          print this\n"
    "\n"
    "No file is touched when there are errors.\n"
    "Exit codes: 0 all is well, 1 the specs have errors, 2 the command line has.\n";

enum status
specc_options_complain(const char *what, const char *argument, const char *instead)
{
    fprintf(stderr, "specc: %s%s%s\nhelp: %s\n", what, argument ? ": " : "",
            argument ? argument : "", instead);
    return STATUS_USAGE;
}

static enum status
set_task(struct specc_options *o, enum task task)
{
    if (o->task != TASK_NONE && o->task != task)
        return specc_options_complain("one thing at a time", NULL,
                                      "specc --help lists what there is");
    o->task = task;
    return STATUS_OK;
}

static enum status
read_stage(struct specc_options *o, const char *name)
{
    static const struct {
        const char *name;
        enum task task;
    } stages[] = {
        { "tokens", TASK_TOKENS }, { "ast", TASK_AST },     { "model", TASK_MODEL },
        { "rows", TASK_ROWS },     { "order", TASK_ORDER },
    };

    if (!name)
        return specc_options_complain("--dump wants a stage", NULL, "specc --dump ast FILE...");
    for (size_t i = 0; i < COUNT(stages); i++)
        if (strcmp(name, stages[i].name) == 0)
            return set_task(o, stages[i].task);
    return specc_options_complain("no such stage", name,
                                  "the stages are tokens, ast, model, rows and order");
}

/* An option with a word behind it, which is kept in *slot. */
static enum status
read_word(const char *option, const char *word, const char **slot)
{
    *slot = word;
    return word ? STATUS_OK
                : specc_options_complain("a word is missing behind", option,
                                         "specc --help says what stands there");
}

static enum status
read_option(struct specc_options *o, const char *option, const char *word)
{
    enum status status;

    if (strcmp(option, "--dump") == 0)
        return read_stage(o, word);
    if (strcmp(option, "--out") == 0)
        return read_word(option, word, &o->out);
    if (strcmp(option, "--manual") == 0)
        return read_word(option, word, &o->manual);
    if (strcmp(option, "--plugin") == 0) {
        status = read_word(option, word, &o->plugin);
        return status ? status : set_task(o, TASK_PLUGIN);
    }
    if (strcmp(option, "--expand") == 0) {
        status = read_word(option, word, &o->name);
        return status ? status : set_task(o, TASK_EXPAND);
    }
    return specc_options_complain("no such option", option, "specc --help lists the options");
}

/* A file named twice is read once. */
static void
add_file(struct specc_options *o, const char *path)
{
    for (int i = 0; i < o->n_files; i++)
        if (strcmp(o->files[i], path) == 0)
            return;
    o->files[o->n_files++] = path;
}

static enum status
check(struct specc_options *o)
{
    if (o->task == TASK_NONE && o->out)
        o->task = TASK_GENERATE;
    if (o->task == TASK_NONE)
        return specc_options_complain("nothing to do", NULL, "specc --out generated FILE...");
    if ((o->task == TASK_PLUGIN) && !o->out)
        return specc_options_complain("--plugin wants the name of a C file", NULL,
                                      "specc --plugin acme.spec --out acme.c FILE...");
    if (o->n_files == 0)
        return specc_options_complain("no files", NULL,
                                      "name the spec files: specc --dump ast specs/ir.spec");
    return STATUS_OK;
}

enum status
specc_options_read(struct specc_options *o, int argc, char **argv)
{
    enum status status = STATUS_OK;

    *o = (struct specc_options){ .files = calloc((size_t)argc + 1, sizeof *o->files) };
    if (!o->files)
        return specc_options_complain("out of memory", NULL, "try again");
    for (int i = 1; i < argc && status == STATUS_OK; i++) {
        if (strcmp(argv[i], "--help") == 0)
            o->help = true;
        else if (argv[i][0] != '-')
            add_file(o, argv[i]);
        else if (i + 1 < argc) {
            status = read_option(o, argv[i], argv[i + 1]);
            i++;
        } else
            status = read_option(o, argv[i], NULL);
    }
    if (status == STATUS_OK && o->plugin)
        add_file(o, o->plugin);
    return status || o->help ? status : check(o);
}

void
specc_options_fini(struct specc_options *o)
{
    free(o->files);
}
