/* See service_account.h. */
#include "server/auth/service_account.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "runtime/base/base64.h"
#include "runtime/json/doc.h"
#include "runtime/json/writer.h"

#define LIFETIME      3600 /* seconds; the most that is taken */
#define SIGNATURE_MAX 1024 /* of a key with 8192 bits */
#define CLAIMS_MAX    8192

/* --- its file --- */

static struct str
member(const struct json_doc *doc, const char *key, struct arena *a)
{
    uint32_t at = json_member(doc, JSON_ROOT, str_from(key));
    if (!at || json_kind(doc, at) != JSON_STRING || !doc->nodes[at].n)
        return (struct str){ NULL, 0 };
    return arena_str(a, json_text(doc, at, a));
}

static EVP_PKEY *
read_key(struct str pem)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

static enum err
read_user(struct service_account *s, const struct json_doc *doc, struct arena *a, struct fault *f)
{
    s->client_id = member(doc, "client_id", a);
    s->client_secret = member(doc, "client_secret", a);
    s->refresh_token = member(doc, "refresh_token", a);
    if (s->client_id.p && s->client_secret.p && s->refresh_token.p)
        return ERR_OK;
    return fault_set(f, ERR_TYPE, 0, "%s is missing",
                     !s->client_id.p       ? "client_id"
                     : !s->client_secret.p ? "client_secret"
                                           : "refresh_token");
}

static enum err
read_members(struct service_account *s, const struct json_doc *doc, struct arena *a,
             struct fault *f)
{
    if (json_kind(doc, JSON_ROOT) != JSON_OBJECT)
        return fault_set(f, ERR_TYPE, 0, "it is not an object");
    struct str type = member(doc, "type", a), pem = member(doc, "private_key", a);
    s->email = member(doc, "client_email", a);
    s->key_id = member(doc, "private_key_id", a);
    s->token_url = member(doc, "token_uri", a);
    if (str_is(type, "authorized_user"))
        return read_user(s, doc, a, f);
    if (type.p && !str_is(type, "service_account"))
        return fault_set(f, ERR_TYPE, 0,
                         "it is of type %.*s, and only service_account and authorized_user are "
                         "supported",
                         STR_ARG(type));
    if (!s->email.p || !pem.p || !s->token_url.p)
        return fault_set(f, ERR_TYPE, 0, "%s is missing",
                         !s->email.p ? "client_email"
                         : !pem.p    ? "private_key"
                                     : "token_uri");
    s->key = read_key(pem);
    return s->key ? ERR_OK
                  : fault_set(f, ERR_UNSUPPORTED, 0, "private_key is not an RSA key in PEM");
}

enum err
service_account_read(struct service_account *s, struct str json, struct arena *a, struct fault *f)
{
    struct json_doc doc;
    *s = (struct service_account){ .key = NULL };
    json_doc_init(&doc);
    enum err err = json_doc_parse(&doc, json, f);
    if (err)
        fault_set(f, err, f->offset, "it is not JSON"); /* what it is may be secret */
    else
        err = read_members(s, &doc, a, f);
    json_doc_fini(&doc);
    return err;
}

void
service_account_fini(struct service_account *s)
{
    EVP_PKEY_free(s->key);
    s->key = NULL;
}

/* --- assertions --- */

/* The URL-safe alphabet without padding (RFC 7515 2). */
static void
put_base64url(struct buf *out, struct str bytes)
{
    size_t from = out->n;
    base64_encode(out, bytes);
    for (size_t i = from; i < out->n; i++)
        out->p[i] = (char)(out->p[i] == '+' ? '-' : out->p[i] == '/' ? '_' : out->p[i]);
    while (out->n > from && out->p[out->n - 1] == '=')
        out->n--;
}

static void
put_member(struct jw *w, const char *key, struct str value)
{
    jw_key(w, str_from(key));
    jw_string(w, value);
}

static void
put_header(const struct service_account *s, struct buf *out)
{
    struct buf json;
    struct jw w;
    buf_init(&json, CLAIMS_MAX);
    jw_init(&w, &json);
    jw_object(&w);
    put_member(&w, "alg", STR("RS256"));
    put_member(&w, "typ", STR("JWT"));
    if (s->key_id.p)
        put_member(&w, "kid", s->key_id);
    jw_close(&w);
    put_base64url(out, buf_str(&json));
    buf_fini(&json);
}

static void
put_claims(const struct service_account *s, struct str scope, uint64_t now, struct buf *out)
{
    struct buf json;
    struct jw w;
    buf_init(&json, CLAIMS_MAX);
    jw_init(&w, &json);
    jw_object(&w);
    put_member(&w, "iss", s->email);
    put_member(&w, "scope", scope);
    put_member(&w, "aud", s->token_url);
    jw_key(&w, STR("iat"));
    jw_int(&w, (int64_t)now);
    jw_key(&w, STR("exp"));
    jw_int(&w, (int64_t)now + LIFETIME);
    jw_close(&w);
    put_base64url(out, buf_str(&json));
    buf_fini(&json);
}

static bool
sign(EVP_PKEY *key, struct str text, unsigned char *signature, size_t *n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1
              && EVP_DigestSign(ctx, signature, n, (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

enum err
service_account_assert(const struct service_account *s, struct str scope, uint64_t now,
                       struct buf *out)
{
    unsigned char signature[SIGNATURE_MAX];
    size_t from = out->n, n = sizeof signature;
    put_header(s, out);
    buf_putc(out, '.');
    put_claims(s, scope, now, out);
    if (out->err)
        return out->err;
    if (!sign(s->key, str_make(out->p + from, out->n - from), signature, &n))
        return ERR_UNSUPPORTED;
    buf_putc(out, '.');
    put_base64url(out, str_make((const char *)signature, n));
    return out->err;
}
