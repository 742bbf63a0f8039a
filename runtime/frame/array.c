/* Elements to frames. */
#include "runtime/frame/array.h"

#include <string.h>

void
array_init(struct array *a, size_t limit, frame_fn *frame, void *ctx)
{
    *a = (struct array){ .frame = frame, .ctx = ctx, .limit = limit };
    buf_init(&a->element, limit);
}

void
array_fini(struct array *a)
{
    buf_fini(&a->element);
}

static enum err
fail(struct array *a, enum err err, size_t at)
{
    a->offset = at;
    return a->err = err;
}

/* Behind the element's last brace, or end. */
static const char *
scan(struct array *a, const char *p, const char *end)
{
    for (; p < end; p++) {
        if (a->escaped) {
            a->escaped = false;
        } else if (a->text) {
            a->text = *p != '"';
            a->escaped = *p == '\\';
        } else if (*p == '"') {
            a->text = true;
        } else if (*p == '{' || *p == '[') {
            a->depth++;
        } else if ((*p == '}' || *p == ']') && --a->depth == 0) {
            return p + 1;
        }
    }
    return end;
}

static enum err
deliver(struct array *a, enum frame_kind kind, struct str data, size_t start)
{
    struct frame f = { .kind = kind, .data = data, .start = start, .end = a->offset };
    return a->err = a->frame(a->ctx, &f);
}

/* Take what of the element stands at p; *behind is what comes after that. */
static enum err
feed_element(struct array *a, const char *p, const char *end, const char **behind)
{
    const char *stop = scan(a, p, end);
    size_t n = (size_t)(stop - p), start = a->offset - a->element.n;
    *behind = stop;
    if (n > a->limit || a->element.n > a->limit - n)
        return fail(a, ERR_LIMIT, start);
    a->offset += n;
    struct str whole = str_make(p, n);
    if (a->depth > 0 || a->element.n > 0) {
        buf_put(&a->element, p, n);
        whole = buf_str(&a->element);
    }
    if (a->element.err)
        return fail(a, a->element.err, start);
    if (a->depth > 0)
        return ERR_OK;
    a->state = ARRAY_BETWEEN;
    enum err err = deliver(a, FRAME_DATA, whole, start);
    buf_clear(&a->element);
    return err;
}

/* A byte outside of all elements.  *took: it was one of the array's own. */
static enum err
feed_byte(struct array *a, char c, bool *took)
{
    bool before = a->state == ARRAY_BEFORE;
    *took = true;
    if (memchr(" \t\r\n", c, 4) || (before && memchr("\xef\xbb\xbf", c, 3))
        || (!before && c == ',')) {
        a->offset++;
    } else if (before && c == '[') {
        a->offset++;
        a->state = ARRAY_BETWEEN;
    } else if (!before && c == ']') {
        a->offset++;
        a->state = ARRAY_BEHIND;
        return deliver(a, FRAME_LAST, (struct str){ NULL, 0 }, a->offset - 1);
    } else if (!before && c == '{') {
        a->state = ARRAY_INSIDE;
        *took = false;
    } else {
        return fail(a, ERR_SYNTAX, a->offset);
    }
    return ERR_OK;
}

enum err
array_feed(struct array *a, const char *p, size_t n)
{
    const char *end = p + n;
    while (p < end && !a->err) {
        bool took;
        switch (a->state) {
        case ARRAY_BEFORE:
        case ARRAY_BETWEEN:
            (void)!feed_byte(a, *p, &took);
            p += took;
            break;
        case ARRAY_INSIDE:
            (void)!feed_element(a, p, end, &p);
            break;
        case ARRAY_BEHIND:
            a->offset += (size_t)(end - p);
            p = end;
            break;
        }
    }
    return a->err;
}

enum err
array_end(struct array *a)
{
    if (a->err || a->state != ARRAY_INSIDE)
        return a->err;
    enum err err = deliver(a, FRAME_DATA, buf_str(&a->element), a->offset - a->element.n);
    buf_clear(&a->element);
    return err;
}
