/* Text that some peers send in parts. */
#include "runtime/xd/xd.h"

void
xd_read_texts(struct xd *x, uint32_t at, struct str *v)
{
    if (json_kind(&x->doc, at) != JSON_ARRAY) {
        xd_read_part(x, at, v);
        return;
    }
    *v = (struct str){ NULL, 0 };
    XD_EACH(x, i, at) {
        uint32_t text = json_kind(&x->doc, i) == JSON_OBJECT ? json_member(&x->doc, i, STR("text"))
                                                             : 0;
        struct str part = { NULL, 0 };
        if (text == 0) {
            xd_mismatch(x, i, "a part with a text");
            continue;
        }
        xd_read_str(x, text, &part);
        arena_append(x->arena, v, part);
    }
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
