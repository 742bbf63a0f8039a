/* Coverage is total. */
#include "codegen/coverage.h"

#include "codegen/emit.h"
#include "codegen/gap.h"
#include "codegen/template.h"

struct walk {
    struct arena *a;
    const struct ir_model *ir;
    const struct dialect *dialect;
    struct coverage *out;
    struct gaps gaps; /* checked if there is somebody to be told */
    bool *seen[2];    /* by direction (0 read, 1 write) and declaration */
};

static void visit(struct walk *w, struct str name, bool write);

static void
add_name(struct walk *w, struct names *l, struct str s)
{
    for (unsigned i = 0; i < l->n; i++)
        if (str_eq(l->v[i], s))
            return;
    struct str *slot = arena_push(w->a, (void **)&l->v, &l->n, &l->cap, sizeof *slot);
    if (slot)
        *slot = s;
}

static void
add_field(struct walk *w, struct names *l, const char *holder, struct str field)
{
    add_name(w, l, arena_printf(w->a, "%s.%.*s", holder, STR_ARG(field)));
    if (strcmp(holder, "InputOptions") == 0) /* what a request says, said with each input */
        add_name(w, l, arena_printf(w->a, "EmbedRequest.%.*s", STR_ARG(field)));
}

/* --- names of what a path means --------------------------------------------------------------- */

struct place_in {
    const struct ir_fields *fields;
    const struct ir_fields *common;
    const char *holder;
};

/* The holder and name of the last step; false when the path does not resolve (reported
 * elsewhere). */
static bool
name_path(struct walk *w, struct place_in at, const struct ast_path *p, struct names *l)
{
    const struct ir_field *f = NULL;

    for (unsigned i = 0; i < p->n; i++) {
        struct str step = p->v[i].name.s;
        f = at.fields ? types_field(at.fields, step) : NULL;
        if (!f && at.common)
            f = types_field(at.common, step);
        if (!f)
            return false;
        const char *holder = at.holder;
        if (f->type.kind == TYPE_UNION && i + 1 < p->n) {
            int c = types_case(f->type.un, p->v[i + 1].name.s);
            if (c < 0)
                return false;
            at = (struct place_in){ &f->type.un->cases.v[c].fields, NULL,
                                    f->type.un->cases.v[c].name.s.p };
            if (i + 2 == p->n) {
                add_field(w, l, f->type.un->name.s.p, p->v[i + 1].name.s);
                return true;
            }
            i++;
            continue;
        }
        if (f->type.kind == TYPE_RECORD)
            at = (struct place_in){ &f->type.rec->fields, NULL, f->type.rec->name.s.p };
        if (i + 1 == p->n)
            add_field(w, l, holder, step);
    }
    return f != NULL;
}

/* --- one set of rows -------------------------------------------------------------------------- */

static uint32_t
decl_cases(struct walk *w, const struct ast_decl *decl, bool write)
{
    const struct ir_union *u = decl->model.n ? types_union(w->ir, decl->model.v[0].name.s) : NULL;
    uint32_t mask = 0;

    if (!u)
        return 0;
    if (decl->kind == DECL_OBJECT && decl->model.n > 1) {
        int c = types_case(u, decl->model.v[1].name.s);
        return c < 0 ? 0 : 1u << c;
    }
    for (unsigned i = 0; i < decl->tag_cases.n; i++) {
        const struct ast_tag_case *t = &decl->tag_cases.v[i];
        int c = t->model.n ? types_case(u, t->model.v[0].v[0].name.s) : -1;
        if (c >= 0 && t->arrow != (write ? ARROW_READ : ARROW_WRITE))
            mask |= 1u << c;
    }
    return mask;
}

static uint32_t *
cases_of(struct walk *w, struct covered *c, struct str field)
{
    for (unsigned i = 0; i < c->cases.n; i++)
        if (str_eq(c->cases.v[i].field, field))
            return &c->cases.v[i].mask;
    struct cases *slot = arena_push(w->a, (void **)&c->cases.v, &c->cases.n, &c->cases.cap,
                                    sizeof *slot);
    slot->field = field;
    return &slot->mask;
}

/* The cases that a union declaration lists under `drop`. */
static uint32_t
dropped_cases(struct walk *w, const struct ast_decl *decl, const struct ir_union *u)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < decl->rows.n; i++)
        for (unsigned k = 0; decl->rows.v[i].kind == ROW_DROP && k < decl->rows.v[i].model.n; k++) {
            int c = types_case(u, decl->rows.v[i].model.v[k].v[0].name.s);
            if (c >= 0 && decl->rows.v[i].model.v[k].n == 1) {
                mask |= 1u << c;
                add_field(w, &w->out->lost, u->name.s.p, u->cases.v[c].name.s);
            }
        }
    return mask;
}

static void
cover_codec(struct walk *w, const struct ir_union *u, struct str codec, bool write, uint32_t *mask)
{
    uint32_t cases = codec_cases(u, codec);

    *mask |= cases;
    for (unsigned k = 0; k < u->cases.n; k++)
        if (cases >> k & 1)
            add_field(w, write ? &w->out->written : &w->out->read, u->name.s.p,
                      u->cases.v[k].name.s);
}

static void
cover_forms(struct walk *w, const struct ast_row *r, bool write, uint32_t *mask,
            const struct ir_union *u)
{
    for (unsigned i = 0; i < r->forms.n; i++) {
        const struct ast_decl *decl = dialect_decl(w->dialect, r->forms.v[i].name.s);
        if (decl)
            visit(w, decl->name.s, write);
        if (!u)
            continue;
        int n = types_case(u, r->forms.v[i].name.s), as = types_case(u, r->forms.v[i].as.s);
        if (as >= 0)
            *mask |= 1u << as;
        if (decl)
            *mask |= decl_cases(w, decl, write)
                     | (decl->kind == DECL_UNION && write ? dropped_cases(w, decl, u) : 0);
        else if (n >= 0)
            *mask |= 1u << n;
        else if (r->forms.v[i].kind == FORM_NAME)
            cover_codec(w, u, r->forms.v[i].name.s, write, mask);
    }
}

static void cover_rows(struct walk *w, struct place_in at, const struct ast_rows *rows, bool write,
                       struct covered *c);

/* What a codec on a whole record or case carries. */
static void
cover_codec_fields(struct walk *w, const struct ast_row *r, struct str codec, struct covered *c)
{
    static const struct {
        const char *codec, *field;
    } carried[] = {
        { "outcome", "blocks" }, { "outcome", "failed" },      { "prompt", "instructions" },
        { "prompt", "turns" },   { "prompt_beside", "turns" },
    };

    for (size_t k = 0; k < sizeof carried / sizeof *carried; k++) {
        if (!str_is(codec, carried[k].codec))
            continue;
        struct ast_step *s = arena_alloc(w->a, sizeof *s);
        struct ast_path *p = arena_alloc(w->a, sizeof *p);
        *s = (struct ast_step){ { str_from(carried[k].field), r->pos }, STEP_NONE };
        *p = (struct ast_path){ s, 1, 1, r->pos };
        *(const struct ast_path **)arena_push(w->a, (void **)&c->paths.v, &c->paths.n,
                                              &c->paths.cap, sizeof p) = p;
    }
    const struct ir_union *u = types_union(w->ir, STR("Block"));
    int text = u && str_is(codec, "outcome") ? types_case(u, STR("text")) : -1;
    if (text >= 0)
        *cases_of(w, c, STR("blocks")) |= 1u << text;
}

/* `this : fault_body` covers what that object covers; `this : messages` the conversation. */
static void
cover_this(struct walk *w, struct place_in at, const struct ast_row *r, bool write,
           struct covered *c)
{
    static const char *const conversation[] = { "instructions", "turns" };

    for (unsigned i = 0; i < r->forms.n; i++) {
        const struct ast_decl *decl = dialect_decl(w->dialect, r->forms.v[i].name.s);
        if (!decl) {
            cover_codec_fields(w, r, r->forms.v[i].name.s, c);
            continue;
        }
        visit(w, decl->name.s, write);
        if (decl->kind == DECL_OBJECT)
            cover_rows(w, at, &decl->rows, write, c);
        for (unsigned k = 0; decl->kind == DECL_LIST && k < 2; k++) {
            struct ast_step *s = arena_alloc(w->a, sizeof *s);
            struct ast_path *p = arena_alloc(w->a, sizeof *p);
            *s = (struct ast_step){ { str_from(conversation[k]), r->pos }, STEP_NONE };
            *p = (struct ast_path){ s, 1, 1, r->pos };
            *(const struct ast_path **)arena_push(w->a, (void **)&c->paths.v, &c->paths.n,
                                                  &c->paths.cap, sizeof p) = p;
        }
    }
}

static void
cover_path(struct walk *w, struct place_in at, const struct ast_row *r, const struct ast_path *p,
           bool write, struct covered *c)
{
    const struct ir_field *f = at.fields ? types_field(at.fields, p->v[0].name.s) : NULL;
    const struct ir_union *u = f && f->type.kind == TYPE_UNION ? f->type.un : NULL;
    int ucase = u && p->n > 1 ? types_case(u, p->v[1].name.s) : -1;
    uint32_t *mask = u ? cases_of(w, c, f->name.s) : NULL;

    if (ucase >= 0)
        *mask |= 1u << ucase;
    *(const struct ast_path **)arena_push(w->a, (void **)&c->paths.v, &c->paths.n, &c->paths.cap,
                                          sizeof p) = p;
    if (r->kind == ROW_DROP && !r->word.s.n)
        name_path(w, at, p, &w->out->lost);
    else if (r->kind != ROW_DROP)
        name_path(w, at, p, write ? &w->out->written : &w->out->read);
    if (r->kind != ROW_DROP)
        cover_forms(w, r, write, mask, u);
    else if (u && p->n == 1)
        *mask |= ~0u;
}

static void
cover_rows(struct walk *w, struct place_in at, const struct ast_rows *rows, bool write,
           struct covered *c)
{
    for (unsigned i = 0; i < rows->n; i++) {
        const struct ast_row *r = &rows->v[i];
        if (r->rows && r->kind != ROW_CHOICES) {
            cover_rows(w, at, r->rows, write, c);
            continue;
        }
        bool counts = r->kind == ROW_MAP || r->kind == ROW_HEADER || r->kind == ROW_WITH
                      || (r->kind == ROW_DROP && write);
        if (!counts || (r->kind == ROW_MAP && r->arrow == (write ? ARROW_READ : ARROW_WRITE)))
            continue;
        for (unsigned k = 0; k < r->model.n; k++) {
            if (str_is(r->model.v[k].v[0].name.s, "this"))
                cover_this(w, at, r, write, c);
            else
                cover_path(w, at, r, &r->model.v[k], write, c);
        }
    }
}

/* --- declarations ----------------------------------------------------------------------------- */

static void
visit_union(struct walk *w, const struct ast_decl *decl, bool write)
{
    const struct ir_union *u = types_union(w->ir, decl->model.v[0].name.s);

    for (unsigned i = 0; i < decl->tag_cases.n; i++) {
        const struct ast_tag_case *t = &decl->tag_cases.v[i];
        int c = t->model.n ? types_case(u, t->model.v[0].v[0].name.s) : -1;
        if (c < 0 || t->arrow == (write ? ARROW_READ : ARROW_WRITE))
            continue;
        add_field(w, write ? &w->out->written : &w->out->read, u->name.s.p, u->cases.v[c].name.s);
        if (t->spread)
            visit(w, t->many.name.s, write);
        if ((t->any && t->rows.n == 0) || t->spread)
            continue;
        struct covered cov = NOTHING_COVERED;
        struct place_in at = { &u->cases.v[c].fields, &u->common, u->cases.v[c].name.s.p };
        cover_rows(w, at, &t->rows, write, &cov);
        cover_rows(w, at, &decl->rows, write, &cov);
        if (write) {
            gaps_report(&w->gaps, &cov, t->pos, at.holder, &u->cases.v[c].fields);
            gaps_report(&w->gaps, &cov, t->pos, u->name.s.p, &u->common);
        }
    }
}

/* Is it one of the parts that a record is said in: `details <-> this : [detail]`? */
static bool
is_part(const struct walk *w, const struct ast_decl *decl)
{
    for (unsigned i = 0; i < w->dialect->decls.n; i++) {
        const struct ast_rows *rows = &w->dialect->decls.v[i].rows;
        for (unsigned k = 0; k < rows->n; k++)
            if (rows->v[k].kind == ROW_MAP && rows->v[k].model.n
                && str_is(rows->v[k].model.v[0].v[0].name.s, "this") && rows->v[k].forms.n
                && rows->v[k].forms.v[0].kind == FORM_LIST
                && str_eq(rows->v[k].forms.v[0].name.s, decl->name.s))
                return true;
    }
    return false;
}

static void
visit_object(struct walk *w, const struct ast_decl *decl, bool write)
{
    const struct ir_record *r = types_record(w->ir, decl->model.v[0].name.s);
    const struct ir_union *u = types_union(w->ir, decl->model.v[0].name.s);
    int c = u && decl->model.n > 1 ? types_case(u, decl->model.v[1].name.s) : -1;
    struct covered cov = NOTHING_COVERED;
    struct place_in at = { r        ? &r->fields
                           : c >= 0 ? &u->cases.v[c].fields
                                    : NULL,
                           u ? &u->common : NULL,
                           r        ? r->name.s.p
                           : c >= 0 ? u->cases.v[c].name.s.p
                                    : "" };
    bool whole = !is_part(w, decl);

    if (c >= 0)
        add_field(w, write ? &w->out->written : &w->out->read, u->name.s.p, u->cases.v[c].name.s);
    cover_rows(w, at, &decl->rows, write, &cov);
    for (unsigned i = 0; i < decl->rows.n; i++)
        whole &= decl->rows.v[i].kind != ROW_WITH; /* stands for one value only */
    if (!write || !whole)
        return;
    gaps_report(&w->gaps, &cov, decl->name.pos, at.holder, at.fields);
}

static void
visit_routes(struct walk *w, const struct ast_decl *decl, bool write)
{
    const struct ir_record *turn = types_record(w->ir, STR("Turn"));
    const struct ir_union *blocks = types_union(w->ir, STR("Block"));
    static struct ast_step step = { { STR_INIT("role"), { NULL, 0, 0 } },
                                    STEP_NONE }; /* the route itself says it */
    static const struct ast_path role = { &step, 1, 1, { NULL, 0, 0 } };

    unsigned behind = routes_of_blocks(decl) ? 1 : 2;
    for (unsigned i = 0; turn && blocks && i < decl->tag_cases.n; i++) {
        const struct ast_tag_case *t = &decl->tag_cases.v[i];
        struct covered cov = NOTHING_COVERED;
        struct place_in at = { &turn->fields, NULL, "Turn" };
        if (t->arrow == (write ? ARROW_READ : ARROW_WRITE))
            continue;
        for (unsigned k = 0; k < t->model.n; k++)
            if (t->model.v[k].n > behind) {
                int c = types_case(blocks, t->model.v[k].v[behind].name.s);
                if (c >= 0 && (k == 0 || t->model.v[0].n <= behind))
                    at = (struct place_in){ &blocks->cases.v[c].fields, &blocks->common,
                                            blocks->cases.v[c].name.s.p };
                if (c >= 0)
                    add_field(w, write ? &w->out->written : &w->out->read, blocks->name.s.p,
                              blocks->cases.v[c].name.s);
            }
        cover_rows(w, at, &t->rows, write, &cov);
        if (write && !ast_rows_refuse(&t->rows)) {
            *(const struct ast_path **)arena_push(w->a, (void **)&cov.paths.v, &cov.paths.n,
                                                  &cov.paths.cap, sizeof(void *)) = &role;
            gaps_report(&w->gaps, &cov, t->pos, at.holder, at.fields);
        }
    }
}

static void
visit(struct walk *w, struct str name, bool write)
{
    const struct ast_decl *decl = dialect_decl(w->dialect, name);

    if (!decl || w->seen[write][decl - w->dialect->decls.v] || decl->model.n == 0)
        return;
    w->seen[write][decl - w->dialect->decls.v] = true;
    if (decl->kind == DECL_UNION)
        visit_union(w, decl, write);
    else if (decl->kind == DECL_OBJECT)
        visit_object(w, decl, write);
    else if (decl->kind == DECL_LIST)
        visit_routes(w, decl, write);
}

/* What the address of a request says need not stand in its body. */
static void
cover_address(struct walk *w, struct str root)
{
    const struct ast_decl *decl = dialect_decl(w->dialect, root);

    if (!decl || !decl->model.n)
        return;
    for (unsigned i = 0; i < w->dialect->operations.n; i++) {
        const struct ast_operation *op = &w->dialect->operations.v[i];
        struct names *said[] = { &w->out->read, &w->out->written };
        for (unsigned k = 0; k < 2 && str_eq(op->sends.s, root); k++) {
            if (template_says_model(w->dialect, op))
                add_field(w, said[k],
                          arena_printf(w->a, "%.*s", STR_ARG(decl->model.v[0].name.s)).p,
                          STR("model"));
            if (op->streamed.n)
                add_name(w, said[k], STR("Request.stream"));
        }
    }
}

void
coverage_walk(struct arena *a, const struct ir_model *ir, const struct dialect *dialect,
              struct str root, struct diags *d, struct coverage *out)
{
    struct names none = { NULL, 0, 0 };

    for (int check = 0; check <= (d != NULL); check++) {
        struct walk w = { a,
                          ir,
                          dialect,
                          out,
                          { a, check ? d : NULL, check ? &out->written : &none },
                          { arena_alloc(a, dialect->decls.n + 1),
                            arena_alloc(a, dialect->decls.n + 1) } };
        cover_address(&w, root);
        visit(&w, root, false);
        visit(&w, root, true);
    }
}
