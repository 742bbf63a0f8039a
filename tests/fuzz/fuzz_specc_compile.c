/* The stages of the spec compiler behind the parser on any dialect or provider, with the tiny model
 * and the tiny dialect of tests/specc beside it: no crash, no leak, an end; what has no errors also
 * expands to a spec without errors.  Build with SAN=fuzz; run from the top of the repository. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "codegen/compile.h"
#include "codegen/dump_model.h"
#include "codegen/dump_rows.h"
#include "codegen/expand.h"
#include "codegen/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct specs {
    const struct ast_file *v[3];
    unsigned n;
};

static void
add_path(struct arena *a, struct specs *s, const char *path, struct diags *d)
{
    const struct source *src;
    enum err err = source_read(a, path, &src, NULL);
    assert(err == ERR_OK);
    s->v[s->n++] = parse_file(a, src, d);
}

static void
expand_again(struct arena *a, struct specs *s, const struct compiled *c, struct diags *d)
{
    struct compiled again;
    struct buf out;

    buf_init(&out, (size_t)64 << 20);
    expand(a, dialects_find(c->dialects, s->v[2]->name.s), &out);
    dump_rows(a, c->ir, c->dialects, d, &out);
    buf_clear(&out);
    expand(a, dialects_find(c->dialects, s->v[2]->name.s), &out);
    s->v[2] = parse_file(a, source_of_text(a, STR("expanded"), buf_str(&out)), d);
    compile(a, s->v, s->n, d, &again);
    compiled_fini(&again);
    if (diags_count(d)) {
        buf_putc(&out, '\n');
        diags_print(d, &out);
        fwrite(out.p, 1, out.n, stderr);
    }
    assert(diags_count(d) == 0);
    buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct diags d;
    struct specs s = { .n = 0 };
    struct compiled c = { 0 };

    arena_init(&a, (size_t)1 << 30);
    diags_init(&d, &a);
    add_path(&a, &s, "tests/specc/tiny/ir.spec", &d);
    add_path(&a, &s, "tests/specc/tiny/chat.spec", &d);
    struct str text = str_make((const char *)data, size);
    const struct source *src = size > 20000 ? NULL : source_of_text(&a, STR("fuzz"), text);
    s.v[2] = src ? parse_file(&a, src, &d) : NULL;
    s.n += s.v[2] != NULL;
    if (diags_count(&d) == 0 && s.n == 3) {
        compile(&a, s.v, s.n, &d, &c);
        if (diags_count(&d) == 0)
            expand_again(&a, &s, &c, &d);
        compiled_fini(&c);
    }
    arena_fini(&a);
    return 0;
}
