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
    bool maps = a->kind == b->kind && (a->kind == ROW_MAP || a->kind == ROW_HEADER);

    if (!maps || a->model.n != b->model.n || a->model.n == 0)
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
        struct ast_paths kept = { NULL, 0, 0 }; /* the inherited vector is shared */
        for (unsigned k = 0; k < r->model.n; k++)
            if (!path_starts(p, &r->model.v[k]))
                *(struct ast_path *)arena_push(a, (void **)&kept.v, &kept.n, &kept.cap,
                                               sizeof *kept.v) = r->model.v[k];
        r->model = kept;
    }
}

/* Do both write the same member, or say the same constant header? */
static bool
writes_same(const struct ast_row *a, const struct ast_row *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == ROW_HEADER)
        return str_eq(a->header.s, b->header.s);
    if (a->kind == ROW_MAP)
        return a->arrow != ARROW_READ && b->arrow != ARROW_READ && same_wire(a, b);
    return a->kind == ROW_CONST && same_wire(a, b);
}

enum same { SAME_MODEL_AND_WIRE, SAME_MODEL, SAME_WIRE };

static bool
is_same(const struct ast_row *a, const struct ast_row *b, enum same same)
{
    switch (same) {
    case SAME_MODEL_AND_WIRE:
        return same_model(a, b) && same_wire(a, b);
    case SAME_MODEL:
        return same_model(a, b);
    case SAME_WIRE:
        return writes_same(a, b);
    }
    return false;
}

/* Replace the inherited rows that are the same in this sense, in the list or in its groups, by one.
 * Rows of one amendment stand beside each other: what comes from the same file is not inherited. */
static bool
replace_rows(struct ast_rows *rows, const struct ast_row *with, enum same same)
{
    bool done = false;

    for (unsigned i = 0; i < rows->n; i++) {
        struct ast_row *r = &rows->v[i];
        if (r->kind == ROW_FIRST || r->kind == ROW_EACH || r->kind == ROW_CHOICES) {
            done |= replace_rows(r->rows, with, same);
        } else if (r->pos.src != with->pos.src && is_same(r, with, same)) {
            if (done)
                remove_at(rows, i--);
            else
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

/* Take the rows for a member, or for members inside it, away.  Were there any? */
static bool
remove_wire(struct ast_rows *rows, const struct ast_path *p)
{
    bool found = false;

    for (unsigned i = 0; i < rows->n; i++) {
        struct ast_row *r = &rows->v[i];
        if (r->rows) {
            found |= remove_wire(r->rows, p);
        } else if (r->wire.n && path_starts(&r->wire.v[0], p)) {
            remove_at(rows, i--);
            found = true;
        }
    }
    return found;
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
group_has(const struct ast_row *group, const struct ast_row *r, enum same same)
{
    for (unsigned i = 0; i < group->rows->n; i++)
        if (is_same(&group->rows->v[i], r, same))
            return true;
    return false;
}

/* Does the group stand for the inherited row, or group? */
static bool
group_meets(const struct ast_row *group, const struct ast_row *r)
{
    if (r->kind != ROW_FIRST)
        return group_has(group, r, SAME_MODEL_AND_WIRE);
    for (unsigned i = 0; i < r->rows->n; i++)
        if (group_has(group, &r->rows->v[i], SAME_MODEL))
            return true;
    return false;
}

/* A group replaces the inherited group that fills one of its places, and the inherited rows that it
 * repeats. */
static bool
replace_group(struct ast_rows *rows, const struct ast_row *with)
{
    bool done = false;

    for (unsigned i = 0; i < rows->n; i++) {
        struct ast_row *r = &rows->v[i];
        if (r->kind == ROW_EACH || r->kind == ROW_CHOICES) {
            done |= replace_group(r->rows, with);
        } else if (r->pos.src != with->pos.src && group_meets(with, r)) {
            if (done)
                remove_at(rows, i--);
            else
                *r = *with;
            done = true;
        }
    }
    return done;
}

static void
amend_row(struct arena *a, struct ast_rows *rows, const struct ast_row *with, struct diags *d)
{
    switch (with->kind) {
    case ROW_DROP:
        for (unsigned i = 0; i < with->model.n; i++)
            drop_rows(rows, &with->model.v[i]);
        push_row(a, rows, with);
        break;
    case ROW_REMOVE:
        for (unsigned i = 0; i < with->wire.n; i++)
            if (!remove_wire(rows, &with->wire.v[i]))
                diag_error(d, with->wire.v[i].pos, "there is no inherited row for '%s'",
                           path_text(a, &with->wire.v[i]).p);
        break;
    case ROW_FIRST:
        undrop_row(a, rows, with);
        if (!replace_group(rows, with))
            push_row(a, rows, with);
        break;
    default:
        undrop_row(a, rows, with);
        if (!replace_rows(rows, with, SAME_MODEL_AND_WIRE) && !replace_rows(rows, with, SAME_MODEL)
            && !replace_rows(rows, with, SAME_WIRE))
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
                if (cases->v[c].model.n == 1
                    && path_eq(&cases->v[c].model.v[0], &rows->v[i].model.v[k])) {
                    memmove(&cases->v[c], &cases->v[c + 1], (cases->n - c - 1) * sizeof *cases->v);
                    cases->n--;
                    c--;
                }
}

/* Has c the first tag of the other, and the same condition? */
static bool
has_tag(const struct ast_tag_case *c, const struct ast_tag_case *of)
{
    if (!path_eq(&c->when, &of->when) || !str_eq(c->is.text.s, of->is.text.s))
        return false;
    for (unsigned i = 0; i < c->tags.n; i++)
        if (str_eq(c->tags.v[i].s, of->tags.v[0].s))
            return true;
    return false;
}

/* The inherited case (the first n are) with this tag: that of the same direction, else that with
 * the same meaning. */
static struct ast_tag_case *
find_case(struct ast_tag_cases *cases, unsigned n, const struct ast_tag_case *with)
{
    for (unsigned i = 0; i < n; i++)
        if (has_tag(&cases->v[i], with) && (with->any || cases->v[i].arrow == with->arrow))
            return &cases->v[i];
    for (unsigned i = 0; i < n; i++)
        if (has_tag(&cases->v[i], with) && path_eq(&cases->v[i].model.v[0], &with->model.v[0]))
            return &cases->v[i];
    return NULL;
}

static void
amend_cases(struct arena *a, struct ast_tag_cases *cases, const struct ast_decl *with,
            struct diags *d)
{
    struct ast_tag_cases copy = { NULL, 0, 0 };

    for (unsigned i = 0; i < cases->n; i++) {
        struct ast_tag_case *c = arena_push(a, (void **)&copy.v, &copy.n, &copy.cap, sizeof *c);
        *c = cases->v[i];
    }
    drop_cases(&copy, &with->rows);
    unsigned n = copy.n;
    for (unsigned i = 0; i < with->tag_cases.n; i++) {
        struct ast_tag_case *old = find_case(&copy, n, &with->tag_cases.v[i]);
        if (old) {
            struct ast_tag_case inherited = *old;
            *old = with->tag_cases.v[i];
            old->pos = inherited.pos;
            if (!old->member.s.n)
                old->member = inherited.member;
            old->rows = inherited.rows;
            amend_rows(a, &old->rows, &with->tag_cases.v[i].rows, d);
            continue;
        }
        old = arena_push(a, (void **)&copy.v, &copy.n, &copy.cap, sizeof *old);
        *old = with->tag_cases.v[i];
    }
    *cases = copy;
}

/* What a new case maps is no longer lost. */
static void
undrop_cases(struct arena *a, struct ast_rows *rows, const struct ast_tag_cases *with)
{
    *rows = copy_rows(a, rows);
    for (unsigned i = 0; i < with->n; i++)
        for (unsigned k = 0; k < with->v[i].model.n; k++)
            undrop(a, rows, &with->v[i].model.v[k]);
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
        *(struct ast_table_row *)arena_push(a, (void **)&out.v, &out.n, &out.cap,
                                            sizeof *out.v) = with->v[i];
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
            *(struct ast_table_row *)arena_push(a, (void **)&out.v, &out.n, &out.cap,
                                                sizeof *out.v) = r;
    }
    *rows = out;
}

/* `"x" -> text` and `* -> foreign` look like table rows; in a union they are cases without rows of
 * their own. */
static void
rows_to_cases(struct arena *a, struct ast_decl *with, struct diags *d)
{
    for (unsigned i = 0; i < with->table.n; i++) {
        const struct ast_table_row *r = &with->table.v[i];
        struct ast_step step = { r->model, STEP_NONE };
        struct ast_path path = { .pos = r->model.pos };
        struct ast_tag_case c = {
            .pos = r->pos, .tags = r->wire, .any = r->any, .arrow = r->arrow
        };
        if (r->status.s.n || r->model.pos.src->text.p[r->model.pos.at] == '"')
            diag_help(diag_error(d, r->status.s.n ? r->status.pos : r->model.pos,
                                 "'%.*s' is no table, and this no case of it",
                                 STR_ARG(with->name.s)),
                      "a case looks like: \"tag\" <-> case { ... }");
        *(struct ast_step *)arena_push(a, (void **)&path.v, &path.n, &path.cap, sizeof step) = step;
        *(struct ast_path *)arena_push(a, (void **)&c.model.v, &c.model.n, &c.model.cap,
                                       sizeof path) = path;
        *(struct ast_tag_case *)arena_push(a, (void **)&with->tag_cases.v, &with->tag_cases.n,
                                           &with->tag_cases.cap, sizeof c) = c;
    }
    with->table = (struct ast_table_rows){ NULL, 0, 0 };
}

static const char *
shape_phrase(const struct ast_decl *decl)
{
    return decl->kind == DECL_OBJECT ? "an object" : decl->patch ? "a patch stream" : "a table";
}

void
amend_decl(struct arena *a, struct ast_decl *decl, const struct ast_decl *amendment,
           struct diags *d)
{
    struct ast_decl with = *amendment;
    bool cases = decl->kind != DECL_OBJECT && decl->kind != DECL_TABLE && !decl->patch;

    if (cases)
        rows_to_cases(a, &with, d);
    if ((with.tag_cases.n && !cases) || (with.table.n && decl->kind != DECL_TABLE)
        || (with.rows.n && decl->kind == DECL_TABLE)) {
        struct diag *e = diag_error(d, with.pos, "'%.*s' is %s: these rows have no place in it",
                                    STR_ARG(decl->name.s), shape_phrase(decl));
        diag_note(e, decl->pos, "declared here");
        diag_help(e, "%s",
                  decl->kind == DECL_TABLE ? "its rows look like: \"word\" <-> value"
                                           : "its rows look like: member <-> model");
        return;
    }
    if (decl->kind == DECL_TABLE)
        amend_table(a, &decl->table, &with.table);
    if (cases)
        amend_cases(a, &decl->tag_cases, &with, d);
    if (cases)
        undrop_cases(a, &decl->rows, &with.tag_cases);
    if (with.rows.n)
        amend_rows(a, &decl->rows, &with.rows, d);
    if (with.order.pos.src)
        decl->order = with.order;
}
