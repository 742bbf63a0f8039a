/* llmux check: is this configuration valid?  Every error, not only the first. */
#include <stdio.h>

#include "server/cli/cli.h"
#include "server/cli/options.h"
#include "server/cli/world.h"
#include "server/config/config.h"
#include "server/upstream/curl_library.h"

#define COMMAND         "check"
#define ARENA_BYTES_MAX (16u << 20)
#define SHOWN_BYTES_MAX ((size_t)64 << 20)

static const char about[] =
    "Reads a configuration as `serve` would and prints \"ok FILE\", or every error as\n"
    "\"FILE:line:column: what is wrong\" on stderr with exit code 1, and whether libcurl can be loaded.  Nothing is\n"
    "started.\n"
    "With --show also what holds for each key, be it in the file or not; secrets are left out.";

static void
show(const struct config *c)
{
    struct buf out;
    buf_init(&out, SHOWN_BYTES_MAX);
    config_show(c, &out);
    fwrite(out.p, 1, out.n, stdout);
    buf_fini(&out);
}

enum shown { SHOW_NOTHING, SHOW_KEYS };

static enum cli_exit
check_file(const char *path, enum shown shown)
{
    struct arena a;
    arena_init(&a, ARENA_BYTES_MAX);
    struct plugins *plugins = plugins_create(NULL);
    const struct config_world world = world_of_process(&a, plugins);
    struct config_errors errors = { .n = 0 };
    struct fault f;
    const struct config *config = config_load(path, &world, &a, &errors);
    bool usable = !curl_library_load(&f);
    if (!usable)
        fprintf(stderr, "llmux check: %s\n", f.text);
    if (!config)
        world_print_errors(&errors);
    if (config && usable)
        printf("ok %s\n", path);
    if (config && shown == SHOW_KEYS)
        show(config);
    plugins_destroy(plugins);
    arena_fini(&a);
    return config && usable ? CLI_YES : CLI_NO;
}

int
cmd_check(int argc, char **argv)
{
    struct option v[] = {
        { .name = "config",
          .letter = 'c',
          .takes = "FILE",
          .required = true,
          .help = "the configuration to check" },
        { .name = "show", .help = "print each key with what holds" },
    };
    struct options o = { .synopsis = "check -c FILE [--show]", .about = about, .v = v, .n = 2 };
    enum options_result got = options_read(&o, argc, argv);
    if (got != OPTIONS_GO)
        return got == OPTIONS_HELPED ? CLI_YES : CLI_USAGE;
    return check_file(v[0].value, v[1].value ? SHOW_KEYS : SHOW_NOTHING);
}
