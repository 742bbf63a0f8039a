/* The layout of printed C. */
#include "codegen/tidy.h"
#include "codegen/wrap.h"
#include "tests/unit/test_specc_rig.h"

static const struct {
    const char *name, *in, *out;
} rows[] = {
    { "indents by blocks and by what governs",
      "static void\nf(void)\n{\nif (a)\nfor (;;)\nif (b)\ng();\nh();\n}\n",
      "static void\nf(void)\n{\n    if (a)\n        for (;;)\n            if (b)\n"
      "                g();\n    h();\n}\n" },
    { "leaves labels with their switch",
      "void\nf(void)\n{\n  switch (x) {\n   case A:\ng();\nbreak;\ndefault:\nh();\n}\n}\n",
      "void\nf(void)\n{\n    switch (x) {\n    case A:\n        g();\n        break;\n    default:\n"
      "        h();\n    }\n}\n" },
    { "joins else to its brace",
      "void\nf(void)\n{\nif (a) {\ng();\n}\nelse if (b) {\nh();\n}\nelse {\ni();\n}\n}\n",
      "void\nf(void)\n{\n    if (a) {\n        g();\n    } else if (b) {\n        h();\n    } else {\n"
      "        i();\n    }\n}\n" },
    { "dissolves a block that declares nothing", "void\nf(void)\n{\nint a;\n{\ng();\n}\n}\n",
      "void\nf(void)\n{\n    int a;\n    g();\n}\n" },
    { "dissolves a block that declares, if it is alone",
      "void\nf(void)\n{\nif (a) {\ng();\n{\nint b = 1;\nh(b);\n}\n}\n}\n",
      "void\nf(void)\n{\n    if (a) {\n        g();\n        int b = 1;\n        h(b);\n    }\n}\n" },
    { "keeps a block whose names might be taken",
      "void\nf(void)\n{\n{\nint b = 1;\n}\n{\nint b = 2;\n}\n}\n",
      "void\nf(void)\n{\n    {\n        int b = 1;\n    }\n    {\n        int b = 2;\n    }\n}\n" },
    { "keeps a block that is governed", "void\nf(void)\n{\nif (a)\n{\ng();\nh();\n}\n}\n",
      "void\nf(void)\n{\n    if (a)\n        {\n            g();\n            h();\n        }\n}\n" },
    { "puts the block of a label on its line",
      "void\nf(void)\n{\nswitch (x) {\ncase A:\n{\nint b = 1;\nbreak;\n}\ncase B:\n{\ng();\nbreak;\n}\n"
      "}\n}\n",
      "void\nf(void)\n{\n    switch (x) {\n    case A: {\n        int b = 1;\n        break;\n    }\n"
      "    case B:\n        g();\n        break;\n    }\n}\n" },
    { "drops blank lines at edges, and all but one", "void\nf(void)\n{\n\nint a;\n\n\ng(a);\n\n}\n",
      "void\nf(void)\n{\n    int a;\n\n    g(a);\n}\n" },
    { "minds neither braces in strings nor in comments",
      "void\nf(void)\n{\ng(\"{\\\"{\", '{');\n/* { */\nh();\n}\n",
      "void\nf(void)\n{\n    g(\"{\\\"{\", '{');\n    /* { */\n    h();\n}\n" },
    { "leaves directives at the margin", "void\nf(void)\n{\n   #ifdef A\n g();\n#endif\n}\n",
      "void\nf(void)\n{\n#ifdef A\n    g();\n#endif\n}\n" },
    { "breaks calls behind commas, below the bracket",
      "void\nf(void)\n{\nsome_function_of_a_long_name(the_first_argument, the_second_argument(of, two), "
      "the_third, number_4);\n}\n",
      "void\nf(void)\n{\n    some_function_of_a_long_name(the_first_argument, "
      "the_second_argument(of, two), the_third,\n                                 number_4);\n}\n" },
    { "breaks conditions before operators",
      "void\nf(void)\n{\nif (the_first_condition(of, two) && the_second_condition == the_constant && "
      "the_third_one_of_all_of_them)\ng();\n}\n",
      "void\nf(void)\n{\n    if (the_first_condition(of, two) && the_second_condition == "
      "the_constant\n        && the_third_one_of_all_of_them)\n        g();\n}\n" },
    { "gives long values lines of their own",
      "static const struct a_type_of_some_length a_variable_of_some_length = { \"a value\", "
      "&another_value, 3, };\n",
      "static const struct a_type_of_some_length a_variable_of_some_length = {\n"
      "    \"a value\", &another_value, 3,\n};\n" },
    { "cuts long strings between words",
      "static const char *a[] = {\n\"one two three four five six seven eight nine ten eleven twelve "
      "thirteen fourteen fifteen sixteen seventeen\",\n};\n",
      "static const char *a[] = {\n    \"one two three four five six seven eight nine ten eleven twelve "
      "thirteen fourteen fifteen \"\n    \"sixteen seventeen\",\n};\n" },
    { "breaks long comments",
      "/* one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
      "sixteen */\n",
      "/* one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen\n"
      " * sixteen */\n" },
};

static struct str
tidied(struct arena *a, struct str text)
{
    struct buf out;

    buf_init(&out, 64 << 20);
    tidy(a, text, &out);
    struct str s = arena_str(a, buf_str(&out));
    buf_fini(&out);
    return s;
}

static void
lays_out_c(void **state)
{
    (void)state;
    struct arena a;

    arena_init(&a, 64 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str got = tidied(&a, str_from(rows[i].in));
        if (!str_is(got, rows[i].out))
            print_error("%s:\n%.*s", rows[i].name, STR_ARG(got));
        assert_true(str_is(got, rows[i].out));
    }
    arena_fini(&a);
}

/* The text without the blanks that lines begin with. */
static struct str
flattened(struct arena *a, struct str text)
{
    struct str out = { NULL, 0 };

    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = (size_t)(end - text.p) + 1, blank = 0;
        while (text.p[blank] == ' ')
            blank++;
        if (blank && text.p[blank] == '*')
            blank--; /* inside a comment */
        arena_append(a, &out, str_make(text.p + blank, n - blank));
        text = str_skip(text, n);
    }
    return out;
}

/* Lines that do not end a statement were broken, and would be taken for statements. */
static bool
is_broken(struct str text)
{
    return memmem(text.p, text.n, ",\n     ", 7) || memmem(text.p, text.n, "\n        &&", 11);
}

/* A word that is longer than a line cannot be broken. */
#define LONG_NAME 60u

/* What no place to break could shorten: one word, names that follow deep paths of the wire, and what
 * stands in line behind them. */
static bool
cannot_be_shorter(struct str line)
{
    struct str s = str_trim(line);
    size_t name = 0, longest = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool in_name = c == '_' || (c >= '0' && c <= '9')
                       || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        name = in_name ? name + 1 : 0;
        longest = name > longest ? name : longest;
    }
    bool behind_name = (size_t)(s.p - line.p) >= LONG_NAME;
    return !memchr(s.p, ' ', s.n) || longest >= LONG_NAME || behind_name;
}

static void
what_is_printed_is_tidy(void **state)
{
    (void)state;
    struct specs s;
    struct compiled c;
    unsigned long_lines = 0;

    specs_init(&s);
    specs_add_real(&s);
    compile(&s.arena, s.v, s.n, &s.diags, &c);
    assert_int_equal(specs_errors(&s), 0);
    for (unsigned i = 0; i < c.outputs.n; i++) {
        struct str text = buf_str(&c.outputs.v[i].text);
        if (str_ends(str_from(c.outputs.v[i].name), STR(".md")))
            continue;
        for (struct str rest = text; rest.n;) {
            const char *end = memchr(rest.p, '\n', rest.n);
            size_t n = (size_t)(end - rest.p);
            assert_true(n == 0 || end[-1] != ' ');
            long_lines += n > WRAP_COLUMNS && !cannot_be_shorter(str_make(rest.p, n));
            rest = str_skip(rest, n + 1);
        }
        if (!is_broken(text))
            assert_true(str_eq(tidied(&s.arena, flattened(&s.arena, text)), text));
    }
    assert_int_equal(long_lines, 0);
    compiled_fini(&c);
    specs_fini(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lays_out_c),
        cmocka_unit_test(what_is_printed_is_tidy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
