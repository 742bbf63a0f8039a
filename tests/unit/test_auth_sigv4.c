/* Signatures: those of AWS's published test suite, and of requests as ours are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/auth/sigv4.h"

#define SUITE  "https://example.amazonaws.com"
#define TOKEN  "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
#define HASHED "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"
#define CLOCK  1440938160u /* 2015-08-30 12:36:00 */

/* Each was computed a second time by a program that shares nothing with ours. */
struct vector {
    const char *name, *method, *url;
    const char *headers[3][2];
    const char *body, *token, *region, *service;
    const char *signed_names, *signature;
};

static const struct vector vectors[] = {
    { .name = "get-vanilla",
      .method = "GET",
      .url = SUITE "/",
      .signed_names = "host;x-amz-date",
      .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
    { .name = "no path is the root",
      .method = "GET",
      .url = SUITE ":443",
      .signed_names = "host;x-amz-date",
      .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
    { .name = "get-vanilla-query-order-encoded",
      .method = "GET",
      .url = SUITE "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
      .signed_names = "host;x-amz-date",
      .signature = "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac" },
    { .name = "get-vanilla-with-session-token",
      .method = "GET",
      .url = SUITE "/",
      .token = TOKEN,
      .signed_names = "host;x-amz-date;x-amz-security-token",
      .signature = "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8" },
    { .name = "get-utf8",
      .method = "GET",
      .url = SUITE "/\u1234",
      .signed_names = "host;x-amz-date",
      .signature = "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85" },
    { .name = "get-space",
      .method = "GET",
      .url = SUITE "/example space/",
      .signed_names = "host;x-amz-date",
      .signature = "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741" },
    { .name = "get-slashes",
      .method = "GET",
      .url = SUITE "//example//",
      .signed_names = "host;x-amz-date",
      .signature = "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84" },
    { .name = "get-relative-relative",
      .method = "GET",
      .url = SUITE "/example1/example2/../..",
      .signed_names = "host;x-amz-date",
      .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
    { .name = "get-slash-dot-slash",
      .method = "GET",
      .url = SUITE "/./",
      .signed_names = "host;x-amz-date",
      .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
    { .name = "get-header-value-trim",
      .method = "GET",
      .url = SUITE "/",
      .headers = { { "My-Header1", " value1" }, { "My-Header2", " \"a   b   c\"" } },
      .signed_names = "host;my-header1;my-header2;x-amz-date",
      .signature = "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736" },
    { .name = "get-header-key-duplicate",
      .method = "GET",
      .url = SUITE "/",
      .headers = { { "My-Header1", "value2" },
                   { "My-Header1", "value2" },
                   { "My-Header1", "value1" } },
      .signed_names = "host;my-header1;x-amz-date",
      .signature = "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea" },
    { .name = "post-header-key-sort",
      .method = "POST",
      .url = SUITE "/",
      .headers = { { "User-Agent", "not signed" }, { "My-Header1", "value1" } },
      .signed_names = "host;my-header1;x-amz-date",
      .signature = "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c" },
    { .name = "post-x-www-form-urlencoded",
      .method = "POST",
      .url = SUITE "/",
      .headers = { { "x-amz-content-sha256", HASHED },
                   { "Content-Type", "application/x-www-form-urlencoded" },
                   { "Content-Length", "13" } },
      .body = "Param1=value1",
      .signed_names = "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
      .signature = "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b" },
    { .name = "the colon of a model's name is encoded twice",
      .method = "POST",
      .url = "https://bedrock-runtime.us-west-2.amazonaws.com/model/"
             "anthropic.claude-3-5-sonnet-20241022-v2%3A0/converse",
      .headers = { { "Content-Type", "application/json" } },
      .body = "{\"messages\":[]}",
      .region = "us-west-2",
      .service = "bedrock",
      .signed_names = "content-type;host;x-amz-date",
      .signature = "eb65b822103fcffcda6cf501774bacac28f5a0eba74ee319ca231aa28817074e" },
    { .name = "a port, a slash in a name, a query that repeats itself",
      .method = "POST",
      .url = "http://127.0.0.1:8080/model/us.meta%2Fx%3A0/invoke?b=2&a=1&a=%2F#part",
      .headers = { { "Content-Type", "application/json" } },
      .body = "{}",
      .token = "tok",
      .region = "us-west-2",
      .service = "bedrock",
      .signed_names = "content-type;host;x-amz-date;x-amz-security-token",
      .signature = "643eb9a159118c47d890b25a1df748f10967124df0dee7cde40b348c27942a83" },
};

static unsigned
sign(const struct vector *v, struct arena *a, struct upstream_header out[SIGV4_HEADERS])
{
    const struct sigv4_key key = { STR("AKIDEXAMPLE"),
                                   STR("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                                   str_from(v->token) };
    struct upstream_header headers[3];
    unsigned n = 0;
    for (; n < 3 && v->headers[n][0]; n++)
        headers[n] = (struct upstream_header){ str_from(v->headers[n][0]),
                                               str_from(v->headers[n][1]) };
    const struct sigv4_request req = { .method = str_from(v->method),
                                       .url = str_from(v->url),
                                       .headers = headers,
                                       .n_headers = n,
                                       .body = str_from(v->body),
                                       .region = str_from(v->region ? v->region : "us-east-1"),
                                       .service = str_from(v->service ? v->service : "service"),
                                       .now = CLOCK };
    return sigv4_sign(&key, &req, a, out);
}

static void
signatures_are_those_of_the_published_suite(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const struct vector *v = &vectors[i];
        struct upstream_header out[SIGV4_HEADERS];
        struct arena a;
        arena_init(&a, 1 << 20);
        unsigned n = sign(v, &a, out);
        struct str want = arena_printf(
            &a,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/%s/%s/aws4_request, "
            "SignedHeaders=%s, Signature=%s",
            v->region ? v->region : "us-east-1", v->service ? v->service : "service",
            v->signed_names, v->signature);
        assert_int_equal(n, v->token ? 3 : 2);
        assert_true(str_is(out[0].name, "x-amz-date"));
        assert_true(str_is(out[0].value, "20150830T123600Z"));
        if (v->token)
            assert_true(str_is(out[1].name, "x-amz-security-token")
                        && str_is(out[1].value, v->token));
        assert_true(str_is(out[n - 1].name, "authorization"));
        if (!str_eq(out[n - 1].value, want))
            fail_msg("%s: %.*s", v->name, STR_ARG(out[n - 1].value));
        arena_fini(&a);
    }
}

static struct str
sign_at(uint64_t now, struct sigv4_day *kept, struct arena *a)
{
    static const struct sigv4_key key = { STR_INIT("AKID"), STR_INIT("secret"), { NULL, 0 } };
    const struct sigv4_request req = { .method = STR("GET"),
                                       .url = STR(SUITE "/"),
                                       .region = STR("us-east-1"),
                                       .service = STR("service"),
                                       .now = now,
                                       .kept = kept };
    struct upstream_header out[SIGV4_HEADERS];
    unsigned n = sigv4_sign(&key, &req, a, out);
    assert_int_equal(n, 2);
    return out[1].value;
}

static void
a_kept_key_signs_the_same_until_the_day_ends(void **state)
{
    struct sigv4_day kept = { .day = "" };
    struct arena a;
    (void)state;
    arena_init(&a, 1 << 20);
    for (uint64_t now = CLOCK; now < CLOCK + 3 * 86400; now += 20000)
        assert_true(str_eq(sign_at(now, &kept, &a), sign_at(now, NULL, &a)));
    assert_memory_equal(kept.day, "20150902", 8);
    arena_fini(&a);
}

static void
nothing_is_signed_without_memory_or_an_address(void **state)
{
    struct vector v = vectors[0];
    struct upstream_header out[SIGV4_HEADERS];
    struct arena a;
    (void)state;
    arena_init(&a, 64);
    assert_int_equal(sign(&v, &a, out), 0);
    arena_fini(&a);
    arena_init(&a, 1 << 20);
    v.url = "ftp://example.amazonaws.com/";
    assert_int_equal(sign(&v, &a, out), 0);
    v.url = "https:///path";
    assert_int_equal(sign(&v, &a, out), 0);
    arena_fini(&a);
}

/* Blanks only, or cut off by a full arena, a value is empty: it is compared all the same. */
static void
every_memory_signs_or_refuses(void **state)
{
    struct vector v = vectors[0];
    unsigned signed_ones = 0;
    (void)state;
    for (size_t room = 0; room < 4096; room += 8) {
        struct upstream_header out[SIGV4_HEADERS];
        struct arena a;
        arena_init(&a, room);
        v.url = "http://\xff?a=&a=&b&b=%41";
        unsigned n = sign(&v, &a, out);
        assert_true(n == 0 || n == 2);
        signed_ones += n == 2;
        arena_fini(&a);
    }
    assert_true(signed_ones > 0 && signed_ones < 512);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_those_of_the_published_suite),
        cmocka_unit_test(a_kept_key_signs_the_same_until_the_day_ends),
        cmocka_unit_test(nothing_is_signed_without_memory_or_an_address),
        cmocka_unit_test(every_memory_signs_or_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
