/* Documents to nodes, against tables and against a parser by recursive descent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/base/buf.h"
#include "runtime/json/doc.h"
#include "tests/lib/corpus.h"
#include "tests/lib/dice.h"
#include "tests/lib/guard.h"
#include "tests/lib/json_oracle.h"

struct bench {
    struct json_doc doc;
    struct json_oracle oracle;
    struct guard guard;
};

static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    json_doc_init(&b->doc);
    guard_init(&b->guard, 1 << 20);
    *state = b;
    return 0;
}

static int
tear_down(void **state)
{
    struct bench *b = *state;
    json_doc_fini(&b->doc);
    json_oracle_fini(&b->oracle);
    guard_fini(&b->guard);
    free(b);
    return 0;
}

/* Parse s, at the edge of memory, and compare with the oracle in all respects. */
static enum err
check(struct bench *b, struct str s)
{
    struct fault f = { 0 };
    struct str src = guard_end(&b->guard, s);
    enum err err = json_doc_parse(&b->doc, src, &f);
    json_oracle_run(&b->oracle, src, b->doc.depth_max);
    char why[400];
    if (!json_oracle_agrees(&b->oracle, &b->doc, err, &f, why, sizeof why))
        fail_msg("%s: %.*s", why, s.n < 300 ? (int)s.n : 300, s.p);
    if (!err)
        assert_true(str_eq(json_raw(&b->doc, JSON_ROOT), str_trim(src)));
    return err;
}

/* The inside of a string of 64 bytes or more is kept from yajl, in a document of 1024 or more. */
#define BYTES_63   "The inside of a string that is long enough is checked elsewhere"
#define BYTES_64   BYTES_63 "."
#define BYTES_256  BYTES_64 BYTES_64 BYTES_64 BYTES_64
#define BYTES_1024 BYTES_256 BYTES_256 BYTES_256 BYTES_256

/* Written as yajl sees them last: numbers at the end, strings first, escapes, empty things. */
static const char *const good[] = {
    "0",
    "-0",
    "42",
    " 42 ",
    "1.5e+300",
    "1E400",
    "-1e-7",
    "12345678901234567890123456789",
    "true",
    "false",
    "null",
    "\"\"",
    "\"x\"",
    " \"x\\n\" ",
    "\"\\\\\"",
    "\"\\\"\"",
    "{}",
    "[]",
    "[ ]",
    "{ }",
    "[[],{}]",
    "[1]",
    "[-0,0.0,1e5]",
    "{\"a\": [1, \"x\"]}",
    "{\"\":\"\"}",
    "{\"a\":1,\"a\":2}",
    "\t[\r\n1 , 2\n]\n",
    "[\"\xc3\xa9\",\"\xf0\x9f\x98\x80\"]",
    "[\"\\ud83d\\ude00\",\"\\ud83d\"]",
    "{\"k\\u0041\":{\"x\":[null,true,false,[[\"y\"]]]},\"z\":-1.0e-5}",
    "[\"\x7f\"]",
    "[\"\xe2\x80\xa8\"]",
    "{\"a\":{\"b\":{\"c\":{}}},\"d\":[],\"e\":\"\\/\"}",
    "\"" BYTES_1024 "\"",
    " \"" BYTES_1024 "\" ",
    "[\"" BYTES_1024 "\",\"" BYTES_63 "\",\"" BYTES_64 "\",1]",
    "{\"" BYTES_64 "\":\"" BYTES_1024 "\"}",
    "{\"a\":\"\\\\" BYTES_1024 "\\\"\",\"b\" : \"\\ud83d\\ude00" BYTES_64 "\\n\"}",
    "[1,\"\\u0041" BYTES_1024 "\xc3\xa9\",\"\",{\"" BYTES_64 "\":true}]",
};

static void
documents_become_the_nodes_they_are(void **state)
{
    struct bench *b = *state;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof good / sizeof *good; i++)
            assert_int_equal(check(b, str_from(good[i])), ERR_OK);
}

static void
the_example_of_the_header_holds(void **state)
{
    struct bench *b = *state;
    struct json_doc *d = &b->doc;
    struct fault f;
    assert_int_equal(json_doc_parse(d, STR("{\"a\": [1, \"x\"]}"), &f), ERR_OK);
    static const struct {
        enum json_kind kind;
        uint32_t next;
        const char *raw, *inner;
    } want[] = {
        { JSON_NONE, 0, NULL, NULL },     { JSON_OBJECT, 6, "{\"a\": [1, \"x\"]}", NULL },
        { JSON_STRING, 3, "\"a\"", "a" }, { JSON_ARRAY, 6, "[1, \"x\"]", NULL },
        { JSON_NUMBER, 5, "1", "1" },     { JSON_STRING, 6, "\"x\"", "x" },
    };
    assert_int_equal(d->count, 6);
    for (uint32_t i = 1; i < d->count; i++) {
        assert_int_equal(json_kind(d, i), want[i].kind);
        assert_int_equal(d->nodes[i].next, want[i].next);
        assert_true(str_is(json_raw(d, i), want[i].raw));
        if (want[i].inner)
            assert_true(str_is(json_inner(d, i), want[i].inner));
    }
}

static const struct {
    const char *text, *message;
} bad[] = {
    { "", "json: empty document" },
    { " \n", "json: empty document" },
    { "{", "json: unexpected end at byte 1" },
    { "[1,2", "json: unexpected end at byte 4" },
    { "[1,]", "json: unexpected ']' at byte 3" },
    { "[,1]", "json: unexpected ',' at byte 1" },
    { "[1 2]", "json: unexpected '2' at byte 3" },
    { "{\"a\":1,}", "json: unexpected '}' at byte 7" },
    { "{\"a\":1,,\"b\":2}", "json: unexpected ',' at byte 7" },
    { "{\"a\" 1}", "json: unexpected '1' at byte 5" },
    { "{\"a\"::1}", "json: unexpected ':' at byte 5" },
    { "{\"a\":}", "json: unexpected '}' at byte 5" },
    { "{a:1}", "json: unexpected 'a' at byte 1" },
    { "{1:1}", "json: unexpected '1' at byte 1" },
    { "{'a':1}", "json: unexpected ''' at byte 1" },
    { "[1}", "json: unexpected '}' at byte 2" },
    { "{\"a\":1]", "json: unexpected ']' at byte 6" },
    { "]", "json: unexpected ']' at byte 0" },
    { "[01]", "json: unexpected '1' at byte 2" },
    { "[1.]", "json: unexpected ']' at byte 3" },
    { "[.5]", "json: unexpected '.' at byte 1" },
    { "[+1]", "json: unexpected '+' at byte 1" },
    { "[1e]", "json: unexpected ']' at byte 3" },
    { "[-]", "json: unexpected ']' at byte 2" },
    { "-", "json: unexpected end at byte 1" },
    { "1.", "json: unexpected end at byte 2" },
    { "[NaN]", "json: unexpected 'N' at byte 1" },
    { "[nan]", "json: unexpected 'a' at byte 2" },
    { "nul", "json: unexpected end at byte 3" },
    { "[True]", "json: unexpected 'T' at byte 1" },
    { "[truE]", "json: unexpected 'E' at byte 4" },
    { "\"abc", "json: unexpected end in a string at byte 4" },
    { "[\"a\nb\"]", "json: control byte 0x0a in a string at byte 3" },
    { "[\"a\\q\"]", "json: bad escape in a string at byte 3" },
    { "[\"\\u12g4\"]", "json: bad escape in a string at byte 2" },
    { "[\"\\u12", "json: unexpected end in a string at byte 6" },
    { "[\"\\", "json: unexpected end in a string at byte 3" },
    { "[\"\\'\"]", "json: bad escape in a string at byte 2" },
    { "{} x", "json: trailing bytes after the document at byte 3" },
    { "{}{}", "json: trailing bytes after the document at byte 2" },
    { "1 2", "json: trailing bytes after the document at byte 2" },
    { "01", "json: trailing bytes after the document at byte 1" },
    { "[] \"abc", "json: trailing bytes after the document at byte 3" },
    { "\"a\" tru", "json: trailing bytes after the document at byte 4" },
    { "12 \"abc", "json: trailing bytes after the document at byte 3" },
    { "[1],", "json: trailing bytes after the document at byte 3" },
    { "[1]\f", "json: trailing bytes after the document at byte 3" },
    { "[\v1]", "json: unexpected byte 0x0b at byte 1" },
    { "[1,\f2,]", "json: unexpected byte 0x0c at byte 3" },
    { "[1,\f\v2]", "json: unexpected byte 0x0c at byte 3" },
    { "\xef\xbb\xbf{}", "json: unexpected byte 0xef at byte 0" },
    { "[\xc2\xa0]", "json: unexpected byte 0xc2 at byte 1" },
    { "[\"\xff\"]", "json: invalid UTF-8 at byte 2" },
    { "[\"\xed\xa0\x80\"]", "json: invalid UTF-8 at byte 2" },
    { "[\"\xc0\xaf\"]", "json: invalid UTF-8 at byte 2" },
    { "[1] // x", "json: trailing bytes after the document at byte 4" },
    { "[/**/1]", "json: unexpected '/' at byte 1" },
};

static void
errors_are_one_line_and_name_offender_and_place(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct fault f;
        assert_int_equal(check(b, str_from(bad[i].text)), ERR_SYNTAX);
        assert_int_equal(json_doc_parse(&b->doc, str_from(bad[i].text), &f), ERR_SYNTAX);
        assert_string_equal(f.text, bad[i].message);
        assert_string_equal(f.path, "");
    }
    assert_int_equal(json_doc_parse(&b->doc, STR("["), NULL), ERR_SYNTAX);
    assert_int_equal(check(b, (struct str){ NULL, 0 }), ERR_SYNTAX);
    assert_int_equal(check(b, str_make("[1\0]", 4)), ERR_SYNTAX);
    assert_int_equal(check(b, str_make("[\"\0\"]", 5)), ERR_SYNTAX);
}

static void
a_document_can_be_parsed_after_any_other(void **state)
{
    struct bench *b = *state;
    size_t goods = sizeof good / sizeof *good, bads = sizeof bad / sizeof *bad;
    for (size_t i = 0; i < goods + bads; i++)
        for (size_t k = 0; k < goods; k++) {
            check(b, str_from(i < goods ? good[i] : bad[i - goods].text));
            assert_int_equal(check(b, str_from(good[k])), ERR_OK);
        }
}

static void
a_document_cut_short_anywhere_ends_unexpectedly(void **state)
{
    struct bench *b = *state;
    struct str s = STR("{\"k\\u0041\": {\"x\" :[null, true,false,[[\"\xc3\xa9\"]], {}]},"
                       "\"z\":-1.0e-5, \"\":\"\\\"\"}");
    assert_int_equal(check(b, s), ERR_OK);
    for (size_t n = 0; n < s.n; n++)
        assert_int_equal(check(b, str_make(s.p, n)), ERR_SYNTAX);
}

static struct str
nested(struct buf *out, size_t depth, const char *open, const char *close)
{
    buf_clear(out);
    for (size_t i = 0; i < depth; i++)
        buf_puts(out, str_from(open));
    buf_puts(out, STR("1"));
    for (size_t i = 0; i < depth; i++)
        buf_puts(out, str_from(close));
    return buf_str(out);
}

static void
nesting_ends_at_the_limit(void **state)
{
    struct bench *b = *state;
    struct buf text;
    buf_init(&text, 1 << 20);
    struct fault f;
    assert_int_equal(check(b, nested(&text, JSON_DEPTH_MAX, "[", "]")), ERR_OK);
    assert_int_equal(check(b, nested(&text, JSON_DEPTH_MAX, "{\"a\":", "}")), ERR_OK);
    assert_int_equal(check(b, nested(&text, JSON_DEPTH_MAX + 1, "[", "]")), ERR_LIMIT);
    assert_int_equal(check(b, nested(&text, JSON_DEPTH_MAX + 1, "{\"a\" : ", "}")), ERR_LIMIT);
    assert_int_equal(check(b, nested(&text, 100000, "[", "")), ERR_LIMIT);
    assert_int_equal(json_doc_parse(&b->doc, nested(&text, 600, "[", "]"), &f), ERR_LIMIT);
    assert_string_equal(f.text, "json: deeper than 512 levels at byte 512");
    b->doc.depth_max = 3;
    assert_int_equal(check(b, STR("[[{\"a\":[]}]]")), ERR_LIMIT);
    assert_int_equal(check(b, STR("[[{\"a\":1}],[[]]]")), ERR_OK);
    assert_int_equal(check(b, STR("[[[\v[]]]]")), ERR_SYNTAX);
    buf_fini(&text);
}

static void
the_number_of_values_ends_at_the_limit(void **state)
{
    (void)state;
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    struct json_doc d;
    json_doc_init(&d);
    struct buf text;
    buf_init(&text, 64u << 20);
    char *p = buf_room(&text, 2 * (size_t)JSON_NODES_MAX + 1);
    p[0] = '[';
    for (size_t i = 0; i < JSON_NODES_MAX; i++)
        memcpy(p + 1 + 2 * i, "1,", 2);
    /* node 0 and the array count too */
    size_t fits = JSON_NODES_MAX - 2;
    struct fault f;
    p[2 * fits] = ']';
    assert_int_equal(json_doc_parse(&d, str_make(p, 2 * fits + 1), &f), ERR_OK);
    assert_int_equal(json_count(&d, JSON_ROOT), fits);
    p[2 * fits] = ',';
    p[2 * fits + 2] = ']';
    assert_int_equal(json_doc_parse(&d, str_make(p, 2 * fits + 3), &f), ERR_LIMIT);
    assert_int_equal(f.offset, 2 * fits + 1);
    buf_fini(&text);
    json_doc_fini(&d);
#else
    skip();
#endif
}

/* Change some bytes of text, mostly to such as mean something in JSON. */
static void
mutate(struct dice *d, char *text, size_t *n)
{
    static const char bytes[] = "{}[]:,\"\\ \n\t0129.-+eEtrufalsn/x\x01\v\f\x7f\xc3\xa9";
    for (uint32_t changes = dice_roll(d, 3) + 1; changes > 0; changes--) {
        size_t at = dice_roll(d, (uint32_t)*n);
        char c = dice_roll(d, 50) ? bytes[dice_roll(d, sizeof bytes)] : (char)dice_roll(d, 256);
        switch (dice_roll(d, 3)) {
        case 0:
            text[at] = c;
            break;
        case 1:
            memmove(text + at + 1, text + at, *n - at);
            text[at] = c;
            ++*n;
            break;
        default:
            memmove(text + at, text + at + 1, *n - at - 1);
            *n -= *n > 1;
        }
    }
}

static void
mutated_documents_are_judged_like_the_oracle_does(void **state)
{
    struct bench *b = *state;
    struct dice d = { 21 };
    int ok = 0;
    for (int i = 0; i < 200000; i++) {
        char text[2048];
        struct str seed = str_from(good[dice_roll(&d, sizeof good / sizeof *good)]);
        memcpy(text, seed.p, seed.n);
        size_t n = seed.n;
        mutate(&d, text, &n);
        ok += check(b, str_make(text, n)) == ERR_OK;
    }
    assert_true(ok > 20000 && ok < 180000);
}

static void
check_file(void *ctx, const char *path, struct str content)
{
    struct bench *b = ctx;
    if (content.n > 1 << 20)
        return;
    if (check(b, content) && content.n)
        printf("not JSON: %s\n", path);
}

static void
recorded_documents_parse_like_the_oracle_does(void **state)
{
    size_t n = corpus_each("../shared/wire", ".json", check_file, *state);
    printf("# %zu recorded documents\n", n);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(documents_become_the_nodes_they_are),
        TEST(the_example_of_the_header_holds),
        TEST(errors_are_one_line_and_name_offender_and_place),
        TEST(a_document_can_be_parsed_after_any_other),
        TEST(a_document_cut_short_anywhere_ends_unexpectedly),
        TEST(nesting_ends_at_the_limit),
        TEST(the_number_of_values_ends_at_the_limit),
        TEST(mutated_documents_are_judged_like_the_oracle_does),
        TEST(recorded_documents_parse_like_the_oracle_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
