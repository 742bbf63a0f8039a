/* The parser: the tree of every construct, what it leaves out after errors, and what it cannot be
 * made to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>

#include "codegen/dump.h"
#include "codegen/parse.h"
#include "codegen/source.h"
#include "tests/lib/dice.h"
#include "tests/lib/golden.h"

struct parsed {
    struct arena arena;
    struct diags diags;
    struct ast_file *file;
};

static struct ast_file *
parse_text(struct parsed *p, struct str text)
{
    arena_init(&p->arena, 64 << 20);
    diags_init(&p->diags, &p->arena);
    const struct source *src = source_of_text(&p->arena, STR("t.spec"), text);
    assert_non_null(src);
    p->file = parse_file(&p->arena, src, &p->diags);
    return p->file;
}

static void
parsed_fini(struct parsed *p)
{
    arena_fini(&p->arena);
}

static void
print_errors(struct parsed *p)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    diags_print(&p->diags, &out);
    print_error("%.*s", STR_ARG(buf_str(&out)));
    buf_fini(&out);
}

static void
tree_of(struct str name, struct str text, struct buf *out)
{
    struct parsed p;
    (void)name;
    if (parse_text(&p, text))
        dump_ast(p.file, out);
    if (diags_count(&p.diags))
        diags_print(&p.diags, out);
    parsed_fini(&p);
}

static void
trees_are_as_expected(void **state)
{
    (void)state;
    unsigned count;
    assert_int_equal(golden_check("tests/specc/ast", tree_of, &count), 0);
    assert_true(count >= 3);
}

static void
parse_paths(const char *pattern)
{
    glob_t g;
    if (glob(pattern, 0, NULL, &g))
        return;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        struct parsed p;
        const struct source *src;
        struct fault f;
        arena_init(&p.arena, 64 << 20);
        diags_init(&p.diags, &p.arena);
        assert_int_equal(source_read(&p.arena, g.gl_pathv[i], &src, &f), ERR_OK);
        p.file = parse_file(&p.arena, src, &p.diags);
        if (diags_count(&p.diags))
            print_errors(&p);
        assert_non_null(p.file);
        assert_int_equal(diags_count(&p.diags), 0);
        parsed_fini(&p);
    }
    globfree(&g);
}

static void
the_projects_own_specs_parse(void **state)
{
    (void)state;
    parse_paths("specs/*.spec");
    parse_paths("specs/*/*.spec");
}

static void
a_faulty_statement_is_left_out_and_the_rest_is_there(void **state)
{
    (void)state;
    struct parsed p;
    assert_non_null(parse_text(&p, STR("dialect a.b\n"
                                       "object x <-> X {\n    a <-> a\n    oops\n    b <-> b\n}\n"
                                       "nonsense {\n    c <-> c\n}\n"
                                       "object y <-> Y { d <-> d }\n")));
    assert_int_equal(diags_count(&p.diags), 2);
    assert_int_equal(p.file->decls.n, 2);
    assert_int_equal(p.file->decls.v[0].rows.n, 2);
    assert_true(str_is(p.file->decls.v[1].name.s, "y"));
    parsed_fini(&p);
}

static void
a_file_without_a_head_is_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "\n# a\n", "object x <-> X { }", "}", "ir", "dialect", "provider x",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct parsed p;
        assert_null(parse_text(&p, str_from(texts[i])));
        assert_int_equal(diags_count(&p.diags), 1);
        parsed_fini(&p);
    }
}

static void
positions_cover_a_row_and_a_declarations_head(void **state)
{
    (void)state;
    struct parsed p;
    struct str text = STR("dialect a.b\n"
                          "object x <-> X.y {\n    a, b <-> c : d  max 1   # why\n}\n");
    assert_non_null(parse_text(&p, text));
    struct pos head = p.file->decls.v[0].pos, row = p.file->decls.v[0].rows.v[0].pos;
    assert_true(str_is(str_make(text.p + head.at, head.n), "object x <-> X.y"));
    assert_true(str_is(str_make(text.p + row.at, row.n), "a, b <-> c : d  max 1"));
    parsed_fini(&p);
}

/* A text made of many equal pieces between a head and a tail. */
static struct str
repeated(struct arena *a, const char *head, const char *piece, unsigned n, const char *tail)
{
    struct str s = { 0 };
    arena_append(a, &s, str_from(head));
    for (unsigned i = 0; i < n; i++)
        arena_append(a, &s, str_from(piece));
    arena_append(a, &s, str_from(tail));
    assert_false(a->full);
    return s;
}

static void
nesting_has_an_end(void **state)
{
    (void)state;
    static const struct {
        const char *head, *piece, *tail;
    } cases[] = {
        { "dialect a.b\nobject x <-> X {\n", "first {", "" },
        { "dialect a.b\nobject x <-> X {\n", "first {\n", "}" },
        { "ir 1\nevents X {\norder {", "(", "" },
        { "ir 1\nevents X {\norder {", "(a ", "" },
        { "ir 1\nevents X {\norder { a", "*", "} }" },
        { "ir 1\nevents X {\norder { a", "|a", "} }" },
        { "ir 1\nevents X {\norder { a", " a", "} }" },
        { "dialect a.b\n", "{", "" },
        { "dialect a.b\n", "object x <-> X {\n", "" },
        { "dialect a.b\nobject x <-> X {\na <-> b : ", "[", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena texts;
        struct parsed p;
        struct buf out;
        arena_init(&texts, 64 << 20);
        buf_init(&out, 64 << 20);
        parse_text(&p, repeated(&texts, cases[i].head, cases[i].piece, 5000, cases[i].tail));
        assert_false(p.arena.full);
        assert_true(diags_count(&p.diags) > 0);
        if (p.file)
            dump_ast(p.file, &out);
        diags_print(&p.diags, &out);
        buf_fini(&out);
        parsed_fini(&p);
        arena_fini(&texts);
    }
}

static const char sample[] =
    "dialect a.b\nauth header \"x\"\npolicy p = q \"g\", \"h\"\n"
    "post \"/m\" { header \"v\" = \"1\"; sends r; fails e by \"error\" }\n"
    "object r <-> R {\n    a, b[0].c <-> d.e : [f] | string as g else null max 1\n"
    "    first { x <-> y; z -> y }\n    t = {}\n    drop q, w\n    rest keep\n}\n"
    "union u <-> U by type {\n    none, \"k\" <-> l | m.n { o <- p + q grows r.s }\n"
    "    * <-> foreign\n}\n"
    "stream s <-> S by type {\n    \"p\" <-> beat\n    order { a (b c*)* | d? }\n    final e\n}\n"
    "table t <-> T { \"a\", \"b\" 400 <-> c; * -> d }\n";

static void
parse_and_print(struct str text)
{
    struct parsed p;
    struct buf out;
    buf_init(&out, 16 << 20);
    if (parse_text(&p, text))
        dump_ast(p.file, &out);
    diags_print(&p.diags, &out);
    assert_false(p.arena.full);
    assert_true(p.file || diags_count(&p.diags) > 0);
    buf_fini(&out);
    parsed_fini(&p);
}

static void
every_prefix_of_a_file_is_survived(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof sample; n++)
        parse_and_print(str_make(sample, n));
}

static void
every_change_of_a_byte_is_survived(void **state)
{
    (void)state;
    static const char bytes[] = "{}()[];:,=|+*\"\n#a0. ";
    char text[sizeof sample];
    for (size_t i = 0; i + 1 < sizeof sample; i++) {
        for (size_t k = 0; k + 1 < sizeof bytes; k++) {
            memcpy(text, sample, sizeof text);
            text[i] = bytes[k];
            parse_and_print(str_make(text, sizeof sample - 1));
        }
    }
}

static void
tokens_in_any_order_are_survived(void **state)
{
    (void)state;
    static const char *const words[] = {
        "{",
        "}",
        "{",
        "}",
        "\n",
        "\n",
        ";",
        "(",
        ")",
        "[",
        "]",
        "<->",
        "->",
        "<-",
        ",",
        ":",
        "=",
        "|",
        "+",
        "*",
        "?",
        "!",
        ".",
        "{}",
        "a",
        "b",
        "\"s\"",
        "1",
        "$",
        "object",
        "union",
        "list",
        "table",
        "stream",
        "post",
        "policy",
        "drop",
        "first",
        "each",
        "choices",
        "rest",
        "with",
        "header",
        "order",
        "final",
        "none",
        "by",
        "else",
        "max",
        "min",
        "grows",
        "string",
        "as",
        "\nobject x <-> X {\n",
        "\nunion u <-> U by t {\n",
        "\"k\" <-> l {",
        "a <-> b\n",
    };
    static const char *const heads[] = { "dialect a.b\n", "ir 1\n", "provider x : a.b {\n", "" };
    const uint32_t n_words = sizeof words / sizeof *words;
    struct dice dice = { 5 };
    struct arena texts;
    arena_init(&texts, 1 << 20);
    for (int round = 0; round < 20000; round++) {
        struct str text = { 0 };
        arena_append(&texts, &text, str_from(heads[dice_roll(&dice, 4)]));
        for (unsigned n = dice_roll(&dice, 60); n > 0; n--) {
            arena_append(&texts, &text, str_from(words[dice_roll(&dice, n_words)]));
            arena_append(&texts, &text, STR(" "));
        }
        parse_and_print(text.p ? text : STR(""));
        arena_reset(&texts);
    }
    arena_fini(&texts);
}

static void
a_full_arena_gives_no_tree(void **state)
{
    (void)state;
    for (size_t cap = 1000; cap < 200000; cap += 997) {
        struct parsed p;
        arena_init(&p.arena, cap);
        diags_init(&p.diags, &p.arena);
        struct str text = str_make(sample, sizeof sample - 1);
        const struct source *src = source_of_text(&p.arena, STR("t"), text);
        p.file = src ? parse_file(&p.arena, src, &p.diags) : NULL;
        assert_true((p.file != NULL) == !p.arena.full);
        parsed_fini(&p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_as_expected),
        cmocka_unit_test(the_projects_own_specs_parse),
        cmocka_unit_test(a_faulty_statement_is_left_out_and_the_rest_is_there),
        cmocka_unit_test(a_file_without_a_head_is_nothing),
        cmocka_unit_test(positions_cover_a_row_and_a_declarations_head),
        cmocka_unit_test(nesting_has_an_end),
        cmocka_unit_test(every_prefix_of_a_file_is_survived),
        cmocka_unit_test(every_change_of_a_byte_is_survived),
        cmocka_unit_test(tokens_in_any_order_are_survived),
        cmocka_unit_test(a_full_arena_gives_no_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
