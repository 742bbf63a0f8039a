/* Owners of upstream calls for tests; see caller.h. */
#include "tests/lib/caller.h"

#include <dirent.h>
#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HELLO "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

const struct step hello[] = { SEND(HELLO), { 0 } };

static void
maybe_cancel(struct caller *c, enum hook here)
{
    if (c->cancel_in != here)
        return;
    struct caller *victim = c->victim ? c->victim : c;
    upstream_cancel(victim->call);
    c->cancelled = true;
}

static void
on_head(void *ctx, const struct upstream_head *head)
{
    struct caller *c = ctx;
    c->heads++;
    c->status = head->status;
    struct str type = upstream_head_get(head, STR("content-TYPE"));
    snprintf(c->type, sizeof c->type, "%.*s", STR_ARG(type));
    maybe_cancel(c, HOOK_HEAD);
}

static void
on_data(void *ctx, const char *p, size_t n)
{
    struct caller *c = ctx;
    assert_true(n > 0);
    assert_int_equal(c->dones, 0);
    c->pieces++;
    buf_put(&c->body, p, n);
    if (c->pause_in_data)
        upstream_pause(c->call);
    maybe_cancel(c, HOOK_DATA);
}

static void
on_done(void *ctx, const struct upstream_report *report)
{
    struct caller *c = ctx;
    c->dones++;
    c->report = *report;
    snprintf(c->message, sizeof c->message, "%.*s", STR_ARG(report->message));
    maybe_cancel(c, HOOK_DONE);
    c->call = NULL;
}

static const struct upstream_handler handler = { on_head, on_data, on_done };

void
caller_init(struct caller *c, struct world *w)
{
    *c = (struct caller){ .w = w };
    buf_init(&c->body, (size_t)64 << 20);
}

struct upstream_request
request_to(struct world *w, char url[64])
{
    snprintf(url, 64, "http://127.0.0.1:%u/v1/x?key=1", w->port);
    return (struct upstream_request){ .method = STR("POST"),
                                      .url = str_from(url),
                                      .body = STR("{}"),
                                      .http = w->http,
                                      .deadlines = { .connect_ms = 2000, .total_ms = 20000 } };
}

void
caller_start(struct caller *c, const struct upstream_request *req)
{
    struct fault f = { 0 };
    c->call = upstream_start(c->w->up, req, &handler, c, &f);
    assert_string_equal(f.text, "");
    assert_non_null(c->call);
    assert_int_equal(c->heads + c->pieces + c->dones, 0); /* nothing is called inside start */
}

static void
on_guard(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    *(bool *)arg = true;
}

/* Turn the loop until *count reaches n; for at most ten seconds. */
void
run_until(struct world *w, const unsigned *count, unsigned n)
{
    bool late = false;
    struct event *guard = evtimer_new(w->base, on_guard, &late);
    event_add(guard, &(struct timeval){ .tv_sec = 10 });
    while (*count < n && !late)
        event_base_loop(w->base, EVLOOP_ONCE);
    event_free(guard);
    assert_false(late);
}

void
run_for(struct world *w, unsigned ms)
{
    bool late = false;
    struct event *guard = evtimer_new(w->base, on_guard, &late);
    event_add(guard, &(struct timeval){ ms / 1000, ms % 1000 * 1000 });
    while (!late)
        event_base_loop(w->base, EVLOOP_ONCE);
    event_free(guard);
}

void
caller_run(struct caller *c, struct world *w, const struct upstream_request *req)
{
    caller_init(c, w);
    caller_start(c, req);
    run_until(w, &c->dones, 1);
}

void
caller_post(struct caller *c, struct world *w)
{
    char url[64];
    struct upstream_request req = request_to(w, url);
    caller_run(c, w, &req);
}

void
caller_fini(struct caller *c)
{
    buf_fini(&c->body);
}

void
assert_body(const struct caller *c, const char *text)
{
    assert_int_equal(c->body.n, strlen(text));
    assert_memory_equal(c->body.p ? c->body.p : "", text, c->body.n);
}

unsigned
open_files(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

void
world_init(struct world *w, struct ssl_ctx_st *tls, const struct upstream_options *opts)
{
    signal(SIGPIPE, SIG_IGN);
    w->base = event_base_new();
    w->up = upstream_create(w->base, opts);
    w->server = scripted_create(w->base, tls, SCRIPTS(hello));
    w->port = scripted_port(w->server);
}

void
world_fini(struct world *w)
{
    upstream_destroy(w->up);
    scripted_destroy(w->server);
    event_base_free(w->base);
}
