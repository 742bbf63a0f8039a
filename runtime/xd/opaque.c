/* Opaque texts that a wire has in base64. */
#include "runtime/base/base64.h"
#include "runtime/base/utf8.h"
#include "runtime/xd/fault.h"

/* In front of what is base64 of something else than a text, and is kept as it came. */
#define BYTES "data:;base64,"

static bool
is_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20)
            return false;
    return utf8_valid(s.p, s.n) == s.n;
}

void
xd_read_base64_text(struct xd *x, uint32_t at, struct str *v)
{
    struct str raw = { NULL, 0 };
    struct buf bytes;
    xd_read_str(x, at, &raw);
    if (!raw.p)
        return;
    buf_init(&bytes, raw.n + 1);
    bool text = base64_decode(&bytes, raw) && is_text(buf_str(&bytes));
    struct str s = text ? arena_str(x->arena, buf_str(&bytes))
                        : arena_printf(x->arena, BYTES "%.*s", STR_ARG(raw));
    buf_fini(&bytes);
    if (s.p)
        *v = s;
    else
        xd_full(x);
}

void
xd_put_base64_text(struct xd *x, struct str key, struct str v)
{
    if (!v.p)
        return;
    if (str_starts(v, STR(BYTES))) {
        xd_put_str(x, key, str_skip(v, sizeof BYTES - 1));
        return;
    }
    jw_key(&x->w, key);
    jw_begin_string(&x->w);
    base64_encode(x->out, v);
    jw_end_string(&x->w);
}
