/* Streams through a gateway, cut everywhere: a scripted provider, a worker and a client, each on the
 * loop of the one thread. */
#include "tests/unit/test_gateway_rig.h"

#include <event2/event.h>
#include <fcntl.h>
#include <unistd.h>

#include "server/gateway/worker.h"
#include "server/http/listener.h"
#include "server/log/log.h"
#include "tests/lib/caller.h"

#define CHUNK(id, rest) "{\"id\":\"c1\",\"model\":\"u\",\"choices\":[" id "]" rest "}"
#define DELTA(text) \
    CHUNK("{\"index\":0,\"delta\":{\"content\":\"" text "\"},\"finish_reason\":null}", "")
#define STOP  CHUNK("{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}", "")
#define USAGE CHUNK("", ",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}")
#define FAULT "{\"error\":{\"message\":\"over\",\"type\":\"overloaded_error\"}}"
#define OWN_FAULT(text) \
    "data: {\"error\":{\"message\":\"" text \
    "\",\"type\":\"internal_error\",\"param\":null,\"code\":null}}\n\n"

static const struct row {
    const char *name;
    bool usage;           /* the client asks for it */
    const char *lead;     /* what the provider sends at first, uncut; NULL: nothing */
    const char *upstream; /* the rest of its body, which is cut */
    bool cut;             /* its connection closes without the last chunk */
    int status;
    const char *client; /* what the client gets */
    bool broken;        /* its reply has no end */
} rows[] = {
    { "usage that was not asked for is taken out", false, NULL,
      "data: " DELTA("a") "\n\ndata: " STOP "\n\ndata: " USAGE "\n\ndata: [DONE]\n\n", false, 200,
      "data: " DELTA("a") "\n\ndata: " STOP "\n\ndata: [DONE]\n\n", false },
    { "usage that was asked for stays", true, NULL,
      "data: " DELTA("a") "\n\ndata: " STOP "\n\ndata: " USAGE "\n\ndata: [DONE]\n\n", false, 200,
      "data: " DELTA("a") "\n\ndata: " STOP "\n\ndata: " USAGE "\n\ndata: [DONE]\n\n", false },
    { "comments, other fields and line ends are kept", true, NULL,
      ": hello\n\nid: 7\nevent: x\ndata: " DELTA("a") "\n\n:\n\nretry: 5\ndata: " STOP
                                                      "\r\n\r\ndata: [DONE]\n\n",
      false, 200,
      ": hello\n\nid: 7\nevent: x\ndata: " DELTA("a") "\n\n:\n\nretry: 5\ndata: " STOP
                                                      "\r\n\r\ndata: [DONE]\n\n",
      false },
    { "a cut inside of an event ends at the event before", false, "data: " DELTA("a") "\n\n",
      "data: {\"id\":\"c1", true, 200,
      "data: " DELTA("a") "\n\n" OWN_FAULT("provider main: its reply was cut off"), true },
    { "an end without a reason is no end", false, "data: " DELTA("a") "\n\n", ":\n\n:\n\n", false,
      200, "data: " DELTA("a") "\n\n:\n\n:\n\n" OWN_FAULT("the stream was cut off before its end"),
      true },
    { "the provider's own error event is passed on, once", false, "data: " DELTA("a") "\n\n",
      "data: " FAULT "\n\ndata: " DELTA("b") "\n\n", false, 200,
      "data: " DELTA("a") "\n\ndata: " FAULT "\n\n", true },
    { "an error before anything else has a status", false, NULL, "data: " FAULT "\n\n", false, 503,
      "{\"error\":{\"message\":\"over\",\"type\":\"service_unavailable_error\",\"param\":null,"
      "\"code\":null}}",
      false },
};

struct stage {
    struct world world; /* the provider and the client */
    struct rig rig;
    struct log *log;
    struct worker *worker;
    int fd;
    char address[HTTP_ADDRESS_TEXT];
};

static int
open_stage(void **state)
{
    static struct stage s;
    static char yaml[500];
    struct fault f;
    s = (struct stage){ .fd = open("/dev/null", O_WRONLY | O_CLOEXEC) };
    world_init(&s.world, NULL, NULL);
    snprintf(yaml, sizeof yaml,
             "server: { listen: \"127.0.0.1:0\" }\n"
             "providers:\n"
             "  - { name: main, type: openai, base_url: \"http://127.0.0.1:%u\", models: [m] }\n"
             "routing: { retries: 0 }\n",
             s.world.port);
    rig_open(&s.rig, yaml);
    s.log = log_create(&(struct log_options){ .fd = s.fd });
    s.rig.service.log = s.log;
    s.worker = worker_create(&s.rig.gateway, WORKER_DATA, s.fd, &f);
    assert_non_null(s.worker);
    int fd = http_listen(STR("127.0.0.1:0"), HTTP_LISTEN_ALONE, s.address, &f);
    assert_true(fd >= 0);
    assert_int_equal(worker_listen(s.worker, fd), ERR_OK);
    *state = &s;
    return 0;
}

static int
close_stage(void **state)
{
    struct stage *s = *state;
    worker_destroy(s->worker);
    log_destroy(s->log);
    rig_close(&s->rig);
    world_fini(&s->world);
    close(s->fd);
    return 0;
}

/* Let the provider send the body in two pieces, the first of which has n bytes. */
static void
set_script(struct stage *s, const struct row *row, size_t n)
{
    static char lead[4000], first[4000], second[4000];
    static struct step steps[8];
    size_t all = strlen(row->upstream);
    size_t k = 0;
    if (row->lead)
        snprintf(lead, sizeof lead, "%zx\r\n%s\r\n", strlen(row->lead), row->lead);
    snprintf(first, sizeof first, "%zx\r\n%.*s\r\n", n, (int)n, row->upstream);
    snprintf(second, sizeof second, "%zx\r\n%s\r\n%s", all - n, row->upstream + n,
             row->cut ? "" : "0\r\n\r\n");
    steps[k++] = (struct step){ STEP_SEND, CHUNKED, 0 };
    if (row->lead) {
        steps[k++] = (struct step){ STEP_SEND, lead, 0 };
        steps[k++] = (struct step){ STEP_WAIT, NULL, 1 };
    }
    steps[k++] = (struct step){ STEP_SEND, first, 0 };
    steps[k++] = (struct step){ STEP_WAIT, NULL, 1 };
    steps[k++] = (struct step){ STEP_SEND, second, 0 };
    if (row->cut)
        steps[k++] = (struct step){ STEP_CLOSE, NULL, 0 };
    steps[k] = (struct step){ STEP_END, NULL, 0 };
    scripted_set(s->world.server, (const struct step *const[]){ steps }, 1);
}

/* The client's side of one request. */
static void
ask(struct stage *s, struct caller *c, const char *path, const char *body)
{
    char url[200];
    snprintf(url, sizeof url, "http://%s%s", s->address, path);
    const struct upstream_request req = { .method = STR("POST"),
                                          .url = str_from(url),
                                          .body = str_from(body) };
    caller_init(c, &s->world);
    caller_start(c, &req);
    for (unsigned turns = 0; c->dones == 0; turns++) {
        assert_true(turns < 1000000);
        /* One batch each: a busy machine must not make two of the provider's steps one. */
        event_base_loop(s->world.base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
        event_base_loop(s->worker->base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
    }
}

#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"

static void
check_row(struct stage *s, const struct row *row, size_t cut)
{
    struct caller c;
    set_script(s, row, cut);
    ask(s, &c, "/v1/chat/completions",
        row->usage
            ? "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}," MESSAGES
              "}"
            : "{\"model\":\"m\",\"stream\":true," MESSAGES "}");
    if (c.status != row->status || !str_is(buf_str(&c.body), row->client))
        fail_msg("%s, cut at %zu: status %d: %.*s", row->name, cut, c.status,
                 STR_ARG(buf_str(&c.body)));
    assert_int_equal(c.report.result, row->broken ? UPSTREAM_TRUNCATED : UPSTREAM_OK);
    caller_fini(&c);
}

static void
copied_streams_come_out_the_same_wherever_they_are_cut(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t n = 1; n < strlen(rows[i].upstream); n++)
            check_row(*state, &rows[i], n);
}

/* An error ends with the id of its request, which is never the same. */
static struct str
to_request_id(const struct buf *b)
{
    struct str s = buf_str(b);
    const char *id = memmem(s.p, s.n, "\"request_id\"", 12);
    return str_make(s.p, id ? (size_t)(id - s.p) : s.n);
}

static void
translated_streams_come_out_the_same_wherever_they_are_cut(void **state)
{
    struct stage *s = *state;
    struct buf whole;
    buf_init(&whole, 10000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t n = 1; n < strlen(rows[i].upstream); n += 3) {
            struct caller c;
            set_script(s, &rows[i], n);
            ask(s, &c, "/v1/messages",
                "{\"model\":\"m\",\"max_tokens\":9,\"stream\":true," MESSAGES "}");
            if (n == 1) {
                buf_clear(&whole);
                buf_puts(&whole, buf_str(&c.body));
            }
            if (rows[i].status == 200)
                assert_true(str_eq(to_request_id(&c.body), to_request_id(&whole)));
            assert_int_equal(c.report.result, rows[i].broken ? UPSTREAM_TRUNCATED : UPSTREAM_OK);
            caller_fini(&c);
        }
    }
    buf_fini(&whole);
}

static void
collected_streams_answer_clients_that_want_none(void **state)
{
    struct stage *s = *state;
    for (size_t n = 1; n < strlen(rows[0].upstream); n += 7) {
        struct caller c;
        set_script(s, &rows[0], n);
        ask(s, &c, "/v1/chat/completions", "{\"model\":\"m\"," MESSAGES "}");
        assert_int_equal(c.status, 200);
        assert_true(
            str_starts(buf_str(&c.body), STR("{\"id\":\"c1\",\"object\":\"chat.completion\"")));
        assert_non_null(memmem(c.body.p, c.body.n, "\"content\":\"a\"", 13));
        caller_fini(&c);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(copied_streams_come_out_the_same_wherever_they_are_cut),
        TEST(translated_streams_come_out_the_same_wherever_they_are_cut),
        TEST(collected_streams_answer_clients_that_want_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
