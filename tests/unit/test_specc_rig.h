/* Specs for tests of the compiler: golden files that hold one or several, and the real ones. */
#ifndef LLMUX_TEST_SPECC_RIG_H
#define LLMUX_TEST_SPECC_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>

#include "codegen/compile.h"
#include "codegen/diag.h"
#include "codegen/parse.h"
#include "codegen/source.h"

#define TINY_IR   "tests/specc/tiny/ir.spec"
#define TINY_CHAT "tests/specc/tiny/chat.spec"
#define FILES_MAX 200

struct specs {
    struct arena arena;
    struct diags diags;
    const struct ast_file *v[FILES_MAX];
    unsigned n;
    bool model, dialect; /* is there one among them? */
};

static inline void
specs_init(struct specs *s)
{
    *s = (struct specs){ .n = 0 };
    arena_init(&s->arena, 256 << 20);
    diags_init(&s->diags, &s->arena);
}

static inline void
specs_fini(struct specs *s)
{
    arena_fini(&s->arena);
}

static inline void
specs_add(struct specs *s, const struct source *src)
{
    assert_non_null(src);
    struct ast_file *file = parse_file(&s->arena, src, &s->diags);
    if (!file)
        return;
    assert_true(s->n < FILES_MAX);
    s->v[s->n++] = file;
    s->model |= file->kind == FILE_IR;
    s->dialect |= file->kind == FILE_DIALECT && file->parent.s.n == 0;
}

static inline void
specs_add_path(struct specs *s, const char *path)
{
    const struct source *src = NULL;
    assert_int_equal(source_read(&s->arena, path, &src, NULL), ERR_OK);
    specs_add(s, src);
}

/* Every file that matches. */
static inline void
specs_add_all(struct specs *s, const char *pattern)
{
    glob_t g;
    assert_int_equal(glob(pattern, 0, NULL, &g), 0);
    for (size_t i = 0; i < g.gl_pathc; i++)
        specs_add_path(s, g.gl_pathv[i]);
    globfree(&g);
}

/* The specs of the repository. */
static inline void
specs_add_real(struct specs *s)
{
    specs_add_all(s, "specs/*.spec");
    specs_add_all(s, "specs/*/*.spec");
}

/* A golden file holds one spec, or several: a line `=== NAME` begins the next one. */
static inline void
specs_add_text(struct specs *s, struct str name, struct str text)
{
    while (text.n) {
        const char *cut = memmem(text.p, text.n, "\n=== ", 5);
        struct str part = str_make(text.p, cut ? (size_t)(cut - text.p) + 1 : text.n);
        specs_add(s, source_of_text(&s->arena, name, part));
        text = str_skip(text, part.n + 4);
        const char *end = text.n ? memchr(text.p, '\n', text.n) : NULL;
        if (!end)
            break;
        name = str_make(text.p, (size_t)(end - text.p));
        text = str_skip(text, name.n + 1);
    }
}

/* The tiny model and the tiny dialect, unless there are others. */
static inline void
specs_add_tiny(struct specs *s)
{
    if (!s->model)
        specs_add_path(s, TINY_IR);
    if (!s->dialect)
        specs_add_path(s, TINY_CHAT);
}

/* Print the errors, if there are any; returns how many. */
static inline unsigned
specs_errors(struct specs *s)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    diags_print(&s->diags, &out);
    if (out.n)
        print_error("%.*s", STR_ARG(buf_str(&out)));
    buf_fini(&out);
    return diags_count(&s->diags);
}

#endif
