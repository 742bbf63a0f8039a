/* What may be shown of a text: nothing of what is known to be secret, or looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/base/buf.h"
#include "server/log/log.h"
#include "server/log/veil.h"

/* What is shown of a text that a veil lies over. */
static void
assert_veiled(const struct masker *known, const char *text, const char *want)
{
    struct veil v = veil_over(known, str_from(text), REDACT_ALL);
    struct buf out;
    buf_init(&out, 4096);
    for (struct veil_piece p; veil_next(&v, &p);) {
        buf_puts(&out, p.shown);
        buf_puts(&out, p.instead);
    }
    veil_end(&v);
    buf_putc(&out, '\0');
    assert_string_equal(out.p, want);
    buf_fini(&out);
}

/* One that begins within another, or within what looks like one: its rest is most of a secret. */
static void
of_secrets_that_overlap_nothing_is_shown(void **state)
{
    static const struct str secrets[] = { STR_INIT("key-one-shared"), STR_INIT("shared-two-key"),
                                          STR_INIT("two-key-end-of-it"),
                                          STR_INIT("example.org/hidden-path") };
    static const char *const rows[][2] = {
        { "<key-one-shared-two-key>", "<***>" },
        { "<key-one-shared-two-key-end-of-it>", "<***>" },
        { "<key-one-shared-two-kex>", "<***-two-kex>" },
        { "key-one-shared shared-two-key", "*** ***" },
        { "ann@example.org/hidden-path!", "[REDACTED:email]!" },
        /* The same behind escapes. */
        { "<key-one-s%68ared-two-key>", "<***>" },
        { "<key-one-s%68ared-two-key-%65nd-of-it>", "<***>" },
        { "ann%40example.org%2Fhidden-path!", "[REDACTED:email]!" },
        { "ann%40example.org%2Fhidden-pat!", "[REDACTED:email]%2Fhidden-pat!" },
    };
    (void)state;
    struct masker *known = masker_create(NULL, secrets, 4, LOG_SECRET_MIN);
    assert_non_null(known);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_veiled(known, rows[i][0], rows[i][1]);
    masker_destroy(known);
}

/* With escapes, too, what is not there is looked for once: each of the many that are found is not a reason to look again. */
static void
what_escapes_hide_is_looked_for_once(void **state)
{
    static const struct str secrets[] = { STR_INIT("another-secret-key") };
    static const char row[] = "%20a@b.example %20a@b.example %20a@b.example another-secret-key";
    char text[sizeof row];
    size_t late = sizeof row - sizeof "another-secret-key";
    (void)state;
    struct masker *known = masker_create(NULL, secrets, 1, LOG_SECRET_MIN);
    assert_non_null(known);
    memset(text, '.', sizeof text);
    memcpy(text, row, late);
    struct veil v = veil_over(known, str_make(text, sizeof row - 1), REDACT_ALL);
    assert_true(v.has_escapes);
    memcpy(v.unfold.plain.p + v.unfold.plain.n - (sizeof row - 1 - late), row + late,
           sizeof row - 1 - late);
    struct veil_piece p = { .shown.n = 0 };
    unsigned found = 0;
    while (veil_next(&v, &p))
        found += p.instead.p != NULL;
    assert_int_equal(found, 3);
    veil_end(&v);
    masker_destroy(known);
}

/* Where a text breaks off within what may be one of them, nothing is decided of another that goes on there, either. */
static void
a_secret_that_ends_in_the_begin_of_another_is_not_decided(void **state)
{
    static const struct str secrets[] = { STR_INIT("key-one-shared"), STR_INIT("shared-two-key"),
                                          STR_INIT("two-key-end-of-it") };
    static const struct {
        struct str text;
        size_t sure;
    } rows[] = {
        { STR_INIT("the key-one-shared"), 4 },
        { STR_INIT("the key-one-sh"), 4 },
        { STR_INIT("the key-one-shared-two-key"), 4 },
        { STR_INIT("the key-one-shared, the"), 23 },
        { STR_INIT("the key-one-shared share"), 19 },
        { STR_INIT("the shared-two-ke"), 4 },
        { STR_INIT("none"), 4 },
    };
    (void)state;
    struct masker *known = masker_create(NULL, secrets, 3, LOG_SECRET_MIN);
    assert_non_null(known);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (masker_decided(known, rows[i].text) != rows[i].sure)
            fail_msg("%s: %zu", rows[i].text.p, masker_decided(known, rows[i].text));
    masker_destroy(known);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_secrets_that_overlap_nothing_is_shown),
        cmocka_unit_test(what_escapes_hide_is_looked_for_once),
        cmocka_unit_test(a_secret_that_ends_in_the_begin_of_another_is_not_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
