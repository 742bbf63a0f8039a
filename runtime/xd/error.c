/* Errors of peers, whatever they look like, and errors of our own.
 *
 * The rows of the dialect read what has its shape.  Gateways in front, other servers and web
 * pages do not, so what the rows leave open is looked for where it usually stands. */
#include "runtime/xd/error.h"

#include "runtime/base/utf8.h"
#include "runtime/xd/fault.h"
#include "runtime/xd/translate.h"

#define TEXT_MAX   4096u /* of a message */
#define BODY_MAX   (1u << 20)
#define PAGE_MAX   300u /* of a web page's text */
#define TEXT_DEPTH 6

static enum ir_fault
kind_of_status(int status)
{
    switch (status) {
    case 401:
        return IR_FAULT_AUTH;
    case 402:
        return IR_FAULT_BILLING;
    case 403:
        return IR_FAULT_FORBIDDEN;
    case 404:
        return IR_FAULT_MISSING;
    case 408:
    case 504:
        return IR_FAULT_TIMEOUT;
    case 413:
        return IR_FAULT_TOO_LARGE;
    case 429:
        return IR_FAULT_RATE;
    case 503:
    case 529:
        return IR_FAULT_OVERLOADED;
    }
    if (status >= 400 && status < 500)
        return IR_FAULT_INVALID;
    return status >= 500 && status < 600 ? IR_FAULT_INTERNAL : IR_FAULT_UNSET;
}

static int
status_of_kind(enum ir_fault kind)
{
    switch (kind) {
    case IR_FAULT_INVALID:
    case IR_FAULT_CONTEXT:
    case IR_FAULT_POLICY:
        return 400;
    case IR_FAULT_AUTH:
        return 401;
    case IR_FAULT_BILLING:
        return 402;
    case IR_FAULT_FORBIDDEN:
        return 403;
    case IR_FAULT_MISSING:
        return 404;
    case IR_FAULT_TOO_LARGE:
        return 413;
    case IR_FAULT_RATE:
        return 429;
    case IR_FAULT_OVERLOADED:
        return 503;
    case IR_FAULT_TIMEOUT:
        return 504;
    case IR_FAULT_PROTOCOL:
        return 502;
    case IR_FAULT_UNSET:
    case IR_FAULT_INTERNAL:
        break;
    }
    return 500;
}

static struct str
status_text(int status)
{
    switch (status) {
    case 400:
        return STR("Bad Request");
    case 401:
        return STR("Unauthorized");
    case 402:
        return STR("Payment Required");
    case 403:
        return STR("Forbidden");
    case 404:
        return STR("Not Found");
    case 408:
        return STR("Request Timeout");
    case 413:
        return STR("Content Too Large");
    case 422:
        return STR("Unprocessable Content");
    case 429:
        return STR("Too Many Requests");
    case 500:
        return STR("Internal Server Error");
    case 502:
        return STR("Bad Gateway");
    case 503:
        return STR("Service Unavailable");
    case 504:
        return STR("Gateway Timeout");
    case 529:
        return STR("Overloaded");
    }
    return STR("unknown error");
}

/* Kinds that say little: a word or a status that says more wins over them. */
static bool
is_vague(enum ir_fault kind)
{
    return kind == IR_FAULT_UNSET || kind == IR_FAULT_INVALID || kind == IR_FAULT_INTERNAL
           || kind == IR_FAULT_PROTOCOL;
}

static uint32_t
member(const struct xd *x, uint32_t at, const char *name)
{
    if (!at || json_kind(&x->doc, at) != JSON_OBJECT)
        return 0;
    uint32_t m = json_member(&x->doc, at, str_from(name));
    return m && json_kind(&x->doc, m) != JSON_NULL ? m : 0;
}

/* Strings and numbers as text, else absent. */
static struct str
scalar(struct xd *x, uint32_t at)
{
    if (at && json_kind(&x->doc, at) == JSON_STRING)
        return json_text(&x->doc, at, x->arena);
    bool number = at && json_kind(&x->doc, at) == JSON_NUMBER;
    return number ? json_raw(&x->doc, at) : (struct str){ NULL, 0 };
}

/* The text that a value has for people: itself, or that of the member or element that usually
 * has it. */
static struct str
text_in(struct xd *x, uint32_t at, int depth)
{
    static const char *const names[] = { "message",           "detail", "error", "msg",
                                         "error_description", "errors", "title" };
    struct str s = { NULL, 0 };
    if (!at || depth == 0)
        return s;
    switch (json_kind(&x->doc, at)) {
    case JSON_STRING:
        return json_text(&x->doc, at, x->arena);
    case JSON_ARRAY:
        return x->doc.nodes[at].next > at + 1 ? text_in(x, at + 1, depth - 1) : s;
    case JSON_OBJECT:
        for (size_t i = 0; i < sizeof names / sizeof *names && s.n == 0; i++)
            s = text_in(x, member(x, at, names[i]), depth - 1);
        return s;
    case JSON_NONE:
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
    case JSON_NUMBER:
        break;
    }
    return s;
}

/* The object that speaks of the error: the root, the first of a list, or what stands in "error". */
struct place {
    uint32_t root, inner;
};

static struct place
find_place(const struct xd *x)
{
    uint32_t root = JSON_ROOT;
    if (json_kind(&x->doc, root) == JSON_ARRAY)
        root = x->doc.nodes[root].next > root + 1 ? root + 1 : 0;
    uint32_t inner = member(x, root, "error");
    bool nested = inner && json_kind(&x->doc, inner) == JSON_OBJECT;
    return (struct place){ root, nested ? inner : root };
}

static enum ir_fault
kind_of_word(const struct xd *x, struct str word)
{
    const struct xd_table *t = x->dialect->faults;
    return word.n && t ? (enum ir_fault)xd_word_value(x, word, t) : IR_FAULT_UNSET;
}

static void
settle_kind(struct xd *x, const struct place *p, int status, struct ir_error *e)
{
    enum ir_fault found[7] = { e->kind };
    unsigned n = 1;
    if (p) {
        found[n++] = kind_of_word(x, scalar(x, member(x, p->inner, "type")));
        found[n++] = kind_of_word(x, scalar(x, member(x, p->inner, "code")));
        found[n++] = kind_of_word(x, scalar(x, member(x, p->inner, "status")));
    }
    found[n++] = kind_of_word(x, e->code);
    found[n++] = kind_of_word(x, x->word);
    found[n++] = kind_of_status(status);
    e->kind = IR_FAULT_UNSET;
    for (unsigned i = 0; i < n && is_vague(e->kind); i++)
        if (e->kind == IR_FAULT_UNSET || !is_vague(found[i]))
            e->kind = found[i];
    /* A prompt that is too long and a wrong key have no word of their own in most dialects, and yet
     * a router must know them: the one may fit another model, the other is not the client's fault. */
    if (is_vague(e->kind) && (status < 500 || status > 599)) {
        enum ir_fault kind = (enum ir_fault)xd_phrase_in(x, e->message, x->dialect->faults);
        if (kind != IR_FAULT_UNSET)
            e->kind = kind;
    }
    if (e->kind == IR_FAULT_AUTH && status == 400)
        e->status.set = false; /* a wrong key that came as a bad request */
    if (e->kind == IR_FAULT_UNSET)
        e->kind = IR_FAULT_INTERNAL;
}

/* The status as HTTP gave it, else as the body does. */
static int
settle_status(struct xd *x, const struct place *p, int status, struct ir_error *e)
{
    static const char *const names[] = { "status_code", "code", "status" };
    int64_t v = status;
    for (size_t i = 0; p && i < sizeof names / sizeof *names && v < 400; i++) {
        struct str text = scalar(x, member(x, p->inner, names[i]));
        struct ir_int n = { 0 };
        xd_seconds(text, &n);
        v = n.set && n.v >= 400 && n.v < 600 ? n.v : v;
    }
    if (v < 400 && e->status.set)
        v = e->status.v;
    e->status = (struct ir_int){ v, v >= 400 && v < 600 };
    return e->status.set ? (int)v : 0;
}

static struct str
tidy(struct xd *x, struct str s, size_t max)
{
    struct buf b;
    buf_init(&b, 3 * max);
    utf8_sanitize(&b, utf8_cut(s, max));
    struct str out = arena_str(x->arena, str_trim(utf8_cut(buf_str(&b), max)));
    buf_fini(&b);
    return out.p ? out : STR("");
}

void
xd_error_settle(struct xd *x, enum xd_body body, int status, struct ir_error *e)
{
    struct place found = { 0, 0 };
    const struct place *p = NULL;
    if (body == XD_BODY_JSON) {
        found = find_place(x);
        p = &found;
        if (e->message.n == 0)
            e->message = text_in(x, found.root, TEXT_DEPTH);
        struct str raw = json_raw(&x->doc, JSON_ROOT);
        if (e->message.n == 0 && raw.n > 2)
            e->message = raw;
        if (e->code.n == 0)
            e->code = scalar(x, member(x, found.inner, "code"));
        if (e->request.n == 0)
            e->request = scalar(x, member(x, found.root, "request_id"));
    }
    e->set = true;
    status = settle_status(x, p, status, e);
    settle_kind(x, p, status, e);
    e->message = e->message.n ? tidy(x, e->message, TEXT_MAX) : status_text(status);
}

/* The text of a web page: its title, or all of it without the tags. */
static struct str
text_of_page(struct xd *x, struct str page)
{
    char text[PAGE_MAX];
    size_t n = 0;
    bool tag = false;
    for (struct str s = page; s.n && n < sizeof text; s = str_skip(s, 1)) {
        if (s.n >= 8 && str_eq_nocase(str_make(s.p, 8), STR("</title>")))
            break;
        if (s.n >= 7 && str_eq_nocase(str_make(s.p, 7), STR("<title>")))
            n = 0;
        tag = tag || *s.p == '<';
        char c = tag || (unsigned char)*s.p <= ' ' ? ' ' : *s.p;
        if (c != ' ' || (n && text[n - 1] != ' '))
            text[n++] = c;
        tag = tag && *s.p != '>';
    }
    return tidy(x, str_make(text, n), PAGE_MAX);
}

static void
read_json(struct xd *x, int status, struct ir_error *e)
{
    uint32_t root = find_place(x).root;
    if (root && json_kind(&x->doc, root) == JSON_OBJECT && x->dialect->read_error)
        x->dialect->read_error(x, root, e);
    xd_error_settle(x, XD_BODY_JSON, status, e);
}

void
xd_error_read(struct xd *x, struct str body, int status, struct ir_error *e)
{
    /* Reading an error never fails and loses nothing worth a name. */
    struct xd_losses lost = x->lost;
    enum err err = x->err;
    enum xd_mode mode = x->mode;
    struct fault fault = x->fault;
    x->err = ERR_OK;
    x->mode = XD_LENIENT;
    *e = (struct ir_error){ .set = true };
    struct str text = tidy(x, body, BODY_MAX);
    if (json_doc_parse(&x->doc, text, NULL) == ERR_OK) {
        read_json(x, status, e);
    } else {
        if (text.n)
            e->message = *text.p == '<' ? text_of_page(x, text) : text;
        xd_error_settle(x, XD_BODY_OTHER, status, e);
    }
    x->err = err;
    x->mode = mode;
    x->fault = fault;
    x->lost = lost;
}

/* Some say "space#Word:http://where": what counts is the word. */
void
xd_error_named(struct xd *x, struct str header)
{
    const char *hash = header.n ? memchr(header.p, '#', header.n) : NULL;
    if (hash)
        header = str_skip(header, (size_t)(hash + 1 - header.p));
    const char *colon = header.n ? memchr(header.p, ':', header.n) : NULL;
    x->word = str_trim(colon ? str_make(header.p, (size_t)(colon - header.p)) : header);
}

/* The value at a dotted path below the root; 0: none. */
static uint32_t
at_path(const struct xd *x, struct str path)
{
    uint32_t at = JSON_ROOT;
    while (path.n && at && json_kind(&x->doc, at) == JSON_OBJECT) {
        const char *dot = memchr(path.p, '.', path.n);
        size_t n = dot ? (size_t)(dot - path.p) : path.n;
        at = json_member(&x->doc, at, str_make(path.p, n));
        path = str_skip(path, n + (dot != NULL));
    }
    return path.n ? 0 : at;
}

bool
xd_error_is_in(const struct xd *x)
{
    if (!x->op->error_member.p || json_kind(&x->doc, JSON_ROOT) != JSON_OBJECT)
        return false;
    uint32_t at = at_path(x, x->op->error_member);
    if (!at || json_kind(&x->doc, at) == JSON_NULL || json_kind(&x->doc, at) == JSON_FALSE)
        return false;
    return xd_some(x, at);
}

bool
xd_error_has_text(struct xd *x)
{
    return text_in(x, find_place(x).root, TEXT_DEPTH).n > 0;
}

void
xd_error_write(struct xd *x, const struct ir_error *e)
{
    struct ir_error whole = *e;
    if (whole.kind == IR_FAULT_UNSET)
        whole.kind = IR_FAULT_INTERNAL;
    whole.status = (struct ir_int){ xd_error_status(x->dialect, &whole), true };
    jw_init(&x->w, x->out);
    x->dialect->write_error(x, &whole);
}

struct str
xd_error_word(const struct xd_dialect *d, const struct ir_error *e)
{
    enum ir_fault kind = e->kind == IR_FAULT_UNSET ? IR_FAULT_INTERNAL : e->kind;
    return d->faults ? xd_word_said(d, d->faults, (int)kind) : (struct str){ NULL, 0 };
}

int
xd_error_status(const struct xd_dialect *d, const struct ir_error *e)
{
    if (e->status.set && e->status.v >= 400 && e->status.v < 600)
        return (int)e->status.v;
    const struct xd_word *w = xd_word_row(d->faults, (int)e->kind);
    return w && w->status ? w->status : status_of_kind(e->kind);
}

void
xd_error_of_fault(const struct fault *f, enum ir_fault kind, struct arena *a, struct ir_error *e)
{
    bool place = f->path[0] != '\0';
    *e = (struct ir_error){ .set = true, .kind = kind };
    e->message = arena_printf(a, "%s%s%s", f->path, place ? ": " : "", f->text);
    if (place)
        e->param = arena_str(a, str_from(f->path));
    e->code = str_from(f->code);
}
