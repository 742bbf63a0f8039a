/* The head of a reply; see reply_head.h. */
#include "server/upstream/reply_head.h"

#include <stdlib.h>

#define HEAD_KEEP 4096 /* bytes of text, kept for the next reply */

void
reply_head_init(struct reply_head *h)
{
    *h = (struct reply_head){ 0 };
    buf_init(&h->text, UPSTREAM_HEAD_MAX);
}

void
reply_head_fini(struct reply_head *h)
{
    buf_fini(&h->text);
}

void
reply_head_part(struct reply_head *h)
{
    h->v = NULL;
    h->room = 0;
    h->view.headers = NULL;
    h->view.n = 0;
}

void
reply_head_clear(struct reply_head *h)
{
    if (h->text.room > HEAD_KEEP)
        buf_shrink(&h->text, HEAD_KEEP);
    else
        buf_clear(&h->text);
    h->complete = false;
    h->view = (struct upstream_head){ 0 };
}

enum err
reply_head_line(struct reply_head *h, struct str line)
{
    if (h->complete)
        return ERR_OK;
    buf_puts(&h->text, line);
    return h->text.err;
}

/* "HTTP/1.1 200 OK", as far as it has come: its status; 0 when it is not complete, -1 when it is
 * something else. */
static int
status_of(struct str text)
{
    static const char form[] = "HTTP/1.d sdd";
    for (size_t i = 0; i < sizeof form - 1; i++) {
        if (i == text.n)
            return 0;
        char c = text.p[i];
        bool fits = form[i] == 'd'   ? c >= '0' && c <= '9'
                    : form[i] == 's' ? c >= '1' && c <= '5'
                                     : c == form[i];
        if (!fits)
            return -1;
    }
    if (text.n == sizeof form - 1)
        return 0;
    char c = text.p[sizeof form - 1];
    if (c != ' ' && c != '\r' && c != '\n')
        return -1;
    return (text.p[9] - '0') * 100 + (text.p[10] - '0') * 10 + (text.p[11] - '0');
}

/* Does the text end in an empty line? */
static bool
ends_head(struct str text)
{
    if (text.n < 2 || text.p[text.n - 1] != '\n')
        return false;
    size_t n = text.n - 1;
    if (text.p[n - 1] == '\r')
        n--;
    return n > 0 && text.p[n - 1] == '\n';
}

/* The length of what is at the front of s up to a line end behind which the head may end: one of a line that has, here,
 * nothing but that. */
static size_t
to_short_line(struct str s)
{
    size_t at = 0, n = 0;
    while (n < s.n && (n == 0 || n - at > 2)) {
        const char *nl = memchr(s.p + n, '\n', s.n - n);
        at = n;
        n = nl ? (size_t)(nl - s.p) + 1 : s.n;
    }
    return n;
}

int
reply_head_feed(struct reply_head *h, struct str *in)
{
    bool ended = false;
    while (in->n && !ended) {
        size_t n = to_short_line(*in);
        if (memchr(in->p, '\0', n) || reply_head_line(h, str_make(in->p, n)))
            return -1;
        *in = str_skip(*in, n);
        ended = ends_head(buf_str(&h->text));
    }
    int status = status_of(buf_str(&h->text));
    return ended || status < 0 ? status : 0;
}

static struct upstream_header *
head_push(struct reply_head *h)
{
    if (h->view.n == h->room) {
        unsigned room = h->room ? 2 * h->room : 32;
        struct upstream_header *v = realloc(h->v, room * sizeof *v);
        if (!v)
            return NULL;
        h->v = v;
        h->room = room;
    }
    return &h->v[h->view.n++];
}

/* A line that begins with a blank continues the one before (RFC 9112 5.2, obsolete): the value
 * reaches over the line end, of which blanks are made. */
static void
head_unfold(struct reply_head *h, struct str line)
{
    struct str *value = &h->v[h->view.n - 1].value;
    for (char *p = h->text.p + (value->p + value->n - h->text.p); p < line.p; p++)
        *p = ' ';
    *value = str_trim(str_make(value->p, (size_t)(line.p + line.n - value->p)));
}

static bool
head_parse_line(struct reply_head *h, struct str line)
{
    const char *colon = memchr(line.p, ':', line.n);
    if (!colon)
        return true; /* the empty line at the end, or no header at all */
    struct upstream_header *e = head_push(h);
    if (!e)
        return false;
    size_t n = (size_t)(colon - line.p);
    *e = (struct upstream_header){ str_trim(str_make(line.p, n)), str_trim(str_skip(line, n + 1)) };
    return true;
}

bool
reply_head_end(struct reply_head *h, int status)
{
    if (h->complete)
        return false;
    if (status >= 100 && status < 200) {
        reply_head_clear(h);
        return false;
    }
    struct str rest = buf_str(&h->text);
    for (bool first = true; rest.n; first = false) {
        const char *nl = memchr(rest.p, '\n', rest.n);
        size_t n = nl ? (size_t)(nl - rest.p) + 1 : rest.n;
        struct str line = str_make(rest.p, n);
        if (first) {
            ; /* the status line */
        } else if (h->view.n && (rest.p[0] == ' ' || rest.p[0] == '\t')) {
            head_unfold(h, line);
        } else if (!head_parse_line(h, line)) {
            h->text.err = ERR_MEMORY;
            return false;
        }
        rest = str_skip(rest, n);
    }
    h->complete = true;
    h->view.status = status;
    h->view.headers = h->v;
    return true;
}

struct str
upstream_head_get(const struct upstream_head *head, struct str name)
{
    for (unsigned i = 0; i < head->n; i++)
        if (str_eq_nocase(head->headers[i].name, name))
            return head->headers[i].value;
    return (struct str){ 0 };
}
