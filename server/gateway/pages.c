/* Small answers. */
#include "server/gateway/pages.h"

#include <stdlib.h>

#include "runtime/base/utf8.h"
#include "runtime/xd/translate.h"
#include "server/gateway/clock.h"
#include "server/gateway/front.h"
#include "server/gateway/measure.h"
#include "server/gateway/request_log.h"
#include "server/gateway/worker.h"

#define SCRATCH_MAX (64u << 10)

/* One answer under way. */
struct page {
    struct worker *w;
    struct http_exchange *http;
    const struct http_head *head;
    struct str id;
    char id_text[REQUEST_ID_MADE];
    const char *allow;   /* for 405 */
    const char *message; /* of a refusal, for the log */
    struct str type;     /* of the body; absent: JSON */
    bool is_probe;       /* asked for again and again, by machines */
};

static void
begin(struct page *p, struct worker *w, struct http_exchange *http)
{
    *p = (struct page){ .w = w, .http = http, .head = http_exchange_head(http) };
    p->id = http_head_get(p->head, STR("x-request-id"));
    if (request_id_is_sane(p->id))
        return;
    request_id_make(&w->ids, clock_wall_ms(), &w->dice, p->id_text);
    p->id = str_make(p->id_text, sizeof p->id_text);
}

static void
send(struct page *p, int status, struct str body)
{
    struct http_header h[4];
    size_t n = 0;
    h[n++] = (struct http_header){ STR("content-type"),
                                   p->type.p ? p->type : STR("application/json") };
    h[n++] = (struct http_header){ STR("x-request-id"), p->id };
    if (p->allow)
        h[n++] = (struct http_header){ STR("allow"), str_from(p->allow) };
    request_log_write_plain(p->w->service->log, &(struct request_log_plain){
                                                    .http = p->http,
                                                    .request_id = p->id,
                                                    .status = status,
                                                    .bytes_out = body.n,
                                                    .message = p->message,
                                                    .is_probe = p->is_probe,
                                                });
    if (!p->is_probe)
        measure_page(p->w, status);
    http_reply(p->http, status, h, n, body);
}

/* An error in the words of the dialect that the client seems to speak. */
static void
refuse(struct page *p, int status, enum ir_fault kind, struct str message)
{
    struct arena a;
    struct xd xd;
    struct buf *out = &p->w->out;
    struct front f = front_of(p->head);
    struct ir_error e = { .set = true, .kind = kind, .message = message, .request = p->id };
    e.status = (struct ir_int){ status, true };
    arena_init(&a, SCRATCH_MAX);
    xd_init(&xd, f.dialect, f.dialect->ops[0].kind, &a, out);
    xd_error_write(&xd, &e);
    p->message = p->message ? p->message : "refused";
    send(p, status, buf_str(out));
    buf_clear(out);
    xd_fini(&xd);
    arena_fini(&a);
}

static void
refuse_method(struct page *p, const char *allow)
{
    p->allow = allow;
    p->message = "method not allowed";
    refuse(p, 405, IR_FAULT_INVALID, STR("method not allowed"));
}

/* --- health and models --------------------------------------------------------------------- */

static void
answer_live(struct page *p)
{
    p->is_probe = true;
    send(p, 200, STR("{\"status\":\"live\"}"));
}

static void
answer_ready(struct page *p)
{
    p->is_probe = true;
    if (atomic_load(&p->w->service->draining))
        send(p, 503, STR("{\"status\":\"draining\"}"));
    else
        send(p, 200, STR("{\"status\":\"ready\"}"));
}

static void
answer_models(struct page *p, const struct xd_dialect *d)
{
    const struct gateway *g = worker_gateway(p->w);
    struct arena a;
    struct xd xd;
    arena_init(&a, SCRATCH_MAX);
    struct ir_model_list list = catalogue_list(&g->catalogue, p->w->service->started, &a);
    xd_init(&xd, d, d->ops[0].kind, &a, &p->w->out);
    d->write_list(&xd, &list);
    send(p, 200, buf_str(&p->w->out));
    buf_clear(&p->w->out);
    xd_fini(&xd);
    arena_fini(&a);
}

/* "gpt-4o", or "meta%2Fllama" for "meta/llama". */
static struct str
decode(struct str s, char *to)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char hex[3] = { 0 }, *end = hex;
        if (s.p[i] == '%' && i + 2 < s.n)
            memcpy(hex, s.p + i + 1, 2);
        long v = hex[0] ? strtol(hex, &end, 16) : 0;
        bool coded = end == hex + 2;
        to[n++] = coded ? (char)v : s.p[i];
        i += coded ? 2 : 0;
    }
    return str_make(to, n);
}

static void
answer_model(struct page *p, struct str name)
{
    const struct gateway *g = worker_gateway(p->w);
    char decoded[1024] = "";
    struct jw j;
    name = decode(str_make(name.p, name.n < sizeof decoded ? name.n : 0), decoded);
    if (utf8_valid(name.p, name.n) < name.n || !catalogue_find(&g->catalogue, name)) {
        p->message = "no such model";
        refuse(p, 404, IR_FAULT_MISSING, STR("no such model"));
        return;
    }
    jw_init(&j, &p->w->out);
    model_write(name, p->w->service->started, &j);
    send(p, 200, buf_str(&p->w->out));
    buf_clear(&p->w->out);
}

/* --- metrics ------------------------------------------------------------------------------- */

static void
answer_metrics(struct page *p)
{
    struct buf *out = &p->w->out;
    enum exposition_format f = exposition_choose(http_head_get(p->head, STR("accept")));
    p->is_probe = true;
    if (measure_page_write(p->w, f, out)) {
        p->type = exposition_type(f);
        send(p, 200, buf_str(out));
        buf_clear(out);
    } else {
        buf_clear(out);
        p->message = "out of memory";
        refuse(p, 500, IR_FAULT_INTERNAL, STR("out of memory"));
    }
}

/* On the port for clients as well, unless the operator does not want that. */
static bool
has_metrics(const struct page *p)
{
    return p->w->role == WORKER_ADMIN || worker_gateway(p->w)->config->telemetry.data_port;
}

/* --- which one? ---------------------------------------------------------------------------- */

static const struct {
    struct str path;
    void (*answer)(struct page *p);
} fixed[] = {
    { STR_INIT("/health/live"), answer_live },
    { STR_INIT("/health/ready"), answer_ready },
    { STR_INIT("/metrics"), answer_metrics },
};

static bool
is_reading(const struct http_head *h)
{
    return str_is(h->method, "GET") || str_is(h->method, "HEAD");
}

/* "/v1/models/<name>", "/models/<name>": the name; absent for other paths. */
static struct str
model_of_path(struct str path)
{
    if (str_starts(path, STR("/v1/")))
        path = str_skip(path, 3);
    if (!str_starts(path, STR("/models/")) || path.n == sizeof "/models/" - 1)
        return (struct str){ NULL, 0 };
    return str_skip(path, sizeof "/models/" - 1);
}

void
pages_answer(struct worker *w, struct http_exchange *http)
{
    struct page p;
    begin(&p, w, http);
    struct str path = p.head->path;
    if (front_of_path(path, p.head->query).dialect) {
        refuse_method(&p, "POST");
        return;
    }
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (!str_eq(path, fixed[i].path))
            continue;
        if (fixed[i].answer == answer_metrics && !has_metrics(&p))
            break;
        if (is_reading(p.head))
            fixed[i].answer(&p);
        else
            refuse_method(&p, "GET, HEAD");
        return;
    }
    const struct xd_dialect *lists = front_of_list(p.head);
    if (lists) {
        if (is_reading(p.head))
            answer_models(&p, lists);
        else
            refuse_method(&p, "GET, HEAD");
        return;
    }
    struct str name = model_of_path(path);
    if (name.p && !is_reading(p.head)) {
        refuse_method(&p, "GET, HEAD");
    } else if (name.p) {
        answer_model(&p, name);
    } else {
        p.message = "no such path";
        refuse(&p, 404, IR_FAULT_MISSING, STR("no such path"));
    }
}

static enum ir_fault
fault_of_status(int status)
{
    switch (status) {
    case 408:
        return IR_FAULT_TIMEOUT;
    case 413:
        return IR_FAULT_TOO_LARGE;
    case 503:
        return IR_FAULT_OVERLOADED;
    }
    return IR_FAULT_INVALID;
}

void
pages_refuse(struct worker *w, struct http_exchange *http, int status, const char *reason)
{
    struct page p;
    begin(&p, w, http);
    p.message = reason;
    refuse(&p, status, fault_of_status(status), str_from(reason));
}

void
pages_answer_admin(struct worker *w, struct http_exchange *http)
{
    struct page p;
    begin(&p, w, http);
    if (str_is(p.head->path, "/health/live") && is_reading(p.head))
        answer_live(&p);
    else if (str_is(p.head->path, "/health/ready") && is_reading(p.head))
        answer_ready(&p);
    else if (str_is(p.head->path, "/metrics") && is_reading(p.head))
        answer_metrics(&p);
    else
        refuse(&p, 404, IR_FAULT_MISSING, STR("no such path"));
}
