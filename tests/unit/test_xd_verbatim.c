/* Texts that stay in the document they were read from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/ask.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"

struct bench {
    struct arena arena;
    struct buf out;
    struct xd in, x;
    struct xd_ask ask;
};

static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    arena_init(&b->arena, 1 << 20);
    buf_init(&b->out, 1 << 20);
    *state = b;
    return 0;
}

static int
tear_down(void **state)
{
    struct bench *b = *state;
    xd_fini(&b->in);
    xd_fini(&b->x);
    buf_fini(&b->out);
    arena_fini(&b->arena);
    free(b);
    return 0;
}

/* Read a chat request, whose texts stay from so many bytes on. */
static void
read_chat(struct bench *b, struct str body, size_t from)
{
    xd_init(&b->in, xd_find(STR("openai.chat")), XD_OP_CHAT, &b->arena, NULL);
    b->in.verbatim_from = from;
    assert_int_equal(xd_ask_read(&b->in, body, &b->ask), ERR_OK);
}

static void
write_for(struct bench *b, const char *dialect)
{
    struct xd_ask ready;
    xd_init(&b->x, xd_find(str_from(dialect)), XD_OP_CHAT, &b->arena, &b->out);
    b->x.verbatim_from = b->in.verbatim_from;
    b->x.source = &b->in.doc;
    assert_int_equal(xd_ask_prepare(&b->x, &b->ask, NULL, &ready), ERR_OK);
    assert_int_equal(xd_ask_write(&b->x, &ready), ERR_OK);
}

static void
assert_holds(const struct bench *b, const char *what)
{
    if (!memmem(b->out.p, b->out.n, what, strlen(what)))
        fail_msg("no %s in %.*s", what, STR_ARG(buf_str(&b->out)));
}

static struct str
text_of(const struct bench *b, unsigned turn)
{
    return b->ask.chat.turns.v[turn].blocks.v[0].text.text;
}

static void
long_texts_with_escapes_stay_and_are_copied(void **state)
{
    struct bench *b = *state;
    const struct str body = STR(
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
        "\"caf\\u00e9 \\/ \\\"bar\\\"\"},{\"role\":\"assistant\",\"content\":\"a\\n\"},"
        "{\"role\":\"user\",\"content\":\"plain as it stands\"}]}");
    read_chat(b, body, 8);
    assert_ptr_equal(text_of(b, 0).p, strstr(body.p, "caf"));
    assert_true(str_is(text_of(b, 1), "a\n")); /* too short to stay */
    assert_true(str_is(text_of(b, 2), "plain as it stands"));
    write_for(b, "anthropic.messages");
    assert_true(str_is(xd_text(&b->x, text_of(b, 0)), "caf\xc3\xa9 / \"bar\""));
    assert_holds(b, "\"caf\\u00e9 \\/ \\\"bar\\\"\"");
    assert_holds(b, "\"plain as it stands\"");
}

static void
halves_of_surrogates_never_stay(void **state)
{
    struct bench *b = *state;
    read_chat(
        b,
        STR("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
            "\"lone \\ud800 half\"},{\"role\":\"assistant\",\"content\":\"pair \\ud83d\\ude00\"},"
            "{\"role\":\"user\",\"content\":\"x\"}]}"),
        1);
    assert_true(str_is(text_of(b, 0), "lone \xef\xbf\xbd half"));
    assert_true(str_is(text_of(b, 1), "pair \xf0\x9f\x98\x80"));
    write_for(b, "anthropic.messages");
    assert_holds(b, "lone \xef\xbf\xbd half");
}

static void
a_blank_text_is_blank_in_escapes_too(void **state)
{
    struct bench *b = *state;
    read_chat(b,
              STR("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hello there\"},"
                  "{\"role\":\"assistant\",\"content\":\" \\n\\u0020\\t\"},"
                  "{\"role\":\"user\",\"content\":\"\\n but this one says something\"}]}"),
              1);
    write_for(b, "anthropic.messages");
    assert_true(xd_is_blank(&b->x, text_of(b, 1)));
    assert_false(xd_is_blank(&b->x, text_of(b, 2)));
    assert_null(memmem(b->out.p, b->out.n, "assistant", 9));
}

static void
joined_and_trimmed_texts_are_decoded(void **state)
{
    struct bench *b = *state;
    read_chat(b,
              STR("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"go on\"},"
                  "{\"role\":\"system\",\"content\":\"be \\\"brief\\\"\"},"
                  "{\"role\":\"assistant\",\"content\":\"it \\\"ends\\\" in a line\\n\"}]}"),
              1);
    write_for(b, "anthropic.messages");
    assert_holds(b, "be \\\"brief\\\"");
    assert_holds(b, "it \\\"ends\\\" in a line\"");
}

static void
part_of_a_string_is_no_string(void **state)
{
    struct bench *b = *state;
    read_chat(
        b,
        STR("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"say \\\"x\\\" now\"}]}"),
        1);
    b->in.out = &b->out;
    xd_escape(&b->in, str_skip(text_of(b, 0), 1));
    assert_true(str_is(buf_str(&b->out), "ay \\\\\\\"x\\\\\\\" now"));
    buf_clear(&b->out);
    xd_escape(&b->in, json_raw(&b->in.doc, b->in.doc.count - 1));
    assert_true(str_is(buf_str(&b->out), "\\\"say \\\\\\\"x\\\\\\\" now\\\""));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(long_texts_with_escapes_stay_and_are_copied),
        TEST(halves_of_surrogates_never_stay),
        TEST(a_blank_text_is_blank_in_escapes_too),
        TEST(joined_and_trimmed_texts_are_decoded),
        TEST(part_of_a_string_is_no_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
