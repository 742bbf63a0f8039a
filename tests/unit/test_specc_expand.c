/* What a dialect or provider inherits, written out: as golden files, and as the same C. */
#include "codegen/expand.h"
#include "tests/lib/golden.h"
#include "tests/unit/test_specc_rig.h"

/* The provider of a golden file, on the tiny dialect. */
static void
expanded(struct str name, struct str text, struct buf *out)
{
    struct specs s;
    struct compiled c;

    specs_init(&s);
    specs_add_text(&s, name, text);
    specs_add_tiny(&s);
    if (compile_resolve(&s.arena, s.v, s.n, &s.diags, &c))
        expand(&s.arena, dialects_find(c.dialects, s.v[0]->name.s), out);
    assert_int_equal(specs_errors(&s), 0);
    compiled_fini(&c);
    specs_fini(&s);
}

static void
expanded_specs_are_as_expected(void **state)
{
    (void)state;
    unsigned count;
    assert_int_equal(golden_check("tests/specc/expand", expanded, &count), 0);
    assert_true(count >= 4);
}

/* The C of a plugin without its comments and the list of rows, which tell where things stand. */
static struct str
plain_c(struct arena *a, struct str c)
{
    struct str out = { NULL, 0 };
    const char *rows = memmem(c.p, c.n, "static const struct xd_row rows[]", 33);
    const char *behind = rows ? memmem(rows, (size_t)(c.p + c.n - rows), "\n};", 3) : NULL;

    while (c.n) {
        const char *open = memmem(c.p, c.n, "/*", 2);
        size_t n = open ? (size_t)(open - c.p) : c.n;
        if (rows && c.p <= rows && c.p + n >= rows)
            n = (size_t)(rows - c.p);
        arena_append(a, &out, str_make(c.p, n));
        if (rows && c.p + n == rows)
            n = (size_t)(behind - c.p), rows = NULL;
        else if (open)
            n = (size_t)((const char *)memmem(open, c.n - n, "*/", 2) + 2 - c.p);
        c = str_skip(c, n);
    }
    return out;
}

/* The C of one of the specs, as a plugin. */
static struct str
plugin_of(struct arena *a, struct specs *s, unsigned i)
{
    struct compiled c;

    compile_plugin(&s->arena, s->v, s->n, s->v[i], &s->diags, &c);
    assert_int_equal(specs_errors(s), 0);
    assert_int_equal(c.outputs.n, 1);
    struct str out = plain_c(a, buf_str(&c.outputs.v[0].text));
    compiled_fini(&c);
    return out;
}

/* Put the expanded text of v[i] in the place of v[i]. */
static void
replace_by_expanded(struct specs *s, unsigned i)
{
    struct compiled c;
    struct buf text;

    buf_init(&text, 1 << 20);
    assert_true(compile_resolve(&s->arena, s->v, s->n, &s->diags, &c));
    expand(&s->arena, dialects_find(c.dialects, s->v[i]->name.s), &text);
    specs_add_text(s, STR("expanded.spec"), buf_str(&text));
    assert_int_equal(specs_errors(s), 0);
    struct str name = s->v[i]->name.s;
    s->v[i] = s->v[--s->n];
    for (unsigned k = s->n; k > 0; k--) /* what extended it is in the text */
        if (s->v[k - 1]->kind == FILE_EXTENSION && str_eq(s->v[k - 1]->name.s, name))
            s->v[k - 1] = s->v[--s->n];
    compiled_fini(&c);
    buf_fini(&text);
}

static void
an_expanded_spec_compiles_to_the_same_c(void **state)
{
    (void)state;
    struct specs s;
    struct arena a;
    unsigned n = 1;

    for (unsigned i = 0; i < n; i++) {
        arena_init(&a, 64 << 20);
        specs_init(&s);
        specs_add_real(&s);
        n = s.n;
        if (s.v[i]->kind == FILE_DIALECT || s.v[i]->kind == FILE_PROVIDER) {
            struct str before = plugin_of(&a, &s, i);
            replace_by_expanded(&s, i);
            struct str after = plugin_of(&a, &s, i);
            assert_true(before.n > 10000);
            assert_true(str_eq(before, after));
        }
        specs_fini(&s);
        arena_fini(&a);
    }
    assert_true(n > 5);
}

static void
an_expanded_spec_expands_to_itself(void **state)
{
    (void)state;
    struct specs s;
    struct buf once, twice;

    buf_init(&once, 1 << 20);
    buf_init(&twice, 1 << 20);
    specs_init(&s);
    specs_add_path(&s, "specs/providers/deepseek.spec");
    specs_add_path(&s, "specs/openai/chat.spec");
    specs_add_path(&s, "specs/openai/embeddings.spec");
    specs_add_path(&s, "specs/openai/rerank.spec");
    specs_add_path(&s, "specs/ir.spec");
    for (int i = 0; i < 2; i++) {
        struct compiled c;
        assert_true(compile_resolve(&s.arena, s.v, s.n, &s.diags, &c));
        expand(&s.arena, dialects_find(c.dialects, STR("deepseek")), i ? &twice : &once);
        compiled_fini(&c);
        replace_by_expanded(&s, 0);
    }
    assert_true(str_eq(buf_str(&once), buf_str(&twice)));
    specs_fini(&s);
    buf_fini(&once);
    buf_fini(&twice);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expanded_specs_are_as_expected),
        cmocka_unit_test(an_expanded_spec_compiles_to_the_same_c),
        cmocka_unit_test(an_expanded_spec_expands_to_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
