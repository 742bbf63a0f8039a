/* Arenas: what they give, when they refuse, what a reset keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>

#include "runtime/base/arena.h"
#include "tests/lib/asan.h"
#include "tests/lib/dice.h"

static void
allocations_are_aligned_and_zeroed_also_in_used_memory(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    for (int round = 0; round < 3; round++) {
        for (size_t n = 0; n < 200; n++) {
            unsigned char *p = arena_alloc(&a, n);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(p[i], 0);
            memset(p, 0xff, n);
            assert_non_null(arena_bytes(&a, n % 7));
        }
        arena_reset(&a);
    }
    arena_fini(&a);
}

static void
allocations_never_overlap(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static struct {
        unsigned char *p;
        size_t n;
    } pieces[COUNT];
    struct dice d = { 7 };
    struct arena a;
    arena_init(&a, 64 << 20);
    for (size_t i = 0; i < COUNT; i++) {
        pieces[i].n = dice_roll(&d, 20) ? dice_roll(&d, 300) : dice_roll(&d, 100000);
        pieces[i].p = dice_roll(&d, 2) ? arena_alloc(&a, pieces[i].n)
                                       : (void *)arena_bytes(&a, pieces[i].n);
        assert_non_null(pieces[i].p);
        memset(pieces[i].p, (int)(i & 0xff), pieces[i].n);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < pieces[i].n; k++)
            assert_int_equal(pieces[i].p[k], i & 0xff);
    arena_fini(&a);
    assert_int_equal(a.total, 0);
}

static void
an_arena_refuses_at_its_cap_and_until_a_reset(void **state)
{
    (void)state;
    static const size_t caps[] = { 0, 1, 100, 4095, 4096, 4097, 10000, 300000 };
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        struct arena a;
        arena_init(&a, caps[i]);
        for (int round = 0; round < 2; round++) {
            size_t given = 0;
            assert_false(a.full);
            while (arena_alloc(&a, 24))
                given += 24;
            assert_true(a.full);
            assert_true(a.total <= caps[i]);
            assert_true(given <= caps[i]);
            if (caps[i] > 4096)
                assert_true(given * 3 > caps[i]);
            assert_null(arena_bytes(&a, 1));
            assert_null(arena_alloc(&a, 0));
            assert_null(arena_str(&a, STR("x")).p);
            assert_null(arena_printf(&a, "x").p);
            arena_reset(&a);
        }
        arena_fini(&a);
    }
}

static void
sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 64, SIZE_MAX / 2 + 1 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct arena a;
        arena_init(&a, 1 << 20);
        assert_non_null(arena_alloc(&a, 10));
        assert_null(arena_bytes(&a, sizes[i]));
        assert_true(a.full);
        arena_fini(&a);
    }
}

static void
a_reset_arena_of_small_events_never_allocates_again(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 20);
    struct arena_chunk *kept = NULL;
    for (int event = 0; event < 100; event++) {
        for (int i = 0; i < 30; i++)
            assert_non_null(arena_alloc(&a, 1000));
        arena_reset(&a);
        if (event == 10)
            kept = a.chunks;
        if (event > 10)
            assert_ptr_equal(a.chunks, kept);
    }
    assert_non_null(kept);
    assert_non_null(arena_alloc(&a, 500000));
    arena_reset(&a);
    assert_true(a.total <= 64 << 10);
    arena_fini(&a);
}

static void
text_grows_by_appending_whatever_stands_between(void **state)
{
    (void)state;
    static char want[20000];
    for (uint32_t between = 0; between < 3; between++) {
        struct dice d = { between };
        struct arena a;
        arena_init(&a, 1 << 20);
        struct str text = { NULL, 0 };
        size_t n = 0;
        while (n < sizeof want - 100) {
            char piece[100];
            size_t k = dice_roll(&d, dice_roll(&d, 10) ? 8 : 100);
            memset(piece, 'a' + (int)dice_roll(&d, 26), sizeof piece);
            memcpy(want + n, piece, k);
            n += k;
            assert_true(arena_append(&a, &text, str_make(piece, k)));
            assert_true(str_eq(text, str_make(want, n)));
            if (between && dice_roll(&d, between) == 0)
                memset(arena_alloc(&a, 16), 0xee, 16);
        }
        assert_true(str_eq(text, str_make(want, n)));
        arena_fini(&a);
    }
}

static void
appending_tells_absent_from_empty(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 4096);
    struct str text = { NULL, 0 };
    assert_true(arena_append(&a, &text, (struct str){ NULL, 0 }));
    assert_null(text.p);
    assert_true(arena_append(&a, &text, STR("")));
    assert_non_null(text.p);
    assert_true(arena_append(&a, &text, STR("ab")));
    assert_true(str_is(text, "ab"));
    while (arena_append(&a, &text, STR("0123456789")))
        ;
    assert_true(a.full);
    assert_true(str_starts(text, STR("ab0123456789")));
    arena_fini(&a);
}

struct element {
    uint32_t number, zero;
};

static void
vectors_keep_their_elements_and_new_ones_are_zero(void **state)
{
    (void)state;
    for (int between = 0; between < 2; between++) {
        struct arena a;
        arena_init(&a, 1 << 20);
        void *v = NULL;
        unsigned n = 0, cap = 0;
        for (uint32_t i = 0; i < 5000; i++) {
            struct element *e = arena_push(&a, &v, &n, &cap, sizeof *e);
            assert_non_null(e);
            assert_int_equal(n, i + 1);
            assert_int_equal(e->number, 0);
            assert_int_equal(e->zero, 0);
            e->number = i;
            if (between)
                memset(arena_bytes(&a, 3), 0xee, 3);
        }
        for (uint32_t i = 0; i < n; i++)
            assert_int_equal(((struct element *)v)[i].number, i);
        while (arena_push(&a, &v, &n, &cap, sizeof(struct element)))
            ;
        assert_int_equal(n, cap);
        assert_true(a.full);
        arena_fini(&a);
    }
}

static void
strings_are_copied_and_formatted(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 16);
    char text[] = "abc";
    struct str copy = arena_str(&a, str_from(text));
    text[0] = 'X';
    assert_true(str_is(copy, "abc"));
    assert_null(arena_str(&a, (struct str){ NULL, 0 }).p);
    assert_non_null(arena_str(&a, STR("")).p);
    for (int width = 0; width < 600; width += 7) {
        struct str s = arena_printf(&a, "%*d|", width, 5);
        assert_int_equal(s.n, width < 1 ? 2 : width + 1);
        assert_int_equal(s.p[s.n - 2], '5');
        assert_int_equal(s.p[s.n], '\0');
    }
    arena_fini(&a);
}

static void
what_is_not_given_out_is_poisoned_under_asan(void **state)
{
    (void)state;
#ifdef WITH_ASAN
    struct arena a;
    arena_init(&a, 1 << 16);
    char *p = arena_bytes(&a, 5);
    char *q = arena_bytes(&a, 5);
    assert_false(__asan_address_is_poisoned(p + 4));
    assert_true(__asan_address_is_poisoned(p + 5));
    assert_false(__asan_address_is_poisoned(q));
    assert_true(__asan_address_is_poisoned(q + 5));
    arena_reset(&a);
    assert_true(__asan_address_is_poisoned(p));
    assert_true(__asan_address_is_poisoned(q));
    arena_fini(&a);
#else
    skip();
#endif
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_aligned_and_zeroed_also_in_used_memory),
        cmocka_unit_test(allocations_never_overlap),
        cmocka_unit_test(an_arena_refuses_at_its_cap_and_until_a_reset),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(a_reset_arena_of_small_events_never_allocates_again),
        cmocka_unit_test(text_grows_by_appending_whatever_stands_between),
        cmocka_unit_test(appending_tells_absent_from_empty),
        cmocka_unit_test(vectors_keep_their_elements_and_new_ones_are_zero),
        cmocka_unit_test(strings_are_copied_and_formatted),
        cmocka_unit_test(what_is_not_given_out_is_poisoned_under_asan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
