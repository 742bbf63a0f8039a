/* A scan for one character, and a look at what follows it. */
#include "runtime/redact/putback.h"

#include "runtime/json/text.h"

void
putback_begin(struct putback *p, const struct vault *v)
{
    *p = (struct putback){ .vault = v };
}

/* --- where in JSON the text is ------------------------------------------------------------- */

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What may stand outside of strings. */
static bool
is_structure(char c)
{
    return c != '\0' && (is_blank(c) || strchr("{}[]:,+-.0123456789eEtrufalsn", c));
}

/* The character that an escape stands for, where it is one that means something in JSON. */
static char
unescaped(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'b':
    case 'f':
        return ' ';
    default:
        return c;
    }
}

static unsigned
digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    return (((unsigned)c | 0x20) - 'a' + 10) & 15;
}

/* A character inside of a string; true when *c is one for the level below. */
static bool
step_string(struct putback_level *l, char *c)
{
    if (l->escape == 0 && *c == '"') {
        l->state = PUTBACK_JSON;
        return false;
    }
    if (l->escape == 0) {
        l->escape = *c == '\\';
        return *c != '\\';
    }
    if (l->escape == 1) {
        l->escape = *c == 'u' ? 2 : 0;
        l->code = 0;
        *c = unescaped(*c);
        return l->escape == 0;
    }
    l->code = l->code << 4 | digit(*c);
    l->escape = l->escape == 5 ? 0 : l->escape + 1;
    *c = l->code < 0x80 ? (char)l->code : 'x';
    return l->escape == 0;
}

static void
step(struct putback *p, char c)
{
    for (struct putback_level *l = p->levels; l < p->levels + PUTBACK_LEVELS; l++) {
        switch (l->state) {
        case PUTBACK_BLANK:
            if (!is_blank(c))
                l->state = c == '{' || c == '[' ? PUTBACK_JSON : PUTBACK_PLAIN;
            return;
        case PUTBACK_PLAIN:
            return;
        case PUTBACK_JSON:
            if (c == '"') {
                *l = (struct putback_level){ .state = PUTBACK_STRING };
                if (l + 1 < p->levels + PUTBACK_LEVELS)
                    l[1] = (struct putback_level){ .state = PUTBACK_BLANK };
            } else if (!is_structure(c)) {
                l->state = PUTBACK_PLAIN;
            }
            return;
        case PUTBACK_STRING:
            if (!step_string(l, &c))
                return;
            break;
        }
    }
}

/* How many strings the text stands in. */
static unsigned
depth(const struct putback *p)
{
    unsigned n = 0;
    while (n < PUTBACK_LEVELS && p->levels[n].state == PUTBACK_STRING)
        n++;
    return n;
}

static void
follow(struct putback *p, struct str s)
{
    if (p->vault->escapes)
        for (size_t i = 0; i < s.n; i++)
            step(p, s.p[i]);
}

/* --- text ---------------------------------------------------------------------------------- */

static void
put_escaped(struct str value, unsigned times, struct buf *out)
{
    if (times == 0) {
        buf_puts(out, value);
        return;
    }
    if (times == 1) {
        json_escape(out, value);
        return;
    }
    struct buf once;
    buf_init(&once, 6 * value.n + 1);
    json_escape(&once, value);
    put_escaped(buf_str(&once), times - 1, out);
    if (once.p)
        explicit_bzero(once.p, once.n);
    buf_fini(&once);
}

static void
put_plain(struct putback *p, struct str s, struct buf *out)
{
    follow(p, s);
    buf_puts(out, s);
}

static void
put_value(struct putback *p, const struct vault_entry *e, struct buf *out)
{
    put_escaped(e->value, p->vault->escapes ? depth(p) : 0, out);
    follow(p, e->stands);
    p->found++;
}

/* All of the text that can be decided; how much of it that was. */
static size_t
take(struct putback *p, struct str text, struct buf *out)
{
    size_t at = 0;
    while (at < text.n) {
        const char *open = memchr(text.p + at, '[', text.n - at);
        size_t to = open ? (size_t)(open - text.p) : text.n;
        put_plain(p, str_make(text.p + at, to - at), out);
        at = to;
        if (!open)
            break;
        const struct vault_entry *e = vault_begins(p->vault, str_skip(text, at));
        if (e) {
            put_value(p, e, out);
            at += e->stands.n;
        } else if (vault_may_begin(p->vault, str_skip(text, at))) {
            break;
        } else {
            put_plain(p, str_make(text.p + at, 1), out);
            at++;
        }
    }
    return at;
}

static void
hold(struct putback *p, struct str rest)
{
    memcpy(p->held, rest.p, rest.n);
    p->n_held = rest.n;
}

void
putback_feed(struct putback *p, struct str piece, struct buf *out)
{
    /* As long as something is held, byte by byte: it is short, and soon decided. */
    while (p->n_held && piece.n) {
        char text[VAULT_STANDS_MAX];
        size_t n = p->n_held;
        memcpy(text, p->held, n);
        text[n++] = *piece.p;
        piece = str_skip(piece, 1);
        size_t taken = take(p, str_make(text, n), out);
        hold(p, str_make(text + taken, n - taken));
    }
    if (piece.n)
        hold(p, str_skip(piece, take(p, piece, out)));
}

void
putback_end(struct putback *p, struct buf *out)
{
    put_plain(p, str_make(p->held, p->n_held), out);
    p->n_held = 0;
}
