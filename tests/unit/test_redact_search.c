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

/* The next match of each, looked for anew every time. */
static bool
next_of(const struct redact_rules *rules, struct str text, size_t from, struct redact_match *m)
{
    struct redact_custom_search search;
    struct redact_match own;
    bool found = redact_next(text, rules->which, from, m);
    redact_custom_begin(&search, rules->which & REDACT_BIT(REDACT_CUSTOM) ? rules->custom : NULL,
                        text, rules->time);
    bool own_found = redact_custom_next(&search, from, &own);
    redact_custom_end(&search);
    if (own_found && (!found || own.at < m->at || (own.at == m->at && own.n > m->n)))
        *m = own;
    return found || own_found;
}

static void
a_search_finds_all(void **state)
{
    static const char *const parts[] = { "ann@corp-a.com",  "T-123",         "T-1",      " ", "x",
                                         "corp-a",          "+491701234567", "T-99 ann", "@", "-",
                                         "4111111111111111" };
    static const struct redact_pattern own[] = {
        { STR_INIT("ticket"), STR_INIT("T-[0-9]+") },
        { STR_INIT("name"), STR_INIT("ann@?") },
    };
    struct fault f;
    struct redact_custom *custom = redact_custom_create(own, 2, &f);
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
        redact_search_begin(&s, &rules, redact_script_bare(buf_str(&text)));
        for (size_t from = 0; more; from = want.at + want.n) {
            more = next_of(&rules, buf_str(&text), from, &want);
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
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_search_finds_all),
                                        cmocka_unit_test(
                                            a_long_name_costs_no_more_than_a_short_one) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
