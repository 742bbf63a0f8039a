/* Ranges and single characters. */
#include "runtime/xd/class.h"

struct class class_read(struct str s, size_t max)
{
    struct class c = { .length = 0 };
    const char *brace = s.n ? memchr(s.p, '{', s.n) : NULL;
    struct ir_int length = { 0 };
    if (brace && s.p[s.n - 1] == '}') {
        xd_seconds(str_make(brace + 1, (size_t)(s.p + s.n - brace) - 2), &length);
        c.length = length.set && length.v > 0 && (uint64_t)length.v <= max ? (size_t)length.v : 0;
        s.n = (size_t)(brace - s.p);
    }
    for (size_t i = 0; i < s.n; i++) {
        unsigned from = (unsigned char)s.p[i], to = from;
        if (i + 2 < s.n && s.p[i + 1] == '-') {
            to = (unsigned char)s.p[i + 2];
            i += 2;
        }
        for (unsigned k = from; k <= to; k++)
            c.has[k] = true;
    }
    return c;
}

bool
class_has_all(const struct class *c, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!c->has[(unsigned char)s.p[i]])
            return false;
    return true;
}
