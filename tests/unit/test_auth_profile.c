/* Profiles in the shared files, and the format of these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/auth/ini.h"
#include "server/auth/profile.h"
#include "tests/lib/guard.h"

static const char credentials[] = "# of the whole company\n"
                                  "[default]\n"
                                  "aws_access_key_id = AKIDDEFAULT\r\n"
                                  "aws_secret_access_key=secret/default==   ; not for you\n"
                                  "\n"
                                  "[ work ]\n"
                                  "aws_access_key_id=AKIDWORK\n"
                                  "aws_secret_access_key = secret#work\n"
                                  "aws_session_token = token+work # until noon\n"
                                  "[half]\n"
                                  "aws_access_key_id = AKIDHALF\n";
static const char config[] = "region = nowhere\n"
                             "[default]\n"
                             "region = us-east-1\n"
                             "s3 =\n"
                             "  region = not-this\n"
                             "[profile work]\n"
                             "region = eu-central-1\n"
                             "aws_access_key_id = AKIDOTHER\n"
                             "aws_secret_access_key = secret-other\n"
                             "[profile role]\n"
                             "role_arn = arn:aws:iam::123456789012:role/r\n"
                             "source_profile = default\n"
                             "[profile later]\n"
                             "aws_access_key_id = AKIDOLD\n"
                             "aws_access_key_id = AKIDNEW\n"
                             "aws_secret_access_key = secret-new\n"
                             "[broken\n"
                             "aws_access_key_id = AKIDBROKEN\n"
                             "= value\n"
                             "no value\n";

static struct profile
read_profile(const char *name)
{
    struct profile p;
    profile_read(&p, str_from(name), str_from(credentials), str_from(config));
    return p;
}

static void
a_profile_has_keys_and_a_region(void **state)
{
    (void)state;
    struct profile p = read_profile("default");
    assert_true(p.found && str_is(p.key.id, "AKIDDEFAULT"));
    assert_true(str_is(p.key.secret, "secret/default=="));
    assert_null(p.key.token.p);
    assert_true(str_is(p.region, "us-east-1"));
}

static void
the_credentials_file_counts_before_the_config_file(void **state)
{
    (void)state;
    struct profile p = read_profile("work");
    assert_true(str_is(p.key.id, "AKIDWORK") && str_is(p.key.secret, "secret#work"));
    assert_true(str_is(p.key.token, "token+work"));
    assert_true(str_is(p.region, "eu-central-1"));
    p = read_profile("later");
    assert_true(str_is(p.key.id, "AKIDNEW"));
}

static void
a_profile_without_keys_says_what_it_has_instead(void **state)
{
    (void)state;
    struct profile p = read_profile("role");
    assert_true(p.found && !p.key.id.p && str_is(p.other, "role_arn"));
    p = read_profile("half");
    assert_true(p.found && !p.key.id.p && !p.other.p);
    p = read_profile("broken");
    assert_false(p.found);
    p = read_profile("nobody");
    assert_false(p.found);
}

static void
a_file_may_end_anywhere(void **state)
{
    struct str whole = str_from(credentials);
    struct guard g;
    (void)state;
    guard_init(&g, whole.n);
    for (size_t n = 0; n <= whole.n; n++) {
        struct ini i = { .rest = guard_end(&g, str_make(whole.p, n)) };
        struct ini_entry e;
        while (ini_next(&i, &e))
            assert_true(e.section.p && e.key.n);
    }
    guard_fini(&g);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_has_keys_and_a_region),
        cmocka_unit_test(the_credentials_file_counts_before_the_config_file),
        cmocka_unit_test(a_profile_without_keys_says_what_it_has_instead),
        cmocka_unit_test(a_file_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
