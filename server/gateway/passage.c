/* The name of the model in a body that is otherwise left alone. */
#include "server/gateway/passage.h"

#include "runtime/json/text.h"
#include "server/gateway/body_patch.h"
#include "server/http/form.h"

static const struct str member = STR_INIT("model");

static enum err
read_form(struct passage *p, struct str boundary, struct str body, struct fault *f)
{
    switch (form_field(body, boundary, member, &p->field)) {
    case FORM_FOUND:
        p->model = p->field;
        return ERR_OK;
    case FORM_MISSING:
        return fault_set(f, ERR_TYPE, 0, "the form has no field 'model'");
    case FORM_BROKEN:
        break;
    }
    return fault_set(f, ERR_SYNTAX, 0, "the body is no multipart form");
}

static enum err
read_json(struct passage *p, struct str body, struct json_doc *doc, struct arena *a,
          struct fault *f)
{
    enum err err = json_doc_parse(doc, body, f);
    if (err)
        return err;
    uint32_t at = json_kind(doc, JSON_ROOT) == JSON_OBJECT ? json_member(doc, JSON_ROOT, member)
                                                           : 0;
    if (!at || json_kind(doc, at) != JSON_STRING)
        return fault_set(f, ERR_TYPE, 0, "the body must be an object with a string 'model'");
    p->model = json_text(doc, at, a);
    return p->model.p ? ERR_OK : fault_set(f, ERR_LIMIT, 0, "the request is too large");
}

enum err
passage_read(struct passage *p, struct str content_type, struct str body, struct json_doc *doc,
             struct arena *a, struct fault *f)
{
    struct str boundary = form_boundary(content_type);
    *p = (struct passage){ .model = { NULL, 0 } };
    return boundary.n ? read_form(p, boundary, body, f) : read_json(p, body, doc, a, f);
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

enum err
passage_write(const struct passage *p, struct str body, const struct json_doc *doc,
              struct str model, struct arena *a, struct buf *out, struct str *sent)
{
    enum err err = ERR_OK;
    *sent = body;
    if (str_eq(model, p->model))
        return ERR_OK;
    if (p->field.p) {
        size_t at = (size_t)(p->field.p - body.p);
        buf_put(out, body.p, at);
        buf_puts(out, model);
        buf_puts(out, str_skip(body, at + p->field.n));
        err = out->err;
    } else {
        err = patch_json(doc, model, a, out);
    }
    *sent = buf_str(out);
    return err;
}
