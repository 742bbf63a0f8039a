/* Differential: a head that arrives whole and the same head in pieces must have the same result,
 * and what was accepted must keep the promises of head.h.  The first byte of the input chooses the
 * split. */
#include <stdint.h>
#include <stdlib.h>

#include "server/http/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check(bool ok)
{
    if (!ok)
        abort();
}

static bool
is_clean(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == 0x7f || (c < 0x20 && c != '\t'))
            return false;
    }
    return true;
}

static void
check_promises(const struct http_head *h, size_t used, size_t n)
{
    check(used <= n && h->method.n > 0 && h->path.n > 0 && h->n_headers <= HTTP_HEADERS_MAX);
    check(!(h->chunked && h->has_length));
    check(h->minor == 1 || (!h->chunked && !h->expect_continue));
    check(h->minor == 0 || h->host.p);
    check(is_clean(h->method) && is_clean(h->target) && is_clean(h->host));
    for (size_t i = 0; i < h->n_headers; i++) {
        check(h->headers[i].name.n > 0);
        check(is_clean(h->headers[i].name) && is_clean(h->headers[i].value));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2)
        return 0;
    size_t step = (size_t)data[0] + 1, max = data[1] < 128 ? HTTP_HEAD_MAX : data[1];
    const char *p = (const char *)data + 2;
    n -= 2;
    struct http_header hs[HTTP_HEADERS_MAX];
    struct http_head whole = { .headers = hs }, piece = { .headers = hs };
    size_t seen = 0, used = 0, piece_used = 0;
    enum http_head_result r = http_head_parse(&whole, p, n, max, &seen, &used), pr = HTTP_HEAD_MORE;
    if (r == HTTP_HEAD_DONE)
        check_promises(&whole, used, n);
    seen = 0;
    for (size_t have = 0; pr == HTTP_HEAD_MORE && have < n;) {
        have = step < n - have ? have + step : n;
        char *copy = malloc(have);
        memcpy(copy, p, have);
        pr = http_head_parse(&piece, copy, have, max, &seen, &piece_used);
        free(copy);
    }
    check(n == 0 || pr == r);
    check(r != HTTP_HEAD_DONE || (used == piece_used && whole.n_headers == piece.n_headers));
    check(r != HTTP_HEAD_BAD || (whole.status == piece.status && whole.reason == piece.reason));
    return 0;
}
