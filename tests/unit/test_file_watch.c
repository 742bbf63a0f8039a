/* Which changes are seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/gateway/file_watch.h"

#define PATH 512

struct place {
    char folder[64];
    struct file_watch *watch;
};

static const char *
in(const struct place *p, const char *name)
{
    static char path[2][PATH];
    static unsigned turn;
    turn = !turn;
    snprintf(path[turn], PATH, "%s/%s", p->folder, name);
    return path[turn];
}

static void
put(const struct place *p, const char *name, const char *text)
{
    FILE *f = fopen(in(p, name), "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int
open_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    snprintf(p->folder, sizeof p->folder, "/tmp/llmux-watch-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    *state = p;
    return 0;
}

static int
close_place(void **state)
{
    struct place *p = *state;
    char command[PATH];
    file_watch_destroy(p->watch);
    snprintf(command, sizeof command, "rm -r %s", p->folder);
    assert_int_equal(system(command), 0);
    free(p);
    return 0;
}

static void
watch(struct place *p, const char *name)
{
    p->watch = file_watch_create(in(p, name));
    assert_non_null(p->watch);
    assert_false(file_watch_read(p->watch));
}

static void
a_file_that_is_written_is_seen_when_it_is_closed(void **state)
{
    struct place *p = *state;
    put(p, "c", "1");
    watch(p, "c");
    FILE *f = fopen(in(p, "c"), "w");
    fputs("2", f);
    fflush(f);
    assert_false(file_watch_read(p->watch));
    fclose(f);
    assert_true(file_watch_read(p->watch));
    assert_false(file_watch_read(p->watch));
}

static void
a_file_that_is_replaced_or_comes_later_is_seen(void **state)
{
    struct place *p = *state;
    watch(p, "c");
    put(p, "c", "1");
    assert_true(file_watch_read(p->watch));
    put(p, "new", "2");
    assert_true(file_watch_read(p->watch));
    assert_int_equal(rename(in(p, "new"), in(p, "c")), 0);
    assert_true(file_watch_read(p->watch));
    assert_int_equal(unlink(in(p, "c")), 0);
    assert_false(file_watch_read(p->watch));
}

static void
every_link_on_the_way_is_watched(void **state)
{
    struct place *p = *state;
    static const char *const folders[] = { "etc", "data", "data/one", "data/two" };
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(mkdir(in(p, folders[i]), 0700), 0);
    put(p, "data/one/c", "1");
    put(p, "data/two/c", "2");
    assert_int_equal(symlink("one", in(p, "data/now")), 0);
    assert_int_equal(symlink("../data/now/c", in(p, "etc/c")), 0);
    watch(p, "etc/c");
    /* The target itself. */
    put(p, "data/one/c", "1b");
    assert_true(file_watch_read(p->watch));
    /* Another file there counts as well, as nobody can tell: the reader compares. */
    assert_int_equal(symlink("two", in(p, "data/then")), 0);
    file_watch_read(p->watch);
    assert_int_equal(rename(in(p, "data/then"), in(p, "data/now")), 0);
    assert_true(file_watch_read(p->watch));
    file_watch_renew(p->watch);
    put(p, "data/two/c", "2b");
    assert_true(file_watch_read(p->watch));
    /* And what it pointed to before does not matter any more. */
    put(p, "data/one/c", "1c");
    assert_false(file_watch_read(p->watch));
    /* The link in the first folder. */
    unlink(in(p, "etc/c"));
    assert_int_equal(symlink("../data/one/c", in(p, "etc/c")), 0);
    assert_true(file_watch_read(p->watch));
}

static void
links_in_a_circle_are_no_trouble(void **state)
{
    struct place *p = *state;
    assert_int_equal(symlink("b", in(p, "a")), 0);
    assert_int_equal(symlink("a", in(p, "b")), 0);
    watch(p, "a");
    put(p, "new", "1");
    assert_int_equal(rename(in(p, "new"), in(p, "b")), 0);
    assert_true(file_watch_read(p->watch));
}

static void
a_path_without_a_slash_begins_here(void **state)
{
    struct place *p = *state;
    char before[PATH];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(p->folder), 0);
    p->watch = file_watch_create("c");
    assert_non_null(p->watch);
    put(p, "c", "1");
    assert_true(file_watch_read(p->watch));
    assert_int_equal(chdir(before), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_place, close_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_that_is_written_is_seen_when_it_is_closed),
        TEST(a_file_that_is_replaced_or_comes_later_is_seen),
        TEST(every_link_on_the_way_is_watched),
        TEST(links_in_a_circle_are_no_trouble),
        TEST(a_path_without_a_slash_begins_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
