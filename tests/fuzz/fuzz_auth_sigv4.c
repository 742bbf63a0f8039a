/* Any address, header and body is signed or refused, and what is signed fits into a header. */
#include <stdint.h>
#include <stdlib.h>

#include "server/auth/sigv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Up to the next line end. */
static struct str
take(struct str *rest)
{
    const char *end = memchr(rest->p, '\n', rest->n);
    struct str line = str_make(rest->p, end ? (size_t)(end - rest->p) : rest->n);
    *rest = str_skip(*rest, line.n + 1);
    return line;
}

/* Lines: the path, a header's name, its value; the rest is the body. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct sigv4_key key = { STR_INIT("AKID"), STR_INIT("secret"), STR_INIT("token") };
    struct upstream_header out[SIGV4_HEADERS];
    struct arena a;
    if (n < 1)
        return 0;
    arena_init(&a, 1024 + 512 * (size_t)data[0]);
    struct str rest = str_make((const char *)data + 1, n - 1);
    struct str url = { NULL, 0 };
    arena_append(&a, &url, data[0] % 8 ? STR("https://h:443/") : STR(""));
    arena_append(&a, &url, take(&rest));
    struct upstream_header headers[2] = { { STR("Content-Type"), STR("a") } };
    headers[1].name = take(&rest);
    headers[1].value = take(&rest);
    const struct sigv4_request req = { .method = STR("POST"),
                                       .url = url,
                                       .headers = headers,
                                       .n_headers = 2,
                                       .body = rest,
                                       .region = STR("eu"),
                                       .service = STR("svc"),
                                       .now = 1440938160 };
    unsigned got = sigv4_sign(&key, &req, &a, out);
    if (got != 0 && got != SIGV4_HEADERS)
        abort();
    if (got && !str_starts(out[2].value, STR("AWS4-HMAC-SHA256 Credential=AKID/20150830/eu/svc/")))
        abort();
    arena_fini(&a);
    return 0;
}
