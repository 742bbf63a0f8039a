/* Every construct has an inverse. */
#include "codegen/invert.h"

#include "codegen/emit.h"
#include "codegen/order.h"

static bool
reads(enum arrow a)
{
    return a != ARROW_WRITE;
}

static bool
writes(enum arrow a)
{
    return a != ARROW_READ;
}

/* --- tables ----------------------------------------------------------------------------------- */

static bool
shared_word(const struct ast_table_row *a, const struct ast_table_row *b, struct word *out)
{
    for (unsigned i = 0; i < a->wire.n; i++)
        for (unsigned k = 0; k < b->wire.n; k++)
            if (str_eq(a->wire.v[i].s, b->wire.v[k].s)) {
                *out = a->wire.v[i];
                return true;
            }
    return false;
}

static void
check_table(const struct ast_decl *decl, struct diags *d)
{
    for (unsigned i = 0; i < decl->table.n; i++)
        for (unsigned k = 0; k < i; k++) {
            const struct ast_table_row *r = &decl->table.v[i], *s = &decl->table.v[k];
            struct word w;
            if (reads(r->arrow) && reads(s->arrow) && shared_word(r, s, &w)) {
                struct diag *e = diag_error(d, w.pos, "\"%.*s\" is read by two rows", STR_ARG(w.s));
                diag_note(e, s->pos, "the other one");
                diag_help(e, "a word means one value; make one of them write only: <-");
            }
            if (writes(r->arrow) && writes(s->arrow) && str_eq(r->model.s, s->model.s)) {
                struct diag *e = diag_error(d, r->model.pos, "'%.*s' is written by two rows",
                                            STR_ARG(r->model.s));
                diag_note(e, s->pos, "the other one");
                diag_help(e, "a value has one word; make one of them read only: ->");
            }
        }
}

/* --- unions ----------------------------------------------------------------------------------- */

/* Does the case before take all that this one could?  Its condition decides, if it has another. */
static bool
hides(const struct ast_tag_case *before, const struct ast_tag_case *c)
{
    if (!before->when.n)
        return true;
    return c->when.n && path_eq(&before->when, &c->when) && before->is.kind == c->is.kind
           && str_eq(before->is.text.s, c->is.text.s);
}

static void
check_union(const struct ast_decl *decl, struct diags *d)
{
    for (unsigned i = 0; i < decl->tag_cases.n; i++)
        for (unsigned k = 0; k < i; k++) {
            const struct ast_tag_case *r = &decl->tag_cases.v[i], *s = &decl->tag_cases.v[k];
            for (unsigned t = 0; reads(r->arrow) && reads(s->arrow) && t < r->tags.n; t++)
                for (unsigned o = 0; o < s->tags.n && hides(s, r); o++)
                    if (str_eq(r->tags.v[t].s, s->tags.v[o].s)) {
                        struct diag *e = diag_error(d, r->tags.v[t].pos,
                                                    "\"%.*s\" is read by two cases",
                                                    STR_ARG(r->tags.v[t].s));
                        diag_note(e, s->pos, "the other one");
                    }
            if (decl->kind == DECL_UNION && writes(r->arrow) && writes(s->arrow) && r->model.n
                && s->model.n && !s->has.n && path_eq(&r->model.v[0], &s->model.v[0])) {
                struct diag *e = diag_error(d, r->model.v[0].pos, "'%.*s' is written by two cases",
                                            STR_ARG(r->model.v[0].v[0].name.s));
                diag_note(e, s->pos, "the other one");
                diag_help(e, "make one of them read only: ->");
            }
        }
}

/* --- rows ------------------------------------------------------------------------------------- */

static bool
row_reads_model(const struct ast_rows *rows, const struct ast_path *p)
{
    for (unsigned i = 0; i < rows->n; i++) {
        const struct ast_row *r = &rows->v[i];
        if (r->rows && row_reads_model(r->rows, p))
            return true;
        if (r->kind == ROW_MAP && reads(r->arrow) && r->model.n == 1 && path_eq(&r->model.v[0], p))
            return true;
    }
    return false;
}

static void
check_rows(struct arena *a, const struct ast_rows *rows, struct diags *d)
{
    for (unsigned i = 0; i < rows->n; i++) {
        const struct ast_row *r = &rows->v[i];
        if (r->rows)
            check_rows(a, r->rows, d);
        for (unsigned k = 1; r->kind == ROW_MAP && r->arrow == ARROW_BOTH && k < r->model.n; k++)
            if (!row_reads_model(rows, &r->model.v[k])) {
                struct diag *e = diag_error(
                    d, r->model.v[k].pos, "the sum cannot be taken apart: no row reads '%s' alone",
                    path_text(a, &r->model.v[k]).p);
                diag_help(e, "add a row that reads it, or make the sum write only: <-");
            }
        for (unsigned k = 0; k < i; k++) {
            const struct ast_row *s = &rows->v[k];
            bool both = (r->kind == ROW_MAP || r->kind == ROW_CONST)
                        && (s->kind == ROW_MAP || s->kind == ROW_CONST) && r->wire.n && s->wire.n
                        && (r->kind == ROW_CONST || writes(r->arrow))
                        && (s->kind == ROW_CONST || writes(s->arrow));
            if (both && path_eq(&r->wire.v[0], &s->wire.v[0])
                && (r->kind == ROW_MAP) == (s->kind == ROW_MAP)) {
                struct diag *e = diag_error(d, r->wire.v[0].pos, "'%s' is written by two rows",
                                            path_text(a, &r->wire.v[0]).p);
                diag_note(e, s->pos, "the other one");
            }
        }
    }
}

void
invert_check(struct arena *a, const struct ir_model *ir, const struct dialect *dialect,
             struct diags *d)
{
    for (unsigned i = 0; i < dialect->decls.n; i++) {
        const struct ast_decl *decl = &dialect->decls.v[i];
        if (!dialect_changed(dialect, decl))
            continue;
        if (decl->kind == DECL_TABLE)
            check_table(decl, d);
        if (decl->kind == DECL_UNION || decl->kind == DECL_LIST || decl->kind == DECL_STREAM)
            check_union(decl, d);
        check_rows(a, &decl->rows, d);
        for (unsigned k = 0; k < decl->tag_cases.n; k++)
            check_rows(a, &decl->tag_cases.v[k].rows, d);
        if (decl->kind == DECL_STREAM && !decl->patch && decl->order.regex)
            invert_check_order(a, ir, decl, d);
    }
}

/* --- order ------------------------------------------------------------------------------------ */

#define WORD_MAX 64

static const char *
word_text(struct arena *a, const struct order *o, const unsigned *word, unsigned n)
{
    struct str out = { NULL, 0 };

    for (unsigned i = 0; i < n; i++) {
        if (i)
            arena_append(a, &out, STR(" "));
        arena_append(a, &out, o->names[word[i]]);
    }
    return n ? arena_printf(a, "%.*s", STR_ARG(out)).p : "(nothing)";
}

/* The shortest word of o that `other` does not take, and where it stops taking it. */
static void
help_difference(struct arena *a, struct diag *e, const struct order *o, const struct order *other,
                const int *map, const unsigned *word, unsigned n)
{
    unsigned taken = order_takes(other, map, word, n);

    diag_help(e, "the shortest one: %s", word_text(a, o, word, n));
    if (taken == n)
        diag_help(e, "the other side does not end there");
    else
        diag_help(e, "behind '%s' the other side has no '%.*s'", word_text(a, o, word, taken),
                  STR_ARG(other->names[map[word[taken]]]));
}

/* What a framing says without an event. */
static bool
is_framed(struct str event)
{
    return str_is(event, "end") || str_is(event, "beat");
}

/* The number of the model's event that a wire event means. */
static int
meaning(const struct ast_decl *events, const struct ast_tag_case *c)
{
    for (unsigned i = 0; c->model.n && i < events->events.n; i++)
        if (str_eq(events->events.v[i].name.s, c->model.v[0].v[0].name.s))
            return (int)i;
    return -1;
}

/* What the runtime says when the wire does not: why the reply ended, that a block does, with a last word that all is over;
 * and in a stream by frame, whose parts of a block may come one by one, that one begins. */
static bool
is_implied(struct str event, const struct ast_decl *stream)
{
    return str_is(event, "finish") || str_is(event, "close")
           || (str_is(event, "end") && (stream->by_frame || stream->until.s.n))
           || (str_is(event, "open") && stream->by_frame);
}

/* The order with every such event optional; in a stream by frame it may also be said in several. */
static struct ast_regex *
relaxed(struct arena *a, const struct ast_regex *r, const struct ast_decl *stream)
{
    struct ast_regex *copy = arena_alloc(a, sizeof *copy);

    *copy = *r;
    if (r->a)
        copy->a = relaxed(a, r->a, stream);
    if (r->b)
        copy->b = relaxed(a, r->b, stream);
    if (r->kind != REGEX_NAME || !is_implied(r->name.s, stream))
        return copy;
    struct ast_regex *opt = arena_alloc(a, sizeof *opt);
    *opt = (struct ast_regex){ .kind = stream->by_frame && str_is(r->name.s, "finish") ? REGEX_STAR
                                                                                       : REGEX_OPT,
                               .a = copy };
    return opt;
}

/* The kinds of blocks that the stream's events are for, one group a different set; n 0: all alike. */
struct groups {
    unsigned n;
    uint32_t kinds[ORDER_EVENTS_MAX];
};

static struct groups
find_groups(const struct ir_model *ir, const struct ast_decl *stream, struct diags *d)
{
    struct groups g = { .n = 0 };

    for (unsigned i = 0; i < stream->tag_cases.n; i++) {
        const struct ast_tag_case *c = &stream->tag_cases.v[i];
        uint32_t kinds = event_writes(c, STR("open")) ? event_kinds(ir, c, d) : 0;
        bool known = kinds == 0 || g.n == ORDER_EVENTS_MAX;
        for (unsigned k = 0; k < g.n; k++)
            known |= g.kinds[k] == kinds;
        if (!known)
            g.kinds[g.n++] = kinds;
    }
    return g;
}

static bool
is_of_blocks(struct str event)
{
    return str_is(event, "open") || str_is(event, "grow") || str_is(event, "close");
}

/* "open" of group 1: "open 1" */
static struct str
name_in(struct arena *a, struct str event, unsigned group)
{
    return arena_printf(a, "%.*s %u", STR_ARG(event), group);
}

static bool
mentions(const struct ast_regex *r, const char *name)
{
    if (r->kind == REGEX_NAME)
        return str_is(r->name.s, name);
    return (r->a && mentions(r->a, name)) || (r->b && mentions(r->b, name));
}

/* A copy in which the events of blocks are those of one group. */
static struct ast_regex *
of_group(struct arena *a, const struct ast_regex *r, unsigned group)
{
    struct ast_regex *copy = arena_alloc(a, sizeof *copy);

    *copy = *r;
    if (r->a)
        copy->a = of_group(a, r->a, group);
    if (r->b)
        copy->b = of_group(a, r->b, group);
    if (r->kind == REGEX_NAME && is_of_blocks(r->name.s))
        copy->name.s = name_in(a, r->name.s, group);
    return copy;
}

/* (open grow* close)* becomes (open 0 grow 0* close 0 | open 1 grow 1* close 1)*. */
static struct ast_regex *
split_groups(struct arena *a, const struct ast_regex *r, const struct groups *g)
{
    struct ast_regex *copy = arena_alloc(a, sizeof *copy);

    *copy = *r;
    if (r->kind == REGEX_STAR && mentions(r, "open") && mentions(r, "close")) {
        copy->a = of_group(a, r->a, 0);
        for (unsigned i = 1; i < g->n; i++) {
            struct ast_regex *alt = arena_alloc(a, sizeof *alt);
            *alt = (struct ast_regex){ .kind = REGEX_ALT, .a = copy->a, .b = of_group(a, r->a, i) };
            copy->a = alt;
        }
        return copy;
    }
    if (r->a)
        copy->a = split_groups(a, r->a, g);
    if (r->b)
        copy->b = split_groups(a, r->b, g);
    return copy;
}

/* The stream's event that writes this of the model for these kinds of blocks, -1: none. */
static int
writer_of(const struct ir_model *ir, const struct ast_decl *stream, struct str event,
          uint32_t kinds, struct diags *d)
{
    int all = -1;

    for (unsigned i = 0; i < stream->tag_cases.n && i < ORDER_EVENTS_MAX; i++) {
        const struct ast_tag_case *c = &stream->tag_cases.v[i];
        uint32_t own = event_writes(c, event) ? event_kinds(ir, c, d) : 0;
        if (own & kinds)
            return (int)i;
        if (all < 0 && event_writes(c, event) && !own)
            all = (int)i;
    }
    return all;
}

/* The names of the model's events as the stream tells them apart, and who writes each. */
static unsigned
name_events(struct arena *a, const struct ir_model *ir, const struct ast_decl *stream,
            const struct groups *g, struct str *names, int *to_wire, struct diags *d)
{
    unsigned n = 0;

    for (unsigned i = 0; i < ir->events->events.n && n < ORDER_EVENTS_MAX; i++) {
        struct str name = ir->events->events.v[i].name.s;
        unsigned groups = g->n && is_of_blocks(name) ? g->n : 1;
        for (unsigned k = 0; k < groups && n < ORDER_EVENTS_MAX; k++) {
            to_wire[n] = writer_of(ir, stream, name, g->n ? g->kinds[k] : 0, d);
            names[n++] = g->n && is_of_blocks(name) ? name_in(a, name, k) : name;
        }
    }
    return n;
}

/* What the stream need not have an event for: a comment and the last word will do. */
static bool
may_lack(const struct ast_decl *stream, struct str event)
{
    return str_is(event, "beat") || (str_is(event, "end") && stream->until.s.n)
           || (stream->by_frame && is_framed(event));
}

static struct words
without(struct arena *a, const struct words *names, const char *name)
{
    struct words out = { NULL, 0, 0 };

    for (unsigned i = 0; i < names->n; i++)
        if (!str_is(names->v[i].s, name)) {
            struct word *w = arena_push(a, (void **)&out.v, &out.n, &out.cap, sizeof *w);
            *w = names->v[i];
        }
    return out;
}

/* The model's order as the stream can write it. */
static struct ast_order
order_to_write(struct arena *a, const struct ir_model *ir, const struct ast_decl *stream,
               const struct groups *g)
{
    struct ast_order o = ir->events->order;
    bool fails = false;

    if (g->n)
        o.regex = split_groups(a, o.regex, g);
    for (unsigned i = 0; i < stream->tag_cases.n; i++)
        fails |= stream->tag_cases.v[i].arrow == ARROW_BOTH
                 && event_writes(&stream->tag_cases.v[i], STR("fail"));
    if (!fails) /* it ends the stream in an event that otherwise means something else */
        o.final = without(a, &o.final, "fail");
    return o;
}

void
invert_check_order(struct arena *a, const struct ir_model *ir, const struct ast_decl *stream,
                   struct diags *d)
{
    struct str wire[ORDER_EVENTS_MAX], model[ORDER_EVENTS_MAX], said[ORDER_EVENTS_MAX];
    int to_model[ORDER_EVENTS_MAX], to_wire[ORDER_EVENTS_MAX];
    unsigned word[WORD_MAX], nwire = 0, nmodel = 0, before = diags_count(d);

    if (!ir->events)
        return;
    struct groups groups = find_groups(ir, stream, d);
    for (unsigned i = 0; i < ir->events->events.n && i < ORDER_EVENTS_MAX; i++)
        model[nmodel++] = ir->events->events.v[i].name.s;
    for (unsigned i = 0; i < stream->tag_cases.n && i < ORDER_EVENTS_MAX; i++) {
        const struct ast_tag_case *c = &stream->tag_cases.v[i];
        wire[nwire++] = c->tags.n ? c->tags.v[0].s : STR("?");
        to_model[i] = event_is_loose(c) ? -1 : meaning(ir->events, c);
    }
    unsigned nsaid = name_events(a, ir, stream, &groups, said, to_wire, d);
    struct ast_order own = order_of_stream(a, stream);
    struct order *w = order_make(a, &own, wire, nwire, d);
    struct ast_order asked = order_to_write(a, ir, stream, &groups);
    struct order *m = order_make(a, &asked, said, nsaid, d);
    if (diags_count(d) != before)
        return;
    for (unsigned i = 0; i < nsaid; i++)
        if (to_wire[i] < 0 && !may_lack(stream, said[i]) && groups.n == 0)
            diag_help(diag_error(d, stream->pos, "no event of the stream writes '%.*s'",
                                 STR_ARG(said[i])),
                      "\"name\" <-> %.*s { ... }", STR_ARG(said[i]));
    if (diags_count(d) != before)
        return;
    struct ast_order loose = ir->events->order;
    loose.regex = relaxed(a, loose.regex, stream);
    const struct order *r = order_make(a, &loose, model, nmodel, d);
    int n = order_difference(w, r, to_model, word, WORD_MAX);
    if (n >= 0)
        help_difference(a,
                        diag_error(d, stream->order.pos,
                                   "a stream that this order allows means nothing in the model"),
                        w, r, to_model, word, (unsigned)n < WORD_MAX ? (unsigned)n : WORD_MAX);
    n = order_difference(m, w, to_wire, word, WORD_MAX);
    if (n >= 0)
        help_difference(a,
                        diag_error(d, stream->order.pos,
                                   "a reply of the model cannot be written in this order"),
                        m, w, to_wire, word, (unsigned)n < WORD_MAX ? (unsigned)n : WORD_MAX);
}
