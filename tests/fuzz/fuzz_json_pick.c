/* Any bytes, cut where the first one says: the member is the same as in one piece, and of a document that can be
 * parsed it is that of the parsed one. */
#include <stdint.h>
#include <stdlib.h>

#include "runtime/json/doc.h"
#include "runtime/json/pick.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool
are_same(struct str a, struct str b)
{
    return (a.p != NULL) == (b.p != NULL) && a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Names that are written with escapes are not looked for. */
static bool
has_escapes(struct str s)
{
    return s.n && memchr(s.p, '\\', s.n);
}

static void
compare(struct str s, struct str got)
{
    struct json_doc doc;
    struct fault f;
    json_doc_init(&doc);
    if (!json_doc_parse(&doc, s, &f) && json_kind(&doc, JSON_ROOT) == JSON_OBJECT
        && !has_escapes(s)) {
        uint32_t at = json_member(&doc, JSON_ROOT, STR("usage"));
        struct str wanted = at ? json_raw(&doc, at) : (struct str){ NULL, 0 };
        if (wanted.n <= JSON_PICK_MAX && !are_same(got, wanted))
            abort();
    }
    json_doc_fini(&doc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct json_pick whole, cut;
    if (n == 0)
        return 0;
    struct str s = str_make((const char *)data + 1, n - 1);
    size_t split = s.n ? data[0] % (s.n + 1) : 0;
    json_pick_init(&whole, STR("usage"));
    json_pick_init(&cut, STR("usage"));
    if (s.n) {
        json_pick_feed(&whole, s.p, s.n);
        json_pick_feed(&cut, s.p, split);
        json_pick_feed(&cut, s.p + split, s.n - split);
    }
    if (!are_same(json_pick_value(&whole), json_pick_value(&cut)))
        abort();
    compare(s, json_pick_value(&whole));
    return 0;
}
