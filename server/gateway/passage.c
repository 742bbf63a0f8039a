/* The name of the model in a body that is otherwise left alone. */
#include "server/gateway/passage.h"

#include "runtime/json/text.h"
#include "server/gateway/body_patch.h"
#include "server/http/form.h"

static const struct str member = STR_INIT("model");

/* The body names no model. */
static enum err
imply(struct passage *p, struct str usual)
{
    p->model = usual;
    p->implied = true;
    return ERR_OK;
}

static enum err
read_form(struct passage *p, struct str usual, struct str body, struct fault *f)
{
    switch (form_field(body, p->boundary, member, &p->field)) {
    case FORM_FOUND:
        p->model = p->field;
        return ERR_OK;
    case FORM_MISSING:
        p->field = (struct str){ NULL, 0 };
        return usual.n ? imply(p, usual)
                       : fault_set(f, ERR_TYPE, 0, "the form has no field 'model'");
    case FORM_BROKEN:
        break;
    }
    return fault_set(f, ERR_SYNTAX, 0, "the body is no multipart form");
}

static enum err
read_json(struct passage *p, struct str usual, struct str body, struct json_doc *doc,
          struct arena *a, struct fault *f)
{
    enum err err = json_doc_parse(doc, body, f);
    if (err)
        return err;
    bool is_object = json_kind(doc, JSON_ROOT) == JSON_OBJECT;
    uint32_t at = is_object ? json_member(doc, JSON_ROOT, member) : 0;
    if (is_object && usual.n && (!at || json_kind(doc, at) == JSON_NULL))
        return imply(p, usual);
    if (!at || json_kind(doc, at) != JSON_STRING)
        return fault_set(f, ERR_TYPE, 0, "the body must be an object with a string 'model'");
    p->model = json_text(doc, at, a);
    return p->model.p ? ERR_OK : fault_set(f, ERR_LIMIT, 0, "the request is too large");
}

enum err
passage_read(struct passage *p, struct str usual, struct str content_type, struct str body,
             struct json_doc *doc, struct arena *a, struct fault *f)
{
    *p = (struct passage){ .boundary = form_boundary(content_type) };
    return p->boundary.n ? read_form(p, usual, body, f) : read_json(p, usual, body, doc, a, f);
}

static enum err
patch_json(const struct json_doc *doc, struct str model, struct arena *a, struct buf *out)
{
    struct body_patch edits;
    struct buf quoted;
    buf_init(&quoted, 6 * model.n + 2);
    buf_putc(&quoted, '"');
    json_escape(&quoted, model);
    buf_putc(&quoted, '"');
    body_patch_init(&edits, doc, a);
    bool ok = body_patch_set(&edits, member, arena_str(a, buf_str(&quoted)));
    buf_fini(&quoted);
    if (!ok)
        return ERR_LIMIT;
    body_patch_write(&edits, out);
    return out->err;
}

/* The form with a new name in its place, or with a part more, before the others; what stood before them has no
 * meaning (RFC 2046 5.1.1). */
static void
put_field(const struct passage *p, struct str body, struct str model, struct buf *out)
{
    if (p->field.p) {
        size_t at = (size_t)(p->field.p - body.p);
        buf_put(out, body.p, at);
        buf_puts(out, model);
        buf_puts(out, str_skip(body, at + p->field.n));
        return;
    }
    buf_printf(out, "\r\n--%.*s\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n",
               STR_ARG(p->boundary));
    struct str delimiter = str_make(out->p, p->boundary.n + 4);
    const char *behind = body.n ? memmem(body.p, body.n, delimiter.p, delimiter.n) : NULL;
    bool begins = str_starts(body, str_skip(delimiter, 2));
    buf_puts(out, model);
    buf_puts(out, STR("\r\n"));
    buf_puts(out, begins || !behind ? body : str_skip(body, (size_t)(behind - body.p) + 2));
}

enum err
passage_write(const struct passage *p, struct str body, const struct json_doc *doc,
              struct str model, struct arena *a, struct buf *out, struct str *sent)
{
    enum err err = ERR_OK;
    *sent = body;
    if (!p->model.p || str_eq(model, p->model))
        return ERR_OK;
    if (p->boundary.n) {
        put_field(p, body, model, out);
        err = out->err;
    } else {
        err = patch_json(doc, model, a, out);
    }
    *sent = buf_str(out);
    return err;
}
