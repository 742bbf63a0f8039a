/* See grant.h. */
#include "server/auth/grant.h"

#include <stdio.h>
#include <time.h>

#define REASON_MAX 120 /* bytes of what the endpoint says, in a message */

/* One reply while it is read. */
struct reading {
    struct json_doc doc;
    struct arena *a;
    struct fault *f;
};

static struct str
text_of(struct reading *r, uint32_t at, const char *key)
{
    uint32_t v = json_kind(&r->doc, at) == JSON_OBJECT ? json_member(&r->doc, at, str_from(key))
                                                       : 0;
    if (!v || json_kind(&r->doc, v) != JSON_STRING)
        return (struct str){ NULL, 0 };
    return json_text(&r->doc, v, r->a);
}

static struct str
member(struct reading *r, const char *key)
{
    return text_of(r, JSON_ROOT, key);
}

/* For a message: printable, and not long. */
static struct str
tame(struct reading *r, struct str s)
{
    char *p = arena_bytes(r->a, REASON_MAX);
    size_t n = 0;
    for (; p && n < s.n && n < REASON_MAX; n++)
        p[n] = s.p[n] > 0x20 && s.p[n] < 0x7f ? s.p[n] : ' ';
    return str_make(p, p ? n : 0);
}

/* The endpoint's own words: RFC 6749's, or those of a vendor's error object. */
static enum err
refused(struct reading *r, int status, enum err parsed)
{
    struct str code = { NULL, 0 }, text = { NULL, 0 };
    if (!parsed && json_kind(&r->doc, JSON_ROOT) == JSON_OBJECT) {
        uint32_t inner = json_member(&r->doc, JSON_ROOT, STR("error"));
        code = member(r, "error");
        text = member(r, "error_description");
        text = text.p ? text : inner ? text_of(r, inner, "message") : text;
        code = code.p ? code : member(r, "Code");
        code = code.p ? code : member(r, "code");
        text = text.p ? text : member(r, "Message");
        text = text.p ? text : member(r, "message");
    }
    code = tame(r, code);
    text = tame(r, text);
    return fault_set(r->f, ERR_REMOTE, 0, "status %d%s%.*s%s%.*s", status, code.n ? ", " : "",
                     STR_ARG(code), text.n ? ": " : "", STR_ARG(text));
}

/* Can it stand in a header? */
static bool
is_visible(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
            return false;
    return s.n > 0;
}

/* Parse; ERR_REMOTE when the reply is a refusal. */
static enum err
begin(struct reading *r, int status, struct str body, struct arena *a, struct fault *f)
{
    *r = (struct reading){ .a = a, .f = f };
    json_doc_init(&r->doc);
    enum err err = json_doc_parse(&r->doc, body, f);
    if (status < 200 || status > 299)
        return refused(r, status, err);
    if (err)
        return fault_set(f, ERR_SYNTAX, f->offset, "the reply is not JSON");
    if (json_kind(&r->doc, JSON_ROOT) != JSON_OBJECT)
        return fault_set(f, ERR_TYPE, 0, "the reply is not an object");
    return ERR_OK;
}

/* A number of seconds; some write it as a string. */
static uint64_t
seconds(struct reading *r, const char *key)
{
    uint32_t at = json_member(&r->doc, JSON_ROOT, str_from(key));
    int64_t v = 0;
    if (at && json_kind(&r->doc, at) == JSON_NUMBER && json_int(&r->doc, at, &v))
        return v > 0 ? (uint64_t)v : 0;
    struct str s = member(r, key);
    for (size_t i = 0; i < s.n && i < 9; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return 0;
        v = v * 10 + (s.p[i] - '0');
    }
    return (uint64_t)v;
}

static enum err
read_token(struct reading *r, struct grant *g)
{
    g->token = member(r, "access_token");
    g->lifetime = seconds(r, "expires_in");
    if (!g->token.p)
        return fault_set(r->f, ERR_TYPE, 0, "the reply has no access_token");
    if (!is_visible(g->token))
        return fault_set(r->f, ERR_TYPE, 0, "the access_token is not one");
    return ERR_OK;
}

enum err
grant_read_token(struct grant *g, int status, struct str body, struct arena *a, struct fault *f)
{
    struct reading r;
    *g = (struct grant){ .lifetime = 0 };
    enum err err = begin(&r, status, body, a, f);
    if (!err)
        err = read_token(&r, g);
    json_doc_fini(&r.doc);
    if (err)
        *g = (struct grant){ .lifetime = 0 };
    g->token = arena_str(a, g->token);
    return err || !a->full ? err : fault_set(f, ERR_LIMIT, 0, "the reply is too large");
}

/* ISO 8601 in UTC, as these endpoints write it; 0 when it is not. */
static uint64_t
moment(struct str s)
{
    char text[32];
    struct tm tm = { 0 };
    if (s.n >= sizeof text || !s.n)
        return 0;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!end)
        return 0;
    time_t t = timegm(&tm);
    return t > 0 ? (uint64_t)t : 0;
}

static enum err
read_key(struct reading *r, struct grant *g, uint64_t now)
{
    struct str code = member(r, "Code");
    uint64_t end = moment(member(r, "Expiration"));
    if (code.p && !str_is(code, "Success"))
        return refused(r, 200, ERR_OK);
    g->key = (struct sigv4_key){ member(r, "AccessKeyId"), member(r, "SecretAccessKey"),
                                 member(r, "Token") };
    if (!is_visible(g->key.id) || !is_visible(g->key.secret)
        || (g->key.token.p && !is_visible(g->key.token)))
        return fault_set(r->f, ERR_TYPE, 0, "the reply has no AccessKeyId and SecretAccessKey");
    if (end && end <= now)
        return fault_set(r->f, ERR_TYPE, 0, "the reply's credentials have expired");
    g->lifetime = end ? end - now : 0;
    return ERR_OK;
}

enum err
grant_read_key(struct grant *g, int status, struct str body, uint64_t now, struct arena *a,
               struct fault *f)
{
    struct reading r;
    *g = (struct grant){ .lifetime = 0 };
    enum err err = begin(&r, status, body, a, f);
    if (!err)
        err = read_key(&r, g, now);
    json_doc_fini(&r.doc);
    if (err)
        *g = (struct grant){ .lifetime = 0 };
    g->key.id = arena_str(a, g->key.id);
    g->key.secret = arena_str(a, g->key.secret);
    g->key.token = arena_str(a, g->key.token);
    return err || !a->full ? err : fault_set(f, ERR_LIMIT, 0, "the reply is too large");
}
