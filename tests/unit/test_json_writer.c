/* The writer, driven by small scripts.  A script is a row of words:
 *
 *   o O     object now, later          .name   a plain key
 *   a A     array now, later           !name   a key to be escaped
 *   c C     close what was written, what was not
 *   'text   a string                   "text   a string in two halves
 *   12 -3   a number                   t f n   true, false, null
 *   ={}     a raw value */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/json/doc.h"
#include "runtime/json/text.h"
#include "runtime/json/writer.h"
#include "tests/lib/dice.h"

static void
write_halves(struct jw *w, struct str text)
{
    jw_begin_string(w);
    json_escape(w->out, str_make(text.p, text.n / 2));
    json_escape(w->out, str_skip(text, text.n / 2));
    jw_end_string(w);
}

static void
run_word(struct jw *w, struct str word)
{
    struct str rest = str_skip(word, 1);
    switch (word.p[0]) {
    case 'o':
        jw_object(w);
        break;
    case 'O':
        jw_enter(w);
        break;
    case 'a':
        jw_array(w);
        break;
    case 'A':
        jw_enter_array(w);
        break;
    case 'c':
        assert_true(jw_close(w));
        break;
    case 'C':
        assert_false(jw_close(w));
        break;
    case '.':
        jw_key(w, rest);
        break;
    case '!':
        jw_key_escaped(w, rest);
        break;
    case '\'':
        jw_string(w, rest);
        break;
    case '"':
        write_halves(w, rest);
        break;
    case '=':
        jw_raw(w, rest);
        break;
    case 't':
        jw_bool(w, true);
        break;
    case 'f':
        jw_bool(w, false);
        break;
    case 'n':
        jw_null(w);
        break;
    default:
        jw_int(w, strtoll(word.p, NULL, 10));
        break;
    }
}

static void
run(struct jw *w, const char *script)
{
    for (const char *p = script; *p; p += *p == ' ') {
        size_t n = strcspn(p, " ");
        run_word(w, str_make(p, n));
        p += n;
    }
}

static void
scripts_write_what_the_table_says(void **state)
{
    (void)state;
    static const struct {
        const char *script, *json;
    } rows[] = {
        { "", "" },
        { "1", "1" },
        { "'x", "\"x\"" },
        { "1 2", "12" },
        { "o c", "{}" },
        { "a c", "[]" },
        { "O C", "" },
        { "A C", "" },
        { "a 1 2 'x n t f c", "[1,2,\"x\",null,true,false]" },
        { "o .a 1 .b 'x .c o c .d a c c", "{\"a\":1,\"b\":\"x\",\"c\":{},\"d\":[]}" },
        { "o .a O C .b 1 c", "{\"b\":1}" },
        { "o .a O .b O .c A C C C c", "{}" },
        { "o .a O .b O .c A 1 2 c c c .z n c", "{\"a\":{\"b\":{\"c\":[1,2]}},\"z\":null}" },
        { "o .x 0 .a O .b O C .d 1 c c", "{\"x\":0,\"a\":{\"d\":1}}" },
        { "a O C A C 1 O .k 2 c O C A 3 c c", "[1,{\"k\":2},[3]]" },
        { "O .a O .b 1 c c", "{\"a\":{\"b\":1}}" },
        { "A O .a 1 c O .b 2 c c", "[{\"a\":1},{\"b\":2}]" },
        { "A o c c", "[{}]" },
        { "O .a a c c", "{\"a\":[]}" },
        { "O .a C", "" },
        { "A A A A A A A A A A A A A C c c c c c c c c c c c c", "[[[[[[[[[[[[]]]]]]]]]]]]" },
        { "A A A A A A A A A A A A C C C C C C C C C C C C", "" },
        { "A A A A A A A A A A A A A 1 c c c c c c c c c c c c c", "[[[[[[[[[[[[[1]]]]]]]]]]]]]" },
        { "o .a c", "{}" },
        { "o !a\"b 'c\"d c", "{\"a\\\"b\":\"c\\\"d\"}" },
        { "o !a\" O !b\\ O .c 1 c c c", "{\"a\\\"\":{\"b\\\\\":{\"c\":1}}}" },
        { "o !a\" .plain 1 !\" 2 .x 3 c", "{\"plain\":1,\"\\\"\":2,\"x\":3}" },
        { "o .r ={\"k\":[1]} .s \"ab\ncd c", "{\"r\":{\"k\":[1]},\"s\":\"ab\\ncd\"}" },
        { "a 0 -1 9223372036854775807 -9223372036854775808 10 c",
          "[0,-1,9223372036854775807,-9223372036854775808,10]" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b;
        struct jw w;
        buf_init(&b, 1000);
        jw_init(&w, &b);
        run(&w, rows[i].script);
        if (!str_is(buf_str(&b), rows[i].json))
            fail_msg("%s wrote %.*s", rows[i].script, (int)b.n, b.p);
        assert_int_equal(b.err, ERR_OK);
        assert_int_equal(w.depth, 0);
        buf_fini(&b);
    }
}

static void
nesting_too_deep_is_the_outputs_error_and_closing_stays_balanced(void **state)
{
    (void)state;
    static const char *const openers[] = { "o", "O", "a", "A" };
    for (size_t kind = 0; kind < 4; kind++)
        for (unsigned depth = JW_DEPTH - 2; depth < JW_DEPTH + 4; depth++) {
            struct buf b;
            struct jw w;
            buf_init(&b, 1000);
            jw_init(&w, &b);
            for (unsigned i = 0; i < depth; i++) {
                if (i)
                    jw_key(&w, STR("k"));
                run(&w, openers[kind]);
            }
            jw_key(&w, STR("k"));
            jw_int(&w, 1);
            uint64_t some = w.some;
            jw_appended(&w);
            assert_true(w.some == some); /* no other level's */
            for (unsigned i = 0; i < depth; i++)
                jw_close(&w);
            assert_int_equal(w.depth, 0);
            assert_int_equal(b.err, depth < JW_DEPTH ? ERR_OK : ERR_LIMIT);
            buf_fini(&b);
        }
}

static void
a_full_output_is_an_error_and_nothing_else(void **state)
{
    (void)state;
    const char *script = "o .a O .b A 'text\" 12 c c !k\" \"xy .z ={} c";
    size_t whole = 0;
    for (size_t cap = 100; cap != SIZE_MAX; cap--) {
        struct buf b;
        struct jw w;
        buf_init(&b, cap);
        jw_init(&w, &b);
        run(&w, script);
        if (cap == 100)
            whole = b.n;
        assert_int_equal(b.err, cap < whole ? ERR_LIMIT : ERR_OK);
        assert_true(b.n <= cap);
        buf_fini(&b);
    }
    assert_in_range(whole, 30, 99);
}

static void
random_nestings_are_always_valid_json(void **state)
{
    (void)state;
    struct dice d = { 9 };
    struct json_doc doc;
    json_doc_init(&doc);
    for (int i = 0; i < 5000; i++) {
        struct buf b;
        struct jw w;
        buf_init(&b, 100000);
        jw_init(&w, &b);
        jw_object(&w);
        for (uint32_t steps = dice_roll(&d, 40); steps > 0; steps--) {
            static const char *const words[] = { "o", "O", "a", "A", "1", "'x", "n", "={}" };
            uint32_t roll = dice_roll(&d, 12);
            if (roll >= 8 && w.depth > 1) {
                jw_close(&w);
                continue;
            }
            jw_key(&w, STR("k"));
            run(&w, words[w.depth < 20 ? roll % 8 : 4 + roll % 4]);
        }
        while (w.depth)
            jw_close(&w);
        struct fault f;
        if (json_doc_parse(&doc, buf_str(&b), &f))
            fail_msg("%s: %.*s", f.text, (int)b.n, b.p);
        buf_fini(&b);
    }
    json_doc_fini(&doc);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_write_what_the_table_says),
        cmocka_unit_test(nesting_too_deep_is_the_outputs_error_and_closing_stays_balanced),
        cmocka_unit_test(a_full_output_is_an_error_and_nothing_else),
        cmocka_unit_test(random_nestings_are_always_valid_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
