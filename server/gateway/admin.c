/* The pages of the admin port. */
#include "server/gateway/admin.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "server/config/tree.h"
#include "server/gateway/admin_state.h"
#include "server/gateway/explain.h"
#include "server/gateway/pages.h"
#include "server/gateway/reload.h"
#include "server/gateway/worker.h"
#include "server/log/log.h"

#define REPORT_MAX  ((size_t)4 << 20)
#define EXPLAIN_MAX ((size_t)512 << 20)

/* --- the configuration --------------------------------------------------------------------- */

/* As written: what stands for a secret may be seen, the secret itself not. */
static void
put_scalar(const struct page *p, const struct config *c, const struct node *n, struct jw *j)
{
    for (unsigned i = 0; i < c->n_secrets; i++)
        if (str_eq(c->secrets[i], n->text)) {
            jw_string(j, STR("***"));
            return;
        }
    if (config_node_is_null(n)) {
        jw_null(j);
        return;
    }
    struct buf masked;
    buf_init(&masked, CONFIG_BYTES_MAX);
    log_mask(p->w->service->log, n->text, &masked);
    jw_string(j, buf_str(&masked));
    buf_fini(&masked);
}

static void
put_node(const struct page *p, const struct config *c, const struct node *n, struct jw *j)
{
    switch (n->kind) {
    case NODE_SCALAR:
        put_scalar(p, c, n, j);
        return;
    case NODE_LIST:
        jw_array(j);
        break;
    case NODE_MAP:
        jw_object(j);
        break;
    }
    for (unsigned i = 0; i < n->n; i++) {
        if (n->v[i].key)
            jw_key_escaped(j, n->v[i].key->text);
        put_node(p, c, n->v[i].value, j);
    }
    jw_close(j);
}

static void
answer_config(struct page *p)
{
    const struct gateway *g = worker_gateway(p->w);
    struct jw j;
    jw_init(&j, &p->w->out);
    jw_object(&j);
    admin_state_put_config(p->w, g, &j);
    jw_key(&j, STR("config"));
    put_node(p, g->config, g->config->tree, &j);
    jw_close(&j);
    page_send_out(p, 200);
}

/* --- the state ----------------------------------------------------------------------------- */

static void
answer_state(struct page *p)
{
    struct jw j;
    jw_init(&j, &p->w->out);
    admin_state_put(p->w, worker_gateway(p->w), &j);
    page_send_out(p, 200);
}

/* --- reload -------------------------------------------------------------------------------- */

static void
put_errors(const struct config_errors *errors, struct jw *j)
{
    jw_key(j, STR("errors"));
    jw_array(j);
    for (unsigned i = 0; i < errors->n; i++) {
        const struct config_error *e = &errors->v[i];
        jw_object(j);
        jw_key(j, STR("file"));
        jw_string(j, errors->file);
        if (e->line) {
            jw_key(j, STR("line"));
            jw_int(j, e->line);
            jw_key(j, STR("column"));
            jw_int(j, e->column);
        }
        jw_key(j, STR("message"));
        jw_string(j, e->text);
        jw_close(j);
    }
    jw_close(j);
    if (errors->more) {
        jw_key(j, STR("more_errors"));
        jw_int(j, errors->more);
    }
}

static void
put_changes(const struct reload_report *r, struct jw *j)
{
    jw_key(j, STR("changes"));
    jw_array(j);
    for (unsigned i = 0; i < r->changes.n; i++) {
        jw_object(j);
        jw_key(j, STR("key"));
        jw_string(j, r->changes.v[i].path);
        jw_key(j, STR("change"));
        jw_string(j, str_from(config_change_name(r->changes.v[i].kind)));
        jw_close(j);
    }
    jw_close(j);
    if (r->changes.more) {
        jw_key(j, STR("more_changes"));
        jw_int(j, r->changes.more);
    }
    jw_key(j, STR("waits_for_restart"));
    jw_array(j);
    for (unsigned i = 0; i < r->n_waiting; i++)
        jw_string(j, r->waiting[i]);
    jw_close(j);
}

static void
put_report(const struct reload_report *r, struct jw *j)
{
    jw_object(j);
    jw_key(j, STR("status"));
    jw_string(j, r->ok ? STR("reloaded") : STR("refused"));
    jw_key(j, STR("number"));
    jw_int(j, r->number);
    if (r->ok)
        put_changes(r, j);
    else
        put_errors(&r->errors, j);
    jw_close(j);
}

static void
answer_reload(struct page *p)
{
    static const struct str unable = STR_INIT("there is nothing to reload");
    struct reloader *reloader = p->w->service->reloader;
    struct reload_report *report = reloader ? malloc(sizeof *report) : NULL;
    struct arena a;
    struct jw j;
    if (!report) {
        page_refuse(p, 503, IR_FAULT_INTERNAL, unable);
        return;
    }
    arena_init(&a, REPORT_MAX);
    reload_now(reloader, RELOAD_ADMIN, &a, report);
    jw_init(&j, &p->w->out);
    put_report(report, &j);
    p->message = report->ok ? NULL : "the configuration has errors";
    page_send_out(p, report->ok ? 200 : 422);
    arena_fini(&a);
    free(report);
}

/* --- a request ----------------------------------------------------------------------------- */

/* The head that a client would have sent: its path is in the query, all else is as it is here. */
static struct http_head
asked_head(const struct http_head *h)
{
    struct http_head asked = *h;
    struct str path = h->query.n ? h->query : STR("");
    if (str_starts(path, STR("path=")))
        path = str_skip(path, 5);
    const char *mark = path.n ? memchr(path.p, '?', path.n) : NULL;
    asked.path = str_make(path.p, mark ? (size_t)(mark - path.p) : path.n);
    asked.query = mark ? str_skip(path, asked.path.n + 1) : (struct str){ NULL, 0 };
    return asked;
}

static void
answer_explain(struct page *p)
{
    const struct gateway *g = worker_gateway(p->w);
    const struct http_head head = asked_head(p->head);
    const struct explain_question q = { &head, http_exchange_body(p->http) };
    struct explanation e;
    struct arena a;
    struct jw j;
    arena_init(&a, EXPLAIN_MAX);
    explain(&e, g, &q, &p->w->dice, &a);
    jw_init(&j, &p->w->out);
    explain_put(&e, g, &j);
    page_send_out(p, 200);
    arena_fini(&a);
}

/* --- the log ------------------------------------------------------------------------------- */

/* {"level": "debug"}: until somebody changes it again, or the configuration is reloaded. */
static void
answer_log(struct page *p)
{
    struct log *log = p->w->service->log;
    struct json_doc *doc = &p->w->doc;
    enum log_level level;
    struct fault f;
    struct arena a;
    struct jw j;
    arena_init(&a, REPORT_MAX);
    bool ok = json_doc_parse(doc, http_exchange_body(p->http), &f) == ERR_OK
              && json_kind(doc, JSON_ROOT) == JSON_OBJECT;
    uint32_t at = ok ? json_member(doc, JSON_ROOT, STR("level")) : 0;
    ok = at && json_kind(doc, at) == JSON_STRING && log_level_read(json_text(doc, at, &a), &level);
    arena_fini(&a);
    if (!ok) {
        page_refuse(p, 400, IR_FAULT_INVALID, STR("level must be debug, info, warn or error"));
        return;
    }
    log_set_level(log, level);
    jw_init(&j, &p->w->out);
    jw_object(&j);
    jw_key(&j, STR("level"));
    jw_string(&j, str_from(log_level_name(log_level(log))));
    jw_close(&j);
    page_send_out(p, 200);
}

/* --- which one, and may they? -------------------------------------------------------------- */

enum right { FOR_ALL, FOR_KEY };

/* A page is a line here. */
static const struct {
    struct str method; /* GET: HEAD as well */
    struct str path;
    enum right right;
    void (*answer)(struct page *p);
} table[] = {
    { STR_INIT("GET"), STR_INIT("/health/live"), FOR_ALL, pages_live },
    { STR_INIT("GET"), STR_INIT("/health/ready"), FOR_ALL, pages_ready },
    { STR_INIT("GET"), STR_INIT("/metrics"), FOR_KEY, pages_metrics },
    { STR_INIT("GET"), STR_INIT("/admin/state"), FOR_KEY, answer_state },
    { STR_INIT("GET"), STR_INIT("/admin/config"), FOR_KEY, answer_config },
    { STR_INIT("POST"), STR_INIT("/admin/reload"), FOR_KEY, answer_reload },
    { STR_INIT("POST"), STR_INIT("/admin/log"), FOR_KEY, answer_log },
    { STR_INIT("POST"), STR_INIT("/admin/explain"), FOR_KEY, answer_explain },
};
#define N_TABLE (sizeof table / sizeof table[0])

static bool
has_key(const struct page *p)
{
    struct str key = worker_gateway(p->w)->config->server.admin_key;
    struct str shown = http_head_get(p->head, STR("authorization"));
    if (!key.p) /* it may be gone since the port was opened */
        return !p->w->service->admin_is_public;
    if (shown.n < sizeof "Bearer " || !str_eq_nocase(str_make(shown.p, 7), STR("Bearer ")))
        return false;
    shown = str_trim(str_skip(shown, 7));
    return shown.n == key.n && CRYPTO_memcmp(shown.p, key.p, key.n) == 0;
}

static bool
is_method(const struct page *p, struct str method)
{
    return str_is(method, "GET") ? page_is_reading(p) : str_eq(p->head->method, method);
}

void
admin_answer(struct worker *w, struct http_exchange *http)
{
    struct page p;
    size_t i = 0;
    page_begin(&p, w, http);
    while (i < N_TABLE && !str_eq(p.head->path, table[i].path))
        i++;
    if ((i == N_TABLE || table[i].right == FOR_KEY) && !has_key(&p))
        page_refuse(&p, 401, IR_FAULT_AUTH, STR("the admin port wants its key"));
    else if (i == N_TABLE)
        page_refuse(&p, 404, IR_FAULT_MISSING, STR("no such path"));
    else if (!is_method(&p, table[i].method))
        page_refuse_method(&p, str_is(table[i].method, "GET") ? "GET, HEAD" : "POST");
    else
        table[i].answer(&p);
}
