/* What embeddings are made of: "text", ["text", "text"], [1, 2], [[1, 2], [3]]. */
#include "runtime/xd/fault.h"

static void
read_text(struct xd *x, uint32_t at, struct ir_inputs *l)
{
    struct ir_input *in = XD_PUSH(x, l);
    if (!in)
        return;
    in->kind = IR_INPUT_TEXT;
    xd_read_str(x, at, &in->text.text);
}

static void
read_tokens(struct xd *x, uint32_t at, struct ir_inputs *l)
{
    struct ir_input *in = XD_PUSH(x, l);
    if (!in)
        return;
    in->kind = IR_INPUT_TOKENS;
    in->tokens.ids = json_raw(&x->doc, at);
    XD_EACH(x, i, at)
        (void)xd_want(x, i, JSON_NUMBER);
}

void
xd_read_texts_or_tokens(struct xd *x, uint32_t at, struct ir_inputs *l)
{
    if (!at || x->err)
        return;
    if (json_kind(&x->doc, at) == JSON_STRING) {
        read_text(x, at, l);
        return;
    }
    if (!xd_want(x, at, JSON_ARRAY))
        return;
    if (x->doc.nodes[at].next > at + 1 && json_kind(&x->doc, at + 1) == JSON_NUMBER) {
        read_tokens(x, at, l);
        return;
    }
    XD_EACH(x, i, at) {
        if (json_kind(&x->doc, i) == JSON_ARRAY)
            read_tokens(x, i, l);
        else
            read_text(x, i, l);
    }
}

void
xd_put_texts_or_tokens(struct xd *x, struct str key, const struct ir_inputs *l)
{
    static const struct str none;
    jw_key(&x->w, key);
    jw_array(&x->w);
    for (unsigned i = 0; i < l->n; i++) {
        if (l->v[i].kind == IR_INPUT_TEXT)
            xd_put_str(x, none, l->v[i].text.text);
        else if (l->v[i].kind == IR_INPUT_TOKENS)
            xd_put_json(x, none, l->v[i].tokens.ids);
        else
            xd_no_element(x, key);
    }
    jw_close(&x->w);
}

void
xd_no_element(struct xd *x, struct str key)
{
    xd_fault(x, ERR_UNSUPPORTED, 0, "%s has no form for an element of '%.*s'", x->dialect->name,
             STR_ARG(key));
}
