/* Text that some peers send in parts. */
#include "runtime/xd/xd.h"

static struct str
text_of(struct xd *x, uint32_t part)
{
    struct str s = { NULL, 0 };
    uint32_t text = json_kind(&x->doc, part) == JSON_OBJECT
                        ? json_member(&x->doc, part, STR("text"))
                        : 0;
    if (text == 0)
        xd_mismatch(x, part, "a part with a text");
    else
        xd_read_str(x, text, &s);
    return s;
}

void
xd_read_texts(struct xd *x, uint32_t at, struct str *v)
{
    if (json_kind(&x->doc, at) != JSON_ARRAY) {
        xd_read_part(x, at, v);
        return;
    }
    *v = (struct str){ NULL, 0 };
    XD_EACH(x, i, at)
        arena_append(x->arena, v, text_of(x, i));
}

void
xd_read_text_in(struct xd *x, uint32_t at, struct str *v)
{
    struct str all = { NULL, 0 };
    if (!at || x->err || !xd_want(x, at, JSON_ARRAY))
        return;
    XD_EACH(x, i, at) {
        struct str part = text_of(x, i);
        if (all.n && part.n)
            arena_append(x->arena, &all, STR("\n\n"));
        if (part.n)
            arena_append(x->arena, &all, part);
    }
    if (x->doc.nodes[at].next > at + 1)
        *v = all.n ? all : STR("");
}

void
xd_put_text_in(struct xd *x, struct str key, struct str type, struct str v)
{
    if (key.p)
        jw_key(&x->w, key);
    jw_array(&x->w);
    if (v.p && !x->skeleton) {
        jw_object(&x->w);
        jw_key(&x->w, STR("type"));
        jw_string(&x->w, type);
        xd_put_str(x, STR("text"), v);
        jw_close(&x->w);
    }
    jw_close(&x->w);
}

void
xd_read_text_parts(struct xd *x, uint32_t at, struct str *v)
{
    xd_read_texts(x, at, v);
}

void
xd_put_text_parts(struct xd *x, struct str key, struct str v)
{
    if (!v.p)
        return;
    jw_key(&x->w, key);
    jw_array(&x->w);
    jw_object(&x->w);
    xd_put_str(x, STR("text"), v);
    jw_close(&x->w);
    jw_close(&x->w);
}

void
xd_put_texts(struct xd *x, struct str key, struct str v)
{
    if (!v.p)
        return;
    jw_key(&x->w, key);
    jw_array(&x->w);
    jw_object(&x->w);
    xd_put_str(x, STR("type"), STR("text"));
    xd_put_str(x, STR("text"), v);
    jw_close(&x->w);
    jw_close(&x->w);
}
