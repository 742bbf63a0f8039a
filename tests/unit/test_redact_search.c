/* One pass over built-in and own patterns finds what asking for the next match again and again does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/redact/custom.h"
#include "runtime/redact/search.h"
#include "tests/lib/dice.h"

enum { MATCHES_MAX = 200, OWN = 2 };

/* All matches of one sort: the built-in ones, or those of one of the operator's patterns. */
struct sort {
    struct redact_match v[MATCHES_MAX];
    unsigned n;
};

static void
add(struct sort *to, const struct redact_match *m)
{
    assert_true(to->n < MATCHES_MAX);
    to->v[to->n++] = *m;
}

static void
find_each(const struct redact_rules *rules, struct redact_custom *const own[OWN], struct str text,
          struct sort sorts[1 + OWN])
{
    struct redact_match m;
    for (size_t at = 0; redact_next(text, rules->which, at, &m); at = m.at + m.n)
        add(&sorts[0], &m);
    for (unsigned i = 0; rules->custom && rules->which & REDACT_BIT(REDACT_CUSTOM) && i < OWN;
         i++) {
        struct redact_custom_search search;
        redact_custom_begin(&search, own[i], text, rules->time);
        for (size_t at = 0; redact_custom_next(&search, at, &m); at = m.at + m.n)
            add(&sorts[1 + i], &m);
        redact_custom_end(&search);
    }
}

/* The next one at or behind `from`, with all that overlap. */
static bool
next_of(const struct sort sorts[1 + OWN], size_t from, struct redact_match *m)
{
    bool found = false;
    for (unsigned i = 0; i < 1 + OWN; i++)
        for (unsigned k = 0; k < sorts[i].n; k++) {
            const struct redact_match *x = &sorts[i].v[k];
            if (x->at >= from && (!found || x->at < m->at || (x->at == m->at && x->n > m->n))) {
                *m = *x;
                found = true;
            }
        }
    for (bool more = found; more;) {
        more = false;
        for (unsigned i = 0; i < 1 + OWN; i++)
            for (unsigned k = 0; k < sorts[i].n; k++) {
                size_t at = sorts[i].v[k].at, end = at + sorts[i].v[k].n;
                if (at >= m->at && at < m->at + m->n && end > m->at + m->n) {
                    m->n = end - m->at;
                    more = true;
                }
            }
    }
    return found;
}

static void
a_search_finds_all(void **state)
{
    static const char *const parts[] = { "ann@corp-a.com",  "T-123",         "T-1",      " ", "x",
                                         "corp-a",          "+491701234567", "T-99 ann", "@", "-",
                                         "4111111111111111" };
    static const struct redact_pattern own[] = {
        { STR_INIT("ticket"), STR_INIT("T-[0-9]+") },
        { STR_INIT("name"), STR_INIT("[ -]?ann@?") },
    };
    struct fault f;
    struct redact_custom *custom = redact_custom_create(own, OWN, &f);
    struct redact_custom *each[OWN] = { redact_custom_create(own, 1, &f),
                                        redact_custom_create(own + 1, 1, &f) };
    struct dice dice = { 5 };
    struct buf text;
    (void)state;
    assert_non_null(custom);
    buf_init(&text, 4096);
    for (unsigned round = 0; round < 5000; round++) {
        const struct redact_rules rules = { .which = round % 3 ? REDACT_ALL : REDACT_PERSONAL,
                                            .custom = round % 5 ? custom : NULL };
        struct redact_search s;
        struct redact_match want = { 0 }, got = { 0 };
        bool more = true;
        buf_clear(&text);
        for (unsigned i = dice_roll(&dice, 12); i; i--)
            buf_puts(&text, str_from(parts[dice_roll(&dice, sizeof parts / sizeof *parts)]));
        struct sort sorts[1 + OWN] = { { .n = 0 } };
        find_each(&rules, each, buf_str(&text), sorts);
        redact_search_begin(&s, &rules, redact_script_bare(buf_str(&text)));
        for (size_t from = 0; more; from = want.at + want.n) {
            more = next_of(sorts, from, &want);
            assert_int_equal(redact_search_next(&s, from, &got), more);
            if (more && (got.at != want.at || got.n != want.n || got.kind != want.kind))
                fail_msg("seed 5, round %u: %zu+%zu, not %zu+%zu of %.*s", round, got.at, got.n,
                         want.at, want.n, STR_ARG(buf_str(&text)));
        }
        assert_int_equal(s.err, ERR_OK);
        redact_search_end(&s);
    }
    buf_fini(&text);
    redact_custom_destroy(custom);
    for (unsigned i = 0; i < OWN; i++)
        redact_custom_destroy(each[i]);
}

/* What begins before a match and goes on behind it is not shown there, either. */
static void
of_what_overlaps_nothing_is_shown(void **state)
{
    static const struct redact_pattern own[] = {
        { STR_INIT("name"), STR_INIT("name=.{3}") }, { STR_INIT("left"), STR_INIT("ab+") },
        { STR_INIT("right"), STR_INIT("b+c") },      { STR_INIT("wide"), STR_INIT("abxx.{4}") },
        { STR_INIT("last"), STR_INIT("bc [+]4") },
    };
    static const struct {
        struct str text, want;
    } cases[] = {
        { STR_INIT("name=ann@corp-a.com!"), STR_INIT("[REDACTED:name]!") },
        { STR_INIT("name=ab%63@corp-a.com!"), STR_INIT("[REDACTED:name]!") },
        { STR_INIT("name=sk-\\u0070roj-abcDEF0123456789ghiJKL!"), STR_INIT("[REDACTED:name]!") },
        { STR_INIT("-abb.bcab-"), STR_INIT("-[REDACTED:left].[REDACTED:right][REDACTED:left]-") },
        { STR_INIT("abxxabcbc +491701234567 "), STR_INIT("[REDACTED:wide] ") },
    };
    struct fault f;
    struct redact_custom *custom = redact_custom_create(own, 5, &f);
    const struct redact_rules rules = { .which = REDACT_ALL, .custom = custom, .unfold = true };
    struct buf out;
    (void)state;
    assert_non_null(custom);
    buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_clear(&out);
        redact_text(&out, &rules, redact_script_bare(cases[i].text), SIZE_MAX);
        if (!str_eq(buf_str(&out), cases[i].want))
            fail_msg("%.*s: %.*s", STR_ARG(cases[i].text), STR_ARG(buf_str(&out)));
    }
    buf_fini(&out);
    redact_custom_destroy(custom);
}

/* Nobody knows what a pattern would have found from where it gave up: built-in matches that follow change nothing. */
static void
behind_a_search_that_failed_nothing_is_shown(void **state)
{
    static const struct redact_pattern own[] = { { STR_INIT("slow"), STR_INIT("(?:a+)+[bc]") },
                                                 { STR_INIT("ticket"),
                                                   STR_INIT("TICKET-[0-9]+") } };
    static const char *const rows[][2] = {
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa TICKET-7 ann@example.org, Ann",
          "[REDACTED:custom]" },
        { "bob@example.org aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa TICKET-7 ann@example.org, Ann",
          "[REDACTED:custom]" },
        { "Dear bob@example.org, ab aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa TICKET-7 ann@example.org",
          "Dear [REDACTED:email], [REDACTED:slow][REDACTED:custom]" },
    };
    struct fault f;
    struct redact_custom *custom = redact_custom_create(own, 2, &f);
    const struct redact_rules rules = { .which = REDACT_ALL, .custom = custom };
    struct buf out;
    (void)state;
    assert_non_null(custom);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_init(&out, 4096);
        redact_text(&out, &rules, redact_script_bare(str_from(rows[i][0])), SIZE_MAX);
        buf_putc(&out, '\0');
        assert_string_equal(out.p, rows[i][1]);
        buf_fini(&out);
    }
    redact_custom_destroy(custom);
}

/* Of the value of a member called `name`: where its first match is, and how long; false: there is none. */
static bool
first_of_named(const struct redact_rules *rules, const char *name, const char *value, size_t *at,
               size_t *n)
{
    struct buf room;
    struct redact_search s;
    struct redact_match m;
    buf_init(&room, 1000);
    struct redact_script t = redact_script_named(str_from(name), str_from(value), &room);
    redact_search_begin(&s, rules, t);
    bool found = redact_search_next(&s, t.from, &m);
    if (found) {
        assert_true(m.at >= t.from && m.at + m.n <= t.all.n);
        *at = m.at - t.from;
        *n = m.n;
    }
    redact_search_end(&s);
    buf_fini(&room);
    return found;
}

/* What is found in the name is not told, nor is what of a match lies there. */
static void
of_what_stands_before_a_text_nothing_is_told(void **state)
{
    static const struct redact_pattern own[] = { { STR_INIT("pair"),
                                                   STR_INIT("ticket\": \"[0-9]+") } };
    static const struct {
        const char *name, *value;
        size_t at, n; /* 0: nothing is found */
    } rows[] = {
        { "ticket", "4711 is open", 0, 4 },
        { "ann@corp-a.com", "hello", 0, 0 },
        { "ann%40corp-a.com", "hello", 0, 0 },
        { "sk-\\u0070roj-abcDEF0123456789ghiJKL", "a\\/b", 0, 0 },
        { "ann%40corp-a.com", "of bob%40corp-b.com", 3, 16 },
        { "password", "hunter22", 0, 8 },
        { "password", "hunter\\u0032\\u0032", 0, 18 },
    };
    struct fault f;
    struct redact_custom *custom = redact_custom_create(own, 1, &f);
    const struct redact_rules rules = { .which = REDACT_ALL, .custom = custom, .unfold = true };
    (void)state;
    assert_non_null(custom);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t at = 0, n = 0;
        bool found = first_of_named(&rules, rows[i].name, rows[i].value, &at, &n);
        if (found != (rows[i].n > 0) || at != rows[i].at || n != rows[i].n)
            fail_msg("%s: %s: %zu + %zu", rows[i].name, rows[i].value, at, n);
    }
    redact_custom_destroy(custom);
}

/* One name may stand before very many values. */
static void
a_long_name_costs_no_more_than_a_short_one(void **state)
{
    static char name[100000];
    struct buf room;
    (void)state;
    memset(name, 'x', sizeof name);
    memcpy(name + sizeof name - 9, "_password", 9);
    buf_init(&room, 1 << 20);
    struct redact_script t = redact_script_named(str_make(name, sizeof name), STR("hunter22"),
                                                 &room);
    assert_true(t.all.n < 200);
    const struct redact_rules rules = { .which = REDACT_ALL };
    struct redact_search s;
    struct redact_match m;
    redact_search_begin(&s, &rules, t);
    assert_true(redact_search_next(&s, t.from, &m));
    assert_int_equal(m.at, t.from);
    assert_int_equal(m.n, 8);
    redact_search_end(&s);
    buf_fini(&room);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_finds_all), cmocka_unit_test(of_what_overlaps_nothing_is_shown),
        cmocka_unit_test(behind_a_search_that_failed_nothing_is_shown),
        cmocka_unit_test(of_what_stands_before_a_text_nothing_is_told),
        cmocka_unit_test(a_long_name_costs_no_more_than_a_short_one)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
