/* Any bytes as a binary event stream, cut in ways that the input says, compared with the oracle that
 * sees it whole.  With checksums made right, so that what lies behind them is reached.
 *
 *   byte 0     bit 0: the limit is small; bit 1: the checksums stay as they are
 *   byte 1, 2  the first cut
 *   byte 3     the size of the pieces after it */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/frame/eventstream.h"
#include "tests/lib/eventstream_oracle.h"

static enum err
record(void *ctx, const struct eventstream_message *m)
{
    eventstream_describe(ctx, m);
    return ERR_OK;
}

/* Feed a copy of exact size that is gone afterwards. */
static enum err
feed(struct eventstream *s, const char *p, size_t n)
{
    char *copy = malloc(n ? n : 1);
    memcpy(copy, p, n);
    enum err err = eventstream_feed(s, copy, n);
    free(copy);
    return err;
}

static void
run(struct buf *out, struct str stream, size_t limit, size_t first, size_t step)
{
    struct eventstream s;
    eventstream_init(&s, limit, record, out);
    enum err err = feed(&s, stream.p, first);
    for (struct str rest = str_skip(stream, first); rest.n && !err; rest = str_skip(rest, step))
        err = feed(&s, rest.p, rest.n < step ? rest.n : step);
    if (!err)
        err = eventstream_end(&s);
    if (err)
        buf_printf(out, "%s at %zu\n", err_name(err), s.offset);
    else if (s.offset != stream.n)
        abort();
    eventstream_fini(&s);
}

static void
set_crc(char *p, size_t n)
{
    uint32_t crc = eventstream_crc(str_make(p, n));
    for (unsigned i = 0; i < 4; i++)
        p[n + i] = (char)(unsigned char)(crc >> (24 - 8 * i));
}

/* Make the checksums right, message by message, as far as the lengths go; large ones are made small. */
static void
mend(char *p, size_t n)
{
    while (n >= 16) {
        p[0] = p[1] = p[4] = p[5] = 0;
        size_t total = (size_t)(unsigned char)p[2] << 8 | (unsigned char)p[3];
        set_crc(p, 8);
        if (total < 16 || total > n)
            return;
        set_crc(p, total - 4);
        p += total;
        n -= total;
    }
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
    struct buf bytes, want, got;
    buf_init(&bytes, n);
    buf_init(&want, 64u << 20);
    buf_init(&got, 64u << 20);
    buf_put(&bytes, (const char *)data + 4, n - 4);
    if (!(data[0] & 2))
        mend(bytes.p, bytes.n);
    struct str stream = buf_str(&bytes);
    size_t limit = data[0] & 1 ? data[0] : EVENTSTREAM_MAX;
    eventstream_oracle(&want, stream, limit);
    run(&got, stream, limit, stream.n, 1);
    compare(buf_str(&got), buf_str(&want));
    buf_clear(&got);
    size_t first = (data[1] | (size_t)data[2] << 8) % (stream.n + 1);
    run(&got, stream, limit, first, data[3] + 1u);
    compare(buf_str(&got), buf_str(&want));
    buf_fini(&bytes);
    buf_fini(&want);
    buf_fini(&got);
    return 0;
}
