/* OTLP over HTTP and over gRPC.
 *
 * gRPC is HTTP/2 with five bytes in front of each message and the status in the trailers.  Each call
 * takes a fresh connection: curl 7.88 fails at the second request on one that speaks HTTP/2 without
 * TLS, and there are few calls. */
#include "server/trace/sender.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/base64.h"
#include "server/trace/gzip.h"
#include "server/trace/receipt.h"

#define URL_MAX    2048
#define PREFIX     5 /* bytes in front of a message: is it compressed, its length */
#define BODY_MAX   ((size_t)64 << 20)
#define REPLY_MAX  4096
#define GRPC_UNSET (-1)
#define WAIT_MAX_S 300

struct sender {
    const struct exporter_options *opts; /* borrowed */
    CURL *easy;                          /* owned */
    struct curl_slist *headers;          /* owned */
    bool (*stop)(void *ctx);
    void *ctx;
    struct buf packed, body;
    /* Of the newest answer. */
    struct buf reply;   /* the begin of its body */
    struct buf details; /* of a gRPC status: a google.rpc.Status */
    long grpc_status;
    char grpc_message[96];
    bool is_foreign; /* it says that it is no protobuf */
    char error[CURL_ERROR_SIZE];
};

/* --- what comes back ----------------------------------------------------------------------- */

/* What is beyond the cap is left out. */
static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
    struct sender *s = arg;
    size_t room = REPLY_MAX - s->reply.n;
    buf_put(&s->reply, p, size * n < room ? size * n : room);
    return size * n;
}

/* Errors of proxies are pages for people. */
static bool
is_ours(struct str type)
{
    static const char *const ours[] = { "application/x-protobuf", "application/grpc" };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (type.n >= strlen(ours[i])
            && str_eq_nocase(str_make(type.p, strlen(ours[i])), str_from(ours[i])))
            return true;
    return false;
}

/* Headers and trailers alike. */
static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
    struct sender *s = arg;
    struct str line = { p, size * n };
    const char *colon = memchr(p, ':', line.n);
    if (!colon)
        return line.n;
    struct str name = { p, (size_t)(colon - p) };
    struct str value = str_trim(str_skip(line, name.n + 1));
    char text[sizeof s->grpc_message];
    size_t length = value.n < sizeof text - 1 ? value.n : sizeof text - 1;
    memcpy(text, value.p, length);
    text[length] = '\0';
    if (str_eq_nocase(name, STR("grpc-status")))
        s->grpc_status = strtol(text, NULL, 10);
    else if (str_eq_nocase(name, STR("grpc-message")))
        memcpy(s->grpc_message, text, length + 1);
    else if (str_eq_nocase(name, STR("content-type")))
        s->is_foreign = !is_ours(value);
    else if (str_eq_nocase(name, STR("grpc-status-details-bin")))
        (void)base64_decode(&s->details, value);
    return line.n;
}

static int
on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct sender *s = arg;
    (void)a, (void)b, (void)c, (void)d;
    return s->stop(s->ctx);
}

/* --- making one ---------------------------------------------------------------------------- */

static bool
add_header(struct sender *s, struct str name, struct str value)
{
    struct buf line;
    buf_init(&line, 64u << 10);
    buf_puts(&line, name);
    buf_puts(&line, STR(": "));
    buf_puts(&line, value);
    buf_putc(&line, '\0');
    struct curl_slist *list = line.err ? NULL : curl_slist_append(s->headers, line.p);
    buf_fini(&line);
    if (list)
        s->headers = list;
    return list;
}

static bool
add_headers(struct sender *s)
{
    const struct exporter_options *o = s->opts;
    bool grpc = o->protocol == EXPORTER_GRPC;
    struct curl_slist *quiet = curl_slist_append(NULL, "Expect:"); /* no waiting for leave */
    if (!quiet)
        return false;
    s->headers = quiet;
    bool ok = add_header(s, STR("content-type"),
                         grpc ? STR("application/grpc") : STR("application/x-protobuf"));
    if (grpc)
        ok &= add_header(s, STR("te"), STR("trailers"));
    if (o->gzip)
        ok &= add_header(s, grpc ? STR("grpc-encoding") : STR("content-encoding"), STR("gzip"));
    for (unsigned i = 0; i < o->n_headers; i++)
        ok &= add_header(s, o->headers[i].name, o->headers[i].value);
    return ok;
}

static long
http_version(const struct exporter_options *o)
{
    if (o->protocol == EXPORTER_HTTP)
        return CURL_HTTP_VERSION_1_1;
    return str_starts(o->endpoint, STR("https:")) ? CURL_HTTP_VERSION_2TLS
                                                  : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
}

/* curl copies the path. */
static int
set_file(CURL *e, CURLoption option, struct str path)
{
    char text[URL_MAX];
    if (!path.p)
        return 0;
    snprintf(text, sizeof text, "%.*s", STR_ARG(path));
    return (int)curl_easy_setopt(e, option, text);
}

static bool
set_options(struct sender *s)
{
    const struct exporter_options *o = s->opts;
    CURL *e = s->easy;
    long once = o->protocol == EXPORTER_GRPC;
    int bad = 0;
    bad |= curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(e, CURLOPT_POST, 1L);
    bad |= curl_easy_setopt(e, CURLOPT_HTTPHEADER, s->headers);
    bad |= curl_easy_setopt(e, CURLOPT_USERAGENT, "llmux");
    bad |= curl_easy_setopt(e, CURLOPT_HTTP_VERSION, http_version(o));
    bad |= curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, once);
    bad |= curl_easy_setopt(e, CURLOPT_FORBID_REUSE, once);
    bad |= curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms);
    bad |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    bad |= curl_easy_setopt(e, CURLOPT_PROXY, ""); /* the environment is not asked */
    bad |= curl_easy_setopt(e, CURLOPT_NOPROXY, "");
    bad |= curl_easy_setopt(e, CURLOPT_CAPATH, NULL); /* reading a folder takes 20 ms */
    bad |= set_file(e, CURLOPT_CAINFO, o->ca_file);
    bad |= set_file(e, CURLOPT_SSLCERT, o->cert_file);
    bad |= set_file(e, CURLOPT_SSLKEY, o->key_file);
    bad |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, s->error);
    bad |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    bad |= curl_easy_setopt(e, CURLOPT_WRITEDATA, s);
    bad |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    bad |= curl_easy_setopt(e, CURLOPT_HEADERDATA, s);
    bad |= curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_progress);
    bad |= curl_easy_setopt(e, CURLOPT_XFERINFODATA, s);
    bad |= curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L);
    return bad == 0;
}

struct sender *
sender_create(const struct exporter_options *opts, bool (*stop)(void *ctx), void *ctx)
{
    struct sender *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct sender){ .opts = opts, .stop = stop, .ctx = ctx };
    buf_init(&s->packed, BODY_MAX);
    buf_init(&s->body, BODY_MAX);
    buf_init(&s->reply, REPLY_MAX);
    buf_init(&s->details, REPLY_MAX);
    s->easy = curl_easy_init();
    if (s->easy && add_headers(s) && set_options(s))
        return s;
    sender_destroy(s);
    return NULL;
}

void
sender_destroy(struct sender *s)
{
    if (!s)
        return;
    curl_easy_cleanup(s->easy);
    curl_slist_free_all(s->headers);
    buf_fini(&s->packed);
    buf_fini(&s->body);
    buf_fini(&s->reply);
    buf_fini(&s->details);
    free(s);
}

/* --- sending ------------------------------------------------------------------------------- */

/* The codes that a sender may try again (opentelemetry.io/docs/specs/otlp, "failures"). */
static enum send_result
result_of_http(long status)
{
    if (status >= 200 && status < 300)
        return SEND_OK;
    return status == 429 || (status >= 502 && status <= 504) ? SEND_RETRY : SEND_REFUSED;
}

/* Exhausted is for good, unless the receiver says when it will not be. */
static enum send_result
result_of_grpc(long status, const struct receipt *told)
{
    enum { CANCELLED = 1, DEADLINE = 4, EXHAUSTED = 8, ABORTED = 10, RANGE = 11, AWAY = 14, LOSS };
    switch (status) {
    case 0:
        return SEND_OK;
    case EXHAUSTED:
        return told->may_retry ? SEND_RETRY : SEND_REFUSED;
    case CANCELLED:
    case DEADLINE:
    case ABORTED:
    case RANGE:
    case AWAY:
    case LOSS:
    case GRPC_UNSET:
        return SEND_RETRY;
    }
    return SEND_REFUSED;
}

/* The body of a request: over HTTP the message, over gRPC with its prefix. */
static bool
fill_body(struct sender *s, struct str message, struct str *body)
{
    bool gzip = s->opts->gzip;
    buf_clear(&s->packed);
    buf_clear(&s->body);
    if (gzip && !gzip_put(&s->packed, message))
        return false;
    struct str m = gzip ? buf_str(&s->packed) : message;
    const char prefix[PREFIX] = { (char)gzip, (char)(m.n >> 24), (char)(m.n >> 16),
                                  (char)(m.n >> 8), (char)m.n };
    *body = m;
    if (s->opts->protocol == EXPORTER_HTTP)
        return true;
    buf_put(&s->body, prefix, PREFIX);
    buf_puts(&s->body, m);
    *body = buf_str(&s->body);
    return !s->body.err;
}

static bool
frame(struct sender *s, enum otlp_signal signal, struct str message)
{
    char url[URL_MAX];
    struct str body;
    bool grpc = s->opts->protocol == EXPORTER_GRPC;
    if (!fill_body(s, message, &body))
        return false;
    snprintf(url, sizeof url, "%.*s%s", STR_ARG(s->opts->endpoint),
             grpc ? otlp_grpc_path(signal) : otlp_http_path(signal));
    int bad = curl_easy_setopt(s->easy, CURLOPT_URL, url);
    bad |= curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, body.p);
    bad |= curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
    buf_clear(&s->reply);
    buf_clear(&s->details);
    s->grpc_status = GRPC_UNSET;
    s->error[0] = s->grpc_message[0] = '\0';
    s->is_foreign = false;
    return bad == 0;
}

static void
explain(const struct sender *s, CURLcode code, long status, const struct receipt *told,
        struct send_report *r)
{
    if (code)
        snprintf(r->why, sizeof r->why, "%s", s->error[0] ? s->error : curl_easy_strerror(code));
    else if (s->opts->protocol == EXPORTER_HTTP || status != 200)
        snprintf(r->why, sizeof r->why, "status %ld%s%.*s", status, told->why.n ? " " : "",
                 STR_ARG(told->why));
    else if (s->grpc_status == GRPC_UNSET)
        snprintf(r->why, sizeof r->why, "no gRPC status");
    else
        snprintf(r->why, sizeof r->why, "gRPC status %ld%s%s", s->grpc_status,
                 s->grpc_message[0] ? " " : "", s->grpc_message);
}

/* What the receiver says of a message that it took, or did not. */
static struct receipt
read_answer(const struct sender *s, long status)
{
    struct str reply = s->is_foreign ? STR("") : buf_str(&s->reply);
    if (s->opts->protocol == EXPORTER_HTTP)
        return status == 200 ? receipt_of_success(reply) : receipt_of_status(reply);
    if (s->grpc_status == 0)
        return receipt_of_success(str_skip(reply, reply.n < PREFIX ? reply.n : PREFIX));
    return receipt_of_status(buf_str(&s->details));
}

/* How long the receiver wants us to wait. */
static unsigned
wait_of(const struct sender *s, const struct receipt *told)
{
    curl_off_t seconds = 0;
    curl_easy_getinfo(s->easy, CURLINFO_RETRY_AFTER, &seconds);
    uint64_t ms = seconds > 0 ? (uint64_t)seconds * 1000 : told->wait_ms;
    return ms < WAIT_MAX_S * 1000 ? (unsigned)ms : WAIT_MAX_S * 1000;
}

struct send_report
sender_send(struct sender *s, enum otlp_signal signal, struct str message)
{
    struct send_report r = { .result = SEND_REFUSED, .why = "out of memory" };
    long status = 0;
    if (!frame(s, signal, message))
        return r;
    r.why[0] = '\0';
    CURLcode code = curl_easy_perform(s->easy);
    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    const struct receipt told = read_answer(s, status);
    if (code)
        r.result = SEND_RETRY;
    else if (s->opts->protocol == EXPORTER_GRPC && status == 200)
        r.result = result_of_grpc(s->grpc_status, &told);
    else
        r.result = result_of_http(status);
    if (r.result != SEND_OK)
        explain(s, code, status, &told, &r);
    else if (told.rejected)
        snprintf(r.why, sizeof r.why, "%llu rejected: %.*s", (unsigned long long)told.rejected,
                 STR_ARG(told.why));
    r.rejected = r.result == SEND_OK ? told.rejected : 0;
    r.wait_ms = wait_of(s, &told);
    return r;
}
