/* From a deployment to a call, and from its end to a report. */
#include "server/gateway/probe.h"

#include "runtime/xd/ask.h"
#include "runtime/xd/path.h"
#include "runtime/xd/translate.h"
#include "server/gateway/clock.h"
#include "server/gateway/complaint.h"
#include "server/gateway/reception.h"

#define ARENA_MAX ((size_t)4 << 20)
#define BODY_MAX  ((size_t)256 << 10)
#define HEARD_MAX ((size_t)2 << 20) /* half of it may be heard; the rest is not looked at */
#define REPLY_MAX ((uint64_t)32 << 20)

void
probe_init(struct probe *p)
{
    *p = (struct probe){ .call = NULL };
    arena_init(&p->arena, ARENA_MAX);
    buf_init(&p->body, BODY_MAX);
    buf_init(&p->heard, HEARD_MAX);
}

void
probe_fini(struct probe *p)
{
    probe_stop(p);
    arena_fini(&p->arena);
    buf_fini(&p->body);
    buf_fini(&p->heard);
}

bool
probe_is_running(const struct probe *p)
{
    return p->call || p->wait.keeper;
}

void
probe_stop(struct probe *p)
{
    keeper_leave(&p->wait);
    upstream_cancel(p->call);
    p->call = NULL;
}

/* --- the end --------------------------------------------------------------------------------- */

/* As attempts judge a whole reply.  A stream that nobody has asked for is an answer, too. */
static struct ir_error
read_reply(struct probe *p, struct xd *xd)
{
    struct str name = p->deployment->config->name, body = buf_str(&p->heard);
    struct ir_error e = { .set = false };
    struct xd_answer answer;
    switch (reception_tell(p->dialect, body, false)) {
    case ATTEMPT_SILENT:
        return complaint_make(name, IR_FAULT_PROTOCOL, "its reply is empty", &p->arena);
    case ATTEMPT_DOCUMENT:
        break;
    case ATTEMPT_STREAM:
    case ATTEMPT_ERROR:
    case ATTEMPT_PASSAGE:
        return e;
    }
    enum err err = xd_answer_read(xd, body, &answer, &e);
    if (err && err != ERR_REMOTE)
        e = complaint_make(name, IR_FAULT_PROTOCOL, "its reply cannot be understood", &p->arena);
    return e;
}

/* What the answer says.  A list that is not there is no fault of the models: somebody has answered. */
static struct ir_error
read_answer(struct probe *p)
{
    bool good = p->status >= 200 && p->status <= 299;
    struct ir_error e = { .set = false };
    struct xd xd;
    xd_init(&xd, p->dialect, XD_OP_CHAT, &p->arena, NULL);
    if (!good)
        e = complaint_read(&xd, p->deployment->config->name, p->status, &p->remarks,
                           buf_str(&p->heard));
    else if (p->model.p)
        e = read_reply(p, &xd);
    xd_fini(&xd);
    if (e.kind == IR_FAULT_MISSING && !p->model.p)
        e.kind = IR_FAULT_INVALID;
    return e;
}

static void
on_head(void *ctx, const struct upstream_head *head)
{
    struct probe *p = ctx;
    p->status = head->status;
    remarks_read(&p->remarks, p->dialect, head, &p->arena);
    if (p->remarks.refuses && p->keeper)
        keeper_spoil(p->keeper);
}

static void
on_data(void *ctx, const char *p, size_t n)
{
    struct probe *probe = ctx;
    size_t room = HEARD_MAX / 2 - probe->heard.n;
    if (probe->status < 200 || probe->status > 299 || probe->model.p)
        buf_put(&probe->heard, p, n < room ? n : room);
}

static void
on_done(void *ctx, const struct upstream_report *report)
{
    struct probe *p = ctx;
    struct guard_report r = { .status = p->status, .whole_ns = report->total_us * 1000 };
    struct fault f = { .err = ERR_OK };
    p->call = NULL;
    struct ir_error e = report->result == UPSTREAM_OK
                            ? read_answer(p)
                            : complaint_of_result(p->deployment->config->name, report->result,
                                                  &p->arena);
    if (p->arena.full || report->result == UPSTREAM_MEMORY) {
        (void)fault_set(&f, ERR_MEMORY, 0, "out of memory");
        p->done(p, NULL, &f);
        return;
    }
    if (e.set) {
        r.fault = e.kind;
        remarks_report(&p->remarks, &e, &r);
    }
    p->done(p, &r, NULL);
}

/* --- the call -------------------------------------------------------------------------------- */

static bool
call(struct probe *p, struct fault *f)
{
    static const struct upstream_handler handler = { on_head, on_data, on_done };
    struct upstream_request *req = &p->request;
    struct upstream_header *headers = arena_alloc(&p->arena, (req->n_headers + KEEPER_HEADERS)
                                                                 * sizeof *headers);
    if (!headers)
        return !fault_set(f, ERR_MEMORY, 0, "out of memory");
    for (unsigned i = 0; i < req->n_headers; i++)
        headers[i] = req->headers[i];
    const struct keeper_request shown = { req->method, req->url, headers, req->n_headers,
                                          req->body };
    if (p->keeper) {
        unsigned n = keeper_apply(p->keeper, &shown, &p->arena, headers + req->n_headers);
        if (!n)
            return !fault_set(f, ERR_MEMORY, 0, "the probe cannot be signed");
        req->n_headers += n;
    }
    req->headers = headers;
    p->call = upstream_start(p->upstream, req, &handler, p, f);
    return p->call;
}

static void
on_credentials(void *ctx, const struct fault *why)
{
    struct probe *p = ctx;
    struct fault f;
    if (!why && call(p, &f))
        return;
    p->done(p, NULL, why ? why : &f);
}

/* "Hi", and a token is answer enough. */
static bool
write_request(struct probe *p, const struct deployment_call *c, struct fault *f)
{
    struct ir_block text = { .kind = IR_BLOCK_TEXT, .text = { .text = STR("Hi") } };
    struct ir_turn turn = { .set = true, .role = IR_ROLE_USER, .blocks = { &text, 1, 1 } };
    struct xd_ask ask = { .kind = XD_OP_CHAT }, wanted;
    ask.chat = (struct ir_request){
        .set = true, .model = p->model, .turns = { &turn, 1, 1 }, .max_output = { 1, true }
    };
    struct xd x;
    xd_init(&x, c->dialect, XD_OP_CHAT, &p->arena, &p->body);
    x.now = (int64_t)clock_wall_s();
    enum err err = xd_ask_prepare(&x, &ask, &p->deployment->policies, &wanted);
    if (!err)
        err = xd_ask_write(&x, &wanted);
    if (err)
        *f = x.fault;
    xd_fini(&x);
    return !err;
}

static bool
aim_at_model(struct probe *p, struct fault *f)
{
    struct deployment_call c;
    if (!deployment_call(p->deployment, p->deployment->dialect, XD_OP_CHAT, &c))
        return !fault_set(f, ERR_UNSUPPORTED, 0, "it has no conversations");
    if (!write_request(p, &c, f))
        return false;
    p->dialect = c.dialect;
    p->request.method = c.op->method;
    p->request.url = deployment_url(&c, false, p->model, &p->arena);
    p->request.headers = c.headers;
    p->request.n_headers = c.n_headers;
    p->request.body = buf_str(&p->body);
    return true;
}

static bool
aim_at_list(struct probe *p, struct fault *f)
{
    struct str path = p->options->path.p ? p->options->path : p->deployment->dialect->probe;
    if (!path.p)
        return !fault_set(f, ERR_UNSUPPORTED, 0, "its type has no list");
    p->request.method = STR("GET");
    p->request.url = deployment_url_at(p->deployment, path, &p->arena);
    if (xd_address_place(p->request.url).p)
        return !fault_set(f, ERR_UNSUPPORTED, 0,
                          "its address has a place for the model: probe by request");
    p->request.headers = deployment_probe_headers(p->deployment, &p->request.n_headers, &p->arena);
    return true;
}

static unsigned
clamp_ms(uint64_t ms)
{
    return ms > UINT32_MAX ? UINT32_MAX : (unsigned)ms;
}

bool
probe_start(struct probe *p, struct lease *l, struct upstream *u, struct fault *f)
{
    const struct config_provider *c = p->deployment->config;
    arena_reset(&p->arena);
    buf_clear(&p->body);
    buf_clear(&p->heard);
    p->status = 0;
    p->dialect = p->deployment->dialect;
    p->remarks = (struct remarks){ .refuses = false };
    p->upstream = u;
    p->keeper = lease_keeper(l, p->deployment);
    p->request = (struct upstream_request){
        .deadlines = { .total_ms = clamp_ms(p->options->timeout) },
        .max_reply = REPLY_MAX,
        .ca_file = c->ca_file,
        .proxy = c->proxy,
        .http = c->http_version == CONFIG_HTTP_2 ? UPSTREAM_HTTP2 : UPSTREAM_HTTP1
    };
    if (!(p->model.p ? aim_at_model(p, f) : aim_at_list(p, f)))
        return false;
    if (p->arena.full)
        return !fault_set(f, ERR_MEMORY, 0, "out of memory");
    p->wait.told = on_credentials;
    p->wait.ctx = p;
    switch (p->keeper ? keeper_ask(p->keeper, &p->wait, f) : KEEPER_READY) {
    case KEEPER_READY:
        return call(p, f);
    case KEEPER_WAITING:
        return true;
    case KEEPER_FAILED:
        break;
    }
    return false;
}
