/* Requests whose bodies go through as they are: nothing of them is understood but the name of the model, in a member
 * of a JSON object or in a field of a form.  A request that names none may mean a usual one. */
#ifndef LLMUX_GATEWAY_PASSAGE_H
#define LLMUX_GATEWAY_PASSAGE_H

#include "runtime/base/buf.h"
#include "runtime/base/err.h"
#include "runtime/json/doc.h"

struct passage {
    struct str model;    /* absent: the body has none to name */
    struct str field;    /* of a form: where the name stands in the body; absent in JSON */
    struct str boundary; /* of a form; absent: JSON */
    bool implied;        /* the body does not name the model: it is the usual one */
};

/* Read a body of this content type; usual is the model that is meant by none, absent when one must be named.  *doc is
 * parsed when it is JSON; names lie in the body or in the arena, the boundary in the content type.  ERR_SYNTAX,
 * ERR_TYPE, ERR_LIMIT. */
MUST_CHECK enum err
passage_read(struct passage *p, struct str usual, struct str content_type, struct str body,
             struct json_doc *doc, struct arena *a, struct fault *f);

/* *sent is the body with this name of the model: the body itself, or what is appended to out. */
MUST_CHECK enum err
passage_write(const struct passage *p, struct str body, const struct json_doc *doc,
              struct str model, struct arena *a, struct buf *out, struct str *sent);

#endif
