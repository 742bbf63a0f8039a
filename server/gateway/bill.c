/* Usage out of what passes. */
#include "server/gateway/bill.h"

#include "runtime/xd/translate.h"

static bool
is_json(struct str type)
{
    return str_starts(type, STR("application/json")) || str_starts(type, STR("text/event-stream"));
}

struct bill *
bill_open(const struct xd_dialect *d, const struct xd_op *op, struct str content_type,
          struct arena *a)
{
    struct bill *b = op->read_cost && is_json(content_type) ? arena_alloc(a, sizeof *b) : NULL;
    if (!b)
        return NULL;
    b->dialect = d;
    b->op = op;
    json_pick_init(&b->pick, op->cost_member);
    return b;
}

void
bill_feed(struct bill *b, struct str bytes)
{
    json_pick_feed(&b->pick, bytes.p, bytes.n);
}

struct ir_usage
bill_read(const struct bill *b, struct arena *a)
{
    struct ir_usage u = { 0 };
    struct xd x;
    xd_init_op(&x, b->dialect, b->op, a, NULL);
    struct str text = json_pick_value(&b->pick);
    if (text.n && !json_doc_parse(&x.doc, text, &x.fault)
        && json_kind(&x.doc, JSON_ROOT) == JSON_OBJECT)
        b->op->read_cost(&x, JSON_ROOT, &u);
    u.set = u.input.set || u.output.set;
    u.rest = (struct ir_rest){ 0 };
    xd_fini(&x);
    return u;
}
