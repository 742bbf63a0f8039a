/* Any bytes as a stream of lines, or as an array in pieces, cut in ways that the input says,
 * compared with the oracle that sees it whole.
 *
 *   byte 0     its lowest bit: the framing; the rest the limit, if odd
 *   byte 1, 2  the first cut
 *   byte 3     the size of the pieces after it */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/frame/framer.h"
#include "tests/lib/frame_oracle.h"

static enum err
record(void *ctx, const struct frame *f)
{
    frame_describe(ctx, f);
    return ERR_OK;
}

/* Feed a copy of exact size that is gone afterwards. */
static enum err
feed(struct framer *f, const char *p, size_t n)
{
    char *copy = malloc(n ? n : 1);
    memcpy(copy, p, n);
    enum err err = framer_feed(f, copy, n);
    free(copy);
    return err;
}

static void
run(struct buf *out, enum framing framing, struct str stream, size_t limit, size_t first,
    size_t step)
{
    struct framer f;
    framer_init(&f, 1u << framing, framing, limit, record, out);
    enum err err = feed(&f, stream.p, first);
    for (struct str rest = str_skip(stream, first); rest.n && !err; rest = str_skip(rest, step))
        err = feed(&f, rest.p, rest.n < step ? rest.n : step);
    if (!err)
        err = framer_end(&f);
    if (err)
        buf_printf(out, "%s at %zu\n", err_name(err), framer_offset(&f));
    else if (framer_offset(&f) != stream.n)
        abort();
    framer_fini(&f);
}

static void
compare(struct str got, struct str want)
{
    if (str_eq(got, want))
        return;
    fprintf(stderr, "delivered\n%.*s\ninstead of\n%.*s\n", STR_ARG(got), STR_ARG(want));
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 4)
        return 0;
    struct str stream = { (const char *)data + 4, n - 4 };
    enum framing framing = data[0] % 2 ? FRAMING_ARRAY : FRAMING_NDJSON;
    size_t limit = data[0] / 2 % 2 ? data[0] / 4u : 1u << 20;
    size_t first = (data[1] | (size_t)data[2] << 8) % (stream.n + 1);
    struct buf want, got;
    buf_init(&want, 64u << 20);
    buf_init(&got, 64u << 20);
    frame_oracle(&want, framing, stream, limit);
    run(&got, framing, stream, limit, stream.n, 1);
    compare(buf_str(&got), buf_str(&want));
    buf_clear(&got);
    run(&got, framing, stream, limit, first, data[3] + 1u);
    compare(buf_str(&got), buf_str(&want));
    buf_fini(&want);
    buf_fini(&got);
    return 0;
}
