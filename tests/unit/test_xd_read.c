/* Reading values: what is taken, what is refused with a path, what is noted as lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/fault.h"
#include "runtime/xd/flow.h"
#include "runtime/xd/wtf8.h"

/* {"a": .., "b": {"c": .., "d": ..}, "e": .. or {"f": ..}}; f has the slot of d */
static const struct xd_key b_v[] = { { STR_INIT("c"), 1, NULL }, { STR_INIT("d"), 2, NULL } };
static const struct xd_keys b_keys = { b_v, 2, "b" };
static const struct xd_key e_v[] = { { STR_INIT("f"), 2, NULL } };
static const struct xd_keys e_keys = { e_v, 1, "e" };
static const struct xd_key v[] = {
    { STR_INIT("a"), 0, NULL },
    { STR_INIT("b"), -1, &b_keys },
    { STR_INIT("e"), 3, &e_keys },
    { STR_INIT("type"), -1, NULL },
};
static const struct xd_keys keys = { v, 4, "" };
static const struct xd_shape keeps = { "toy", "thing", &keys, 4, XD_REST_KEEP, false, NULL, 0 };
static const struct xd_shape ignores = {
    "toy", "request", &keys, 4, XD_REST_IGNORE, false, NULL, 0
};

#define WORD(w, v, r, wr) \
    { \
        .wire = STR_INIT(w), .value = v, .read = r, .write = wr, .row = -1 \
    }
static const struct xd_word words_v[] = {
    WORD("auto", 1, 1, 1),
    WORD("any", 2, 1, 0),
    WORD("required", 2, 1, 1),
    WORD("none", 3, 0, 1),
};
static const struct xd_table words = { .v = words_v, .n = 4, .other = -1, .other_row = -1 };
static const struct xd_table open_words = { .v = words_v, .n = 4, .other = 7, .other_row = -1 };
static const struct xd_pair pairs_v[] = {
    { .wire = STR_INIT("wav"), .model = STR_INIT("audio/wav"), .read = 1, .write = 1, .row = -1 },
};
static const struct xd_pairs pairs = { .v = pairs_v, .n = 1 };
static const struct xd_tag tags_v[] = { { STR_INIT("text"), 4 }, { STR_INIT("image"), 5 } };
static const struct xd_tags tags = { STR_INIT("type"), tags_v, 2, -1 };
static const struct xd_tag soft_v[] = { { STR_INIT("text"), 4 }, { { NULL, 0 }, 6 } };
static const struct xd_tags soft = { STR_INIT("type"), soft_v, 2, 9 };
static const struct xd_member members_v[] = {
    { STR_INIT("text"), STR_INIT("isThought"), XD_IF_JSON, STR_INIT("true"), 1 },
    { STR_INIT("text"), { NULL, 0 }, XD_IF_THERE, { NULL, 0 }, 2 },
    { STR_INIT("inlineData"), STR_INIT("inlineData.mimeType"), XD_IF_BEGINS, STR_INIT("image/"),
      3 },
    { STR_INIT("inlineData"), STR_INIT("inlineData.as"), XD_IF_TEXT, STR_INIT("a"), 4 },
    { STR_INIT("inlineData.uri"), { NULL, 0 }, XD_IF_THERE, { NULL, 0 }, 5 },
};
static const struct xd_members members = { members_v, 5, -1, true };
static const struct xd_members exact_members = { members_v, 5, -1, false };
static const struct xd_members soft_members = { members_v, 5, 9, true };
static const struct xd_op ops[] = { { .kind = XD_OP_CHAT } };
static const struct xd_dialect dialect = { .abi = XD_ABI, .name = "toy", .ops = ops, .nops = 1 };

struct bench {
    struct arena arena;
    struct xd x;
    char text[512]; /* of the document */
};

static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    arena_init(&b->arena, 1u << 20);
    xd_init(&b->x, &dialect, XD_OP_CHAT, &b->arena, NULL);
    *state = b;
    return 0;
}

static int
tear_down(void **state)
{
    struct bench *b = *state;
    xd_fini(&b->x);
    arena_fini(&b->arena);
    free(b);
    return 0;
}

/* A fresh context on the document; the node of its root. */
static uint32_t
given(struct bench *b, enum xd_mode mode, const char *json)
{
    xd_fini(&b->x);
    arena_reset(&b->arena);
    xd_init(&b->x, &dialect, XD_OP_CHAT, &b->arena, NULL);
    b->x.mode = mode;
    snprintf(b->text, sizeof b->text, "%s", json);
    assert_int_equal(json_doc_parse(&b->x.doc, str_from(b->text), NULL), ERR_OK);
    return JSON_ROOT;
}

/* The fault as "path: text", the losses as "a, b", or "". */
static const char *
trouble(struct bench *b)
{
    static char out[1024];
    size_t n = 0;
    out[0] = '\0';
    if (b->x.err)
        n = (size_t)snprintf(out, sizeof out, "%s: %s", b->x.fault.path, b->x.fault.text);
    for (unsigned i = 0; i < b->x.lost.n; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%.*s", n ? ", " : "",
                              STR_ARG(b->x.lost.v[i]));
    return out;
}

static const char *
slots(struct bench *b, const uint32_t *s)
{
    static char out[256];
    size_t n = 0;
    for (int i = 0; i < 4; i++) {
        struct str raw = s[i] ? json_raw(&b->x.doc, s[i]) : STR("-");
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%.*s", i ? " " : "", STR_ARG(raw));
    }
    return out;
}

static void
a_scan_files_members_by_name(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *json, *want;
    } table[] = {
        { "{}", "- - - -" },
        { "{\"e\":4,\"a\":1,\"b\":{\"c\":2,\"d\":3}}", "1 2 3 4" },
        { "{\"e\":4,\"b\":{\"d\":3,\"c\":2},\"a\":1}", "1 2 3 4" },
        { "{\"a\":null,\"b\":null,\"e\":null}", "- - - -" },
        { "{\"a\":1,\"a\":2}", "2 - - -" },
        { "{\"a\":1,\"a\":null}", "- - - -" },
        { "{\"b\":{\"c\":1},\"b\":{\"d\":2}}", "- - 2 -" },
        { "{\"\\u0061\":1,\"\\u0062\":{\"\\u0063\":2}}", "1 2 - -" },
        { "{\"e\":{\"f\":1}}", "- - 1 {\"f\":1}" },
        { "{\"type\":\"x\",\"a\":[]}", "[] - - -" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint32_t s[4];
        uint32_t at = given(b, XD_STRICT, table[i].json);
        assert_true(xd_scan(&b->x, at, &ignores, s, NULL));
        assert_string_equal(slots(b, s), table[i].want);
        assert_string_equal(trouble(b), "");
    }
}

static void
unknown_members_are_kept_or_called_lost_or_ignored(void **state)
{
    struct bench *b = *state;
    uint32_t s[4];
    struct ir_rest rest = { 0 };
    uint32_t at = given(b, XD_STRICT, "{\"z\\n\":[1, 2],\"b\":{\"y\":\"x\",\"w\":null},\"a\":1}");
    assert_true(xd_scan(&b->x, at, &keeps, s, &rest));
    assert_int_equal(rest.n, 3);
    assert_true(str_is(rest.v[0].key, "z\\n") && str_is(rest.v[0].value, "[1, 2]"));
    assert_string_equal(rest.v[0].container, "");
    assert_true(str_is(rest.v[1].key, "y") && str_is(rest.v[1].value, "\"x\""));
    assert_string_equal(rest.v[1].container, "b");
    assert_true(str_is(rest.v[2].value, "null") && rest.v[2].shape == &keeps);
    assert_string_equal(trouble(b), "");

    at = given(b, XD_STRICT, "{\"z\":1,\"b\":{\"y\":2,\"n\":null},\"z\":3}");
    assert_true(xd_scan(&b->x, at, &ignores, s, NULL));
    assert_string_equal(trouble(b), "");
    at = given(b, XD_STRICT, "{\"z\":1,\"b\":{\"y\":2}}");
    assert_true(xd_scan(&b->x, at, &keeps, s, NULL));
    assert_string_equal(trouble(b), "thing.z, thing.b.y");
}

static void
members_in_camel_case_are_read_in_snake_case_too(void **state)
{
    static const struct xd_key in_v[] = { { STR_INIT("mimeType"), 1, NULL } };
    static const struct xd_keys in = { in_v, 1, "inlineData" };
    static const struct xd_key camel_v[] = {
        { STR_INIT("aB"), 0, NULL },
        { STR_INIT("inlineData"), -1, &in },
        { STR_INIT("topP"), 2, NULL },
        { STR_INIT("x"), 3, NULL },
    };
    static const struct xd_keys camel_keys = { camel_v, 4, "" };
    static const struct xd_shape camel = { "toy",        "thing", &camel_keys, 4,
                                           XD_REST_KEEP, true,    NULL,        0 };
    struct bench *b = *state;
    uint32_t s[4];
    assert_true(xd_scan(
        &b->x,
        given(b, XD_STRICT, "{\"a_b\":1,\"inline_data\":{\"mime_type\":2},\"topP\":3,\"x\":4}"),
        &camel, s, NULL));
    assert_string_equal(slots(b, s), "1 2 3 4");
    assert_string_equal(trouble(b), "");
    assert_true(xd_scan(&b->x, given(b, XD_STRICT, "{\"a_B\":1,\"ab\":1,\"top_\":1,\"x_\":1}"),
                        &camel, s, NULL));
    assert_string_equal(slots(b, s), "- - - -");
    assert_string_equal(trouble(b), "thing.a_B, thing.ab, thing.top_, thing.x_");
}

static void
what_is_no_object_cannot_be_scanned(void **state)
{
    struct bench *b = *state;
    uint32_t s[4];
    assert_false(xd_scan(&b->x, given(b, XD_STRICT, "[1]"), &ignores, s, NULL));
    assert_string_equal(trouble(b), ": expected object, found array");
    assert_false(xd_scan(&b->x, given(b, XD_LENIENT, "7"), &ignores, s, NULL));
    assert_string_equal(trouble(b), "body");
    assert_false(xd_scan(&b->x, given(b, XD_STRICT, "{\"b\":\"x\"}"), &ignores, s, NULL));
    assert_string_equal(trouble(b), "b: expected object, found string");
    assert_true(xd_scan(&b->x, given(b, XD_LENIENT, "{\"a\":1,\"b\":7}"), &ignores, s, NULL));
    assert_string_equal(trouble(b), "b");
    assert_string_equal(slots(b, s), "1 - - -");
}

/* Read the value of member "v" of the document in some way and say what came out. */
typedef void read_fn(struct xd *x, uint32_t at, char *out, size_t room);

static void
show(char *out, size_t room, struct str s)
{
    snprintf(out, room, "%s%.*s", s.p ? "=" : "-", STR_ARG(s));
}

#define READ_STR(name) \
    static void name(struct xd *x, uint32_t at, char *out, size_t room) \
    { \
        struct str s = { NULL, 0 }; \
        xd_##name(x, at, &s); \
        show(out, room, s); \
    }
READ_STR(read_str)
READ_STR(read_json)
READ_STR(read_json_object)
READ_STR(read_json_in_string)
READ_STR(read_real)
READ_STR(read_part)

static void
read_int(struct xd *x, uint32_t at, char *out, size_t room)
{
    struct ir_int n = { 0 };
    xd_read_int(x, at, &n);
    snprintf(out, room, n.set ? "%lld" : "-", (long long)n.v);
}

static void
read_seconds(struct xd *x, uint32_t at, char *out, size_t room)
{
    struct ir_int n = { 0 };
    xd_read_seconds(x, at, &n);
    snprintf(out, room, n.set ? "%lld" : "-", (long long)n.v);
}

static void
read_bool(struct xd *x, uint32_t at, char *out, size_t room)
{
    enum ir_bool yes = IR_UNSET, no = IR_UNSET;
    xd_read_bool(x, at, &yes);
    xd_read_not(x, at, &no);
    snprintf(out, room, "%d%d", (int)yes, (int)no);
}

static void
read_word(struct xd *x, uint32_t at, char *out, size_t room)
{
    snprintf(out, room, "%d", xd_read_word(x, at, &words));
}

static void
read_open_word(struct xd *x, uint32_t at, char *out, size_t room)
{
    snprintf(out, room, "%d", xd_read_word(x, at, &open_words));
}

static void
try_word(struct xd *x, uint32_t at, char *out, size_t room)
{
    snprintf(out, room, "%d", xd_try_word(x, at, &words));
}

static void
read_pair(struct xd *x, uint32_t at, char *out, size_t room)
{
    struct str s = { NULL, 0 };
    xd_read_pair(x, at, &pairs, &s);
    show(out, room, s);
}

static void
show_list(char *out, size_t room, const struct ir_strs *l)
{
    size_t n = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < l->n; i++)
        n += (size_t)snprintf(out + n, room - n, "%s%.*s", i ? "|" : "", STR_ARG(l->v[i]));
}

static void
read_strs(struct xd *x, uint32_t at, char *out, size_t room)
{
    struct ir_strs l = { 0 };
    xd_read_strs(x, at, &l);
    show_list(out, room, &l);
}

static void
read_jsons(struct xd *x, uint32_t at, char *out, size_t room)
{
    struct ir_strs l = { 0 };
    xd_read_jsons(x, at, &l);
    show_list(out, room, &l);
}

static void
show_source(char *out, size_t room, const struct ir_source *s)
{
    if (s->kind == IR_SOURCE_BYTES)
        snprintf(out, room, "%.*s %.*s", STR_ARG(s->bytes.media), STR_ARG(s->bytes.data));
    else
        snprintf(out, room, "%s%.*s", s->kind == IR_SOURCE_URL ? "url " : "-", STR_ARG(s->url.url));
}

static void
read_media_url(struct xd *x, uint32_t at, char *out, size_t room)
{
    struct ir_source s = { 0 };
    xd_read_media_url(x, at, &s);
    show_source(out, room, &s);
}

static void
read_data_url(struct xd *x, uint32_t at, char *out, size_t room)
{
    struct ir_source s = { 0 };
    xd_read_data_url(x, at, &s);
    show_source(out, room, &s);
}

static void
tag(struct xd *x, uint32_t at, char *out, size_t room)
{
    snprintf(out, room, "%d", xd_tag(x, at, &tags));
}

static void
soft_tag(struct xd *x, uint32_t at, char *out, size_t room)
{
    snprintf(out, room, "%d", xd_tag(x, at, &soft));
}

static void
member(struct xd *x, uint32_t at, char *out, size_t room)
{
    snprintf(out, room, "%d", xd_member(x, at, &members));
}

static void
exact_member(struct xd *x, uint32_t at, char *out, size_t room)
{
    snprintf(out, room, "%d", xd_member(x, at, &exact_members));
}

static void
soft_member(struct xd *x, uint32_t at, char *out, size_t room)
{
    snprintf(out, room, "%d", xd_member(x, at, &soft_members));
}

static void
values_are_read_or_refused_by_their_type(void **state)
{
    struct bench *b = *state;
    static const struct {
        read_fn *read;
        const char *json;                 /* the value of member v */
        const char *strict, *strict_said; /* the result and the trouble */
        const char *lenient, *lenient_said;
    } table[] = {
        { read_str, "\"a\\u00e9\"", "=a\xc3\xa9", "", "=a\xc3\xa9", "" },
        { read_str, "\"\"", "=", "", "=", "" },
        { read_str, "502", "-", "v: expected string, found number", "=502", "" },
        { read_str, "{}", "-", "v: expected string, found object", "-", "v" },
        { read_json, "[1, 2]", "=[1, 2]", "", "=[1, 2]", "" },
        { read_json_object, "{ }", "={ }", "", "={ }", "" },
        { read_json_object, "\"{}\"", "-", "v: expected object, found string", "-", "v" },
        { read_json_in_string, "\"{\\\"a\\\":1}\"", "={\"a\":1}", "", "={\"a\":1}", "" },
        { read_json_in_string, "{\"a\":1}", "-", "v: expected string, found object", "={\"a\":1}",
          "" },
        { read_part, "\"\\ud83d\"", "=\xef\xbf\xbd", "", "=\xef\xbf\xbd", "" },
        { read_real, "1.50", "=1.50", "", "=1.50", "" },
        { read_real, "\"1\"", "-", "v: expected number, found string", "-", "v" },
        { read_int, "7", "7", "", "7", "" },
        { read_int, "3.0", "3", "", "3", "" },
        { read_int, "1.5", "-", "v: expected a 64-bit integer, found 1.5", "-", "v" },
        { read_int, "99999999999999999999", "-",
          "v: expected a 64-bit integer, found 99999999999999999999", "-", "v" },
        { read_int, "true", "-", "v: expected number, found true", "-", "v" },
        { read_seconds, "\"12\"", "12", "", "12", "" },
        { read_seconds, "12", "12", "", "12", "" },
        { read_seconds, "\"Wed, 21 Oct 2015\"", "-", "", "-", "" },
        { read_bool, "true", "21", "", "21", "" },
        { read_bool, "false", "12", "", "12", "" },
        { read_bool, "0", "00", "v: expected boolean, found number", "00", "v" },
        { read_word, "\"auto\"", "1", "", "1", "" },
        { read_word, "\"a\\u006ey\"", "2", "", "2", "" },
        { read_word, "\"none\"", "0",
          "v: unknown value \"none\", expected one of \"auto\", \"any\", \"required\"", "0", "v" },
        { read_word, "\"\"", "0",
          "v: unknown value \"\", expected one of \"auto\", \"any\", \"required\"", "0", "" },
        { read_word, "1", "0", "v: expected string, found number", "0", "v" },
        { read_open_word, "\"what\"", "7", "", "7", "" },
        { read_open_word, "\"\"", "7", "", "0", "" },
        { try_word, "\"what\"", "0", "", "0", "" },
        { try_word, "{}", "0", "", "0", "" },
        { read_pair, "\"wav\"", "=audio/wav", "", "=audio/wav", "" },
        { read_pair, "\"ogg\"", "=ogg", "", "=ogg", "" },
        { read_strs, "[\"a\",\"\"]", "a|", "", "a|", "" },
        { read_strs, "[\"a\",{}]", "a", "v[1]: expected string, found object", "a", "v" },
        { read_strs, "\"a\"", "", "v: expected array, found string", "", "v" },
        { read_jsons, "[1, {\"a\": 2}]", "1|{\"a\": 2}", "", "1|{\"a\": 2}", "" },
        { read_media_url, "\"https://x/y.png\"", "url https://x/y.png", "", "url https://x/y.png",
          "" },
        { read_media_url, "\"data:image/png;base64,QUJD\"", "image/png QUJD", "", "image/png QUJD",
          "" },
        { read_media_url, "\"DATA:image/png;charset=x;BASE64,QUJD\"", "image/png QUJD", "",
          "image/png QUJD", "" },
        { read_media_url, "\"data:,a%20b%2\"", "text/plain YSBiJTI=", "",
          "text/plain YSBiJTI=", "" },
        { read_media_url, "\"data:nothing\"", "url data:nothing", "", "url data:nothing", "" },
        { read_data_url, "\"JVBERi0xLjQ=\"", "application/pdf JVBERi0xLjQ=", "",
          "application/pdf JVBERi0xLjQ=", "" },
        { read_data_url, "\"data:application/pdf;base64,QQ==\"", "application/pdf QQ==", "",
          "application/pdf QQ==", "" },
        { read_data_url, "\"https://x/y.pdf\"", "url https://x/y.pdf", "", "url https://x/y.pdf",
          "" },
        { tag, "{\"type\":\"image\"}", "5", "", "5", "" },
        { tag, "{\"type\":\"\\u0074ext\"}", "4", "", "4", "" },
        { tag, "{\"type\":\"x\"}", "-1",
          "v.type: unknown value \"x\", expected one of \"text\", \"image\"", "-1", "type:x" },
        { tag, "{}", "-1", "v.type: a required member is missing", "-1", "v.type" },
        { tag, "{\"type\":1}", "-1", "v.type: expected string, found number", "-1", "v.type" },
        { tag, "[]", "-1", "v: expected object, found array", "-1", "v" },
        { soft_tag, "{}", "6", "", "6", "" },
        { soft_tag, "{\"type\":null}", "6", "", "6", "" },
        { soft_tag, "{\"type\":\"x\"}", "9", "", "9", "" },
        { member, "{\"text\":\"\",\"isThought\":true}", "1", "", "1", "" },
        { member, "{\"text\":\"\",\"is_thought\":true}", "1", "", "1", "" },
        { member, "{\"text\":\"\",\"isThought\":false}", "2", "", "2", "" },
        { member, "{\"isThought\":true,\"text\":\"\"}", "1", "", "1", "" },
        { member, "{\"inline_data\":{\"mime_type\":\"image/png\"}}", "3", "", "3", "" },
        { member, "{\"inlineData\":{\"mimeType\":7,\"as\":\"a\"}}", "4", "", "4", "" },
        { member, "{\"text\":null,\"inlineData\":{\"uri\":0}}", "5", "", "5", "" },
        { exact_member, "{\"text\":\"\",\"is_thought\":true}", "2", "", "2", "" },
        { soft_member, "{\"inlineData\":\"x\"}", "9", "", "9", "" },
        { member, "{\"inlineDatA\":{}}", "-1",
          "v: expected one of the members text, inlineData, inlineData.uri", "-1", "v" },
        { member, "[]", "-1", "v: expected object, found array", "-1", "v" },
    };
    for (size_t i = 0; i < 2 * (sizeof table / sizeof *table); i++) {
        bool strict = i % 2 == 0;
        char json[256], got[256];
        snprintf(json, sizeof json, "{\"v\":%s}", table[i / 2].json);
        uint32_t at = given(b, strict ? XD_STRICT : XD_LENIENT, json);
        table[i / 2].read(&b->x, at + 2, got, sizeof got);
        const char *want = strict ? table[i / 2].strict : table[i / 2].lenient;
        const char *said = strict ? table[i / 2].strict_said : table[i / 2].lenient_said;
        if (strcmp(got, want) != 0 || strcmp(trouble(b), said) != 0)
            fail_msg("%s, %s: %s (%s)\n--- wanted %s (%s)", table[i / 2].json,
                     strict ? "strict" : "lenient", got, trouble(b), want, said);
    }
}

static void
a_missing_member_changes_nothing(void **state)
{
    struct bench *b = *state;
    struct str s = STR("kept");
    struct ir_int n = { 5, true };
    given(b, XD_STRICT, "{}");
    xd_read_str(&b->x, 0, &s);
    xd_read_json(&b->x, 0, &s);
    xd_read_part(&b->x, 0, &s);
    xd_read_int(&b->x, 0, &n);
    assert_int_equal(xd_read_word(&b->x, 0, &words), 0);
    assert_true(str_is(s, "kept") && n.v == 5);
    assert_string_equal(trouble(b), "");
    xd_missing(&b->x, JSON_ROOT, "model");
    assert_string_equal(trouble(b), "model: a required member is missing");
}

static void
the_first_fault_stays(void **state)
{
    struct bench *b = *state;
    uint32_t at = given(b, XD_STRICT, "{\"m\":[{\"c\":1},{\"c\":2}]}");
    uint32_t second = json_member(&b->x.doc, at + 2 + 4, STR("c"));
    xd_mismatch(&b->x, second, "string or array");
    xd_mismatch(&b->x, at, "nothing");
    assert_string_equal(trouble(b), "m[1].c: expected string or array, found number");
    assert_int_equal(b->x.err, ERR_TYPE);
    assert_int_equal(b->x.fault.offset, 19);
}

static void
names_of_losses_are_distinct_and_fit_for_a_header(void **state)
{
    struct bench *b = *state;
    given(b, XD_LENIENT, "{}");
    xd_lose(&b->x, "a");
    xd_lose(&b->x, "a");
    xd_lose(&b->x, "b\r\nx: y, \"\xc3\xa9\"");
    assert_int_equal(b->x.lost.n, 2);
    assert_true(str_is(b->x.lost.v[1], "b??x:?y??????"));
    char name[16];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "n%d", i);
        xd_lose(&b->x, name);
    }
    assert_int_equal(b->x.lost.n, XD_LOSSES_MAX);
    assert_int_equal(b->x.lost.more, 100 + 2 - XD_LOSSES_MAX);
}

static void
memory_has_an_end(void **state)
{
    struct bench *b = *state;
    struct arena small;
    arena_init(&small, 64);
    given(b, XD_STRICT, "{\"v\":[\"\\u0061\",\"b\"]}");
    b->x.arena = &small;
    struct ir_strs l = { 0 };
    xd_read_strs(&b->x, JSON_ROOT + 2, &l);
    assert_int_equal(b->x.err, ERR_LIMIT);
    b->x.arena = &b->arena;
    arena_fini(&small);
}

static void
choices_and_turns_are_made_as_needed(void **state)
{
    struct bench *b = *state;
    struct ir_request m = { 0 };
    struct ir_reply r = { 0 };
    given(b, XD_STRICT, "{}");
    struct ir_turn *t = xd_turn(&b->x, &m, IR_ROLE_USER);
    assert_ptr_equal(t, xd_turn(&b->x, &m, IR_ROLE_USER));
    assert_ptr_not_equal(t, xd_turn(&b->x, &m, IR_ROLE_ASSISTANT));
    assert_int_equal(m.turns.n, 2);
    assert_int_equal(xd_choice(&b->x, &r.choices, 2)->index, 2);
    assert_int_equal(r.choices.n, 3);
    assert_null(xd_choice(&b->x, &r.choices, XD_CHOICES_MAX));
    assert_int_equal(b->x.err, ERR_LIMIT);
}

static void
a_fragment_keeps_its_halves(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *inner, *wtf8;
    } table[] = {
        { "a", "a" },
        { "\\ud83d\\ude00", "\xf0\x9f\x98\x80" },
        { "a\\ud83d", "a\xed\xa0\xbd" },
        { "\\ude00b", "\xed\xb8\x80"
                      "b" },
        { "\\uDE00\\uD83D", "\xed\xb8\x80\xed\xa0\xbd" },
        { "a\\ude00\\ud83db", "a\xef\xbf\xbd\xef\xbf\xbd"
                              "b" },
        { "\\u00e9\\ud83d", "\xc3\xa9\xed\xa0\xbd" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct str s = wtf8_unescape(&b->arena, str_from(table[i].inner));
        assert_true(str_is(s, table[i].wtf8));
    }
}

static void
halves_are_joined_with_what_follows(void **state)
{
    struct bench *b = *state;
    static const struct {
        unsigned half;
        const char *s, *want;
        unsigned left;
    } table[] = {
        { 0, "a", "a", 0 },
        { 0, "a\xed\xa0\xbd", "a", 0xd83d },
        { 0xd83d, "\xed\xb8\x80z", "\xf0\x9f\x98\x80z", 0 },
        { 0xd83d, "z", "\xef\xbf\xbdz", 0 },
        { 0xd83d, "", "", 0xd83d },
        { 0xd83d, "\xed\xa0\xbd", "\xef\xbf\xbd", 0xd83d },
        { 0, "\xed\xb8\x80", "\xef\xbf\xbd", 0 },
        { 0xd83d, "\xed\xb8\x80\xed\xa0\xbd", "\xf0\x9f\x98\x80", 0xd83d },
        { 0, "\xed\x9f\xbf", "\xed\x9f\xbf", 0 }, /* U+D7FF is a character */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        unsigned half = table[i].half;
        struct str s = wtf8_join(&b->arena, str_from(table[i].s), &half);
        assert_true(str_is(s, table[i].want));
        assert_int_equal(half, table[i].left);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_scan_files_members_by_name),
        TEST(unknown_members_are_kept_or_called_lost_or_ignored),
        TEST(members_in_camel_case_are_read_in_snake_case_too),
        TEST(what_is_no_object_cannot_be_scanned),
        TEST(values_are_read_or_refused_by_their_type),
        TEST(a_missing_member_changes_nothing),
        TEST(the_first_fault_stays),
        TEST(names_of_losses_are_distinct_and_fit_for_a_header),
        TEST(memory_has_an_end),
        TEST(choices_and_turns_are_made_as_needed),
        TEST(a_fragment_keeps_its_halves),
        TEST(halves_are_joined_with_what_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
