/* The registry as the config sees it. */
#include "server/cli/world.h"

#include <stdio.h>

#include "runtime/xd/policy.h"
#include "runtime/xd/registry.h"

#define TEXT_BYTES_MAX (1u << 20)

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

static struct str
setting_name(void *ctx, struct str type, unsigned i, bool *needed)
{
    const struct xd_dialect *d = xd_find(type);
    (void)ctx;
    if (!d || i >= d->nsettings)
        return (struct str){ NULL, 0 };
    *needed = !d->settings[i].usual.p;
    return d->settings[i].name;
}

struct config_world
world_of_process(struct arena *a)
{
    return (struct config_world){ .type = find_type,
                                  .type_name = type_name,
                                  .policy = check_policy,
                                  .setting = setting_name,
                                  .env = config_world_env,
                                  .file = config_world_file,
                                  .ctx = a };
}

void
world_print_errors(const struct config_errors *errors)
{
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    config_errors_print(errors, &text);
    fprintf(stderr, "%.*s", STR_ARG(buf_str(&text)));
    if (errors->more)
        fprintf(stderr, "%.*s: %u more errors\n", STR_ARG(errors->file), errors->more);
    buf_fini(&text);
}
