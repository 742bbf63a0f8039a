/* The emulator from the outside: over a socket, as a client sees it. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/base/buf.h"
#include "server/mock/mock.h"
#include "server/mock/options.h"
#include "tests/lib/caller.h"

#define CHAT     "/v1/chat/completions"
#define MESSAGES "/v1/messages"
#define HI(model) \
    "{\"model\":\"" model "\",\"max_tokens\":99,\"messages\":[{\"role\":\"user\"," \
    "\"content\":\"Hi\"}]}"
#define STREAM(model) \
    "{\"model\":\"" model "\",\"max_tokens\":99,\"stream\":true,\"messages\":" \
    "[{\"role\":\"user\",\"content\":\"Hi\"}]}"
#define VERSION "anthropic-version: 2023-06-01\r\n"

struct client {
    struct mock *mock;
    int error; /* errno of the last read, 0 for an orderly end */
    char reply[1 << 16];
};

static void
start(struct client *c, const struct mock_options *o)
{
    struct fault f;
    c->mock = mock_start(o, &f);
    if (!c->mock)
        fail_msg("%s", f.text);
}

static int
connect_to(const struct client *c)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    const char *port = strrchr(mock_base_url(c->mock), ':') + 1;
    a.sin_port = htons((uint16_t)atoi(port));
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void
send_request(int fd, const char *method, const char *path, const char *headers, const char *body)
{
    char request[8192];
    int n = snprintf(request, sizeof request,
                     "%s %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n%s\r\n%s",
                     method, path, strlen(body), headers, body);
    assert_true(n > 0 && (size_t)n < sizeof request);
    assert_int_equal(send(fd, request, (size_t)n, MSG_NOSIGNAL), n);
}

/* All that comes until the connection ends. */
static void
read_reply(struct client *c, int fd)
{
    size_t n = 0;
    ssize_t k;
    while ((k = read(fd, c->reply + n, sizeof c->reply - 1 - n)) > 0)
        n += (size_t)k;
    c->error = k < 0 ? errno : 0;
    c->reply[n] = '\0';
    close(fd);
}

static void
post_with(struct client *c, const char *path, const char *headers, const char *body)
{
    int fd = connect_to(c);
    send_request(fd, "POST", path, headers, body);
    read_reply(c, fd);
}

static void
post(struct client *c, const char *path, const char *body)
{
    post_with(c, path, VERSION, body);
}

static void
get(struct client *c, const char *path)
{
    int fd = connect_to(c);
    send_request(fd, "GET", path, "", "");
    read_reply(c, fd);
}

static void
assert_says(const struct client *c, const char *text)
{
    if (!strstr(c->reply, text))
        fail_msg("no \"%s\" in:\n%s", text, c->reply);
}

static void
assert_says_not(const struct client *c, const char *text)
{
    if (strstr(c->reply, text))
        fail_msg("\"%s\" in:\n%s", text, c->reply);
}

static int
setup(void **state)
{
    struct client *c = calloc(1, sizeof *c);
    *state = c;
    return 0;
}

static int
teardown(void **state)
{
    struct client *c = *state;
    mock_stop(c->mock);
    free(c);
    return 0;
}

static void
mock_answers_in_every_dialect_whole_and_streamed(void **state)
{
    struct client *c = *state;
    start(c, NULL);
    post(c, CHAT, HI("m"));
    assert_says(c, "HTTP/1.1 200");
    assert_says(c, "\"content\":\"You said: Hi.\"");
    post(c, MESSAGES, HI("m"));
    assert_says(c, "\"type\":\"message\"");
    assert_says(c, "You said: Hi.");
    post(c, CHAT, STREAM("m"));
    assert_says(c, "text/event-stream");
    assert_says(c, "data: [DONE]");
    post(c, MESSAGES, STREAM("m"));
    assert_says(c, "event: message_stop");
    post(c, "/groq" CHAT, HI("m"));
    assert_says(c, "You said: Hi.");
}

static void
mock_refuses_in_the_dialect_of_the_path(void **state)
{
    struct client *c = *state;
    start(c, NULL);
    post(c, CHAT, "{\"model\":1}");
    assert_says(c, "HTTP/1.1 400");
    assert_says(c, "{\"error\":{\"message\":\"model: ");
    post(c, MESSAGES, "{nonsense");
    assert_says(c, "HTTP/1.1 400");
    assert_says(c, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\"");
    post_with(c, MESSAGES, "", HI("m"));
    assert_says(c, "anthropic-version is missing");
    post(c, "/v1/nothing", HI("m"));
    assert_says(c, "HTTP/1.1 404");
    post(c, "/nobody" CHAT, HI("m"));
    assert_says(c, "HTTP/1.1 404");
    get(c, CHAT);
    assert_says(c, "HTTP/1.1 400");
}

static void
mock_wants_the_key_where_the_dialect_has_it(void **state)
{
    struct client *c = *state;
    const struct mock_options o = { .api_key = STR("sesame") };
    start(c, &o);
    post(c, CHAT, HI("m"));
    assert_says(c, "HTTP/1.1 401");
    post_with(c, CHAT, "Authorization: Bearer sesame\r\n", HI("m"));
    assert_says(c, "HTTP/1.1 200");
    post_with(c, MESSAGES, VERSION "Authorization: Bearer sesame\r\n", HI("m"));
    assert_says(c, "HTTP/1.1 401");
    post_with(c, MESSAGES, VERSION "x-api-key: sesame\r\n", HI("m"));
    assert_says(c, "HTTP/1.1 200");
}

static void
mock_fails_as_the_model_says(void **state)
{
    static const struct {
        const char *body;
        int error;
        const char *says, *says_not;
    } cases[] = {
        { HI("m!429!retry-after=7"), 0, "retry-after: 7", NULL },
        { HI("m!429"), 0, "\"rate_limit_error\"", "retry-after" },
        { HI("m!529"), 0, "HTTP/1.1 529", NULL },
        { HI("m!oops"), 0, "no word \\\"oops\\\"", NULL },
        { HI("m!html"), 0, "<!DOCTYPE html>", "json" },
        { HI("m!wrong-type"), 0, "text/plain", "application/json" },
        { HI("m!garbage"), 0, "{\"broken\": ", "You said" },
        { HI("m!truncate=20"), 0, "{\"id\":\"", "You said" },
        { HI("m!reset"), ECONNRESET, "", "HTTP" },
        { HI("m!close"), 0, "", "HTTP" },
        { HI("m!reset-after=20"), ECONNRESET, "{\"id\":\"", "You said" },
        { HI("m!close-after=20"), 0, "{\"id\":\"", "You said" },
        { HI("m!error-event=0"), 0, "overloaded", "You said" },
        { HI("m!tokens=3"), 0, "aaa bbb ccc ", NULL },
        { HI("m!split=1"), 0, "You said: Hi.", NULL },
        { STREAM("m!truncate=2"), 0, "data: ", "[DONE]" },
        { STREAM("m!close-after=2"), 0, "data: ", "[DONE]" },
        { STREAM("m!reset-after=2"), ECONNRESET, "data: ", "[DONE]" },
        { STREAM("m!garbage!after=2"), 0, "data: {\"broken\": \n", "[DONE]" },
        { STREAM("m!error-event=2"), 0, "data: {\"error\":{\"message\":\"overloaded", "[DONE]" },
        { STREAM("m!whole"), 0, "application/json", "data: " },
        { STREAM("m!rate=1000!delay=1ms"), 0, "[DONE]", NULL },
        { STREAM("m!stall=1ms"), 0, "[DONE]", NULL },
    };
    struct client *c = *state;
    start(c, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        post(c, CHAT, cases[i].body);
        if (c->error != cases[i].error)
            fail_msg("%s: ended with %s", cases[i].body, strerror(c->error));
        assert_says(c, cases[i].says);
        if (cases[i].says_not)
            assert_says_not(c, cases[i].says_not);
    }
    post(c, CHAT, STREAM("m!disorder"));
    assert_true(strstr(c->reply, "[DONE]") < strstr(c->reply, "You "));
}

static void
mock_fails_as_a_header_says_and_only_so_often(void **state)
{
    struct client *c = *state;
    start(c, NULL);
    post_with(c, CHAT, "x-mock-fault: 503\r\n", HI("m"));
    assert_says(c, "HTTP/1.1 503");
    for (unsigned i = 0; i < 4; i++) {
        post(c, CHAT, HI("m!500!times=2"));
        assert_says(c, i < 2 ? "HTTP/1.1 500" : "HTTP/1.1 200");
    }
}

static void
mock_fails_by_chance(void **state)
{
    struct mock_chance chance = { { .fault = MOCK_FAULT_STATUS, .status = 418 }, 3 };
    const struct mock_options o = { .chances = &chance, .n_chances = 1 };
    struct client *c = *state;
    unsigned failed = 0;
    start(c, &o);
    for (unsigned i = 0; i < 9; i++) {
        post(c, CHAT, HI("m"));
        failed += strstr(c->reply, "HTTP/1.1 418") != NULL;
    }
    assert_int_equal(failed, 3);
}

static void
mock_counts_what_it_sees(void **state)
{
    struct client *c = *state;
    start(c, NULL);
    post(c, CHAT, HI("m!500"));
    post(c, MESSAGES, "{}");
    int fd = connect_to(c);
    send_request(fd, "POST", CHAT, "", STREAM("m!rate=5"));
    assert_true(read(fd, c->reply, 16) > 0);
    close(fd);
    for (unsigned i = 0; i < 500; i++) {
        get(c, "/mock/stats");
        if (strstr(c->reply, "\"aborted\":1"))
            break;
        usleep(10000);
    }
    assert_says(c, "{\"requests\":3,\"streams\":1,\"aborted\":1,\"refused\":1,\"faults\":1,"
                   "\"open\":0}");
    post_with(c, CHAT, "X-Odd: 1\r\n", HI("m"));
    get(c, "/mock/last");
    assert_says(c, "\"x-odd\":\"1\"");
    assert_says(c, "\"body\":\"{\\\"model\\\":\\\"m\\\"");
}

static void
mock_sends_fixed_replies(void **state)
{
    struct client *c = *state;
    const struct mock_options o = {
        .fixed = { .set = true, .bytes = 10, .event_bytes = 4, .events = 3 },
        .workers = 2,
    };
    start(c, &o);
    post(c, CHAT, HI("m"));
    assert_says(c, "\"content\":\"aaa bbb cc\"");
    post(c, MESSAGES, "{\"stream\" : true, nobody reads this");
    assert_says(c, "\"text\":\"aaa \"");
    assert_says(c, "\"text\":\"ccc \"");
    assert_says_not(c, "ddd");
    assert_says(c, "message_stop");
}

/* --- recordings --- */

static void
write_file(const char *folder, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void
record(const char *root, const char *name, const char *meta, const char *request,
       const char *response_name, const char *response)
{
    char folder[256];
    snprintf(folder, sizeof folder, "%s/%s", root, name);
    assert_int_equal(mkdir(folder, 0700), 0);
    write_file(folder, "meta.json", meta);
    write_file(folder, "request.json", request);
    write_file(folder, response_name, response);
}

static void
mock_replays_recordings(void **state)
{
    struct client *c = *state;
    char root[] = "/tmp/llmux-test-XXXXXX", command[64];
    assert_non_null(mkdtemp(root));
    record(root, "1",
           "{\"status\":200,\"uri\":\"https://h/v1/chat/completions\","
           "\"response_headers\":{\"content-type\":\"application/json\",\"x-tag\":\"one\"}}",
           "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"first\"}]}",
           "response.json", "{\"recorded\":1}");
    record(root, "2", "{\"status\":429,\"uri\":\"https://h/v1/chat/completions?x=1\"}", HI("m"),
           "response.json", "{\"recorded\":2}");
    record(root, "3", "{\"status\":200,\"uri\":\"https://h/v1/messages\"}", STREAM("m"),
           "response.sse", "event: ping\ndata: {\"recorded\":3}\n\n");
    record(root, "4", "{\"status\":200,\"uri\":\"https://h/unknown\"}", "{}", "response.json",
           "{}");
    const struct mock_options o = { .replay = str_from(root) };
    start(c, &o);
    post(c, CHAT, HI("m"));
    assert_says(c, "HTTP/1.1 429");
    assert_says(c, "{\"recorded\":2}");
    post(c, CHAT, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"first\"}]}");
    assert_says(c, "x-tag: one");
    post(c, CHAT, HI("other"));
    assert_says(c, "{\"recorded\":1}");
    post(c, CHAT, HI("other"));
    assert_says(c, "{\"recorded\":2}");
    post(c, MESSAGES, STREAM("m"));
    assert_says(c, "{\"recorded\":3}");
    post(c, MESSAGES, HI("m"));
    assert_says(c, "You said: Hi.");
    snprintf(command, sizeof command, "rm -r %s", root);
    assert_int_equal(system(command), 0);
}

static void
mock_says_why_it_cannot_start(void **state)
{
    static const struct {
        struct mock_options o;
        const char *want;
    } cases[] = {
        { { .listen = STR_INIT("nonsense") }, "nonsense" },
        { { .replay = STR_INIT("/nowhere") }, "no recording" },
        { { .tls_cert = STR_INIT("/nowhere"), .tls_key = STR_INIT("/nowhere") }, "nowhere" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fault f = { 0 };
        assert_null(mock_start(&cases[i].o, &f));
        if (!strstr(f.text, cases[i].want))
            fail_msg("said \"%s\"", f.text);
    }
}

static void
mock_stops_while_replies_run_and_leaves_nothing_open(void **state)
{
    unsigned before = open_files();
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct client c;
        start(&c, NULL);
        int fd = connect_to(&c);
        send_request(fd, "POST", CHAT, "", STREAM("m!rate=1"));
        assert_true(read(fd, c.reply, 16) > 0);
        mock_stop(c.mock);
        close(fd);
    }
    mock_stop(NULL);
    assert_int_equal(open_files(), before);
}

int
main(void)
{
#define CLIENT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CLIENT(mock_answers_in_every_dialect_whole_and_streamed),
        CLIENT(mock_refuses_in_the_dialect_of_the_path),
        CLIENT(mock_wants_the_key_where_the_dialect_has_it),
        CLIENT(mock_fails_as_the_model_says),
        CLIENT(mock_fails_as_a_header_says_and_only_so_often),
        CLIENT(mock_fails_by_chance),
        CLIENT(mock_counts_what_it_sees),
        CLIENT(mock_sends_fixed_replies),
        CLIENT(mock_replays_recordings),
        cmocka_unit_test(mock_says_why_it_cannot_start),
        cmocka_unit_test(mock_stops_while_replies_run_and_leaves_nothing_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
