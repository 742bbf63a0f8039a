/* See tidy.h. */
#include "codegen/tidy.h"

#include "codegen/wrap.h"

#define INDENT 4

/* A line, or a block: its head `if (x) {`, what stands in it, and its tail `}`. */
struct node {
    struct str text;        /* the line, or the head with its brace */
    struct str tail;        /* of a block; absent: a line */
    struct node *in, *last; /* the first and last node inside */
    struct node *next;
};

struct lines {
    struct arena *a;
    struct str rest;
};

static bool
is_block(const struct node *n)
{
    return n->tail.p != NULL;
}

static bool
begins(struct str s, const char *word)
{
    return str_starts(s, str_from(word));
}

static bool
is_case(struct str s)
{
    return begins(s, "case ") || begins(s, "default:");
}

/* `if (x)` without a brace: what follows is a part of it. */
static bool
governs(struct str s)
{
    bool control = begins(s, "if (") || begins(s, "for (") || begins(s, "else")
                   || begins(s, "while (") || begins(s, "XD_EACH(");
    return control && !str_ends(s, STR(";")) && !str_ends(s, STR("{"));
}

/* --- reading ---------------------------------------------------------------------------------- */

static struct str
take_line(struct lines *l)
{
    const char *end = memchr(l->rest.p, '\n', l->rest.n);
    struct str line = str_make(l->rest.p, end ? (size_t)(end - l->rest.p) : l->rest.n);

    l->rest = str_skip(l->rest, line.n + 1);
    return line;
}

/* How many braces are open at the end of the line, if it does not close any from before. */
static int
balance(struct str s)
{
    int open = 0;

    for (size_t i = 0; i < s.n && !begins(str_skip(s, i), "/*"); i++) {
        i = wrap_skip_string(s, i);
        open += (s.p[i] == '{') - (s.p[i] == '}');
    }
    return open;
}

static struct node *
add(struct lines *l, struct node *block, struct str text)
{
    struct node *n = arena_alloc(l->a, sizeof *n);

    n->text = text;
    if (block->last)
        block->last->next = n;
    else
        block->in = n;
    block->last = n;
    return n;
}

/* A comment of several lines is one node, as it is. */
static struct str
take_comment(struct lines *l, struct str first)
{
    const char *from = first.p, *end = first.p + first.n;

    while (l->rest.n && !memmem(first.p, first.n, "*/", 2)) {
        first = take_line(l);
        end = first.p + first.n;
    }
    return str_make(from, (size_t)(end - from));
}

static void read_block(struct lines *l, struct node *block);

/* A line, and what stands in the block that it opens; `} else {` closes one and opens another. */
static void
read_inside(struct lines *l, struct node *block, struct str line)
{
    struct node *n = add(l, block, line);

    if (begins(line, "/*"))
        n->text = take_comment(l, line);
    else if (balance(line) > 0)
        read_block(l, n);
    while (is_block(n) && str_ends(n->tail, STR("{"))) {
        struct str head = n->tail;
        n->tail = STR("");
        n = add(l, block, head);
        read_block(l, n);
    }
}

static void
read_block(struct lines *l, struct node *block)
{
    block->tail = STR("");
    while (l->rest.n) {
        struct str line = str_trim(take_line(l));
        if (begins(line, "}")) {
            block->tail = line;
            return;
        }
        read_inside(l, block, line);
    }
}

/* --- blocks without a reason ------------------------------------------------------------------ */

static bool
declares(const struct node *n)
{
    static const char *const words[] = { "struct ", "const ",    "enum ", "unsigned ",
                                         "int ",    "uint32_t ", "bool " };

    for (size_t i = 0; n && i < sizeof words / sizeof *words; i++)
        if (begins(n->text, words[i]))
            return true;
    return false;
}

static bool
any_declares(const struct node *n)
{
    for (; n; n = n->next)
        if (declares(n))
            return true;
    return false;
}

/* Is the nameless block the last of those around it, which declare nothing themselves? */
static bool
is_alone(const struct node *outer, const struct node *block)
{
    for (const struct node *n = outer->in; n; n = n->next)
        if (n != block && is_block(n) && str_is(n->text, "{"))
            return false;
    return !block->next && !any_declares(outer->in);
}

/* May what stands in the nameless block n, behind `before`, stand in its place? */
static bool
may_dissolve(const struct node *outer, const struct node *before, const struct node *n)
{
    if (!is_block(n) || !str_is(n->text, "{") || !str_is(n->tail, "}") || !n->in)
        return false;
    if (!before || is_block(before))
        return !any_declares(n->in) || is_alone(outer, n);
    if (is_case(before->text))
        return !any_declares(n->in);
    return !governs(before->text) && (!any_declares(n->in) || is_alone(outer, n));
}

static void
dissolve(struct node *outer)
{
    struct node *before = NULL;

    for (struct node *n = outer->in; n; before = n, n = n->next) {
        dissolve(n);
        if (!may_dissolve(outer, before, n))
            continue;
        n->last->next = n->next;
        if (!n->next)
            outer->last = n->last;
        if (before)
            before->next = n->in;
        else
            outer->in = n->in;
        n = n->last;
    }
}

/* `else` behind a block, and a block behind a label, stand on the same line. */
static void
join(struct arena *a, struct node *outer)
{
    for (struct node *n = outer->in; n; n = n->next) {
        struct node *next = n->next;
        join(a, n);
        if (!next || !is_block(next))
            continue;
        if (is_block(n) && begins(next->text, "else")) {
            n->tail = STR("");
            next->text = arena_printf(a, "} %.*s", STR_ARG(next->text));
        } else if (!is_block(n) && is_case(n->text) && str_is(next->text, "{")) {
            join(a, next);
            next->text = arena_printf(a, "%.*s {", STR_ARG(n->text));
            *n = *next;
            if (!n->next)
                outer->last = n;
        }
    }
}

/* --- writing ---------------------------------------------------------------------------------- */

static void
put_line(struct arena *a, struct buf *out, struct str text, unsigned indent)
{
    if (begins(text, "#"))
        buf_printf(out, "%.*s\n", STR_ARG(text));
    else if (begins(text, "/*"))
        wrap_comment(out, text, indent);
    else
        wrap_statement(a, out, text, indent);
}

static void put_nodes(struct arena *a, struct buf *out, const struct node *block, unsigned indent);

/* The tail is absent where the next block's head begins with it. */
static void
put_block(struct arena *a, struct buf *out, const struct node *n, unsigned indent)
{
    wrap_statement(a, out, n->text, indent);
    put_nodes(a, out, n, indent + INDENT);
    if (n->tail.n)
        buf_printf(out, "%*s%.*s\n", (int)indent, "", STR_ARG(n->tail));
}

static void
put_nodes(struct arena *a, struct buf *out, const struct node *block, unsigned indent)
{
    const struct node *before = NULL;
    unsigned governed = 0;

    for (const struct node *n = block->in; n; before = n, n = n->next) {
        unsigned at = indent + governed - (is_case(n->text) && indent ? INDENT : 0);
        if (n->text.n == 0) {
            if (before && n->next && before->text.n)
                buf_putc(out, '\n');
        } else if (is_block(n)) {
            put_block(a, out, n, at);
            governed = n->tail.n ? 0 : governed;
        } else {
            put_line(a, out, n->text, at);
            governed = governs(n->text) ? governed + INDENT : 0;
        }
    }
}

void
tidy(struct arena *a, struct str text, struct buf *out)
{
    struct lines l = { a, text };
    struct node file = { .tail = STR("") };

    read_block(&l, &file);
    for (struct node *n = file.in; n; n = n->next) /* functions: their own blocks have no name */
        dissolve(n);
    join(a, &file);
    put_nodes(a, out, &file, 0);
}
