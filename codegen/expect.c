/* See expect.h. */
#include "codegen/expect.h"

#include "codegen/grammar.h"
#include "codegen/parser.h"
#include "codegen/token.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct wanted {
    const void *parser;
    bool set[EXPECT_KINDS_MAX]; /* by kind of token, keywords as such */
    const char *phrases[EXPECT_KINDS_MAX];
    unsigned n;
};

static bool
wants(const struct wanted *w, int kind)
{
    return w->set[kind];
}

/* Several tokens under one name, if all of them are wanted.  They are then not named one by one. */
static void
group(struct wanted *w, const int *kinds, unsigned n, const char *phrase)
{
    for (unsigned i = 0; i < n; i++)
        if (!w->set[kinds[i]])
            return;
    for (unsigned i = 0; i < n; i++)
        w->set[kinds[i]] = false;
    w->phrases[w->n++] = phrase;
}

#define GROUP(w, phrase, ...) \
    group(w, (const int[]){ __VA_ARGS__ }, COUNT(((const int[]){ __VA_ARGS__ })), phrase)

static void
collect_groups(struct wanted *w)
{
    GROUP(w, "a row", TOK_NAME, TOK_HEADER, TOK_DROP, TOK_REMOVE, TOK_REFUSE, TOK_IGNORE, TOK_REST,
          TOK_WITH, TOK_FIRST, TOK_EACH, TOK_CHOICES);
    GROUP(w, "a declaration (object, union, list, table, stream)", TOK_OBJECT, TOK_UNION, TOK_LIST,
          TOK_TABLE, TOK_STREAM);
    GROUP(w, "a declaration (enum, record, union, events, policy)", TOK_ENUM, TOK_RECORD, TOK_UNION,
          TOK_EVENTS, TOK_POLICY);
    GROUP(w, "an order (order, anywhere, final, skip)", TOK_ORDER, TOK_ANYWHERE, TOK_FINAL,
          TOK_SKIP);
    GROUP(w, "a member (header, sends, returns, streams, streamed, fails, passes, costs, usual)",
          TOK_HEADER, TOK_SENDS, TOK_RETURNS, TOK_STREAMS, TOK_STREAMED, TOK_FAILS, TOK_PASSES,
          TOK_COSTS, TOK_USUAL);
    GROUP(w, "a tag (a string, none or *)", TOK_STRING, TOK_NONE, TOK_STAR);
    GROUP(w, "a word (a string or *)", TOK_STRING, TOK_STAR);
    GROUP(w, "a value (a string, a number, a name, {} or [])", TOK_STRING, TOK_NUMBER, TOK_NAME,
          TOK_EMPTY, TOK_LBRACKET);
    GROUP(w, "an arrow: <->, -> or <-", TOK_BOTH, TOK_READ, TOK_WRITE);
}

/* What could have stood in the token's place, the vaguest last: the end of the line, then a '}'. */
static void
collect(struct wanted *w)
{
    bool more = false;
    for (int kind = 0; kind < grammar_kinds() && kind < EXPECT_KINDS_MAX; kind++) {
        w->set[kind] = grammar_takes(w->parser, kind, GRAMMAR_AS_SUCH);
        more |= w->set[kind] && kind != TOK_DOT && kind != TOK_LBRACKET;
    }
    bool end = w->set[TOK_END], close = w->set[TOK_RBRACE];
    w->set[TOK_END] = w->set[TOK_RBRACE] = false;
    collect_groups(w);
    if (more && wants(w, TOK_DOT)) /* a path may go on, but nobody forgets that */
        w->set[TOK_DOT] = w->set[TOK_LBRACKET] = false;
    unsigned groups = w->n;
    const char *grouped[16];
    memcpy(grouped, w->phrases, groups * sizeof *grouped);
    w->n = 0;
    for (int kind = 0; kind < EXPECT_KINDS_MAX; kind++)
        if (w->set[kind])
            w->phrases[w->n++] = token_phrase(kind);
    memcpy(w->phrases + w->n, grouped, groups * sizeof *grouped);
    w->n += groups;
    if (end)
        w->phrases[w->n++] = token_phrase(TOK_END);
    if (close)
        w->phrases[w->n++] = token_phrase(TOK_RBRACE);
}

/* What was found, as the reader sees it. */
static struct str
found_phrase(struct arena *a, struct token t)
{
    if (t.kind == 0)
        return STR("end of the file");
    if (t.kind == TOK_END && t.word.s.n == 0)
        return STR("end of the line");
    if (t.kind == TOK_STRING)
        return arena_printf(a, "string \"%.*s\"", STR_ARG(t.word.s));
    return arena_printf(a, "'%.*s'", STR_ARG(t.word.s));
}

/* "a, b or c" */
static struct str
join(struct arena *a, const struct wanted *w)
{
    struct str s = { 0 };
    for (unsigned i = 0; i < w->n; i++) {
        if (i > 0)
            arena_append(a, &s, i + 1 < w->n ? STR(", ") : STR(" or "));
        arena_append(a, &s, str_from(w->phrases[i]));
    }
    return s;
}

enum found { ANYTHING, LINE_END, A_NAME, A_DECLARATION, A_STRING, A_COLON, A_BRACE, ONE_WAY };

static bool
is_found(enum found what, struct token t)
{
    switch (what) {
    case ANYTHING:
        return true;
    case LINE_END:
        return t.kind == TOK_END;
    case A_NAME:
        return t.kind == TOK_NAME || token_is_keyword(t.kind);
    case A_DECLARATION:
        return token_is_declaration(t.kind);
    case A_STRING:
        return t.kind == TOK_STRING;
    case A_COLON:
        return t.kind == TOK_COLON;
    case A_BRACE:
        return t.kind == TOK_LBRACE;
    case ONE_WAY:
        return t.kind == TOK_READ || t.kind == TOK_WRITE;
    }
    return false;
}

/* What to write, by what the parser would have taken (two kinds, the second 0 if one says enough)
 * and what it found.  The first that fits; what is peculiar comes first. */
static const struct {
    int wanted, too;
    enum found found;
    const char *help;
} helps[] = {
    { TOK_IR, 0, ANYTHING,
      "a file begins with its kind: dialect vendor.name, provider name : dialect { ... } or ir 1" },
    { TOK_POST, 0, A_DECLARATION,
      "enum, record and events describe the model: they stand in the file that begins with ir" },
    { TOK_RECORD, 0, A_DECLARATION,
      "object, list, table and stream describe the wire: they stand in a dialect or provider" },
    { TOK_BY, 0, A_BRACE,
      "name the member that holds the tag: union block <-> Block by type { ... }" },
    { TOK_ELSE, 0, A_BRACE,
      "only a case has a block, and its tag is a string: \"tag\" <-> case { ... }" },
    { TOK_ELSE, 0, ANYTHING,
      "behind the model may stand: + model, : form, else value, max number, min number, grows delta.member,\n"
      "slot, last, required, try; the next row begins on a new line or behind ;" },
    { TOK_NUMBER, TOK_RBRACKET, A_NAME, "a form stands behind a colon: member <-> model : [form]" },
    { TOK_NONE, TOK_STRING, A_NAME, "a tag stands in double quotes: \"tag\" <-> case { ... }" },
    { TOK_STAR, TOK_STRING, A_NAME, "the left side stands in double quotes: \"wire\" <-> value" },
    { TOK_READ, TOK_EQ, ANYTHING,
      "wire <-> model is read and written, wire -> model only read, wire <- model only written,\n"
      "wire = value is a constant" },
    { TOK_READ, TOK_COMMA, ANYTHING,
      "\"wire\" <-> model is read and written, -> only read, <- only written;\n"
      "several: \"a\", \"b\" -> x" },
    { TOK_BOTH, 0, ONE_WAY, "a declaration maps both ways: object name <-> Record { ... }" },
    { TOK_BOTH, 0, A_BRACE, "name what it maps to: object name <-> Record { ... }" },
    { TOK_COLON, TOK_DOT, ANYTHING,
      "name the dialect it speaks: provider name : vendor.dialect { ... }" },
    { TOK_COLON, 0, ANYTHING, "a field is written: name : type" },
    { TOK_BANG, 0, ANYTHING, "a field is written: name : type, name : [type] or name : type!" },
    { TOK_QUESTION, 0, ANYTHING,
      "an order is written: order { begin (open grow* close)* finish+ end }" },
    { TOK_LPAREN, 0, LINE_END, "an event is written: name(parameter, ...), without any: name()" },
    { TOK_LBRACE, 0, LINE_END, "what belongs to it follows in braces on the same line: { ... }" },
    { TOK_GROWS, 0, ANYTHING,
      "forms: name, [name], string as CASE, string joins CASE, json in string, text in tag,\n"
      "grows by member" },
    { TOK_EMPTY, 0, ANYTHING,
      "a value is a string, a number, true, false, null, an enum value, {} or []" },
    { TOK_STRING, 0, A_COLON,
      "text with other characters than letters, digits and _ stands in double quotes" },
    { TOK_NAME, 0, A_STRING, "a name stands without quotes" },
    { TOK_STRING, 0, A_NAME, "this stands in double quotes" },
    { TOK_END, 0, A_DECLARATION, "every statement begins on a new line or behind ;" },
    { TOK_END, 0, A_STRING, "every statement begins on a new line or behind ;" },
};

static const char *
help_for(const struct wanted *w, struct token found)
{
    for (size_t i = 0; i < COUNT(helps); i++)
        if (is_found(helps[i].found, found)
            && grammar_takes(w->parser, helps[i].wanted, GRAMMAR_AS_SUCH)
            && (!helps[i].too || grammar_takes(w->parser, helps[i].too, GRAMMAR_AS_SUCH)))
            return helps[i].help;
    return NULL;
}

void
expect_report(struct diags *d, const void *parser, struct token found, const struct token *first,
              const bool starters[EXPECT_KINDS_MAX])
{
    struct wanted w = { .parser = parser };
    collect(&w);
    struct str what = found_phrase(d->arena, found), list = join(d->arena, &w);
    struct diag *e = diag_error(d, found.word.pos, "unexpected %.*s%s%.*s", STR_ARG(what),
                                list.n ? ", wanted " : "", STR_ARG(list));
    int guess = first && first->kind == TOK_NAME ? token_guess(first->word.s, starters) : 0;
    const char *help = help_for(&w, found);
    if (guess && token_of_name(first->word.s.p, first->word.s.p + first->word.s.n) == guess)
        diag_help(e, "%s begins a declaration, its name follows", token_phrase(guess));
    else if (guess)
        diag_help(e, "did you mean %s instead of '%.*s'?", token_phrase(guess),
                  STR_ARG(first->word.s));
    else if (help)
        diag_help(e, "%s", help);
}

static void
report_stray(struct diags *d, struct token bad)
{
    unsigned char c = (unsigned char)bad.word.s.p[0];
    if (c < ' ' || c == 0x7F) {
        diag_error(d, bad.word.pos, "unexpected control character 0x%02x", c);
        return;
    }
    struct diag *e = diag_error(d, bad.word.pos, "unexpected character '%.*s'",
                                STR_ARG(bad.word.s));
    if (c == '\'')
        diag_help(e, "strings stand between double quotes: \"text\"");
    else if (c == '/')
        diag_help(e, "a comment begins with #; text with a / in it stands in double quotes");
    else if (c == '>' || c == '<' || c == '-')
        diag_help(e, "the arrows are <->, -> and <-");
    else if (c == '$' || c == '@' || c >= 0x80)
        diag_help(e, "names consist of letters, digits and _; anything else goes into a string");
}

void
expect_report_bad(struct diags *d, struct token bad)
{
    struct pos at = bad.word.pos;
    switch (bad.fault) {
    case LEX_OK:
    case LEX_STRAY:
        report_stray(d, bad);
        break;
    case LEX_UNTERMINATED:
        diag_help(diag_error(d, at, "this string does not end on its line"),
                  "close it with \"; a line break inside a string is written \\n");
        break;
    case LEX_ESCAPE:
        diag_help(diag_error(d, at, "unknown escape in a string"),
                  "the escapes are \\\" \\\\ and \\n");
        break;
    case LEX_NUMBER:
        diag_help(diag_error(d, at, "'%.*s' is neither a number nor a name", STR_ARG(bad.word.s)),
                  "numbers are written 4096, -1 or 0.5; names do not begin with a digit");
        break;
    }
}
