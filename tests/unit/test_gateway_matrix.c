/* Every dialect in front of every other, through a worker and the emulator: what the provider says
 * reaches the client, in each framing and by each path that the client's dialect has. */
#include "tests/unit/test_gateway_rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/ir/reply.h"
#include "runtime/xd/path.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "server/gateway/worker.h"
#include "server/http/listener.h"
#include "server/log/log.h"
#include "server/mock/mock.h"
#include "tests/lib/told.h"

struct house {
    struct rig rig;
    struct mock *mock;
    struct log *log;
    struct worker *worker;
    int done_fd, log_fd;
    char address[HTTP_ADDRESS_TEXT];
    struct arena arena;
    struct told told;
    char reply[1 << 16]; /* as it came */
    struct str body;     /* in it */
};

static bool
speaks(const struct xd_dialect *d)
{
    return !d->provider && xd_op(d, XD_OP_CHAT);
}

/* A deployment for each dialect, whose models begin with its name. */
static void
write_config(struct house *h, struct buf *yaml)
{
    const char *base = mock_base_url(h->mock);
    int root = (int)(strlen(base) - strlen("/v1"));
    buf_puts(yaml, STR("server: { listen: \"127.0.0.1:0\" }\nproviders:\n"));
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        if (speaks(*d))
            buf_printf(yaml,
                       "  - { name: %s, type: %s, base_url: \"%.*s/%s/v1\",\n"
                       "      models: [{ name: \"%s/*\", upstream: \"*\" }] }\n",
                       (*d)->name, (*d)->name, root, base, (*d)->name, (*d)->name);
    buf_puts(yaml, STR("routing: { retries: 0 }\n"));
    buf_putc(yaml, '\0');
}

static int
open_house(void **state)
{
    static struct house h;
    struct fault f;
    struct buf yaml;
    h = (struct house){ .log_fd = -1 };
    arena_init(&h.arena, 64u << 20);
    told_init(&h.told);
    h.mock = mock_start(NULL, &f);
    assert_non_null(h.mock);
    buf_init(&yaml, 1u << 20);
    write_config(&h, &yaml);
    rig_open(&h.rig, yaml.p);
    buf_fini(&yaml);
    h.log_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    h.log = log_create(&(struct log_options){ .fd = h.log_fd });
    h.rig.service.log = h.log;
    h.done_fd = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    h.worker = worker_create(&h.rig.gateway, WORKER_DATA, h.done_fd, &f);
    assert_non_null(h.worker);
    int fd = http_listen(STR("127.0.0.1:0"), HTTP_LISTEN_ALONE, h.address, &f);
    assert_true(fd >= 0);
    assert_int_equal(worker_listen(h.worker, fd), ERR_OK);
    assert_true(worker_start(h.worker));
    *state = &h;
    return 0;
}

static int
close_house(void **state)
{
    struct house *h = *state;
    worker_tell(h->worker, WORKER_DRAIN);
    worker_destroy(h->worker);
    log_destroy(h->log);
    mock_stop(h->mock);
    rig_close(&h->rig);
    told_fini(&h->told);
    arena_fini(&h->arena);
    close(h->done_fd);
    close(h->log_fd);
    return 0;
}

/* --- asking -------------------------------------------------------------------------------- */

struct question {
    const struct xd_dialect *front, *provider;
    const char *words; /* of the model's name: what the emulator shall do */
    const char *text;
    bool stream;
    unsigned way; /* which of the dialect's paths for streams */
};

static int
connect_to(const struct house *h)
{
    struct sockaddr_in to = { .sin_family = AF_INET };
    to.sin_port = htons((uint16_t)atoi(strrchr(h->address, ':') + 1));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* "/vendor" front path ?query */
static void
write_target(struct buf *out, const struct question *q, struct str model)
{
    const struct xd_dialect *d = q->front;
    const struct xd_op *op = xd_op(d, XD_OP_CHAT);
    struct str path = op->path, query = { NULL, 0 };
    if (q->stream && op->nstreamed) {
        path = op->streamed[q->way].path;
        query = op->streamed[q->way].query;
    }
    buf_printf(out, "/%.*s", (int)strcspn(d->name, "."), d->name);
    buf_puts(out, d->nfronts ? d->fronts[0] : STR("/v1"));
    xd_address_fill(out, path, STR("model"), model);
    if (query.n)
        buf_printf(out, "?%.*s", STR_ARG(query));
}

static void
write_body(struct house *h, struct buf *out, const struct question *q, struct str model)
{
    struct ir_block said = { .kind = IR_BLOCK_TEXT, .text.text = str_from(q->text) };
    struct ir_turn turn = { .set = true, .role = IR_ROLE_USER, .blocks = { &said, 1, 1 } };
    struct ir_tool tool = { .kind = IR_TOOL_FUNCTION,
                            .function = { .name = STR("weather"),
                                          .schema = STR("{\"type\":\"object\"}") } };
    struct ir_request m = { .set = true,
                            .model = model,
                            .stream = q->stream ? IR_TRUE : IR_FALSE,
                            .max_output = { 1000, true },
                            .turns = { &turn, 1, 1 },
                            .tools = { &tool, 1, 1 } };
    struct xd x;
    xd_init(&x, q->front, XD_OP_CHAT, &h->arena, out);
    assert_int_equal(xd_request_write(&x, &m), ERR_OK);
    xd_fini(&x);
}

/* Ask, and read all that comes.  Returns the status. */
static int
ask(struct house *h, const struct question *q)
{
    const struct xd_op *op = xd_op(q->front, XD_OP_CHAT);
    struct buf body, head;
    arena_reset(&h->arena);
    struct str model = arena_printf(&h->arena, "%s/m%s", q->provider->name, q->words);
    buf_init(&body, 1u << 20);
    buf_init(&head, 1u << 20);
    write_body(h, &body, q, model);
    buf_puts(&head, STR("POST "));
    write_target(&head, q, model);
    buf_printf(&head, " HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n",
               body.n);
    for (unsigned i = 0; i < op->nheaders; i++)
        buf_printf(&head, "%.*s: %.*s\r\n", STR_ARG(op->headers[i].name),
                   STR_ARG(op->headers[i].value));
    buf_puts(&head, STR("\r\n"));
    buf_puts(&head, buf_str(&body));
    int fd = connect_to(h);
    assert_int_equal(send(fd, head.p, head.n, MSG_NOSIGNAL), head.n);
    size_t got = 0;
    ssize_t k;
    while ((k = recv(fd, h->reply + got, sizeof h->reply - 1 - got, 0)) > 0)
        got += (size_t)k;
    h->reply[got] = '\0';
    close(fd);
    buf_fini(&body);
    buf_fini(&head);
    const char *end = memmem(h->reply, got, "\r\n\r\n", 4);
    assert_non_null(end);
    h->body = str_make(end + 4, got - (size_t)(end + 4 - h->reply));
    return atoi(h->reply + strlen("HTTP/1.1 "));
}

/* --- judging ------------------------------------------------------------------------------- */

static void
wrong(const struct house *h, const struct question *q, const char *what)
{
    fail_msg("%s from %s, %s%s: %s\n%s", q->front->name, q->provider->name,
             q->stream ? "streamed" : "whole", q->words, what, h->reply);
}

static void
read_stream(struct house *h, const struct question *q)
{
    const struct xd_op *op = xd_op(q->front, XD_OP_CHAT);
    enum framing framing = op->nstreamed ? op->streamed[q->way].framing : q->front->framing;
    struct xd_reader r;
    told_clear(&h->told);
    xd_reader_init(&r, q->front, XD_OP_CHAT, &h->arena, told_event, &h->told);
    if (!xd_reader_feed(&r, h->body.p, h->body.n))
        (void)!xd_reader_end(&r);
    xd_reader_fini(&r);
    char type[100];
    snprintf(type, sizeof type, "content-type: %.*s\r\n", STR_ARG(framing_type(framing)));
    if (!strstr(h->reply, type))
        wrong(h, q, "not the content type of its framing");
}

static void
read_whole(struct house *h, const struct question *q)
{
    struct ir_reply m = { 0 };
    struct ir_error e = { 0 };
    struct xd x;
    told_clear(&h->told);
    xd_init(&x, q->front, XD_OP_CHAT, &h->arena, NULL);
    enum err err = xd_reply_read(&x, h->body, &m, &e);
    if (err)
        wrong(h, q, err == ERR_REMOTE ? "an error" : x.fault.text);
    ir_reply_speak(&m, told_event, &h->told);
    xd_fini(&x);
}

static void
expect(struct house *h, const struct question *q, const char *want)
{
    if (ask(h, q) != 200)
        wrong(h, q, "not 200");
    if (q->stream)
        read_stream(h, q);
    else
        read_whole(h, q);
    if (!strstr(told_summary(&h->told), want))
        wrong(h, q, told_summary(&h->told));
}

typedef void judge(struct house *h, const struct question *q);

/* Every way to ask every dialect through every other. */
static void
each(struct house *h, struct question q, judge *fn)
{
    for (const struct xd_dialect *const *f = xd_registry; *f; f++)
        for (const struct xd_dialect *const *p = xd_registry; *p; p++) {
            if (!speaks(*f) || !speaks(*p))
                continue;
            const struct xd_op *op = xd_op(*f, XD_OP_CHAT);
            unsigned ways = op->nstreamed ? op->nstreamed : 1;
            q.front = *f;
            q.provider = *p;
            q.stream = false;
            fn(h, &q);
            q.stream = true;
            for (q.way = 0; q.way < ways; q.way++)
                fn(h, &q);
            q.way = 0;
        }
}

static void
says_the_text(struct house *h, const struct question *q)
{
    expect(h, q, "text \"Hello \xc3\xa9!\"; end |");
}

static void
texts_reach_the_client(void **state)
{
    each(*state, (struct question){ .words = "", .text = "say:Hello \xc3\xa9!" }, says_the_text);
}

/* Has the dialect a place for tools? */
static bool
has_tools(struct house *h, const struct xd_dialect *d)
{
    struct ir_tool tool = { .kind = IR_TOOL_FUNCTION, .function.name = STR("f") };
    struct ir_request m = { .set = true, .model = STR("m"), .tools = { &tool, 1, 1 } };
    struct buf out;
    struct xd x;
    buf_init(&out, 1u << 20);
    xd_init(&x, d, XD_OP_CHAT, &h->arena, &out);
    bool has = !xd_request_write(&x, &m);
    for (unsigned i = 0; i < x.lost.n; i++)
        has = has && !str_is(x.lost.v[i], "tools");
    xd_fini(&x);
    buf_fini(&out);
    return has;
}

static void
makes_the_call(struct house *h, const struct question *q)
{
    if (!has_tools(h, q->front) || !has_tools(h, q->provider))
        return;
    if (ask(h, q) != 200)
        wrong(h, q, "not 200");
    if (q->stream)
        read_stream(h, q);
    else
        read_whole(h, q);
    const char *s = told_summary(&h->told);
    if (!strstr(s, " weather {\"n\":12345678901234567890}; call |"))
        wrong(h, q, s);
}

static void
calls_reach_the_client(void **state)
{
    each(*state,
         (struct question){ .words = "", .text = "call:weather {\"n\":12345678901234567890}" },
         makes_the_call);
}

static void
fails_with_429(struct house *h, const struct question *q)
{
    struct ir_error e = { 0 };
    struct xd x;
    int status = ask(h, q);
    if (status != 429)
        wrong(h, q, "not 429");
    xd_init(&x, q->front, XD_OP_CHAT, &h->arena, NULL);
    xd_error_read(&x, h->body, status, &e);
    if (e.kind != IR_FAULT_RATE || e.message.n == 0)
        wrong(h, q, "another error");
    xd_fini(&x);
}

static void
errors_reach_the_client(void **state)
{
    each(*state, (struct question){ .words = "!429", .text = "Hi" }, fails_with_429);
}

static void
breaks_off(struct house *h, const struct question *q)
{
    if (!q->stream)
        return;
    int status = ask(h, q);
    if (status != 200) /* nothing was said before it broke */
        return;
    read_stream(h, q);
    if (!strstr(told_summary(&h->told), "fail "))
        wrong(h, q, told_summary(&h->told));
}

static void
a_stream_that_breaks_ends_in_an_error(void **state)
{
    each(*state, (struct question){ .words = "!tokens=50!rate=2000!truncate=9", .text = "Hi" },
         breaks_off);
    each(*state, (struct question){ .words = "!tokens=50!rate=2000!garbage!after=9", .text = "Hi" },
         breaks_off);
    each(*state, (struct question){ .words = "!tokens=50!rate=2000!error-event=9", .text = "Hi" },
         breaks_off);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(texts_reach_the_client),
        TEST(calls_reach_the_client),
        TEST(errors_reach_the_client),
        TEST(a_stream_that_breaks_ends_in_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
