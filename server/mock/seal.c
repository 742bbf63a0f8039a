/* SHA-256 in several shapes. */
#include "server/mock/seal.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "runtime/base/base64.h"

#define DIGEST 32

/* A secret by its purpose: what signs one thing does not sign another. */
enum purpose { PURPOSE_PRINT, PURPOSE_THINKING, PURPOSE_SEALED };

static void
digest(unsigned char out[DIGEST], enum purpose purpose, unsigned part, struct str bytes)
{
    char secret[32];
    int n = snprintf(secret, sizeof secret, "llmux mock %d.%u ", (int)purpose, part);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    memset(out, 0, DIGEST);
    if (md && EVP_DigestInit_ex(md, EVP_sha256(), NULL)) {
        if (purpose != PURPOSE_PRINT)
            EVP_DigestUpdate(md, secret, (size_t)n);
        EVP_DigestUpdate(md, bytes.p, bytes.n);
        EVP_DigestFinal_ex(md, out, NULL);
    }
    EVP_MD_CTX_free(md);
}

static struct str
encode(struct arena *a, struct str bytes)
{
    struct buf b;
    buf_init(&b, 4096);
    base64_encode(&b, bytes);
    struct str s = arena_str(a, buf_str(&b));
    buf_fini(&b);
    return s;
}

struct str
mock_seal_sign(struct str text, struct arena *a)
{
    unsigned char bytes[3 * DIGEST];
    for (unsigned i = 0; i < 3; i++)
        digest(bytes + i * DIGEST, PURPOSE_THINKING, i, text);
    return encode(a, str_make((char *)bytes, sizeof bytes));
}

struct str
mock_seal_make(struct str text, struct arena *a)
{
    unsigned char bytes[2 * DIGEST];
    digest(bytes, PURPOSE_PRINT, 0, text);
    digest(bytes + DIGEST, PURPOSE_SEALED, 0, str_make((char *)bytes, DIGEST));
    return encode(a, str_make((char *)bytes, sizeof bytes));
}

bool
mock_seal_is_ours(struct str data)
{
    unsigned char want[DIGEST];
    struct buf b;
    buf_init(&b, 4096);
    bool ours = base64_decode(&b, data) && b.n == 2 * DIGEST;
    if (ours) {
        digest(want, PURPOSE_SEALED, 0, str_make(b.p, DIGEST));
        ours = memcmp(want, b.p + DIGEST, DIGEST) == 0;
    }
    buf_fini(&b);
    return ours;
}

void
mock_seal_print(char hex[MOCK_PRINT_HEX + 1], struct str bytes)
{
    unsigned char d[DIGEST];
    digest(d, PURPOSE_PRINT, 0, bytes);
    for (unsigned i = 0; i < MOCK_PRINT_HEX / 2; i++)
        snprintf(hex + 2 * i, 3, "%02x", d[i]);
}

uint64_t
mock_seal_hash(struct str bytes)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes.n; i++)
        h = (h ^ (unsigned char)bytes.p[i]) * UINT64_C(0x100000001b3);
    return h;
}
