/* Redaction: what is found, what is left alone, and that nothing is decided too soon where a text may go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/redact/custom.h"
#include "runtime/redact/search.h"
#include "tests/lib/redact_set.h"

static const struct redact_rules all = { .which = REDACT_ALL };

/* With `cut` bytes of the text there: up to where they may be shown, the same is found as in all of it, and little more is
 * held back than what a secret may begin with. */
static void
assert_decided(struct str text, size_t cut)
{
    struct redact_match m = { 0 }, want = { 0 };
    char *there = malloc(cut ? cut : 1); /* reading behind it would be seen */
    bool same = true;
    memcpy(there, text.p, cut);
    while (same
           && redact_next_open(str_make(there, cut), REDACT_ALL, m.at + m.n, &m) == REDACT_MATCH)
        same = redact_next(text, REDACT_ALL, want.at + want.n, &want) && want.at == m.at
               && want.kind == m.kind && (want.n == m.n || m.at + m.n == cut);
    if (same && redact_next(text, REDACT_ALL, want.at + want.n, &want))
        same = want.at >= m.at;
    if (!same || m.at > cut || cut - m.at > REDACT_HELD_MAX + REDACT_BEHIND_MAX)
        fail_msg("cut at %zu, decided up to %zu: %.*s", cut, m.at, STR_ARG(text));
    free(there);
}

/* What is written in the place of secrets; wherever the text breaks off, none of them is taken for something else. */
static void
assert_redacted(const char *text, const char *wanted)
{
    struct buf out;
    size_t n = strlen(text);
    buf_init(&out, 1 << 20);
    redact_text(&out, &all, redact_script_bare(str_from(text)), SIZE_MAX);
    buf_putc(&out, '\0');
    assert_string_equal(out.p, wanted);
    buf_fini(&out);
    for (size_t cut = 0; cut <= n; cut++)
        assert_decided(str_from(text), cut);
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
        { "Set-Cookie: session=a1b2c3d4e5; Path=/", "Set-Cookie: [REDACTED:password]; Path=/" },
        { "x-amz-security-token: IQoJb3JpZ2luX2VjEabc0123",
          "x-amz-security-token: [REDACTED:api_key]" },
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

/* Of all kinds, in all forms: found, whole, as what it is. */
static void
every_positive_is_found(void **state)
{
    (void)state;
    struct redact_sample s;
    struct redact_match m;
    unsigned missed = 0;
    redact_sample_init(&s);
    for (unsigned i = 0; i < REDACT_SET_POSITIVES; i++) {
        redact_set_positive(&s, i);
        struct str text = buf_str(&s.text);
        bool found = redact_next(text, REDACT_ALL, 0, &m) && m.at == s.at && m.n == s.n
                     && m.kind == s.kind;
        if (!found && ++missed <= 20)
            printf("missed %u, %s at %zu + %zu (got %zu + %zu): %.*s\n", i,
                   redact_kind_name(s.kind).p, s.at, s.n, m.at, m.n, STR_ARG(text));
    }
    redact_sample_fini(&s);
    printf("# redact: %u of %u positives found\n", REDACT_SET_POSITIVES - missed,
           REDACT_SET_POSITIVES);
    assert_int_equal(missed, 0);
}

static void
few_look_alikes_are_taken_for_one(void **state)
{
    (void)state;
    struct redact_sample s;
    struct redact_match m;
    unsigned wrong = 0;
    redact_sample_init(&s);
    for (unsigned i = 0; i < REDACT_SET_NEGATIVES; i++) {
        const char *name = redact_set_negative(&s, i);
        struct str text = buf_str(&s.text);
        if (redact_next(text, REDACT_ALL, 0, &m) && ++wrong <= 20)
            printf("%s taken for %s (%.*s): %.*s\n", name, redact_kind_name(m.kind).p, (int)m.n,
                   text.p + m.at, STR_ARG(text));
    }
    redact_sample_fini(&s);
    printf("# redact: %u of %u look-alikes taken for one, precision %.2f %%\n", wrong,
           REDACT_SET_NEGATIVES, 100.0 * REDACT_SET_POSITIVES / (REDACT_SET_POSITIVES + wrong));
    assert_true(wrong * 200 <= REDACT_SET_POSITIVES);
}

static void
no_positive_is_missed_wherever_the_text_breaks_off(void **state)
{
    (void)state;
    struct redact_sample s;
    redact_sample_init(&s);
    for (unsigned i = 0; i < REDACT_SET_POSITIVES; i++) {
        redact_set_positive(&s, i);
        for (size_t cut = 0; cut <= s.text.n; cut += 1 + s.text.n / 400)
            assert_decided(buf_str(&s.text), cut);
    }
    redact_sample_fini(&s);
}

/* How many bytes are looked at one by one for all that is found in a text. */
static size_t
steps_for(struct str text)
{
    struct redact_match m;
    size_t steps = 0;
    for (size_t from = 0; redact_next_counted(text, REDACT_ALL, from, &m, &steps);)
        from = m.at + m.n;
    return steps;
}

/* A quarter of a megabyte each, and half of that: half the work. */
static void
hostile_text_takes_linear_time(void **state)
{
    (void)state;
    static const char *const bits[] = {
        "a.",
        "1 ",
        "1.",
        "1-",
        "11 ",
        "1111 ",
        "+1 ",
        "(1",
        "a@",
        "@",
        "a@a.",
        ":",
        "::",
        "a:",
        "1:",
        "sk-",
        "eyJ-",
        "eyJ",
        "eyJ.",
        "key=",
        "api_key=",
        "api_key ",
        "-----BEGIN PRIVATE KEY-----",
        "1",
        "0123 45 ",
        "DE89 ",
        "\\n",
        "%20",
        "://a:",
        "://a:a@",
        "Bearer ",
        "ghp_a",
        "password:",
        "-----BEGIN PRIVATE KEY-----\nA:a\n",
        "AAAA",
    };
    size_t most = 0;
    struct buf text;
    buf_init(&text, 2 << 20);
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        buf_clear(&text);
        while (text.n < 1 << 18)
            buf_puts(&text, str_from(bits[i]));
        size_t steps = steps_for(buf_str(&text));
        size_t half = steps_for(str_make(text.p, text.n / 2));
        most = steps > most ? steps : most;
        if (steps > 2 * half + 10000 || steps > 100 * text.n)
            fail_msg("%s: %zu steps, and %zu for half of it", bits[i], steps, half);
    }
    printf("# redact: hostile text takes %.1f steps a byte at most\n", (double)most / (1 << 18));
    buf_fini(&text);
}

/* Secrets longer than what is held back of a text that may go on. */
static void
endless_secrets_are_masked_to_their_end(void **state)
{
    (void)state;
    static const char *const begins[] = {
        "sk-proj-0123456789abcdefghij",
        "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.",
        "Bearer 0123456789abcdef",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj",
    };
    struct buf text, whole;
    buf_init(&text, 1 << 20);
    buf_init(&whole, 1 << 20);
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        for (size_t n = REDACT_HELD_MAX - 200; n < 3 * REDACT_HELD_MAX; n += 611) {
            buf_clear(&text);
            buf_clear(&whole);
            buf_puts(&text, str_from(begins[i]));
            for (size_t k = 0; k < n; k++)
                buf_putc(&text, (char)('a' + k % 26));
            buf_puts(&text, STR("; that was it, a@example.com"));
            redact_text(&whole, &all, redact_script_bare(buf_str(&text)), SIZE_MAX);
            assert_true(whole.n < 100);
            for (size_t cut = 0; cut <= text.n; cut += 97)
                assert_decided(buf_str(&text), cut);
        }
    buf_fini(&whole);
    buf_fini(&text);
}

static void
hashes_tell_equal_from_different(void **state)
{
    (void)state;
    struct buf out;
    const struct redact_rules rules = { .which = REDACT_ALL,
                                        .mode = REDACT_HASH,
                                        .key = STR("secret of the gateway") };
    buf_init(&out, 1 << 10);
    assert_int_equal(
        redact_text(&out, &rules, redact_script_bare(STR("a@b.com,a@b.com,c@b.com")), SIZE_MAX), 3);
    assert_int_equal(out.n, 3 * strlen("[email:1a2b3c4d5e6f]") + 2);
    assert_memory_equal(out.p, "[email:", 7);
    assert_memory_equal(out.p, out.p + 21, 20);
    assert_memory_not_equal(out.p, out.p + 42, 20);
    buf_fini(&out);
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
    assert_int_equal(
        redact_text(&out, &rules, redact_script_bare(STR("E-12345 and a@b.com")), SIZE_MAX), 2);
    buf_putc(&out, '\0');
    assert_string_equal(out.p, "[REDACTED:employee] and [REDACTED:email]");
    buf_fini(&out);
    redact_custom_destroy(c);
}

static void
custom_patterns_are_limited(void **state)
{
    (void)state;
    struct fault f;
    const struct redact_pattern nothing = { STR("x"), STR("a*") };
    const struct redact_pattern odd = { STR("a b"), STR("a") };
    assert_null(redact_custom_create(&nothing, 1, &f));
    assert_null(redact_custom_create(&odd, 1, &f));
}

/* The second takes time that doubles with each letter: what is behind the first may be anything. */
static void
nothing_is_shown_behind_a_pattern_that_does_not_end(void **state)
{
    (void)state;
    struct fault f;
    struct buf out;
    const struct redact_pattern slow[] = { { STR("first"), STR("b{3}") },
                                           { STR("slow"), STR("(a|a)+c") } };
    struct redact_custom *c = redact_custom_create(slow, 2, &f);
    assert_non_null(c);
    const struct redact_rules rules = { .which = REDACT_ALL, .custom = c };
    char text[200];
    memset(text, 'a', sizeof text);
    memcpy(text + 100, "bbb", 3);
    text[199] = 'c';
    text[198] = 'x';
    buf_init(&out, 1 << 20);
    redact_text(&out, &rules, redact_script_bare(str_make(text, sizeof text)), SIZE_MAX);
    assert_true(str_is(buf_str(&out), "[REDACTED:custom]"));
    buf_fini(&out);
    redact_custom_destroy(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_found),
        cmocka_unit_test(look_alikes_are_left_alone),
        cmocka_unit_test(every_positive_is_found),
        cmocka_unit_test(few_look_alikes_are_taken_for_one),
        cmocka_unit_test(no_positive_is_missed_wherever_the_text_breaks_off),
        cmocka_unit_test(hostile_text_takes_linear_time),
        cmocka_unit_test(endless_secrets_are_masked_to_their_end),
        cmocka_unit_test(hashes_tell_equal_from_different),
        cmocka_unit_test(custom_patterns_are_found),
        cmocka_unit_test(custom_patterns_are_limited),
        cmocka_unit_test(nothing_is_shown_behind_a_pattern_that_does_not_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
