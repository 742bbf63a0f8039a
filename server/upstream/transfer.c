/* A call that is all curl's: what curl is told before it, and what curl tells us during it. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "server/upstream/client.h"

/* Below this curl sends body and head in one piece (MAX_INITIAL_POST_SIZE in its http.c). */
#define BODY_SMALL   65536
#define UPLOAD_SMALL 65536L
#define UPLOAD_LARGE (256 * 1024L) /* saves a sixth of the CPU on large bodies */
#define FOREVER_MS   (24 * 3600 * 1000L)

static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
    struct upstream_call *c = arg;
    n *= size;
    if (c->state != CALL_RUNNING)
        return 0;
    if (reply_head_line(&c->head, str_make(p, n))) {
        c->verdict = UPSTREAM_TOO_LARGE;
        return 0;
    }
    if (c->head.complete || (p[0] != '\r' && p[0] != '\n'))
        return n;
    long status = 0;
    curl_easy_getinfo(c->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    if (upstream_end_head(c, (int)status)) {
        upstream_tell_head(c, true);
    } else if (c->head.text.err) {
        c->verdict = UPSTREAM_MEMORY;
        return 0;
    }
    return c->state == CALL_RUNNING ? n : 0;
}

static size_t
on_data(char *p, size_t size, size_t n, void *arg)
{
    struct upstream_call *c = arg;
    n *= size;
    if (c->state != CALL_RUNNING)
        return 0;
    if (n == 0)
        return 0;
    if (c->paused) {
        c->stuck = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    return upstream_deliver(c, p, n, lazy_timer_now()) ? n : 0;
}

static size_t
on_read(char *p, size_t size, size_t n, void *arg)
{
    struct upstream_call *c = arg;
    if (c->state != CALL_RUNNING)
        return CURL_READFUNC_ABORT;
    size_t left = c->body.n - c->body_read;
    n *= size;
    if (n > left)
        n = left;
    memcpy(p, c->body.p + c->body_read, n);
    c->body_read += n;
    return n;
}

/* curl goes back when it repeats a request on a fresh connection. */
static int
on_seek(void *arg, curl_off_t to, int origin)
{
    struct upstream_call *c = arg;
    if (c->state != CALL_RUNNING || origin != SEEK_SET || to < 0 || (size_t)to > c->body.n)
        return CURL_SEEKFUNC_FAIL;
    c->body_read = (size_t)to;
    return CURL_SEEKFUNC_OK;
}

/* The last stop before curl reads the body of a small request: a cancelled call's may be gone. */
static int
on_connected(void *arg, char *ip, char *local, int port, int local_port)
{
    (void)ip;
    (void)local;
    (void)port;
    (void)local_port;
    struct upstream_call *c = arg;
    return c->state == CALL_RUNNING ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    (void)purpose;
    struct upstream_call *c = arg;
    if (!upstream_vets(c->u, a))
        return CURL_SOCKET_BAD;
    return sock_open(&c->u->socks, c->transfer.m, a->family, a->socktype, a->protocol);
}

/* The connection may outlive the call that made it. */
static int
on_close(void *arg, curl_socket_t fd)
{
    struct upstream *u = arg;
    sock_close(&u->socks, fd);
    return 0;
}

static CURLcode
on_tls(CURL *easy, void *tls, void *arg)
{
    (void)easy;
    struct upstream_call *c = arg;
    return trust_apply(c->trust, tls) ? CURLE_OK : CURLE_SSL_CACERT_BADFILE;
}

int
upstream_set_basics(CURL *e, struct upstream *u, struct transfer *t)
{
    int bad = 0;
    bad |= curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    bad |= curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    bad |= curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, u);
    bad |= curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(e, CURLOPT_NOPROGRESS, 1L);
    bad |= curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
    bad |= curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    bad |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    /* Do not wait for the resolver's thread when a call is cancelled. */
    bad |= curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
    /* Empty, not NULL: NULL would ask the environment. */
    bad |= curl_easy_setopt(e, CURLOPT_PROXY, "");
    bad |= curl_easy_setopt(e, CURLOPT_NOPROXY, "");
    return bad;
}

/* What is the same for every request. */
static bool
set_constants(struct upstream_call *c)
{
    CURL *e = c->transfer.easy;
    int bad = upstream_set_basics(e, c->u, &c->transfer);
    bad |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, upstream_words(c)->error);
    bad |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    bad |= curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
    bad |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_data);
    bad |= curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
    bad |= curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read);
    bad |= curl_easy_setopt(e, CURLOPT_READDATA, c);
    bad |= curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek);
    bad |= curl_easy_setopt(e, CURLOPT_SEEKDATA, c);
    bad |= curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_connected);
    bad |= curl_easy_setopt(e, CURLOPT_PREREQDATA, c);
    bad |= curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open);
    bad |= curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, c);
    bad |= curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    bad |= curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* curl itself shall load no CAs: on_tls brings them. */
    bad |= curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
    bad |= curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    bad |= curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    bad |= curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, on_tls);
    bad |= curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, c);
    return bad == 0;
}

/* Of HTTP/1: with HTTP/2 servers may say something about the connection at any time. */
static void
note_manners(const struct transfer *t, struct sock_table *socks)
{
    long version = CURL_HTTP_VERSION_NONE;
    curl_socket_t fd = CURL_SOCKET_BAD;
    curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
    if (version != CURL_HTTP_VERSION_1_0 && version != CURL_HTTP_VERSION_1_1)
        return;
    if (curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK)
        sock_answers(socks, fd);
}

static void
on_over(struct transfer *t, CURLcode code)
{
    struct upstream_call *c = (struct upstream_call *)t;
    note_manners(t, &c->u->socks);
    upstream_over(c, code);
}

/* The handle is made when a call first needs one. */
static bool
make_handle(struct upstream_call *c)
{
    if (c->transfer.easy)
        return true;
    c->transfer = (struct transfer){ .easy = curl_easy_init(), .over = on_over };
    if (c->transfer.easy && set_constants(c))
        return true;
    curl_easy_cleanup(c->transfer.easy);
    c->transfer.easy = NULL;
    return false;
}

static bool
set_proxy(struct upstream_call *c, struct str proxy)
{
    if (!proxy.n && !c->has_proxy)
        return true;
    char *text = strndup(proxy.n ? proxy.p : "", proxy.n);
    if (!text)
        return false;
    c->has_proxy = proxy.n > 0;
    CURLcode rc = curl_easy_setopt(c->transfer.easy, CURLOPT_PROXY, text);
    free(text);
    return rc == CURLE_OK;
}

static bool
set_body(struct upstream_call *c, const struct upstream_request *req)
{
    CURL *e = c->transfer.easy;
    bool small = req->body.n < BODY_SMALL && req->http == UPSTREAM_HTTP1;
    int bad = 0;
    c->body_small = small;
    bad |= curl_easy_setopt(e, CURLOPT_POST, 1L);
    /* From a pointer curl sends small bodies together with the head.  Otherwise it reads through
     * on_read, which knows whether the body still exists. */
    bad |= curl_easy_setopt(e, CURLOPT_POSTFIELDS, small ? (req->body.n ? req->body.p : "") : NULL);
    bad |= curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.n);
    bad |= curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, small ? UPLOAD_SMALL : UPLOAD_LARGE);
    return bad == 0;
}

static bool
set_method(struct upstream_call *c, const struct upstream_request *req)
{
    CURL *e = c->transfer.easy;
    bool head = str_is(req->method, "HEAD") && !req->body.p;
    bool post = str_is(req->method, "POST");
    bool get = str_is(req->method, "GET") && !req->body.p;
    int bad = 0;
    if (post || req->body.p)
        bad |= !set_body(c, req);
    else if (head)
        bad |= curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    else
        bad |= curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
    char name[UPSTREAM_METHOD_MAX + 1] = "";
    memcpy(name, req->method.p, req->method.n);
    bad |= curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, post || get || head ? NULL : name);
    return bad == 0;
}

static long
ms_or_forever(unsigned ms)
{
    return ms && ms < FOREVER_MS ? (long)ms : FOREVER_MS;
}

bool
transfer_prepare(struct upstream_call *c, const struct upstream_request *req)
{
    if (!make_handle(c))
        return false;
    CURL *e = c->transfer.easy;
    bool h2 = req->http == UPSTREAM_HTTP2;
    int bad = 0;
    bad |= curl_easy_setopt(e, CURLOPT_CURLU, c->url->handle);
    bad |= curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->lines.first);
    bad |= curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                            (long)(h2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    bad |= curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, ms_or_forever(req->deadlines.connect_ms));
    bad |= curl_easy_setopt(e, CURLOPT_SHARE, c->trust->share);
    return !bad && set_method(c, req) && set_proxy(c, req->proxy);
}
