/* Patch streams into writing code. */
#include "codegen/emit_patch.h"

static bool
has_constants(const struct body *b)
{
    for (unsigned i = 0; i < b->uses.n; i++)
        if (b->uses.v[i].r->kind == ROW_CONST && !b->uses.v[i].each)
            return true;
    return false;
}

static void
emit_choice_writer(struct emit *e, const struct patch *p)
{
    em(e, "static void\nwrite_%s_each(struct xd *x, const struct ir_reply *m)\n{\n", p->name);
    emit_write_rows(e, p->repeat);
    em(e, "}\n\n");

    em(e, "static void\nwrite_%s_usage(struct xd *x, const struct ir_usage *usage)\n{\n", p->name);
    em(e,
       "    const struct ir_reply done = { .usage = *usage };\n    const struct ir_reply *m = &done;\n\n");
    emit_write_rows(e, p->tail);
    em(e, "}\n\n");

    em(e, "/* One chunk with one choice.  first: the constants that open it. */\nstatic void\n");
    em(e, "write_%s(struct xd *x, const struct ir_choice *m, bool first)\n{\n", p->choice->name);
    if (!has_constants(p->choice))
        em(e, "    (void)first;\n");
    em(e, "    xd_patch_open(x);\n");
    if (!p->alone) {
        em(e, "    jw_key(&x->w, STR(%s));\n    jw_array(&x->w);\n    jw_object(&x->w);\n",
           c_string(e->a, p->choices->wire.v[0].v[0].name.s));
        em(e, "    xd_put_index(x, STR(%s), x->patch->choice);\n",
           c_string(e->a, p->choices->by.s));
    }
    struct body b = *p->choice;
    b.when_const = "first";
    emit_write_rows(e, &b);
    if (!p->alone)
        em(e, "    jw_close(&x->w);\n    jw_close(&x->w);\n");
    if (p->last)
        em(e,
           "    if (m->stop && xd_patch_last(x))\n        write_%s_usage(x, &x->patch->usage);\n",
           p->name);
    em(e, "    xd_patch_close(x);\n}\n\n");
}

/* Kinds of blocks that are nothing but a text that grows. */
static uint32_t
texts_of(const struct ir_union *u)
{
    static const char *const names[] = { "text", "refusal", "thinking" };
    uint32_t mask = 0;

    for (unsigned i = 0; u && i < 3; i++) {
        int c = types_case(u, str_from(names[i]));
        mask |= c >= 0 ? 1u << (c + 1) : 0;
    }
    return mask;
}

/* Kinds of blocks that already say something when they open: those without a growing text of their
 * own. */
static uint32_t
speaking_kinds(struct emit *e, const struct patch *p)
{
    uint32_t silent = 0;

    for (unsigned i = 0; i < p->choice->uses.n; i++) {
        const struct row_use *u = &p->choice->uses.v[i];
        if (u->r->kind != ROW_MAP || u->r->arrow == ARROW_READ)
            continue;
        struct target t = target_resolve(e->a, e->ir, &p->choice->ctx, &u->r->model.v[0], DIR_WRITE,
                                         e->diags);
        if (t.ok && t.gather && t.field)
            silent |= 1u << (t.ucase + 1);
        for (unsigned k = 0; t.ok && !t.gather && k < u->r->forms.n; k++)
            if (u->r->forms.v[k].kind == FORM_STRING_JOINS
                || u->r->forms.v[k].kind == FORM_STRING_AS) {
                struct form f = form_resolve(e, &u->r->forms.v[k], &t.type);
                silent |= f.ucase >= 0 ? 1u << (f.ucase + 1) : 0;
            } else if (u->r->forms.v[k].kind == FORM_LIST) {
                struct form f = form_resolve(e, &u->r->forms.v[k], &t.type);
                if (f.decl && f.decl->by_member)
                    silent |= form_mask(e, &f, DIR_WRITE) & texts_of(t.type.un);
            }
    }
    return ~silent;
}

/* Does any row of a candidate say its calls so? */
static bool
writes_whole_calls(struct emit *e, const struct patch *p)
{
    for (unsigned i = 0; i < p->choice->uses.n; i++) {
        const struct ast_row *r = p->choice->uses.v[i].r;
        for (unsigned k = 0; r->kind == ROW_MAP && r->arrow != ARROW_READ && k < r->forms.n; k++) {
            const struct ast_decl *decl = dialect_decl(e->d, r->forms.v[k].name.s);
            if (decl && patch_says_whole_calls(decl))
                return true;
        }
    }
    return false;
}

static void
emit_block_writer(struct emit *e, const struct patch *p)
{
    const char *list, *guard;
    uint32_t speaks = speaking_kinds(e, p);
    struct own_cases cases = written_blocks(e, p->choice, &list, &guard);
    const char *written = own_cases_text(e, &cases);

    if (writes_whole_calls(e, p)) {
        em(e, "static bool\nwrite_%s_call(struct xd *x, const struct ir_event *e)\n{\n", p->name);
        em(e, "    struct ir_block whole = { 0 };\n\n");
        em(e, "    if (!xd_patch_gather(x, e, &whole))\n        return false;\n");
        em(e, "    if (whole.kind) {\n");
        em(e, "        const struct ir_choice called = { .blocks = { &whole, 1, 1 } };\n");
        em(e, "        write_%s(x, &called, false);\n    }\n    return true;\n}\n\n",
           p->choice->name);
    }
    em(e, "static void\nwrite_%s_block(struct xd *x, const struct ir_event *e)\n{\n", p->name);
    if (has_constants(p->choice))
        em(e, "    const struct ir_choice empty = { .set = true };\n");
    em(e,
       "    const struct ir_choice one = { .blocks = { (struct ir_block *)(uintptr_t)e->block, 1, 1 } };\n\n");
    if (writes_whole_calls(e, p))
        em(e, "    if (write_%s_call(x, e))\n        return;\n", p->name);
    if (has_constants(p->choice))
        em(e, "    if (xd_patch_first(x, e->choice))\n        write_%s(x, &empty, true);\n",
           p->choice->name);
    em(e, "    if (!((%s >> e->block->kind) & 1)) {\n", written);
    em(e, "        xd_lose_blocks(x, &one.blocks, %s);\n        return;\n    }\n", written);
    em(e, "    if (e->kind == IR_EVENT_OPEN)\n        xd_patch_count(x, (int)e->block->kind);\n");
    em(e,
       "    if (e->kind == IR_EVENT_OPEN && !((0x%xu >> e->block->kind) & 1))\n        return;\n",
       speaks);
    em(e,
       "    x->skeleton = e->kind == IR_EVENT_OPEN;\n    write_%s(x, &one, false);\n    x->skeleton = false;\n}\n\n",
       p->choice->name);
}

static void
emit_end_writers(struct emit *e, const struct patch *p, const struct ast_decl *decl)
{
    struct ctx error = { .kind = CTX_RECORD,
                         .rec = types_record(e->ir, STR("Error")),
                         .ucase = -1 };
    struct ast_row row = *p->fail->rows->v;
    struct row_use use = { .r = &row,
                           .number = emit_number(e, p->fail->pos, p->fail->arrow, true) };
    struct body b = { .ctx = error };

    em(e, "static void\nwrite_%s_finish(struct xd *x, const struct ir_event *e)\n{\n", p->name);
    if (has_constants(p->choice))
        em(e,
           "    const struct ir_choice empty = { .set = true };\n    if (xd_patch_first(x, e->choice))\n        write_%s(x, &empty, true);\n",
           p->choice->name);
    em(e, "    const struct ir_choice last = { .stop = e->stop, .stop_text = e->stop_text };\n");
    em(e,
       "    if (e->usage)\n        x->patch->usage = *e->usage;\n    write_%s(x, &last, false);\n}\n\n",
       p->choice->name);

    em(e, "static void\nwrite_%s_end(struct xd *x)\n{\n", p->name);
    if (!p->last && !p->alone)
        em(e,
           "    if (x->patch->want_usage) {\n    xd_patch_open(x);\n    jw_key(&x->w, STR(%s));\n    jw_raw(&x->w, STR(\"[]\"));\n    write_%s_usage(x, &x->patch->usage);\n    xd_patch_close(x);\n    }\n",
           c_string(e->a, p->choices->wire.v[0].v[0].name.s), p->name);
    if (decl->until.s.n)
        em(e, "    xd_frame_text(x, STR(%s));\n", c_string(e->a, decl->until.s));
    if (p->last && !decl->until.s.n)
        em(e, "    (void)x; /* the finish has said all */\n");
    em(e, "}\n\n");

    em(e, "static void\nwrite_%s_error(struct xd *x, const struct ir_error *m)\n{\n", p->name);
    em(e,
       "    XD_SEEN(seen_written, %d);\n    xd_frame_open(x, (struct str){ NULL, 0 });\n    jw_object(&x->w);\n",
       use.number);
    emit_write_value(e, &b, &use, c_string(e->a, p->fail->wire.v[0].v[0].name.s), "    ");
    em(e, "    jw_close(&x->w);\n    xd_frame_close(x);\n}\n\n");
}

static void
emit_dispatch(struct emit *e, const struct patch *p)
{
    em(e, "static void\nwrite_%s(struct xd *x, const struct ir_event *e)\n{\n", p->name);
    if (p->alone)
        em(e,
           "    if (e->choice > 0) {\n        xd_lose(x, \"candidates\");\n        return;\n    }\n");
    em(e, "    x->patch->choice = e->choice;\n    switch (e->kind) {\n");
    em(e, "    case IR_EVENT_BEGIN: {\n");
    if (has_constants(p->choice))
        em(e, "        const struct ir_choice empty = { .set = true };\n");
    em(e, "        xd_patch_begin(x, e->reply, write_%s_each);\n", p->name);
    if (has_constants(p->choice))
        em(e, "        if (xd_patch_first(x, 0))\n            write_%s(x, &empty, true);\n",
           p->choice->name);
    em(e, "        break;\n    }\n");
    em(e,
       "    case IR_EVENT_OPEN:\n    case IR_EVENT_GROW:\n        write_%s_block(x, e);\n        break;\n",
       p->name);
    em(e, "    case IR_EVENT_CLOSE:\n");
    if (writes_whole_calls(e, p))
        em(e, "        write_%s_call(x, e);\n", p->name);
    em(e, "        break;\n");
    em(e, "    case IR_EVENT_FINISH:\n        write_%s_finish(x, e);\n        break;\n", p->name);
    em(e, "    case IR_EVENT_END:\n        write_%s_end(x);\n        break;\n", p->name);
    em(e, "    case IR_EVENT_BEAT:\n        xd_frame_comment(x);\n        break;\n");
    em(e,
       "    case IR_EVENT_FAIL:\n        write_%s_error(x, e->error);\n        break;\n    }\n}\n\n",
       p->name);
}

void
emit_patch_writers(struct emit *e, const struct patch *p, const struct ast_decl *decl)
{
    emit_choice_writer(e, p);
    emit_block_writer(e, p);
    emit_end_writers(e, p, decl);
    emit_dispatch(e, p);
}
