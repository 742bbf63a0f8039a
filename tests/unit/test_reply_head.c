/* Heads of replies, cut at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/upstream/reply_head.h"

/* Feed text in two pieces; what is behind the head goes to *rest. */
static int
feed(struct reply_head *h, const char *text, size_t cut, size_t *rest)
{
    size_t n = strlen(text);
    struct str in = str_make(text, cut);
    int status = reply_head_feed(h, &in);
    *rest = in.n + n - cut;
    if (status)
        return status;
    assert_int_equal(in.n, 0);
    in = str_make(text + cut, n - cut);
    status = reply_head_feed(h, &in);
    *rest = in.n;
    return status;
}

static void
reply_head_reads_heads_at_every_cut(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.1 429 Too Many Requests\r\nRetry-After:  7 \r\nX-Long: a\r\n"
                               " b\r\nEmpty:\r\n\r\n{}";
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        struct reply_head h;
        size_t rest;
        reply_head_init(&h);
        assert_int_equal(feed(&h, text, cut, &rest), 429);
        assert_int_equal(rest, 2);
        assert_true(reply_head_end(&h, 429));
        assert_int_equal(h.view.n, 3);
        assert_true(str_is(upstream_head_get(&h.view, STR("retry-after")), "7"));
        assert_true(str_starts(upstream_head_get(&h.view, STR("x-long")), STR("a ")));
        assert_int_equal(upstream_head_get(&h.view, STR("empty")).n, 0);
        free(h.v);
        reply_head_fini(&h);
    }
}

static void
reply_head_takes_bare_line_feeds_and_interim_heads(void **state)
{
    (void)state;
    static const char text[] = "HTTP/1.0 200\nA: b\n\n";
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        struct reply_head h;
        size_t rest;
        reply_head_init(&h);
        struct str interim = STR("HTTP/1.1 100 Continue\r\n\r\n");
        assert_int_equal(reply_head_feed(&h, &interim), 100);
        assert_false(reply_head_end(&h, 100));
        assert_int_equal(feed(&h, text, cut, &rest), 200);
        assert_int_equal(rest, 0);
        assert_true(reply_head_end(&h, 200));
        assert_true(str_is(upstream_head_get(&h.view, STR("A")), "b"));
        free(h.v);
        reply_head_fini(&h);
    }
}

static void
reply_head_refuses_what_is_no_reply(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "SSH-2.0-OpenSSH\r\n",      "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 Low\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 20\r\n\r\n",      "{\"error\":1}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t cut = 0; cut <= strlen(texts[i]); cut++) {
            struct reply_head h;
            size_t rest;
            reply_head_init(&h);
            if (feed(&h, texts[i], cut, &rest) != -1)
                fail_msg("\"%s\" cut at %zu", texts[i], cut);
            free(h.v);
            reply_head_fini(&h);
        }
    }
    struct reply_head h;
    reply_head_init(&h);
    struct str nul = str_make("HTTP/1.1 200 OK\r\nA: \0\r\n", 24);
    assert_int_equal(reply_head_feed(&h, &nul), -1);
    free(h.v);
    reply_head_fini(&h);
}

static void
reply_head_is_bounded(void **state)
{
    (void)state;
    struct reply_head h;
    reply_head_init(&h);
    struct str first = STR("HTTP/1.1 200 OK\r\n");
    assert_int_equal(reply_head_feed(&h, &first), 0);
    int status = 0;
    unsigned lines = 0;
    for (; status == 0 && lines < 10000; lines++) {
        struct str line = STR("X-Filler: abcdefghijklmnopqrstuvwxyz\r\n");
        status = reply_head_feed(&h, &line);
    }
    assert_int_equal(status, -1);
    assert_int_equal(h.text.err, ERR_LIMIT);
    assert_in_range(lines, 1000, UPSTREAM_HEAD_MAX / 38 + 2);
    free(h.v);
    reply_head_fini(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reply_head_reads_heads_at_every_cut),
        cmocka_unit_test(reply_head_takes_bare_line_feeds_and_interim_heads),
        cmocka_unit_test(reply_head_refuses_what_is_no_reply),
        cmocka_unit_test(reply_head_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
