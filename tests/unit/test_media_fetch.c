/* Fetching media: what comes, what does not, and whom nobody can make us call. */
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/media/media_fetch.h"
#include "tests/lib/caller.h"

#define PNG      "\x89PNG\r\n\x1a\n0123"
#define PNG_TEXT "iVBORw0KGgowMTIz"

struct stage {
    struct world world;
    struct media_fetcher fetcher;
    struct arena arena;
    struct media_batch batch;
    struct media_rules rules;
    bool told, failed;
    char why[FAULT_TEXT];
};

static int
set_up(void **state)
{
    struct stage *s = calloc(1, sizeof *s);
    world_init(&s->world, NULL, NULL);
    media_fetcher_init(&s->fetcher, s->world.base);
    arena_init(&s->arena, 1u << 20);
    s->rules = (struct media_rules){ .max_bytes = 1000, .timeout_ms = 5000, .redirects = 2 };
    assert_true(network_read(STR("127.0.0.1"), &s->rules.allowed[0]));
    s->rules.n_allowed = 1;
    *state = s;
    return 0;
}

static int
tear_down(void **state)
{
    struct stage *s = *state;
    media_batch_stop(&s->batch);
    media_fetcher_fini(&s->fetcher);
    arena_fini(&s->arena);
    world_fini(&s->world);
    free(s);
    return 0;
}

static void
told(void *ctx, const struct fault *f)
{
    struct stage *s = ctx;
    s->told = true;
    s->failed = f;
    snprintf(s->why, sizeof s->why, "%s", f ? f->text : "");
    event_base_loopbreak(s->world.base);
}

static struct str
url_of(struct stage *s, const char *format)
{
    char text[512];
    char *port = strstr(strcpy(text, format), "PORT");
    if (!port)
        return arena_str(&s->arena, str_from(format));
    return arena_printf(&s->arena, "%.*s%u%s", (int)(port - text), text, s->world.port, port + 4);
}

/* Fetch one address; *why is "" when it came. */
static const char *
fetch(struct stage *s, enum media_kind kind, const char *format)
{
    struct fault f = { .text = "" };
    s->told = s->failed = false;
    s->batch = (struct media_batch){ .n = 1, .arena = &s->arena, .told = told, .ctx = s };
    s->batch.items[0] = (struct media_item){ .kind = kind, .url = url_of(s, format) };
    if (!media_batch_start(&s->batch, &s->fetcher, &s->rules, &f)) {
        snprintf(s->why, sizeof s->why, "%s", f.text);
        return s->why;
    }
    assert_false(s->told);
    event_base_dispatch(s->world.base);
    assert_true(s->told);
    assert_null(s->batch.fetcher);
    return s->why;
}

static const char *
reply(struct stage *s, const char *head, const char *body, size_t n)
{
    static char text[4096];
    struct buf b;
    buf_init(&b, sizeof text);
    buf_printf(&b, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", head, n);
    assert_true(b.n + n < sizeof text);
    memcpy(text, b.p, b.n);
    memcpy(text + b.n, body, n);
    static struct step steps[2];
    steps[0] = (struct step){ STEP_SEND, text, b.n + n };
    buf_fini(&b);
    scripted_set(s->world.server, SCRIPTS(steps));
    return text;
}

#define HERE "http://127.0.0.1:PORT/a.png"

static void
an_image_comes_in_base64_with_its_type(void **state)
{
    struct stage *s = *state;
    reply(s, "200 OK\r\nContent-Type: image/png; x=1", PNG, sizeof PNG - 1);
    assert_string_equal(fetch(s, MEDIA_IMAGE, HERE), "");
    assert_true(str_is(s->batch.items[0].type, "image/png"));
    assert_true(str_is(s->batch.items[0].bytes, PNG_TEXT));
    assert_int_equal(s->fetcher.stats.fetched, 1);
    assert_int_equal(s->fetcher.stats.bytes, sizeof PNG - 1);
    reply(s, "200 OK", PNG, sizeof PNG - 1);
    assert_string_equal(fetch(s, MEDIA_IMAGE, HERE), "");
    assert_true(str_is(s->batch.items[0].type, "image/png"));
    reply(s, "200 OK\r\nContent-Type: text/plain", "words", 5);
    assert_string_equal(fetch(s, MEDIA_DOCUMENT, HERE), "");
    assert_true(str_is(s->batch.items[0].type, "text/plain"));
}

static void
what_is_not_what_was_asked_for_is_refused(void **state)
{
    struct stage *s = *state;
    static char large[1200];
    static const struct {
        enum media_kind kind;
        const char *head, *body;
        const char *why;
    } table[] = {
        { MEDIA_IMAGE, "200 OK\r\nContent-Type: text/html", "<html>", "not what its bytes are" },
        { MEDIA_IMAGE, "200 OK\r\nContent-Type: image/png", "<html>", "not what its bytes are" },
        { MEDIA_IMAGE, "200 OK\r\nContent-Type: image/svg+xml", "<svg/>", "no type" },
        { MEDIA_DOCUMENT, "200 OK\r\nContent-Type: application/zip", "PK", "no type" },
        { MEDIA_DOCUMENT, "200 OK\r\nContent-Type: text/plain", "\xff\xfe", "no type" },
        { MEDIA_IMAGE, "404 Not Found\r\nContent-Type: image/png", "x", "does not give it" },
        { MEDIA_IMAGE, "204 No Content", "", "does not give it" },
        { MEDIA_IMAGE, "302 Found\r\nLocation: ftp://example.org/a", "", "lead nowhere" },
        { MEDIA_IMAGE, "302 Found\r\nLocation: file:///etc/passwd", "", "lead nowhere" },
        { MEDIA_IMAGE, "302 Found\r\nLocation: /a.png", "", "lead nowhere" },
        { MEDIA_IMAGE, "200 OK\r\nContent-Type: image/png", large, "too large" },
    };
    memset(large, 'x', sizeof large - 1);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        reply(s, table[i].head, table[i].body, strlen(table[i].body));
        const char *why = fetch(s, table[i].kind, HERE);
        if (!strstr(why, table[i].why))
            fail_msg("%zu: %s", i, why);
    }
    assert_int_equal(s->fetcher.stats.fetched, 0);
}

static void
redirections_are_followed_as_far_as_allowed(void **state)
{
    struct stage *s = *state;
    static const struct step away[] = {
        { STEP_SEND, "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", 0 }, { 0 }
    };
    static const struct step image[] = {
        { STEP_SEND,
          "HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\nContent-Length: 6\r\n\r\nGIF89a", 0 },
        { 0 }
    };
    scripted_set(s->world.server, SCRIPTS(away, away, image));
    assert_string_equal(fetch(s, MEDIA_IMAGE, HERE), "");
    assert_true(str_is(s->batch.items[0].type, "image/gif"));
    scripted_set(s->world.server, SCRIPTS(away, away, away, image));
    assert_non_null(strstr(fetch(s, MEDIA_IMAGE, HERE), "lead nowhere"));
}

/* Another request that has hardly any time left has begun to fetch meanwhile. */
static void
the_time_that_others_have_is_not_ours(void **state)
{
    struct stage *s = *state;
    static const struct step away[] = {
        { STEP_WAIT, NULL, 20 },
        { STEP_SEND, "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", 0 },
        { 0 }
    };
    static const struct step image[] = {
        { STEP_WAIT, NULL, 100 },
        { STEP_SEND,
          "HTTP/1.1 200 OK\r\nContent-Type: image/gif\r\nContent-Length: 6\r\n\r\nGIF89a", 0 },
        { 0 }
    };
    struct media_batch hasty = { .n = 1, .arena = &s->arena, .told = told, .ctx = s };
    struct media_rules short_rules = s->rules;
    struct fault f = { .text = "" };
    short_rules.timeout_ms = 1;
    scripted_set(s->world.server, SCRIPTS(away, image));
    s->batch = (struct media_batch){ .n = 1, .arena = &s->arena, .told = told, .ctx = s };
    s->batch.items[0] = hasty.items[0] = (struct media_item){ MEDIA_IMAGE, .url = url_of(s, HERE) };
    assert_true(media_batch_start(&s->batch, &s->fetcher, &s->rules, &f));
    assert_true(media_batch_start(&hasty, &s->fetcher, &short_rules, &f));
    media_batch_stop(&hasty); /* and has left */
    event_base_dispatch(s->world.base);
    assert_string_equal(s->why, "");
    assert_true(s->told && str_is(s->batch.items[0].type, "image/gif"));
}

static void
nobody_makes_us_call_what_is_not_public(void **state)
{
    struct stage *s = *state;
    static const char *const urls[] = {
        "http://127.0.0.1:PORT/",  "http://localhost:PORT/",  "http://2130706433:PORT/",
        "http://0x7f.1:PORT/",     "http://[::1]:PORT/",      "http://[::ffff:127.0.0.1]:PORT/",
        "http://0.0.0.0:PORT/",    "http://169.254.169.254/", "http://10.0.0.1/",
        "http://[fd00:ec2::254]/", "https://127.0.0.1:PORT/", "http://[::ffff:a9fe:a9fe]/",
    };
    static const char *const odd[] = {
        "ftp://127.0.0.1:PORT/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "//127.0.0.1/",
        "http://a@127.0.0.1:PORT/",
        "http://example.org\\@127.0.0.1:PORT/",
        "http://",
        "127.0.0.1",
    };
    reply(s, "200 OK\r\nContent-Type: image/png", PNG, sizeof PNG - 1);
    s->rules.n_allowed = 0;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        const char *why = fetch(s, MEDIA_IMAGE, urls[i]);
        if (!strstr(why, "its host cannot be reached, or is not public"))
            fail_msg("%s: %s", urls[i], why);
    }
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        assert_non_null(strstr(fetch(s, MEDIA_IMAGE, odd[i]), "no address to fetch from"));
    assert_int_equal(scripted_seen(s->world.server)->connections, 0);
}

static void
a_redirection_leads_nowhere_that_is_not_public(void **state)
{
    struct stage *s = *state;
    static char text[200];
    snprintf(text, sizeof text,
             "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:%u/\r\nContent-Length: 0\r\n\r\n",
             s->world.port);
    const struct step away[] = { { STEP_SEND, text, 0 }, { 0 } };
    scripted_set(s->world.server, SCRIPTS(away));
    assert_non_null(strstr(fetch(s, MEDIA_IMAGE, HERE), "is not public"));
    assert_int_equal(scripted_seen(s->world.server)->requests, 1);
}

static void
one_that_does_not_come_ends_all(void **state)
{
    struct stage *s = *state;
    struct fault f;
    reply(s, "200 OK\r\nContent-Type: image/png", PNG, sizeof PNG - 1);
    s->told = false;
    s->batch = (struct media_batch){ .n = 3, .arena = &s->arena, .told = told, .ctx = s };
    for (unsigned i = 0; i < 3; i++)
        s->batch.items[i] = (struct media_item){
            .kind = i == 1 ? MEDIA_AUDIO : MEDIA_IMAGE,
            .url = url_of(s, HERE),
        };
    assert_true(media_batch_start(&s->batch, &s->fetcher, &s->rules, &f));
    event_base_dispatch(s->world.base);
    assert_true(s->told && s->failed);
    s->batch.items[1].kind = MEDIA_IMAGE;
    assert_true(media_batch_start(&s->batch, &s->fetcher, &s->rules, &f));
    event_base_dispatch(s->world.base);
    assert_false(s->failed);
    for (unsigned i = 0; i < 3; i++)
        assert_true(str_is(s->batch.items[i].bytes, PNG_TEXT));
    s->rules.max_bytes = 2 * (sizeof PNG - 1) + 1; /* for all together */
    assert_true(media_batch_start(&s->batch, &s->fetcher, &s->rules, &f));
    event_base_dispatch(s->world.base);
    assert_true(s->failed);
    assert_non_null(strstr(s->why, "too large"));
}

static void
a_batch_that_is_stopped_says_nothing(void **state)
{
    struct stage *s = *state;
    struct fault f;
    reply(s, "200 OK\r\nContent-Type: image/png", PNG, sizeof PNG - 1);
    s->batch = (struct media_batch){ .n = 1, .arena = &s->arena, .told = told, .ctx = s };
    s->batch.items[0] = (struct media_item){ .kind = MEDIA_IMAGE, .url = url_of(s, HERE) };
    assert_true(media_batch_start(&s->batch, &s->fetcher, &s->rules, &f));
    media_batch_stop(&s->batch);
    media_batch_stop(&s->batch);
    event_base_loop(s->world.base, EVLOOP_NONBLOCK);
    assert_false(s->told);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_image_comes_in_base64_with_its_type),
        TEST(what_is_not_what_was_asked_for_is_refused),
        TEST(redirections_are_followed_as_far_as_allowed),
        TEST(the_time_that_others_have_is_not_ours),
        TEST(nobody_makes_us_call_what_is_not_public),
        TEST(a_redirection_leads_nowhere_that_is_not_public),
        TEST(one_that_does_not_come_ends_all),
        TEST(a_batch_that_is_stopped_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
