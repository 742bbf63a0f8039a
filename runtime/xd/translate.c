/* Whole documents through a dialect. */
#include "runtime/xd/translate.h"

#include <string.h>

#include "runtime/base/utf8.h"
#include "runtime/ir/reply.h"
#include "runtime/xd/arguments.h"
#include "runtime/xd/call_id.h"
#include "runtime/xd/error.h"
#include "runtime/xd/fault.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/seal.h"
#include "runtime/xd/settle.h"

void
xd_init(struct xd *x, const struct xd_dialect *d, enum xd_op_kind op, struct arena *a,
        struct buf *out)
{
    xd_init_op(x, d, xd_op(d, op), a, out);
}

void
xd_init_op(struct xd *x, const struct xd_dialect *d, const struct xd_op *op, struct arena *a,
           struct buf *out)
{
    memset(x, 0, offsetof(struct xd, w));
    x->dialect = d;
    x->op = op;
    x->mode = XD_LENIENT;
    x->arena = x->keep = a;
    x->out = out;
    x->framing = d->framing;
    json_doc_init(&x->doc);
    jw_init(&x->w, out);
    x->lost = (struct xd_losses){ .n = 0 };
    fault_clear(&x->fault);
    if (!x->op)
        xd_fault(x, ERR_UNSUPPORTED, 0, "%s does not have this operation", d->name);
}

void
xd_fini(struct xd *x)
{
    json_doc_fini(&x->doc);
}

static enum err
parse(struct xd *x, struct str body)
{
    if (!x->err)
        x->err = json_doc_parse(&x->doc, body, &x->fault);
    return x->err;
}

enum err
xd_request_read(struct xd *x, struct str body, struct ir_request *m)
{
    *m = (struct ir_request){ .set = true };
    x->mode = XD_STRICT;
    if (parse(x, body) == ERR_OK)
        x->op->read_request(x, JSON_ROOT, m);
    settle_request(x, m);
    return x->err;
}

/* After a document was written from `start`: all of it, or nothing.  One without members is an object all the same. */
static enum err
finish_document(struct xd *x, size_t start)
{
    if (!x->err && x->out->n == start)
        buf_puts(x->out, STR("{}"));
    xd_check_out(x);
    if (x->err)
        x->out->n = start < x->out->n ? start : x->out->n;
    return x->err;
}

enum err
xd_request_write(struct xd *x, const struct ir_request *m)
{
    size_t start = x->out->n;
    jw_init(&x->w, x->out);
    if (!x->err)
        x->op->write_request(x, m);
    return finish_document(x, start);
}

/* A copy that is valid UTF-8. */
static struct str
sanitized(struct xd *x, struct str body)
{
    struct buf b;
    buf_init(&b, body.n * 3);
    utf8_sanitize(&b, body);
    struct str clean = arena_str(x->arena, buf_str(&b));
    buf_fini(&b);
    if (!clean.p)
        xd_full(x);
    return clean;
}

/* Providers may send what is no UTF-8, which the parser does not take: then what can be made of it. */
static enum err
parse_any(struct xd *x, struct str body)
{
    if (parse(x, body) != ERR_SYNTAX || utf8_valid(body.p, body.n) == body.n)
        return x->err;
    x->err = ERR_OK;
    fault_clear(&x->fault);
    return parse(x, sanitized(x, body));
}

static void
settle_call(struct xd *x, const struct ir_reply *m, unsigned choice, unsigned ordinal,
            struct ir_block *b)
{
    char id[XD_CALL_ID_BYTES];
    if (xd_arguments_blank(b->call.arguments))
        b->call.arguments = STR("{}");
    if (b->call.id.n)
        return;
    xd_call_id(id, m->id, x->now, choice, ordinal);
    b->call.id = arena_str(x->arena, str_make(id, sizeof id));
    if (!b->call.id.p)
        xd_full(x);
}

/* What the stream reader does with a choice in time: blocks that say nothing go, calls have ids,
 * the reason to stop agrees with them. */
static void
settle_choice(struct xd *x, const struct ir_reply *m, unsigned choice, struct ir_choice *c)
{
    unsigned n = 0, calls = 0;
    uint32_t kinds = 0;
    for (unsigned i = 0; i < c->blocks.n; i++) {
        struct ir_block *b = &c->blocks.v[i];
        if (ir_block_is_empty(b)) {
            xd_lose_rest(x, &b->rest);
            continue;
        }
        if (b->kind == IR_BLOCK_CALL)
            settle_call(x, m, choice, calls++, b);
        kinds |= 1u << b->kind;
        c->blocks.v[n++] = *b;
    }
    c->blocks.n = n;
    c->stop = ir_stop_settle(c->stop, kinds);
}

static void
settle_reply(struct xd *x, struct ir_reply *m)
{
    for (unsigned i = 0; i < m->choices.n; i++)
        settle_choice(x, m, i, &m->choices.v[i]);
    m->usage.set = m->usage.set || m->usage.input.set || m->usage.output.set;
    ir_usage_clamp(&m->usage);
}

enum err
xd_reply_read(struct xd *x, struct str body, struct ir_reply *m, struct ir_error *e)
{
    *m = (struct ir_reply){ .set = true };
    if (parse_any(x, body) != ERR_OK)
        return x->err;
    if (xd_error_is_in(x)) {
        xd_error_read(x, body, 0, e);
        xd_fault(x, ERR_REMOTE, 0, "%.*s", STR_ARG(e->message));
        return x->err;
    }
    x->op->read_reply(x, JSON_ROOT, m);
    if (!x->err && m->choices.n == 0 && m->id.n == 0 && m->model.n == 0)
        xd_fault(x, ERR_TYPE, JSON_ROOT, "the body is not a reply of %s", x->dialect->name);
    if (!x->err)
        settle_reply(x, m);
    if (!x->err)
        seal_reply(x, m);
    return x->err;
}

enum err
xd_reply_write(struct xd *x, const struct ir_reply *m)
{
    size_t start = x->out->n;
    jw_init(&x->w, x->out);
    x->made_of = m->id;
    if (!x->err)
        x->op->write_reply(x, m);
    return finish_document(x, start);
}
