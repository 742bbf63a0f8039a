/* See lex.h. */
#include "codegen/lex.h"

#include "codegen/grammar.h"
#include "codegen/token.h"

#define CLOSER_WITHIN 4096  /* how far from its '(' or '[' the closer may stand */

struct lexer {
    struct arena *arena;
    const struct source *src;
    struct tokens *out;
    const char *cursor, *end;   /* *end == NUL */
    int last;                   /* kind of the last token; TOK_END at the beginning */
    unsigned depth;             /* of ( and [ whose closer is in sight */
    bool full;
};

static void
put(struct lexer *l, int kind, const char *from, const char *to)
{
    struct tokens *out = l->out;
    struct token *t = arena_push(l->arena, (void **)&out->v, &out->n, &out->cap, sizeof *t);
    l->last = kind;
    if (!t) {
        l->full = true;
        return;
    }
    *t = (struct token){
        .kind = kind,
        .word = {
            .s = str_make(from, (size_t)(to - from)),
            .pos = { l->src, (uint32_t)(from - l->src->text.p), (uint32_t)(to - from) },
        },
    };
}

static void
put_bad(struct lexer *l, enum lex_fault fault, const char *from)
{
    put(l, TOK_BAD, from, l->cursor);
    if (!l->full)
        l->out->v[l->out->n - 1].fault = fault;
}

/* Could a statement be complete after a token of this kind? */
static bool
may_end(int kind)
{
    switch (kind) {
    case TOK_END:
    case TOK_LBRACE:
    case TOK_COMMA:
    case TOK_PIPE:
    case TOK_PLUS:
    case TOK_MINUS:
    case TOK_BOTH:
    case TOK_READ:
    case TOK_WRITE:
    case TOK_EQ:
    case TOK_COLON:
        return false;
    default:
        return true;
    }
}

/* Right behind the last token. */
static const char *
behind(const struct lexer *l)
{
    if (l->out->n == 0)
        return l->src->text.p;
    struct pos last = l->out->v[l->out->n - 1].word.pos;
    return l->src->text.p + last.at + last.n;
}

static void
put_line_end(struct lexer *l)
{
    if (l->depth == 0 && may_end(l->last))
        put(l, TOK_END, behind(l), behind(l));
}

static void
put_file_end(struct lexer *l)
{
    if (l->last != TOK_END && l->last != TOK_LBRACE)
        put(l, TOK_END, behind(l), behind(l));
    put(l, 0, behind(l), behind(l));
}

static void
put_semicolon(struct lexer *l, const char *p)
{
    l->depth = 0;
    if (l->last != TOK_END && l->last != TOK_LBRACE)
        put(l, TOK_END, p, p + 1);
}

static void
put_brace(struct lexer *l, int kind, const char *p)
{
    l->depth = 0;
    if (kind == TOK_RBRACE && l->last != TOK_END && l->last != TOK_LBRACE)
        put(l, TOK_END, p, p + 1);
    put(l, kind, p, p + 1);
}

/* Does the bracket before p close before its statement must have ended?  If not, newlines go on
 * counting, so that a forgotten closer spoils one statement and not the rest of the file. */
static bool
closes(const struct lexer *l, const char *p)
{
    unsigned depth = 1;
    for (size_t i = 0; i < CLOSER_WITHIN && p + i < l->end; i++) {
        switch (p[i]) {
        case '(': case '[':
            depth++;
            break;
        case ')': case ']':
            if (--depth == 0)
                return true;
            break;
        case '{': case '}': case ';': case '"':
            return false;
        }
    }
    return false;
}

static void
put_open(struct lexer *l, int kind, const char *p)
{
    if (l->depth > 0 || closes(l, p + 1))
        l->depth++;
    put(l, kind, p, p + 1);
}

static void
put_close(struct lexer *l, int kind, const char *p)
{
    if (l->depth > 0)
        l->depth--;
    put(l, kind, p, p + 1);
}

/* The inside of the string [from, to), quotes included. */
static void
put_string(struct lexer *l, const char *from, const char *to)
{
    size_t n = 0;
    char *s = NULL;
    put(l, TOK_STRING, from, to);
    if (l->full)
        return;
    struct word *word = &l->out->v[l->out->n - 1].word;
    word->s = str_make(from + 1, (size_t)(to - from) - 2);
    if (!memchr(word->s.p, '\\', word->s.n))
        return;
    s = arena_bytes(l->arena, word->s.n);
    l->full = !s;
    for (size_t i = 0; s && i < word->s.n; i++) {
        char c = word->s.p[i];
        if (c == '\\')
            c = word->s.p[++i] == 'n' ? '\n' : word->s.p[i];
        s[n++] = c;
    }
    if (s)
        word->s = str_make(s, n);
}

/* One character that begins no token, whole if it has several bytes. */
static void
put_stray(struct lexer *l, const char *from)
{
    while (l->cursor < l->end && (*l->cursor & 0xC0) == 0x80)
        l->cursor++;
    put_bad(l, LEX_STRAY, from);
}

/* `{}` is a value only where a constant or a form stands. */
static void
put_empty(struct lexer *l, const char *from)
{
    if (l->last == TOK_EQ || l->last == TOK_ELSE || l->last == TOK_COLON) {
        put(l, TOK_EMPTY, from, l->cursor);
        return;
    }
    l->cursor = from + 1;
    put_brace(l, TOK_LBRACE, from);
}

/* Scan one token, blank, comment or line end.  Returns false at the end of the file. */
static bool
scan(struct lexer *l)
{
    const char *p = l->cursor, *YYMARKER;
/*!re2c
    re2c:define:YYCTYPE  = "unsigned char";
    re2c:define:YYCURSOR = l->cursor;
    re2c:yyfill:enable   = 0;

    name   = [A-Za-z_@][A-Za-z0-9_]*;
    number = "-"? [0-9]+ ("." [0-9]+)?;
    plain  = [^"\\\n\x00];

    [ \t\r]+            { return true; }
    "#" [^\n\x00]*      { return true; }
    "\n"                { put_line_end(l); return true; }
    ";"                 { put_semicolon(l, p); return true; }
    "{"                 { put_brace(l, TOK_LBRACE, p); return true; }
    "{" [ \t]* "}"      { put_empty(l, p); return true; }
    "}"                 { put_brace(l, TOK_RBRACE, p); return true; }
    "("                 { put_open(l, TOK_LPAREN, p); return true; }
    "["                 { put_open(l, TOK_LBRACKET, p); return true; }
    ")"                 { put_close(l, TOK_RPAREN, p); return true; }
    "]"                 { put_close(l, TOK_RBRACKET, p); return true; }

    "<->"               { put(l, TOK_BOTH, p, l->cursor); return true; }
    "->"                { put(l, TOK_READ, p, l->cursor); return true; }
    "<-"                { put(l, TOK_WRITE, p, l->cursor); return true; }
    ","                 { put(l, TOK_COMMA, p, l->cursor); return true; }
    ":"                 { put(l, TOK_COLON, p, l->cursor); return true; }
    "="                 { put(l, TOK_EQ, p, l->cursor); return true; }
    "|"                 { put(l, TOK_PIPE, p, l->cursor); return true; }
    "+"                 { put(l, TOK_PLUS, p, l->cursor); return true; }
    "-"                 { put(l, TOK_MINUS, p, l->cursor); return true; }
    "*"                 { put(l, TOK_STAR, p, l->cursor); return true; }
    "?"                 { put(l, TOK_QUESTION, p, l->cursor); return true; }
    "!"                 { put(l, TOK_BANG, p, l->cursor); return true; }
    "."                 { put(l, TOK_DOT, p, l->cursor); return true; }

    name                { put(l, token_of_name(p, l->cursor), p, l->cursor); return true; }
    number              { put(l, TOK_NUMBER, p, l->cursor); return true; }
    number name         { put_bad(l, LEX_NUMBER, p); return true; }

    ["] (plain | [\\] ["\\n])* ["]      { put_string(l, p, l->cursor); return true; }
    ["] (plain | [\\] [^\n\x00])* ["]   { put_bad(l, LEX_ESCAPE, p); return true; }
    ["] [^"\\\n\x00 \t{};]*             { put_bad(l, LEX_UNTERMINATED, p); return true; }

    "\x00"              { if (p == l->end) return false; put_stray(l, p); return true; }
    *                   { put_stray(l, p); return true; }
*/
}

/* `drop <-> x`, `stream.usage -> y`, `first, second <-> z`, `order : int`: a member, whatever it is
 * called. */
static bool
is_member(int kind, int next)
{
    switch (next) {
    case TOK_BOTH:
    case TOK_READ:
    case TOK_WRITE:
    case TOK_COMMA:
        return kind != TOK_NONE;        /* `none, "custom" <-> function`: a tag that is missing */
    case TOK_DOT:
    case TOK_LBRACKET:
    case TOK_EQ:
    case TOK_COLON:
    case TOK_LPAREN:
        return true;
    case TOK_LBRACE:                    /* `list { ... }` amends what somebody called list */
        return token_is_declaration(kind) || kind == TOK_POST || kind == TOK_POLICY;
    default:
        return false;
    }
}

static void
settle(struct tokens *tokens)
{
    for (unsigned i = 0; i + 1 < tokens->n; i++) {
        struct token *t = &tokens->v[i];
        bool begins = i == 0 || t[-1].kind == TOK_END || t[-1].kind == TOK_LBRACE;
        if (begins && token_is_keyword(t->kind) && is_member(t->kind, t[1].kind))
            t->kind = TOK_NAME;
    }
}

bool
lex(struct arena *a, const struct source *src, struct tokens *out)
{
    struct lexer l = {
        .arena = a,
        .src = src,
        .out = out,
        .cursor = src->text.p,
        .end = src->text.p + src->text.n,
        .last = TOK_END,
    };
    while (!l.full && scan(&l))
        ;
    if (!l.full)
        put_file_end(&l);
    settle(out);
    return !l.full;
}
