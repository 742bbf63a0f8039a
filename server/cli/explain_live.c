/* A call to the admin port, and a table of what came. */
#include "server/cli/explain_live.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/percent.h"
#include "runtime/json/doc.h"
#include "server/cli/options.h"
#include "server/cli/table.h"
#include "server/upstream/upstream.h"

#define REPLY_MAX  ((size_t)64 << 20)
#define URL_MAX    65536u
#define TIMEOUT_MS 30000u
#define HEADERS    8u

/* One call, and what came of it. */
struct asking {
    struct event_base *base;
    struct buf reply;
    int status;
    enum upstream_result result;
};

static void
on_head(void *ctx, const struct upstream_head *head)
{
    ((struct asking *)ctx)->status = head->status;
}

static void
on_data(void *ctx, const char *p, size_t n)
{
    buf_put(&((struct asking *)ctx)->reply, p, n);
}

static void
on_done(void *ctx, const struct upstream_report *report)
{
    struct asking *k = ctx;
    k->result = report->result;
    event_base_loopbreak(k->base);
}

static struct str
address(const char *admin, const struct http_head *head, struct arena *a)
{
    struct str base = str_from(admin), query = head->query;
    struct buf path;
    buf_init(&path, URL_MAX);
    percent_encode(&path, head->path, "/");
    if (query.n)
        percent_encode(&path, arena_printf(a, "?%.*s", STR_ARG(query)), "");
    while (base.n && base.p[base.n - 1] == '/')
        base.n--;
    struct str url = arena_printf(a, "%.*s/admin/explain?path=%.*s", STR_ARG(base),
                                  STR_ARG(buf_str(&path)));
    buf_fini(&path);
    return url;
}

static unsigned
make_headers(const struct http_head *head, struct upstream_header v[HEADERS], struct arena *a)
{
    const char *key = getenv("LLMUX_ADMIN_KEY");
    unsigned n = 0;
    for (size_t i = 0; i < head->n_headers && n < HEADERS - 1; i++)
        v[n++] = (struct upstream_header){ head->headers[i].name, head->headers[i].value };
    if (key)
        v[n++] = (struct upstream_header){ STR("authorization"),
                                           arena_printf(a, "Bearer %s", key) };
    return n;
}

/* False, with the reason in f, when it is not to be had. */
static bool
ask(struct asking *k, const char *admin, const struct http_head *head, struct str body,
    struct arena *a, struct fault *f)
{
    static const struct upstream_handler handler = { on_head, on_data, on_done };
    struct upstream_header headers[HEADERS];
    struct upstream *u = k->base ? upstream_create(k->base, NULL) : NULL;
    const struct upstream_request req = { .method = STR("POST"),
                                          .url = address(admin, head, a),
                                          .headers = headers,
                                          .n_headers = make_headers(head, headers, a),
                                          .body = body,
                                          .deadlines = { .total_ms = TIMEOUT_MS } };
    if (!u)
        return !fault_set(f, ERR_MEMORY, 0, "out of memory");
    bool ok = upstream_start(u, &req, &handler, k, f);
    if (ok)
        event_base_dispatch(k->base);
    upstream_destroy(u);
    if (ok && k->result != UPSTREAM_OK)
        ok = !fault_set(f, ERR_REMOTE, 0, "no answer: %s", upstream_result_name(k->result));
    if (ok && k->status != 200)
        ok = !fault_set(f, ERR_REMOTE, 0, "status %d%s", k->status,
                        k->status == 401 ? ": set LLMUX_ADMIN_KEY" : "");
    return ok;
}

/* --- for people ------------------------------------------------------------------------------ */

static struct str
text(const struct json_doc *d, uint32_t object, const char *key, struct arena *a)
{
    uint32_t at = json_member(d, object, str_from(key));
    if (!at)
        return (struct str){ NULL, 0 };
    return json_kind(d, at) == JSON_STRING ? json_text(d, at, a) : json_raw(d, at);
}

static struct str
seconds(const struct json_doc *d, uint32_t object, struct arena *a)
{
    uint32_t at = json_member(d, object, STR("for_ms"));
    int64_t ms;
    if (!at || !json_int(d, at, &ms))
        return (struct str){ NULL, 0 };
    return arena_printf(a, "%.1f s", (double)ms / 1000);
}

/* Returns how many could be asked. */
static unsigned
add_tries(struct table *t, const struct json_doc *d, const char *key, bool counts)
{
    struct arena *a = t->arena;
    uint32_t list = json_member(d, JSON_ROOT, str_from(key));
    unsigned number = 0;
    if (!list || json_kind(d, list) != JSON_ARRAY)
        return 0;
    for (uint32_t at = list + 1; at < d->nodes[list].next; at = d->nodes[at].next) {
        if (json_kind(d, at) != JSON_OBJECT)
            continue;
        struct str unfit = text(d, at, "unfit", a);
        bool tried = counts && !unfit.p;
        number += tried;
        const struct str cells[] = { tried ? arena_printf(a, "%u", number) : STR("no"),
                                     text(d, at, "provider", a),
                                     text(d, at, "model", a),
                                     text(d, at, "upstream_model", a),
                                     text(d, at, "standing", a),
                                     text(d, at, "why", a),
                                     seconds(d, at, a),
                                     unfit.p ? unfit : text(d, at, "request", a) };
        table_add(t, cells);
    }
    return number;
}

static enum cli_exit
print(const struct json_doc *d, struct arena *a)
{
    static const struct str heads[] = { STR_INIT("try"),  STR_INIT("provider"), STR_INIT("model"),
                                        STR_INIT("asks"), STR_INIT("standing"), STR_INIT("why"),
                                        STR_INIT("for"),  STR_INIT("request") };
    struct table t = { .arena = a, .columns = 8 };
    struct str refused = text(d, JSON_ROOT, "refused", a);
    printf("model     %.*s\n", STR_ARG(text(d, JSON_ROOT, "model", a)));
    if (refused.p) {
        printf("refused   %.*s\n", STR_ARG(refused));
        return CLI_NO;
    }
    printf("strategy  %.*s\n\n", STR_ARG(text(d, JSON_ROOT, "strategy", a)));
    table_add(&t, heads);
    unsigned n = add_tries(&t, d, "candidates", true);
    add_tries(&t, d, "not_tried", false);
    table_print(&t);
    return n ? CLI_YES : CLI_NO;
}

/* Is somebody among the candidates that is fit? */
static enum cli_exit
judge(const struct json_doc *d, struct arena *a)
{
    struct table t = { .arena = a, .columns = 8 };
    return add_tries(&t, d, "candidates", true) ? CLI_YES : CLI_NO;
}

enum cli_exit
explain_live(const char *command, const char *admin, const struct http_head *head, struct str body,
             bool json, struct arena *a)
{
    struct asking k = { .base = event_base_new() };
    struct json_doc doc;
    struct fault f = { .err = ERR_OK };
    enum cli_exit code = CLI_NO;
    buf_init(&k.reply, REPLY_MAX);
    json_doc_init(&doc);
    bool ok = ask(&k, admin, head, body, a, &f) && !json_doc_parse(&doc, buf_str(&k.reply), &f)
              && json_kind(&doc, JSON_ROOT) == JSON_OBJECT;
    if (!ok) {
        options_complain(command, f.err ? f.text : "that is no admin port of llmux", admin);
    } else if (json) {
        printf("%.*s\n", STR_ARG(buf_str(&k.reply)));
        code = judge(&doc, a);
    } else {
        code = print(&doc, a);
    }
    json_doc_fini(&doc);
    buf_fini(&k.reply);
    if (k.base)
        event_base_free(k.base);
    return code;
}
