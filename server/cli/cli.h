/* The commands of the program.  Each gets its own name in argv[0] and its arguments behind it,
 * writes its answer to stdout and everything else to stderr, and returns an enum cli_exit. */
#ifndef LLMUX_CLI_CLI_H
#define LLMUX_CLI_CLI_H

enum cli_exit {
    CLI_YES = 0,
    CLI_NO =
        1, /* the answer is no: faulty input, a config with errors, output that cannot be written */
    CLI_USAGE = 2, /* the command line is wrong */
};

struct cli_command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

int cmd_check(int argc, char **argv);
int cmd_conform(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_dialects(int argc, char **argv);
int cmd_providers(int argc, char **argv);
int cmd_translate(int argc, char **argv);

#endif
