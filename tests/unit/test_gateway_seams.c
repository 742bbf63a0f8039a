/* Gates, taps and accounts, and what clients see of them: a worker with the emulator behind it. */
#include "tests/unit/test_gateway_rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/ir/reply.h"
#include "server/gateway/worker.h"
#include "server/http/listener.h"
#include "server/log/log.h"
#include "server/mock/mock.h"

#define ACCOUNTS 8

/* What the seams saw.  Written on the worker's thread, read when that has ended. */
struct seen {
    unsigned gate_calls;
    char gate_model[64];
    enum gate_verdict verdict;
    struct ir_grammar grammar; /* of the events that the tap was shown */
    unsigned taps;
    unsigned n;
    struct account accounts[ACCOUNTS];
    char providers[ACCOUNTS][32];
};

struct house {
    struct rig rig;
    struct mock *mock;
    struct log *log;
    struct worker *worker;
    int done_fd, log_fd;
    char address[HTTP_ADDRESS_TEXT];
    struct seen seen;
};

static enum gate_verdict
check(void *ctx, const struct gate_view *v, struct arena *a, struct ir_error *error)
{
    struct seen *s = ctx;
    s->gate_calls++;
    snprintf(s->gate_model, sizeof s->gate_model, "%.*s", STR_ARG(v->ask->chat.model));
    error->kind = IR_FAULT_RATE;
    error->message = arena_printf(a, "no, %.*s", STR_ARG(v->request_id));
    return s->verdict;
}

static void
tap(void *ctx, struct str request_id, const struct ir_event *e)
{
    struct seen *s = ctx;
    assert_true(request_id.n > 0);
    s->taps++;
    ir_grammar_event(&s->grammar, e);
}

static void
record(void *ctx, const struct account *a)
{
    struct seen *s = ctx;
    if (s->n == ACCOUNTS)
        return;
    snprintf(s->providers[s->n], sizeof s->providers[0], "%.*s", STR_ARG(a->provider));
    s->accounts[s->n++] = *a;
}

static int
open_house(void **state)
{
    static struct house h;
    static char yaml[2000];
    struct fault f;
    h = (struct house){ .log_fd = -1 };
    h.mock = mock_start(NULL, &f);
    assert_non_null(h.mock);
    snprintf(yaml, sizeof yaml,
             "server: { listen: \"127.0.0.1:0\" }\n"
             "providers:\n"
             "  - { name: main, type: openai, base_url: \"%s\", models: [ \"*\" ] }\n"
             "  - { name: bad, type: openai, base_url: \"%s\",\n"
             "      models: [{ name: pair, upstream: \"m!503\", weight: 1000 }] }\n"
             "  - { name: good, type: openai, base_url: \"%s\",\n"
             "      models: [{ name: pair, upstream: m, weight: 1 }] }\n",
             mock_base_url(h.mock), mock_base_url(h.mock), mock_base_url(h.mock));
    rig_open(&h.rig, yaml);
    h.log_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    h.log = log_create(&(struct log_options){ .fd = h.log_fd });
    h.rig.service.log = h.log;
    h.done_fd = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    struct seams *s = &h.rig.gateway.seams;
    s->gates[s->n_gates++] = (struct gate){ check, &h.seen };
    s->taps[s->n_taps++] = (struct tap){ tap, &h.seen };
    s->accountants[s->n_accountants++] = (struct accountant){ record, &h.seen };
    h.worker = worker_create(&h.rig.gateway, WORKER_DATA, h.done_fd, &f);
    assert_non_null(h.worker);
    int fd = http_listen(STR("127.0.0.1:0"), HTTP_LISTEN_ALONE, h.address, &f);
    assert_true(fd >= 0);
    assert_int_equal(worker_listen(h.worker, fd), ERR_OK);
    *state = &h;
    return 0;
}

/* The worker's thread is over: what it saw may be looked at. */
static void
end_work(struct house *h)
{
    worker_tell(h->worker, WORKER_DRAIN);
    worker_destroy(h->worker);
    h->worker = NULL;
}

static int
close_house(void **state)
{
    struct house *h = *state;
    if (h->worker)
        end_work(h);
    log_destroy(h->log);
    mock_stop(h->mock);
    rig_close(&h->rig);
    close(h->done_fd);
    close(h->log_fd);
    return 0;
}

/* Send a request and read the whole reply, whose text is static. */
static const char *
ask(struct house *h, const char *path, const char *body)
{
    static char text[1 << 16];
    struct sockaddr_in to = { .sin_family = AF_INET };
    const char *colon = strrchr(h->address, ':');
    to.sin_port = htons((uint16_t)atoi(colon + 1));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    int n = snprintf(text, sizeof text,
                     "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n"
                     "X-Request-Id: my-id\r\n\r\n%s",
                     path, strlen(body), body);
    assert_int_equal(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
    size_t got = 0;
    ssize_t k;
    while ((k = recv(fd, text + got, sizeof text - 1 - got, 0)) > 0)
        got += (size_t)k;
    text[got] = '\0';
    close(fd);
    return text;
}

static void
start(struct house *h)
{
    assert_true(worker_start(h->worker));
}

#define CHAT(model, more) \
    "{\"model\":\"" model "\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" more "}"
static const char chat[] = "/v1/chat/completions";

static void
a_gate_sees_the_request_and_its_refusal_reaches_the_client(void **state)
{
    struct house *h = *state;
    h->seen.verdict = GATE_REFUSE;
    start(h);
    const char *reply = ask(h, chat, CHAT("some", ""));
    assert_non_null(strstr(reply, "HTTP/1.1 429 "));
    assert_non_null(strstr(reply, "\"no, my-id\""));
    end_work(h);
    assert_int_equal(h->seen.gate_calls, 1);
    assert_string_equal(h->seen.gate_model, "some");
    assert_int_equal(h->seen.n, 0);
    assert_int_equal(h->seen.taps, 0);
}

static void
an_attempt_is_accounted_once_with_its_usage(void **state)
{
    struct house *h = *state;
    start(h);
    assert_non_null(strstr(ask(h, chat, CHAT("m", "")), "HTTP/1.1 200 "));
    end_work(h);
    const struct account *a = &h->seen.accounts[0];
    assert_int_equal(h->seen.n, 1);
    assert_string_equal(h->seen.providers[0], "main");
    assert_true(a->status == 200 && a->attempt == 1 && a->fault == IR_FAULT_UNSET && !a->gone);
    assert_true(a->usage.input.set && a->usage.output.v > 0);
    assert_true(a->first_us > 0 && a->total_us >= a->first_us);
    assert_true(ir_grammar_ok(&h->seen.grammar));
}

static void
each_try_has_its_own_account(void **state)
{
    struct house *h = *state;
    start(h);
    const char *reply = ask(h, chat, CHAT("pair", ""));
    assert_non_null(strstr(reply, "HTTP/1.1 200 "));
    assert_non_null(strstr(reply, "x-llmux-provider: good\r\n"));
    end_work(h);
    unsigned last = h->seen.n - 1;
    assert_in_range(h->seen.n, 1, 2); /* the dice may begin with the good one */
    assert_string_equal(h->seen.providers[last], "good");
    assert_int_equal(h->seen.accounts[last].attempt, h->seen.n);
    if (last == 0)
        return;
    assert_string_equal(h->seen.providers[0], "bad");
    assert_int_equal(h->seen.accounts[0].status, 503);
    assert_int_equal(h->seen.accounts[0].fault, IR_FAULT_OVERLOADED);
    assert_false(h->seen.accounts[0].usage.output.set);
}

static void
taps_see_a_word_of_the_grammar_whether_bytes_are_copied_or_translated(void **state)
{
    struct house *h = *state;
    start(h);
    const char *copied = ask(h, chat, CHAT("m", ",\"stream\":true"));
    assert_non_null(strstr(copied, "data: [DONE]"));
    assert_null(strstr(copied, "\"usage\""));
    end_work(h);
    assert_true(ir_grammar_ok(&h->seen.grammar));
    assert_true(h->seen.accounts[0].usage.output.v > 0);
}

static void
a_broken_stream_is_accounted_as_a_failure(void **state)
{
    struct house *h = *state;
    start(h);
    const char *reply = ask(h, "/v1/messages",
                            "{\"model\":\"m!tokens=50!rate=1000!truncate=9\",\"max_tokens\":99,"
                            "\"stream\":true,"
                            "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
    assert_non_null(strstr(reply, "HTTP/1.1 200 "));
    assert_non_null(strstr(reply, "event: error"));
    assert_null(strstr(reply, "message_stop"));
    end_work(h);
    assert_int_equal(h->seen.n, 1);
    assert_int_equal(h->seen.accounts[0].fault, IR_FAULT_PROTOCOL);
    assert_int_equal(h->seen.grammar.state, IR_GRAMMAR_FAILED);
    assert_false(h->seen.grammar.bad);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_gate_sees_the_request_and_its_refusal_reaches_the_client),
        TEST(an_attempt_is_accounted_once_with_its_usage),
        TEST(each_try_has_its_own_account),
        TEST(taps_see_a_word_of_the_grammar_whether_bytes_are_copied_or_translated),
        TEST(a_broken_stream_is_accounted_as_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
