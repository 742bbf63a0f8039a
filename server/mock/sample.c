/* Schemas to samples. */
#include "server/mock/sample.h"

#include "runtime/json/doc.h"
#include "runtime/json/writer.h"

#define DEPTH_MAX 12 /* of the value: deeper ones hold only what they must, and then nothing */
#define REFS_MAX  16 /* references followed for one value */
#define ITEMS_MAX 8

struct sampler {
    struct json_doc doc;
    struct arena arena;
    struct jw w;
    struct str text;
};

static void put_value(struct sampler *s, uint32_t at, unsigned depth);

static uint32_t
member(const struct sampler *s, uint32_t at, const char *key)
{
    return at && json_kind(&s->doc, at) == JSON_OBJECT ? json_member(&s->doc, at, str_from(key))
                                                       : 0;
}

/* The node that "#/$defs/name" means, or 0.  Names with escapes are not looked for. */
static uint32_t
follow(const struct sampler *s, struct str ref)
{
    uint32_t at = JSON_ROOT;
    if (!str_starts(ref, STR("#")))
        return 0;
    ref = str_skip(ref, 1);
    while (ref.n > 1 && at && json_kind(&s->doc, at) == JSON_OBJECT) {
        ref = str_skip(ref, 1);
        const char *slash = memchr(ref.p, '/', ref.n);
        size_t n = slash ? (size_t)(slash - ref.p) : ref.n;
        at = json_member(&s->doc, at, str_make(ref.p, n));
        ref = str_skip(ref, n);
    }
    return at;
}

/* The schema that says what the value is: behind references and choices. */
static uint32_t
resolve(struct sampler *s, uint32_t at)
{
    static const char *const choices[] = { "anyOf", "oneOf", "allOf" };
    for (unsigned i = 0; i < REFS_MAX && at; i++) {
        uint32_t ref = member(s, at, "$ref"), first = 0;
        if (ref && json_kind(&s->doc, ref) == JSON_STRING) {
            at = follow(s, json_text(&s->doc, ref, &s->arena));
            continue;
        }
        for (size_t k = 0; k < sizeof choices / sizeof *choices && !first; k++) {
            uint32_t list = member(s, at, choices[k]);
            if (list && json_kind(&s->doc, list) == JSON_ARRAY && json_count(&s->doc, list))
                first = list + 1;
        }
        if (!first)
            return at;
        at = first;
    }
    return 0;
}

/* The word of "type", or of its first that is not "null". */
static struct str
type_of(const struct sampler *s, uint32_t at)
{
    uint32_t type = member(s, at, "type");
    if (type && json_kind(&s->doc, type) == JSON_ARRAY) {
        uint32_t i = type + 1, end = s->doc.nodes[type].next;
        while (i < end && json_text_is(&s->doc, i, STR("null")))
            i = s->doc.nodes[i].next;
        type = i < end ? i : 0;
    }
    if (type && json_kind(&s->doc, type) == JSON_STRING)
        return json_inner(&s->doc, type);
    if (member(s, at, "properties"))
        return STR("object");
    return member(s, at, "items") ? STR("array") : STR("string");
}

static int64_t
number_of(const struct sampler *s, uint32_t at, const char *key, int64_t otherwise)
{
    uint32_t m = member(s, at, key);
    int64_t v;
    return m && json_kind(&s->doc, m) == JSON_NUMBER && json_int(&s->doc, m, &v) ? v : otherwise;
}

static bool
is_required(const struct sampler *s, uint32_t at, uint32_t key)
{
    uint32_t list = member(s, at, "required");
    if (!list || json_kind(&s->doc, list) != JSON_ARRAY)
        return false;
    for (uint32_t i = list + 1; i < s->doc.nodes[list].next; i = s->doc.nodes[i].next)
        if (str_eq(json_inner(&s->doc, i), json_inner(&s->doc, key)))
            return true;
    return false;
}

static void
put_object(struct sampler *s, uint32_t at, unsigned depth)
{
    uint32_t list = member(s, at, "properties");
    jw_object(&s->w);
    if (list && json_kind(&s->doc, list) == JSON_OBJECT)
        for (uint32_t key = list + 1; key < s->doc.nodes[list].next;) {
            uint32_t value = s->doc.nodes[key].next;
            if (depth < DEPTH_MAX / 2 || is_required(s, at, key)) {
                jw_key(&s->w, json_inner(&s->doc, key));
                put_value(s, value, depth + 1);
            }
            key = s->doc.nodes[value].next;
        }
    jw_close(&s->w);
}

static void
put_array(struct sampler *s, uint32_t at, unsigned depth)
{
    uint32_t items = member(s, at, "items");
    int64_t n = number_of(s, at, "minItems", 1);
    jw_array(&s->w);
    for (int64_t i = 0; i < n && i < ITEMS_MAX && items && depth < DEPTH_MAX / 2; i++)
        put_value(s, items, depth + 1);
    jw_close(&s->w);
}

/* The text, repeated until it is long enough. */
static void
put_text(struct sampler *s, uint32_t at)
{
    int64_t least = number_of(s, at, "minLength", 0);
    struct str text = { NULL, 0 };
    while (s->text.n && text.n < (size_t)least && text.n < 4096)
        if (!arena_append(&s->arena, &text, s->text))
            break;
    jw_string(&s->w, text.n ? text : s->text);
}

static void
put_typed(struct sampler *s, uint32_t at, unsigned depth)
{
    struct str type = type_of(s, at);
    if (str_is(type, "object"))
        put_object(s, at, depth);
    else if (str_is(type, "array"))
        put_array(s, at, depth);
    else if (str_is(type, "integer") || str_is(type, "number"))
        jw_int(&s->w, number_of(s, at, "minimum", number_of(s, at, "exclusiveMinimum", 0) + 1));
    else if (str_is(type, "boolean"))
        jw_bool(&s->w, true);
    else if (str_is(type, "null"))
        jw_null(&s->w);
    else
        put_text(s, at);
}

static void
put_value(struct sampler *s, uint32_t at, unsigned depth)
{
    at = resolve(s, at);
    uint32_t given = member(s, at, "const"), list = member(s, at, "enum");
    if (!given && list && json_kind(&s->doc, list) == JSON_ARRAY && json_count(&s->doc, list))
        given = list + 1;
    if (given)
        jw_raw(&s->w, json_raw(&s->doc, given));
    else if (depth >= DEPTH_MAX || !at)
        jw_null(&s->w);
    else
        put_typed(s, at, depth);
}

void
mock_sample(struct buf *out, struct str schema, struct str text)
{
    struct sampler s = { .text = text };
    json_doc_init(&s.doc);
    arena_init(&s.arena, 1 << 20);
    jw_init(&s.w, out);
    if (schema.n && json_doc_parse(&s.doc, schema, NULL) == ERR_OK)
        put_value(&s, JSON_ROOT, 0);
    else
        buf_puts(out, STR("{}"));
    json_doc_fini(&s.doc);
    arena_fini(&s.arena);
}
