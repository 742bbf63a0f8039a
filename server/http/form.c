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

/* Is this part, by its headers, a field of this name and no file? */
static bool
is_field(struct str headers, struct str name)
{
    static const struct str disposition = STR_INIT("content-disposition:");
    while (headers.n) {
        struct str line, rest = behind(headers, STR("\r\n"), &line);
        if (!rest.p)
            line = headers;
        headers = rest;
        if (line.n < disposition.n || !str_eq_nocase(str_make(line.p, disposition.n), disposition))
            continue;
        line = str_skip(line, disposition.n);
        return str_eq(parameter(line, STR("name")), name) && !parameter(line, STR("filename")).p;
    }
    return false;
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

enum form_result
form_field(struct str body, struct str boundary, struct str name, struct str *value)
{
    struct str skipped, line, headers, content;
    struct str s = next_part(body, boundary, true, &skipped);
    while (s.p && !str_starts(s, STR("--"))) {
        s = behind(s, STR("\r\n"), &line); /* white space may stand behind the boundary */
        if (!s.p || str_trim(line).n)
            return FORM_BROKEN;
        bool bare = str_starts(s, STR("\r\n"));
        struct str inside = bare ? str_skip(s, 2) : behind(s, STR("\r\n\r\n"), &headers);
        if (bare)
            headers = STR("");
        if (!inside.p)
            return FORM_BROKEN;
        /* An empty value's line end is the last of its headers'. */
        inside = (struct str){ inside.p - 2, inside.n + 2 };
        s = next_part(inside, boundary, false, &content);
        if (!s.p)
            return FORM_BROKEN;
        if (is_field(headers, name)) {
            *value = content.n >= 2 ? str_skip(content, 2) : (struct str){ inside.p + 2, 0 };
            return FORM_FOUND;
        }
    }
    return s.p ? FORM_MISSING : FORM_BROKEN;
}
