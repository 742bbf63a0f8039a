/* Any bytes are the file of a service account, or there is a reason why not. */
#include <stdint.h>
#include <stdlib.h>

#include "server/auth/service_account.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct service_account s;
    struct fault f = { .text = "" };
    struct buf out;
    arena_init(&a, 1 << 16);
    buf_init(&out, 1 << 14);
    if (service_account_read(&s, str_make((const char *)data, n), &a, &f)) {
        if (!f.text[0] || s.key)
            abort();
    } else if (service_account_assert(&s, STR("scope"), 1700000000, &out) == ERR_OK) {
        if (!memchr(out.p, '.', out.n))
            abort();
    }
    service_account_fini(&s);
    buf_fini(&out);
    arena_fini(&a);
    return 0;
}
