#include "runtime/redact/mask.h"

#include <openssl/hmac.h>

#define HASH_BYTES 6

static void
put_hash(struct buf *out, struct str key, struct str value)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    size_t length = value.n < REDACT_HELD_MAX ? value.n : REDACT_HELD_MAX;
    if (!HMAC(EVP_sha256(), key.n ? key.p : "", (int)key.n, (const unsigned char *)value.p, length,
              digest, &n))
        return;
    for (unsigned i = 0; i < HASH_BYTES && i < n; i++) {
        buf_putc(out, hex[digest[i] >> 4]);
        buf_putc(out, hex[digest[i] & 15]);
    }
}

void
redact_write(struct buf *out, const struct redact_rules *rules, const struct redact_match *m,
             struct str value)
{
    bool own = m->kind == REDACT_CUSTOM && rules->custom;
    if (rules->mode == REDACT_MASK && !own) {
        buf_puts(out, redact_kind_mask(m->kind));
        return;
    }
    buf_puts(out, rules->mode == REDACT_HASH ? STR("[") : STR("[REDACTED:"));
    buf_puts(out, own ? redact_custom_name(rules->custom, m->custom) : redact_kind_name(m->kind));
    if (rules->mode == REDACT_HASH) {
        buf_putc(out, ':');
        put_hash(out, rules->key, value);
    }
    buf_putc(out, ']');
}
