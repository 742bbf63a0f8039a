/* struct str: trimming, globs, suggestions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/base/str.h"
#include "tests/lib/dice.h"

static void
absent_and_empty_differ_only_in_the_pointer(void **state)
{
    (void)state;
    struct str absent = str_from(NULL);
    assert_null(absent.p);
    assert_non_null(str_from("").p);
    assert_true(str_eq(absent, STR("")));
    assert_true(str_is(absent, ""));
    assert_true(str_starts(STR("x"), absent));
    assert_true(str_ends(absent, absent));
    assert_int_equal(str_skip(absent, 3).n, 0);
    assert_int_equal(str_trim(absent).n, 0);
}

static void
prefixes_suffixes_and_skipping_stay_within_the_string(void **state)
{
    (void)state;
    struct str s = STR("data: x");
    assert_true(str_starts(s, STR("data:")));
    assert_false(str_starts(STR("dat"), STR("data")));
    assert_true(str_ends(s, STR(": x")));
    assert_false(str_ends(STR("x"), s));
    assert_true(str_is(str_skip(s, 6), "x"));
    assert_true(str_is(str_skip(s, 99), ""));
    assert_true(str_eq_nocase(STR("Content-TYPE"), STR("cONTENT-type")));
    assert_false(str_eq_nocase(STR("a["), STR("A{")));
    assert_false(str_eq_nocase(STR("ab"), STR("abc")));
    assert_false(str_eq_nocase(STR("\xc3\xa4"), STR("\xc3\x84")));
}

static void
trim_removes_white_space_at_both_ends_only(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "", "" },           { " ", "" },           { " \t\r\n", "" },
        { "a", "a" },         { " a b\r\n", "a b" }, { "\ta", "a" },
        { "\va\f", "\va\f" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(str_is(str_trim(str_from(rows[i].in)), rows[i].out));
}

static void
globs_know_the_star_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *glob, *s;
        bool match;
    } rows[] = {
        { "", "", true },
        { "", "a", false },
        { "*", "", true },
        { "*", "anything", true },
        { "gpt-4*", "gpt-4o", true },
        { "gpt-4*", "gpt-4", true },
        { "gpt-4*", "gpt-5", false },
        { "*-mini", "gpt-4o-mini", true },
        { "*-mini", "gpt-4o-mini-2024", false },
        { "a*b*c", "aXbYc", true },
        { "a*b*c", "acb", false },
        { "a**b", "ab", true },
        { "a?c", "abc", false },
        { "a?c", "a?c", true },
        { "[a]", "a", false },
        { "*aab", "aaaaab", true },
        { "*ab*ab", "abab", true },
        { "*ab*ab", "aab", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_glob(str_from(rows[i].glob), str_from(rows[i].s)) != rows[i].match)
            fail_msg("glob %s, string %s", rows[i].glob, rows[i].s);
}

static bool
naive_glob(struct str g, struct str s)
{
    if (g.n == 0)
        return s.n == 0;
    if (g.p[0] == '*')
        return naive_glob(str_skip(g, 1), s) || (s.n && naive_glob(g, str_skip(s, 1)));
    return s.n && s.p[0] == g.p[0] && naive_glob(str_skip(g, 1), str_skip(s, 1));
}

static struct str
random_text(struct dice *d, char *room, const char *letters, uint32_t longest)
{
    uint32_t n = dice_roll(d, longest + 1);
    for (uint32_t i = 0; i < n; i++)
        room[i] = letters[dice_roll(d, (uint32_t)strlen(letters))];
    return str_make(room, n);
}

static void
globs_agree_with_a_recursive_matcher(void **state)
{
    (void)state;
    struct dice d = { 1 };
    int matches = 0;
    for (int i = 0; i < 50000; i++) {
        char a[8], b[12];
        struct str glob = random_text(&d, a, "ab*", 6), s = random_text(&d, b, "ab", 8);
        bool want = naive_glob(glob, s);
        matches += want;
        if (str_glob(glob, s) != want)
            fail_msg("glob %.*s, string %.*s", STR_ARG(glob), STR_ARG(s));
    }
    assert_true(matches > 1000);
}

static size_t
naive_distance(struct str a, struct str b)
{
    if (a.n == 0 || b.n == 0)
        return a.n + b.n;
    size_t best = naive_distance(str_skip(a, 1), str_skip(b, 1)) + (a.p[0] != b.p[0]);
    size_t drop = naive_distance(str_skip(a, 1), b) + 1;
    size_t add = naive_distance(a, str_skip(b, 1)) + 1;
    best = drop < best ? drop : best;
    best = add < best ? add : best;
    if (a.n > 1 && b.n > 1 && a.p[0] == b.p[1] && a.p[1] == b.p[0]) {
        size_t swap = naive_distance(str_skip(a, 2), str_skip(b, 2)) + 1;
        best = swap < best ? swap : best;
    }
    return best;
}

static void
distances_agree_with_a_recursive_count(void **state)
{
    (void)state;
    struct dice d = { 2 };
    for (int i = 0; i < 5000; i++) {
        char x[8], y[8];
        struct str a = random_text(&d, x, "abc", 5), b = random_text(&d, y, "abc", 5);
        size_t want = naive_distance(a, b);
        for (size_t limit = 0; limit < 7; limit++)
            if (str_distance(a, b, limit) != (want < limit ? want : limit))
                fail_msg("%.*s to %.*s, limit %zu", STR_ARG(a), STR_ARG(b), limit);
    }
}

static void
distances_of_long_strings_are_the_limit(void **state)
{
    (void)state;
    char a[STR_DISTANCE_MAX + 1], b[STR_DISTANCE_MAX + 1];
    memset(a, 'a', sizeof a);
    memset(b, 'b', sizeof b);
    assert_int_equal(
        str_distance(str_make(a, STR_DISTANCE_MAX), str_make(b, STR_DISTANCE_MAX), 1000),
        STR_DISTANCE_MAX);
    assert_int_equal(str_distance(str_make(a, sizeof a), str_make(a, sizeof a), 7), 7);
}

static bool
naive_alike(struct str a, struct str b)
{
    bool same = a.n == b.n;
    for (size_t i = 0; same && i < a.n; i++) {
        char x = a.p[i], y = b.p[i];
        x = x >= 'A' && x <= 'Z' ? (char)(x + 32) : x;
        y = y >= 'A' && y <= 'Z' ? (char)(y + 32) : y;
        same = x == y;
    }
    return same;
}

static size_t
naive_control(struct str s)
{
    size_t i = 0;
    while (i < s.n && (unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f)
        i++;
    return i;
}

/* Every byte at every place of strings of every length, which end where their memory does. */
static void
bytes_taken_by_the_word_are_judged_as_one_by_one(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 40; n++) {
        char *a = malloc(n), *b = malloc(n);
        for (size_t at = 0; at < n; at++)
            for (unsigned c = 0; c < 256; c++) {
                static const char others[] = "aZ[@`{\x7f\x80";
                memset(a, 'k', n);
                memset(b, 'K', n);
                a[at] = (char)c;
                assert_int_equal(str_control(str_make(a, n)), naive_control(str_make(a, n)));
                for (size_t k = 0; k < sizeof others + 2; k++) {
                    b[at] = k < sizeof others ? others[k]
                                              : (char)(c ^ (k == sizeof others ? 32 : 0));
                    assert_int_equal(str_eq_nocase(str_make(a, n), str_make(b, n)),
                                     naive_alike(str_make(a, n), str_make(b, n)));
                }
            }
        free(a);
        free(b);
    }
}

static size_t
naive_count(struct str s)
{
    size_t count = 0;
    for (size_t at; (at = naive_control(s)) < s.n; s = str_skip(s, at + 1))
        count++;
    return count;
}

/* Two of them, as what stands behind the first must not change what is said of it. */
static void
the_first_of_several_controls_is_found_and_all_are_counted(void **state)
{
    (void)state;
    struct dice dice = { 7 };
    for (unsigned round = 0; round < 20000; round++) {
        size_t n = dice_roll(&dice, 40) + 1;
        char *s = malloc(n);
        for (size_t i = 0; i < n; i++)
            s[i] = dice_roll(&dice, 6) ? (char)('a' + dice_roll(&dice, 26))
                                       : (char)dice_roll(&dice, 256);
        assert_int_equal(str_control(str_make(s, n)), naive_control(str_make(s, n)));
        assert_int_equal(str_count_controls(str_make(s, n)), naive_count(str_make(s, n)));
        free(s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_and_empty_differ_only_in_the_pointer),
        cmocka_unit_test(prefixes_suffixes_and_skipping_stay_within_the_string),
        cmocka_unit_test(trim_removes_white_space_at_both_ends_only),
        cmocka_unit_test(bytes_taken_by_the_word_are_judged_as_one_by_one),
        cmocka_unit_test(the_first_of_several_controls_is_found_and_all_are_counted),
        cmocka_unit_test(globs_know_the_star_and_nothing_else),
        cmocka_unit_test(globs_agree_with_a_recursive_matcher),
        cmocka_unit_test(distances_agree_with_a_recursive_count),
        cmocka_unit_test(distances_of_long_strings_are_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
