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

/* Does the manual have a row for a key with this default?  `path: value`, as a config is shown. */
static bool
is_in_manual(struct str manual, struct str line)
{
    char row[256];
    const char *colon = memmem(line.p, line.n, ": ", 2);
    assert_non_null(colon);
    const char *key = memrchr(line.p, '.', (size_t)(colon - line.p));
    assert_non_null(key);
    size_t value = (size_t)(line.p + line.n - colon) - 2;
    int n = snprintf(row, sizeof row, "| `%.*s` | `%.*s`", (int)(colon - key) - 1, key + 1,
                     (int)value, colon + 2);
    assert_true(n > 0 && (size_t)n < sizeof row);
    return memmem(manual.p, manual.n, row, (size_t)n);
}

/* Of a config that says the least, each value that was not said stands in the manual as the default of its key. */
static void
defaults_are_those_of_the_manual(void **state)
{
    static const char small[] = "server: { listen: 127.0.0.1:1 }\n"
                                "providers: [{ name: a, type: openai, models: [m] }]\n";
    static const char mark[] = "  # default\n";
    struct buf manual, shown, why;
    struct arena a;
    struct config_errors errors;
    unsigned n = 0;
    (void)state;
    buf_init(&manual, 1 << 20);
    buf_init(&shown, 1 << 20);
    buf_init(&why, 200);
    arena_init(&a, 1 << 20);
    assert_true(config_world_file(NULL, "docs/config.md", &manual, &why));
    struct config_world any = world_of_process(&a, NULL);
    any.env = any_env;
    const struct config *c = config_parse(str_from(small), "small", &any, &a, &errors);
    assert_non_null(c);
    config_show(c, &shown);
    struct str rest = buf_str(&shown);
    for (const char *end; (end = memmem(rest.p, rest.n, mark, sizeof mark - 1));
         rest = str_skip(rest, (size_t)(end - rest.p) + sizeof mark - 1)) {
        const char *begin = memrchr(rest.p, '\n', (size_t)(end - rest.p));
        begin = begin ? begin + 1 : rest.p;
        struct str line = str_make(begin, (size_t)(end - begin));
        /* Nothing, a list of one, and what is taken from elsewhere. */
        bool none = str_ends(line, STR(": none")) || str_is(line, "redaction.kinds: all")
                    || str_is(line, "providers[a].models[m].name: m")
                    || str_is(line, "providers[a].models[m].upstream: m");
        n += !none;
        if (!none && !is_in_manual(buf_str(&manual), line))
            fail_msg("docs/config.md has another default: %.*s", STR_ARG(line));
    }
    assert_true(n > 60);
    buf_fini(&manual);
    buf_fini(&shown);
    buf_fini(&why);
    arena_fini(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_sample_is_valid_and_complete),
        cmocka_unit_test(defaults_are_those_of_the_manual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
