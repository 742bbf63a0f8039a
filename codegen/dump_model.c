/* See dump_model.h. */
#include "codegen/dump_model.h"

#include "codegen/order.h"
#include "codegen/target.h"

static const char *
spec_type(struct arena *a, const struct type *t)
{
    const char *served = t->kind == TYPE_BOOL ? "flag" : t->kind == TYPE_OPAQUE ? "seal" : "hint";
    const char *name = t->served ? served : types_name(t);
    return arena_printf(a, t->list ? "[%s]%s" : "%s%s", name, t->always ? "!" : "").p;
}

static void
put_fields(struct arena *a, const struct ir_fields *f, const char *indent, struct buf *out)
{
    for (unsigned i = 0; i < f->n; i++)
        buf_printf(out, "%s%-14s %-14s %s\n", indent, f->v[i].name.s.p, spec_type(a, &f->v[i].type),
                   types_c(a, &f->v[i].type));
}

static void
put_enum(struct arena *a, const struct ir_enum *e, struct buf *out)
{
    buf_printf(out, "\nenum %s (enum ir_%s)\n", e->name.s.p, e->c);
    for (unsigned i = 0; i < e->values.n; i++) {
        const struct ast_enum_value *v = &e->values.v[i];
        buf_printf(out, "    %-14.*s IR_%s_%s", STR_ARG(v->name.s), types_upper(a, e->name.s),
                   types_upper(a, v->name.s));
        for (unsigned k = 0; k < v->flags.n; k++)
            buf_printf(out, " %.*s", STR_ARG(v->flags.v[k].s));
        buf_putc(out, '\n');
    }
}

static void
put_union(struct arena *a, const struct ir_union *u, struct buf *out)
{
    buf_printf(out, "\nunion %s (struct ir_%s)\n", u->name.s.p, u->c);
    put_fields(a, &u->common, "    ", out);
    for (unsigned i = 0; i < u->cases.n; i++) {
        buf_printf(out, "    %s (%s)\n", u->cases.v[i].name.s.p, case_constant(a, u, (int)i));
        put_fields(a, &u->cases.v[i].fields, "        ", out);
    }
}

static void
put_events(struct arena *a, const struct ir_model *ir, struct buf *out)
{
    buf_printf(out, "\nevents %.*s\n", STR_ARG(ir->events->name.s));
    for (unsigned i = 0; i < ir->events->events.n; i++) {
        const struct ast_event *ev = &ir->events->events.v[i];
        buf_printf(out, "    %-14.*s IR_EVENT_%s\n", STR_ARG(ev->name.s),
                   types_upper(a, ev->name.s));
        for (unsigned k = 0; k < ev->params.n; k++) {
            struct type t = event_param(ir, ev, ev->params.v[k].s);
            buf_printf(out, "        %-14.*s %s\n", STR_ARG(ev->params.v[k].s), types_c(a, &t));
        }
    }
}

static void
put_policy(const struct policy *p, struct buf *out)
{
    static const char *const also[] = { "", " or a number", " or a class of characters" };

    buf_printf(out, "policy %-18s", p->name.s.p);
    for (unsigned i = 0; i < p->values.n; i++)
        buf_printf(out, " %.*s", STR_ARG(p->values.v[i].name.s));
    buf_printf(out, "%s\n", also[p->takes]);
}

void
dump_model(struct arena *a, const struct ir_model *ir, struct buf *out)
{
    for (unsigned i = 0; i < ir->policies.n; i++)
        put_policy(&ir->policies.v[i], out);
    for (unsigned i = 0; i < ir->enums.n; i++)
        put_enum(a, &ir->enums.v[i], out);
    for (unsigned i = 0; i < ir->records.n; i++) {
        buf_printf(out, "\nrecord %s (struct ir_%s)\n", ir->records.v[i].name.s.p,
                   ir->records.v[i].c);
        put_fields(a, &ir->records.v[i].fields, "    ", out);
    }
    for (unsigned i = 0; i < ir->unions.n; i++)
        put_union(a, &ir->unions.v[i], out);
    if (ir->events)
        put_events(a, ir, out);
}

/* --- orders ----------------------------------------------------------------------------------- */

static void
put_state(const struct order *o, unsigned state, struct buf *out)
{
    buf_printf(out, "  %2u%s ", state, o->accept[state] ? " (end)" : "");
    for (unsigned ev = 0; ev < o->events; ev++) {
        unsigned char next = o->next[state][ev];
        if (next == ORDER_SKIP)
            buf_printf(out, " %.*s:skip", STR_ARG(o->names[ev]));
        else if (next != ORDER_BAD)
            buf_printf(out, " %.*s:%u", STR_ARG(o->names[ev]), next);
    }
    buf_putc(out, '\n');
}

static void
put_order(struct arena *a, const struct dialect *dialect, const struct ast_decl *decl,
          struct diags *d, struct buf *out)
{
    struct str names[ORDER_EVENTS_MAX];
    unsigned n = 0;

    for (unsigned i = 0; i < decl->tag_cases.n && n < ORDER_EVENTS_MAX; i++)
        names[n++] = decl->tag_cases.v[i].tags.v[0].s;
    const struct order *o = order_make(a, &decl->order, names, n, d);
    buf_printf(out, "%s %.*s\n", dialect->name.p, STR_ARG(decl->name.s));
    for (unsigned s = 0; s < o->states; s++)
        put_state(o, s, out);
}

void
dump_order(struct arena *a, const struct dialects *l, struct diags *d, struct buf *out)
{
    for (unsigned i = 0; i < l->n; i++)
        for (unsigned k = 0; k < l->v[i].decls.n; k++) {
            const struct ast_decl *decl = &l->v[i].decls.v[k];
            if (decl->kind == DECL_STREAM && decl->order.regex && dialect_changed(&l->v[i], decl))
                put_order(a, &l->v[i], decl, d, out);
        }
}
