/* A world that is made up, and the reader of configs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/config_text.h"

static enum config_type
fake_type(void *ctx, struct str name)
{
    (void)ctx;
    if (str_is(name, "openai") || str_is(name, "anthropic") || str_is(name, "deepseek"))
        return CONFIG_TYPE_COMPLETE;
    if (str_is(name, "hills"))
        return CONFIG_TYPE_COMPLETE;
    return str_is(name, "openai.chat") ? CONFIG_TYPE_NEEDS_URL : CONFIG_TYPE_UNKNOWN;
}

static struct str
fake_type_name(void *ctx, unsigned i)
{
    static const char *const names[] = { "anthropic", "deepseek", "openai", "openai.chat" };
    (void)ctx;
    return str_from(i < 4 ? names[i] : NULL);
}

static bool
fake_policy(void *ctx, struct str type, struct str key, struct str value, struct buf *why)
{
    (void)ctx;
    if (!str_is(type, "openai") || !str_is(key, "images"))
        buf_printf(why, "unknown for %.*s: write images", STR_ARG(type));
    else if (!str_is(value, "drop"))
        buf_printf(why, "must be drop, not \"%.*s\"", STR_ARG(value));
    return why->n == 0;
}

static const char *
fake_env(void *ctx, const char *name)
{
    static const char *const vars[][2] = { { "KEY", "sk-from-the-environment" },
                                           { "EMPTY", "" },
                                           { "PORT", "9090" },
                                           { "LINES", "a\nb" } };
    (void)ctx;
    for (size_t i = 0; i < sizeof vars / sizeof vars[0]; i++)
        if (!strcmp(name, vars[i][0]))
            return vars[i][1];
    return NULL;
}

static bool
fake_file(void *ctx, const char *path, struct buf *content, struct buf *why)
{
    (void)ctx;
    if (!strcmp(path, "/run/key") || !strcmp(path, "conf/key"))
        buf_puts(content, STR("sk-from-a-file\r\n"));
    else if (!strcmp(path, "/tls/cert.pem") || !strcmp(path, "/tls/key.pem"))
        buf_puts(content, STR("PEM"));
    else
        buf_puts(why, STR("No such file or directory"));
    return why->n == 0;
}

/* The type "hills" has https://{region}.hills.example/{project} for its address, and a usual region. */
static struct str
fake_setting(void *ctx, struct str type, unsigned i, bool *needed)
{
    static const char *const names[] = { "region", "project" };
    (void)ctx;
    *needed = i == 1;
    return str_is(type, "hills") && i < 2 ? str_from(names[i]) : (struct str){ NULL, 0 };
}

static bool
fake_probed(void *ctx, struct str type)
{
    (void)ctx;
    return !str_is(type, "hills");
}

const struct config_world config_text_world = { .probed = fake_probed,
                                                .type = fake_type,
                                                .type_name = fake_type_name,
                                                .policy = fake_policy,
                                                .setting = fake_setting,
                                                .env = fake_env,
                                                .file = fake_file };

void
config_text_parse(struct config_text *r, const char *text)
{
    arena_init(&r->arena, (size_t)16 << 20);
    buf_init(&r->text, 65536);
    r->config = config_parse(str_from(text), "conf/x.yaml", &config_text_world, &r->arena,
                             &r->errors);
    config_errors_print(&r->errors, &r->text);
    buf_putc(&r->text, '\0');
    assert_int_equal(r->config == NULL, r->errors.n > 0);
}

void
config_text_fini(struct config_text *r)
{
    arena_fini(&r->arena);
    buf_fini(&r->text);
}
