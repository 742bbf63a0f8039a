/* The lexer: kinds, places, where statements end, when a keyword is a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codegen/dump.h"
#include "codegen/lex.h"
#include "codegen/source.h"
#include "codegen/token.h"
#include "tests/lib/dice.h"

struct lexed {
    struct arena arena;
    struct tokens tokens;
};

static void
lex_text(struct lexed *l, struct str text)
{
    *l = (struct lexed){ 0 };
    arena_init(&l->arena, 16 << 20);
    const struct source *src = source_of_text(&l->arena, STR("t"), text);
    assert_non_null(src);
    assert_true(lex(&l->arena, src, &l->tokens));
}

/* The kinds as one line, without the last (the end of the file). */
static void
assert_kinds(const char *text, const char *expected)
{
    struct lexed l;
    struct buf out;
    buf_init(&out, 1 << 16);
    lex_text(&l, str_from(text));
    for (unsigned i = 0; i + 1 < l.tokens.n; i++)
        buf_printf(&out, "%s%s", i ? " " : "", token_name(l.tokens.v[i].kind));
    assert_int_equal(l.tokens.v[l.tokens.n - 1].kind, 0);
    buf_putc(&out, '\0');
    assert_string_equal(out.p, expected);
    buf_fini(&out);
    arena_fini(&l.arena);
}

static void
punctuation_numbers_names_and_strings(void **state)
{
    (void)state;
    assert_kinds("<-> -> <- ( ) , : =", "BOTH READ WRITE LPAREN RPAREN COMMA COLON EQ END");
    assert_kinds("| + * ? ! .", "PIPE PLUS STAR QUESTION BANG DOT END");
    assert_kinds("0 -1 2.5 -0.25", "NUMBER NUMBER NUMBER NUMBER END");
    assert_kinds("a _b c9 objects Object", "NAME NAME NAME NAME NAME END");
    assert_kinds("a->b a<-b a<->b", "NAME READ NAME NAME WRITE NAME NAME BOTH NAME END");
    assert_kinds("a.b[0].c[]",
                 "NAME DOT NAME LBRACKET NUMBER RBRACKET DOT NAME LBRACKET RBRACKET END");
    assert_kinds("\"\" \"a b\" \"\\\"\\\\\\n\"", "STRING STRING STRING END");
    assert_kinds("# nothing", "");
    assert_kinds("", "");
}

static void
strings_lose_their_quotes_and_escapes(void **state)
{
    (void)state;
    struct lexed l;
    lex_text(&l, STR("\"plain\" \"say \\\"hi\\\"\" \"a\\\\b\\nc\" \"\""));
    static const char *const expected[] = { "plain", "say \"hi\"", "a\\b\nc", "" };
    for (unsigned i = 0; i < 4; i++) {
        assert_true(str_is(l.tokens.v[i].word.s, expected[i]));
        assert_int_equal(l.tokens.v[i].word.pos.src->text.p[l.tokens.v[i].word.pos.at], '"');
    }
    arena_fini(&l.arena);
}

static void
a_statement_ends_at_a_newline_or_a_semicolon(void **state)
{
    (void)state;
    assert_kinds("a\nb", "NAME END NAME END");
    assert_kinds("a;b", "NAME END NAME END");
    assert_kinds("a\n\n;\n b # c\n\n", "NAME END NAME END");
    assert_kinds("\n\n;;a", "NAME END");
    assert_kinds("a\r\nb\r\n", "NAME END NAME END");
}

static void
a_newline_that_cannot_end_a_statement_is_none(void **state)
{
    (void)state;
    assert_kinds("a ,\nb", "NAME COMMA NAME END");
    assert_kinds("a |\nb", "NAME PIPE NAME END");
    assert_kinds("a +\nb", "NAME PLUS NAME END");
    assert_kinds("a =\nb", "NAME EQ NAME END");
    assert_kinds("a :\n# why\nb", "NAME COLON NAME END");
    assert_kinds("a ->\nb <-\nc <->\nd", "NAME READ NAME WRITE NAME BOTH NAME END");
    assert_kinds("{\na\n}\n", "LBRACE NAME END RBRACE END");
    assert_kinds("(a\nb)", "LPAREN NAME NAME RPAREN END");
    assert_kinds("x [\na (\n) \n]\ny", "NAME LBRACKET NAME LPAREN RPAREN RBRACKET END NAME END");
}

static void
a_bracket_that_never_closes_does_not_swallow_newlines(void **state)
{
    (void)state;
    assert_kinds("a [b\nc\n}", "NAME LBRACKET NAME END NAME END RBRACE END");
    assert_kinds("(a\n\"s\"\n)", "LPAREN NAME END STRING END RPAREN END");
}

static void
a_closing_brace_ends_the_statement_before_it(void **state)
{
    (void)state;
    assert_kinds("{ a }", "LBRACE NAME END RBRACE END");
    assert_kinds("{ a; }", "LBRACE NAME END RBRACE END");
    assert_kinds("{ }", "LBRACE RBRACE END");
    assert_kinds("a {}", "NAME LBRACE RBRACE END");
    assert_kinds("{ a { b } }", "LBRACE NAME LBRACE NAME END RBRACE END RBRACE END");
    assert_kinds("a = {} b = { }", "NAME EQ EMPTY NAME EQ EMPTY END");
    assert_kinds("a else {}", "NAME ELSE EMPTY END");
}

static void
a_keyword_followed_like_a_member_is_a_name(void **state)
{
    (void)state;
    assert_kinds("drop a, b", "DROP NAME COMMA NAME END");
    assert_kinds("drop <-> a", "NAME BOTH NAME END");
    assert_kinds("{ drop, first -> a }", "LBRACE NAME COMMA FIRST READ NAME END RBRACE END");
    assert_kinds("drop.a = 1", "NAME DOT NAME EQ NUMBER END");
    assert_kinds("drop[0] <- a", "NAME LBRACKET NUMBER RBRACKET WRITE NAME END");
    assert_kinds("stream : bool", "NAME COLON NAME END");
    assert_kinds("final(x)", "NAME LPAREN NAME RPAREN END");
    assert_kinds("list { drop a }", "NAME LBRACE DROP NAME END RBRACE END");
    assert_kinds("first { first <-> a }", "FIRST LBRACE NAME BOTH NAME END RBRACE END");
    assert_kinds("object drop <-> a", "OBJECT DROP BOTH NAME END");
    assert_kinds("none, \"a\" <-> b", "NONE COMMA STRING BOTH NAME END");
    assert_kinds("none.a <-> b", "NAME DOT NAME BOTH NAME END");
}

static void
assert_fault(const char *text, enum lex_fault fault, size_t n)
{
    struct lexed l;
    lex_text(&l, str_from(text));
    const struct token *bad = NULL;
    for (unsigned i = 0; i < l.tokens.n && !bad; i++)
        if (l.tokens.v[i].fault)
            bad = &l.tokens.v[i];
    assert_non_null(bad);
    assert_string_equal(token_name(bad->kind), "BAD");
    assert_int_equal(bad->fault, fault);
    assert_int_equal(bad->word.pos.n, n);
    arena_fini(&l.arena);
}

static void
faults_are_tokens(void **state)
{
    (void)state;
    assert_fault("a $ b", LEX_STRAY, 1);
    assert_fault("a \xe2\x82\xac b", LEX_STRAY, 3);
    assert_fault("a <> b", LEX_STRAY, 1);
    assert_fault("a & b", LEX_STRAY, 1);
    assert_fault("a \"b c\nd", LEX_UNTERMINATED, 2);
    assert_fault("\"", LEX_UNTERMINATED, 1);
    assert_fault("\"a\\", LEX_UNTERMINATED, 2);
    assert_fault("\"a\\tb\"", LEX_ESCAPE, 6);
    assert_fault("12ab", LEX_NUMBER, 4);
    assert_fault("1.5e3", LEX_NUMBER, 5);
}

static void
a_nul_byte_is_stray_and_not_the_end(void **state)
{
    (void)state;
    struct lexed l;
    lex_text(&l, STR("a \0 b"));
    assert_int_equal(l.tokens.n, 5);
    assert_int_equal(l.tokens.v[1].fault, LEX_STRAY);
    assert_true(str_is(l.tokens.v[2].word.s, "b"));
    arena_fini(&l.arena);
}

static void
columns_count_characters(void **state)
{
    (void)state;
    struct lexed l;
    struct buf out;
    buf_init(&out, 1 << 16);
    lex_text(&l, STR("\"\xc3\xa4\xe2\x82\xac\" x\n\ty\n"));
    dump_tokens(&l.tokens, &out);
    buf_putc(&out, '\0');
    assert_string_equal(out.p, "1:1 STRING \"\xc3\xa4\xe2\x82\xac\"\n"
                               "1:6 NAME \"x\"\n"
                               "1:7 END\n"
                               "2:2 NAME \"y\"\n"
                               "2:3 END\n"
                               "2:3 EOF\n");
    buf_fini(&out);
    arena_fini(&l.arena);
}

/* Whatever the bytes: tokens follow one another, and no two ends do. */
static void
any_bytes_become_tokens_in_order(void **state)
{
    (void)state;
    static const char alphabet[] = "ab{}[]();:,=|+*?!.<->\"\\n#\n \t0123.drop object\xc3\xa4\x01";
    struct dice dice = { 11 };
    for (int round = 0; round < 3000; round++) {
        char text[64];
        size_t n = dice_roll(&dice, sizeof text);
        for (size_t i = 0; i < n; i++)
            text[i] = alphabet[dice_roll(&dice, sizeof alphabet)];
        struct lexed l;
        lex_text(&l, str_make(text, n));
        uint32_t at = 0;
        for (unsigned i = 0; i < l.tokens.n; i++) {
            struct pos pos = l.tokens.v[i].word.pos;
            bool closes = i + 1 < l.tokens.n && l.tokens.v[i + 1].word.pos.at == pos.at;
            assert_true(pos.at >= at && pos.at + pos.n <= n);
            at = closes ? pos.at : pos.at + pos.n;
            if (i > 0 && str_is(str_from(token_name(l.tokens.v[i].kind)), "END"))
                assert_int_not_equal(l.tokens.v[i].kind, l.tokens.v[i - 1].kind);
        }
        arena_fini(&l.arena);
    }
}

static void
a_full_arena_is_reported(void **state)
{
    (void)state;
    static char text[4000];
    memset(text, ',', sizeof text);
    for (size_t cap = 5000; cap < 600000; cap = cap * 3 / 2) {
        struct arena a;
        struct tokens tokens = { 0 };
        arena_init(&a, cap);
        const struct source *src = source_of_text(&a, STR("t"), str_make(text, sizeof text));
        if (src)
            assert_true(lex(&a, src, &tokens) == !a.full);
        arena_fini(&a);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(punctuation_numbers_names_and_strings),
        cmocka_unit_test(strings_lose_their_quotes_and_escapes),
        cmocka_unit_test(a_statement_ends_at_a_newline_or_a_semicolon),
        cmocka_unit_test(a_newline_that_cannot_end_a_statement_is_none),
        cmocka_unit_test(a_bracket_that_never_closes_does_not_swallow_newlines),
        cmocka_unit_test(a_closing_brace_ends_the_statement_before_it),
        cmocka_unit_test(a_keyword_followed_like_a_member_is_a_name),
        cmocka_unit_test(faults_are_tokens),
        cmocka_unit_test(a_nul_byte_is_stray_and_not_the_end),
        cmocka_unit_test(columns_count_characters),
        cmocka_unit_test(any_bytes_become_tokens_in_order),
        cmocka_unit_test(a_full_arena_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
