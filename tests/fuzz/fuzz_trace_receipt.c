/* Any bytes as the answer of a receiver of telemetry: what it says of itself lies in it. */
#include <stdint.h>
#include <stdlib.h>

#include "server/trace/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check(struct receipt r, const char *p, size_t n)
{
    if (r.why.p && (r.why.p < p || r.why.p + r.why.n > p + n))
        abort();
    if ((int64_t)r.rejected < 0 || r.wait_ms > 86400999)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *copy = malloc(n ? n : 1);
    memcpy(copy, data, n);
    check(receipt_of_success(str_make(copy, n)), copy, n);
    check(receipt_of_status(str_make(copy, n)), copy, n);
    free(copy);
    return 0;
}
