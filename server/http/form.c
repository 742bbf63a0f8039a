/* Finding a field of a form. */
#include "server/http/form.h"

#include <string.h>

#define BOUNDARY_MAX 70 /* RFC 2046 5.1.1 */

/* The part of s behind the first `what`; absent when there is none.  *before: the part in front of it. */
static struct str
behind(struct str s, struct str what, struct str *before)
{
    const char *at = s.n ? memmem(s.p, s.n, what.p, what.n) : NULL;
    if (!at)
        return (struct str){ NULL, 0 };
    *before = str_make(s.p, (size_t)(at - s.p));
    return str_skip(s, before->n + what.n);
}

/* The value of `; name=value` or `; name="value"` in a header's value. */
static struct str
parameter(struct str s, struct str name)
{
    struct str head;
    s = behind(s, STR(";"), &head);
    while (s.p) {
        struct str rest = behind(s, STR("="), &head), value;
        if (!rest.p)
            break;
        bool quoted = rest.n && rest.p[0] == '"';
        struct str more = behind(quoted ? str_skip(rest, 1) : rest, quoted ? STR("\"") : STR(";"),
                                 &value);
        if (!more.p && quoted)
            break; /* the quote does not end */
        if (!more.p)
            value = rest;
        if (str_eq_nocase(str_trim(head), name))
            return quoted ? value : str_trim(value);
        s = quoted ? behind(more, STR(";"), &head) : more;
    }
    return (struct str){ NULL, 0 };
}

struct str
form_boundary(struct str content_type)
{
    static const struct str form = STR_INIT("multipart/form-data");
    struct str none = { NULL, 0 }, type = str_trim(content_type);
    if (type.n <= form.n || !str_eq_nocase(str_make(type.p, form.n), form))
        return none;
    struct str boundary = parameter(type, STR("boundary"));
    return boundary.n && boundary.n <= BOUNDARY_MAX ? boundary : none;
}

/* What a part is, by its headers. */
static void
read_headers(struct str headers, struct form_part *part)
{
    static const struct str disposition = STR_INIT("content-disposition:");
    *part = (struct form_part){ .is_file = false };
    while (headers.n) {
        struct str line, rest = behind(headers, STR("\r\n"), &line);
        if (!rest.p)
            line = headers;
        headers = rest;
        if (line.n < disposition.n || !str_eq_nocase(str_make(line.p, disposition.n), disposition))
            continue;
        line = str_skip(line, disposition.n);
        part->name = parameter(line, STR("name"));
        part->is_file = parameter(line, STR("filename")).p != NULL;
        return;
    }
}

/* Go behind the next "--boundary" that stands at the beginning of a line; absent when there is none.  *before: what
 * stands in front of its line end. */
static struct str
next_part(struct str s, struct str boundary, bool first, struct str *before)
{
    struct str rest = s;
    for (;;) {
        const char *at = rest.n ? memmem(rest.p, rest.n, boundary.p, boundary.n) : NULL;
        if (!at)
            return (struct str){ NULL, 0 };
        size_t n = (size_t)(at - s.p);
        rest = str_skip(s, n + boundary.n);
        bool begins = first && n == 2;
        if (n < 2 || memcmp(at - 2, "--", 2) != 0)
            continue;
        if (begins || (n >= 4 && memcmp(at - 4, "\r\n", 2) == 0)) {
            *before = str_make(s.p, begins ? 0 : n - 4);
            return rest;
        }
    }
}

void
form_begin(struct form_walk *w, struct str body, struct str boundary)
{
    struct str skipped;
    *w = (struct form_walk){ next_part(body, boundary, true, &skipped), boundary };
}

enum form_result
form_next(struct form_walk *w, struct form_part *part)
{
    struct str line, headers, content;
    if (!w->rest.p)
        return FORM_BROKEN;
    if (str_starts(w->rest, STR("--")))
        return FORM_MISSING;
    struct str s = behind(w->rest, STR("\r\n"),
                          &line); /* white space may stand behind the boundary */
    w->rest = (struct str){ NULL, 0 };
    if (!s.p || str_trim(line).n)
        return FORM_BROKEN;
    bool bare = str_starts(s, STR("\r\n"));
    struct str inside = bare ? str_skip(s, 2) : behind(s, STR("\r\n\r\n"), &headers);
    if (!inside.p)
        return FORM_BROKEN;
    /* An empty value's line end is the last of its headers'. */
    inside = (struct str){ inside.p - 2, inside.n + 2 };
    w->rest = next_part(inside, w->boundary, false, &content);
    if (!w->rest.p)
        return FORM_BROKEN;
    read_headers(bare ? STR("") : headers, part);
    part->value = content.n >= 2 ? str_skip(content, 2) : (struct str){ inside.p + 2, 0 };
    return FORM_FOUND;
}

enum form_result
form_field(struct str body, struct str boundary, struct str name, struct str *value)
{
    struct form_walk w;
    struct form_part part;
    enum form_result result;
    form_begin(&w, body, boundary);
    while ((result = form_next(&w, &part)) == FORM_FOUND)
        if (str_eq(part.name, name) && !part.is_file) {
            *value = part.value;
            return FORM_FOUND;
        }
    return result;
}
