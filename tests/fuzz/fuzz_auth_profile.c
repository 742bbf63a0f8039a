/* Any bytes are files with profiles, and what is read of them lies inside. */
#include <stdint.h>
#include <stdlib.h>

#include "server/auth/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_inside(struct str part, struct str whole)
{
    if (part.p && (part.p < whole.p || part.p + part.n > whole.p + whole.n))
        abort();
}

/* The first byte says where the second file begins. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct profile p;
    if (n < 1)
        return 0;
    struct str all = str_make((const char *)data + 1, n - 1);
    size_t cut = data[0] < all.n ? data[0] : all.n;
    profile_read(&p, STR("default"), str_make(all.p, cut), str_skip(all, cut));
    check_inside(p.key.id, all);
    check_inside(p.key.secret, all);
    check_inside(p.key.token, all);
    check_inside(p.region, all);
    check_inside(p.other, all);
    if (p.key.id.p && (!p.found || !p.key.secret.p))
        abort();
    return 0;
}
