/* Typed streams: each event has a name on the wire, and a block's start, growth and end are
 * said. */
#include "codegen/emit_growth.h"
#include "codegen/order.h"

static const struct ast_event *
find_event(struct emit *e, struct word name)
{
    const struct ast_decl *events = e->ir->events;

    for (unsigned i = 0; events && i < events->events.n; i++)
        if (str_eq(events->events.v[i].name.s, name.s))
            return &events->events.v[i];
    diag_error(e->diags, name.pos, "the model has no event '%.*s'", STR_ARG(name.s));
    return NULL;
}

/* The wire's name of an event as a part of C names; one that is only written may share it. */
const char *
event_c(struct emit *e, const struct ast_decl *decl, const struct ast_tag_case *c)
{
    bool only = c->arrow == ARROW_WRITE;

    return arena_printf(e->a, "%s%.*s_%s%s%s", decl_prefix(e, decl), STR_ARG(decl->name.s),
                        c_word(e->a, c->tags.v[0].s), only ? "_as_" : "",
                        only ? c_word(e->a, c->model.v[0].v[0].name.s) : "")
        .p;
}

static const struct row_use *
grows_row(const struct body *b)
{
    for (unsigned i = 0; i < b->uses.n; i++)
        for (unsigned k = 0; k < b->uses.v[i].r->forms.n; k++)
            if (b->uses.v[i].r->forms.v[k].kind == FORM_GROWS)
                return &b->uses.v[i];
    return NULL;
}

/* --- one event -------------------------------------------------------------------------------- */

static void
emit_locals(struct emit *e, const struct ast_event *ev, bool loose)
{
    for (unsigned i = 0; i < ev->params.n; i++) {
        struct str name = ev->params.v[i].s;
        struct type t = event_param(e->ir, ev, name);
        bool index = t.kind == TYPE_INDEX;
        bool en = t.kind == TYPE_ENUM;
        if (loose && str_is(name, "index"))
            continue;
        em(e, "    %s %.*s = %s;\n", types_c(e->a, &t), STR_ARG(name), index || en ? "0" : "{ 0 }");
    }
}

static void
emit_flow_call(struct emit *e, const struct ast_event *ev, bool loose)
{
    if (loose) {
        em(e, "    xd_flow_patch(x, choice, &block);\n");
        return;
    }
    if (str_is(ev->name.s, "finish")) {
        em(e,
           "    xd_flow_stop(x, choice, stop, stop_text);\n    if (usage.set)\n        xd_flow_usage(x, &usage);\n");
        return;
    }
    em(e, "    xd_flow_%.*s(x", STR_ARG(ev->name.s));
    for (unsigned i = 0; i < ev->params.n; i++) {
        struct type t = event_param(e->ir, ev, ev->params.v[i].s);
        em(e, ", %s%.*s", t.kind == TYPE_RECORD || t.kind == TYPE_UNION ? "&" : "",
           STR_ARG(ev->params.v[i].s));
    }
    em(e, ");\n");
}

static void
emit_event_reader(struct emit *e, const struct body *b, const struct ast_event *ev,
                  const struct ir_union *grow_union, const char *grow_name, struct word names,
                  bool loose)
{
    const struct row_use *grow = grows_row(b);

    em(e, "static void\nread_%s(struct xd *x, uint32_t at)\n{\n", b->name);
    emit_locals(e, ev, loose);
    em(e, "    uint32_t v[%u];\n\n    if (!xd_scan(x, at, &%s_shape, v, NULL))\n        return;\n",
       b->slots ? b->slots : 1, b->shape);
    struct body rest = *b;
    e->fragments = str_is(ev->name.s, "grow");
    if (grow) {
        rest.uses.n = (unsigned)(grow - b->uses.v); /* the rows before it; it stands last */
        emit_read_rows(e, &rest);
        em(e, "    XD_SEEN(seen_read, %d);\n", grow->number);
        em(e, "    if (!v[%d] || !read_%s_grow(x, v[%d], index, &block))\n        return;\n",
           grow->slots[0], grow_name, grow->slots[0]);
        (void)grow_union;
    } else {
        emit_read_rows(e, &rest);
    }
    if (names.s.n)
        em(e, "    xd_frame_fault(x, %s, &error);\n", own_table(e, find_decl(e, names)));
    e->fragments = false;
    emit_flow_call(e, ev, loose);
    em(e, "}\n\n");
}

/* The kinds of blocks of which there is something to say as they open: all but those that in a union by member do
 * nothing but grow. */
static uint32_t
said_at_open(struct emit *e, const struct body *b)
{
    const struct ir_union *u = types_union(e->ir, STR("Block"));
    const struct ast_decl *decl = u ? growth_union(e, u) : NULL;
    uint32_t mask = 0;

    (void)b;
    for (unsigned i = 0; decl && i < decl->tag_cases.n; i++) {
        const struct ast_tag_case *c = &decl->tag_cases.v[i];
        int n = c->model.n ? types_case(u, c->model.v[0].v[0].name.s) : -1;
        bool said = c->rows.n == 0;
        for (unsigned k = 0; k < c->rows.n; k++)
            said |= row_writes(&c->rows.v[k]) && !c->rows.v[k].grows.n;
        if (n >= 0 && c->arrow != ARROW_READ && !c->has.n && said)
            mask |= 1u << (n + 1);
    }
    return mask;
}

/* The event that grows, as a part of C names. */
static const char *
grow_event_c(struct emit *e, const struct ast_decl *decl)
{
    for (unsigned i = 0; i < decl->tag_cases.n; i++)
        if (str_is(decl->tag_cases.v[i].model.v[0].v[0].name.s, "grow"))
            return event_c(e, decl, &decl->tag_cases.v[i]);
    return "?";
}

/* A fragment may have nothing that the event's rows say: then there is no event. */
static void
emit_silence(struct emit *e, const struct body *b)
{
    struct str says = { NULL, 0 };

    for (unsigned i = 0; i < b->uses.n; i++) {
        const struct ast_row *r = b->uses.v[i].r;
        if (r->kind != ROW_MAP || r->model.n != 1 || r->model.v[0].n != 3)
            continue;
        struct target t = target_resolve(e->a, e->ir, &b->ctx, &r->model.v[0], DIR_WRITE, e->diags);
        if (!t.ok || !t.guard)
            continue;
        arena_append(e->a, &says,
                     arena_printf(e->a, "%s(%s && %s)", says.n ? " || " : "", t.guard,
                                  types_present(e->a, &t.type, t.lvalue)));
    }
    if (says.n)
        em(e, "    if (!(%.*s))\n        return;\n", STR_ARG(says));
}

static void
emit_event_writer(struct emit *e, const struct ast_decl *decl, const struct ast_tag_case *c,
                  const struct body *b, bool by_member)
{
    const struct row_use *grow = grows_row(b);
    bool opens = str_is(c->model.v[0].v[0].name.s, "open");

    if (grow) {
        struct body head = *b;
        head.uses.n = (unsigned)(grow - b->uses.v);
        em(e, "static void\nopen_%s(struct xd *x, const struct ir_event *e, struct str type)\n{\n",
           b->name);
        em(e, "    xd_frame_open(x, STR(%s));\n    jw_object(&x->w);\n",
           c_string(e->a, c->tags.v[0].s));
        emit_write_rows(e, &head);
        em(e, "    if (!type.p)\n        return;\n");
        em(e, "    jw_key(&x->w, STR(%s));\n    jw_object(&x->w);\n",
           c_string(e->a, grow->r->wire.v[0].v[0].name.s));
        if (by_member)
            em(e, "}\n\n");
        else
            em(e, "    xd_put_str(x, STR(%s), type);\n}\n\n",
               c_string(e->a, grow->r->forms.v[0].name.s));
        em(e,
           "static void\nclose_%s(struct xd *x)\n{\n    jw_close(&x->w);\n    jw_close(&x->w);\n    xd_frame_close(x);\n}\n\n",
           b->name);
        return;
    }
    em(e, "static void\nwrite_%s(struct xd *x, const struct ir_event *e)\n{\n    (void)e;\n",
       b->name);
    emit_silence(e, b);
    if (opens && decl->by_frame)
        em(e,
           "    if (!(0x%xu >> e->block->kind & 1)) {\n        write_%s(x, e);\n        return;\n    }\n",
           said_at_open(e, b), grow_event_c(e, decl));
    if (c->by.s.n)
        em(e, "    xd_frame_open_failed(x, %s, e->error);\n", own_table(e, find_decl(e, c->by)));
    else
        em(e, "    xd_frame_open(x, STR(%s));\n", c_string(e->a, c->tags.v[0].s));
    em(e, "    jw_object(&x->w);\n");
    if (opens)
        em(e, "    x->skeleton = true;\n");
    emit_write_rows(e, b);
    if (opens)
        em(e, "    x->skeleton = false;\n");
    em(e, "    jw_close(&x->w);\n    xd_frame_close(x);\n}\n\n");
}

static void
emit_event(struct emit *e, const struct ast_decl *decl, const struct ast_tag_case *c)
{
    const struct ast_event *ev = c->model.n ? find_event(e, c->model.v[0].v[0].name) : NULL;

    if (!ev || !c->tags.n)
        return;
    struct ctx ctx = { .kind = CTX_EVENT, .ucase = -1, .event = ev };
    ctx.kinds = event_kinds(e->ir, c, e->diags);
    const char *name = event_c(e, decl, c);
    struct body *b = body_make(e, &ctx, name, name, &c->rows, NULL);
    if (!decl->by_frame) {
        body_know_name(e, b, decl->by.s);
        b->tag = decl->by.s;
        b->tag_wire = c->tags.v[0].s;
    }
    if (b->rest == REST_KEEP)
        b->rest = REST_NOTE; /* an event has no place to keep them */
    em(e, "/* %s: %.*s */\n", pos_text(e->a, c->pos), STR_ARG(c->tags.v[0].s));
    if (c->arrow != ARROW_WRITE)
        emit_shape(e, b);
    const struct row_use *grow = grows_row(b);
    const struct ir_union *u = types_union(e->ir, STR("Block"));
    const char *grow_name = NULL;
    if (grow && u) {
        const struct ast_decl *union_decl = growth_union(e, u);
        struct growths l = { NULL, 0, 0, false };
        grow_name = name;
        if (union_decl) {
            l = growths_find(e, union_decl, u);
            growths_emit_reader(e, union_decl, u, &l, grow->r->forms.v[0].name, grow_name);
        }
        if (c->arrow != ARROW_READ) {
            emit_event_writer(e, decl, c, b, l.by_member);
            growths_emit_writer(e, u, &l, name, grow);
        }
    } else if (c->arrow != ARROW_READ) {
        emit_event_writer(e, decl, c, b, false);
    }
    if (c->arrow != ARROW_WRITE)
        emit_event_reader(e, b, ev, u, grow_name, c->by, event_is_loose(c));
}

/* --- the whole stream ------------------------------------------------------------------------- */

static void
emit_order(struct emit *e, const struct ast_decl *decl, const char *name)
{
    struct str names[ORDER_EVENTS_MAX];
    unsigned n = 0;

    for (unsigned i = 0; i < decl->tag_cases.n && n < ORDER_EVENTS_MAX; i++)
        names[n++] = decl->tag_cases.v[i].tags.n ? decl->tag_cases.v[i].tags.v[0].s : STR("?");
    struct ast_order said = order_of_stream(e->a, decl);
    struct order *o = order_make(e->a, &said, names, n, e->diags);
    em(e, "/* %s: a row for each state, a column for each event */\n",
       pos_text(e->a, decl->order.pos));
    em(e, "static const unsigned char %s_next[] = {\n", name);
    for (unsigned s = 0; s < o->states; s++) {
        em(e, "   ");
        for (unsigned ev = 0; ev < o->events; ev++)
            em(e, " %u,", o->next[s][ev]);
        em(e, "\n");
    }
    em(e, "};\nstatic const unsigned char %s_accept[] = { ", name);
    for (unsigned s = 0; s < o->states; s++)
        em(e, "%d, ", o->accept[s]);
    em(e, "};\nstatic const char *const %s_event_names[] = {\n", name);
    for (unsigned ev = 0; ev < o->events; ev++)
        em(e, "    %s,\n", c_string(e->a, o->names[ev]));
    em(e,
       "};\nstatic const struct xd_order %s_order = {\n    %u, %u, 0, %s_next, %s_accept, %s_event_names,\n};\n\n",
       name, o->states, o->events, name, name, name);
}

static void
emit_dispatch(struct emit *e, const struct ast_decl *decl, const char *name)
{
    int other = -1;

    em(e, "static const struct xd_tag %s_tags_v[] = {\n", name);
    for (unsigned i = 0; i < decl->tag_cases.n; i++)
        if (decl->tag_cases.v[i].any)
            other = (int)i;
    for (unsigned i = 0; i < decl->tag_cases.n; i++)
        for (unsigned k = 0; !decl->tag_cases.v[i].any && k < decl->tag_cases.v[i].tags.n; k++)
            em(e, "    { STR_INIT(%s), %u },\n", c_string(e->a, decl->tag_cases.v[i].tags.v[k].s),
               i);
    em(e,
       "};\nstatic const struct xd_tags %s_tags = {\n    STR_INIT(%s), %s_tags_v, sizeof %s_tags_v / sizeof *%s_tags_v, %d,\n};\n\n",
       name, c_string(e->a, decl->by.s), name, name, name, other);
    em(e, "static void\nread_%s(struct xd *x, struct str name, uint32_t at)\n{\n    (void)name;\n",
       name);
    if (decl->by_frame)
        em(e, "    int event = xd_event(x, name, &%s_tags);\n\n", name);
    else
        em(e, "    int event = xd_tag(x, at, &%s_tags);\n\n", name);
    em(e,
       "    if (event < 0 || !xd_flow_order(x, (unsigned)event))\n        return;\n    switch (event) {\n");
    for (unsigned i = 0; i < decl->tag_cases.n; i++) {
        const struct ast_tag_case *c = &decl->tag_cases.v[i];
        if (c->arrow == ARROW_WRITE || !c->tags.n)
            continue;
        em(e,
           "    case %u:\n        XD_SEEN(seen_read, %d);\n        read_%s(x, at);\n        break;\n",
           i, emit_number(e, c->pos, c->arrow, false), event_c(e, decl, c));
    }
    em(e, "    }\n}\n\n");
    em(e,
       "static void\nwrite_%s(struct xd *x, const struct ir_event *e)\n{\n    switch (e->kind) {\n",
       name);
    for (unsigned k = 0; e->ir->events && k < e->ir->events->events.n; k++) {
        const struct ast_event *ev = &e->ir->events->events.v[k];
        em(e, "    case IR_EVENT_%s:\n", types_upper(e->a, ev->name.s));
        if (stream_has_kinds(e, decl, ev->name.s)) {
            emit_event_by_kind(e, decl, ev->name.s);
            em(e, "        break;\n");
            continue;
        }
        if (str_is(ev->name.s, "end") && decl->until.s.n)
            em(e, "        xd_frame_text(x, STR(%s));\n", c_string(e->a, decl->until.s));
        if (str_is(ev->name.s, "beat") && !stream_writes(decl, ev->name.s))
            em(e, "        xd_frame_comment(x);\n");
        for (unsigned i = 0; i < decl->tag_cases.n; i++) {
            const struct ast_tag_case *c = &decl->tag_cases.v[i];
            if (event_writes(c, ev->name.s)) {
                em(e, "        XD_SEEN(seen_written, %d);\n",
                   emit_number(e, c->pos, c->arrow, false));
                em(e, "        write_%s(x, e);\n", event_c(e, decl, c));
                if (!decl->by_frame)
                    break;
            }
        }
        em(e, "        break;\n");
    }
    em(e, "    }\n}\n\n");
}

void
emit_events(struct emit *e, const struct ast_decl *decl)
{
    const char *name = decl_name(e, decl);

    if (decl->by_frame)
        em(e, "static void write_%s(struct xd *x, const struct ir_event *e);\n\n",
           grow_event_c(e, decl));
    for (unsigned i = 0; i < decl->tag_cases.n; i++)
        emit_event(e, decl, &decl->tag_cases.v[i]);
    if (decl->order.regex)
        emit_order(e, decl, name);
    else
        diag_help(diag_error(e->diags, decl->pos, "a typed stream needs an order"),
                  "order { start (open more* close)* stop end }");
    emit_dispatch(e, decl, name);
}
