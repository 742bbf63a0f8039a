/* See placement.h. */
#include "codegen/placement.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum home {
    IN_OBJECT = 1,
    IN_ERROR = 2, /* the object that an operation names behind `fails` */
    IN_UNION = 4, /* beside the cases */
    IN_CASE = 8,
    IN_ROUTE = 16,
    IN_EVENT = 32,
    IN_PATCH = 64,
    IN_EACH = 128,
    IN_CHOICES = 256,
    IN_FIRST = 512,
    IN_ANY = 1023,
};

#define IN_STREAM  (IN_EVENT | IN_PATCH | IN_EACH | IN_CHOICES)
#define IN_OBJECTS (IN_OBJECT | IN_ERROR | IN_CASE | IN_ROUTE | IN_EVENT)

/* A row whose kind is not named here may stand everywhere. */
static const struct {
    enum ast_row_kind kind;
    unsigned places;
    const char *what, *help;
} homes[] = {
    { ROW_CONST, IN_ANY & ~(IN_PATCH | IN_FIRST), "a constant",
      "constants stand among the rows of an object, or in each { } or choices { } of a stream" },
    { ROW_HEADER, IN_ERROR, "a header row",
      "headers belong to an operation, or to the object that it names behind fails" },
    { ROW_DROP, IN_ANY & ~(IN_PATCH | IN_FIRST), "drop",
      "drop stands among the rows of an object" },
    { ROW_REST, IN_OBJECTS | IN_UNION, "rest",
      "rest stands among the rows of an object or a case" },
    { ROW_WITH, IN_OBJECT, "with", "with stands in an object, which is then one of several forms" },
    { ROW_FIRST, IN_OBJECTS | IN_UNION | IN_EACH | IN_CHOICES, "first { }",
      "first groups rows of an object: first { a <-> x; b -> x }" },
    { ROW_EACH, IN_PATCH | IN_CHOICES, "each { }",
      "each stands in a patch stream: stream x <-> Reply patch { }" },
    { ROW_CHOICES, IN_PATCH, "choices",
      "choices stands in a patch stream: stream x <-> Reply patch { }" },
    { ROW_FAIL, IN_PATCH, "a row to fail",
      "fail stands in a patch stream; an object maps its error onto the record Error" },
    { ROW_REFUSE, IN_OBJECT | IN_ROUTE, "refuse",
      "refuse stands in an object, and names members that it would be wrong to leave out" },
    { ROW_IGNORE, IN_OBJECTS | IN_UNION | IN_EACH | IN_CHOICES, "ignore",
      "ignore stands in an object, and names members that say nothing" },
    { ROW_REMOVE, 0, "remove",
      "remove takes an inherited row away: provider x : y { request { remove user } }" },
};

struct check {
    const struct dialect *dialect;
    struct diags *d;
};

static const struct word *
find_flag(const struct ast_row *r, const char *flag)
{
    for (unsigned i = 0; i < r->flags.n; i++)
        if (str_is(r->flags.v[i].s, flag))
            return &r->flags.v[i];
    return NULL;
}

static void
refuse(struct check *c, struct pos at, const char *what, const char *help)
{
    diag_help(diag_error(c->d, at, "%s has no place here", what), "%s", help);
}

static void
check_home(struct check *c, const struct ast_row *r, enum home home)
{
    for (size_t i = 0; i < COUNT(homes); i++)
        if (homes[i].kind == r->kind && !(homes[i].places & (unsigned)home))
            refuse(c, r->pos, homes[i].what, homes[i].help);
}

/* --- modifiers -------------------------------------------------------------------------------- */

static bool
is_table(struct check *c, const struct ast_row *r)
{
    const struct ast_decl *decl = r->forms.n ? dialect_decl(c->dialect, r->forms.v[0].name.s)
                                             : NULL;
    return r->forms.n == 1 && (!decl || decl->kind == DECL_TABLE);
}

static void
check_flags(struct check *c, const struct ast_row *r, enum home home)
{
    for (unsigned i = 0; i < r->flags.n; i++)
        for (unsigned k = 0; k < i; k++)
            if (str_eq(r->flags.v[i].s, r->flags.v[k].s))
                diag_error(c->d, r->flags.v[i].pos, "'%.*s' is given twice",
                           STR_ARG(r->flags.v[i].s));
    const struct word *slot = find_flag(r, "slot"), *try = find_flag(r, "try"),
                      *required = find_flag(r, "required"), *last = find_flag(r, "last"),
                      *apart = find_flag(r, "apart");
    if (apart && home != IN_UNION)
        refuse(c, apart->pos, "apart",
               "apart stands beside the cases of a union: mark <-> cache : mark apart");
    if (slot && !(home & IN_STREAM))
        refuse(c, slot->pos, "slot",
               "slot is for rows of a stream that wait until the reply is complete");
    if (last && home != IN_PATCH)
        refuse(
            c, last->pos, "last",
            "last is for usage in a patch stream: it stands in the frame with the reason to stop");
    if (try && !is_table(c, r))
        refuse(c, try->pos, "try", "try is for words of a table: code -> kind : fault try");
    if (home == IN_FIRST && required)
        refuse(c, required->pos, "required",
               "in first { } a missing member means that the next row is tried");
    if (home == IN_FIRST && r->otherwise.kind != CONST_NONE)
        refuse(c, r->otherwise.text.pos, "else",
               "in first { } a missing member means that the next row is tried");
    if (r->grows.n && home != IN_CASE)
        refuse(c, r->grows.pos, "grows",
               "grows stands in a case of a union that a typed stream sends in parts");
}

static void
want_json(struct check *c, const struct ast_const *value)
{
    if (value->kind == CONST_NAME)
        diag_help(
            diag_error(c->d, value->text.pos, "'%.*s' is no JSON value", STR_ARG(value->text.s)),
            "in double quotes it is a string: \"%.*s\"", STR_ARG(value->text.s));
}

static void
check_forms(struct check *c, const struct ast_row *r, enum home home)
{
    for (unsigned i = 0; i < r->forms.n; i++)
        if (r->forms.v[i].kind == FORM_GROWS && (home != IN_EVENT || r->forms.n > 1))
            refuse(
                c, r->forms.v[i].name.pos, "grows by",
                "it is the form of the delta in a typed stream: delta <-> block : grows by type");
}

/* The runtime asks an error for two headers, by the model's fields. */
static void
check_header(struct check *c, const struct ast_row *r)
{
    static const char help[] = "of an error, a header carries kind, retry_after or request:\n"
                               "header \"retry-after\" <-> retry_after : seconds";
    const struct ast_path *p = r->model.n ? &r->model.v[0] : NULL;

    if (!p)
        refuse(c, r->pos, "a constant header", "constant headers belong to an operation");
    else if (p->n > 1
             || !(str_is(p->v[0].name.s, "retry_after") || str_is(p->v[0].name.s, "request")
                  || str_is(p->v[0].name.s, "kind")))
        diag_help(diag_error(c->d, p->pos, "no header carries this"), "%s", help);
}

static void
check_row(struct check *c, const struct ast_row *r, enum home home)
{
    check_home(c, r, home);
    check_flags(c, r, home);
    check_forms(c, r, home);
    want_json(c, &r->otherwise);
    if (r->kind == ROW_CONST)
        want_json(c, &r->constant);
    if (r->kind == ROW_HEADER && home == IN_ERROR)
        check_header(c, r);
    if (r->kind == ROW_MAP && r->builtin.s.n && r->arrow != ARROW_WRITE)
        diag_help(diag_error(c->d, r->builtin.pos, "the time is written, never read"),
                  "write: <- now");
    if (str_is(r->builtin.s, "now") && r->forms.n && !str_is(r->forms.v[0].name.s, "date"))
        diag_help(diag_error(c->d, r->forms.v[0].name.pos, "the time has no form '%.*s'",
                             STR_ARG(r->forms.v[0].name.s)),
                  "seconds since 1970: <- now; \"2026-01-31T00:00:00Z\": <- now : date");
    if (r->kind == ROW_REST && !str_is(r->word.s, "keep") && !str_is(r->word.s, "ignore"))
        diag_help(
            diag_error(c->d, r->word.pos, "unknown members cannot be '%.*s'", STR_ARG(r->word.s)),
            "rest keep: they are written back to the same dialect; rest ignore: they are forgotten");
}

/* --- blocks ----------------------------------------------------------------------------------- */

static void
check_rows(struct check *c, const struct ast_rows *rows, enum home home)
{
    for (unsigned i = 0; i < rows->n; i++) {
        const struct ast_row *r = &rows->v[i];
        check_row(c, r, home);
        if (r->kind == ROW_FIRST)
            check_rows(c, r->rows, IN_FIRST);
        else if (r->kind == ROW_EACH)
            check_rows(c, r->rows, IN_EACH);
        else if (r->kind == ROW_CHOICES)
            check_rows(c, r->rows, IN_CHOICES);
    }
}

static bool
is_error(const struct dialect *d, const struct ast_decl *decl)
{
    for (unsigned i = 0; i < d->operations.n; i++)
        if (str_eq(d->operations.v[i].fails.s, decl->name.s))
            return true;
    return false;
}

/* --- tables ----------------------------------------------------------------------------------- */

static bool
is_status(struct str s)
{
    return s.n == 3 && s.p[0] >= '1' && s.p[0] <= '5' && s.p[1] >= '0' && s.p[1] <= '9'
           && s.p[2] >= '0' && s.p[2] <= '9';
}

static void
check_table(struct check *c, const struct ast_decl *decl)
{
    bool pairs = str_is(decl->model.v[0].name.s, "string");

    for (unsigned i = 0; i < decl->table.n; i++) {
        const struct ast_table_row *r = &decl->table.v[i];
        bool quoted = r->model.pos.src->text.p[r->model.pos.at] == '"';
        if (r->status.s.n && !is_status(r->status.s))
            diag_help(
                diag_error(c->d, r->status.pos, "'%.*s' is no HTTP status", STR_ARG(r->status.s)),
                "a number from 100 to 599 between the words and the arrow: \"word\" 429 <-> value");
        if (r->status.s.n && pairs)
            refuse(c, r->status.pos, "a status",
                   "statuses belong to a table over an enum of faults");
        if (quoted != pairs)
            diag_help(diag_error(c->d, r->model.pos,
                                 pairs ? "this table gives strings"
                                       : "this table gives values of an enum"),
                      pairs ? "\"word\" <-> \"%.*s\"" : "\"word\" <-> %.*s", STR_ARG(r->model.s));
        if (r->any && (pairs || r->wire.n > 1 || r->arrow != ARROW_READ))
            diag_help(
                diag_error(c->d, r->pos,
                           pairs ? "a word that a table of strings does not have is kept as it is"
                                 : "* stands for all other words, alone, and can only be read"),
                pairs ? "leave this row out" : "* -> %.*s", STR_ARG(r->model.s));
    }
}

/* --- cases and declarations ------------------------------------------------------------------- */

static const char *
decl_phrase(enum ast_decl_kind kind)
{
    return kind == DECL_UNION ? "a union" : kind == DECL_LIST ? "a list" : "a stream";
}

/* open.text | open.thinking: one event of blocks, for some kinds of them */
static void
check_kinds(struct check *c, const struct ast_tag_case *t)
{
    struct word event = t->model.v[0].v[0].name;
    bool blocks = str_is(event.s, "open") || str_is(event.s, "grow") || str_is(event.s, "close");

    if (!blocks)
        diag_help(diag_error(c->d, event.pos, "'%.*s' is not about a block", STR_ARG(event.s)),
                  "open, grow and close may name kinds of blocks: \"start\" <-> open.text { ... }");
    for (unsigned i = 0; blocks && i < t->model.n; i++)
        if (t->model.v[i].n != 2 || !str_eq(t->model.v[i].v[0].name.s, event.s))
            diag_help(diag_error(c->d, t->model.v[i].pos,
                                 "the kinds of blocks of one event are named alike"),
                      "%.*s.text | %.*s.thinking", STR_ARG(event.s), STR_ARG(event.s));
}

static void
check_case(struct check *c, const struct ast_decl *decl, const struct ast_tag_case *t)
{
    if (t->by.s.n && !(decl->by_frame && t->any))
        diag_help(diag_error(c->d, t->by.pos, "a table of names has no place here"),
                  "in a stream by frame: * <-> fail by exception { message <-> error.message }");
    bool verbatim = decl->kind == DECL_LIST && t->any && !t->none && t->rows.n == 0;
    bool failed = decl->by_frame && t->any && t->by.s.n;
    if ((t->any || t->none) && decl->kind != DECL_UNION && !verbatim && !failed)
        diag_help(
            diag_error(c->d, t->pos, "%s has no case for %s", decl_phrase(decl->kind),
                       t->any ? "any other tag" : "a missing tag"),
            "only a union has: each element of a list and event of a stream is known by its tag");
    if (t->when.n && !decl->by_member)
        diag_help(diag_error(c->d, t->when.pos, "a condition has no place in %s by a tag",
                             decl_phrase(decl->kind)),
                  "it belongs to a union by member: union x <-> Block by member { ... }");
    if (t->none && decl->by_member)
        diag_help(diag_error(c->d, t->pos, "a member that is missing selects no case"),
                  "any other object: * <-> %.*s", STR_ARG(t->model.v[0].v[0].name.s));
    if (t->any && t->when.n)
        diag_error(c->d, t->when.pos, "* stands for all other objects, without a condition");
    if (t->when.n && t->is.kind == CONST_NAME)
        want_json(c, &t->is);
    if (t->any && t->tags.n > 1)
        diag_help(diag_error(c->d, t->pos, "* stands for all other tags, and alone"),
                  "write a case for the others: \"tag\" <-> case { }");
    if (decl->kind == DECL_LIST)
        return;
    if (decl->items)
        return;
    if (decl->kind == DECL_STREAM && t->model.v[0].n > 1) {
        check_kinds(c, t);
        return;
    }
    if (t->model.n > 1)
        diag_error(c->d, t->model.v[1].pos, "a case of %s has one meaning",
                   decl_phrase(decl->kind));
    if (t->model.v[0].n > 1)
        diag_help(diag_error(c->d, t->model.v[0].pos, "a case of %s is named alone",
                             decl_phrase(decl->kind)),
                  "\"tag\" <-> %.*s { ... }", STR_ARG(t->model.v[0].v[0].name.s));
}

static void
check_cases(struct check *c, const struct ast_decl *decl, enum home home)
{
    for (unsigned i = 0; i < decl->tag_cases.n; i++) {
        check_case(c, decl, &decl->tag_cases.v[i]);
        check_rows(c, &decl->tag_cases.v[i].rows, home);
    }
}

static void
no_common_rows(struct check *c, const struct ast_decl *decl)
{
    if (decl->rows.n)
        diag_help(diag_error(c->d, decl->rows.v[0].pos, "a row beside the cases has no place in %s",
                             decl_phrase(decl->kind)),
                  "write it in each case that needs it");
}

static void
check_decl(struct check *c, const struct ast_decl *decl)
{
    switch (decl->kind) {
    case DECL_OBJECT:
        check_rows(c, &decl->rows, is_error(c->dialect, decl) ? IN_ERROR : IN_OBJECT);
        break;
    case DECL_UNION:
        check_rows(c, &decl->rows, IN_UNION);
        check_cases(c, decl, IN_CASE);
        break;
    case DECL_LIST:
        no_common_rows(c, decl);
        check_cases(c, decl, IN_ROUTE);
        break;
    case DECL_STREAM:
        if (decl->patch || decl->items)
            check_rows(c, &decl->rows, IN_PATCH);
        else
            no_common_rows(c, decl);
        check_cases(c, decl, IN_EVENT);
        break;
    case DECL_TABLE:
        check_table(c, decl);
        break;
    case DECL_ENUM:
    case DECL_RECORD:
    case DECL_MODEL_UNION:
    case DECL_EVENTS:
    case DECL_POLICY:
    case DECL_AMEND:
        break;
    }
}

void
placement_check(const struct dialect *d, struct diags *diags)
{
    struct check c = { d, diags };

    for (unsigned i = 0; i < d->decls.n; i++)
        if (dialect_changed(d, &d->decls.v[i]))
            check_decl(&c, &d->decls.v[i]);
}
