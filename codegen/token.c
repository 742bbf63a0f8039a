/* See token.h. */
#include "codegen/token.h"

#include "codegen/grammar.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum use { PLAIN, DECLARES };

struct keyword {
    int kind;
    const char *text, *phrase, *name;
    enum use use;
};

#define KEYWORD(kind, text, use) \
    { \
        TOK_##kind, text, "'" text "'", #kind, use \
    }

static const struct keyword keywords[] = {
    KEYWORD(IR, "ir", PLAIN),
    KEYWORD(DIALECT, "dialect", DECLARES),
    KEYWORD(EXTEND, "extend", DECLARES),
    KEYWORD(PROVIDER, "provider", DECLARES),
    KEYWORD(ENUM, "enum", DECLARES),
    KEYWORD(RECORD, "record", DECLARES),
    KEYWORD(UNION, "union", DECLARES),
    KEYWORD(EVENTS, "events", DECLARES),
    KEYWORD(OBJECT, "object", DECLARES),
    KEYWORD(LIST, "list", DECLARES),
    KEYWORD(TABLE, "table", DECLARES),
    KEYWORD(STREAM, "stream", DECLARES),
    KEYWORD(POST, "post", PLAIN),
    KEYWORD(GET, "get", PLAIN),
    KEYWORD(DELETE, "delete", PLAIN),
    KEYWORD(POLICY, "policy", PLAIN),
    KEYWORD(HEADER, "header", PLAIN),
    KEYWORD(SENDS, "sends", PLAIN),
    KEYWORD(RETURNS, "returns", PLAIN),
    KEYWORD(STREAMS, "streams", PLAIN),
    KEYWORD(STREAMED, "streamed", PLAIN),
    KEYWORD(FAILS, "fails", PLAIN),
    KEYWORD(PASSES, "passes", PLAIN),
    KEYWORD(COSTS, "costs", PLAIN),
    KEYWORD(USUAL, "usual", PLAIN),
    KEYWORD(DROP, "drop", PLAIN),
    KEYWORD(OMIT, "omit", PLAIN),
    KEYWORD(REMOVE, "remove", PLAIN),
    KEYWORD(REFUSE, "refuse", PLAIN),
    KEYWORD(IGNORE, "ignore", PLAIN),
    KEYWORD(REST, "rest", PLAIN),
    KEYWORD(WITH, "with", PLAIN),
    KEYWORD(FIRST, "first", PLAIN),
    KEYWORD(EACH, "each", PLAIN),
    KEYWORD(CHOICES, "choices", PLAIN),
    KEYWORD(ORDER, "order", PLAIN),
    KEYWORD(ANYWHERE, "anywhere", PLAIN),
    KEYWORD(FINAL, "final", PLAIN),
    KEYWORD(SKIP, "skip", PLAIN),
    KEYWORD(NONE, "none", PLAIN),
    KEYWORD(BY, "by", PLAIN),
    KEYWORD(PATCH, "patch", PLAIN),
    KEYWORD(ITEMS, "items", PLAIN),
    KEYWORD(UNTIL, "until", PLAIN),
    KEYWORD(MEMBER, "member", PLAIN),
    KEYWORD(FRAME, "frame", PLAIN),
    KEYWORD(GROWS, "grows", PLAIN),
    KEYWORD(ELSE, "else", PLAIN),
    KEYWORD(MAX, "max", PLAIN),
    KEYWORD(MIN, "min", PLAIN),
    KEYWORD(SLOT, "slot", PLAIN),
    KEYWORD(LAST, "last", PLAIN),
    KEYWORD(REQUIRED, "required", PLAIN),
    KEYWORD(ADDS, "adds", PLAIN),
    KEYWORD(TRY, "try", PLAIN),
    KEYWORD(APART, "apart", PLAIN),
    KEYWORD(AS, "as", PLAIN),
    KEYWORD(JOINS, "joins", PLAIN),
    KEYWORD(IN, "in", PLAIN),
};

static const struct {
    int kind;
    const char *phrase, *name;
} others[] = {
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
    { TOK_MINUS, "'-'", "MINUS" },
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
token_guess(struct str name, const bool *wanted)
{
    size_t limit = name.n >= 6 ? 2 : 1, least = limit + 1;
    int best = 0;
    for (size_t i = 0; i < COUNT(keywords); i++) {
        size_t d = str_distance(name, str_from(keywords[i].text), limit + 1);
        if (wanted[keywords[i].kind] && d < least) {
            least = d;
            best = keywords[i].kind;
        }
    }
    return best;
}
