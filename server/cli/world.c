/* The registry as the config sees it. */
#include "server/cli/world.h"

#include <stdio.h>

#include "runtime/redact/custom.h"
#include "runtime/xd/policy.h"
#include "server/gateway/deployment.h"

#define TEXT_BYTES_MAX (1u << 20)

struct process {
    struct arena *arena;
    struct plugins *plugins;
};

static enum config_type
find_type(void *ctx, struct str name)
{
    const struct process *p = ctx;
    const struct xd_dialect *d = plugins_find(p->plugins, name);
    if (!d)
        return CONFIG_TYPE_UNKNOWN;
    return d->base_url.p ? CONFIG_TYPE_COMPLETE : CONFIG_TYPE_NEEDS_URL;
}

static struct str
type_name(void *ctx, unsigned i)
{
    const struct process *p = ctx;
    const struct xd_dialect *d = plugins_at(p->plugins, i);
    return d ? str_from(d->name) : (struct str){ NULL, 0 };
}

static bool
check_policy(void *ctx, struct str type, struct str key, struct str value, struct buf *why)
{
    const struct process *p = ctx;
    const char *text = xd_policy_check(p->arena, key, value);
    (void)type;
    if (text)
        buf_puts(why, str_from(text));
    return !text;
}

static struct str
setting_name(void *ctx, struct str type, unsigned i, bool *needed)
{
    const struct process *p = ctx;
    const struct xd_dialect *d = plugins_find(p->plugins, type);
    if (!d || i >= d->nsettings)
        return (struct str){ NULL, 0 };
    *needed = !d->settings[i].usual.p;
    return d->settings[i].name;
}

static bool
check_auth(void *ctx, const struct config_provider *p, struct buf *why)
{
    const struct process *process = ctx;
    struct deployment d = { .config = p, .dialect = plugins_find(process->plugins, p->type) };
    struct fault f;
    enum err err = deployment_identify(&d, process->arena, &f);
    if (err)
        buf_puts(why, str_from(f.text));
    deployment_fini(&d);
    return err == ERR_OK;
}

static bool
is_probed(void *ctx, struct str type)
{
    const struct process *p = ctx;
    const struct xd_dialect *d = plugins_find(p->plugins, type);
    return d && d->probe.p;
}

static bool
load_plugins(void *ctx, const char *folder, struct buf *why)
{
    const struct process *p = ctx;
    return plugins_load(p->plugins, folder, why);
}

static bool
check_pattern(void *ctx, struct str name, struct str regex, struct buf *why)
{
    struct fault f = { .err = ERR_OK };
    const struct redact_pattern pattern = { name, regex };
    struct redact_custom *c = redact_custom_create(&pattern, 1, &f);
    (void)ctx;
    if (!c)
        buf_puts(why, str_from(f.text));
    redact_custom_destroy(c);
    return c;
}

struct config_world
world_of_process(struct arena *a, struct plugins *plugins)
{
    struct process *p = arena_alloc(a, sizeof *p);
    if (p)
        *p = (struct process){ a, plugins };
    return (struct config_world){ .type = find_type,
                                  .type_name = type_name,
                                  .policy = check_policy,
                                  .setting = setting_name,
                                  .probed = is_probed,
                                  .plugins = load_plugins,
                                  .auth = check_auth,
                                  .pattern = check_pattern,
                                  .env = config_world_env,
                                  .file = config_world_file,
                                  .ctx = p };
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
