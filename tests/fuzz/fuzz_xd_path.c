/* Any path and query, asked of every dialect: what it is read as can be asked again.
 *
 *   byte 0   the length of the path; the query is what is behind it */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/xd/path.h"
#include "runtime/xd/registry.h"

#define OUT_MAX 65536u

static void
check(bool ok, const char *why)
{
    if (ok)
        return;
    fprintf(stderr, "%s\n", why);
    abort();
}

/* The model's name, decoded. */
static struct str
model_of(const struct xd_asked *asked, struct arena *a)
{
    struct xd_ask ask = { .kind = asked->op->kind };
    if (!asked->model.p)
        return STR("");
    xd_asked_tell(asked, a, &ask);
    return *xd_ask_model(&ask);
}

/* Fill the model into the path that was found, and read that. */
static void
ask_again(const struct xd_dialect *d, const struct xd_asked *asked, struct arena *a)
{
    struct str model = model_of(asked, a), query = STR(""), path = asked->op->path;
    struct xd_asked again;
    struct buf out;
    if (asked->stream == IR_TRUE) {
        path = asked->op->streamed[0].path;
        query = asked->op->streamed[0].query;
    }
    check(!asked->model.p || asked->model.n > 0, "a model without a name");
    buf_init(&out, OUT_MAX);
    xd_address_fill(&out, path, STR("model"), model);
    check(xd_path_read(d, buf_str(&out), query, &again), "a path of its own that is not known");
    if (again.op == asked->op) {
        check(again.stream == asked->stream, "a stream, or none");
        check(str_eq(model_of(&again, a), model), "another model");
    }
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct xd_asked asked;
    if (n == 0)
        return 0;
    size_t length = data[0] < n - 1 ? data[0] : n - 1;
    struct str path = str_make((const char *)data + 1, length);
    struct str query = str_make((const char *)data + 1 + length, n - 1 - length);
    arena_init(&a, 1u << 20);
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        if (xd_front_read(*d, path, query, &asked) || xd_path_find(*d, path, query, &asked))
            if (!asked.op->passes)
                ask_again(*d, &asked, &a);
        struct str name = { NULL, 0 };
        if (xd_front_lists(*d, path, &name) && name.p
            && (name.p < path.p || name.p + name.n > path.p + path.n))
            abort(); /* a model's name is part of the path */
        arena_reset(&a);
    }
    arena_fini(&a);
    return 0;
}
