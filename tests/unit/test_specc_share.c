/* One copy of what several dialects print alike. */
#include "codegen/share.h"
#include "tests/unit/test_specc_rig.h"

#include <stdlib.h>

/* What is printed for a base and the texts of two providers, p_ and q_. */
static char *
shared(const char *base, const char *p, const char *q, const char *more)
{
    struct arena a;
    struct buf out;

    arena_init(&a, 1u << 20);
    buf_init(&out, 1u << 20);
    struct share *s = share_create(&a);
    share_add(s, STR(""), str_from(base));
    share_add(s, STR("p_"), str_from(p));
    share_add(s, STR("q_"), str_from(q));
    share_settle(s);
    share_print(s, &out);
    share_rename(s, str_from(more), &out);
    char *text = strndup(buf_str(&out).p, buf_str(&out).n);
    buf_fini(&out);
    arena_fini(&a);
    return text;
}

static void
prints(const char *base, const char *p, const char *q, const char *more, const char *want)
{
    char *got = shared(base, p, q, more);

    assert_string_equal(got, want);
    free(got);
}

static void
what_is_alike_is_printed_once(void **state)
{
    (void)state;
    prints("static int\nf(void)\n{\n}\n", "static int\np_f(void)\n{\n}\n",
           "static int\nq_f(void)\n{\n}\n", "q_f p_f f", "static int\nf(void)\n{\n}\n\nf f f");
}

static void
what_is_of_one_alone_stays(void **state)
{
    (void)state;
    prints("static int\nf(void)\n{\n}\n", "static int\nread_p_g(void)\n{\n}\n",
           "static int\nread_q_g(void)\n{\n}\n", "read_q_g",
           "static int\nf(void)\n{\n}\nstatic int\nread_p_g(void)\n{\n}\n\nread_p_g");
}

static void
what_uses_something_else_is_not_alike(void **state)
{
    (void)state;
    prints("static int v = 1;\nstatic int\nf(void)\n{\n    return v;\n}\n",
           "static int p_v = 2;\nstatic int\np_f(void)\n{\n    return p_v;\n}\n",
           "static int q_v = 2;\nstatic int\nq_f(void)\n{\n    return q_v;\n}\n", "q_f",
           "static int v = 1;\nstatic int\nf(void)\n{\n    return v;\n}\n"
           "static int p_v = 2;\nstatic int\np_f(void)\n{\n    return p_v;\n}\n\np_f");
}

static void
items_that_use_each_other_may_be_alike(void **state)
{
    (void)state;
    prints(
        "static int f(void);\nstatic int\ng(void)\n{\n    f();\n}\nstatic int\nf(void)\n{\n    g();\n}\n",
        "static int p_f(void);\nstatic int\np_g(void)\n{\n    p_f();\n}\nstatic int\np_f(void)\n{\n    p_g();\n}\n",
        "", "p_f",
        "static int f(void);\nstatic int\ng(void)\n{\n    f();\n}\nstatic int\nf(void)\n{\n    g();\n}\n\nf");
}

static void
names_in_strings_and_comments_are_none(void **state)
{
    (void)state;
    prints(
        "/* of p_f */\nstatic int f = \"p_f\\\"p_f\";\n", "", "static int p_f = 1;\n",
        "\"q_f\" /* q_f */ f",
        "/* of p_f */\nstatic int f = \"p_f\\\"p_f\";\nstatic int p_f = 1;\n\n\"q_f\" /* q_f */ f");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_alike_is_printed_once),
        cmocka_unit_test(what_is_of_one_alone_stays),
        cmocka_unit_test(what_uses_something_else_is_not_alike),
        cmocka_unit_test(items_that_use_each_other_may_be_alike),
        cmocka_unit_test(names_in_strings_and_comments_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
