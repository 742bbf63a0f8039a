/* Any bytes, cut where the first two say: what is put back is the same as in one piece; and what was JSON is JSON. */
#include <stdint.h>
#include <stdlib.h>

#include "runtime/json/doc.h"
#include "runtime/redact/putback.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
fill(struct vault *v)
{
    vault_init(v, 10, 1000);
    if (vault_put(v, REDACT_EMAIL, STR("ann@example.org"), STR("[email:1a2b]"))
        || vault_put(v, REDACT_EMAIL, STR("bob"), STR("[email:1a2c]"))
        || vault_put(v, REDACT_PRIVATE_KEY, STR("k\"1\n2\\\x01"), STR("[key:0]")) || vault_sort(v))
        abort();
}

static void
feed(struct putback *p, struct str s, size_t at, size_t size, struct buf *out)
{
    putback_feed(p, str_make(s.p, at), out);
    for (s = str_skip(s, at); s.n; s = str_skip(s, size))
        putback_feed(p, str_make(s.p, size < s.n ? size : s.n), out);
    putback_end(p, out);
}

/* Outside of strings a placeholder is no JSON, and neither is what it stands for. */
static void
check_json(struct str before, struct str after)
{
    struct json_doc doc;
    struct fault f;
    json_doc_init(&doc);
    if (!json_doc_parse(&doc, before, &f) && json_kind(&doc, JSON_ROOT) >= JSON_OBJECT
        && json_doc_parse(&doc, after, &f))
        abort();
    json_doc_fini(&doc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct putback p;
    struct vault v;
    struct buf whole, cut;
    if (n < 2)
        return 0;
    struct str s = str_make((const char *)data + 2, n - 2);
    fill(&v);
    buf_init(&whole, 64u << 20);
    buf_init(&cut, 64u << 20);
    putback_begin(&p, &v);
    feed(&p, s, s.n, 1, &whole);
    putback_begin(&p, &v);
    feed(&p, s, s.n ? data[0] % (s.n + 1) : 0, 1 + data[1] % 16, &cut);
    if (!str_eq(buf_str(&whole), buf_str(&cut)))
        abort();
    check_json(s, buf_str(&whole));
    buf_fini(&whole);
    buf_fini(&cut);
    vault_fini(&v);
    return 0;
}
