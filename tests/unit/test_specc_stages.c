/* The compiler's stages as text: the model, the orders of streams, the rows with the C they come
 * down to. */
#include "codegen/dump_model.h"
#include "codegen/dump_rows.h"
#include "codegen/options.h"
#include "tests/lib/golden.h"
#include "tests/unit/test_specc_rig.h"

static void
stages_of(struct str name, struct str text, struct buf *out)
{
    struct specs s;
    struct compiled c;

    specs_init(&s);
    specs_add_text(&s, name, text);
    specs_add_tiny(&s);
    if (compile_resolve(&s.arena, s.v, s.n, &s.diags, &c)) {
        dump_model(&s.arena, c.ir, out);
        buf_putc(out, '\n');
        dump_order(&s.arena, c.dialects, &s.diags, out);
        buf_putc(out, '\n');
        dump_rows(&s.arena, c.ir, c.dialects, &s.diags, out);
    }
    assert_int_equal(specs_errors(&s), 0);
    compiled_fini(&c);
    specs_fini(&s);
}

static void
stages_are_as_expected(void **state)
{
    (void)state;
    unsigned count;
    assert_int_equal(golden_check("tests/specc/stages", stages_of, &count), 0);
    assert_true(count >= 1);
}

static void
the_stages_of_the_real_specs_have_no_errors(void **state)
{
    (void)state;
    struct specs s;
    struct compiled c;
    struct buf out;

    buf_init(&out, 16 << 20);
    specs_init(&s);
    specs_add_real(&s);
    assert_true(compile_resolve(&s.arena, s.v, s.n, &s.diags, &c));
    dump_model(&s.arena, c.ir, &out);
    dump_order(&s.arena, c.dialects, &s.diags, &out);
    dump_rows(&s.arena, c.ir, c.dialects, &s.diags, &out);
    assert_int_equal(specs_errors(&s), 0);
    assert_true(out.n > 10000);
    compiled_fini(&c);
    specs_fini(&s);
    buf_fini(&out);
}

/* --- the command line -------------------------------------------------------------------------- */

#define ARGS(...) \
    { \
        "specc", __VA_ARGS__ \
    }

static const struct {
    const char *argv[9];
    enum status status;
    enum task task;
    int files;
} lines[] = {
    { ARGS("--out", "dir", "a.spec", "b.spec"), STATUS_OK, TASK_GENERATE, 2 },
    { ARGS("a.spec", "--out", "dir"), STATUS_OK, TASK_GENERATE, 1 },
    { ARGS("--dump", "ast", "a.spec"), STATUS_OK, TASK_AST, 1 },
    { ARGS("--dump", "tokens", "a.spec"), STATUS_OK, TASK_TOKENS, 1 },
    { ARGS("--dump", "model", "a.spec"), STATUS_OK, TASK_MODEL, 1 },
    { ARGS("--dump", "rows", "a.spec"), STATUS_OK, TASK_ROWS, 1 },
    { ARGS("--dump", "order", "a.spec", "a.spec"), STATUS_OK, TASK_ORDER, 1 },
    { ARGS("--expand", "acme", "a.spec"), STATUS_OK, TASK_EXPAND, 1 },
    { ARGS("--plugin", "a.spec", "--out", "a.c", "b.spec"), STATUS_OK, TASK_PLUGIN, 2 },
    { ARGS("--plugin", "a.spec", "--out", "a.c", "a.spec"), STATUS_OK, TASK_PLUGIN, 1 },
    { ARGS("--help"), STATUS_OK, TASK_NONE, 0 },
    { ARGS("--dump"), STATUS_USAGE, 0, 0 },
    { ARGS("--dump", "soup", "a.spec"), STATUS_USAGE, 0, 0 },
    { ARGS("--dump", "ast", "--expand", "acme", "a.spec"), STATUS_USAGE, 0, 0 },
    { ARGS("--dump", "ast"), STATUS_USAGE, 0, 0 },
    { ARGS("--out"), STATUS_USAGE, 0, 0 },
    { ARGS("--plugin", "a.spec"), STATUS_USAGE, 0, 0 },
    { ARGS("--verbose", "a.spec"), STATUS_USAGE, 0, 0 },
    { ARGS("a.spec"), STATUS_USAGE, 0, 0 },
    { { "specc" }, STATUS_USAGE, 0, 0 },
};

static void
the_command_line_says_what_to_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct specc_options o;
        int argc = 0;
        while (argc < 9 && lines[i].argv[argc])
            argc++;
        assert_int_equal(specc_options_read(&o, argc, (char **)lines[i].argv), lines[i].status);
        if (lines[i].status == STATUS_OK) {
            assert_int_equal(o.task, lines[i].task);
            assert_int_equal(o.n_files, lines[i].files);
        }
        specc_options_fini(&o);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stages_are_as_expected),
        cmocka_unit_test(the_stages_of_the_real_specs_have_no_errors),
        cmocka_unit_test(the_command_line_says_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
