/* The section `redaction` of the config. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/cli/world.h"

#define SMALL \
    "server: { listen: 127.0.0.1:1 }\nproviders: [{ name: a, type: openai, models: [m], api_key: k }]\n"

/* The config, or NULL with its errors in text. */
static const struct config *
parse(struct arena *a, const char *redaction, struct buf *text)
{
    const struct config_world world = world_of_process(a, NULL);
    struct config_errors errors = { .n = 0 };
    struct str yaml = arena_printf(a, SMALL "redaction: %s\n", redaction);
    const struct config *c = config_parse(yaml, "x.yaml", &world, a, &errors);
    buf_clear(text);
    config_errors_print(&errors, text);
    return c;
}

static const struct {
    const char *redaction, *error;
} wrong[] = {
    { "{ mode: shred }",
      "3:20: \"mode\" must be one of off, mask, hash, block, vault, not \"shred\"" },
    { "{ kinds: [emial] }", "3:22: \"emial\" is no kind, did you mean \"email\"?" },
    { "{ kinds: [zebra] }",
      "3:22: \"zebra\" is no kind; there are all, secrets, personal, api_key" },
    { "{ kinds: [] }", "3:21: \"kinds\" is empty: list at least one, or leave it out" },
    { "{ rule: [] }", "3:14: unknown key \"rule\" in redaction, did you mean \"rules\"?" },
    { "{ uncovered: maybe }", "3:25: \"uncovered\" must be one of refuse, allow, not \"maybe\"" },
    { "{ rules: [{ models: [a] }] }", "3:22: \"mode\" is missing in redaction.rules[]" },
    { "{ rules: [{ model: [a], mode: mask }] }",
      "3:24: unknown key \"model\" in redaction.rules[], did you mean \"models\"?" },
    { "{ rules: [{ providers: [nobody], mode: mask }] }", "3:36: no provider is named \"nobody\"" },
    { "{ rules: { mode: mask } }",
      "3:21: \"rules\" must be a list such as [{ models: [a], mode: mask }]" },
    { "{ vault: { bytes: 1GiB } }", "3:30: \"bytes\" must be from 1KiB to 64MiB, not \"1GiB\"" },
    { "{ vault: { entries: 0 } }", "3:32: \"entries\" must be a whole number from 1 to 100000" },
    { "{ patterns: [{ name: email, regex: x }] }",
      "3:25: \"email\" is a kind already: find another name" },
    { "{ patterns: [{ name: a, regex: x }, { name: a, regex: y }] }",
      "3:48: \"a\" is a kind already: find another name" },
    { "{ patterns: [{ name: a }] }", "3:25: \"regex\" is missing in redaction.patterns[]" },
    { "{ patterns: [{ name: a, regex: 'x(' }] }", "3:43: \"regex\": " },
};

static void
what_is_wrong_is_told_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct arena a;
        struct buf text;
        char want[200];
        arena_init(&a, 1 << 20);
        buf_init(&text, 1 << 16);
        assert_null(parse(&a, wrong[i].redaction, &text));
        snprintf(want, sizeof want, "x.yaml:%s", wrong[i].error);
        if (!memmem(text.p, text.n, want, strlen(want)))
            fail_msg("%s: %.*s", wrong[i].redaction, STR_ARG(buf_str(&text)));
        buf_fini(&text);
        arena_fini(&a);
    }
}

static void
what_holds_is_shown_without_secrets(void **state)
{
    static const char *const lines[] = {
        "redaction.mode: vault\n",
        "redaction.kinds: all  # default\n",
        "redaction.uncovered: refuse  # default\n",
        "redaction.key: (secret)\n",
        "redaction.vault.entries: 7\n",
        "redaction.vault.bytes: 1MiB  # default\n",
        "redaction.rules[0].models: [m, g-*]\nredaction.rules[0].providers: none\n"
        "redaction.rules[0].keys: (secret)\nredaction.rules[0].mode: block\n"
        "redaction.rules[0].kinds: [email]\n",
        "redaction.rules[1].kinds: all\n",
    };
    struct arena a;
    struct buf text;
    (void)state;
    arena_init(&a, 1 << 20);
    buf_init(&text, 1 << 16);
    const struct config *c = parse(
        &a,
        "{ mode: vault, key: hush-hush, vault: { entries: 7 }, rules: ["
        "{ models: [m, 'g-*'], keys: [hush-key], mode: block, kinds: [email] }, "
        "{ providers: ['*'], mode: off }] }",
        &text);
    if (!c)
        fail_msg("%.*s", STR_ARG(buf_str(&text)));
    buf_clear(&text);
    config_show(c, &text);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!memmem(text.p, text.n, lines[i], strlen(lines[i])))
            fail_msg("no \"%s\" in\n%.*s", lines[i], STR_ARG(buf_str(&text)));
    assert_null(memmem(text.p, text.n, "hush", 4));
    assert_int_equal(c->redaction.rules[1].mode, CONFIG_REDACT_OFF);
    buf_fini(&text);
    arena_fini(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(what_holds_is_shown_without_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
