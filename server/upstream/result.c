/* What curl reports, in our words. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "server/upstream/client.h"

static const char *const names[UPSTREAM_RESULTS] = {
    [UPSTREAM_OK] = "ok",
    [UPSTREAM_DNS] = "dns",
    [UPSTREAM_REFUSED] = "refused",
    [UPSTREAM_TLS] = "tls",
    [UPSTREAM_PROXY] = "proxy",
    [UPSTREAM_RESET] = "reset",
    [UPSTREAM_TRUNCATED] = "truncated",
    [UPSTREAM_PROTOCOL] = "protocol",
    [UPSTREAM_TOO_LARGE] = "too_large",
    [UPSTREAM_TIMEOUT_CONNECT] = "timeout_connect",
    [UPSTREAM_TIMEOUT_FIRST_BYTE] = "timeout_first_byte",
    [UPSTREAM_TIMEOUT_IDLE] = "timeout_idle",
    [UPSTREAM_TIMEOUT_TOTAL] = "timeout_total",
    [UPSTREAM_MEMORY] = "memory",
    [UPSTREAM_OTHER] = "other",
};

const char *
upstream_result_name(enum upstream_result r)
{
    return names[r];
}

/* A broken connection: it matters whether the reply had begun. */
static enum upstream_result
result_of_break(const struct upstream_call *c)
{
    /* curl has no code of its own for bad chunks */
    if (c->words && strstr(c->words->error, "chunked-encoding"))
        return UPSTREAM_PROTOCOL;
    long tunnel = 0;
    if (c->transfer.easy)
        curl_easy_getinfo(c->transfer.easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
    if (tunnel >= 300)
        return UPSTREAM_PROXY;
    return c->head.text.n ? UPSTREAM_TRUNCATED : UPSTREAM_RESET;
}

static enum upstream_result
result_of_code(const struct upstream_call *c, CURLcode code)
{
    switch ((int)code) { /* the enum grows with every curl */
    case CURLE_OK:       /* also when the connection closed inside the head */
        return c->head.complete ? UPSTREAM_OK : UPSTREAM_TRUNCATED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return UPSTREAM_DNS;
    case CURLE_COULDNT_CONNECT:
        return UPSTREAM_REFUSED;
    case CURLE_OPERATION_TIMEDOUT: /* the other deadlines are ours */
        return UPSTREAM_TIMEOUT_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_USE_SSL_FAILED:
        return UPSTREAM_TLS;
    case CURLE_PROXY:
        return UPSTREAM_PROXY;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2_STREAM:
        return result_of_break(c);
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9 */
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
        return UPSTREAM_PROTOCOL;
    case CURLE_OUT_OF_MEMORY: /* is also what curl says to a header line above 100 kB */
        return c->head.text.n && !c->head.complete ? UPSTREAM_TOO_LARGE : UPSTREAM_MEMORY;
    }
    return UPSTREAM_OTHER;
}

enum upstream_result
upstream_result_of(struct upstream_call *c, CURLcode code)
{
    if (c->verdict != UPSTREAM_OK) {
        upstream_result_message(c, c->verdict);
        return c->verdict;
    }
    enum upstream_result r = result_of_code(c, code);
    if (r == UPSTREAM_OK)
        return r;
    struct upstream_words *words = upstream_words(c);
    if (r == UPSTREAM_TOO_LARGE) {
        upstream_result_message(c, r);
        return r;
    }
    if (code == CURLE_SSL_CACERT_BADFILE && c->trust->file) {
        snprintf(words->message, sizeof words->message, "%s: cannot read the certificates in %s",
                 c->url->host, c->trust->file);
        return r;
    }
    const char *text = words->error;
    if (!text[0])
        text = code ? curl_easy_strerror(code) : "connection closed inside the head";
    snprintf(words->message, sizeof words->message, "%s: %c%s", c->url->host,
             tolower((unsigned char)text[0]), text + 1);
    return r;
}

void
upstream_result_message(struct upstream_call *c, enum upstream_result r)
{
    char what[128] = "no memory";
    const struct upstream_deadlines *d = &c->deadlines;
    if (r == UPSTREAM_TIMEOUT_CONNECT)
        snprintf(what, sizeof what, "no connection within %u ms", d->connect_ms);
    else if (r == UPSTREAM_TIMEOUT_FIRST_BYTE)
        snprintf(what, sizeof what, "no byte of the reply's body within %u ms", d->first_byte_ms);
    else if (r == UPSTREAM_TIMEOUT_IDLE)
        snprintf(what, sizeof what, "nothing more for %u ms after %llu bytes of the reply",
                 d->idle_ms, (unsigned long long)c->bytes);
    else if (r == UPSTREAM_TIMEOUT_TOTAL)
        snprintf(what, sizeof what, "not finished within %u ms", d->total_ms);
    else if (r == UPSTREAM_TOO_LARGE && c->head.complete)
        snprintf(what, sizeof what, "reply longer than %llu bytes",
                 (unsigned long long)c->max_reply);
    else if (r == UPSTREAM_TOO_LARGE)
        snprintf(what, sizeof what, "head of the reply longer than %d bytes", UPSTREAM_HEAD_MAX);
    struct upstream_words *words = upstream_words(c);
    snprintf(words->message, sizeof words->message, "%s: %s", c->url->host, what);
}
