/* See sigv4.h. */
#include "server/auth/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/base/percent.h"

#define ALGORITHM     "AWS4-HMAC-SHA256"
#define DIGEST        32
#define CANONICAL_MAX ((size_t)1 << 20) /* of everything but the body */

struct digest {
    unsigned char v[DIGEST];
};

/* What is made on the way. */
struct signing {
    const struct sigv4_request *req;
    struct arena *a;
    struct str host, path, query;
    char time[17]; /* "20150830T123600Z" */
    struct str day;
    struct str scope;                /* "20150830/us-east-1/service/aws4_request" */
    struct str signed_names;         /* "host;x-amz-date" */
    struct upstream_header *headers; /* sorted, names in small letters */
    size_t n_headers;
};

/* --- digests --- */

static struct digest
hash(struct str s)
{
    struct digest d = { { 0 } };
    EVP_Digest(s.p ? s.p : "", s.n, d.v, NULL, EVP_sha256(), NULL);
    return d;
}

static struct digest
hmac(struct str key, struct str s)
{
    struct digest d = { { 0 } };
    HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)s.p, s.n, d.v, NULL);
    return d;
}

static struct str
bytes(const struct digest *d)
{
    return str_make((const char *)d->v, DIGEST);
}

static void
put_hex(struct buf *out, const struct digest *d)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * DIGEST];
    for (unsigned i = 0; i < DIGEST; i++) {
        text[2 * i] = digits[d->v[i] >> 4];
        text[2 * i + 1] = digits[d->v[i] & 15];
    }
    buf_put(out, text, sizeof text);
}

/* --- the address --- */

static bool
split_url(struct signing *s)
{
    struct str url = s->req->url;
    bool tls = str_starts(url, STR("https://"));
    if (!tls && !str_starts(url, STR("http://")))
        return false;
    url = str_skip(url, tls ? 8 : 7);
    size_t n = 0;
    while (n < url.n && !strchr("/?#", url.p[n]))
        n++;
    s->host = str_make(url.p, n);
    struct str usual = tls ? STR(":443") : STR(":80"); /* curl leaves it out, too */
    if (str_ends(s->host, usual))
        s->host.n -= usual.n;
    s->path = str_skip(url, n);
    const char *hash_mark = memchr(s->path.p, '#', s->path.n);
    if (hash_mark)
        s->path.n = (size_t)(hash_mark - s->path.p);
    const char *mark = memchr(s->path.p, '?', s->path.n);
    if (mark) {
        s->query = str_skip(s->path, (size_t)(mark - s->path.p) + 1);
        s->path.n = (size_t)(mark - s->path.p);
    }
    return s->host.n > 0;
}

/* Take the last segment away: "/a/b/" becomes "/a/". */
static void
climb(struct buf *out, size_t root)
{
    if (out->n > root + 1)
        out->n--;
    while (out->n > root + 1 && out->p[out->n - 1] != '/')
        out->n--;
}

/* Without `.`, `..` and empty segments (RFC 3986 6.2.2.3), and encoded once more. */
static void
put_path(struct buf *out, struct str path)
{
    size_t root = out->n;
    buf_putc(out, '/');
    while (path.n) {
        const char *slash = memchr(path.p, '/', path.n);
        struct str segment = str_make(path.p, slash ? (size_t)(slash - path.p) : path.n);
        path = str_skip(path, segment.n + 1);
        if (str_is(segment, "..")) {
            climb(out, root);
        } else if (segment.n && !str_is(segment, ".")) {
            percent_encode(out, segment, "");
            if (slash)
                buf_putc(out, '/');
        }
    }
}

struct pair {
    struct str name, value;
};

static int
compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int order = str_compare(x->name, y->name);
    return order ? order : str_compare(x->value, y->value);
}

/* Encoded exactly once, however it came. */
static struct str
recode(struct signing *s, struct str text)
{
    struct buf plain, coded;
    buf_init(&plain, text.n);
    buf_init(&coded, 3 * text.n);
    percent_decode(&plain, text);
    percent_encode(&coded, buf_str(&plain), "");
    struct str out = arena_str(s->a, buf_str(&coded));
    buf_fini(&plain);
    buf_fini(&coded);
    return out.p ? out : STR("");
}

/* Sorted by name, then value; a name without a value has an empty one. */
static void
put_query(struct buf *out, struct signing *s)
{
    struct pair *v = NULL;
    unsigned n = 0, room = 0;
    for (struct str q = s->query; q.n;) {
        const char *end = memchr(q.p, '&', q.n);
        struct str part = str_make(q.p, end ? (size_t)(end - q.p) : q.n);
        q = str_skip(q, part.n + 1);
        const char *eq = memchr(part.p, '=', part.n);
        size_t name = eq ? (size_t)(eq - part.p) : part.n;
        struct pair *p = part.n ? arena_push(s->a, (void **)&v, &n, &room, sizeof *p) : NULL;
        if (p)
            *p = (struct pair){ recode(s, str_make(part.p, name)),
                                recode(s, str_skip(part, name + 1)) };
    }
    if (n > 1)
        qsort(v, n, sizeof *v, compare_pairs);
    for (unsigned i = 0; i < n; i++)
        buf_printf(out, "%s%.*s=%.*s", i ? "&" : "", STR_ARG(v[i].name), STR_ARG(v[i].value));
}

/* --- headers --- */

static bool
is_signed(struct str name)
{
    static const struct str left_out[] = {
        STR_INIT("authorization"), STR_INIT("connection"),   STR_INIT("expect"),
        STR_INIT("user-agent"),    STR_INIT("x-request-id"), STR_INIT("accept"),
        STR_INIT("host"),          STR_INIT("x-amz-date"),   STR_INIT("x-amz-security-token"),
    };
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++)
        if (str_eq_nocase(name, left_out[i]))
            return false;
    return true;
}

static struct str
small_letters(struct signing *s, struct str name)
{
    char *p = arena_bytes(s->a, name.n + 1);
    for (size_t i = 0; p && i < name.n; i++)
        p[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] - 'A' + 'a' : name.p[i]);
    return str_make(p, p ? name.n : 0);
}

/* Trimmed, and runs of blanks as one. */
static struct str
squeeze(struct signing *s, struct str value)
{
    char *p = arena_bytes(s->a, value.n + 1);
    size_t n = 0;
    value = str_trim(value);
    for (size_t i = 0; p && i < value.n; i++)
        if (value.p[i] != ' ' || (i && value.p[i - 1] != ' '))
            p[n++] = value.p[i];
    return str_make(p, n);
}

static void
add_header(struct signing *s, struct str name, struct str value)
{
    struct upstream_header h = { small_letters(s, name), squeeze(s, value) };
    size_t at = s->n_headers++;
    /* behind those of the same name: their values keep their order */
    while (at && str_compare(s->headers[at - 1].name, h.name) > 0) {
        s->headers[at] = s->headers[at - 1];
        at--;
    }
    s->headers[at] = h;
}

static bool
collect_headers(struct signing *s, const struct sigv4_key *key)
{
    const struct sigv4_request *req = s->req;
    s->headers = arena_alloc(s->a, (req->n_headers + SIGV4_HEADERS) * sizeof *s->headers);
    if (!s->headers)
        return false;
    add_header(s, STR("host"), s->host);
    add_header(s, STR("x-amz-date"), str_from(s->time));
    if (key->token.p)
        add_header(s, STR("x-amz-security-token"), key->token);
    for (unsigned i = 0; i < req->n_headers; i++)
        if (is_signed(req->headers[i].name))
            add_header(s, req->headers[i].name, req->headers[i].value);
    for (size_t i = 0; i < s->n_headers; i++) {
        if (i && str_eq(s->headers[i].name, s->headers[i - 1].name))
            continue;
        arena_append(s->a, &s->signed_names, i ? STR(";") : STR(""));
        arena_append(s->a, &s->signed_names, s->headers[i].name);
    }
    return !s->a->full;
}

static void
put_headers(struct buf *out, const struct signing *s)
{
    for (size_t i = 0; i < s->n_headers; i++) {
        bool more = i && str_eq(s->headers[i].name, s->headers[i - 1].name);
        if (more)
            out->n -= out->n ? 1 : 0; /* the line goes on */
        else
            buf_puts(out, s->headers[i].name);
        buf_printf(out, "%c%.*s\n", more ? ',' : ':', STR_ARG(s->headers[i].value));
    }
}

/* --- the signature --- */

static bool
set_scope(struct signing *s)
{
    time_t now = (time_t)s->req->now;
    struct tm tm;
    if (!gmtime_r(&now, &tm) || !strftime(s->time, sizeof s->time, "%Y%m%dT%H%M%SZ", &tm))
        return false;
    s->day = str_make(s->time, 8);
    s->scope = arena_printf(s->a, "%.*s/%.*s/%.*s/aws4_request", STR_ARG(s->day),
                            STR_ARG(s->req->region), STR_ARG(s->req->service));
    return s->scope.p;
}

static struct digest
hash_request(struct signing *s, enum err *err)
{
    struct buf out;
    struct digest body = hash(s->req->body);
    buf_init(&out, CANONICAL_MAX);
    buf_printf(&out, "%.*s\n", STR_ARG(s->req->method));
    put_path(&out, s->path);
    buf_putc(&out, '\n');
    put_query(&out, s);
    buf_putc(&out, '\n');
    put_headers(&out, s);
    buf_printf(&out, "\n%.*s\n", STR_ARG(s->signed_names));
    put_hex(&out, &body);
    struct digest d = hash(buf_str(&out));
    *err = out.err;
    buf_fini(&out);
    return d;
}

static struct digest
derive_key(const struct signing *s, struct str secret)
{
    struct sigv4_day *kept = s->req->kept;
    if (kept && memcmp(kept->day, s->day.p, sizeof kept->day) == 0) {
        struct digest d;
        memcpy(d.v, kept->key, DIGEST);
        return d;
    }
    struct str first = arena_printf(s->a, "AWS4%.*s", STR_ARG(secret));
    struct digest d = hmac(first, s->day);
    d = hmac(bytes(&d), s->req->region);
    d = hmac(bytes(&d), s->req->service);
    d = hmac(bytes(&d), STR("aws4_request"));
    if (kept && !s->a->full) {
        memcpy(kept->day, s->day.p, sizeof kept->day);
        memcpy(kept->key, d.v, DIGEST);
    }
    return d;
}

static struct str
authorize(struct signing *s, const struct sigv4_key *key)
{
    struct buf out;
    enum err err;
    struct digest request = hash_request(s, &err);
    if (err || s->a->full)
        return (struct str){ NULL, 0 };
    buf_init(&out, CANONICAL_MAX);
    buf_printf(&out, ALGORITHM "\n%s\n%.*s\n", s->time, STR_ARG(s->scope));
    put_hex(&out, &request);
    struct digest k = derive_key(s, key->secret);
    struct digest signature = hmac(bytes(&k), buf_str(&out));
    buf_clear(&out);
    buf_printf(&out,
               ALGORITHM " Credential=%.*s/%.*s, SignedHeaders=%.*s, Signature=", STR_ARG(key->id),
               STR_ARG(s->scope), STR_ARG(s->signed_names));
    put_hex(&out, &signature);
    struct str text = out.err ? (struct str){ NULL, 0 } : arena_str(s->a, buf_str(&out));
    buf_fini(&out);
    return text;
}

unsigned
sigv4_sign(const struct sigv4_key *key, const struct sigv4_request *req, struct arena *a,
           struct upstream_header out[SIGV4_HEADERS])
{
    struct signing s = { .req = req, .a = a };
    unsigned n = 0;
    if (!split_url(&s) || !set_scope(&s) || !collect_headers(&s, key))
        return 0;
    struct str authorization = authorize(&s, key);
    out[n++] = (struct upstream_header){ STR("x-amz-date"), arena_str(a, str_from(s.time)) };
    if (key->token.p)
        out[n++] = (struct upstream_header){ STR("x-amz-security-token"), key->token };
    out[n++] = (struct upstream_header){ STR("authorization"), authorization };
    return authorization.p && !a->full ? n : 0;
}
