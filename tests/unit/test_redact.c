/* Redaction: what is found, what is left alone, and that pieces make no difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/redact/custom.h"
#include "runtime/redact/stream.h"

static const struct redact_rules all = { .which = REDACT_ALL };

/* What is written in the place of secrets, and the same text whole and in two pieces cut anywhere. */
static void
assert_redacted(const char *text, const char *wanted)
{
    struct buf out;
    size_t n = strlen(text);
    buf_init(&out, 1 << 20);
    redact_text(&out, &all, str_from(text));
    buf_putc(&out, '\0');
    assert_string_equal(out.p, wanted);
    for (size_t cut = 0; cut <= n; cut++) {
        struct redact_stream s;
        redact_stream_init(&s, &all);
        buf_clear(&out);
        assert_int_equal(redact_stream_feed(&s, text, cut, &out), ERR_OK);
        assert_int_equal(redact_stream_feed(&s, text + cut, n - cut, &out), ERR_OK);
        assert_int_equal(redact_stream_end(&s, &out), ERR_OK);
        redact_stream_fini(&s);
        buf_putc(&out, '\0');
        assert_string_equal(out.p, wanted);
    }
    buf_fini(&out);
}

static void
secrets_are_found(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "key sk-proj-abcDEF0123456789ghiJKL end", "key [REDACTED:api_key] end" },
        { "sk-ant-api03-abc_DEF-0123456789", "[REDACTED:api_key]" },
        { "sk-abcdefghij0123456789klmnopqrst", "[REDACTED:api_key]" },
        { "?key=AIzaSyA1234567890abcdefghijklmnopqrstuv&x", "?key=[REDACTED:api_key]&x" },
        { "id AKIAIOSFODNN7EXAMPLE.", "id [REDACTED:api_key]." },
        { "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
          "aws_secret_access_key = [REDACTED:api_key]" },
        { "{\"api-key\":\"0123456789abcdef0123456789abcdef\"}",
          "{\"api-key\":\"[REDACTED:api_key]\"}" },
        { "Authorization: Bearer abcdefghijklmnop0123\r\n",
          "Authorization: Bearer [REDACTED:bearer]\r\n" },
        { "t=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl!",
          "t=[REDACTED:jwt]!" },
        { "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSj\n-----END PRIVATE "
          "KEY-----\nbye",
          "[REDACTED:private_key]\nbye" },
        { "postgres://bob:hunter2@db:5432/x", "postgres://bob:[REDACTED:password]@db:5432/x" },
        { "mail john.doe+x@mail.example.com.", "mail [REDACTED:email]." },
        { "call +49 151 12345678 now", "call [REDACTED:phone] now" },
        { "call (415) 555-2671 now", "call [REDACTED:phone] now" },
        { "card 4111 1111 1111 1111 ok", "card [REDACTED:card] ok" },
        { "ssn 123-45-6789.", "ssn [REDACTED:ssn]." },
        { "iban DE89 3704 0044 0532 0130 00 and", "iban [REDACTED:iban] and" },
        { "from 192.168.1.17:8080", "from [REDACTED:ip]:8080" },
        { "at 2001:db8::1, and fe80::1%eth0", "at [REDACTED:ip], and [REDACTED:ip]%eth0" },
        { "\\nghp_abcdefghijklmnopqrstuvwxyz0123456789", "\\n[REDACTED:api_key]" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_redacted(rows[i][0], rows[i][1]);
}

static void
look_alikes_are_left_alone(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "123e4567-e89b-12d3-a456-426614174000",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "version 1.2.3.4 of Chrome/120.0.0.0",
        "4111 1111 1111 1112",
        "2024-01-31T12:00:00.123Z",
        "978-3-16-148410-0",
        "git@host.example.com:group/name.git",
        "logo@2x.png std::string a::b 12:30:45",
        "sk-folding-cube-container-with-a-name",
        "bearer of responsibilities and password: required",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_redacted(rows[i], rows[i]);
}

static void
custom_patterns_are_found(void **state)
{
    (void)state;
    struct fault f;
    struct buf out;
    const struct redact_pattern good = { STR("employee"), STR("\\bE-\\d{5}\\b") };
    const struct redact_pattern bad = { STR("x"), STR("a(b") };
    assert_null(redact_custom_create(&bad, 1, &f));
    assert_string_equal(f.path, "x");
    assert_int_equal(f.offset, 3);
    struct redact_custom *c = redact_custom_create(&good, 1, &f);
    assert_non_null(c);
    const struct redact_rules rules = { .which = REDACT_ALL, .custom = c };
    buf_init(&out, 1 << 20);
    assert_int_equal(redact_text(&out, &rules, STR("E-12345 and a@b.com")), 2);
    buf_putc(&out, '\0');
    assert_string_equal(out.p, "[REDACTED:employee] and [REDACTED:email]");
    buf_fini(&out);
    redact_custom_destroy(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_found),
        cmocka_unit_test(look_alikes_are_left_alone),
        cmocka_unit_test(custom_patterns_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
