/* llmux explain: what would happen to this request?  Nothing is sent. */
#include <stdio.h>

#include "runtime/xd/registry.h"
#include "server/cli/cli.h"
#include "server/cli/explain_live.h"
#include "server/cli/options.h"
#include "server/cli/subject.h"
#include "server/cli/table.h"
#include "server/cli/world.h"
#include "server/gateway/clock.h"
#include "server/gateway/explain.h"

#define COMMAND         "explain"
#define ARENA_BYTES_MAX ((size_t)512 << 20)
#define TEXT_BYTES_MAX  ((size_t)16 << 20)

static const char about[] =
    "Reads a configuration and a request (a body, from FILE or stdin) and prints which deployments\n"
    "would be tried, in order, if each one failed; what each would be asked, and what of the\n"
    "request it would not get.  Nothing is sent.  Strategies that leave it to chance show one\n"
    "possible order.  The path says which API the request speaks; --front says it by name.\n"
    "Exit code 1: nobody would be asked.  How deployments do just now only a running gateway\n"
    "knows: --admin asks its admin port instead, with the key in LLMUX_ADMIN_KEY.";

struct asked {
    struct arena arena;
    struct http_header headers[2];
    struct http_head head;
    struct buf body;
};

/* --- the request --------------------------------------------------------------------------- */

/* Where clients of this dialect send chats. */
static bool
path_of_dialect(struct asked *q, const char *name)
{
    const struct xd_dialect *d = name ? subject_dialect(COMMAND, name) : front_of_headers(&q->head);
    const struct xd_op *op = d ? xd_op(d, XD_OP_CHAT) : NULL;
    if (!d)
        return false;
    if (!op || xd_address_place(op->path).p) {
        options_complain(COMMAND, "its paths say more: write --path instead of --front", d->name);
        return false;
    }
    struct str front = d->nfronts ? d->fronts[0] : STR("/v1");
    q->head.path = arena_printf(&q->arena, "/%.*s%.*s%.*s", (int)strcspn(d->name, "."), d->name,
                                STR_ARG(front), STR_ARG(op->path));
    return true;
}

static void
take_path(struct asked *q, const char *path)
{
    struct str all = str_from(path);
    const char *mark = all.n ? memchr(all.p, '?', all.n) : NULL;
    q->head.path = str_make(all.p, mark ? (size_t)(mark - all.p) : all.n);
    if (mark)
        q->head.query = str_skip(all, q->head.path.n + 1);
}

static bool
take_header(struct asked *q, const char *line)
{
    struct str all = str_from(line);
    const char *colon = all.n ? memchr(all.p, ':', all.n) : NULL;
    if (!colon) {
        options_complain(COMMAND, "no header, write \"name: value\"", line);
        return false;
    }
    struct str name = str_make(all.p, (size_t)(colon - all.p));
    q->headers[q->head.n_headers++] = (struct http_header){ name,
                                                            str_trim(str_skip(all, name.n + 1)) };
    return true;
}

/* --- for people ---------------------------------------------------------------------------- */

static void
print_limit(const char *whose, const struct config_limits *l)
{
    if (l->requests)
        printf("limit     %s: %u requests a minute\n", whose, l->requests);
    if (l->tokens)
        printf("limit     %s: %u tokens a minute\n", whose, l->tokens);
    if (l->parallel)
        printf("limit     %s: %u requests at a time, %u may wait\n", whose, l->parallel, l->queue);
    if (l->adaptive_most)
        printf("limit     %s: up to %u requests at a time, as its latency allows\n", whose,
               l->adaptive_most);
}

static void
print_head(const struct explanation *e, const struct config *c)
{
    if (e->front.op)
        printf("request   %s, %s%s, %zu bytes\n", e->front.dialect->name,
               xd_op_name(e->front.op->kind), e->stream ? ", streamed" : "", e->bytes);
    if (e->model.p)
        printf("model     %.*s%s%.*s\n", STR_ARG(e->model),
               e->pattern.p && !str_eq(e->pattern, e->model) ? ", served as " : "",
               STR_ARG(e->pattern.p && !str_eq(e->pattern, e->model) ? e->pattern : STR("")));
    print_limit("the gateway", &c->limits.gateway);
    print_limit("each client", &c->limits.client);
    for (unsigned i = 0; i < c->limits.n_models; i++)
        if (str_eq(c->limits.models[i].model, e->model))
            print_limit("this model", &c->limits.models[i].limits);
    if (e->pattern.p)
        printf("strategy  %.*s\n", STR_ARG(route_strategy_names[e->strategy]));
}

static void
add_try(struct table *t, const struct explain_try *x, unsigned number)
{
    const struct offer *o = x->candidate.offer;
    struct arena *a = t->arena;
    bool unfit = x->way == EXPLAIN_UNFIT;
    struct str what = unfit ? x->unfit
                            : arena_printf(a, "%s%s%s%.*s", explain_way_name(x->way),
                                           x->candidate.again ? ", once more" : "",
                                           x->redaction.p ? ", " : "", STR_ARG(x->redaction));
    const struct str cells[] = {
        number ? arena_printf(a, "%u", number) : STR("no"),
        o->deployment->config->name,
        x->candidate.name,
        x->upstream_model,
        x->dialect ? str_from(x->dialect->name) : (struct str){ NULL, 0 },
        arena_printf(a, "%.0f %%", x->part * 100),
        x->dropped.n ? x->dropped : (struct str){ NULL, 0 },
        what,
    };
    table_add(t, cells);
}

static void
print_tries(const struct explanation *e, struct arena *a)
{
    struct table t = { .arena = a, .columns = 8 };
    static const struct str heads[] = { STR_INIT("try"),   STR_INIT("provider"), STR_INIT("model"),
                                        STR_INIT("asks"),  STR_INIT("dialect"),  STR_INIT("share"),
                                        STR_INIT("loses"), STR_INIT("request") };
    unsigned number = 0;
    printf("\n");
    table_add(&t, heads);
    for (unsigned i = 0; i < e->n; i++)
        add_try(&t, &e->tries[i], e->tries[i].way == EXPLAIN_UNFIT ? 0 : ++number);
    for (unsigned i = 0; i < e->n_others; i++)
        add_try(&t, &e->others[i], 0);
    table_print(&t);
}

/* --- the answer ---------------------------------------------------------------------------- */

static enum cli_exit
answer(const struct gateway *g, struct asked *q, bool json)
{
    struct explanation e;
    const struct explain_question question = { .head = &q->head, .body = buf_str(&q->body) };
    struct dice dice;
    dice_init(&dice, clock_wall_ms());
    explain(&e, g, &question, &dice, &q->arena);
    if (json) {
        struct buf text;
        struct jw j;
        buf_init(&text, TEXT_BYTES_MAX);
        jw_init(&j, &text);
        explain_put(&e, g, &j);
        printf("%.*s\n", STR_ARG(buf_str(&text)));
        buf_fini(&text);
    } else {
        print_head(&e, g->config);
        if (e.refusal.p)
            printf("refused   %.*s\n", STR_ARG(e.refusal));
        else
            print_tries(&e, &q->arena);
    }
    for (unsigned i = 0; i < e.n; i++)
        if (e.tries[i].way != EXPLAIN_UNFIT)
            return CLI_YES;
    return CLI_NO;
}

/* Who is asked; one of them. */
struct place {
    const char *config, *admin;
};

static enum cli_exit
run(struct asked *q, const struct place *where, const char *path, bool json)
{
    struct service service = { .n_workers = 1 };
    struct config_errors errors = { .n = 0 };
    if (!subject_read(COMMAND, path, &q->body))
        return CLI_NO;
    if (where->admin)
        return explain_live(COMMAND, where->admin, &q->head, buf_str(&q->body), json, &q->arena);
    struct gateway *g = gateway_load(&(struct gateway_source){ .path = where->config }, &service,
                                     NULL, &q->arena, &errors);
    if (!g) {
        world_print_errors(&errors);
        return CLI_NO;
    }
    enum cli_exit code = answer(g, q, json);
    gateway_drop(g);
    return code;
}

int
cmd_explain(int argc, char **argv)
{
    enum { CONFIG, ADMIN, PATH, FRONT, HEADER, JSON, N };
    struct option v[N] = {
        [CONFIG] = { .name = "config",
                     .letter = 'c',
                     .takes = "FILE",
                     .help = "the configuration" },
        [ADMIN] = { .name = "admin",
                    .takes = "URL",
                    .help = "instead: the admin port of a gateway that runs" },
        [PATH] = { .name = "path",
                   .takes = "P",
                   .help = "the path, with its query, that the request is sent to" },
        [FRONT] = { .name = "front",
                    .takes = "D",
                    .help =
                        "instead: the dialect of a chat; default: as for a path\nthat tells none" },
        [HEADER] = { .name = "header", .takes = "H", .help = "one header: \"x-llmux-tags: fast\"" },
        [JSON] = { .name = "json", .help = "for programs" },
    };
    struct options o = { .synopsis = "explain -c FILE | --admin URL [--path P] [--json] [REQUEST]",
                         .about = about,
                         .v = v,
                         .n = N,
                         .operands_max = 1 };
    enum options_result got = options_read(&o, argc, argv);
    if (got != OPTIONS_GO)
        return got == OPTIONS_HELPED ? CLI_YES : CLI_USAGE;
    const struct place where = { v[CONFIG].value, v[ADMIN].value };
    if (!where.config == !where.admin) {
        options_complain(COMMAND, "write one of", "--config FILE, --admin URL");
        return CLI_USAGE;
    }
    struct asked q = { .head = { .method = STR("POST"), .n_headers = 1 } };
    q.headers[0] = (struct http_header){ STR("content-type"), STR("application/json") };
    q.head.headers = q.headers;
    arena_init(&q.arena, ARENA_BYTES_MAX);
    buf_init(&q.body, SUBJECT_BYTES_MAX);
    bool ok = v[HEADER].value ? take_header(&q, v[HEADER].value) : true;
    if (ok && v[PATH].value)
        take_path(&q, v[PATH].value);
    else
        ok = ok && path_of_dialect(&q, v[FRONT].value);
    int code = ok ? (int)run(&q, &where, o.n_operands ? o.operands[0] : NULL, v[JSON].value != NULL)
                  : CLI_USAGE;
    buf_fini(&q.body);
    arena_fini(&q.arena);
    return code;
}
