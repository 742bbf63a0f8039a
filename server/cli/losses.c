/* Losses as lines of JSON. */
#include "server/cli/losses.h"

#include <stdio.h>

#define LINE_MAX_BYTES 4096

/* The wire's name for a path of the model, else the path. */
static struct str
wire_name(const struct xd_op *op, struct str path)
{
    for (const struct xd_name *n = op->names; n && n->model; n++)
        if (str_is(path, n->model))
            return str_from(n->wire);
    return path;
}

static void
put_member(struct jw *w, struct str key, struct str value)
{
    jw_key(w, key);
    jw_string(w, value);
}

static void
print_one(const struct xd *in, const struct xd *out, struct str path)
{
    struct buf line;
    struct jw w;
    buf_init(&line, LINE_MAX_BYTES);
    jw_init(&w, &line);
    jw_object(&w);
    put_member(&w, STR("dropped"), wire_name(in->op, path));
    put_member(&w, STR("path"), path);
    put_member(&w, STR("from"), str_from(in->dialect->name));
    put_member(&w, STR("to"), str_from(out->dialect->name));
    jw_close(&w);
    fprintf(stderr, "%.*s\n", STR_ARG(buf_str(&line)));
    buf_fini(&line);
}

static void
print_side(const struct xd *in, const struct xd *out, const struct xd_losses *lost)
{
    for (unsigned i = 0; i < lost->n; i++)
        print_one(in, out, lost->v[i]);
    if (lost->more)
        fprintf(stderr, "{\"dropped_more\":%u}\n", lost->more);
}

void
losses_print(const struct xd *in, const struct xd *out)
{
    print_side(in, out, &in->lost);
    print_side(in, out, &out->lost);
}
