/* Amending one inherited declaration. */
#include "codegen/amend.h"

#include "codegen/dialect.h"

bool
path_eq(const struct ast_path *a, const struct ast_path *b)
{
    if (a->n != b->n)
        return false;
    for (unsigned i = 0; i < a->n; i++)
        if (!str_eq(a->v[i].name.s, b->v[i].name.s) || a->v[i].index != b->v[i].index)
            return false;
    return true;
}

struct str
path_text(struct arena *a, const struct ast_path *p)
{
    struct str out = { NULL, 0 };

    for (unsigned i = 0; i < p->n; i++) {
        if (i)
            arena_append(a, &out, STR("."));
        arena_append(a, &out, p->v[i].name.s);
        if (p->v[i].index == STEP_ALL)
            arena_append(a, &out, STR("[]"));
        else if (p->v[i].index >= 0)
            arena_append(a, &out, arena_printf(a, "[%d]", p->v[i].index));
    }
    return arena_printf(a, "%.*s", STR_ARG(out));
}

/* Is `prefix` the beginning of p, or p itself? */
static bool
path_starts(const struct ast_path *p, const struct ast_path *prefix)
{
    struct ast_path head = *p;

    if (p->n < prefix->n)
        return false;
    head.n = prefix->n;
    return path_eq(&head, prefix);
}

static bool
same_model(const struct ast_row *a, const struct ast_row *b)
{
    if (a->kind != ROW_MAP || b->kind != ROW_MAP || a->model.n != b->model.n || a->model.n == 0)
        return false;
    for (unsigned i = 0; i < a->model.n; i++)
        if (!path_eq(&a->model.v[i], &b->model.v[i]))
            return false;
    return true;
}

static bool
same_wire(const struct ast_row *a, const struct ast_row *b)
{
    return a->wire.n && b->wire.n && path_eq(&a->wire.v[0], &b->wire.v[0]);
}

static struct ast_row *
push_row(struct arena *a, struct ast_rows *rows, const struct ast_row *r)
{
    struct ast_row *slot = arena_push(a, (void **)&rows->v, &rows->n, &rows->cap, sizeof *slot);

    if (slot)
        *slot = *r;
    return slot;
}

static struct ast_rows
copy_rows(struct arena *a, const struct ast_rows *rows)
{
    struct ast_rows out = { NULL, 0, 0 };

    for (unsigned i = 0; i < rows->n; i++) {
        struct ast_row *r = push_row(a, &out, &rows->v[i]);
        if (r && r->rows) {
            struct ast_rows *inner = arena_alloc(a, sizeof *inner);
            *inner = copy_rows(a, r->rows);
            r->rows = inner;
        }
    }
    return out;
}

static void
remove_at(struct ast_rows *rows, unsigned i)
{
    memmove(&rows->v[i], &rows->v[i + 1], (rows->n - i - 1) * sizeof *rows->v);
    rows->n--;
}

/* Take the paths that start with p off every drop row. */
static void
undrop(struct arena *a, struct ast_rows *rows, const struct ast_path *p)
{
    for (unsigned i = 0; i < rows->n; i++) {
        struct ast_row *r = &rows->v[i];
        if (r->kind != ROW_DROP)
            continue;
        struct ast_paths kept = { NULL, 0, 0 };      /* the inherited vector is shared */
        for (unsigned k = 0; k < r->model.n; k++)
            if (!path_starts(p, &r->model.v[k]))
                *(struct ast_path *)arena_push(a, (void **)&kept.v, &kept.n, &kept.cap, sizeof *kept.v) = r->model.v[k];
        r->model = kept;
    }
}

/* Replace rows of the same model path, in the list or in its groups.  wire: only those with the same wire path. */
static bool
replace_rows(struct ast_rows *rows, const struct ast_row *with, bool wire)
{
    bool done = false;

    for (unsigned i = 0; i < rows->n; i++) {
        struct ast_row *r = &rows->v[i];
        if (r->kind == ROW_FIRST || r->kind == ROW_EACH || r->kind == ROW_CHOICES) {
            done |= replace_rows(r->rows, with, wire);
        } else if (same_model(r, with) && (!wire || same_wire(r, with))) {
            if (done) {
                remove_at(rows, i--);
                continue;
            }
            *r = *with;
            done = true;
        }
    }
    return done;
}

static void
drop_rows(struct ast_rows *rows, const struct ast_path *p)
{
    for (unsigned i = 0; i < rows->n; i++) {
        struct ast_row *r = &rows->v[i];
        if (r->rows)
            drop_rows(r->rows, p);
        else if (r->kind == ROW_MAP && r->model.n == 1 && path_starts(&r->model.v[0], p))
            remove_at(rows, i--);
    }
}

static void
remove_wire(struct ast_rows *rows, const struct ast_path *p, bool *found)
{
    for (unsigned i = 0; i < rows->n; i++) {
        struct ast_row *r = &rows->v[i];
        if (r->rows) {
            remove_wire(r->rows, p, found);
        } else if (r->wire.n && path_eq(&r->wire.v[0], p)) {
            remove_at(rows, i--);
            *found = true;
        }
    }
}

static void
undrop_row(struct arena *a, struct ast_rows *rows, const struct ast_row *r)
{
    if (r->rows)
        for (unsigned i = 0; i < r->rows->n; i++)
            undrop_row(a, rows, &r->rows->v[i]);
    else if (r->kind == ROW_MAP && r->arrow != ARROW_READ)
        for (unsigned i = 0; i < r->model.n; i++)
            undrop(a, rows, &r->model.v[i]);
}

static bool
replace_group(struct ast_rows *rows, const struct ast_row *with)
{
    for (unsigned i = 0; i < rows->n; i++) {
        if (rows->v[i].kind == ROW_FIRST) {
            rows->v[i] = *with;
            return true;
        }
        if (rows->v[i].rows && replace_group(rows->v[i].rows, with))
            return true;
    }
    return false;
}

static void
amend_row(struct arena *a, struct ast_rows *rows, const struct ast_row *with, struct diags *d)
{
    bool found = false;

    switch (with->kind) {
    case ROW_DROP:
        for (unsigned i = 0; i < with->model.n; i++)
            drop_rows(rows, &with->model.v[i]);
        push_row(a, rows, with);
        break;
    case ROW_REMOVE:
        for (unsigned i = 0; i < with->wire.n; i++) {
            remove_wire(rows, &with->wire.v[i], &found);
            if (!found)
                diag_error(d, with->wire.v[i].pos, "there is no inherited row for '%s'", path_text(a, &with->wire.v[i]).p);
        }
        break;
    case ROW_FIRST:
        undrop_row(a, rows, with);
        if (!replace_group(rows, with))
            push_row(a, rows, with);
        break;
    default:
        undrop_row(a, rows, with);
        if (!replace_rows(rows, with, true) && !replace_rows(rows, with, false))
            push_row(a, rows, with);
    }
}

static void
amend_rows(struct arena *a, struct ast_rows *rows, const struct ast_rows *with, struct diags *d)
{
    *rows = copy_rows(a, rows);
    for (unsigned i = 0; i < with->n; i++)
        amend_row(a, rows, &with->v[i], d);
}

/* `drop case` in a union takes the case's rows away. */
static void
drop_cases(struct ast_tag_cases *cases, const struct ast_rows *rows)
{
    for (unsigned i = 0; i < rows->n; i++)
        for (unsigned k = 0; rows->v[i].kind == ROW_DROP && k < rows->v[i].model.n; k++)
            for (unsigned c = 0; c < cases->n; c++)
                if (cases->v[c].model.n == 1 && path_eq(&cases->v[c].model.v[0], &rows->v[i].model.v[k])) {
                    memmove(&cases->v[c], &cases->v[c + 1], (cases->n - c - 1) * sizeof *cases->v);
                    cases->n--;
                    c--;
                }
}

static struct ast_tag_case *
find_case(struct ast_tag_cases *cases, const struct ast_tag_case *with)
{
    for (unsigned i = 0; i < cases->n; i++) {
        struct ast_tag_case *c = &cases->v[i];
        if (c->any && with->any)
            return c;
        for (unsigned k = 0; with->tags.n && k < c->tags.n; k++)
            if (str_eq(c->tags.v[k].s, with->tags.v[0].s) && c->arrow == with->arrow)
                return c;
    }
    return NULL;
}

static void
amend_cases(struct arena *a, struct ast_tag_cases *cases, const struct ast_decl *with, struct diags *d)
{
    struct ast_tag_cases copy = { NULL, 0, 0 };

    for (unsigned i = 0; i < cases->n; i++) {
        struct ast_tag_case *c = arena_push(a, (void **)&copy.v, &copy.n, &copy.cap, sizeof *c);
        *c = cases->v[i];
    }
    drop_cases(&copy, &with->rows);
    for (unsigned i = 0; i < with->tag_cases.n; i++) {
        struct ast_tag_case *old = find_case(&copy, &with->tag_cases.v[i]);
        if (old) {
            old->model = with->tag_cases.v[i].model;
            amend_rows(a, &old->rows, &with->tag_cases.v[i].rows, d);
            continue;
        }
        old = arena_push(a, (void **)&copy.v, &copy.n, &copy.cap, sizeof *old);
        *old = with->tag_cases.v[i];
    }
    *cases = copy;
}

static bool
shares_word(const struct ast_table_row *a, const struct ast_table_row *b)
{
    for (unsigned i = 0; i < a->wire.n; i++)
        for (unsigned k = 0; k < b->wire.n; k++)
            if (str_eq(a->wire.v[i].s, b->wire.v[k].s))
                return true;
    return a->any && b->any;
}

static void
amend_table(struct arena *a, struct ast_table_rows *rows, const struct ast_table_rows *with)
{
    struct ast_table_rows out = { NULL, 0, 0 };

    for (unsigned i = 0; i < with->n; i++)
        *(struct ast_table_row *)arena_push(a, (void **)&out.v, &out.n, &out.cap, sizeof *out.v) = with->v[i];
    for (unsigned i = 0; i < rows->n; i++) {
        struct ast_table_row r = rows->v[i];
        bool gone = false;
        for (unsigned k = 0; k < with->n; k++) {
            const struct ast_table_row *w = &with->v[k];
            gone |= shares_word(&r, w) && (r.arrow != ARROW_WRITE || w->arrow == ARROW_WRITE);
            if (w->arrow != ARROW_READ && r.arrow != ARROW_READ && str_eq(w->model.s, r.model.s)) {
                gone |= r.arrow == ARROW_WRITE;
                r.arrow = ARROW_READ;
            }
        }
        if (!gone)
            *(struct ast_table_row *)arena_push(a, (void **)&out.v, &out.n, &out.cap, sizeof *out.v) = r;
    }
    *rows = out;
}

void
amend_decl(struct arena *a, struct ast_decl *decl, const struct ast_decl *with, struct diags *d)
{
    if (with->table.n && decl->kind != DECL_TABLE)
        diag_error(d, with->pos, "'%.*s' is not a table: these rows have no place in it", STR_ARG(decl->name.s));
    if (decl->kind == DECL_TABLE && (with->rows.n || with->tag_cases.n))
        diag_error(d, with->pos, "'%.*s' is a table: its rows look like \"word\" <-> value", STR_ARG(decl->name.s));
    if (decl->kind == DECL_TABLE)
        amend_table(a, &decl->table, &with->table);
    if (decl->kind != DECL_OBJECT && decl->kind != DECL_TABLE)
        amend_cases(a, &decl->tag_cases, with, d);
    if (with->rows.n)
        amend_rows(a, &decl->rows, &with->rows, d);
}
