/* See model.h. */
#include "codegen/model.h"

#include "codegen/order.h"
#include "codegen/target.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const c_keywords[] = {
    "auto",   "break",  "case",     "char",   "const",   "continue", "default",  "do",
    "double", "else",   "enum",     "extern", "float",   "for",      "goto",     "if",
    "inline", "int",    "long",     "return", "short",   "register", "restrict", "signed",
    "sizeof", "static", "struct",   "switch", "typedef", "union",    "unsigned", "void",
    "while",  "bool",   "volatile", "true",   "false",
};

/* What generated/ir.h and runtime/ir/types.h call their own. */
static const char *const own_types[] = { "ir_bool",      "ir_int",   "ir_strs",       "ir_rest",
                                         "ir_rest_item", "ir_event", "ir_event_kind", "ir_policy" };
static const char *const record_members[] = { "set", "rest" };
static const char *const union_members[] = { "kind", "rest" };

/* Names that share a scope in C, with the place that took them. */
struct scope {
    struct arena *a;
    struct diags *d;
    struct taken {
        const char *c;
        struct pos pos;
    } * v;
    unsigned n, cap;
};

static void
reserve(struct scope *s, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *(struct taken *)arena_push(s->a, (void **)&s->v, &s->n, &s->cap,
                                    sizeof *s->v) = (struct taken){ .c = names[i] };
}

/* The spec's word becomes the name c. */
static void
take(struct scope *s, struct word w, const char *c)
{
    for (unsigned i = 0; i < s->n; i++) {
        if (strcmp(s->v[i].c, c) != 0)
            continue;
        struct diag *e = diag_error(s->d, w.pos, "'%.*s' is taken: it becomes %s in C",
                                    STR_ARG(w.s), c);
        if (s->v[i].pos.src)
            diag_note(e, s->v[i].pos, "by this");
        else
            diag_note(e, (struct pos){ NULL, 0, 0 }, "what specc prints uses %s itself", c);
        diag_help(e, "choose another name, such as '%.*s_'", STR_ARG(w.s));
        return;
    }
    reserve(s, &c, 1);
    s->v[s->n - 1].pos = w.pos;
}

static void
check_keyword(struct diags *d, struct word w)
{
    for (size_t i = 0; i < COUNT(c_keywords); i++)
        if (str_is(w.s, c_keywords[i]))
            diag_help(diag_error(d, w.pos, "'%s' is a keyword of C and cannot name a member",
                                 c_keywords[i]),
                      "choose another name, such as '%s_'", c_keywords[i]);
}

static void
take_fields(struct scope *s, const struct ir_fields *f)
{
    for (unsigned i = 0; i < f->n; i++) {
        check_keyword(s->d, f->v[i].name);
        take(s, f->v[i].name, f->v[i].name.s.p);
    }
}

static void
take_type(struct scope *s, struct word name, const char *c, bool listed)
{
    take(s, name, arena_printf(s->a, "ir_%s", c).p);
    if (listed)
        take(s, name, arena_printf(s->a, "ir_%ss", c).p);
}

static void
take_constant(struct scope *s, const char *type, struct word value)
{
    take(s, value, arena_printf(s->a, "IR_%s_%s", type, types_upper(s->a, value.s)).p);
}

static void
check_enums(struct scope *types, struct scope *constants, const struct ir_model *ir)
{
    static const struct word own[] = { { STR_INIT("unset"), { NULL, 0, 0 } },
                                       { STR_INIT("count"), { NULL, 0, 0 } } };
    for (unsigned i = 0; i < ir->enums.n; i++) {
        const struct ir_enum *e = &ir->enums.v[i];
        const char *upper = types_upper(types->a, e->name.s);
        take_type(types, e->name, e->c, false);
        take_constant(constants, upper, own[0]);
        take_constant(constants, upper, own[1]);
        for (unsigned k = 0; k < e->values.n; k++)
            take_constant(constants, upper, e->values.v[k].name);
    }
}

static void
check_union(struct scope *types, const struct ir_union *u)
{
    struct scope members = { .a = types->a, .d = types->d };

    take_type(types, u->name, u->c, u->listed);
    take(types, u->name, arena_printf(types->a, "ir_%s_kind", u->c).p);
    reserve(&members, union_members, COUNT(union_members));
    take_fields(&members, &u->common);
    for (unsigned i = 0; i < u->cases.n; i++) {
        struct scope inner = { .a = types->a, .d = types->d };
        check_keyword(types->d, u->cases.v[i].name);
        take(&members, u->cases.v[i].name, u->cases.v[i].name.s.p);
        take_fields(&inner, &u->cases.v[i].fields);
    }
}

static void
check_names(struct arena *a, const struct ir_model *ir, struct diags *d)
{
    struct scope types = { .a = a, .d = d }, constants = { .a = a, .d = d };

    reserve(&types, own_types, COUNT(own_types));
    check_enums(&types, &constants, ir);
    for (unsigned i = 0; i < ir->records.n; i++) {
        struct scope members = { .a = a, .d = d };
        take_type(&types, ir->records.v[i].name, ir->records.v[i].c, ir->records.v[i].listed);
        reserve(&members, record_members, COUNT(record_members));
        take_fields(&members, &ir->records.v[i].fields);
    }
    for (unsigned i = 0; i < ir->unions.n; i++)
        check_union(&types, &ir->unions.v[i]);
}

/* --- types that hold themselves --------------------------------------------------------------- */

/* A search for `what`, a record or union, among what a value is made of. */
struct search {
    const struct ir_model *ir;
    const void *what;
    bool *records, *unions; /* looked at already */
};

static bool holds(struct search *s, const struct type *t);

static bool
fields_hold(struct search *s, const struct ir_fields *f)
{
    for (unsigned i = 0; i < f->n; i++)
        if (holds(s, &f->v[i].type))
            return true;
    return false;
}

static bool
union_holds(struct search *s, const struct ir_union *u)
{
    for (unsigned i = 0; i < u->cases.n; i++)
        if (fields_hold(s, &u->cases.v[i].fields))
            return true;
    return fields_hold(s, &u->common);
}

/* Does a value of type t contain, not in a list, what is searched for? */
static bool
holds(struct search *s, const struct type *t)
{
    if (t->list || (t->kind != TYPE_RECORD && t->kind != TYPE_UNION))
        return false;
    if (t->rec == s->what || t->un == s->what)
        return true;
    bool *seen = t->rec ? &s->records[t->rec - s->ir->records.v]
                        : &s->unions[t->un - s->ir->unions.v];
    if (*seen)
        return false;
    *seen = true;
    return t->rec ? fields_hold(s, &t->rec->fields) : union_holds(s, t->un);
}

static void
check_holding(struct arena *a, const struct ir_model *ir, const struct ir_fields *f,
              const void *owner, struct word name, struct diags *d)
{
    for (unsigned i = 0; i < f->n; i++) {
        struct search s = { ir, owner, arena_alloc(a, ir->records.n + 1),
                            arena_alloc(a, ir->unions.n + 1) };
        if (holds(&s, &f->v[i].type))
            diag_help(diag_error(d, f->v[i].name.pos, "a '%.*s' would hold another one in '%.*s'",
                                 STR_ARG(name.s), STR_ARG(f->v[i].name.s)),
                      "make it a list: %.*s : [%s]", STR_ARG(f->v[i].name.s),
                      types_name(&f->v[i].type));
    }
}

static void
check_depth(struct arena *a, const struct ir_model *ir, struct diags *d)
{
    for (unsigned i = 0; i < ir->records.n; i++)
        check_holding(a, ir, &ir->records.v[i].fields, &ir->records.v[i], ir->records.v[i].name, d);
    for (unsigned i = 0; i < ir->unions.n; i++) {
        const struct ir_union *u = &ir->unions.v[i];
        check_holding(a, ir, &u->common, u, u->name, d);
        for (unsigned k = 0; k < u->cases.n; k++)
            check_holding(a, ir, &u->cases.v[k].fields, u, u->name, d);
    }
}

/* --- events ----------------------------------------------------------------------------------- */

static void
check_params(const struct ir_model *ir, const struct ast_event *ev, struct diags *d)
{
    for (unsigned i = 0; i < ev->params.n; i++) {
        struct type t = event_param(ir, ev, ev->params.v[i].s);
        if (t.kind != TYPE_NONE)
            continue;
        struct diag *e = diag_error(d, ev->params.v[i].pos,
                                    "'%.*s' is no parameter that an event can have",
                                    STR_ARG(ev->params.v[i].s));
        diag_help(e,
                  "a parameter is choice, index, a type's name in small letters (block, usage),\n"
                  "or a field of the record Choice");
    }
}

static void
check_events(struct arena *a, const struct ir_model *ir, struct diags *d)
{
    const struct ast_decl *decl = ir->events;
    struct str names[ORDER_EVENTS_MAX];
    unsigned n = 0;

    for (unsigned i = 0; i < decl->events.n; i++) {
        const struct ast_event *ev = &decl->events.v[i];
        for (unsigned k = 0; k < i; k++)
            if (str_eq(decl->events.v[k].name.s, ev->name.s)) {
                struct diag *e = diag_error(d, ev->name.pos, "event '%.*s' is declared twice",
                                            STR_ARG(ev->name.s));
                diag_note(e, decl->events.v[k].name.pos, "first here");
            }
        check_params(ir, ev, d);
        if (n < ORDER_EVENTS_MAX)
            names[n++] = ev->name.s;
    }
    if (decl->events.n > ORDER_EVENTS_MAX)
        diag_error(d, decl->pos, "a reply has at most %d events, these are %u", ORDER_EVENTS_MAX,
                   decl->events.n);
    if (decl->order.regex)
        (void)order_make(a, &decl->order, names, n, d);
    else
        diag_help(diag_error(d, decl->pos, "the events have no order"),
                  "say how they follow each other: order { begin (open grow* close)* finish end }");
}

void
model_check(struct arena *a, const struct ir_model *ir, struct diags *d)
{
    check_names(a, ir, d);
    check_depth(a, ir, d);
    if (ir->events)
        check_events(a, ir, d);
}
