/* Texts that stay as they stand in the document they were read from, escapes and all.
 *
 *   {"content":"a long \"text\"\n..."}      the model's text is this stretch of the source: nobody
 *               ^^^^^^^^^^^^^^^^^^^^^       decodes it, and the writer copies it as it is
 *
 * Such a text is told from one that is decoded by where it lies: it is all of a string's inside.
 * Whoever looks into a text of a request asks for it by xd_text. */
#include "runtime/json/text.h"
#include "runtime/xd/fault.h"

/* The document that texts may stand in. */
static const struct json_doc *
source_of(const struct xd *x)
{
    return x->source ? x->source : &x->doc;
}

/* The string of the document that v is all of, or 0. */
static uint32_t
find_string(const struct xd *x, struct str v)
{
    const struct json_doc *d = source_of(x);
    if (!x->verbatim_from || v.n < x->verbatim_from)
        return 0;
    uint32_t at = json_node_of(d, v.p);
    bool all = at && json_kind(d, at) == JSON_STRING && json_inner(d, at).p == v.p
               && json_inner(d, at).n == v.n;
    return all ? at : 0;
}

void
xd_read_text(struct xd *x, uint32_t at, struct str *v)
{
    const struct json_node *node = &x->doc.nodes[at];
    bool stays = at && !x->err && x->verbatim_from && node->kind == JSON_STRING
                 && node->escaped == JSON_ESCAPED && node->n >= x->verbatim_from;
    if (stays)
        *v = json_inner(&x->doc, at);
    else
        xd_read_str(x, at, v);
}

struct str
xd_text(struct xd *x, struct str v)
{
    uint32_t at = find_string(x, v);
    if (!at)
        return v;
    struct str s = json_text(source_of(x), at, x->arena);
    if (!s.p)
        xd_full(x);
    return s.p ? s : STR("");
}

bool
xd_is_blank(struct xd *x, struct str v)
{
    struct str s = str_trim(v);
    if (s.n && *s.p == '\\') /* may stand for white space */
        s = str_trim(xd_text(x, v));
    return s.n == 0;
}

void
xd_escape(struct xd *x, struct str v)
{
    if (find_string(x, v))
        buf_puts(x->out, v);
    else
        json_escape(x->out, v);
}
