/* See build.h. */
#include "codegen/build.h"

#include <string.h>

struct pos
build_span(struct pos from, struct pos to)
{
    from.n = to.at + to.n - from.at;
    return from;
}

/* From a statement's beginning to the TOK_END behind it, without the blanks before that. */
static struct pos
statement(struct pos from, struct token end)
{
    uint32_t to = end.word.pos.at;
    while (to > from.at && strchr(" \t\r\n", from.src->text.p[to - 1]))
        to--;
    from.n = to - from.at;
    return from;
}

static struct diag *
said_twice(struct build *b, struct pos at, const char *what)
{
    return diag_error(b->diags, at, "'%s' is given twice", what);
}

struct word
build_dotted(struct build *b, struct word head, struct word tail)
{
    struct pos pos = build_span(head.pos, tail.pos);
    if (pos.n == head.s.n + 1 + tail.s.n)
        return (struct word){ str_make(b->src->text.p + pos.at, pos.n), pos };
    struct str s = arena_printf(b->arena, "%.*s.%.*s", STR_ARG(head.s), STR_ARG(tail.s));
    return (struct word){ s, pos };
}

void
build_overflow(struct build *b)
{
    b->failed = true;
    diag_error(b->diags, b->at, "nested too deep");
}

void
build_file(struct build *b, enum ast_file_kind kind, struct word name, struct word parent)
{
    b->headed = true;
    b->file->kind = kind;
    b->file->name = name;
    b->file->parent = parent;
}

void
build_setting(struct build *b, struct word name, struct words values, struct words globs)
{
    struct words *last = globs.n ? &globs : &values;
    struct pos end = last->n ? last->v[last->n - 1].pos : name.pos;
    BUILD_PUSH(
        b, &b->file->settings,
        (struct ast_setting){
            .pos = build_span(name.pos, end), .name = name, .values = values, .globs = globs });
}

void
build_policy(struct build *b, struct word keyword, struct word name, struct word value,
             struct words globs)
{
    struct words values = { 0 };
    BUILD_PUSH(b, &values, name);
    BUILD_PUSH(b, &values, value);
    build_setting(b, keyword, values, globs);
}

struct ast_operation *
build_operation(struct build *b)
{
    struct ast_operation *op = arena_alloc(b->arena, sizeof *op);
    return op ? op : &b->spare.operation;
}

void
build_add_operation(struct build *b, struct ast_operation *op, struct token first, struct word name,
                    struct word path)
{
    op->pos = build_span(first.word.pos, path.pos);
    op->method = first.word;
    op->name = name;
    op->path = path;
    BUILD_PUSH(b, &b->file->operations, *op);
}

void
build_removed(struct build *b, struct words names)
{
    for (unsigned i = 0; i < names.n; i++)
        BUILD_PUSH(b, &b->file->removed, names.v[i]);
}

void
build_word(struct build *b, struct word *word, struct token keyword, struct word value)
{
    if (word->s.p) {
        struct diag *e = diag_error(b->diags, keyword.word.pos, "'%.*s' is given twice",
                                    STR_ARG(keyword.word.s));
        diag_note(e, word->pos, "first here");
        return;
    }
    *word = value;
}

struct ast_decl *
build_decl_body(struct build *b)
{
    struct ast_decl *decl = arena_alloc(b->arena, sizeof *decl);
    return decl ? decl : &b->spare.decl;
}

void
build_head(struct ast_decl *decl, enum ast_decl_kind kind, struct pos pos, struct word name)
{
    decl->kind = kind;
    decl->pos = pos;
    decl->name = name;
}

struct ast_decl *
build_decl(struct build *b, enum ast_decl_kind kind, struct pos pos, struct word name)
{
    struct ast_decl *decl = build_decl_body(b);
    build_head(decl, kind, pos, name);
    return decl;
}

struct ast_decl *
build_wire_decl(struct build *b, struct ast_decl *body, enum ast_decl_kind kind, struct token first,
                struct build_head head)
{
    (void)b;
    build_head(body, kind, build_span(first.word.pos, head.model.pos), head.name);
    body->model = head.model;
    return body;
}

void
build_add_decl(struct build *b, struct ast_decl *decl)
{
    BUILD_PUSH(b, &b->file->decls, *decl);
}

struct build_keys
build_key(struct build *b, struct token key)
{
    struct build_keys keys = { .pos = key.word.pos };
    BUILD_PUSH(b, &keys.words, key.word);
    return keys;
}

struct build_keys
build_truth(struct build *b, struct token key)
{
    if (!str_is(key.word.s, "true") && !str_is(key.word.s, "false"))
        diag_help(diag_error(b->diags, key.word.pos, "'%.*s' is no word of the wire",
                             STR_ARG(key.word.s)),
                  "words stand in double quotes; without them only numbers, true and false");
    return build_key(b, key);
}

void
build_more_keys(struct build *b, struct build_keys *keys, struct build_keys more)
{
    for (unsigned i = 0; i < more.words.n; i++)
        BUILD_PUSH(b, &keys->words, more.words.v[i]);
    keys->none |= more.none;
    keys->any |= more.any;
    keys->pos = build_span(keys->pos, more.pos);
}

struct ast_tag_case
build_case(struct build_keys tags, enum arrow arrow, struct ast_paths model)
{
    return (struct ast_tag_case){
        .pos = tags.pos,
        .tags = tags.words,
        .none = tags.none,
        .any = tags.any,
        .arrow = arrow,
        .model = model,
    };
}

struct ast_table_row
build_table_row(struct build_keys keys, struct word status, enum arrow arrow, struct word model)
{
    return (struct ast_table_row){
        .pos = keys.pos,
        .wire = keys.words,
        .any = keys.any,
        .status = status,
        .arrow = arrow,
        .model = model,
    };
}

void
build_add_case(struct build *b, struct ast_tag_cases *cases, struct ast_tag_case c,
               struct token end)
{
    c.pos = statement(c.pos, end);
    BUILD_PUSH(b, cases, c);
}

void
build_add_table_row(struct build *b, struct ast_table_rows *rows, struct ast_table_row row,
                    struct token end)
{
    row.pos = statement(row.pos, end);
    BUILD_PUSH(b, rows, row);
}

void
build_add_change(struct build *b, struct ast_decl *decl, const struct build_change *change,
                 struct token end)
{
    const struct ast_path *path = change->model.n == 1 ? &change->model.v[0] : NULL;
    bool plain = path && path->n == 1 && path->v[0].index == STEP_NONE;
    if (change->block || change->keys.none || change->when.n || (change->model.n > 0 && !plain)) {
        struct ast_tag_case c = build_case(change->keys, change->arrow, change->model);
        c.when = change->when;
        c.is = change->is;
        c.rows = change->rows;
        build_add_case(b, &decl->tag_cases, c, end);
        return;
    }
    struct word model = plain ? path->v[0].name : change->value;
    build_add_table_row(b, &decl->table,
                        build_table_row(change->keys, change->status, change->arrow, model), end);
}

static void
add_names(struct build *b, struct words *to, const struct words *names)
{
    for (unsigned i = 0; i < names->n; i++)
        BUILD_PUSH(b, to, names->v[i]);
}

void
build_ordering(struct build *b, struct ast_order *order, const struct build_ordering *o)
{
    switch (o->kind) {
    case ORDERING_ORDER:
        if (order->pos.src)
            diag_note(said_twice(b, o->at, "order"), order->pos, "first here");
        else if (!o->regex && b->order_size <= BUILD_ORDER_MAX)
            diag_help(diag_error(b->diags, o->at, "this order is empty"),
                      "name the events in turn: order { begin (open grow* close)* end }");
        else
            order->regex = o->regex;
        break;
    case ORDERING_ANYWHERE:
        add_names(b, &order->anywhere, &o->names);
        return;
    case ORDERING_FINAL:
        add_names(b, &order->final, &o->names);
        return;
    case ORDERING_SKIP:
        add_names(b, &order->skip, &o->names);
        return;
    case ORDERING_FAULTY:
        break;
    }
    if (!order->pos.src)
        order->pos = o->at;
}

/* A node, or NULL with a diagnostic when the orders have become too large. */
static struct ast_regex *
regex_node(struct build *b, struct ast_regex node)
{
    if (b->order_size > BUILD_ORDER_MAX)
        return NULL;
    if (++b->order_size > BUILD_ORDER_MAX) {
        diag_error(b->diags, node.name.pos,
                   "more than %u names and operators in the orders of a file", BUILD_ORDER_MAX);
        return NULL;
    }
    struct ast_regex *r = arena_alloc(b->arena, sizeof *r);
    if (!r)
        r = &b->spare.regex;
    *r = node;
    return r;
}

struct ast_regex *
build_regex(struct build *b, enum ast_regex_kind kind, struct ast_regex *left,
            struct ast_regex *right)
{
    struct ast_regex *r = NULL;
    if (left && (right || (kind != REGEX_SEQ && kind != REGEX_ALT)))
        r = regex_node(
            b, (struct ast_regex){
                   .kind = kind, .name = { .pos = left->name.pos }, .a = left, .b = right });
    return r ? r : left;
}

struct ast_regex *
build_regex_name(struct build *b, struct word name)
{
    return regex_node(b, (struct ast_regex){ .kind = REGEX_NAME, .name = name });
}

struct ast_row *
build_row(struct build *b, enum ast_row_kind kind, struct pos pos)
{
    struct ast_row *row = arena_alloc(b->arena, sizeof *row);
    if (!row)
        row = &b->spare.row;
    *row = (struct ast_row){ .kind = kind, .pos = pos };
    return row;
}

static bool
is_word(const struct ast_paths *paths, const char *word)
{
    return paths->n == 1 && paths->v[0].n == 1 && paths->v[0].v[0].index == STEP_NONE
           && str_is(paths->v[0].v[0].name.s, word);
}

struct ast_row *
build_map(struct build *b, struct ast_paths wire, enum arrow arrow, struct ast_paths model)
{
    struct pos pos = wire.n ? wire.v[0].pos : (struct pos){ .src = b->src };
    struct ast_row *row = build_row(b, is_word(&model, "fail") ? ROW_FAIL : ROW_MAP, pos);
    row->wire = wire;
    row->arrow = arrow;
    if (is_word(&model, "now")
        || (arrow == ARROW_WRITE && (is_word(&model, "made") || is_word(&model, "count"))))
        row->builtin = model.v[0].v[0].name;
    else
        row->model = model;
    return row;
}

struct ast_row *
build_const_row(struct build *b, struct ast_paths wire, struct ast_const value)
{
    struct pos pos = wire.n ? wire.v[0].pos : (struct pos){ .src = b->src };
    struct ast_row *row = build_row(b, ROW_CONST, pos);
    row->wire = wire;
    row->constant = value;
    if (wire.n > 1) {
        struct diag *e = diag_error(b->diags, wire.v[1].pos, "a constant has one wire member");
        diag_help(e, "write a row for each: member = value");
    }
    return row;
}

struct ast_row *
build_block_row(struct build *b, enum ast_row_kind kind, struct token first, struct ast_rows rows)
{
    struct ast_row *row = build_row(b, kind, first.word.pos);
    struct ast_rows *own = arena_alloc(b->arena, sizeof *own);
    row->rows = own ? own : &b->spare.rows;
    *row->rows = rows;
    return row;
}

void
build_add_row(struct build *b, struct ast_rows *rows, struct ast_row *row, struct token end)
{
    row->pos = statement(row->pos, end);
    BUILD_PUSH(b, rows, *row);
}

void
build_else(struct build *b, struct ast_row *row, struct token keyword, struct ast_const value)
{
    if (row->otherwise.kind != CONST_NONE)
        diag_note(said_twice(b, keyword.word.pos, "else"), row->otherwise.text.pos, "first here");
    else
        row->otherwise = value;
}

void
build_with(struct build *b, struct ast_row *row, struct token keyword, struct ast_path path,
           struct ast_const value)
{
    if (row->with.n) {
        diag_note(said_twice(b, keyword.word.pos, "with"), row->with.pos, "first here");
        return;
    }
    row->with = path;
    row->is = value;
}

void
build_grows(struct build *b, struct ast_row *row, struct token keyword, struct ast_path delta)
{
    if (row->grows.n)
        diag_note(said_twice(b, keyword.word.pos, "grows"), row->grows.pos, "first here");
    else
        row->grows = delta;
}

struct ast_form
build_form_name(enum ast_form_kind kind, struct word name)
{
    return (struct ast_form){ .kind = kind, .name = name };
}

struct ast_form
build_form(struct build *b, enum ast_form_kind kind, struct word fixed, struct word name,
           const char *wanted)
{
    build_expect(b, fixed, wanted);
    return build_form_name(kind, name);
}

struct ast_form
build_form_as(struct build *b, struct word what, struct word name)
{
    if (str_is(what.s, "json"))
        return build_form_name(FORM_JSON_AS, name);
    if (str_is(what.s, "object"))
        return build_form_name(FORM_OBJECT_AS, name);
    return build_form(b, FORM_STRING_AS, what, name, "string");
}

struct ast_form
build_form_in(struct build *b, struct word what, struct word where)
{
    if (str_is(what.s, "text"))
        return build_form_name(FORM_TEXT_IN, where);
    struct ast_form f = build_form(b, FORM_JSON_IN_STRING, where, what, "string");
    build_expect(b, what, "json");
    return f;
}

void
build_expect(struct build *b, struct word word, const char *wanted)
{
    if (str_is(word.s, wanted))
        return;
    struct diag *e = diag_error(b->diags, word.pos, "unexpected '%.*s', wanted '%s'",
                                STR_ARG(word.s), wanted);
    diag_help(e,
              "the forms of two kinds are: string as CASE, [string as CASE], string joins CASE,\n"
              "object as CASE, json in string, text in TAG");
}

struct build_step
build_step(struct word name, int index, struct pos end)
{
    return (struct build_step){ { name, index }, build_span(name.pos, end) };
}

void
build_add_step(struct build *b, struct ast_path *path, struct build_step step)
{
    path->pos = path->n ? build_span(path->pos, step.pos) : step.pos;
    BUILD_PUSH(b, path, step.step);
}

int
build_index(struct build *b, struct word number)
{
    int index = 0;
    for (size_t i = 0; i < number.s.n; i++) {
        char c = number.s.p[i];
        if (c < '0' || c > '9' || number.s.n > 4) {
            struct diag *e = diag_error(b->diags, number.pos, "'%.*s' is no index",
                                        STR_ARG(number.s));
            diag_help(e, "an index counts from 0 and is less than 10000: choices[0]");
            return 0;
        }
        index = index * 10 + (c - '0');
    }
    return index;
}

struct ast_const
build_const_name(struct word name)
{
    enum ast_const_kind kind = CONST_NAME;
    if (str_is(name.s, "true"))
        kind = CONST_TRUE;
    else if (str_is(name.s, "false"))
        kind = CONST_FALSE;
    else if (str_is(name.s, "null"))
        kind = CONST_NULL;
    return (struct ast_const){ kind, name };
}
