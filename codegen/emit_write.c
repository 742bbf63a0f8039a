/* Rows into writing code: members of the object that is being written. */
#include "codegen/emit.h"

#define INNER "        " /* the indent of what stands in a row's block */

static const char *
const_json(struct emit *e, const struct ast_const *c)
{
    switch (c->kind) {
    case CONST_STRING:
        return c_string(e->a, arena_printf(e->a, "%s", c_string(e->a, c->text.s)));
    case CONST_NUMBER:
        return arena_printf(e->a, "\"%.*s\"", STR_ARG(c->text.s)).p;
    case CONST_TRUE:
        return "\"true\"";
    case CONST_FALSE:
        return "\"false\"";
    case CONST_EMPTY_OBJECT:
        return "\"{}\"";
    case CONST_EMPTY_ARRAY:
        return "\"[]\"";
    case CONST_NULL:
    case CONST_NAME:
    case CONST_NONE:
        break;
    }
    return "\"null\"";
}

static void
write_const(struct emit *e, const struct ast_const *c, const char *key, const char *indent)
{
    em(e, "%sjw_key(&x->w, STR(%s));\n", indent, key);
    em(e, "%sjw_raw(&x->w, STR(%s));\n", indent, const_json(e, c));
}

/* A record of which words of several tables stand for one field each: it is there when any field is. */
static const char *
words_present(struct emit *e, const struct row_use *u, const struct target *t)
{
    struct str any = { NULL, 0 };

    for (unsigned i = 0; i < u->r->forms.n; i++) {
        struct form f = form_resolve(e, &u->r->forms.v[i], &t->type);
        if (f.is != FORM_IS_TABLE)
            return NULL;
        arena_append(e->a, &any,
                     arena_printf(e->a, "%s%s", i ? " || " : "",
                                  emit_table_value(e, &f, &t->type, t->lvalue)));
    }
    return arena_printf(e->a, "(%.*s)", STR_ARG(any)).p;
}

static const char *
presence(struct emit *e, const struct body *b, const struct row_use *u, const struct target *t)
{
    const char *present;

    if (t->gather)
        present =
            arena_printf(e->a, "xd_count_blocks(&%s, 0x%xu)", t->list, 1u << (t->ucase + 1)).p;
    else if (t->self)
        return NULL;
    else if (t->type.kind == TYPE_UNION && t->type.list && strcmp(t->type.un->c, "block") == 0
             && u->r->forms.n)
        present =
            arena_printf(e->a, "xd_count_blocks(&%s, %s)", t->lvalue, row_mask_text(e, b, u)).p;
    else if (t->type.kind == TYPE_RECORD && !t->type.list && u->r->forms.n > 1
             && words_present(e, u, t))
        present = words_present(e, u, t);
    else
        present = types_present(e->a, &t->type, t->lvalue);
    if (row_has_flag(u->r, "required") && t->type.list && u->r->otherwise.kind == CONST_NONE)
        present = NULL;
    if (t->guard && present == NULL && t->type.list)
        return t->guard;
    if (t->guard && present)
        return arena_printf(e->a, "%s && %s", t->guard, present).p;
    return t->guard ? t->guard : present;
}

static void
write_sum(struct emit *e, const struct body *b, const struct row_use *u, const char *key,
          const char *indent)
{
    em(e, "%sconst struct ir_int *const parts[] = { ", indent);
    for (unsigned k = 0; k < u->r->model.n; k++) {
        struct target t = target_resolve(e->a, e->ir, &b->ctx, &u->r->model.v[k], DIR_WRITE,
                                         e->diags);
        if (t.ok && (t.type.kind != TYPE_INT || t.type.list))
            diag_error(e->diags, u->r->model.v[k].pos, "a sum adds values of type int, this is %s",
                       types_name(&t.type));
        em(e, "%s&%s", k ? ", " : "", t.ok ? t.lvalue : "?");
    }
    em(e, " };\n%sxd_put_int(x, STR(%s), xd_%s(parts, %u));\n", indent, key,
       u->r->minus ? "difference" : "sum", u->r->model.n);
}

/* A row `with PATH = VALUE` stands only for this value. */
static const char *
with_row(struct emit *e, const struct body *b, const struct row_use *u, const char *present)
{
    struct target t = target_resolve(e->a, e->ir, &b->ctx, &u->r->with, DIR_WRITE, e->diags);

    if (!t.ok || t.type.kind != TYPE_ENUM)
        return present; /* reported by the reader */
    return arena_printf(e->a, "%s%s%s == IR_%s_%s", present ? present : "", present ? " && " : "",
                        t.lvalue, types_upper(e->a, t.type.en->name.s),
                        types_upper(e->a, u->r->is.text.s))
        .p;
}

/* A record that is not there is written with what its rows write when there is nothing to write. */
static bool
writes_empty(const struct row_use *u, const struct target *t)
{
    return u->r->otherwise.kind == CONST_EMPTY_OBJECT && t->type.kind == TYPE_RECORD
           && !t->type.list;
}

static void
check_clamps(struct emit *e, const struct ast_row *r, const struct type *t)
{
    if (r->max.s.n && (t->kind != TYPE_REAL || t->list))
        diag_error(e->diags, r->max.pos, "max is for a value of type real, this is %s",
                   types_name(t));
    if (r->min.s.n && (t->kind != TYPE_INT || t->list))
        diag_error(e->diags, r->min.pos, "min is for a value of type int, this is %s",
                   types_name(t));
}

static void
write_const_row(struct emit *e, const struct body *b, const struct row_use *u, const char *key)
{
    const char *when = u->each ? NULL : b->key ? "x->skeleton || !x->patch" : b->when_const;
    const char *in = when ? INNER : "    ";

    if (u->r->otherwise.kind != CONST_NONE) {
        em(e, "    XD_SEEN(seen_written, %d);\n    if (x->skeleton) {\n", u->number);
        write_const(e, &u->r->otherwise, key, INNER);
        em(e, "    } else {\n");
        write_const(e, &u->r->constant, key, INNER);
        em(e, "    }\n");
        return;
    }
    if (when)
        em(e, "    if (%s) {\n", when);
    em(e, "%sXD_SEEN(seen_written, %d);\n", in, u->number);
    write_const(e, &u->r->constant, key, in);
    if (when)
        em(e, "    }\n");
}

/* What no field of the model says: `created <- now`. */
static void
write_builtin_row(struct emit *e, const struct row_use *u, const char *key)
{
    em(e, "    XD_SEEN(seen_written, %d);\n", u->number);
    if (str_is(u->r->builtin.s, "made"))
        em(e, "    xd_put_made(x, STR(%s), STR(\"%.*s_\"));\n", key,
           STR_ARG(u->r->forms.n ? u->r->forms.v[0].name.s : STR("id")));
    else if (str_is(u->r->builtin.s, "count"))
        em(e, "    xd_put_count(x, STR(%s));\n", key);
    else if (u->r->forms.n)
        em(e, "    xd_put_date(x, STR(%s));\n", key);
    else
        em(e, "    xd_put_int(x, STR(%s), (struct ir_int){ x->now, true });\n", key);
}

/* The condition under which the row writes something; NULL: always. */
static const char *
row_condition(struct emit *e, const struct body *b, const struct row_use *u, const struct target *t)
{
    const char *present = writes_empty(u, t) ? t->guard : presence(e, b, u, t);

    if (u->r->with.n)
        present = with_row(e, b, u, present);
    if (u->r->grows.n && t->type.list)
        return types_present(e->a, &t->type, t->lvalue);
    if (u->r->grows.n && b->bare)
        return arena_printf(e->a, "!x->skeleton%s%s", present ? " && " : "", present ? present : "")
            .p;
    if (u->r->grows.n) /* written empty while the block opens */
        return arena_printf(e->a, "x->skeleton || %s", present ? present : "true").p;
    return present;
}

/* What is written in place of a value that is not there; the row's block is still open. */
static void
write_otherwise(struct emit *e, const struct body *b, const struct row_use *u,
                const struct target *t, const char *present, const char *key)
{
    if (t->guard && t->type.list && row_has_flag(u->r, "required")) {
        em(e, "    } else {\n%sjw_key(&x->w, STR(%s));\n%sjw_raw(&x->w, STR(\"[]\"));\n", INNER,
           key, INNER);
    } else if (present && b->key && u->r->forms.n == 1
               && u->r->forms.v[0].kind == FORM_JSON_IN_STRING) {
        em(e, "    } else if (x->skeleton) {\n"); /* a call that opens says "" */
        em(e, "%sjw_key(&x->w, STR(%s));\n%sjw_raw(&x->w, STR(\"\\\"\\\"\"));\n", INNER, key,
           INNER);
    } else if (present && u->r->otherwise.kind != CONST_NONE) {
        if (t->guard && t->select) /* another case has no such member */
            em(e, "    } else if (%s) {\n", t->guard);
        else
            em(e, "    } else {\n");
        write_const(e, &u->r->otherwise, key, INNER);
    }
}

static void
write_mapped_row(struct emit *e, const struct body *b, const struct row_use *u, const char *key)
{
    struct target t = target_resolve(e->a, e->ir, &b->ctx, &u->r->model.v[0], DIR_WRITE, e->diags);

    if (!t.ok)
        return;
    check_clamps(e, u->r, &t.type);
    const char *present = row_condition(e, b, u, &t);
    if (present)
        em(e, "    if (%s) {\n", present);
    else
        em(e, "    {\n");
    em(e, "%sXD_SEEN(seen_written, %d);\n", INNER, u->number);
    emit_write_value(e, b, u, key, INNER);
    write_otherwise(e, b, u, &t, present, key);
    em(e, "    }\n");
}

void
emit_write_row(struct emit *e, const struct body *b, const struct row_use *u, const char *key)
{
    if (u->r->kind == ROW_CONST) {
        write_const_row(e, b, u, key);
    } else if (u->r->builtin.s.n) {
        write_builtin_row(e, u, key);
    } else if (u->r->model.n > 1) {
        em(e, "    {\n%sXD_SEEN(seen_written, %d);\n", INNER, u->number);
        write_sum(e, b, u, key, INNER);
        em(e, "    }\n");
    } else {
        write_mapped_row(e, b, u, key);
    }
}
