/* See page.h. */
#include "server/gateway/page.h"

#include "runtime/xd/translate.h"
#include "server/gateway/clock.h"
#include "server/gateway/discreet.h"
#include "server/gateway/front.h"
#include "server/gateway/measure.h"
#include "server/gateway/request_log.h"
#include "server/gateway/worker.h"

#define SCRATCH_MAX (64u << 10)

void
page_begin(struct page *p, struct worker *w, struct http_exchange *http)
{
    *p = (struct page){ .w = w, .http = http, .head = http_exchange_head(http) };
    p->id = http_head_get(p->head, STR("x-request-id"));
    if (request_id_is_sane(p->id))
        return;
    request_id_make(&w->ids, clock_wall_ms(), &w->dice, p->id_text);
    p->id = str_make(p->id_text, sizeof p->id_text);
}

void
page_send(struct page *p, int status, struct str body)
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

void
page_send_out(struct page *p, int status)
{
    page_send(p, status, buf_str(&p->w->out));
    buf_clear(&p->w->out);
}

void
page_refuse(struct page *p, int status, enum ir_fault kind, struct str message)
{
    struct arena a;
    struct xd xd;
    struct front f = front_of(p->head);
    struct ir_error e = { .set = true, .kind = kind, .message = message, .request = p->id };
    e.status = (struct ir_int){ status, true };
    arena_init(&a, SCRATCH_MAX);
    e = discreet_error(p->w->service->log, &e, &a);
    xd_init(&xd, f.dialect, f.dialect->ops[0].kind, &a, &p->w->out);
    xd_error_write(&xd, &e);
    p->message = p->message ? p->message : "refused";
    page_send_out(p, status);
    xd_fini(&xd);
    arena_fini(&a);
}

void
page_refuse_method(struct page *p, const char *allow)
{
    p->allow = allow;
    p->message = "method not allowed";
    page_refuse(p, 405, IR_FAULT_INVALID, STR("method not allowed"));
}

bool
page_is_reading(const struct page *p)
{
    return str_is(p->head->method, "GET") || str_is(p->head->method, "HEAD");
}
