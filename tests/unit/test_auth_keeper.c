/* Credentials in time: fetched once, waited for together, renewed before they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/auth/keeper.h"
#include "tests/lib/caller.h"

#define JSON "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "

static uint64_t today;

static uint64_t
now(void)
{
    return today;
}

/* One who waits. */
struct patient {
    struct keeper_waiter wait;
    unsigned told;
    char why[FAULT_TEXT];
};

struct trial {
    struct world w;
    struct identity id;
    struct keeper k;
    char url[64];
};

static void
hear(void *ctx, const struct fault *f)
{
    struct patient *p = ctx;
    p->told++;
    snprintf(p->why, sizeof p->why, "%s", f ? f->text : "");
}

static int
open_trial(void **state)
{
    struct trial *t = calloc(1, sizeof *t);
    world_init(&t->w, NULL, NULL);
    snprintf(t->url, sizeof t->url, "http://127.0.0.1:%u/base", t->w.port);
    t->id = (struct identity){ .auth = { .scheme = XD_AUTH_CLIENT_CREDENTIALS },
                               .source = IDENTITY_CLIENT,
                               .client_id = STR("me"),
                               .client_secret = STR("a&b"),
                               .scope = STR("all/.default"),
                               .url = str_from(t->url) };
    today = 1000000;
    keeper_init(&t->k, &t->id, t->w.up, (struct str){ NULL, 0 }, (struct str){ NULL, 0 }, now);
    *state = t;
    return 0;
}

static int
close_trial(void **state)
{
    struct trial *t = *state;
    keeper_fini(&t->k);
    world_fini(&t->w);
    free(t);
    return 0;
}

/* Answer with these steps from now on. */
static void
play(struct trial *t, const struct step *a, const struct step *b, const struct step *c)
{
    const struct step *const scripts[] = { a, b, c };
    scripted_set(t->w.server, scripts, b ? c ? 3 : 2 : 1);
}

static enum keeper_answer
ask(struct trial *t, struct patient *p, struct fault *f)
{
    *p = (struct patient){ .wait = { .told = hear, .ctx = p } };
    return keeper_ask(&t->k, &p->wait, f);
}

static unsigned
requests(const struct trial *t)
{
    return scripted_seen(t->w.server)->requests;
}

static void
expect_header(struct trial *t, const char *want)
{
    struct upstream_header out[KEEPER_HEADERS];
    struct arena a;
    arena_init(&a, 1 << 16);
    const struct keeper_request req = { STR("POST"), STR("http://h/p"), NULL, 0, STR("{}") };
    unsigned n = keeper_apply(&t->k, &req, &a, out);
    assert_true(n > 0);
    assert_true(str_is(out[n - 1].name, "authorization"));
    if (!str_starts(out[n - 1].value, str_from(want)))
        fail_msg("%.*s, not %s", STR_ARG(out[n - 1].value), want);
    arena_fini(&a);
}

static const struct step token_1[] = {
    SEND(JSON "42\r\n\r\n{\"access_token\":\"tok-1\",\"expires_in\":1000}"), { 0 }
};
static const struct step token_2[] = {
    SEND(JSON "42\r\n\r\n{\"access_token\":\"tok-2\",\"expires_in\":1000}"), { 0 }
};
static const struct step refusal[] = {
    SEND("HTTP/1.1 401 No\r\nContent-Length: 26\r\n\r\n{\"error\":\"invalid_client\"}"), { 0 }
};

static void
all_who_wait_share_one_fetch(void **state)
{
    struct trial *t = *state;
    struct patient p[3];
    struct fault f;
    play(t, token_1, NULL, NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask(t, &p[i], &f), KEEPER_WAITING);
    keeper_leave(&p[1].wait);
    run_until(&t->w, &p[2].told, 1);
    assert_int_equal(p[0].told, 1);
    assert_int_equal(p[1].told, 0);
    assert_string_equal(p[0].why, "");
    assert_int_equal(requests(t), 1);
    const struct scripted_seen *seen = scripted_seen(t->w.server);
    assert_non_null(memmem(seen->request.p, seen->request.n, "POST /base HTTP/1.1", 19));
    static const char form[] = "\r\n\r\ngrant_type=client_credentials&client_id=me&client_secret="
                               "a%26b&scope=all%2F.default";
    assert_non_null(memmem(seen->request.p, seen->request.n, form, sizeof form - 1));
    assert_int_equal(ask(t, &p[0], &f), KEEPER_READY);
    expect_header(t, "Bearer tok-1");
}

static void
a_new_keeper_of_the_same_identity_takes_over_what_was_granted(void **state)
{
    struct trial *t = *state;
    struct patient p;
    struct fault f;
    play(t, token_1, NULL, NULL);
    assert_int_equal(ask(t, &p, &f), KEEPER_WAITING);
    run_until(&t->w, &p.told, 1);
    struct keeper old = t->k;
    TAILQ_INIT(&old.waiters);
    keeper_init(&t->k, &t->id, t->w.up, (struct str){ NULL, 0 }, (struct str){ NULL, 0 }, now);
    keeper_inherit(&t->k, &old);
    keeper_fini(&old);
    assert_int_equal(ask(t, &p, &f), KEEPER_READY);
    expect_header(t, "Bearer tok-1");
    assert_int_equal(requests(t), 1);
    /* With its end, too. */
    today += 1000;
    play(t, token_2, NULL, NULL);
    assert_int_equal(ask(t, &p, &f), KEEPER_WAITING);
    run_until(&t->w, &p.told, 1);
    expect_header(t, "Bearer tok-2");
}

static void
a_token_is_renewed_while_the_old_one_serves(void **state)
{
    struct trial *t = *state;
    struct patient p;
    struct fault f;
    play(t, token_1, token_2, NULL);
    ask(t, &p, &f);
    run_until(&t->w, &p.told, 1);
    today += 749;
    assert_int_equal(ask(t, &p, &f), KEEPER_READY);
    run_for(&t->w, 20);
    assert_int_equal(requests(t), 1);
    today += 1;
    assert_int_equal(ask(t, &p, &f), KEEPER_READY);
    assert_int_equal(ask(t, &p, &f), KEEPER_READY);
    expect_header(t, "Bearer tok-1");
    run_for(&t->w, 50);
    assert_int_equal(requests(t), 2);
    expect_header(t, "Bearer tok-2");
    today += 749;
    assert_int_equal(ask(t, &p, &f), KEEPER_READY);
    assert_int_equal(requests(t), 2);
}

static void
a_renewal_that_fails_troubles_nobody_until_the_end(void **state)
{
    struct trial *t = *state;
    struct patient p;
    struct fault f;
    play(t, token_1, refusal, NULL);
    ask(t, &p, &f);
    run_until(&t->w, &p.told, 1);
    today += 800;
    assert_int_equal(ask(t, &p, &f), KEEPER_READY);
    run_for(&t->w, 50);
    assert_int_equal(requests(t), 2);
    assert_int_equal(ask(t, &p, &f), KEEPER_READY);
    expect_header(t, "Bearer tok-1");
    today += 185; /* 15 seconds before its end */
    assert_int_equal(ask(t, &p, &f), KEEPER_WAITING);
    run_until(&t->w, &p.told, 1);
    assert_non_null(strstr(p.why, "/base: status 401, invalid_client"));
    assert_null(strstr(p.why, "a&b"));
}

static void
a_failure_is_not_repeated_at_once(void **state)
{
    struct trial *t = *state;
    struct patient p;
    struct fault f;
    play(t, refusal, token_1, NULL);
    assert_int_equal(ask(t, &p, &f), KEEPER_WAITING);
    run_until(&t->w, &p.told, 1);
    assert_int_equal(ask(t, &p, &f), KEEPER_FAILED);
    assert_non_null(strstr(f.text, "invalid_client"));
    assert_int_equal(requests(t), 1);
    today += 2;
    assert_int_equal(ask(t, &p, &f), KEEPER_WAITING);
    run_until(&t->w, &p.told, 1);
    assert_string_equal(p.why, "");
}

static void
an_endpoint_that_cannot_be_reached_is_a_failure(void **state)
{
    struct trial *t = *state;
    struct patient p;
    struct fault f;
    t->id.url = STR("http://127.0.0.1:1/");
    assert_int_equal(ask(t, &p, &f), KEEPER_WAITING);
    run_until(&t->w, &p.told, 1);
    assert_true(strstr(p.why, "http://127.0.0.1:1/: ") == p.why);
}

static void
not_too_many_wait(void **state)
{
    struct trial *t = *state;
    static struct patient p[KEEPER_WAITERS_MAX + 1];
    struct fault f;
    play(t, token_1, NULL, NULL);
    for (unsigned i = 0; i < KEEPER_WAITERS_MAX; i++)
        assert_int_equal(ask(t, &p[i], &f), KEEPER_WAITING);
    assert_int_equal(ask(t, &p[KEEPER_WAITERS_MAX], &f), KEEPER_FAILED);
    assert_string_equal(f.text, "too many requests wait for credentials");
    run_until(&t->w, &p[KEEPER_WAITERS_MAX - 1].told, 1);
    assert_int_equal(requests(t), 1);
}

static void
what_a_provider_refuses_is_fetched_anew_unless_it_is_new(void **state)
{
    struct trial *t = *state;
    struct patient p;
    struct fault f;
    play(t, token_1, token_2, NULL);
    ask(t, &p, &f);
    run_until(&t->w, &p.told, 1);
    keeper_spoil(&t->k);
    assert_int_equal(ask(t, &p, &f), KEEPER_READY);
    today += 31;
    keeper_spoil(&t->k);
    assert_int_equal(ask(t, &p, &f), KEEPER_WAITING);
    run_until(&t->w, &p.told, 1);
    expect_header(t, "Bearer tok-2");
}

/* --- keys that sign --- */

static void
be_a_signer(struct trial *t, enum identity_source source)
{
    t->id.auth = (struct xd_auth){ .scheme = XD_AUTH_SIGV4, .name = STR("svc") };
    t->id.region = STR("eu-1");
    t->id.source = source;
}

#define KEY_REPLY \
    JSON \
        "110\r\n\r\n{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"," \
        "\"Expiration\":\"1970-01-12T14:03:20Z\"}"

static const struct step session[] = { SEND("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsess-1"),
                                       { 0 } };
static const struct step role[] = { SEND("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nmy-role\n"),
                                    { 0 } };
static const struct step key_reply[] = { SEND(KEY_REPLY), { 0 } };

static void
expect_seen(struct trial *t, const char *text)
{
    const struct scripted_seen *seen = scripted_seen(t->w.server);
    if (!memmem(seen->request.p, seen->request.n, text, strlen(text)))
        fail_msg("%.*s", (int)seen->request.n, seen->request.p);
}

static void
an_instance_is_asked_for_session_role_and_key(void **state)
{
    struct trial *t = *state;
    struct patient p;
    struct fault f;
    be_a_signer(t, IDENTITY_INSTANCE);
    play(t, session, role, key_reply);
    assert_int_equal(ask(t, &p, &f), KEEPER_WAITING);
    run_until(&t->w, &p.told, 1);
    assert_string_equal(p.why, "");
    assert_int_equal(requests(t), 3);
    expect_seen(t, "GET /base/latest/meta-data/iam/security-credentials/my-role HTTP/1.1");
    expect_seen(t, "x-aws-ec2-metadata-token: sess-1");
    expect_header(t, "AWS4-HMAC-SHA256 Credential=ASIA1/19700112/eu-1/svc/aws4_request, "
                     "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=");
    today += 100; /* the key ends 1000 seconds after the start */
    assert_int_equal(ask(t, &p, &f), KEEPER_READY);
    today += 885;
    assert_int_equal(ask(t, &p, &f), KEEPER_WAITING);
    keeper_leave(&p.wait);
}

static void
an_instance_without_a_role_is_a_failure(void **state)
{
    static const struct step no_role[] = {
        SEND("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), { 0 }
    };
    struct trial *t = *state;
    struct patient p;
    struct fault f;
    be_a_signer(t, IDENTITY_INSTANCE);
    play(t, session, no_role, NULL);
    ask(t, &p, &f);
    run_until(&t->w, &p.told, 1);
    assert_non_null(strstr(p.why, "status 404 for the role of the instance"));
}

static bool
read_token_file(void *ctx, const char *path, struct buf *content, struct buf *why)
{
    (void)why;
    buf_printf(content, "file-token-%u\n", ++*(unsigned *)ctx);
    return strcmp(path, "/run/token") == 0;
}

static void
a_container_is_shown_the_newest_token_of_its_file(void **state)
{
    struct trial *t = *state;
    struct patient p;
    struct fault f;
    unsigned reads = 0;
    be_a_signer(t, IDENTITY_CONTAINER);
    t->id.token_file = str_make("/run/token of somebody", 10); /* texts have no end of their own */
    t->id.world = (struct identity_world){ .file = read_token_file, .ctx = &reads };
    play(t, key_reply, NULL, NULL);
    ask(t, &p, &f);
    run_until(&t->w, &p.told, 1);
    assert_string_equal(p.why, "");
    expect_seen(t, "GET /base HTTP/1.1");
    expect_seen(t, "uthorization: file-token-1\r\n");
    today += 990;
    ask(t, &p, &f);
    run_until(&t->w, &p.told, 1);
    expect_seen(t, "uthorization: file-token-2\r\n");
}

static void
a_machine_is_asked_with_its_header(void **state)
{
    struct trial *t = *state;
    struct patient p;
    struct fault f;
    t->id.source = IDENTITY_METADATA;
    t->id.auth.scheme = XD_AUTH_METADATA;
    t->id.auth.header = STR("Metadata-Flavor: Acme");
    play(t, token_1, NULL, NULL);
    ask(t, &p, &f);
    run_until(&t->w, &p.told, 1);
    expect_seen(t, "GET /base HTTP/1.1");
    expect_seen(t, "Metadata-Flavor: Acme\r\n");
    expect_header(t, "Bearer tok-1");
}

static void
keys_of_the_config_need_no_fetch(void **state)
{
    struct trial *t = *state;
    struct patient p;
    struct fault f;
    be_a_signer(t, IDENTITY_KEY);
    t->id.key = (struct sigv4_key){ STR("AKID"), STR("s"), { NULL, 0 } };
    keeper_fini(&t->k);
    keeper_init(&t->k, &t->id, t->w.up, (struct str){ NULL, 0 }, (struct str){ NULL, 0 }, now);
    assert_int_equal(ask(t, &p, &f), KEEPER_READY);
    keeper_spoil(&t->k);
    assert_int_equal(ask(t, &p, &f), KEEPER_READY);
    expect_header(t, "AWS4-HMAC-SHA256 Credential=AKID/19700112/eu-1/svc/aws4_request, "
                     "SignedHeaders=host;x-amz-date, Signature=");
}

static void
a_fetch_may_be_cut_off(void **state)
{
    static const struct step stall[] = { STALL, { 0 } };
    struct trial *t = *state;
    struct patient p;
    struct fault f;
    play(t, stall, NULL, NULL);
    assert_int_equal(ask(t, &p, &f), KEEPER_WAITING);
    run_for(&t->w, 20);
    keeper_leave(&p.wait); /* close_trial does the rest */
    assert_int_equal(p.told, 0);
}

#define TEST(f) \
    { \
#f, f, open_trial, close_trial, NULL \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_who_wait_share_one_fetch),
        TEST(a_new_keeper_of_the_same_identity_takes_over_what_was_granted),
        TEST(a_token_is_renewed_while_the_old_one_serves),
        TEST(a_renewal_that_fails_troubles_nobody_until_the_end),
        TEST(a_failure_is_not_repeated_at_once),
        TEST(an_endpoint_that_cannot_be_reached_is_a_failure),
        TEST(not_too_many_wait),
        TEST(what_a_provider_refuses_is_fetched_anew_unless_it_is_new),
        TEST(an_instance_is_asked_for_session_role_and_key),
        TEST(an_instance_without_a_role_is_a_failure),
        TEST(a_container_is_shown_the_newest_token_of_its_file),
        TEST(a_machine_is_asked_with_its_header),
        TEST(keys_of_the_config_need_no_fetch),
        TEST(a_fetch_may_be_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
