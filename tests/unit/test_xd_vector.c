/* Vectors: numbers keep their value in both encodings. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/vector.h"
#include "tests/lib/dice.h"

static struct ir_numbers
floats(const char *values)
{
    struct ir_numbers n = { .kind = IR_NUMBERS_FLOATS };
    n.floats.values = str_from(values);
    return n;
}

static void
is_printed(float v, const char *expected)
{
    struct buf b;
    buf_init(&b, 64);
    vector_put_float(&b, v);
    if (!str_is(buf_str(&b), expected))
        fail_msg("%.9g is printed %.*s, not %s", (double)v, STR_ARG(buf_str(&b)), expected);
    buf_fini(&b);
}

static void
numbers_are_short(void **state)
{
    (void)state;
    is_printed(0, "0");
    is_printed(-0.0f, "-0");
    is_printed(1, "1");
    is_printed(-2.5f, "-2.5");
    is_printed(0.1f, "0.1");
    is_printed(0.02f, "0.02");
    is_printed(123456.0f, "123456");
    is_printed(-0.0004834f, "-0.0004834");
    is_printed((float)INFINITY, "null");
    is_printed((float)NAN, "null");
}

static void
every_float_survives(void **state)
{
    (void)state;
    struct dice dice = { 1 };
    struct buf b;

    buf_init(&b, 64);
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t bits = dice_roll(&dice, UINT32_MAX);
        uint32_t again;
        float v, back;
        if (i % 2) /* as embeddings are: between -1 and 1 */
            bits = (bits & 0x80ffffffu) | (100 + dice_roll(&dice, 28)) << 23;
        memcpy(&v, &bits, sizeof v);
        if (!isfinite(v))
            continue;
        buf_clear(&b);
        vector_put_float(&b, v);
        buf_putc(&b, '\0');
        back = strtof(b.p, NULL);
        memcpy(&again, &back, sizeof again);
        if (again != bits)
            fail_msg("%a became %s", (double)v, b.p);
    }
    buf_fini(&b);
}

static void
both_encodings_say_the_same(void **state)
{
    (void)state;
    struct arena a;
    struct ir_numbers n = floats("[0.5, -1e0 ,2,0.1]");

    arena_init(&a, 1 << 20);
    assert_true(vector_encode(&a, &n, STR("float")));
    assert_int_equal(n.kind, IR_NUMBERS_FLOATS);
    assert_true(vector_encode(&a, &n, STR("base64")));
    assert_int_equal(n.kind, IR_NUMBERS_PACKED);
    assert_true(str_is(n.packed.data, "AAAAPwAAgL8AAABAzczMPQ=="));
    assert_true(vector_encode(&a, &n, STR("float")));
    assert_true(str_is(n.floats.values, "[0.5,-1,2,0.1]"));
    assert_true(vector_encode(&a, &n, STR("ubinary")));
    assert_int_equal(n.kind, IR_NUMBERS_FLOATS);
    n = (struct ir_numbers){ .kind = IR_NUMBERS_INTS };
    n.ints.type = STR("int8");
    n.ints.values = STR("[1,-2]");
    assert_true(vector_encode(&a, &n, STR("int8")));
    assert_int_equal(n.kind, IR_NUMBERS_INTS);
    assert_true(vector_encode(&a, &n, STR("float")));
    assert_int_equal(n.kind, IR_NUMBERS_FLOATS);
    assert_true(str_is(n.floats.values, "[1,-2]"));
    n = floats("[]");
    assert_true(vector_encode(&a, &n, STR("base64")) && n.packed.data.n == 0);
    arena_fini(&a);
}

static void
what_is_no_vector_stays(void **state)
{
    (void)state;
    struct arena a;
    static const char *const bad[] = { "[\"a\"]", "[null]", "[[1]]", "{}", "" };

    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ir_numbers n = floats(bad[i]);
        assert_false(vector_encode(&a, &n, STR("base64")));
        assert_int_equal(n.kind, IR_NUMBERS_FLOATS);
    }
    struct ir_numbers n = { .kind = IR_NUMBERS_PACKED, .packed.data = STR_INIT("AAAA*") };
    assert_false(vector_encode(&a, &n, STR("float")));
    n.packed.data = STR("AAAA"); /* three bytes */
    assert_false(vector_encode(&a, &n, STR("float")));
    arena_fini(&a);
    arena_init(&a, 64);
    n = floats("[0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5]");
    assert_false(vector_encode(&a, &n, STR("base64")));
    arena_fini(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_short),
        cmocka_unit_test(every_float_survives),
        cmocka_unit_test(both_encodings_say_the_same),
        cmocka_unit_test(what_is_no_vector_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
