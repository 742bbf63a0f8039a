/* Any bytes as a JSON document: compared with the oracle node by node; what parses is decoded,
 * escaped and parsed again.  The first byte picks the depth limit. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/base64.h"
#include "runtime/base/utf8.h"
#include "runtime/json/doc.h"
#include "runtime/json/text.h"
#include "runtime/json/writer.h"
#include "tests/lib/json_oracle.h"

#define CHECK(what) ((what) ? (void)0 : (fprintf(stderr, "failed: %s\n", #what), abort()))

static struct json_doc doc; /* lives on, so that documents follow on documents of all kinds */

/* The text of a string node, escaped again, must decode to the same text. */
static void
check_string(uint32_t at, struct arena *a)
{
    struct str text = json_text(&doc, at, a);
    CHECK(text.p && utf8_valid(text.p, text.n) == text.n);
    CHECK(json_text_is(&doc, at, text));
    CHECK(json_unescape_is(json_inner(&doc, at), text));
    struct buf out;
    buf_init(&out, text.n * 6 + 2);
    struct jw w;
    jw_init(&w, &out);
    jw_string(&w, text);
    CHECK(out.err == ERR_OK);
    struct str inner = { out.p + 1, out.n - 2 };
    CHECK(json_unescape_is(inner, text));
    CHECK(str_eq(json_unescape(a, inner), text));
    buf_fini(&out);
}

static void
check_node(uint32_t at, struct arena *a)
{
    char path[FAULT_PATH];
    json_path(&doc, at, path, sizeof path);
    CHECK(utf8_valid(path, strlen(path)) == strlen(path));
    struct str raw = json_raw(&doc, at);
    CHECK(raw.p >= doc.src && raw.p + raw.n <= doc.src + doc.n);
    int64_t v;
    switch (json_kind(&doc, at)) {
    case JSON_STRING:
        check_string(at, a);
        break;
    case JSON_NUMBER:
        if (json_int(&doc, at, &v))
            CHECK((double)v == strtod(arena_printf(a, "%.*s", STR_ARG(raw)).p, NULL));
        break;
    case JSON_OBJECT:
        for (uint32_t i = at + 1; i < doc.nodes[at].next; i = doc.nodes[i + 1].next)
            CHECK(json_member(&doc, at, json_text(&doc, i, a)) > i);
        CHECK(json_count(&doc, at) <= doc.count);
        break;
    case JSON_ARRAY:
        CHECK(json_count(&doc, at) <= doc.count);
        break;
    case JSON_NONE:
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        break;
    }
}

static void
check_base64(struct str s)
{
    struct buf text, back;
    buf_init(&text, s.n * 2 + 4);
    buf_init(&back, s.n * 2 + 4);
    base64_encode(&text, s);
    CHECK(base64_decode(&back, buf_str(&text)) && str_eq(buf_str(&back), s));
    buf_clear(&back);
    if (base64_decode(&back, s)) {
        buf_clear(&text);
        base64_encode(&text, buf_str(&back));
        CHECK(text.n == (back.n + 2) / 3 * 4);
    }
    buf_fini(&text);
    buf_fini(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    if (!doc.depth_max)
        json_doc_init(&doc);
    doc.depth_max = data[0] % 2 ? JSON_DEPTH_MAX : data[0] / 16 + 1u;
    /* A copy of exact size, so that AddressSanitizer sees its end. */
    struct str src = { memcpy(malloc(n), data + 1, n - 1), n - 1 };
    struct fault f = { 0 };
    enum err err = json_doc_parse(&doc, src, &f);
    struct json_oracle o = { 0 };
    json_oracle_run(&o, src, doc.depth_max);
    char why[FAULT_TEXT + 100];
    if (!json_oracle_agrees(&o, &doc, err, &f, why, sizeof why)) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
    if (err) {
        CHECK(!strchr(f.text, '\n') && utf8_valid(f.text, strlen(f.text)) == strlen(f.text));
    } else {
        CHECK(str_eq(json_raw(&doc, JSON_ROOT), str_trim(src)));
        struct arena a;
        arena_init(&a, 1u << 30);
        for (uint32_t i = 1; i < doc.count && i < 2000; i++) {
            check_node(i, &a);
            arena_reset(&a);
        }
        arena_fini(&a);
    }
    check_base64(src);
    json_oracle_fini(&o);
    free((char *)(uintptr_t)src.p);
    return 0;
}
