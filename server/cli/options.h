/* The options and operands of a command.
 *
 * `--name VALUE`, `--name=VALUE` and `-c VALUE` are understood, in any place; the last of repeated
 * ones counts; behind `--` everything is an operand.  Every command knows --help. */
#ifndef LLMUX_CLI_OPTIONS_H
#define LLMUX_CLI_OPTIONS_H

#include <stdbool.h>

struct option {
    const char *name;  /* "from" for --from */
    char letter;       /* 'c' for -c too, 0: none */
    const char *takes; /* what stands behind it: "DIALECT"; NULL: nothing */
    const char *help;  /* may have several lines */
    bool required;
    const char *value; /* out: what was given, "" for a switch; NULL: not given */
};

struct options {
    const char *synopsis; /* "translate --from D ... [FILE]" */
    const char *about;    /* lines below the synopsis */
    struct option *v;
    unsigned n;
    int operands_min, operands_max; /* max -1: any number */
    char **operands;                /* out: borrowed from argv, whose order is changed */
    int n_operands;                 /* out */
};

enum options_result {
    OPTIONS_GO,     /* run the command */
    OPTIONS_HELPED, /* the usage was printed, as asked */
    OPTIONS_WRONG,  /* what is wrong was printed to stderr */
};

/* argv[0] is the command's name. */
enum options_result options_read(struct options *o, int argc, char **argv);
/* A mistake in an argument: print `llmux COMMAND: WHAT: WORD` to stderr. */
void options_complain(const char *command, const char *what, const char *word);

#endif
