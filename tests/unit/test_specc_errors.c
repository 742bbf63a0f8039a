/* Every message of the spec compiler, as golden files: tests/specc/errors/NAME.spec and
 * NAME.expected. */
#include "tests/lib/golden.h"
#include "tests/unit/test_specc_rig.h"

/* What the compiler has to say about a golden file: as it is if that does not parse, else with the
 * tiny model and the tiny dialect, unless it brings its own. */
static void
compile_text(struct specs *s, struct str name, struct str text)
{
    struct compiled c;

    specs_init(s);
    specs_add_text(s, name, text);
    if (diags_count(&s->diags))
        return;
    specs_add_tiny(s);
    assert_int_equal(diags_count(&s->diags), 0);
    compile(&s->arena, s->v, s->n, &s->diags, &c);
    compiled_fini(&c);
}

static unsigned faultless; /* golden files without an error */

static void
errors_of(struct str name, struct str text, struct buf *out)
{
    struct specs s;

    compile_text(&s, name, text);
    diags_print(&s.diags, out);
    if (diags_count(&s.diags) == 0) {
        print_error("%.*s has no errors\n", STR_ARG(name));
        faultless++;
    }
    specs_fini(&s);
}

static void
the_tiny_specs_have_no_errors(void **state)
{
    (void)state;
    struct specs s;

    compile_text(&s, STR("x.spec"), STR("provider x : tiny.chat { base \"http://x\" }\n"));
    assert_int_equal(specs_errors(&s), 0);
    specs_fini(&s);
}

static void
errors_are_as_expected(void **state)
{
    (void)state;
    unsigned count;
    assert_int_equal(golden_check("tests/specc/errors", errors_of, &count), 0);
    assert_int_equal(faultless, 0);
    assert_true(count >= 20);
}

static struct diags *
fresh(struct arena *a, struct diags *d)
{
    arena_init(a, 1 << 20);
    diags_init(d, a);
    return d;
}

static void
assert_prints(struct diags *d, const char *expected)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    diags_print(d, &out);
    buf_putc(&out, '\0');
    assert_string_equal(out.p, expected);
    buf_fini(&out);
}

static void
errors_are_sorted_by_file_and_place_and_printed_once(void **state)
{
    (void)state;
    struct arena a;
    struct diags d;
    fresh(&a, &d);
    const struct source *one = source_of_text(&a, STR("a.spec"), STR("first\nsecond line\n"));
    const struct source *two = source_of_text(&a, STR("b.spec"), STR("x"));
    diag_error(&d, (struct pos){ two, 0, 1 }, "in the other file");
    diag_error(&d, (struct pos){ one, 6, 6 }, "later");
    diag_error(&d, (struct pos){ one, 6, 6 }, "later");
    struct diag *e = diag_error(&d, (struct pos){ one, 0, 5 }, "sooner");
    diag_note(e, (struct pos){ one, 13, 4 }, "the other place");
    diag_help(e, "write %s", "that\nor this");
    diag_error(&d, (struct pos){ 0 }, "no place at all");
    assert_int_equal(diags_count(&d), 5);
    assert_prints(&d, "error: no place at all\n"
                      "a.spec:1:1: error: sooner\n"
                      "  first\n"
                      "  ^~~~~\n"
                      "a.spec:2:8: note: the other place\n"
                      "  second line\n"
                      "         ^~~~\n"
                      "help: write that\n"
                      "      or this\n"
                      "a.spec:2:1: error: later\n"
                      "  second line\n"
                      "  ^~~~~~\n"
                      "b.spec:1:1: error: in the other file\n"
                      "  x\n"
                      "  ^\n");
    arena_fini(&a);
}

static void
a_span_over_several_lines_is_underlined_on_its_first(void **state)
{
    (void)state;
    struct arena a;
    struct diags d;
    fresh(&a, &d);
    const struct source *src = source_of_text(&a, STR("a.spec"), STR("ab cd\r\nef\n"));
    diag_error(&d, (struct pos){ src, 3, 6 }, "long");
    assert_prints(&d, "a.spec:1:4: error: long\n  ab cd\n     ^~\n");
    arena_fini(&a);
}

static void
a_full_arena_loses_errors_but_says_so(void **state)
{
    (void)state;
    struct arena a;
    struct diags d;
    arena_init(&a, 300);
    diags_init(&d, &a);
    for (int i = 0; i < 10; i++) {
        struct diag *e = diag_error(&d, (struct pos){ 0 }, "error number %d", i);
        assert_non_null(e);
        diag_note(e, (struct pos){ 0 }, "note");
        diag_help(e, "help");
    }
    struct buf out;
    buf_init(&out, 1 << 16);
    diags_print(&d, &out);
    assert_true(str_ends(buf_str(&out), STR("some errors may be missing\n")));
    buf_fini(&out);
    arena_fini(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tiny_specs_have_no_errors),
        cmocka_unit_test(errors_are_as_expected),
        cmocka_unit_test(errors_are_sorted_by_file_and_place_and_printed_once),
        cmocka_unit_test(a_span_over_several_lines_is_underlined_on_its_first),
        cmocka_unit_test(a_full_arena_loses_errors_but_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
