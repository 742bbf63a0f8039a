/* Small answers. */
#include "server/gateway/pages.h"

#include "runtime/base/percent.h"
#include "runtime/base/utf8.h"
#include "runtime/xd/translate.h"
#include "server/gateway/clock.h"
#include "server/gateway/front.h"
#include "server/gateway/measure.h"
#include "server/gateway/request_log.h"
#include "server/gateway/worker.h"

#define SCRATCH_MAX (16u << 20)

/* --- health and models --------------------------------------------------------------------- */

void
pages_live(struct page *p)
{
    p->is_probe = true;
    page_send(p, 200, STR("{\"status\":\"live\"}"));
}

void
pages_ready(struct page *p)
{
    p->is_probe = true;
    if (atomic_load(&p->w->service->draining))
        page_send(p, 503, STR("{\"status\":\"draining\"}"));
    else
        page_send(p, 200, STR("{\"status\":\"ready\"}"));
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
    page_send_out(p, 200);
    xd_fini(&xd);
    arena_fini(&a);
}

/* One model; its name as it stands in the path. */
static void
answer_model(struct page *p, const struct xd_dialect *d, struct str coded)
{
    const struct gateway *g = worker_gateway(p->w);
    struct buf name;
    struct arena a;
    struct xd xd;
    buf_init(&name, coded.n);
    percent_decode(&name, coded);
    if (utf8_valid(name.p, name.n) < name.n || !catalogue_find(&g->catalogue, buf_str(&name))) {
        p->message = "no such model";
        page_refuse(p, 404, IR_FAULT_MISSING, STR("no such model"));
        buf_fini(&name);
        return;
    }
    arena_init(&a, SCRATCH_MAX);
    struct ir_model_entry entry = model_entry(buf_str(&name), p->w->service->started, &a);
    xd_init(&xd, d, d->ops[0].kind, &a, &p->w->out);
    d->write_entry(&xd, &entry);
    page_send_out(p, 200);
    xd_fini(&xd);
    arena_fini(&a);
    buf_fini(&name);
}

/* --- metrics ------------------------------------------------------------------------------- */

void
pages_metrics(struct page *p)
{
    struct buf *out = &p->w->out;
    enum exposition_format f = exposition_choose(http_head_get(p->head, STR("accept")));
    p->is_probe = true;
    if (measure_page_write(p->w, f, out)) {
        p->type = exposition_type(f);
        page_send_out(p, 200);
    } else {
        buf_clear(out);
        p->message = "out of memory";
        page_refuse(p, 500, IR_FAULT_INTERNAL, STR("out of memory"));
    }
}

/* On the port for clients as well, unless the operator does not want that. */
static bool
has_metrics(const struct page *p)
{
    return worker_gateway(p->w)->config->telemetry.data_port;
}

/* --- which one? ---------------------------------------------------------------------------- */

static const struct {
    struct str path;
    void (*answer)(struct page *p);
} fixed[] = {
    { STR_INIT("/health/live"), pages_live },
    { STR_INIT("/health/ready"), pages_ready },
    { STR_INIT("/metrics"), pages_metrics },
};

/* By which an operation is asked for at this path, NULL when there is none. */
static const char *
methods_of(struct str path, struct str query)
{
    bool gets = front_of_request(STR("GET"), path, query).dialect;
    bool deletes = front_of_request(STR("DELETE"), path, query).dialect;
    if (gets)
        return deletes ? "GET, DELETE" : "GET";
    return front_of_path(path, query).dialect ? "POST" : NULL;
}

void
pages_answer(struct worker *w, struct http_exchange *http)
{
    struct page p;
    page_begin(&p, w, http);
    struct str path = p.head->path;
    const char *allowed = methods_of(path, p.head->query);
    if (allowed) {
        page_refuse_method(&p, allowed);
        return;
    }
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (!str_eq(path, fixed[i].path))
            continue;
        if (fixed[i].answer == pages_metrics && !has_metrics(&p))
            break;
        if (page_is_reading(&p))
            fixed[i].answer(&p);
        else
            page_refuse_method(&p, "GET, HEAD");
        return;
    }
    struct str name;
    const struct xd_dialect *lists = front_of_list(p.head, &name);
    if (lists && !page_is_reading(&p)) {
        page_refuse_method(&p, "GET, HEAD");
    } else if (lists && name.p) {
        answer_model(&p, lists, name);
    } else if (lists) {
        answer_models(&p, lists);
    } else {
        p.message = "no such path";
        page_refuse(&p, 404, IR_FAULT_MISSING, STR("no such path"));
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
    page_begin(&p, w, http);
    p.message = reason;
    page_refuse(&p, status, fault_of_status(status), str_from(reason));
}
