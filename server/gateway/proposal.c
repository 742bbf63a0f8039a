/* The request as a provider gets it. */
#include "server/gateway/proposal.h"

#include "runtime/json/text.h"
#include "runtime/xd/seal.h"
#include "runtime/xd/translate.h"
#include "server/auth/keeper.h"
#include "server/gateway/body_patch.h"
#include "server/gateway/dropped.h"

/* accept, x-request-id, opt-ins, and what proves who pays */
#define MORE_HEADERS (5u + KEEPER_HEADERS)

/* Bytes that a body may grow by, beside a sixteenth, before its buffer does. */
#define OUT_MARGIN 512u

/* What one call of proposal_make works with. */
struct maker {
    struct proposal *p;
    const struct proposal_source *from;
    const struct deployment *d;
    const struct deployment_call *call;
    struct arena *a;
    struct buf *out;
};

/* --- body ---------------------------------------------------------------------------------- */

/* What lies between the members may differ too, which costs a translation and does no harm. */
static bool
are_same_bytes(const void *a, const void *b, size_t n)
{
    return memcmp(a, b, n) == 0;
}

/* Did the policies leave the request as it was?  They share what they do not change, so it is
 * enough to compare the records themselves. */
static bool
is_unchanged(const struct xd_ask *before, const struct xd_ask *after)
{
    struct xd_ask plain = *after;
    switch (before->kind) {
    case XD_OP_CHAT:
    case XD_OP_COUNT_TOKENS:
        plain.chat.stream_usage = before->chat.stream_usage;
        return are_same_bytes(&plain.chat, &before->chat, sizeof plain.chat);
    case XD_OP_EMBEDDINGS:
        return are_same_bytes(&plain.embed, &before->embed, sizeof plain.embed);
    case XD_OP_RERANK:
        return are_same_bytes(&plain.rerank, &before->rerank, sizeof plain.rerank);
    default:
        return false;
    }
}

static struct str
wire_path(const struct maker *k, const char *path)
{
    for (const struct xd_name *n = k->from->front.op->names; n->model; n++)
        if (strcmp(n->model, path) == 0)
            return str_from(n->wire);
    return (struct str){ NULL, 0 };
}

static struct str
quote(const struct maker *k, struct str s)
{
    struct buf b;
    buf_init(&b, 6 * s.n + 2);
    buf_putc(&b, '"');
    json_escape(&b, s);
    buf_putc(&b, '"');
    struct str quoted = arena_str(k->a, buf_str(&b));
    buf_fini(&b);
    return quoted;
}

/* Shall usage be asked for in a stream though the client did not? */
static bool
asks_usage(const struct maker *k, const struct xd_ask *wanted)
{
    return wanted->kind == XD_OP_CHAT && wanted->chat.stream_usage == IR_TRUE
           && k->from->tape->chat.stream_usage != IR_TRUE;
}

/* The client's bytes, without the marks of seals, and with the model and the wish for usage that `wanted` has. */
static enum err
patch(const struct maker *k, const struct xd_seals *marks, struct xd_ask *wanted)
{
    struct xd_ask tape = *k->from->tape;
    struct str model = *xd_ask_model(wanted);
    struct body_patch edits;
    bool ok = true;
    body_patch_init(&edits, k->from->doc, k->a);
    for (unsigned i = 0; ok && i < marks->n; i++)
        ok = body_patch_cut(&edits, marks->v[i]);
    struct str place = wire_path(k, "model"); /* absent when it stands in the path */
    if (place.p && !str_eq(model, *xd_ask_model(&tape)))
        ok = body_patch_set(&edits, place, quote(k, model));
    struct str usage = wire_path(k, "stream_usage");
    if (ok && usage.p && asks_usage(k, wanted))
        ok = body_patch_set(&edits, usage, STR("true"));
    k->p->body = k->from->body;
    if (edits.n == 0 || !ok)
        return ok ? ERR_OK : ERR_LIMIT;
    body_patch_write(&edits, k->out);
    k->p->body = buf_str(k->out);
    return k->out->err;
}

size_t
proposal_room(struct str body)
{
    return body.n + body.n / 16 + OUT_MARGIN;
}

static enum err
write_body(const struct maker *k, struct xd *x, const struct xd_ask *ask)
{
    size_t room = proposal_room(k->from->body);
    if (room <= k->out->cap)
        buf_room(k->out, room);
    enum err err = xd_ask_write(x, ask);
    k->p->body = buf_str(k->out);
    dropped_add(&k->p->dropped, &x->lost, k->from->front.op, k->a);
    return err;
}

static bool
has_marks(const struct maker *k, const struct xd_ask *asked)
{
    bool talks = asked->kind == XD_OP_CHAT || asked->kind == XD_OP_COUNT_TOKENS;
    return talks && k->call->seal.p;
}

/* Can they be cut out of the client's bytes?  Not if those have escapes there. */
static bool
are_in_body(const struct maker *k, const struct xd_seals *marks)
{
    const char *body = k->from->doc->src;
    for (unsigned i = 0; i < marks->n; i++)
        if (marks->v[i].p < body || marks->v[i].p >= body + k->from->doc->n)
            return false;
    return true;
}

/* A refusal names its place in the model; the client knows it by another name. */
static void
find_place(const struct maker *k, struct str culprit, struct fault *f)
{
    const struct json_doc *d = k->from->doc;
    bool ours = culprit.p >= k->from->body.p && culprit.p < k->from->body.p + k->from->body.n;
    size_t at = ours ? (size_t)(culprit.p - k->from->body.p) : 0;
    uint32_t node = 0;
    for (uint32_t i = JSON_ROOT; ours && i < d->count; i++)
        if (d->nodes[i].at <= at && at < (size_t)d->nodes[i].at + d->nodes[i].n)
            node = i; /* the innermost comes last */
    if (node)
        json_path(d, node, f->path, sizeof f->path);
}

static enum err
make_body(const struct maker *k, struct str model, int64_t now, struct fault *f)
{
    if (k->call->op->passes)
        return passage_write(k->from->passage, k->from->body, k->from->doc, model, k->a, k->out,
                             &k->p->body);
    struct xd_ask asked = *k->from->tape, wanted;
    *xd_ask_model(&asked) = model;
    struct xd x;
    xd_init(&x, k->call->dialect, k->call->op->kind, k->a, k->out);
    x.now = now;
    x.seal = k->call->seal;
    x.verbatim_from = XD_VERBATIM;
    x.source = k->from->doc;
    if (k->p->kindred && has_marks(k, &asked))
        prepare_seals(&x, &asked.chat);
    struct xd_ask plain = asked;
    if (k->from->fetched && k->from->fetched->n
        && !xd_media_put(k->a, &plain.chat, k->from->fetched, &asked.chat)) {
        xd_fini(&x);
        return ERR_LIMIT;
    }
    enum err err = xd_ask_prepare(&x, &asked, &k->d->policies, &wanted);
    k->p->asks_usage = asks_usage(k, &wanted);
    bool copies = k->p->kindred && !k->from->is_new && x.lost.n == 0 && are_in_body(k, &x.sealed)
                  && is_unchanged(&plain, &wanted)
                  && k->call->op->write_request == k->from->front.op->write_request;
    if (!err)
        err = copies ? patch(k, &x.sealed, &wanted) : write_body(k, &x, &wanted);
    *f = x.fault;
    if (err)
        find_place(k, x.culprit, f);
    xd_fini(&x);
    return err;
}

#define OPT_IN STR("-beta")

/* --- headers ------------------------------------------------------------------------------- */

static void
put(struct proposal *p, struct str name, struct str value)
{
    p->headers[p->n_headers++] = (struct upstream_header){ name, value };
}

static bool
has_header(const struct proposal *p, struct str name)
{
    for (unsigned i = 0; i < p->n_headers; i++)
        if (str_eq_nocase(p->headers[i].name, name))
            return true;
    return false;
}

/* Is this "<vendor>-beta"? */
static bool
is_opt_in(struct str name, struct str vendor)
{
    return name.n == vendor.n + OPT_IN.n && str_eq_nocase(str_make(name.p, vendor.n), vendor)
           && str_eq_nocase(str_skip(name, vendor.n), OPT_IN);
}

/* The values of all of them, joined (RFC 9110 5.3); absent without one. */
static struct str
join_opt_ins(const struct maker *k, struct str vendor)
{
    struct str joined = { NULL, 0 };
    for (size_t i = 0; i < k->from->head->n_headers; i++) {
        const struct http_header *h = &k->from->head->headers[i];
        if (!is_opt_in(h->name, vendor))
            continue;
        arena_append(k->a, &joined, joined.n ? STR(",") : STR(""));
        arena_append(k->a, &joined, h->value);
    }
    return joined;
}

/* Vendors let clients opt in to unfinished features with a header "<vendor>-beta", the vendor being
 * the first word of the family's name.  Members of the body may depend on it. */
static void
pass_opt_ins(const struct maker *k)
{
    const char *family = k->from->front.dialect->family;
    const struct str vendor = str_make(family, strcspn(family, "."));
    struct str value = join_opt_ins(k, vendor);
    if (!value.p)
        return;
    struct str name = arena_printf(k->a, "%.*s%.*s", STR_ARG(vendor), STR_ARG(OPT_IN));
    if (has_header(k->p, name))
        return;
    if (k->p->kindred)
        put(k->p, name, value);
    else
        dropped_add_name(&k->p->dropped, name, k->a);
}

/* The type of what is asked for. */
static struct str
accepted(const struct maker *k)
{
    const struct xd_path *streamed = xd_op_streamed(k->call->op);
    if (k->from->tape->kind != XD_OP_CHAT || k->from->tape->chat.stream != IR_TRUE)
        return STR("application/json");
    return framing_type(streamed ? streamed->framing : k->call->dialect->framing);
}

/* What passes keeps the type that the client gave it, and comes back as the client wants it. */
static void
pass_types(const struct maker *k)
{
    struct str type = http_head_get(k->from->head, STR("content-type"));
    struct str accept = http_head_get(k->from->head, STR("accept"));
    for (unsigned i = 0; type.n && i < k->p->n_headers; i++)
        if (str_eq_nocase(k->p->headers[i].name, STR("content-type")))
            k->p->headers[i].value = type;
    if (!has_header(k->p, STR("accept")))
        put(k->p, STR("accept"), accept.n ? accept : STR("*/*"));
}

/* Not if the operator has it say something else: false then.  It is the first header. */
static bool
pass_trace(const struct maker *k)
{
    if (!k->from->traceparent.p)
        return false;
    for (unsigned i = 0; i < k->call->n_headers; i++)
        if (str_eq_nocase(k->call->headers[i].name, STR("traceparent")))
            return false;
    put(k->p, STR("traceparent"), k->from->traceparent);
    k->p->n_sane = k->p->n_headers;
    return true;
}

static void
pass_trace_state(const struct maker *k)
{
    if (k->from->tracestate.p && !has_header(k->p, STR("tracestate")))
        put(k->p, STR("tracestate"), k->from->tracestate);
}

static bool
make_headers(const struct maker *k)
{
    struct proposal *p = k->p;
    p->headers = arena_alloc(k->a, (k->call->n_headers + MORE_HEADERS) * sizeof *p->headers);
    if (!p->headers)
        return false;
    bool is_traced = pass_trace(k);
    for (unsigned i = 0; i < k->call->n_headers; i++)
        p->headers[p->n_headers++] = k->call->headers[i];
    if (k->call->op->passes)
        pass_types(k);
    if (!has_header(p, STR("accept")))
        put(p, STR("accept"), accepted(k));
    if (!has_header(p, STR("x-request-id")))
        put(p, STR("x-request-id"), k->from->request_id);
    if (k->call->are_sane && !k->call->op->passes) /* those are from the client in part */
        p->n_sane = p->n_headers;
    if (is_traced)
        pass_trace_state(k);
    pass_opt_ins(k);
    return !k->a->full;
}

enum err
proposal_make(struct proposal *p, const struct proposal_source *from, const struct deployment *d,
              const struct deployment_call *call, struct str model, int64_t now, struct arena *a,
              struct buf *out, struct fault *f)
{
    *p = (struct proposal){ .kindred = strcmp(from->front.dialect->family, call->dialect->family)
                                       == 0 };
    const struct maker k = { p, from, d, call, a, out };
    f->err = ERR_OK;
    enum err err = make_body(&k, model, now, f);
    if (!err && !make_headers(&k))
        err = ERR_LIMIT;
    if (err && !f->err)
        fault_set(f, err, 0, "the request is too large");
    return err;
}

enum err
proposal_target(const struct front *front, const struct deployment *d,
                struct deployment_call *target, struct fault *f)
{
    const struct xd_op *op = front->op;
    if (deployment_call(d, front->dialect, op->kind, target) && target->op->passes == op->passes
        && (!op->passes || strcmp(front->dialect->family, target->dialect->family) == 0))
        return ERR_OK;
    return fault_set(f, ERR_UNSUPPORTED, 0, "provider %.*s does not have %s%s",
                     STR_ARG(d->config->name), xd_op_name(op->kind),
                     op->passes ? " in the form of this API" : "");
}
