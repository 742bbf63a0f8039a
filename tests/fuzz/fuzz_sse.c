/* Any bytes as an event stream, cut in ways that the input says, compared with the oracle that
 * sees it whole.
 *
 *   byte 0     the limit, if odd
 *   byte 1, 2  the first cut
 *   byte 3     the size of the pieces after it */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/sse/sse.h"
#include "tests/lib/sse_oracle.h"

static enum err
record(void *ctx, const struct sse_event *e)
{
    sse_describe(ctx, e);
    return ERR_OK;
}

/* Feed a copy of exact size that is gone afterwards. */
static enum err
feed(struct sse *s, const char *p, size_t n)
{
    char *copy = malloc(n ? n : 1);
    memcpy(copy, p, n);
    enum err err = sse_feed(s, copy, n);
    free(copy);
    return err;
}

static void
run(struct buf *out, struct str stream, size_t limit, size_t first, size_t step)
{
    struct sse s;
    sse_init(&s, limit, record, out);
    enum err err = feed(&s, stream.p, first);
    for (struct str rest = str_skip(stream, first); rest.n && !err; rest = str_skip(rest, step))
        err = feed(&s, rest.p, rest.n < step ? rest.n : step);
    if (!err)
        err = sse_end(&s);
    if (err)
        buf_printf(out, "%s at %zu\n", err_name(err), s.offset);
    else if (s.offset != stream.n)
        abort();
    sse_fini(&s);
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
    size_t limit = data[0] % 2 ? data[0] / 2 : 1u << 20;
    size_t first = (data[1] | (size_t)data[2] << 8) % (stream.n + 1);
    struct buf want, got;
    buf_init(&want, 64u << 20);
    buf_init(&got, 64u << 20);
    sse_oracle(&want, stream, limit);
    run(&got, stream, limit, stream.n, 1);
    compare(buf_str(&got), buf_str(&want));
    buf_clear(&got);
    run(&got, stream, limit, first, data[3] + 1u);
    compare(buf_str(&got), buf_str(&want));
    buf_fini(&want);
    buf_fini(&got);
    return 0;
}
