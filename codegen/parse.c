/* See parse.h.
 *
 * The loop around lemon's parser.  It asks before each token whether the parser would take it; if
 * not, it reports what was wanted, lets lemon drop the statement (`error`), and goes on behind its
 * end.  Three slips are mended on the way, so that they cause one message and not one for each line
 * that follows:
 *
 *   a '}' forgotten      seen when a declaration begins in the first column inside a block
 *   a '{' forgotten      seen when the line ends, '{' is wanted, and a '}' too many follows
 *   a '}' too many       left out */
#include "codegen/parse.h"

#include <stdlib.h>

#include "codegen/expect.h"
#include "codegen/grammar.h"
#include "codegen/lex.h"
#include "codegen/parser.h"
#include "codegen/token.h"
#include "runtime/base/utf8.h"

#define LOOK_AHEAD 2000 /* tokens; so that a file full of errors takes linear time */

struct parse {
    struct build *b;
    void *parser;
    const struct token *v;           /* all tokens; the last has kind 0 */
    unsigned n, i;                   /* the next token is v[i] */
    unsigned first;                  /* the first token of the statement being read */
    bool starters[EXPECT_KINDS_MAX]; /* the kinds it might have begun with */
    struct pos open[PARSE_DEPTH_MAX];
    unsigned depth; /* of open braces */
};

static bool
takes(const struct parse *p, int kind)
{
    return grammar_takes(p->parser, kind, GRAMMAR_AS_NAME_TOO);
}

static void
feed(struct parse *p, struct token t)
{
    if (t.kind == TOK_LBRACE) {
        if (p->depth == PARSE_DEPTH_MAX) {
            diag_error(p->b->diags, t.word.pos, "blocks nested more than %u deep", PARSE_DEPTH_MAX);
            p->b->failed = true;
            return;
        }
        p->open[p->depth++] = t.word.pos;
    }
    if (t.kind == TOK_RBRACE && p->depth > 0)
        p->depth--;
    p->b->at = t.word.pos;
    spec_parser(p->parser, t.kind, t);
}

/* A token that the text does not have, standing where `at` does. */
static void
feed_missing(struct parse *p, int kind, struct token at)
{
    at.kind = kind;
    feed(p, at);
}

static bool
begins_statement(const struct parse *p, unsigned i)
{
    return i == 0 || p->v[i - 1].kind == TOK_END || p->v[i - 1].kind == TOK_LBRACE;
}

/* Does a declaration begin here, in the first column? */
static bool
begins_declaration(const struct parse *p, unsigned i)
{
    struct pos pos = p->v[i].word.pos;
    bool margin = pos.at == 0 || pos.src->text.p[pos.at - 1] == '\n';
    return margin && begins_statement(p, i) && token_is_declaration(p->v[i].kind)
           && (p->v[i + 1].kind == TOK_NAME || token_is_keyword(p->v[i + 1].kind));
}

/* Close the blocks that should have been closed before token t. */
static void
close_blocks(struct parse *p, struct token t)
{
    struct diag *e = diag_error(p->b->diags, t.word.pos,
                                t.kind == 0 ? "the file ends inside a block: a '}' is missing"
                                            : "a '}' is missing before this");
    diag_note(e, p->open[p->depth - 1], "this block is open");
    while (p->depth > 0 && !p->b->failed) {
        if (takes(p, TOK_END))
            feed_missing(p, TOK_END, t);
        if (!takes(p, TOK_RBRACE)) {
            p->b->failed = true;
            return;
        }
        feed_missing(p, TOK_RBRACE, t);
    }
    if (takes(p, TOK_END))
        feed_missing(p, TOK_END, t);
}

/* Are more braces closed than open before the next declaration begins (or LOOK_AHEAD tokens on)? */
static bool
closes_too_often(const struct parse *p)
{
    int open = (int)p->depth;
    for (unsigned i = p->i; p->v[i].kind != 0; i++) {
        if (i > p->i && (begins_declaration(p, i) || i - p->i > LOOK_AHEAD))
            break;
        open += (p->v[i].kind == TOK_LBRACE) - (p->v[i].kind == TOK_RBRACE);
    }
    return open < 0;
}

static void
report(struct parse *p, struct token t)
{
    struct diags *d = p->b->diags;
    if (t.kind == TOK_BAD)
        expect_report_bad(d, t);
    else if (t.kind == TOK_RBRACE && p->depth == 0)
        diag_help(diag_error(d, t.word.pos, "this '}' closes nothing"),
                  "delete it, or look above for a '{' that is missing");
    else
        expect_report(d, p->parser, t, p->i - p->first < 3 ? &p->v[p->first] : NULL, p->starters);
}

/* The token that ends the faulty statement of which v[i] is a part; blocks inside it are passed
 * over. */
static unsigned
statement_end(const struct parse *p, unsigned i)
{
    unsigned depth = 0;
    for (unsigned from = i; p->v[i].kind != 0; i++) {
        int kind = p->v[i].kind;
        if ((kind == TOK_END && depth == 0) || (i > from && begins_declaration(p, i)))
            break;
        if (kind == TOK_LBRACE)
            depth++;
        if (kind == TOK_RBRACE && depth > 0)
            depth--;
    }
    return i;
}

/* Let the parser drop the faulty statement, and go behind its end.  A '}' still closes the block it
 * stands in. */
static void
skip_statement(struct parse *p)
{
    struct token t = p->v[p->i];
    if (t.kind == 0) {
        p->b->failed = true;
        return;
    }
    spec_parser(p->parser, TOK_BAD, t);
    if (t.kind == TOK_RBRACE && p->depth > 0) {
        feed_missing(p, TOK_END, t);
        p->b->failed |= !takes(p, TOK_RBRACE);
        return;
    }
    p->i = statement_end(p, p->i);
    if (p->b->failed)
        return;
    feed_missing(p, TOK_END, p->v[p->i]);
    if (p->v[p->i].kind == TOK_END)
        p->i++;
}

/* At the beginning of a statement: what it may begin with, and whether it is a declaration out of
 * place. */
static bool
begin_statement(struct parse *p)
{
    struct token t = p->v[p->i];
    p->first = p->i;
    for (int kind = 0; kind < EXPECT_KINDS_MAX && kind < grammar_kinds(); kind++)
        p->starters[kind] = grammar_takes(p->parser, kind, GRAMMAR_AS_SUCH);
    bool top = p->depth == (p->b->headed && p->b->file->parent.s.n > 0);
    return !top || !token_is_declaration(t.kind) || p->starters[t.kind];
}

/* Take a token that the parser wants, or a statement that it does not. */
static void
step(struct parse *p)
{
    struct token t = p->v[p->i];
    if (p->depth > 0 && (t.kind == 0 || begins_declaration(p, p->i))) {
        close_blocks(p, t);
        return;
    }
    bool fits = !begins_statement(p, p->i) || begin_statement(p);
    if (fits && takes(p, t.kind)) {
        feed(p, t);
        p->i++;
        return;
    }
    report(p, t);
    if (t.kind == TOK_END && takes(p, TOK_LBRACE) && closes_too_often(p)) {
        feed_missing(p, TOK_LBRACE, t);
        p->i++;
    } else {
        skip_statement(p);
    }
}

static void
run(struct parse *p)
{
    p->parser = spec_parserAlloc(malloc, p->b);
    if (!p->parser)
        return;
    while (p->i < p->n && !p->b->failed && !p->b->arena->full)
        step(p);
    spec_parserFree(p->parser, free);
}

static bool
check_utf8(const struct source *src, struct diags *d)
{
    size_t at = utf8_valid(src->text.p, src->text.n);
    if (at == src->text.n)
        return true;
    struct pos pos = { src, (uint32_t)at, 1 };
    struct diag *e = diag_error(d, pos, "byte 0x%02x is not valid UTF-8",
                                (unsigned char)src->text.p[at]);
    diag_help(e, "save the file as UTF-8: iconv -f latin1 -t utf-8");
    return false;
}

struct ast_file *
parse_file(struct arena *a, const struct source *src, struct diags *d)
{
    struct tokens tokens = { 0 };
    struct ast_file *file = arena_alloc(a, sizeof *file);
    if (!file || !check_utf8(src, d) || !lex(a, src, &tokens))
        return NULL;
    file->src = src;
    struct build b = { .arena = a, .diags = d, .src = src, .file = file };
    struct parse p = { .b = &b, .v = tokens.v, .n = tokens.n };
    run(&p);
    return b.headed && !a->full ? file : NULL;
}
