/* Values of the wire to the model's scalars.  Node 0 is a missing member: nothing is changed. */
#include "runtime/json/text.h"
#include "runtime/xd/fault.h"
#include "runtime/xd/wtf8.h"

/* Is there a value of this kind to read? */
static bool
has(struct xd *x, uint32_t at, enum json_kind kind)
{
    return at && !x->err && xd_want(x, at, kind);
}

static void
take_text(struct xd *x, uint32_t at, struct str *v)
{
    struct str s = json_text(&x->doc, at, x->arena);
    if (s.p)
        *v = s;
    else
        xd_full(x);
}

void
xd_read_str(struct xd *x, uint32_t at, struct str *v)
{
    if (!at || x->err)
        return;
    enum json_kind kind = json_kind(&x->doc, at);
    /* Peers say 502 where the documents promise "502". */
    if (x->mode == XD_LENIENT && (kind == JSON_NUMBER || kind == JSON_TRUE || kind == JSON_FALSE))
        *v = json_raw(&x->doc, at);
    else if (xd_want(x, at, JSON_STRING))
        take_text(x, at, v);
}

void
xd_read_json(struct xd *x, uint32_t at, struct str *v)
{
    if (at && !x->err)
        *v = json_raw(&x->doc, at);
}

void
xd_read_json_text(struct xd *x, uint32_t at, struct str *v)
{
    if (json_kind(&x->doc, at) == JSON_STRING)
        xd_read_str(x, at, v);
    else
        xd_read_json(x, at, v);
}

void
xd_read_json_object(struct xd *x, uint32_t at, struct str *v)
{
    if (has(x, at, JSON_OBJECT))
        *v = json_raw(&x->doc, at);
}

void
xd_read_json_in_string(struct xd *x, uint32_t at, struct str *v)
{
    if (!at || x->err)
        return;
    if (x->mode == XD_LENIENT && json_kind(&x->doc, at) == JSON_OBJECT)
        *v = json_raw(&x->doc, at);
    else
        xd_read_part(x, at, v);
}

void
xd_read_int(struct xd *x, uint32_t at, struct ir_int *v)
{
    if (!has(x, at, JSON_NUMBER))
        return;
    struct str text = json_raw(&x->doc, at);
    if (json_int(&x->doc, at, &v->v))
        v->set = true;
    else if (x->mode == XD_STRICT)
        xd_fault(x, ERR_TYPE, at, "expected a 64-bit integer, found %.*s",
                 text.n > 40 ? 40 : (int)text.n, text.p);
    else
        xd_lose_path(x, at);
}

void
xd_read_seconds(struct xd *x, uint32_t at, struct ir_int *v)
{
    if (!at || x->err)
        return;
    if (json_kind(&x->doc, at) == JSON_STRING)
        xd_seconds(json_inner(&x->doc, at), v);
    else
        xd_read_int(x, at, v);
}

void
xd_seconds(struct str text, struct ir_int *v)
{
    int64_t n = 0;
    text = str_trim(text);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || n > INT64_MAX / 10 - 1)
            return; /* a date, or nonsense */
        n = n * 10 + (text.p[i] - '0');
    }
    if (text.n)
        *v = (struct ir_int){ n, true };
}

void
xd_read_index(struct xd *x, uint32_t at, unsigned *v)
{
    struct ir_int n = { 0 };
    xd_read_int(x, at, &n);
    if (n.set && n.v >= 0 && n.v <= INT32_MAX)
        *v = (unsigned)n.v;
}

void
xd_read_real(struct xd *x, uint32_t at, struct str *v)
{
    if (has(x, at, JSON_NUMBER))
        *v = json_raw(&x->doc, at);
}

static void
read_truth(struct xd *x, uint32_t at, enum ir_bool *v, enum ir_bool yes, enum ir_bool no)
{
    if (!at || x->err)
        return;
    enum json_kind kind = json_kind(&x->doc, at);
    if (kind == JSON_TRUE || kind == JSON_FALSE)
        *v = kind == JSON_TRUE ? yes : no;
    else
        xd_mismatch(x, at, "boolean");
}

void
xd_read_bool(struct xd *x, uint32_t at, enum ir_bool *v)
{
    read_truth(x, at, v, IR_TRUE, IR_FALSE);
}

void
xd_read_not(struct xd *x, uint32_t at, enum ir_bool *v)
{
    read_truth(x, at, v, IR_FALSE, IR_TRUE);
}

void
xd_read_behind(struct xd *x, uint32_t at, struct str prefix, struct str *v)
{
    xd_read_str(x, at, v);
    if (v->p && str_starts(*v, prefix))
        *v = str_skip(*v, prefix.n);
}

void
xd_read_strs(struct xd *x, uint32_t at, struct ir_strs *v)
{
    if (!has(x, at, JSON_ARRAY))
        return;
    XD_EACH(x, i, at) {
        struct str s = { NULL, 0 };
        xd_read_str(x, i, &s);
        struct str *to = s.p ? XD_PUSH(x, v) : NULL;
        if (to)
            *to = s;
    }
}

void
xd_read_jsons(struct xd *x, uint32_t at, struct ir_strs *v)
{
    if (!has(x, at, JSON_ARRAY))
        return;
    XD_EACH(x, i, at) {
        struct str *to = XD_PUSH(x, v);
        if (!to)
            return;
        *to = json_raw(&x->doc, i);
    }
}

void
xd_read_part(struct xd *x, uint32_t at, struct str *v)
{
    if (!x->flow || !at || x->err || !x->doc.nodes[at].escaped) {
        xd_read_str(x, at, v);
        return;
    }
    struct str s = wtf8_unescape(x->arena, json_inner(&x->doc, at));
    if (s.p)
        *v = s;
    else
        xd_full(x);
}
