/* One request and its reply over HTTP/1.1, without curl: what most calls are.
 *
 *   wire_begin ─► idle link, or dial ─► send ─► head ─► body ─► over: the link waits for the next
 *                      ▲                  │
 *                      └──────────────────┘ an idle link had died: once more on a fresh one
 *
 * The owner's handlers are called from wire_run only, which marks the call as entered meanwhile: a
 * call that is cancelled there leaves with the next kick. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/upstream/client.h"

#define READS_MAX 8 /* pieces of input in one turn: others wait too */

/* --- sending ------------------------------------------------------------------------------- */

static struct str
rest_of(struct str s, size_t sent)
{
    return sent < s.n ? str_skip(s, sent) : (struct str){ NULL, 0 };
}

bool
wire_is_sent(const struct upstream_call *c)
{
    return c->wire.sent == c->wire.head_size + c->body.n;
}

void
wire_release_body(struct upstream_call *c)
{
    c->wire.sent = c->wire.head_size;
}

/* Head and body in one piece where that is possible.  A peer that breaks the connection while we
 * send may have said why before: its reply is read all the same. */
static void
send_request(struct upstream_call *c)
{
    struct wire *w = &c->wire;
    enum link_result r = LINK_OK;
    while (r == LINK_OK && !wire_is_sent(c) && !w->deaf) {
        struct str head = rest_of(buf_str(&w->head), w->sent);
        struct str body = rest_of(c->body, w->sent > w->head_size ? w->sent - w->head_size : 0);
        struct str first = head.n ? head : body, second = head.n ? body : head;
        struct iovec v[2] = { { (char *)first.p, first.n }, { (char *)second.p, second.n } };
        size_t moved;
        r = link_write(w->link, v, &moved);
        w->sent += moved;
    }
    if (r == LINK_ERROR)
        w->deaf = true;
    if (wire_is_sent(c) || w->deaf)
        link_quiet(w->link);
}

/* --- the end ------------------------------------------------------------------------------- */

/* The call is over.  What curl would say in its error buffer is said here. */
static void
end(struct upstream_call *c, enum upstream_result result, const char *text)
{
    if (c->verdict != UPSTREAM_OK)
        result = c->verdict;
    if (text && c->verdict == UPSTREAM_OK)
        snprintf(upstream_words(c)->message, sizeof c->words->message, "%s: %s", c->url->host,
                 text);
    else if (result != UPSTREAM_OK)
        upstream_result_message(c, result);
    c->wire.over = true;
    c->wire.result = result;
}

static void
again(struct upstream_call *c)
{
    struct wire *w = &c->wire;
    link_close(w->link);
    w->link = NULL;
    w->sent = 0;
    w->deaf = false;
    w->fresh = true;
    reply_head_clear(&c->head);
    c->connects_from = lazy_timer_now(); /* the time for the first one may be over */
    wire_begin(c);
    upstream_rearm(c);
}

/* The connection ended or broke before the reply did. */
static void
broken(struct upstream_call *c, const char *why)
{
    bool silent = !c->head.complete && c->head.text.n == 0;
    if (silent && c->wire.link->used && !c->wire.heard)
        again(c);
    else if (c->wire.phase == WIRE_CLOSE && !why)
        end(c, UPSTREAM_OK, NULL);
    else if (silent)
        end(c, UPSTREAM_RESET, why ? why : "connection closed without a reply");
    else
        end(c, UPSTREAM_TRUNCATED,
            why                ? why
            : c->head.complete ? "connection closed inside the reply"
                               : "connection closed inside the head");
}

/* --- receiving ----------------------------------------------------------------------------- */

static bool
has_token(struct str list, struct str token)
{
    while (list.n) {
        const char *comma = memchr(list.p, ',', list.n);
        size_t n = comma ? (size_t)(comma - list.p) : list.n;
        if (str_eq_nocase(str_trim(str_make(list.p, n)), token))
            return true;
        list = str_skip(list, comma ? n + 1 : n);
    }
    return false;
}

static bool
read_length(struct str s, uint64_t *n)
{
    *n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || *n > UINT64_MAX / 16)
            return false;
        *n = *n * 10 + (unsigned)(s.p[i] - '0');
    }
    return s.n > 0;
}

/* How the body is framed (RFC 9112 6.3).  False for what cannot be trusted. */
static bool
choose_framing(struct upstream_call *c)
{
    struct wire *w = &c->wire;
    const struct upstream_head *h = &c->head.view;
    bool counted = false, chunked = false;
    uint64_t length = 0, n;
    for (unsigned i = 0; i < h->n; i++) {
        struct str name = h->headers[i].name, value = h->headers[i].value;
        if (str_eq_nocase(name, STR("Content-Length"))) {
            if (!read_length(value, &n) || (counted && n != length))
                return false;
            counted = true;
            length = n;
        } else if (str_eq_nocase(name, STR("Transfer-Encoding"))) {
            if (chunked || !str_eq_nocase(value, STR("chunked")))
                return false;
            chunked = true;
        } else if (str_eq_nocase(name, STR("Connection")) && has_token(value, STR("close"))) {
            w->keep = false;
        }
    }
    w->chunked = (struct http_chunked){ 0 };
    w->left = length;
    w->phase = chunked ? WIRE_CHUNKED : counted ? WIRE_COUNTED : WIRE_CLOSE;
    if (c->no_body || h->status == 204 || h->status == 304) {
        w->phase = WIRE_COUNTED;
        w->left = 0;
    }
    if ((chunked && counted) || w->phase == WIRE_CLOSE)
        w->keep = false;
    return true;
}

/* Head lines from the front of in; then tell the owner. */
static void
take_head(struct upstream_call *c, struct str *in)
{
    int status = reply_head_feed(&c->head, in);
    if (status < 0 && c->head.text.err == ERR_LIMIT)
        c->verdict = UPSTREAM_TOO_LARGE;
    if (status < 0) {
        end(c, UPSTREAM_PROTOCOL, "what came is no HTTP/1.1 reply");
        return;
    }
    if (status == 0)
        return;
    c->wire.heard = true;
    c->wire.keep = c->head.text.p[7] == '1'; /* HTTP/1.1 */
    if (!upstream_end_head(c, status)) {
        if (c->head.text.err)
            end(c, UPSTREAM_MEMORY, NULL);
        return;
    }
    bool told = status >= 200 && choose_framing(c);
    upstream_tell_head(c, told);
    if (!told)
        end(c, UPSTREAM_PROTOCOL, "the length of the reply's body cannot be told");
}

/* The data of the chunks, moved together behind that of the first. */
static struct str
unchunk(struct upstream_call *c, struct str *in, enum http_chunked_result *r)
{
    struct str all = { in->p, 0 }, data;
    while ((*r = http_chunked_next(&c->wire.chunked, in, &data)) == HTTP_CHUNKED_DATA) {
        if (all.n == 0)
            all.p = data.p;
        else
            memmove((char *)all.p + all.n, data.p, data.n);
        all.n += data.n;
    }
    return all;
}

static void
take_body(struct upstream_call *c, struct str *in)
{
    struct wire *w = &c->wire;
    enum http_chunked_result r = HTTP_CHUNKED_MORE;
    struct str data = *in;
    bool done = false;
    if (w->phase == WIRE_CHUNKED) {
        data = unchunk(c, in, &r);
        done = r == HTTP_CHUNKED_DONE;
    } else if (w->phase == WIRE_COUNTED) {
        data.n = data.n < w->left ? data.n : (size_t)w->left;
        *in = str_skip(*in, data.n);
        w->left -= data.n;
        done = w->left == 0;
    } else {
        *in = (struct str){ NULL, 0 };
    }
    if (data.n && !upstream_deliver(c, data.p, data.n, w->read_at)) {
        if (c->state == CALL_RUNNING)
            end(c, c->verdict, NULL);
        return;
    }
    if (r == HTTP_CHUNKED_BAD)
        end(c, UPSTREAM_PROTOCOL, "a chunk of the reply is malformed");
    else if (done)
        end(c, UPSTREAM_OK, NULL);
}

static bool
goes_on(const struct upstream_call *c)
{
    return c->state == CALL_RUNNING && !c->wire.over;
}

static void
take(struct upstream_call *c, struct str in)
{
    while (in.n && goes_on(c) && !c->head.complete)
        take_head(c, &in);
    bool empty = c->head.complete && c->wire.phase == WIRE_COUNTED && c->wire.left == 0;
    if (goes_on(c) && (in.n || empty) && c->head.complete)
        take_body(c, &in);
    if (c->wire.over && in.n)
        c->wire.keep = false; /* more than was announced */
}

static void
receive(struct upstream_call *c)
{
    struct link *l = c->wire.link;
    enum link_result r = LINK_OK;
    for (unsigned i = 0; i < READS_MAX && r == LINK_OK && goes_on(c); i++) {
        size_t n;
        if (c->paused) {
            c->stuck = true;
            (void)link_listen(l, false);
            return;
        }
        r = link_read(l, c->u->input, UPSTREAM_INPUT, &n);
        c->wire.read_at = lazy_timer_now();
        if (n)
            take(c, str_make(c->u->input, n));
        if (n < UPSTREAM_INPUT && !l->tls)
            break;
    }
    if (!goes_on(c))
        return;
    if (r == LINK_OK && l->tls && tls_conn_pending(l->tls))
        link_tell(l);
    if (r == LINK_EOF)
        broken(c, NULL);
    else if (r == LINK_ERROR)
        broken(c, l->tls ? tls_conn_why(l->tls) : strerror(errno));
}

/* --- running ------------------------------------------------------------------------------- */

static void
shake_hands(struct upstream_call *c)
{
    struct link *l = c->wire.link;
    enum link_result r = link_shake_hands(l);
    if (r == LINK_OK) {
        c->connecting = false;
        c->connected = lazy_timer_now();
    } else if (r != LINK_AGAIN) {
        const char *why = tls_conn_why(l->tls);
        end(c, UPSTREAM_TLS, why[0] ? why : "connection closed in the handshake");
    }
}

/* That of the reply was told, and a request that has got a reply is not sent again. */
static void
forget_heads(struct upstream_call *c)
{
    buf_fini(&c->head.text);
    if (wire_is_sent(c))
        buf_fini(&c->wire.head);
}

/* Send and receive what there is. */
static void
move(struct upstream_call *c)
{
    c->entered = true;
    c->wire.read_at = 0;
    if (c->connecting)
        shake_hands(c);
    if (goes_on(c) && c->wire.link && c->wire.link->ready) {
        bool was_sent = wire_is_sent(c);
        if (!was_sent)
            send_request(c);
        /* Hardly ever is there an answer at once; the loop will tell. */
        if (was_sent || !wire_is_sent(c))
            receive(c);
    }
    c->entered = false;
}

/* The end, if that has brought it. */
static void
settle(struct upstream_call *c)
{
    if (c->state != CALL_RUNNING)
        return;
    if (c->wire.over) {
        uint64_t read_at = c->wire.read_at;
        upstream_finish(c, c->wire.result, read_at ? read_at : lazy_timer_now());
        return;
    }
    if (c->head.complete && c->head.text.p)
        forget_heads(c); /* such a reply takes its time */
}

void
wire_run(struct upstream_call *c)
{
    move(c);
    settle(c);
}

/* All are read before any is settled: each half of the code stays in the cache. */
void
wire_serve(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct upstream *u = arg;
    struct link *group[LINKS_GROUP];
    unsigned n = links_with_news(&u->links, group);
    for (unsigned i = 0; i < n; i++) {
        struct link *l = group[i];
        struct upstream_call *c = l ? l->call : NULL;
        if (c)
            move(c);
        else if (l)
            link_close(l); /* idle: the peer has closed it, or speaks out of turn */
        /* Its link was closed, so that nobody would find it: another is dialled, or cannot be. */
        if (c && !group[i])
            settle(c);
    }
    for (unsigned i = 0; i < n; i++)
        if (group[i] && group[i]->call)
            settle(group[i]->call);
    links_served(&u->links, group, n);
}

static void
use(struct upstream_call *c, struct link *l)
{
    c->wire.link = l;
    l->call = c;
    c->connecting = !l->ready;
    wire_run(c);
}

void
wire_begin(struct upstream_call *c)
{
    struct wire *w = &c->wire;
    struct link *l = w->fresh ? NULL : link_take(w->site);
    if (l) {
        use(c, l);
        return;
    }
    c->connecting = true;
    c->connects++;
    w->dial = dial_start(c->u, w->site, c, c->deadlines.connect_ms);
    if (!w->dial)
        end(c, UPSTREAM_MEMORY, NULL);
    if (w->over && !c->entered)
        upstream_finish(c, w->result, lazy_timer_now());
}

void
wire_dialled(struct upstream *u, struct site *site, struct upstream_call *c, int fd, CURLcode code)
{
    struct link *l = fd >= 0 ? link_open(site, fd, &u->links) : NULL;
    if (!c) {
        if (l)
            link_keep(l, u, lazy_timer_now());
        return;
    }
    c->wire.dial = NULL;
    if (l)
        c->dialled = lazy_timer_now();
    if (l && !site->tls)
        c->connected = c->dialled;
    if (l)
        use(c, l);
    else if (code != CURLE_OK)
        upstream_over(c, code);
    else
        upstream_over(c, fd >= 0 && site->tls && !trust_client(site->trust)
                             ? CURLE_SSL_CACERT_BADFILE
                             : CURLE_OUT_OF_MEMORY);
}

void
wire_let_go(struct upstream_call *c)
{
    struct wire *w = &c->wire;
    if (w->dial)
        dial_abandon(w->dial);
    w->dial = NULL;
    struct link *l = w->link;
    w->link = NULL;
    if (!l)
        return;
    bool whole = w->over && w->result == UPSTREAM_OK && w->keep && wire_is_sent(c);
    l->call = NULL;
    l->used = true;
    if (whole) /* one that was called off with its whole reply there has not ended */
        link_keep(l, c->u, c->ended ? c->ended : lazy_timer_now());
    else
        link_close(l);
}

void
wire_resume(struct upstream_call *c)
{
    if (!c->wire.link)
        return;
    if (!link_listen(c->wire.link, true)) {
        end(c, UPSTREAM_MEMORY, NULL);
        upstream_finish(c, c->wire.result, lazy_timer_now());
        return;
    }
    wire_run(c);
}
