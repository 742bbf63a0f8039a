/* See token.h. */
#include "codegen/token.h"

#include "codegen/grammar.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum use { DECLARES = 1, BEGINS = 2 };      /* a declaration; any other statement */

struct keyword { int kind; const char *text, *phrase, *name; unsigned use; };

#define KEYWORD(kind, text, use) { TOK_##kind, text, "'" text "'", #kind, use }

static const struct keyword keywords[] = {
    KEYWORD(IR, "ir", 0),
    KEYWORD(DIALECT, "dialect", DECLARES),
    KEYWORD(PROVIDER, "provider", DECLARES),
    KEYWORD(ENUM, "enum", DECLARES),
    KEYWORD(RECORD, "record", DECLARES),
    KEYWORD(UNION, "union", DECLARES),
    KEYWORD(EVENTS, "events", DECLARES),
    KEYWORD(OBJECT, "object", DECLARES),
    KEYWORD(LIST, "list", DECLARES),
    KEYWORD(TABLE, "table", DECLARES),
    KEYWORD(STREAM, "stream", DECLARES),
    KEYWORD(POST, "post", BEGINS),
    KEYWORD(POLICY, "policy", BEGINS),
    KEYWORD(HEADER, "header", BEGINS),
    KEYWORD(SENDS, "sends", BEGINS),
    KEYWORD(RETURNS, "returns", BEGINS),
    KEYWORD(STREAMS, "streams", BEGINS),
    KEYWORD(FAILS, "fails", BEGINS),
    KEYWORD(DROP, "drop", BEGINS),
    KEYWORD(REMOVE, "remove", BEGINS),
    KEYWORD(REST, "rest", BEGINS),
    KEYWORD(WITH, "with", BEGINS),
    KEYWORD(FIRST, "first", BEGINS),
    KEYWORD(EACH, "each", BEGINS),
    KEYWORD(CHOICES, "choices", BEGINS),
    KEYWORD(ORDER, "order", BEGINS),
    KEYWORD(ANYWHERE, "anywhere", BEGINS),
    KEYWORD(FINAL, "final", BEGINS),
    KEYWORD(SKIP, "skip", BEGINS),
    KEYWORD(NONE, "none", 0),
    KEYWORD(BY, "by", 0),
    KEYWORD(PATCH, "patch", 0),
    KEYWORD(UNTIL, "until", 0),
    KEYWORD(GROWS, "grows", 0),
    KEYWORD(ELSE, "else", 0),
    KEYWORD(MAX, "max", 0),
    KEYWORD(MIN, "min", 0),
    KEYWORD(SLOT, "slot", 0),
    KEYWORD(REQUIRED, "required", 0),
    KEYWORD(AS, "as", 0),
    KEYWORD(JOINS, "joins", 0),
    KEYWORD(IN, "in", 0),
};

static const struct { int kind; const char *phrase, *name; } others[] = {
    { 0, "the end of the file", "EOF" },
    { TOK_END, "the end of the line", "END" },
    { TOK_BAD, "a bad character", "BAD" },
    { TOK_NAME, "a name", "NAME" },
    { TOK_STRING, "a string", "STRING" },
    { TOK_NUMBER, "a number", "NUMBER" },
    { TOK_BOTH, "'<->'", "BOTH" },
    { TOK_READ, "'->'", "READ" },
    { TOK_WRITE, "'<-'", "WRITE" },
    { TOK_LBRACE, "'{'", "LBRACE" },
    { TOK_RBRACE, "'}'", "RBRACE" },
    { TOK_EMPTY, "'{}'", "EMPTY" },
    { TOK_LBRACKET, "'['", "LBRACKET" },
    { TOK_RBRACKET, "']'", "RBRACKET" },
    { TOK_LPAREN, "'('", "LPAREN" },
    { TOK_RPAREN, "')'", "RPAREN" },
    { TOK_COMMA, "','", "COMMA" },
    { TOK_COLON, "':'", "COLON" },
    { TOK_EQ, "'='", "EQ" },
    { TOK_PIPE, "'|'", "PIPE" },
    { TOK_PLUS, "'+'", "PLUS" },
    { TOK_STAR, "'*'", "STAR" },
    { TOK_QUESTION, "'?'", "QUESTION" },
    { TOK_BANG, "'!'", "BANG" },
    { TOK_DOT, "'.'", "DOT" },
};

static const struct keyword *
keyword_of_kind(int kind)
{
    for (size_t i = 0; i < COUNT(keywords); i++)
        if (keywords[i].kind == kind)
            return &keywords[i];
    return NULL;
}

int
token_of_name(const char *from, const char *to)
{
    struct str name = str_make(from, (size_t)(to - from));
    for (size_t i = 0; i < COUNT(keywords); i++)
        if (str_is(name, keywords[i].text))
            return keywords[i].kind;
    return TOK_NAME;
}

const char *
token_phrase(int kind)
{
    const struct keyword *k = keyword_of_kind(kind);
    if (k)
        return k->phrase;
    for (size_t i = 0; i < COUNT(others); i++)
        if (others[i].kind == kind)
            return others[i].phrase;
    return "?";
}

const char *
token_name(int kind)
{
    const struct keyword *k = keyword_of_kind(kind);
    if (k)
        return k->name;
    for (size_t i = 0; i < COUNT(others); i++)
        if (others[i].kind == kind)
            return others[i].name;
    return "?";
}

bool
token_is_keyword(int kind)
{
    return keyword_of_kind(kind) != NULL;
}

bool
token_is_declaration(int kind)
{
    const struct keyword *k = keyword_of_kind(kind);
    return k && k->use == DECLARES;
}

int
token_guess(struct str name)
{
    int best = 0;
    size_t least = 3;       /* nearer than this */
    for (size_t i = 0; i < COUNT(keywords); i++) {
        const struct keyword *k = &keywords[i];
        if (!k->use || strlen(k->text) < 4)
            continue;
        size_t d = str_distance(name, str_from(k->text), 3);
        if (d < least) {
            least = d;
            best = k->kind;
        }
    }
    return best;
}
