/* The loop of a worker, and the little that is not the emulation itself. */
#include "server/mock/worker.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/http/listener.h"
#include "server/mock/visit.h"

#define CONNECTIONS_MAX 100000
#define HOUR_MS         3600000

static const struct http_header json_type = { STR_INIT("content-type"),
                                              STR_INIT("application/json") };

/* /mock/stats and /mock/last. */
static void
answer_question(struct mock_worker *w, struct http_exchange *x, struct str path)
{
    struct buf out;
    buf_init(&out, (size_t)256 << 20);
    if (str_is(path, "/mock/stats"))
        mock_witness_stats(w->setting->witness, &out);
    else if (str_is(path, "/mock/last"))
        mock_witness_last(w->setting->witness, &out);
    http_reply(x, out.n ? 200 : 404, &json_type, 1, buf_str(&out));
    buf_fini(&out);
}

/* The fast way: no parsing, no memory, no timer. */
static bool
answer_fixed(struct mock_worker *w, struct http_exchange *x, const struct mock_route *route)
{
    const struct mock_options *o = w->setting->options;
    if (!o->fixed.set || o->n_chances || !mock_manner_is_plain(&o->manner))
        return false;
    enum mock_form form = mock_fixed_form(route, http_exchange_body(x));
    const struct http_header type = { STR("content-type"), framing_type(route->asked.framing) };
    struct str body = mock_fixed_reply(&w->fixed, &o->fixed, route, form);
    if (form == MOCK_FORM_WHOLE) {
        http_reply(x, 200, &json_type, 1, body);
        return true;
    }
    atomic_fetch_add(&w->setting->witness->streams, 1);
    http_reply_begin(x, 200, &type, 1, HTTP_LENGTH_UNKNOWN);
    http_reply_body(x, body);
    http_reply_end(x);
    return true;
}

static void
on_request(void *ctx, struct http_exchange *x)
{
    struct mock_worker *w = ctx;
    struct str path = http_exchange_head(x)->path, query = http_exchange_head(x)->query;
    struct mock_route route;
    if (str_starts(path, STR("/mock/"))) {
        answer_question(w, x, path);
        return;
    }
    atomic_fetch_add(&w->setting->witness->requests, 1);
    w->requests++;
    if (!mock_route_find(http_exchange_head(x)->method, path, query, &route)
        && !mock_route_find(STR("POST"), path, query, &route)) {
        http_reply(x, 404, &json_type, 1,
                   STR("{\"error\":{\"type\":\"not_found_error\",\"message\":\"no such path\"}}"));
        return;
    }
    if (!answer_fixed(w, x, &route))
        mock_visit(w, x, &route);
}

static void
on_gone(void *ctx, struct http_exchange *x)
{
    struct mock_worker *w = ctx;
    atomic_fetch_add(&w->setting->witness->aborted, 1);
    mock_delivery_gone(http_exchange_data(x));
}

static void
on_drained(void *ctx, struct http_exchange *x)
{
    (void)ctx;
    mock_delivery_drained(http_exchange_data(x));
}

static void
on_stop(evutil_socket_t fd, short what, void *arg)
{
    struct mock_worker *w = arg;
    (void)fd;
    (void)what;
    event_base_loopbreak(w->base);
}

static bool
create_server(struct mock_worker *w, int fd)
{
    struct http_limits limits = HTTP_LIMITS;
    const struct http_handler handler = {
        .ctx = w, .request = on_request, .gone = on_gone, .drained = on_drained
    };
    limits.max_connections = CONNECTIONS_MAX;
    limits.idle_ms = HOUR_MS;
    w->server = http_server_create(w->base, &limits, &handler);
    if (!w->server) {
        close(fd);
        return false;
    }
    return http_listener_create(w->server, fd, w->setting->tls) == ERR_OK;
}

bool
mock_worker_init(struct mock_worker *w, const struct mock_setting *setting, int fd, struct fault *f)
{
    *w = (struct mock_worker){ .setting = setting, .base = event_base_new() };
    w->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (w->base && w->stop_fd >= 0)
        w->stop_event = event_new(w->base, w->stop_fd, EV_READ, on_stop, w);
    if (!w->stop_event || event_add(w->stop_event, NULL) != 0)
        close(fd);
    else if (create_server(w, fd))
        return true;
    fault_set(f, ERR_MEMORY, 0, "no memory or descriptors for a worker");
    mock_worker_fini(w);
    return false;
}

void
mock_worker_run(struct mock_worker *w)
{
    event_base_dispatch(w->base);
}

void
mock_worker_stop(struct mock_worker *w)
{
    uint64_t one = 1;
    ssize_t n = write(w->stop_fd, &one, sizeof one);
    (void)n; /* it can only fail when the counter is full, and then the loop wakes anyway */
}

void
mock_worker_fini(struct mock_worker *w)
{
    if (w->server)
        http_server_destroy(w->server);
    if (w->stop_event)
        event_free(w->stop_event);
    if (w->base)
        event_base_free(w->base);
    if (w->stop_fd >= 0)
        close(w->stop_fd);
    mock_fixed_fini(&w->fixed);
}
