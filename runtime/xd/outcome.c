/* The result of a call as an object.  In the model it is blocks; the text of an object that says nothing but
 * a result or an error is that, of any other the object itself. */
#include "runtime/xd/fault.h"

static const struct str result_name = STR_INIT("result"), error_name = STR_INIT("error");

/* The only member of an object: its key, or 0. */
static uint32_t
only_member(const struct json_doc *d, uint32_t at)
{
    uint32_t key = at + 1;
    bool one = key < d->nodes[at].next && d->nodes[key + 1].next == d->nodes[at].next;
    return one ? key : 0;
}

/* Does the object say nothing but a text under this name? */
static bool
is_wrapped(const struct json_doc *d, uint32_t at, struct str name)
{
    uint32_t key = only_member(d, at);
    return key && json_text_is(d, key, name) && json_kind(d, key + 1) == JSON_STRING;
}

static bool
is_error(const struct json_doc *d, uint32_t at)
{
    uint32_t key = only_member(d, at);
    return key && json_text_is(d, key, error_name);
}

void
xd_read_outcome(struct xd *x, uint32_t at, struct ir_block *v)
{
    if (!at || x->err || !xd_want(x, at, JSON_OBJECT))
        return;
    struct ir_block *text = XD_PUSH(x, &v->result.blocks);
    if (!text)
        return;
    text->kind = IR_BLOCK_TEXT;
    if (is_error(&x->doc, at))
        v->result.failed = IR_TRUE;
    if (is_wrapped(&x->doc, at, result_name) || is_wrapped(&x->doc, at, STR("output"))
        || is_wrapped(&x->doc, at, error_name))
        xd_read_str(x, only_member(&x->doc, at) + 1, &text->text.text);
    else
        text->text.text = json_raw(&x->doc, at);
}

/* Is the text an object that is read back as it is? */
static bool
stands_alone(struct xd *x, struct str text, bool failed)
{
    struct str s = str_trim(text);
    if (s.n < 2 || *s.p != '{' || json_doc_parse(&x->doc, s, NULL) != ERR_OK)
        return false;
    if (is_error(&x->doc, JSON_ROOT) != failed)
        return false;
    return !is_wrapped(&x->doc, JSON_ROOT, result_name)
           && !is_wrapped(&x->doc, JSON_ROOT, STR("output"))
           && !is_wrapped(&x->doc, JSON_ROOT, error_name);
}

bool
xd_put_outcome(struct xd *x, struct str key, const struct ir_block *v)
{
    const struct ir_blocks *l = &v->result.blocks;
    bool failed = v->result.failed == IR_TRUE;
    const struct ir_block *first = xd_first_block(l, 1u << IR_BLOCK_TEXT);
    struct str text;
    if (first && xd_count_blocks(l, 1u << IR_BLOCK_TEXT) == 1
        && stands_alone(x, (text = xd_text(x, first->text.text)), failed)) {
        xd_put_json(x, key, str_trim(text));
        return true;
    }
    jw_key(&x->w, key);
    jw_object(&x->w);
    jw_key(&x->w, failed ? error_name : result_name);
    jw_begin_string(&x->w);
    for (unsigned i = 0; i < l->n; i++)
        if (l->v[i].kind == IR_BLOCK_TEXT)
            xd_escape(x, l->v[i].text.text);
    jw_end_string(&x->w);
    jw_close(&x->w);
    return true;
}
