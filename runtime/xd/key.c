/* The number that tells interleaved blocks of a patch stream apart. */
#include "runtime/xd/xd.h"

int64_t
xd_key_of(const struct xd *x, uint32_t at, struct str member)
{
    uint32_t v = json_kind(&x->doc, at) == JSON_OBJECT ? json_member(&x->doc, at, member) : 0;
    int64_t key;

    return v && json_kind(&x->doc, v) == JSON_NUMBER && json_int(&x->doc, v, &key) && key >= 0 ? key
                                                                                               : -1;
}
