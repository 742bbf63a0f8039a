/* Any bytes are a reply of a token endpoint: a grant that can be shown, or a reason why not. */
#include <stdint.h>
#include <stdlib.h>

#include "server/auth/grant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check(bool ok)
{
    if (!ok)
        abort();
}

static void
check_visible(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        check(s.p[i] > 0x20 && s.p[i] < 0x7f);
}

/* The first byte is a status. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct grant g;
    struct fault f = { .text = "" };
    if (n < 1)
        return 0;
    int status = data[0] % 4 ? 200 : 100 + data[0] * 2;
    struct str body = str_make((const char *)data + 1, n - 1);
    arena_init(&a, 4096 + 64 * (size_t)data[0]);
    if (grant_read_token(&g, status, body, &a, &f))
        check(f.text[0]);
    else
        check(g.token.n > 0);
    check_visible(g.token);
    f.text[0] = '\0';
    arena_reset(&a);
    if (grant_read_key(&g, status, body, 1767268800u, &a, &f))
        check(f.text[0]);
    else
        check(g.key.id.n > 0 && g.key.secret.n > 0);
    arena_fini(&a);
    return 0;
}
