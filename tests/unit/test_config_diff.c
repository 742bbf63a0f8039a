/* What is said about two configurations, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/config/diff.h"

static const char *key_file;

static bool
read_key(void *ctx, const char *path, struct buf *content, struct buf *why)
{
    (void)ctx, (void)path, (void)why;
    buf_puts(content, str_from(key_file));
    return true;
}

static struct config *
parse(const char *text, struct arena *a)
{
    static const struct config_world world = { .file = read_key };
    struct config_errors errors;
    struct config *c = config_parse(str_from(text), "x.yaml", &world, a, &errors);
    if (!c)
        fail_msg("%u: %.*s", errors.v[0].line, STR_ARG(errors.v[0].text));
    return c;
}

#define SERVER      "server: { listen: \"127.0.0.1:1\" }\n"
#define MAIN(more)  "  - { name: main, type: t, base_url: \"http://h/v1\", models: [m]" more " }\n"
#define OTHER(more) "  - { name: other, type: t, base_url: \"http://o/v1\", models: [m]" more " }\n"
#define PROVIDERS   "providers:\n"

static const struct {
    const char *older, *newer, *said;
} rows[] = {
    { SERVER PROVIDERS MAIN(""), SERVER PROVIDERS MAIN(""), "" },
    /* The order of keys and of deployments, comments and quotes mean nothing. */
    { SERVER PROVIDERS MAIN("") OTHER(""), "# new\n" PROVIDERS OTHER("") MAIN("") SERVER, "" },
    { SERVER PROVIDERS MAIN(""),
      "server: { listen: \"127.0.0.1:1\", max_body: 1MiB }\n" PROVIDERS MAIN(""),
      "server.max_body added\n" },
    { SERVER PROVIDERS MAIN(""), "server: { listen: [\"127.0.0.1:1\"] }\n" PROVIDERS MAIN(""),
      "server.listen changed\n" },
    { SERVER PROVIDERS MAIN("") OTHER(""), SERVER PROVIDERS MAIN(", proxy: \"http://p:1\""),
      "providers[main].proxy added\nproviders[other] removed\n" },
    { SERVER PROVIDERS MAIN(""), SERVER PROVIDERS MAIN("") OTHER(""), "providers[other] added\n" },
    { SERVER PROVIDERS MAIN(""), SERVER PROVIDERS MAIN("") "routing: { retries: 1 }\n",
      "routing added\n" },
    { SERVER PROVIDERS MAIN("") "routing: { retries: 1 }\n",
      SERVER PROVIDERS MAIN("") "routing: { retries: 3 }\n", "routing.retries changed\n" },
    { SERVER PROVIDERS MAIN(", api_key: secret-one"),
      SERVER PROVIDERS MAIN(", api_key: secret-two"), "providers[main].api_key changed\n" },
};

static void
print(const struct config_changes *changes, struct buf *out)
{
    for (unsigned i = 0; i < changes->n; i++)
        buf_printf(out, "%.*s %s\n", STR_ARG(changes->v[i].path),
                   config_change_name(changes->v[i].kind));
    buf_putc(out, '\0');
}

static void
check(const struct config *older, const struct config *newer, struct arena *a, const char *said)
{
    struct config_changes changes;
    struct buf text;
    buf_init(&text, 65536);
    config_diff(older, newer, a, &changes);
    print(&changes, &text);
    assert_string_equal(text.p, said);
    buf_fini(&text);
}

static void
changes_are_named_and_values_are_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena a;
        arena_init(&a, 1u << 20);
        check(parse(rows[i].older, &a), parse(rows[i].newer, &a), &a, rows[i].said);
        arena_fini(&a);
    }
}

static void
a_key_that_was_rotated_in_its_file_is_a_change(void **state)
{
    static const char text[] = SERVER PROVIDERS MAIN(", api_key: \"file:/run/key\"");
    struct arena a;
    (void)state;
    arena_init(&a, 1u << 20);
    key_file = "one";
    struct config *older = parse(text, &a);
    check(older, parse(text, &a), &a, "");
    key_file = "two";
    check(older, parse(text, &a), &a, "providers[main].api_key changed\n");
    arena_fini(&a);
}

static void
more_changes_than_are_named_are_counted(void **state)
{
    struct config_changes changes;
    struct arena a;
    struct buf text;
    (void)state;
    arena_init(&a, 4u << 20);
    buf_init(&text, 65536);
    buf_printf(&text, "%s%s%s", SERVER, PROVIDERS, MAIN(""));
    for (unsigned i = 0; i < CONFIG_CHANGES_MAX + 3; i++)
        buf_printf(&text, "  - { name: p%u, type: t, base_url: \"http://h\", models: [m] }\n", i);
    buf_putc(&text, '\0');
    config_diff(parse(SERVER PROVIDERS MAIN(""), &a), parse(text.p, &a), &a, &changes);
    assert_int_equal(changes.n, CONFIG_CHANGES_MAX);
    assert_int_equal(changes.more, 3);
    buf_fini(&text);
    arena_fini(&a);
}

static void
a_value_is_printed_on_one_line(void **state)
{
    struct arena a;
    struct buf text;
    (void)state;
    arena_init(&a, 1u << 20);
    buf_init(&text, 65536);
    struct config *c = parse("server:\n  listen:\n    - 127.0.0.1:1\n    - unix:/s\n"
                             "  log: { level: warn }\n" PROVIDERS MAIN(""),
                             &a);
    config_print_value(c, "server.listen", &text);
    buf_putc(&text, ' ');
    config_print_value(c, "server.log", &text);
    config_print_value(c, "server.log.format", &text);
    config_print_value(c, "nothing.at.all", &text);
    buf_putc(&text, '\0');
    assert_string_equal(text.p, "[127.0.0.1:1, unix:/s] {level: warn}");
    buf_fini(&text);
    arena_fini(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_named_and_values_are_not),
        cmocka_unit_test(a_key_that_was_rotated_in_its_file_is_a_change),
        cmocka_unit_test(more_changes_than_are_named_are_counted),
        cmocka_unit_test(a_value_is_printed_on_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
