/* Streams of items: an event begins or ends an item, a part of one, or brings a piece of it, and what
 * came in pieces is said again as a whole.
 *
 *   read    what the whole says beyond its pieces is taken from it (runtime/xd/flow_items.c)
 *   write   the writer collects the reply; each event of the model is written as all events of the
 *           wire that name it, for the block's kind or the reason to stop */
#include "codegen/emit.h"

static const struct ast_event *
find_event(struct emit *e, struct word name)
{
    const struct ast_decl *events = e->ir->events;

    for (unsigned i = 0; events && i < events->events.n; i++)
        if (str_eq(events->events.v[i].name.s, name.s))
            return item_event(e->a, &events->events.v[i]);
    diag_error(e->diags, name.pos, "the model has no event '%.*s'", STR_ARG(name.s));
    return NULL;
}

static bool
is_event(const struct ast_event *ev, const char *name)
{
    return str_is(ev->name.s, name);
}

/* One event of the wire. */
struct said {
    const struct ast_decl *decl;
    const struct ast_tag_case *c;
    const struct ast_event *ev;
    const char *name;            /* of its functions */
    uint32_t mask;               /* of block kinds or stops that the case names; 0: all */
    struct body *b;              /* with the rows of each { } */
    const struct row_use *whole; /* the row with the block or reply, or NULL */
    const struct row_use *each;  /* the row of a list of which the event brings one element */
    bool element;                /* the block is an element of a list of items */
};

static bool
begins_with(const struct ast_path *p, const char *name)
{
    return p->n > 0 && str_is(p->v[0].name.s, name);
}

/* open.call | open.text, end.length: the kinds or reasons for which the case stands. */
static uint32_t
case_mask(struct emit *e, const struct said *s)
{
    const struct ir_union *blocks = types_union(e->ir, STR("Block"));
    const struct ir_enum *stops = types_enum(e->ir, STR("Stop"));
    uint32_t mask = 0;

    for (unsigned i = 0; i < s->c->model.n; i++) {
        const struct ast_path *p = &s->c->model.v[i];
        if (!str_eq(p->v[0].name.s, s->ev->name.s))
            diag_error(e->diags, p->pos, "a case is one event, for several kinds of it");
        if (p->n < 2)
            continue;
        int n = is_event(s->ev, "end") ? want_value(stops, p->v[1].name, e->diags)
                                       : want_case(blocks, p->v[1].name, e->diags);
        if (n >= 0)
            mask |= 1u << (n + 1);
    }
    return mask;
}

static void
look_at_rows(struct emit *e, struct said *s)
{
    for (unsigned i = 0; i < s->b->uses.n; i++) {
        const struct row_use *u = &s->b->uses.v[i];
        if (u->r->kind != ROW_MAP || !u->r->model.n)
            continue;
        const struct ast_path *p = &u->r->model.v[0];
        if (!begins_with(p, "block"))
            continue;
        if (p->v[p->n - 1].index == STEP_ALL)
            s->each = u;
        else
            s->whole = u;
        const struct ast_decl *form = u->r->forms.n ? dialect_decl(e->d, u->r->forms.v[0].name.s)
                                                    : NULL;
        s->element |= form && form->kind == DECL_LIST;
    }
}

/* The rows of each { }. */
static const struct ast_rows *
each_rows(const struct ast_decl *decl)
{
    for (unsigned i = 0; i < decl->rows.n; i++)
        if (decl->rows.v[i].kind == ROW_EACH)
            return decl->rows.v[i].rows;
    return NULL;
}

/* What losses in it are called by. */
static const char *
c_inner(struct arena *a, struct str tag)
{
    return arena_printf(a, "%.*s", STR_ARG(tag)).p;
}

static bool
make(struct emit *e, struct said *s, const struct ast_decl *decl, unsigned i)
{
    *s = (struct said){ .decl = decl, .c = &decl->tag_cases.v[i] };
    s->ev = s->c->model.n ? find_event(e, s->c->model.v[0].v[0].name) : NULL;
    if (!s->ev || !s->c->tags.n)
        return false;
    struct ctx ctx = { .kind = CTX_EVENT, .ucase = -1, .event = s->ev };
    s->name =
        arena_printf(e->a, "%s_%u_%s", decl_name(e, decl), i, c_word(e->a, s->c->tags.v[0].s)).p;
    s->mask = case_mask(e, s);
    s->b = body_make(e, &ctx, s->name, c_inner(e->a, s->c->tags.v[0].s), &s->c->rows,
                     each_rows(decl));
    body_know_name(e, s->b, decl->by.s);
    s->b->tag = decl->by.s;
    s->b->tag_wire = s->c->tags.v[0].s;
    if (s->b->rest == REST_KEEP)
        s->b->rest = REST_NOTE; /* an event has no place to keep them */
    look_at_rows(e, s);
    return true;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void
emit_locals(struct emit *e, const struct said *s)
{
    static const char *const places[] = { "index", "part", "piece" };
    bool blocks = is_event(s->ev, "open") || is_event(s->ev, "grow") || is_event(s->ev, "close");

    for (unsigned i = 0; blocks && i < 3; i++)
        if (i < 2 || is_event(s->ev, "grow"))
            em(e, "    unsigned %s = 0;\n", places[i]);
    if (s->element)
        em(e, "    struct ir_turn turn = { 0 };\n");
    else if (blocks && (s->whole || s->each))
        em(e, "    struct ir_block block = { 0 };\n");
    if (is_event(s->ev, "begin") || is_event(s->ev, "end"))
        em(e, "    struct ir_reply reply = { 0 };\n");
    if (is_event(s->ev, "fail"))
        em(e, "    struct ir_error error = { 0 };\n");
}

static void
emit_flow_call(struct emit *e, const struct said *s)
{
    const char *blocks = "&one";

    if (s->element) {
        blocks = "&turn.blocks";
        em(e, "    xd_lose_rest(x, &turn.rest);\n");
    } else if ((is_event(s->ev, "open") || is_event(s->ev, "close")) && s->whole) {
        em(e, "    const struct ir_blocks one = { &block, 1, 1 };\n");
    }
    if (is_event(s->ev, "open"))
        em(e, "    xd_flow_open_item(x, index, part, %s, 0x%xu);\n", blocks,
           s->mask ? s->mask : ~0u);
    else if (is_event(s->ev, "grow"))
        em(e, "    xd_flow_grow_item(x, index, part, piece, &block);\n");
    else if (is_event(s->ev, "close") && s->element)
        em(e, "    (void)part;\n    xd_flow_close_item(x, index, &turn.blocks);\n");
    else if (is_event(s->ev, "close"))
        em(e, "    xd_flow_close_part(x, index, part, %s);\n",
           s->whole ? blocks : "&(const struct ir_blocks){ 0 }");
    else if (is_event(s->ev, "end"))
        em(e, "    xd_flow_end_items(x, &reply);\n");
    else if (is_event(s->ev, "begin"))
        em(e, "    xd_flow_begin(x, &reply);\n");
    else if (is_event(s->ev, "fail"))
        em(e, "    xd_flow_fail(x, &error);\n");
    else
        em(e, "    xd_flow_%.*s(x);\n", STR_ARG(s->ev->name.s));
}

/* The list of which an event brings elements, in one direction. */
static struct target
list_target(struct emit *e, const struct said *s, enum dir dir)
{
    struct ast_path p = s->each->r->model.v[0];
    struct ast_step *steps = arena_alloc(e->a, p.n * sizeof *steps);

    memcpy(steps, p.v, p.n * sizeof *steps);
    steps[p.n - 1].index = STEP_NONE;
    p.v = steps;
    return target_resolve(e->a, e->ir, &s->b->ctx, &p, dir, e->diags);
}

static const struct ast_decl *
element_decl(struct emit *e, const struct said *s)
{
    const struct ast_decl *decl = s->each->r->forms.n == 1
                                      ? dialect_decl(e->d, s->each->r->forms.v[0].name.s)
                                      : NULL;

    if (decl && decl->kind == DECL_UNION)
        return decl;
    diag_error(e->diags, s->each->r->pos, "an element of a list needs a union as its form");
    return NULL;
}

static void
read_element(struct emit *e, const struct said *s)
{
    struct target t = list_target(e, s, DIR_READ);
    const struct ast_decl *item = element_decl(e, s);

    if (!t.ok || !item)
        return;
    em(e, "    if (v[%d]) {\n        XD_SEEN(seen_read, %d);\n", s->each->slots[0],
       s->each->number);
    if (t.select)
        em(e, "        %s\n", t.select);
    em(e, "        struct ir_%s *item = XD_PUSH(x, &%s);\n", t.type.un->c, t.lvalue);
    em(e, "        if (item && !%s(x, v[%d], item))\n            %s.n--;\n    }\n",
       own_reader(e, item), s->each->slots[0], t.lvalue);
}

static void
emit_reader(struct emit *e, const struct said *s)
{
    struct body rest = *s->b;

    em(e, "static void\nread_%s(struct xd *x, uint32_t at)\n{\n", s->name);
    emit_locals(e, s);
    em(e, "    uint32_t v[%u];\n\n    if (!xd_scan(x, at, &%s_shape, v, NULL))\n        return;\n",
       s->b->slots ? s->b->slots : 1, s->b->shape);
    rest.uses = (struct row_uses){ NULL, 0, 0 };
    for (unsigned i = 0; i < s->b->uses.n; i++)
        if (&s->b->uses.v[i] != s->each)
            *(struct row_use *)arena_push(e->a, (void **)&rest.uses.v, &rest.uses.n, &rest.uses.cap,
                                          sizeof(struct row_use)) = s->b->uses.v[i];
    e->fragments = true;
    emit_read_rows(e, &rest);
    if (s->each)
        read_element(e, s);
    e->fragments = false;
    emit_flow_call(e, s);
    em(e, "}\n\n");
}

/* --- writing ---------------------------------------------------------------------------------- */

static void
open_frame(struct emit *e, const struct said *s)
{
    em(e, "    xd_frame_open(x, STR(%s));\n    jw_object(&x->w);\n",
       c_string(e->a, s->c->tags.v[0].s));
}

/* One frame for each element of the list that can be written. */
static void
write_elements(struct emit *e, const struct said *s)
{
    struct target t = list_target(e, s, DIR_WRITE);
    const struct ast_decl *item = element_decl(e, s);
    struct body rest = *s->b;

    if (!t.ok || !item)
        return;
    const char *key = c_string(e->a, s->each->r->wire.v[0].v[0].name.s);
    rest.uses = (struct row_uses){ NULL, 0, 0 };
    for (unsigned i = 0; i < s->b->uses.n; i++)
        if (&s->b->uses.v[i] != s->each)
            *(struct row_use *)arena_push(e->a, (void **)&rest.uses.v, &rest.uses.n, &rest.uses.cap,
                                          sizeof(struct row_use)) = s->b->uses.v[i];
    em(e, "    for (unsigned i = 0; i < %s.n; i++) {\n", t.lvalue);
    open_frame(e, s);
    emit_write_rows(e, &rest);
    em(e, "    jw_key(&x->w, STR(%s));\n    if (!%s(x, &%s.v[i])) {\n", key, own_writer(e, item),
       t.lvalue);
    em(e, "        xd_frame_drop(x);\n        continue;\n    }\n    XD_SEEN(seen_written, %d);\n",
       s->each->number);
    em(e, "    jw_close(&x->w);\n    xd_frame_close(x);\n    x->piece++;\n    }\n");
}

static void
emit_writer(struct emit *e, const struct said *s)
{
    em(e, "static void\nwrite_%s(struct xd *x, const struct ir_event *e)\n{\n    (void)e;\n",
       s->name);
    if (s->each) {
        write_elements(e, s);
        em(e, "}\n\n");
        return;
    }
    if (is_event(s->ev, "grow") && s->whole) {
        struct target t = target_resolve(e->a, e->ir, &s->b->ctx, &s->whole->r->model.v[0],
                                         DIR_WRITE, e->diags);
        if (t.ok)
            em(e, "    if (!(%s))\n        return;\n", types_present(e->a, &t.type, t.lvalue));
    }
    open_frame(e, s);
    if (is_event(s->ev, "open"))
        em(e, "    x->skeleton = true;\n");
    emit_write_rows(e, s->b);
    if (is_event(s->ev, "open"))
        em(e, "    x->skeleton = false;\n");
    em(e, "    jw_close(&x->w);\n    xd_frame_close(x);\n}\n\n");
}

/* --- the whole stream ------------------------------------------------------------------------- */

struct saids {
    struct said *v;
    unsigned n, cap;
};

static void
emit_read_dispatch(struct emit *e, const struct ast_decl *decl, const struct saids *l,
                   const char *name)
{
    em(e, "static const struct xd_tag %s_tags_v[] = {\n", name);
    for (unsigned i = 0; i < l->n; i++)
        for (unsigned k = 0; l->v[i].c->arrow != ARROW_WRITE && k < l->v[i].c->tags.n; k++)
            em(e, "    { STR_INIT(%s), %u },\n", c_string(e->a, l->v[i].c->tags.v[k].s), i);
    em(e,
       "};\nstatic const struct xd_tags %s_tags = {\n    STR_INIT(%s), %s_tags_v, sizeof %s_tags_v / sizeof *%s_tags_v, %u,\n};\n\n",
       name, c_string(e->a, decl->by.s), name, name, name, l->n);
    em(e, "static void\nread_%s(struct xd *x, struct str name, uint32_t at)\n{\n    (void)name;\n",
       name);
    em(e, "    switch (xd_tag(x, at, &%s_tags)) {\n", name);
    for (unsigned i = 0; i < l->n; i++) {
        const struct ast_tag_case *c = l->v[i].c;
        if (c->arrow == ARROW_WRITE)
            continue;
        em(e,
           "    case %u:\n        XD_SEEN(seen_read, %d);\n        read_%s(x, at);\n        break;\n",
           i, emit_number(e, c->pos, c->arrow, false), l->v[i].name);
    }
    em(e, "    default:\n        break; /* what such an event says comes again in a whole */\n");
    em(e, "    }\n}\n\n");
}

/* The kinds of blocks that are written at all: those that some event opens. */
static uint32_t
carried(struct emit *e, const struct saids *l)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < l->n; i++) {
        const struct said *s = &l->v[i];
        if (!is_event(s->ev, "open") || s->c->arrow == ARROW_READ)
            continue;
        if (s->mask || !s->whole || !s->whole->r->forms.n)
            mask |= s->mask ? s->mask : ~0u;
        else
            mask |= routes_mask(e, find_decl(e, s->whole->r->forms.v[0].name));
    }
    return mask;
}

static void
write_case(struct emit *e, const struct said *s)
{
    const char *what = is_event(s->ev, "end") ? "xd_reply_stop(e->reply)" : "e->block->kind";

    if (s->mask)
        em(e, "        if ((0x%xu >> %s) & 1) {\n", s->mask, what);
    em(e, "        XD_SEEN(seen_written, %d);\n        write_%s(x, e);\n",
       emit_number(e, s->c->pos, s->c->arrow, false), s->name);
    if (s->mask)
        em(e, "        }\n");
}

static void
emit_write_dispatch(struct emit *e, const struct saids *l, const char *name)
{
    const struct ast_decl *events = e->ir->events;
    uint32_t mask = carried(e, l);

    em(e,
       "/* Is the block written, or lost? */\nstatic bool\ncarries_%s(const struct ir_block *b)\n{\n",
       name);
    em(e, "    if (b->kind == IR_BLOCK_FOREIGN && !str_eq(b->foreign.dialect, STR_FAMILY))\n");
    em(e, "        return false;\n    return (0x%xu >> b->kind) & 1;\n}\n\n", mask);
    em(e,
       "static void\nwrite_%s(struct xd *x, const struct ir_event *e)\n{\n    if (e->block && !carries_%s(e->block)) {\n",
       name, name);
    em(e,
       "        xd_lose_block(x, e->block->kind);\n        return;\n    }\n    switch (e->kind) {\n");
    for (unsigned k = 0; k < events->events.n; k++) {
        const struct ast_event *ev = &events->events.v[k];
        em(e, "    case IR_EVENT_%s:\n", types_upper(e->a, ev->name.s));
        if (is_event(ev, "open"))
            em(e, "        x->made = x->items++;\n");
        for (unsigned i = 0; i < l->n; i++)
            if (l->v[i].c->arrow != ARROW_READ && str_eq(l->v[i].ev->name.s, ev->name.s))
                write_case(e, &l->v[i]);
        if (is_event(ev, "beat"))
            em(e, "        xd_frame_comment(x);\n");
        em(e, "        break;\n");
    }
    em(e, "    }\n}\n\n");
}

/* However a reply ends, some event says so. */
static void
check_ends(struct emit *e, const struct ast_decl *decl, const struct saids *l)
{
    const struct ir_enum *stops = types_enum(e->ir, STR("Stop"));
    uint32_t mask = 0;

    for (unsigned i = 0; i < l->n; i++)
        if (is_event(l->v[i].ev, "end") && l->v[i].c->arrow != ARROW_READ)
            mask |= l->v[i].mask ? l->v[i].mask : ~0u;
    for (unsigned i = 0; stops && i < stops->values.n; i++)
        if (!(mask >> (i + 1) & 1))
            diag_help(diag_error(e->diags, decl->pos,
                                 "no event says the end of a reply that stopped with '%.*s'",
                                 STR_ARG(stops->values.v[i].name.s)),
                      "add it to one: \"name\" <-> end.%.*s { ... }",
                      STR_ARG(stops->values.v[i].name.s));
}

void
emit_item_events(struct emit *e, const struct ast_decl *decl)
{
    const char *name = decl_name(e, decl);
    struct saids l = { NULL, 0, 0 };

    for (unsigned i = 0; i < decl->tag_cases.n; i++) {
        struct said s;
        if (make(e, &s, decl, i))
            *(struct said *)arena_push(e->a, (void **)&l.v, &l.n, &l.cap, sizeof s) = s;
    }
    check_ends(e, decl, &l);
    for (unsigned i = 0; i < l.n; i++) {
        const struct said *s = &l.v[i];
        em(e, "/* %s: %.*s */\n", pos_text(e->a, s->c->pos), STR_ARG(s->c->tags.v[0].s));
        if (s->c->arrow != ARROW_WRITE) {
            emit_shape(e, s->b);
            emit_reader(e, s);
        }
        if (s->c->arrow != ARROW_READ)
            emit_writer(e, s);
    }
    emit_read_dispatch(e, decl, &l, name);
    emit_write_dispatch(e, &l, name);
}
