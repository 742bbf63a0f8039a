/* Model paths to C expressions. */
#include "codegen/target.h"

#include "codegen/dialect.h"

const char *
ctx_c(struct arena *a, const struct ctx *ctx)
{
    switch (ctx->kind) {
    case CTX_RECORD:
        return arena_printf(a, "struct ir_%s", ctx->rec->c).p;
    case CTX_CASE:
    case CTX_UNION:
        return arena_printf(a, "struct ir_%s", ctx->un->c).p;
    case CTX_EVENT:
        return "struct ir_event";
    }
    return "void";
}

const char *
enum_constant(struct arena *a, const struct ir_enum *en, struct str value)
{
    return arena_printf(a, "IR_%s_%s", types_upper(a, en->name.s), types_upper(a, value)).p;
}

const char *
case_constant(struct arena *a, const struct ir_union *u, int ucase)
{
    return arena_printf(a, "IR_%s_%s", types_upper(a, u->name.s),
                        types_upper(a, u->cases.v[ucase].name.s))
        .p;
}

void
suggest_field(struct diag *e, const struct ir_fields *f, struct str name)
{
    struct suggestion s = suggestion_for(name);

    for (unsigned i = 0; i < f->n; i++)
        suggestion_consider(&s, f->v[i].name.s);
    (void)diag_suggest(e, &s);
}

int
want_case(const struct ir_union *u, struct word name, struct diags *d)
{
    int c = types_case(u, name.s);

    if (c >= 0)
        return c;
    struct diag *e = diag_error(d, name.pos, "union '%s' has no case '%.*s'", u->name.s.p,
                                STR_ARG(name.s));
    struct suggestion s = suggestion_for(name.s);
    for (unsigned i = 0; i < u->cases.n; i++)
        suggestion_consider(&s, u->cases.v[i].name.s);
    (void)diag_suggest(e, &s);
    return c;
}

int
want_value(const struct ir_enum *en, struct word name, struct diags *d)
{
    int v = types_value(en, name.s);

    if (v >= 0)
        return v;
    struct diag *e = diag_error(d, name.pos, "enum '%s' has no value '%.*s'", en->name.s.p,
                                STR_ARG(name.s));
    struct suggestion s = suggestion_for(name.s);
    for (unsigned i = 0; i < en->values.n; i++)
        suggestion_consider(&s, en->values.v[i].name.s);
    (void)diag_suggest(e, &s);
    return v;
}

const struct ast_event *
item_event(struct arena *a, const struct ast_event *ev)
{
    static const struct {
        const char *event, *params[4];
    } more[] = {
        { "open", { "part" } }, { "grow", { "part", "piece" } }, { "close", { "part", "block" } },
        { "end", { "reply" } }, { "fail", { "reply" } },
    };
    struct ast_event *out = arena_alloc(a, sizeof *out);

    *out = (struct ast_event){ .name = ev->name };
    for (unsigned i = 0; i < ev->params.n; i++)
        *(struct word *)arena_push(a, (void **)&out->params.v, &out->params.n, &out->params.cap,
                                   sizeof(struct word)) = ev->params.v[i];
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        for (unsigned k = 0; str_is(ev->name.s, more[i].event) && k < 4 && more[i].params[k]; k++)
            *(struct word *)arena_push(
                a, (void **)&out->params.v, &out->params.n, &out->params.cap,
                sizeof(struct word)) = (struct word){ str_from(more[i].params[k]), ev->name.pos };
    return out;
}

static bool
has_param(const struct ast_event *ev, const char *name)
{
    for (unsigned i = 0; i < ev->params.n; i++)
        if (str_is(ev->params.v[i].s, name))
            return true;
    return false;
}

/* What an event of items writes as its places: items are counted as they are written, and each has
 * one part. */
static const char *
item_place(const struct ast_event *ev, struct str name)
{
    if (!has_param(ev, "part"))
        return NULL;
    if (str_is(name, "index"))
        return "x->made";
    if (str_is(name, "piece"))
        return "x->piece";
    return str_is(name, "part") ? "0" : NULL;
}

struct type
event_param(const struct ir_model *ir, const struct ast_event *ev, struct str name)
{
    struct type t = { .kind = TYPE_NONE };
    bool found = false;

    for (unsigned i = 0; i < ev->params.n; i++)
        found |= str_eq(ev->params.v[i].s, name);
    if (!found)
        return t;
    if (str_is(name, "choice") || str_is(name, "index") || str_is(name, "part")
        || str_is(name, "piece")) {
        t.kind = TYPE_INDEX;
        return t;
    }
    for (unsigned i = 0; i < ir->records.n; i++)
        if (str_is(name, ir->records.v[i].c))
            return (struct type){ .kind = TYPE_RECORD, .rec = &ir->records.v[i] };
    for (unsigned i = 0; i < ir->unions.n; i++)
        if (str_is(name, ir->unions.v[i].c))
            return (struct type){ .kind = TYPE_UNION, .un = &ir->unions.v[i] };
    const struct ir_record *choice = types_record(ir, STR("Choice"));
    const struct ir_field *f = choice ? types_field(&choice->fields, name) : NULL;
    return f ? f->type : t;
}

/* The walk along a path. */
struct walk {
    struct arena *a;
    const struct ir_model *ir;
    struct diags *d;
    enum dir dir;
    struct target t;
    bool element; /* t.type is a list, but one element of it is meant (`[0]`) */
};

static const char *
join(struct walk *w, const char *member)
{
    if (w->t.self)
        return arena_printf(w->a, "m->%s", member).p;
    return arena_printf(w->a, "%s.%s", w->t.lvalue, member).p;
}

static void
fail_step(struct walk *w, const struct ast_step *s, const char *in, const struct ir_fields *f)
{
    struct diag *e = diag_error(w->d, s->name.pos, "'%s' has no field '%.*s'", in,
                                STR_ARG(s->name.s));

    if (f)
        suggest_field(e, f, s->name.s);
    w->t.ok = false;
}

static void
take_field(struct walk *w, const struct ast_step *s, const struct ir_fields *f, const char *in)
{
    const struct ir_field *field = types_field(f, s->name.s);

    if (!field) {
        fail_step(w, s, in, f);
        return;
    }
    w->t.lvalue = join(w, field->name.s.p);
    w->t.self = false;
    w->t.type = field->type;
}

/* A case of a union that is a value: select it. */
static void
take_case(struct walk *w, const struct ast_step *s)
{
    const struct ir_union *u = w->t.type.un;
    int c = want_case(u, s->name, w->d);

    if (c < 0) {
        w->t.ok = false;
        return;
    }
    const char *constant = case_constant(w->a, u, c);
    w->t.guard = arena_printf(w->a, "%s.kind == %s", w->t.lvalue, constant).p;
    w->t.select = arena_printf(w->a, "%s.kind = %s;", w->t.lvalue, constant).p;
    w->t.lvalue = arena_printf(w->a, "%s.%s", w->t.lvalue, u->cases.v[c].name.s.p).p;
    w->t.un = u;
    w->t.ucase = c;
}

static void
take_element(struct walk *w, const struct ast_step *s)
{
    const char *list = w->t.lvalue;

    bool record = w->t.type.kind == TYPE_RECORD;
    if (!w->t.type.list || (!record && w->t.type.kind != TYPE_UNION)) {
        diag_error(w->d, s->name.pos, "'%.*s' is not a list of records", STR_ARG(s->name.s));
        w->t.ok = false;
        return;
    }
    w->t.type.list = false;
    if (w->dir == DIR_READ)
        w->t.lvalue = arena_printf(w->a, "(*xd_%s(x, &%s, %d))",
                                   record ? w->t.type.rec->c : w->t.type.un->c, list, s->index)
                          .p;
    else
        w->t.lvalue = arena_printf(w->a, "%s.v[%d]", list, s->index).p;
    w->t.guard = arena_printf(w->a, "%s.n > %d", list, s->index).p;
}

/* blocks.thinking.text: the elements of one case. */
static void
gather(struct walk *w, const struct ast_path *p, unsigned i)
{
    const struct ir_union *u = w->t.type.un;
    int c = want_case(u, p->v[i].name, w->d);

    if (c < 0) {
        w->t.ok = false;
        return;
    }
    w->t.gather = true;
    w->t.list = w->t.lvalue;
    w->t.un = u;
    w->t.ucase = c;
    w->t.type = (struct type){ .kind = TYPE_UNION, .un = u };
    if (i + 1 >= p->n)
        return;
    w->t.field = types_field(&u->cases.v[c].fields, p->v[i + 1].name.s);
    if (!w->t.field)
        fail_step(w, &p->v[i + 1], u->cases.v[c].name.s.p, &u->cases.v[c].fields);
    else
        w->t.type = w->t.field->type;
    if (i + 2 < p->n)
        diag_error(w->d, p->v[i + 2].name.pos,
                   "a path into the blocks of a list ends with a field of the case");
}

static void
step(struct walk *w, const struct ast_path *p, unsigned *i)
{
    const struct ast_step *s = &p->v[*i];

    if (w->t.type.list && w->t.type.kind == TYPE_UNION) {
        gather(w, p, *i);
        *i = p->n;
    } else if (w->t.type.list) {
        diag_error(w->d, s->name.pos, "a list has no field '%.*s'", STR_ARG(s->name.s));
        w->t.ok = false;
    } else if (w->t.type.kind == TYPE_RECORD) {
        take_field(w, s, &w->t.type.rec->fields, w->t.type.rec->name.s.p);
    } else if (w->t.type.kind == TYPE_UNION && w->t.guard && w->t.un == w->t.type.un) {
        take_field(w, s, &w->t.un->cases.v[w->t.ucase].fields,
                   w->t.un->cases.v[w->t.ucase].name.s.p);
    } else if (w->t.type.kind == TYPE_UNION) {
        take_case(w, s);
        return;
    } else {
        diag_error(w->d, s->name.pos, "a value of type %s has no fields", types_name(&w->t.type));
        w->t.ok = false;
    }
    if (w->t.ok && *i < p->n && s->index >= 0)
        take_element(w, s);
}

/* The first step: a field of m, a common field, or an event's parameter. */
static void
start(struct walk *w, const struct ctx *ctx, const struct ast_step *s)
{
    const char *name;

    switch (ctx->kind) {
    case CTX_RECORD:
        w->t.self = true;
        take_field(w, s, &ctx->rec->fields, ctx->rec->name.s.p);
        break;
    case CTX_UNION:
        w->t.self = true;
        take_field(w, s, &ctx->un->common, ctx->un->name.s.p);
        break;
    case CTX_CASE:
        name = ctx->un->cases.v[ctx->ucase].name.s.p;
        if (types_field(&ctx->un->common, s->name.s)) {
            w->t.self = true;
            take_field(w, s, &ctx->un->common, ctx->un->name.s.p);
            break;
        }
        w->t.lvalue = arena_printf(w->a, "m->%s", name).p;
        take_field(w, s, &ctx->un->cases.v[ctx->ucase].fields, name);
        break;
    case CTX_EVENT:
        w->t.type = event_param(w->ir, ctx->event, s->name.s);
        if (w->t.type.kind == TYPE_NONE) {
            diag_error(w->d, s->name.pos, "event '%.*s' has no parameter '%.*s'",
                       STR_ARG(ctx->event->name.s), STR_ARG(s->name.s));
            w->t.ok = false;
            break;
        }
        w->t.lvalue = arena_printf(w->a, "%.*s", STR_ARG(s->name.s)).p;
        if (w->dir == DIR_WRITE && ctx->kinds && str_is(s->name.s, "index"))
            w->t.lvalue = arena_printf(w->a, "xd_ordinal(x, 0x%xu)", ctx->kinds).p;
        else if (w->dir == DIR_WRITE)
            w->t.lvalue = arena_printf(w->a,
                                       w->t.type.kind == TYPE_RECORD || w->t.type.kind == TYPE_UNION
                                           ? "(*e->%s)"
                                           : "e->%s",
                                       w->t.lvalue)
                              .p;
        if (w->dir == DIR_WRITE && item_place(ctx->event, s->name.s))
            w->t.lvalue = item_place(ctx->event, s->name.s);
        break;
    }
    if (w->t.ok && s->index >= 0)
        take_element(w, s);
}

static struct type
self_type(const struct ctx *ctx)
{
    struct type t = { .kind = TYPE_NONE };

    if (ctx->kind == CTX_RECORD)
        t = (struct type){ .kind = TYPE_RECORD, .rec = ctx->rec };
    else if (ctx->kind != CTX_EVENT)
        t = (struct type){ .kind = TYPE_UNION, .un = ctx->un };
    return t;
}

struct target
target_resolve(struct arena *a, const struct ir_model *ir, const struct ctx *ctx,
               const struct ast_path *path, enum dir dir, struct diags *d)
{
    struct walk w = { .a = a, .ir = ir, .d = d, .dir = dir, .t = { .ok = true } };

    if (path->n == 0) {
        w.t.ok = false;
        return w.t;
    }
    if (path->n == 1 && str_is(path->v[0].name.s, "this")) {
        w.t.self = true;
        w.t.lvalue = "(*m)";
        w.t.type = self_type(ctx);
        return w.t;
    }
    start(&w, ctx, &path->v[0]);
    for (unsigned i = 1; i < path->n && w.t.ok; i++)
        step(&w, path, &i);
    return w.t;
}
