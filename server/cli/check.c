/* llmux check: is this configuration valid?  Every error, not only the first. */
#include <stdio.h>

#include "runtime/xd/policy.h"
#include "runtime/xd/registry.h"
#include "server/cli/cli.h"
#include "server/cli/options.h"
#include "server/config/config.h"

#define COMMAND         "check"
#define ARENA_BYTES_MAX (16u << 20)
#define TEXT_BYTES_MAX  (1u << 20)

static const char about[] =
    "Reads a configuration as `serve` would and prints \"ok FILE\", or every error as\n"
    "\"FILE:line:column: what is wrong\" on stderr with exit code 1.  Nothing is started.";

static enum config_type
find_type(void *ctx, struct str name)
{
    const struct xd_dialect *d = xd_find(name);
    (void)ctx;
    if (!d)
        return CONFIG_TYPE_UNKNOWN;
    return d->base_url.p ? CONFIG_TYPE_COMPLETE : CONFIG_TYPE_NEEDS_URL;
}

static struct str
type_name(void *ctx, unsigned i)
{
    (void)ctx;
    for (unsigned n = 0; xd_registry[n]; n++)
        if (n == i)
            return str_from(xd_registry[n]->name);
    return (struct str){ NULL, 0 };
}

static bool
check_policy(void *ctx, struct str type, struct str key, struct str value, struct buf *why)
{
    struct arena *a = ctx;
    const char *text = xd_policy_check(a, key, value);
    (void)type;
    if (text)
        buf_puts(why, str_from(text));
    return !text;
}

static void
print_errors(const struct config_errors *errors)
{
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    config_errors_print(errors, &text);
    fprintf(stderr, "%.*s", STR_ARG(buf_str(&text)));
    if (errors->more)
        fprintf(stderr, "%.*s: %u more errors\n", STR_ARG(errors->file), errors->more);
    buf_fini(&text);
}

static enum cli_exit
check_file(const char *path)
{
    struct arena a;
    arena_init(&a, ARENA_BYTES_MAX);
    const struct config_world world = { .type = find_type,
                                        .type_name = type_name,
                                        .policy = check_policy,
                                        .env = config_world_env,
                                        .file = config_world_file,
                                        .ctx = &a };
    struct config_errors errors = { .n = 0 };
    const struct config *config = config_load(path, &world, &a, &errors);
    if (config)
        printf("ok %s\n", path);
    else
        print_errors(&errors);
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
