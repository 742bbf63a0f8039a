/* Any bytes as a chat request whose texts stay in the document, beside the same request with all of them decoded: both are
 * refused, or both are written, and say the same.
 *
 *   byte 0   the dialect of the request
 *   byte 1   the dialect that it is written in */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/xd/ask.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "tests/lib/same_json.h"

#define OUT_MAX (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A dialect that has a chat, the first of them from `which` on. */
static const struct xd_dialect *
choose(unsigned which)
{
    unsigned n = 0;
    while (xd_registry[n])
        n++;
    for (;; which++)
        if (xd_op(xd_registry[which % n], XD_OP_CHAT))
            return xd_registry[which % n];
}

static enum err
carry(const struct xd_dialect *from, const struct xd_dialect *to, struct str body, bool verbatim,
      struct arena *a, struct buf *out)
{
    struct xd x, w;
    struct xd_ask ask, ready;
    xd_init(&x, from, XD_OP_CHAT, a, NULL);
    xd_init(&w, to, XD_OP_CHAT, a, out);
    x.verbatim_from = w.verbatim_from = verbatim;
    w.source = &x.doc;
    enum err err = xd_ask_read(&x, body, &ask);
    if (!err)
        err = xd_ask_prepare(&w, &ask, NULL, &ready);
    if (!err)
        err = xd_ask_write(&w, &ready);
    xd_fini(&x);
    xd_fini(&w);
    return err;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct buf decoded, verbatim;
    if (n < 2)
        return 0;
    const struct xd_dialect *from = choose(data[0]), *to = choose(data[1]);
    struct str body = str_make((const char *)data + 2, n - 2);
    arena_init(&a, 64u << 20);
    buf_init(&decoded, OUT_MAX);
    buf_init(&verbatim, OUT_MAX);
    enum err one = carry(from, to, body, false, &a, &decoded);
    enum err two = carry(from, to, body, true, &a, &verbatim);
    if (one != two || (!one && !same_json(buf_str(&decoded), buf_str(&verbatim)))) {
        fprintf(stderr, "%s to %s, %d and %d\n%.*s\n%.*s\n", from->name, to->name, (int)one,
                (int)two, STR_ARG(buf_str(&decoded)), STR_ARG(buf_str(&verbatim)));
        abort();
    }
    buf_fini(&decoded);
    buf_fini(&verbatim);
    arena_fini(&a);
    return 0;
}
