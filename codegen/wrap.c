/* See wrap.h. */
#include "codegen/wrap.h"

#define INDENT 4

struct wrap {
    struct arena *a;
    struct buf *out;
    struct str text;
    unsigned indent;
    unsigned columns[32]; /* where what stands in the open brackets begins */
    unsigned depth;
};

/* The number of the column behind what was written last. */
static unsigned
column(const struct buf *out)
{
    size_t n = 0;

    while (n < out->n && out->p[out->n - 1 - n] != '\n')
        n++;
    return (unsigned)n;
}

size_t
wrap_skip_string(struct str s, size_t i)
{
    char quote = i < s.n ? s.p[i] : 0;

    if (quote != '"' && quote != '\'')
        return i;
    for (i++; i + 1 < s.n && s.p[i] != quote; i++)
        i += s.p[i] == '\\';
    return i;
}

/* Is s, from i on, a blank, one of these operators and a blank? */
static bool
is_operator(struct str s, size_t i)
{
    static const char *const operators[] = { " && ", " || ", " == ", " ? ", " : " };

    for (size_t k = 0; k < sizeof operators / sizeof *operators; k++)
        if (str_starts(str_skip(s, i), str_from(operators[k])))
            return true;
    return false;
}

/* From i on, up to where the line may be broken next: behind a comma, a semicolon or an assignment,
 * before an operator, at the end. */
static size_t
piece(struct str s, size_t i)
{
    for (size_t from = i; i + 1 < s.n; i++) {
        i = wrap_skip_string(s, i);
        char c = s.p[i];
        if ((c == ',' || c == ';' || (c == '=' && s.p[i - 1] == ' ')) && s.p[i + 1] == ' ')
            return i + 2;
        if (i > from && is_operator(s, i))
            return i + 1;
    }
    return s.n;
}

/* Follow the brackets of a piece that begins at column `at`. */
static void
follow(struct wrap *w, struct str s, unsigned at)
{
    for (size_t i = 0; i < s.n; i++) {
        i = wrap_skip_string(s, i);
        char c = s.p[i];
        if ((c == '(' || c == '[' || c == '{') && w->depth < 31)
            w->columns[w->depth++] = at + (unsigned)i + (c == '{' ? 2 : 1);
        else if ((c == ')' || c == ']' || c == '}') && w->depth)
            w->depth--;
    }
}

static void
new_line(struct wrap *w)
{
    bool value = str_ends(w->text, STR(",")); /* of an initialiser */
    unsigned to = w->depth ? w->columns[w->depth - 1] : w->indent + (value ? 0 : INDENT);

    while (w->out->n && w->out->p[w->out->n - 1] == ' ')
        w->out->n--;
    buf_printf(w->out, "\n%*s", (int)to, "");
}

/* Where a string (its quote is s.p[0]) is cut so that its beginning takes less than this room; 0:
 * nowhere. */
static size_t
cut_string(struct str s, size_t room)
{
    size_t cut = 0, end = wrap_skip_string(s, 0);

    for (size_t i = 1; i < end && i < room; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == ' ')
            cut = i + 1;
    }
    return cut;
}

/* A string that is too long becomes several, below each other.  Returns what is left to print. */
static struct str
put_strings(struct wrap *w, struct str s)
{
    const char *quote = memchr(s.p, '"', s.n);
    size_t head = quote ? (size_t)(quote - s.p) : 0;
    unsigned at = column(w->out);

    while (quote && at + str_trim(s).n > WRAP_COLUMNS) {
        size_t cut = cut_string(str_skip(s, head), WRAP_COLUMNS - 1 - at - head);
        if (cut < 2)
            break;
        buf_put(w->out, s.p, head + cut);
        follow(w, str_make(s.p, head), at);
        at += (unsigned)head;
        buf_printf(w->out, "\"\n%*s", (int)at, "");
        s = arena_printf(w->a, "\"%.*s", STR_ARG(str_skip(s, head + cut)));
        head = 0;
    }
    return s;
}

static void
put_piece(struct wrap *w, struct str s)
{
    unsigned at = column(w->out);
    unsigned margin = w->depth ? w->columns[w->depth - 1] : w->indent;

    if (at + str_trim(s).n > WRAP_COLUMNS && at > margin)
        new_line(w);
    s = put_strings(w, s);
    at = column(w->out);
    buf_puts(w->out, s);
    follow(w, s, at);
}

static void
put_pieces(struct wrap *w, struct str s)
{
    for (size_t i = 0, end; i < s.n; i = end) {
        end = piece(s, i);
        put_piece(w, str_make(s.p + i, end - i));
    }
}

static void
put_wrapped(struct arena *a, struct buf *out, struct str text, unsigned indent)
{
    struct wrap w = { .a = a, .out = out, .text = text, .indent = indent };

    buf_printf(out, "%*s", (int)indent, "");
    if (indent + text.n <= WRAP_COLUMNS) {
        buf_puts(out, text);
    } else {
        put_pieces(&w, text);
    }
    while (out->n && out->p[out->n - 1] == ' ')
        out->n--;
    buf_putc(out, '\n');
}

/* `x = { a, b };` that is too long has its values on lines of their own. */
static bool
put_initialiser(struct arena *a, struct buf *out, struct str text, unsigned indent)
{
    const char *open = memmem(text.p, text.n, " = { ", 5);
    size_t head = open ? (size_t)(open - text.p) + 4 : 0;

    if (!open || indent + text.n <= WRAP_COLUMNS || !str_ends(text, STR(" };")))
        return false;
    put_wrapped(a, out, str_make(text.p, head), indent);
    struct str values = str_make(text.p + head + 1, text.n - head - 4);
    if (!str_ends(values, STR(",")))
        values = arena_printf(a, "%.*s,", STR_ARG(values));
    struct wrap w = { .a = a, .out = out, .text = values, .indent = indent + INDENT };
    w.columns[w.depth++] = indent + INDENT;
    buf_printf(out, "%*s", (int)(indent + INDENT), "");
    put_pieces(&w, values);
    buf_printf(out, "\n%*s};\n", (int)indent, "");
    return true;
}

void
wrap_statement(struct arena *a, struct buf *out, struct str text, unsigned indent)
{
    if (!put_initialiser(a, out, text, indent))
        put_wrapped(a, out, text, indent);
}

/* A comment of one line that is too long has several. */
void
wrap_comment(struct buf *out, struct str text, unsigned indent)
{
    bool one = !memchr(text.p, '\n', text.n);

    while (one && indent + text.n > WRAP_COLUMNS) {
        size_t cut = WRAP_COLUMNS - indent;
        while (cut && (text.p[cut] != ' ' || str_is(str_skip(text, cut), " */")))
            cut--;
        buf_printf(out, "%*s%.*s\n%*s *", (int)indent, "", (int)cut, text.p, (int)indent, "");
        text = str_skip(text, cut);
        indent = 0;
    }
    buf_printf(out, "%*s%.*s\n", (int)indent, "", STR_ARG(text));
}
