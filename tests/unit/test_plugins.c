/* Folders of plugins that hold none, or what is none.  Real ones are loaded by the end-to-end tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/xd/registry.h"
#include "server/plugins/plugins.h"

struct folder {
    char path[64], file[96];
    struct plugins *plugins;
    struct buf why;
};

static int
set_up(void **state)
{
    struct folder *f = calloc(1, sizeof *f);

    snprintf(f->path, sizeof f->path, "/tmp/llmux-plugins-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    f->plugins = plugins_create(NULL);
    assert_non_null(f->plugins);
    buf_init(&f->why, 4096);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct folder *f = *state;

    if (*f->file)
        unlink(f->file);
    rmdir(f->path);
    plugins_destroy(f->plugins);
    buf_fini(&f->why);
    free(f);
    return 0;
}

static void
put_file(struct folder *f, const char *name)
{
    snprintf(f->file, sizeof f->file, "%s/%s", f->path, name);
    FILE *out = fopen(f->file, "w");
    assert_non_null(out);
    fputs("no object", out);
    fclose(out);
}

static void
without_plugins_there_is_what_is_compiled_in(void **state)
{
    const struct folder *f = *state;
    unsigned n = 0;

    for (; xd_registry[n]; n++) {
        assert_ptr_equal(plugins_at(f->plugins, n), xd_registry[n]);
        assert_ptr_equal(plugins_find(NULL, str_from(xd_registry[n]->name)), xd_registry[n]);
    }
    assert_null(plugins_at(f->plugins, n));
    assert_null(plugins_at(NULL, n + 7));
    assert_null(plugins_find(f->plugins, STR("nobody")));
}

static void
other_files_are_passed_over(void **state)
{
    struct folder *f = *state;

    assert_true(plugins_load(f->plugins, f->path, &f->why));
    put_file(f, "acme.so.txt");
    assert_true(plugins_load(f->plugins, f->path, &f->why));
    assert_int_equal(buf_str(&f->why).n, 0);
}

static void
what_is_no_object_is_named(void **state)
{
    struct folder *f = *state;

    put_file(f, "acme.so");
    assert_false(plugins_load(f->plugins, f->path, &f->why));
    assert_true(str_starts(buf_str(&f->why), STR("acme.so: ")));
}

static void
a_folder_that_is_not_there_is_an_error(void **state)
{
    struct folder *f = *state;

    assert_false(plugins_load(f->plugins, "/nowhere/at/all", &f->why));
    assert_true(str_is(buf_str(&f->why), "No such file or directory"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_plugins_there_is_what_is_compiled_in, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(other_files_are_passed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_object_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_is_an_error, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
