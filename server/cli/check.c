/* llmux check: is this configuration valid?  Every error, not only the first. */
#include <stdio.h>

#include "server/cli/cli.h"
#include "server/cli/options.h"
#include "server/cli/world.h"
#include "server/config/config.h"

#define COMMAND         "check"
#define ARENA_BYTES_MAX (16u << 20)

static const char about[] =
    "Reads a configuration as `serve` would and prints \"ok FILE\", or every error as\n"
    "\"FILE:line:column: what is wrong\" on stderr with exit code 1.  Nothing is started.";

static enum cli_exit
check_file(const char *path)
{
    struct arena a;
    arena_init(&a, ARENA_BYTES_MAX);
    struct plugins *plugins = plugins_create(NULL);
    const struct config_world world = world_of_process(&a, plugins);
    struct config_errors errors = { .n = 0 };
    const struct config *config = config_load(path, &world, &a, &errors);
    if (config)
        printf("ok %s\n", path);
    else
        world_print_errors(&errors);
    plugins_destroy(plugins);
    arena_fini(&a);
    return config ? CLI_YES : CLI_NO;
}

int
cmd_check(int argc, char **argv)
{
    struct option config = { .name = "config",
                             .letter = 'c',
                             .takes = "FILE",
                             .required = true,
                             .help = "the configuration to check" };
    struct options o = { .synopsis = "check -c FILE", .about = about, .v = &config, .n = 1 };
    enum options_result got = options_read(&o, argc, argv);
    if (got != OPTIONS_GO)
        return got == OPTIONS_HELPED ? CLI_YES : CLI_USAGE;
    return check_file(config.value);
}
