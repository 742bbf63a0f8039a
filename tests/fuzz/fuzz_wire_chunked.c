/* Differential: a chunked body whole, in pieces, and by a second decoder that is as plain as can
 * be. */
#include <stdint.h>
#include <stdlib.h>

#include "server/wire/chunked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct result {
    enum http_chunked_result last;
    size_t used, sum, length;
};

static void
check(int ok)
{
    if (!ok)
        abort();
}

static struct result
decode(const char *p, size_t n, size_t step)
{
    struct http_chunked c = { 0 };
    struct result r = { .last = HTTP_CHUNKED_MORE };
    for (size_t at = 0; at < n && r.last == HTTP_CHUNKED_MORE; at += step) {
        size_t k = step < n - at ? step : n - at;
        char *copy = malloc(k);
        memcpy(copy, p + at, k);
        struct str in = str_make(copy, k), part;
        while ((r.last = http_chunked_next(&c, &in, &part)) == HTTP_CHUNKED_DATA) {
            check(part.n > 0);
            for (size_t i = 0; i < part.n; i++)
                r.sum = r.sum * 31 + (unsigned char)part.p[i];
            r.length += part.n;
        }
        r.used += k - in.n;
        free(copy);
    }
    return r;
}

/* The body's length if p is a sequence of chunks without extensions and trailers, else -1. */
static long
plain_length(const char *p, size_t n)
{
    long total = 0;
    for (size_t at = 0;;) {
        size_t digits = 0, size = 0;
        while (at < n && digits < 6 && strchr("0123456789abcdefABCDEF", p[at]) && p[at]) {
            char digit[2] = { p[at++], 0 };
            size = size * 16 + strtoul(digit, NULL, 16);
            digits++;
        }
        if (digits == 0 || n - at < 2 || memcmp(p + at, "\r\n", 2))
            return -1;
        at += 2;
        if (n - at < size + 2 || memcmp(p + at + size, "\r\n", 2))
            return -1;
        at += size + 2;
        total += (long)size;
        if (size == 0)
            return total;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 1)
        return 0;
    const char *p = (const char *)data + 1;
    n -= 1;
    struct result whole = decode(p, n, n + 1), piece = decode(p, n, (size_t)data[0] % 16 + 1);
    check(whole.last == piece.last && whole.length == piece.length && whole.sum == piece.sum);
    check(whole.last != HTTP_CHUNKED_DONE || whole.used == piece.used);
    long plain = plain_length(p, n);
    check(plain < 0 || (whole.last == HTTP_CHUNKED_DONE && whole.length == (size_t)plain));
    return 0;
}
