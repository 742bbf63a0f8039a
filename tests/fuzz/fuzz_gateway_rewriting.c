/* Any JSON: with its secrets replaced it is JSON of the same shape, and the values are gone. */
#include <stdint.h>
#include <stdlib.h>

#include "server/gateway/content.h"
#include "server/gateway/rewriting.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct redact_rules rules = {
    .which = REDACT_ALL, .mode = REDACT_HASH, .unfold = true, .key = STR_INIT("key")
};

static void
check(bool ok)
{
    if (!ok)
        abort();
}

/* The texts of all strings that are values; all data would be rewritten in its names, too. */
static void
check_gone(const struct json_doc *doc, struct vault *v, struct arena *a)
{
    for (uint32_t i = JSON_ROOT; i < doc->count; i++) {
        const struct vault_entry *e;
        size_t at;
        if (json_kind(doc, i) != JSON_STRING)
            continue;
        struct str text = json_text(doc, i, a);
        check(!text.p || content_is_encoded(text) || !vault_next_value(v, text, 0, &at, &e)
              || memchr(e->value.p, '[', e->value.n));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct json_doc doc, anew;
    struct arena a;
    struct vault v;
    struct buf out;
    struct fault f;
    json_doc_init(&doc);
    json_doc_init(&anew);
    arena_init(&a, 64u << 20);
    vault_init(&v, 1000, 1 << 20);
    buf_init(&out, 64u << 20);
    struct rewriting w = { .rules = &rules, .vault = &v, .arena = &a };
    if (n && !json_doc_parse(&doc, str_make((const char *)data, n), &f)) {
        unsigned char *marks = arena_alloc(&a, doc.count + 1);
        check(marks);
        marks[JSON_ROOT] = CONTENT_DATA;
        if (!rewriting_run(&w, &doc, marks, &out) && out.n) {
            check(json_doc_parse(&anew, buf_str(&out), &f) == ERR_OK);
            check(anew.count == doc.count);
            check_gone(&anew, &v, &a);
        }
    }
    json_doc_fini(&doc);
    json_doc_fini(&anew);
    arena_fini(&a);
    vault_fini(&v);
    buf_fini(&out);
    return 0;
}
