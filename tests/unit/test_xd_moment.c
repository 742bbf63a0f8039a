/* Moments in headers: every form, at every split, there and back, and beside the C library's calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "runtime/xd/moment.h"
#include "tests/lib/dice.h"
#include "tests/lib/guard.h"

#define SEED   UINT64_C(20251123)
#define MS     ((uint64_t)1000 * 1000)
#define SECOND (1000 * MS)
#define NOW    (1790559566 * SECOND) /* 2026-09-28T01:39:26Z */
#define BAD    UINT64_MAX

static const struct {
    enum xd_moment form;
    const char *text;
    uint64_t ns; /* BAD: it is not of this form */
} rows[] = {
    { XD_MOMENT_SECONDS, "12", 12 * SECOND },
    { XD_MOMENT_SECONDS, " 0 ", 0 },
    { XD_MOMENT_SECONDS, "33011.382867", 33011 * SECOND + 382867000 },
    { XD_MOMENT_SECONDS, "0.0000000019", 1 },
    { XD_MOMENT_SECONDS, "99999999999999999999999", XD_MOMENT_MOST },
    { XD_MOMENT_SECONDS, "", BAD },
    { XD_MOMENT_SECONDS, "-1", BAD },
    { XD_MOMENT_SECONDS, "1.", BAD },
    { XD_MOMENT_SECONDS, ".5", BAD },
    { XD_MOMENT_SECONDS, "1s", BAD },
    { XD_MOMENT_MILLISECONDS, "250", 250 * MS },
    { XD_MOMENT_MILLISECONDS, "20.5", 20 * MS + 500000 },
    { XD_MOMENT_DURATION, "6m0s", 360 * SECOND },
    { XD_MOMENT_DURATION, "1m51.595s", 111 * SECOND + 595 * MS },
    { XD_MOMENT_DURATION, "20ms", 20 * MS },
    { XD_MOMENT_DURATION, "1h2m3s4ms", 3723 * SECOND + 4 * MS },
    { XD_MOMENT_DURATION, "2d", 172800 * SECOND },
    { XD_MOMENT_DURATION, "15us", 15000 },
    { XD_MOMENT_DURATION, "17.575s", 17 * SECOND + 575 * MS },
    { XD_MOMENT_DURATION, "500", 500 * SECOND },
    { XD_MOMENT_DURATION, "400d400d", XD_MOMENT_MOST },
    { XD_MOMENT_DURATION, "1m30", BAD },
    { XD_MOMENT_DURATION, "m", BAD },
    { XD_MOMENT_DURATION, "1 m", BAD },
    { XD_MOMENT_DURATION, "1w", BAD },
    { XD_MOMENT_TIME, "2026-09-28T01:39:36Z", 10 * SECOND },
    { XD_MOMENT_TIME, "2026-09-28t03:39:26.25+02:00", 250 * MS },
    { XD_MOMENT_TIME, "2026-09-27 20:09:27-05:30", SECOND },
    { XD_MOMENT_TIME, "2025-03-15T12:58:20Z", 0 },
    { XD_MOMENT_TIME, "2199-01-01T00:00:00Z", XD_MOMENT_MOST },
    { XD_MOMENT_TIME, "2026-13-28T01:39:36Z", BAD },
    { XD_MOMENT_TIME, "2026-09-28T01:39:36", BAD },
    { XD_MOMENT_TIME, "2026-09-28T01:39:36.Z", BAD },
    { XD_MOMENT_TIME, "2026-09-28", BAD },
    { XD_MOMENT_DATE, "Mon, 28 Sep 2026 01:39:36 GMT", 10 * SECOND },
    { XD_MOMENT_DATE, "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
    { XD_MOMENT_DATE, "Mon, 28 Sop 2026 01:39:36 GMT", BAD },
    { XD_MOMENT_DATE, "Mon, 28 Sep 2026 01:39:36", BAD },
    { XD_MOMENT_DATE, "30", BAD },
    { XD_MOMENT_EPOCH, "1790559570", 4 * SECOND },
    { XD_MOMENT_EPOCH, "1", 0 },
    { XD_MOMENT_EPOCH, "99999999999999", XD_MOMENT_MOST },
    { XD_MOMENT_EPOCH_MS, "1790559570500", 4 * SECOND + 500 * MS },
};
#define ROWS (sizeof rows / sizeof rows[0])

static uint64_t
read(enum xd_moment form, struct str text)
{
    uint64_t ns = 77;
    bool ok = xd_moment_read(text, form, NOW, &ns);
    assert_true(ok || ns == 77);
    return ok ? ns : BAD;
}

static void
each_form_says_how_far_away_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        uint64_t got = read(rows[i].form, str_from(rows[i].text));
        if (got != rows[i].ns)
            fail_msg("\"%s\": %llu, not %llu", rows[i].text, (unsigned long long)got,
                     (unsigned long long)rows[i].ns);
    }
}

/* Flush against unreadable pages, in every form: nothing is read that is not there. */
static void
any_piece_of_a_text_is_read_without_more_of_it(void **state)
{
    struct guard g;
    (void)state;
    guard_init(&g, 64);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t n = 0; n <= strlen(rows[i].text); n++)
            for (enum xd_moment form = 0; form < XD_MOMENTS; form++) {
                struct str piece = str_make(rows[i].text, n);
                uint64_t got = read(form, guard_end(&g, piece));
                assert_true(got == read(form, guard_start(&g, piece)));
                assert_true(got == BAD || got <= XD_MOMENT_MOST);
            }
    guard_fini(&g);
}

static void
what_is_written_is_read_as_it_was(void **state)
{
    (void)state;
    for (uint64_t seed = SEED; seed < SEED + 20000; seed++) {
        struct dice d = { seed };
        enum xd_moment form = (enum xd_moment)dice_roll(&d, XD_MOMENTS);
        uint64_t most = (uint64_t)1000 << dice_roll(&d, 24),
                 ns = dice_roll(&d, (unsigned)most) * MS;
        char text[XD_MOMENT_TEXT];
        size_t n = xd_moment_write(text, form, NOW, ns);
        uint64_t got = read(form, str_make(text, n));
        bool coarse = form == XD_MOMENT_TIME || form == XD_MOMENT_DATE || form == XD_MOMENT_EPOCH;
        if (n >= XD_MOMENT_TEXT || got < ns || got - ns >= (coarse ? SECOND : 1))
            fail_msg("seed %llu, form %d: %.*s is %llu, was %llu", (unsigned long long)seed, form,
                     (int)n, text, (unsigned long long)got, (unsigned long long)ns);
    }
}

static void
calendars_agree_with_the_c_library(void **state)
{
    (void)state;
    for (uint64_t seed = SEED; seed < SEED + 20000; seed++) {
        struct dice d = { seed };
        uint64_t at = (uint64_t)dice_roll(&d, 84006) * 86400 + dice_roll(&d, 86400), ns;
        time_t t = (time_t)at;
        struct tm tm;
        char want[64], got[XD_MOMENT_TEXT];
        gmtime_r(&t, &tm);
        strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", &tm);
        got[xd_moment_write(got, XD_MOMENT_TIME, at * SECOND, 0)] = 0;
        assert_string_equal(got, want);
        assert_true(xd_moment_read(str_from(want), XD_MOMENT_TIME, (at - 1) * SECOND, &ns));
        assert_true(at == 0 || ns == SECOND);
        strftime(want, sizeof want, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        got[xd_moment_write(got, XD_MOMENT_DATE, at * SECOND, 0)] = 0;
        assert_string_equal(got, want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_says_how_far_away_it_is),
        cmocka_unit_test(any_piece_of_a_text_is_read_without_more_of_it),
        cmocka_unit_test(what_is_written_is_read_as_it_was),
        cmocka_unit_test(calendars_agree_with_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
