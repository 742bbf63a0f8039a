/* Differential: the head of a reply whole and in pieces. */
#include <stdint.h>
#include <stdlib.h>

#include "server/upstream/reply_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check(int ok)
{
    if (!ok)
        abort();
}

/* Feed pieces until the end or a refusal; *used says how many bytes that took. */
static int
feed(struct reply_head *h, const char *p, size_t n, size_t step, size_t *used)
{
    int status = 0;
    *used = 0;
    for (size_t at = 0; at < n && status == 0; at += step) {
        size_t k = step < n - at ? step : n - at;
        char *copy = malloc(k);
        memcpy(copy, p + at, k);
        struct str in = str_make(copy, k);
        status = reply_head_feed(h, &in);
        *used += k - in.n;
        free(copy);
    }
    if (status > 0 && reply_head_end(h, status)) {
        check(h->view.status == status && status >= 200);
        for (unsigned i = 0; i < h->view.n; i++)
            check(h->view.headers[i].name.n + h->view.headers[i].value.n <= h->text.n);
    }
    return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2)
        return 0;
    const char *p = (const char *)data + 1;
    size_t whole_used, used;
    struct reply_head whole, pieces;
    reply_head_init(&whole);
    reply_head_init(&pieces);
    int a = feed(&whole, p, n - 1, n, &whole_used);
    int b = feed(&pieces, p, n - 1, (size_t)data[0] % 16 + 1, &used);
    check(a == b);
    if (a > 0) {
        check(whole_used == used && whole.view.n == pieces.view.n);
        for (unsigned i = 0; i < whole.view.n; i++)
            check(str_eq(whole.view.headers[i].value, pieces.view.headers[i].value));
    }
    free(whole.v);
    free(pieces.v);
    reply_head_fini(&whole);
    reply_head_fini(&pieces);
    return 0;
}
