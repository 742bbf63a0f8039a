/* Fields of forms, whole and cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/http/form.h"

#define PART(disposition, value) \
    "--XyZ\r\nContent-Disposition: form-data; " disposition "\r\n\r\n" value "\r\n"
#define END "--XyZ--\r\n"

static void
boundaries_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *type, *boundary;
    } cases[] = {
        { "multipart/form-data; boundary=XyZ", "XyZ" },
        { "Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b\"", "a b" },
        { "multipart/form-data;boundary= x ", "x" },
        { "multipart/form-data; note=\"; boundary=no\"; boundary=yes", "yes" },
        { "multipart/form-data", NULL },
        { "multipart/form-data; boundary=", NULL },
        { "multipart/form-data; boundary=\"open", NULL },
        { "multipart/mixed; boundary=x", NULL },
        { "application/json", NULL },
        { "multipart/form-data; "
          "boundary=12345678901234567890123456789012345678901234567890123456789012345678901",
          NULL },
        { "", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str b = form_boundary(str_from(cases[i].type));
        assert_true(cases[i].boundary ? str_is(b, cases[i].boundary) : !b.p);
    }
}

static void
finds(const char *body, const char *value)
{
    struct str v = { NULL, 0 };
    enum form_result r = form_field(str_from(body), STR("XyZ"), STR("model"), &v);
    assert_int_equal(r, FORM_FOUND);
    if (!str_is(v, value))
        fail_msg("found \"%.*s\", not \"%s\"", STR_ARG(v), value);
}

static void
fields_are_found(void **state)
{
    (void)state;
    finds(PART("name=\"model\"", "whisper") END, "whisper");
    finds(PART("name=model", "whisper") END, "whisper");
    finds(PART("name=\"file\"; filename=\"model\"", "x--XyZ\r\n-- XyZ") PART("name=\"model\"", "w")
              END,
          "w");
    finds("preamble\r\n" PART("name=\"model\"", "w") END "epilogue", "w");
    finds(PART("name=\"model\"", "") END, "");
    finds(PART("name=\"model\"", "\r\n") END, "\r\n");
    finds(
        "--XyZ  \r\ncontent-type: text/plain\r\nCONTENT-disposition: form-data; name=\"model\"\r\n"
        "\r\nw\r\n" END,
        "w");
    finds("--XyZ\r\n\r\nbare\r\n" PART("name=\"model\"", "w") END, "w");
    finds(PART("name=\"model\"; filename=\"a\"", "no") PART("name=\"model\"", "yes") END, "yes");
}

static void
forms_without_it_are_told_from_no_forms(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum form_result result;
    } cases[] = {
        { PART("name=\"file\"", "x") END, FORM_MISSING },
        { "--XyZ--", FORM_MISSING },
        { "", FORM_BROKEN },
        { "{}", FORM_BROKEN },
        { "XyZ", FORM_BROKEN },
        { "--XyZ", FORM_BROKEN },
        { "x--XyZ--", FORM_BROKEN },
        { "--XyZx\r\n\r\n", FORM_BROKEN },
        { "--XyZ\r\nname: x", FORM_BROKEN },
        { "--XyZ\r\n\r\nnever ends", FORM_BROKEN },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str v;
        assert_int_equal(form_field(str_from(cases[i].body), STR("XyZ"), STR("model"), &v),
                         cases[i].result);
    }
}

/* The body is in memory of its own, so that a sanitizer sees each byte too many. */
static void
a_form_cut_anywhere_is_broken_or_has_its_field(void **state)
{
    (void)state;
    static const char body[] = PART("name=\"file\"; filename=\"f\"", "\0\r\n--Xy")
        PART("name=\"model\"", "w") END;
    size_t n = sizeof body - 1, found = 0;
    for (size_t cut = 0; cut <= n; cut++) {
        struct str v = { NULL, 0 };
        char *copy = malloc(cut ? cut : 1);
        assert_non_null(copy);
        memcpy(copy, body, cut);
        enum form_result r = form_field(str_make(copy, cut), STR("XyZ"), STR("model"), &v);
        assert_true(r == FORM_BROKEN || (r == FORM_FOUND && str_is(v, "w")));
        found += r == FORM_FOUND;
        free(copy);
    }
    assert_int_equal(found, sizeof "--\r\n" - 1 + 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boundaries_are_read),
        cmocka_unit_test(fields_are_found),
        cmocka_unit_test(forms_without_it_are_told_from_no_forms),
        cmocka_unit_test(a_form_cut_anywhere_is_broken_or_has_its_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
