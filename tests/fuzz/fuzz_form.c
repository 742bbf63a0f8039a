/* Any bytes as a form: the first line is its content type, the rest the body.  What is found lies in the body, and is
 * what one finds again when it has been replaced. */
#include <stdint.h>
#include <stdlib.h>

#include "server/gateway/passage.h"
#include "server/http/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Put another name in its place: then that is what is found. */
static void
replace(struct str type, struct str body, const struct passage *p)
{
    struct passage again;
    struct arena a;
    struct json_doc doc;
    struct buf out;
    struct str sent;
    struct fault f;
    const struct str none = { NULL, 0 };
    arena_init(&a, 1 << 20);
    json_doc_init(&doc);
    buf_init(&out, 8 << 20);
    if (passage_write(p, body, &doc, STR("another-name"), &a, &out, &sent))
        abort();
    if (passage_read(&again, none, type, sent, &doc, &a, &f)
        || !str_is(again.model, "another-name"))
        abort();
    arena_fini(&a);
    json_doc_fini(&doc);
    buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *copy = malloc(n ? n : 1);
    memcpy(copy, data, n);
    const char *end = n ? memchr(copy, '\n', n) : NULL;
    struct str type = { copy, end ? (size_t)(end - copy) : n };
    struct str body = str_skip(str_make(copy, n), type.n + 1);
    struct str boundary = form_boundary(type), value;
    if (boundary.n && form_field(body, boundary, STR("model"), &value) == FORM_FOUND) {
        struct passage p = { .model = value, .field = value, .boundary = boundary };
        if (value.p < body.p || value.p + value.n > body.p + body.n)
            abort();
        if (value.n) /* an empty one may have no place of its own */
            replace(type, body, &p);
    } else if (boundary.n && form_field(body, boundary, STR("model"), &value) == FORM_MISSING) {
        struct passage p = { .model = STR("usual"), .boundary = boundary, .implied = true };
        replace(type, body, &p);
    }
    free(copy);
    return 0;
}
