/* The spec compiler's front end on any bytes: no crash, no leak, an end, and either a tree or an
 * error.  Build with SAN=fuzz. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "codegen/dump.h"
#include "codegen/lex.h"
#include "codegen/parse.h"
#include "codegen/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
lex_all(struct arena *a, const struct source *src, struct buf *out)
{
    struct tokens tokens = { 0 };
    assert(lex(a, src, &tokens));
    assert(tokens.n > 0 && tokens.v[tokens.n - 1].kind == 0);
    dump_tokens(&tokens, out);
}

static void
parse_all(struct arena *a, const struct source *src, struct buf *out)
{
    struct diags d;
    diags_init(&d, a);
    struct ast_file *file = parse_file(a, src, &d);
    assert(file || diags_count(&d) > 0);
    if (file)
        dump_ast(file, out);
    diags_print(&d, out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct buf out;
    arena_init(&a, 512 + size * 4096 + (1 << 20)); /* no input may need more */
    buf_init(&out, (size_t)64 << 20);
    const struct source *src = source_of_text(&a, STR("fuzz"), str_make((const char *)data, size));
    if (src) {
        lex_all(&a, src, &out);
        parse_all(&a, src, &out);
    }
    assert(!a.full);
    buf_fini(&out);
    arena_fini(&a);
    return 0;
}
