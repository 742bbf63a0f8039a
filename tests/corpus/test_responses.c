/* Replies and streams that were collected without their requests, many of them for being odd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/corpus/carry.h"
#include "tests/corpus/family.h"
#include "tests/corpus/verdict.h"
#include "tests/corpus/wire.h"
#include "tests/lib/corpus.h"

#define ARENA_BYTES_MAX ((size_t)256 << 20)
#define OUT_BYTES_MAX   ((size_t)16 << 20)

struct run {
    struct verdict verdict;
    struct arena arena;
    size_t root; /* bytes of the path in front of names */
    unsigned replies, streams;
};

/* What the directories hold; the others are of dialects that are not compiled in. */
static const char *
family_of(struct str name)
{
    static const struct {
        const char *dir, *family;
    } dirs[] = {
        { "alibaba/", "openai.chat" },
        { "anthropic/", "anthropic.messages" },
        { "mistral/", "mistral.chat" },
        { "cohere/", "cohere.chat" },
        { "moonshotai/", "openai.chat" },
        { "openai/chat/", "openai.chat" },
        { "openai/responses/", "openai.responses" },
        { "openai-compatible/chat/", "openai.chat" },
        { "xai/", "openai.chat" },
    };
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
        if (str_starts(name, str_from(dirs[i].dir)))
            return dirs[i].family;
    return NULL;
}

/* A frame for each line. */
static struct str
as_stream(struct arena *a, const char *family, struct str lines)
{
    struct str s = { NULL, 0 };
    while (lines.n) {
        const char *end = memchr(lines.p, '\n', lines.n);
        size_t n = end ? (size_t)(end - lines.p) : lines.n;
        arena_append(a, &s, STR("data: "));
        arena_append(a, &s, str_make(lines.p, n));
        arena_append(a, &s, STR("\n\n"));
        lines = str_skip(lines, n + 1);
    }
    const char *until = family_find(family)->until;
    if (until)
        arena_append(a, &s, arena_printf(a, "data: %s\n\n", until));
    return s;
}

static void
judge(struct run *r, struct str name, const char *family, enum plain_form form, struct str bytes)
{
    const struct xd_dialect *from = xd_find(str_from(family));
    struct plain was, is;
    plain_read(&was, family, form, bytes, &r->arena);
    for (const struct family *t = families; t->name; t++) {
        const struct xd_dialect *to = xd_find(str_from(t->name));
        struct buf out;
        struct fault f = { 0 };
        buf_init(&out, OUT_BYTES_MAX);
        enum err err = form == PLAIN_STREAM ? carry_stream(from, to, bytes, &out, &f)
                                            : carry_reply(from, to, bytes, &out, &f);
        plain_read(&is, t->name, form, buf_str(&out), &r->arena);
        const char *why = err && err != ERR_REMOTE ? f.text
                          : err                    ? NULL
                                                   : plain_difference(&was, &is, t->lacks);
        if (!why && form == PLAIN_STREAM)
            why = rules_offence(t->name, buf_str(&out), &r->arena);
        if (why)
            verdict_offence(&r->verdict, name, "response", "to %s: %s", t->name, why);
        buf_fini(&out);
    }
}

static void
try_file(void *ctx, const char *path, struct str content)
{
    struct run *r = ctx;
    struct str name = str_skip(str_from(path), r->root);
    const char *family = family_of(name);
    bool document = str_ends(name, STR(".json")), frames = str_ends(name, STR(".sse"));
    if (!family)
        return;
    r->replies += document;
    r->streams += !document;
    struct str bytes = document || frames ? arena_str(&r->arena, content)
                                          : as_stream(&r->arena, family, content);
    judge(r, name, family, document ? PLAIN_DOCUMENT : PLAIN_STREAM, bytes);
}

static void
odd_replies_say_the_same_in_all_dialects(void **state)
{
    static const char *const checks[] = { "response", NULL };
    struct run r = { .replies = 0 };
    (void)state;
    WIRE_REQUIRE();
    verdict_init(&r.verdict, checks);
    arena_init(&r.arena, ARENA_BYTES_MAX);
    const char *dir = wire_path(&r.arena, "responses");
    r.root = strlen(dir) + 1;
    corpus_each(dir, "", try_file, &r);
    printf("# responses: %u replies, %u streams\n", r.replies, r.streams);
    arena_fini(&r.arena);
    assert_true(r.replies > 5 && r.streams > 10);
    assert_int_equal(verdict_close(&r.verdict, "responses"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_replies_say_the_same_in_all_dialects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
