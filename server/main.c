/* llmux: one program, a table of commands. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "server/cli/cli.h"
#include "server/cli/guess.h"
#include "server/gateway/serve.h"
#include "server/mock/mock.h"
#include "server/version.h"

static const struct cli_command commands[] = {
    { "serve", "run the gateway", cmd_serve },
    { "check", "validate a configuration", cmd_check },
    { "explain", "tell what would happen to a request", cmd_explain },
    { "translate", "translate a document or a stream between dialects, offline", cmd_translate },
    { "conform", "judge files by the rules of a dialect", cmd_conform },
    { "mock", "emulate providers, for tests and load", cmd_mock },
    { "dialects", "list the API languages that are compiled in", cmd_dialects },
    { "providers", "list the providers that are compiled in", cmd_providers },
};
#define N_COMMANDS (sizeof commands / sizeof *commands)

static void
print_usage(FILE *out)
{
    fprintf(out, "usage: llmux COMMAND ...\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "\n"
                 "  llmux COMMAND --help  says what a command takes\n"
                 "  llmux --version       prints the version\n"
                 "\n"
                 "Exit codes: 0 yes, 1 the answer is no, 2 the command line is wrong.\n");
}

static int
unknown_command(const char *word)
{
    struct guess g;
    fprintf(stderr, "llmux: no such command: %s\n", word);
    guess_init(&g, word);
    for (size_t i = 0; i < N_COMMANDS; i++)
        guess_try(&g, commands[i].name);
    guess_print(&g, "llmux --help lists the commands");
    return CLI_USAGE;
}

/* An answer that could not be written is no answer. */
static int
settle(int code)
{
    if (code != CLI_YES || (fflush(stdout) == 0 && !ferror(stdout)))
        return code;
    fprintf(stderr, "llmux: cannot write the answer\n");
    return CLI_NO;
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return CLI_YES;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("llmux " LLMUX_VERSION "\n");
        return CLI_YES;
    }
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return settle(commands[i].run(argc - 1, argv + 1));
    return unknown_command(argv[1]);
}
