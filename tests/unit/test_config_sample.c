/* What the documents show of the configuration must be true. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/cli/world.h"

static const char *
any_env(void *ctx, const char *name)
{
    (void)ctx;
    return str_starts(str_from(name), STR("OTEL_")) ? NULL : "some value";
}

static bool
any_file(void *ctx, const char *path, struct buf *content, struct buf *why)
{
    (void)ctx;
    (void)path;
    (void)why;
    buf_puts(content, STR("some value"));
    return true;
}

/* The sample holds every key, and is valid. */
static void
config_sample_is_valid_and_complete(void **state)
{
    (void)state;
    struct buf sample, manual, why;
    buf_init(&sample, 1 << 20);
    buf_init(&manual, 1 << 20);
    buf_init(&why, 200);
    assert_true(config_world_file(NULL, "docs/llmux.sample.yaml", &sample, &why));
    assert_true(config_world_file(NULL, "docs/config.md", &manual, &why));
    struct arena a;
    struct config_errors errors;
    struct buf text;
    arena_init(&a, 1 << 20);
    struct config_world any = world_of_process(&a, NULL);
    any.env = any_env;
    any.file = any_file;
    any.auth = NULL; /* what the files say are no credentials */
    buf_init(&text, 65536);
    const struct config *c = config_parse(buf_str(&sample), "sample", &any, &a, &errors);
    config_errors_print(&errors, &text);
    if (!c)
        fail_msg("%.*s", STR_ARG(buf_str(&text)));
    const char *key, *section;
    for (unsigned i = 0; (key = config_key(i, &section)); i++) {
        char in_sample[64], in_manual[64];
        snprintf(in_sample, sizeof in_sample, "%s:", key);
        snprintf(in_manual, sizeof in_manual, "| `%s`", key);
        if (!memmem(sample.p, sample.n, in_sample, strlen(in_sample)))
            fail_msg("docs/llmux.sample.yaml lacks %s of %s", key, section);
        if (!memmem(manual.p, manual.n, in_manual, strlen(in_manual)))
            fail_msg("docs/config.md lacks %s of %s", key, section);
    }
    buf_fini(&sample);
    buf_fini(&manual);
    buf_fini(&why);
    buf_fini(&text);
    arena_fini(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_sample_is_valid_and_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
