/* OTLP over HTTP and over gRPC.
 *
 * gRPC is HTTP/2 with five bytes in front of each message and the status in the trailers.  Each call
 * takes a fresh connection: curl 7.88 fails at the second request on one that speaks HTTP/2 without
 * TLS, and there are few calls. */
#include "server/trace/sender.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#define URL_MAX    2048
#define PREFIX     5 /* bytes in front of a message: not compressed, its length */
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
    struct buf body;
    long grpc_status, wait_s; /* of the newest answer */
    char grpc_message[96];
    char error[CURL_ERROR_SIZE];
};

/* --- what comes back ----------------------------------------------------------------------- */

/* Nobody reads it. */
static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
    (void)p, (void)arg;
    return size * n;
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
    else if (str_eq_nocase(name, STR("retry-after")))
        s->wait_s = strtol(text, NULL, 10);
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

static bool
set_options(struct sender *s)
{
    const struct exporter_options *o = s->opts;
    CURL *e = s->easy;
    long once = o->protocol == EXPORTER_GRPC;
    char ca_file[URL_MAX];
    int bad = 0;
    snprintf(ca_file, sizeof ca_file, "%.*s", STR_ARG(o->ca_file));
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
    if (o->ca_file.p)
        bad |= curl_easy_setopt(e, CURLOPT_CAINFO, ca_file);
    bad |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, s->error);
    bad |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
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
    buf_init(&s->body, BODY_MAX);
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
    buf_fini(&s->body);
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

static enum send_result
result_of_grpc(long status)
{
    enum { CANCELLED = 1, DEADLINE = 4, EXHAUSTED = 8, ABORTED = 10, RANGE = 11, AWAY = 14, LOSS };
    switch (status) {
    case 0:
        return SEND_OK;
    case CANCELLED:
    case DEADLINE:
    case EXHAUSTED:
    case ABORTED:
    case RANGE:
    case AWAY:
    case LOSS:
    case GRPC_UNSET:
        return SEND_RETRY;
    }
    return SEND_REFUSED;
}

static bool
frame(struct sender *s, enum otlp_signal signal, struct str message)
{
    char url[URL_MAX];
    bool grpc = s->opts->protocol == EXPORTER_GRPC;
    const char prefix[PREFIX] = { 0, (char)(message.n >> 24), (char)(message.n >> 16),
                                  (char)(message.n >> 8), (char)message.n };
    buf_clear(&s->body);
    if (grpc)
        buf_put(&s->body, prefix, PREFIX);
    buf_puts(&s->body, message);
    snprintf(url, sizeof url, "%.*s%s", STR_ARG(s->opts->endpoint),
             grpc ? otlp_grpc_path(signal) : otlp_http_path(signal));
    struct str body = buf_str(&s->body);
    int bad = curl_easy_setopt(s->easy, CURLOPT_URL, url);
    bad |= curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, body.p);
    bad |= curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
    return bad == 0 && !s->body.err;
}

static void
explain(const struct sender *s, CURLcode code, long status, struct send_report *r)
{
    if (code)
        snprintf(r->why, sizeof r->why, "%s", s->error[0] ? s->error : curl_easy_strerror(code));
    else if (s->opts->protocol == EXPORTER_HTTP || status != 200)
        snprintf(r->why, sizeof r->why, "status %ld", status);
    else if (s->grpc_status == GRPC_UNSET)
        snprintf(r->why, sizeof r->why, "no gRPC status");
    else
        snprintf(r->why, sizeof r->why, "gRPC status %ld %s", s->grpc_status, s->grpc_message);
}

struct send_report
sender_send(struct sender *s, enum otlp_signal signal, struct str message)
{
    struct send_report r = { .result = SEND_REFUSED, .why = "out of memory" };
    long status = 0;
    if (!frame(s, signal, message))
        return r;
    s->grpc_status = GRPC_UNSET;
    s->wait_s = 0;
    s->error[0] = s->grpc_message[0] = r.why[0] = '\0';
    CURLcode code = curl_easy_perform(s->easy);
    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code)
        r.result = SEND_RETRY;
    else if (s->opts->protocol == EXPORTER_GRPC && status == 200)
        r.result = result_of_grpc(s->grpc_status);
    else
        r.result = result_of_http(status);
    if (r.result != SEND_OK)
        explain(s, code, status, &r);
    if (s->wait_s > 0)
        r.wait_ms = (unsigned)(s->wait_s < WAIT_MAX_S ? s->wait_s : WAIT_MAX_S) * 1000;
    return r;
}
