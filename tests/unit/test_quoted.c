/* How far strings go, and what is in them, against the obvious loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/json/quoted.h"
#include "tests/lib/dice.h"
#include "tests/lib/guard.h"

#define ROOM 300

static int
digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

/* Four digits, or -1. */
static int
naive_unit(struct str s)
{
    int v = 0;
    for (size_t i = 0; i < 4; i++) {
        if (i >= s.n || digit(s.p[i]) < 0)
            return -1;
        v = v * 16 + digit(s.p[i]);
    }
    return v;
}

static size_t
naive_length(struct str s, unsigned *has)
{
    *has = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"')
            return i;
        if (c < 0x20)
            return s.n;
        if (c >= 0x80)
            *has |= QUOTED_HIGH;
        if (c != '\\')
            continue;
        *has |= QUOTED_ESCAPES;
        if (++i == s.n || !s.p[i] || !strchr("\"\\/bfnrtu", s.p[i]))
            return s.n;
        int unit = s.p[i] == 'u' ? naive_unit(str_skip(s, i + 1)) : 0;
        if (unit < 0)
            return s.n;
        if (unit >= 0xd800 && unit < 0xe000)
            *has |= QUOTED_HALVES;
    }
    return s.n;
}

/* Both ways, at the edge of memory.  What was seen counts only when there is an end. */
static void
check(struct guard *g, struct str text)
{
    struct str s = guard_end(g, text);
    unsigned want_has, has;
    size_t want = naive_length(s, &want_has);
    size_t (*const ways[])(struct str, unsigned *) = { quoted_length, quoted_length_anywhere };
    for (unsigned i = 0; i < 2; i++) {
        size_t n = ways[i](s, &has);
        if (n != want || (n < s.n && has != want_has))
            fail_msg("way %u: %zu with %u, want %zu with %u: %.*s", i, n, has, want, want_has,
                     STR_ARG(s));
    }
}

static void
every_byte_is_judged_right_at_every_place(void **state)
{
    (void)state;
    struct guard g;
    guard_init(&g, ROOM);
    char text[ROOM];
    for (size_t n = 1; n < 150; n += n < 20 ? 1 : 13)
        for (size_t at = 0; at < n; at++)
            for (int c = 0; c < 256; c++) {
                memset(text, 'x', n);
                text[n - 1] = '"';
                text[at] = (char)c;
                check(&g, str_make(text, n));
                if (at > 0) {
                    text[at - 1] = '\\';
                    check(&g, str_make(text, n));
                }
            }
    guard_fini(&g);
}

static void
rows_of_backslashes_are_counted_across_blocks(void **state)
{
    (void)state;
    struct guard g;
    guard_init(&g, ROOM);
    char text[ROOM];
    for (size_t from = 0; from < 70; from++)
        for (size_t row = 1; row < 140; row++) {
            memset(text, 'x', from);
            memset(text + from, '\\', row);
            memcpy(text + from + row, "\"n\"yyyyyyyy", 11);
            check(&g, str_make(text, from + row + 11));
        }
    guard_fini(&g);
}

static void
unicode_escapes_are_checked_wherever_they_stand(void **state)
{
    (void)state;
    static const char *const escapes[] = { "\\u0000", "\\uD83D\\uDE00", "\\udc00", "\\ud7ff",
                                           "\\ue000", "\\u12g4",        "\\u123",  "\\u",
                                           "\\U0041", "\\u00e9",        "\\u-123", "\\u 123" };
    struct guard g;
    guard_init(&g, ROOM);
    char text[ROOM];
    for (size_t from = 0; from < 140; from++)
        for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
            for (size_t behind = 0; behind < 80; behind += 79) {
                size_t n = strlen(escapes[i]);
                memset(text, 'x', from + n + behind);
                memcpy(text + from, escapes[i], n);
                text[from + n + behind] = '"';
                for (size_t cut = behind ? 0 : n + 1; cut <= n + 1; cut++)
                    check(&g, str_make(text, from + cut + behind));
            }
    guard_fini(&g);
}

static void
mixtures_are_judged_like_the_loop_does(void **state)
{
    (void)state;
    static const char *const words[] = { "text ",        "a",       "\\n",     "\\\"",
                                         "\\\\",         "\\u00e9", "\\ud800", "\xc3\xa9",
                                         "\xe6\x97\xa5", "\\t",     "/",       "\\/" };
    struct guard g;
    guard_init(&g, ROOM);
    struct dice d = { 7 };
    char text[ROOM + 10];
    for (unsigned round = 0; round < 200000; round++) {
        size_t n = 0, want = dice_roll(&d, 250);
        while (n < want) {
            const char *word = words[dice_roll(&d, sizeof words / sizeof *words)];
            memcpy(text + n, word, strlen(word));
            n += strlen(word);
        }
        if (n && dice_roll(&d, 4))
            text[dice_roll(&d, (unsigned)n)] = '"'; /* with more behind it, or none */
        if (dice_roll(&d, 4))
            text[n++] = '"';
        if (n && dice_roll(&d, 8) == 0)
            text[dice_roll(&d, (unsigned)n)] = (char)dice_roll(&d, 256);
        check(&g, str_make(text, n));
    }
    guard_fini(&g);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_judged_right_at_every_place),
        cmocka_unit_test(rows_of_backslashes_are_counted_across_blocks),
        cmocka_unit_test(unicode_escapes_are_checked_wherever_they_stand),
        cmocka_unit_test(mixtures_are_judged_like_the_loop_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
