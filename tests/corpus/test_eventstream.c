/* The published vectors of the binary event stream, and every recorded body in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/base/base64.h"
#include "runtime/frame/eventstream.h"
#include "tests/corpus/wire.h"
#include "tests/lib/corpus.h"

#define FILE_BYTES_MAX (16u << 20)

struct run {
    struct json_doc doc;
    struct arena arena;
    struct buf out; /* the messages encoded anew, where all headers are strings */
    unsigned messages, bodies;
    bool strings; /* all headers of all messages so far are strings */
};

static int
set_up(void **state)
{
    struct run *r = calloc(1, sizeof *r);
    json_doc_init(&r->doc);
    arena_init(&r->arena, FILE_BYTES_MAX);
    buf_init(&r->out, FILE_BYTES_MAX);
    *state = r;
    return 0;
}

static int
tear_down(void **state)
{
    struct run *r = *state;
    json_doc_fini(&r->doc);
    arena_fini(&r->arena);
    buf_fini(&r->out);
    free(r);
    return 0;
}

static struct str
vector(struct run *r, const char *dir, const char *name)
{
    const char *path = arena_printf(&r->arena, "vectors/eventstream/%s/%s", dir, name).p;
    return wire_file(&r->arena, wire_path(&r->arena, path));
}

static int64_t
number(const struct run *r, uint32_t at, const char *member)
{
    int64_t v = 0;
    assert_true(json_int(&r->doc, json_member(&r->doc, at, str_from(member)), &v));
    return v;
}

/* The header's value as the vectors have it: true, false, a number, base64. */
static void
check_value(struct run *r, uint32_t at, const struct eventstream_header *h)
{
    struct buf text;
    int64_t v = 0, want = 0;
    uint32_t value = json_member(&r->doc, at, STR("value"));
    enum json_kind kind = json_kind(&r->doc, value);
    if (kind == JSON_TRUE || kind == JSON_FALSE) {
        assert_int_equal(h->type, kind == JSON_TRUE ? EVENTSTREAM_TRUE : EVENTSTREAM_FALSE);
        return;
    }
    if (kind == JSON_NUMBER) {
        for (size_t i = 0; i < h->value.n; i++)
            v = i ? v << 8 | (unsigned char)h->value.p[i] : (signed char)h->value.p[i];
        assert_true(json_int(&r->doc, value, &want));
        assert_true(v == want);
        return;
    }
    buf_init(&text, 1000);
    base64_encode(&text, h->value);
    assert_true(str_eq(buf_str(&text), json_text(&r->doc, value, &r->arena)));
    buf_fini(&text);
}

static enum err
check_vector(void *ctx, const struct eventstream_message *m)
{
    struct run *r = ctx;
    struct eventstream_header h;
    struct buf text;
    struct str rest = m->headers;
    uint32_t list = json_member(&r->doc, JSON_ROOT, STR("headers"));
    assert_int_equal(m->end - m->start, number(r, JSON_ROOT, "total_length"));
    assert_int_equal(m->headers.n, number(r, JSON_ROOT, "headers_length"));
    for (uint32_t i = list + 1; i < r->doc.nodes[list].next; i = r->doc.nodes[i].next) {
        assert_true(eventstream_header_next(&rest, &h));
        assert_true(json_text_is(&r->doc, json_member(&r->doc, i, STR("name")), h.name));
        assert_int_equal(h.type, number(r, i, "type"));
        check_value(r, i, &h);
    }
    assert_false(eventstream_header_next(&rest, &h));
    buf_init(&text, 1000);
    base64_encode(&text, m->payload);
    assert_true(
        json_text_is(&r->doc, json_member(&r->doc, JSON_ROOT, STR("payload")), buf_str(&text)));
    buf_fini(&text);
    r->messages++;
    return ERR_OK;
}

static void
published_vectors_decode_to_their_description(void **state)
{
    static const char *const names[] = { "all_headers", "empty_message", "int32_header",
                                         "payload_no_headers", "payload_one_str_header" };
    struct run *r = *state;
    WIRE_REQUIRE();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct eventstream s;
        struct str in = vector(r, "encoded/positive", names[i]);
        struct str want = vector(r, "decoded/positive", names[i]);
        assert_int_equal(json_doc_parse(&r->doc, want, NULL), ERR_OK);
        for (size_t step = 1; step <= in.n; step++) {
            eventstream_init(&s, SIZE_MAX, check_vector, r);
            for (struct str rest = in; rest.n; rest = str_skip(rest, step))
                assert_int_equal(eventstream_feed(&s, rest.p, rest.n < step ? rest.n : step),
                                 ERR_OK);
            assert_int_equal(eventstream_end(&s), ERR_OK);
            eventstream_fini(&s);
        }
        assert_int_equal(r->messages, in.n);
        r->messages = 0;
    }
}

static enum err
never(void *ctx, const struct eventstream_message *m)
{
    (void)ctx;
    (void)m;
    fail_msg("a corrupted message was delivered");
    return ERR_OK;
}

static void
published_corrupted_vectors_are_refused_for_their_reason(void **state)
{
    static const struct {
        const char *name, *why;
    } rows[] = {
        { "corrupted_header_len", "the checksum of a message's lengths is wrong" },
        { "corrupted_length", "the checksum of a message's lengths is wrong" },
        { "corrupted_headers", "the checksum of a message is wrong" },
        { "corrupted_payload", "the checksum of a message is wrong" },
    };
    struct run *r = *state;
    WIRE_REQUIRE();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str in = vector(r, "encoded/negative", rows[i].name);
        for (size_t cut = 0; cut <= in.n; cut++) {
            struct eventstream s;
            eventstream_init(&s, SIZE_MAX, never, r);
            enum err err = eventstream_feed(&s, in.p, cut);
            if (!err)
                err = eventstream_feed(&s, in.p + cut, in.n - cut);
            assert_int_equal(err, ERR_SYNTAX);
            assert_string_equal(s.why, rows[i].why);
            eventstream_fini(&s);
        }
    }
}

static enum err
encode(void *ctx, const struct eventstream_message *m)
{
    struct run *r = ctx;
    struct eventstream_writer w;
    struct eventstream_header h;
    struct str rest = m->headers;
    eventstream_open(&w, &r->out);
    while (eventstream_header_next(&rest, &h)) {
        r->strings = r->strings && h.type == EVENTSTREAM_STRING;
        eventstream_put(&w, h.name, h.value);
    }
    buf_puts(&r->out, m->payload);
    eventstream_close(&w);
    r->messages++;
    return ERR_OK;
}

static void
check_body(void *ctx, const char *path, struct str content)
{
    struct run *r = ctx;
    struct eventstream s;
    r->strings = true;
    buf_clear(&r->out);
    eventstream_init(&s, SIZE_MAX, encode, r);
    if (eventstream_feed(&s, content.p, content.n) || eventstream_end(&s))
        fail_msg("%s: %s at %zu: %s", path, err_name(s.err), s.offset, s.why);
    if (r->strings && !str_eq(buf_str(&r->out), content))
        fail_msg("%s is encoded otherwise", path);
    eventstream_fini(&s);
    r->bodies++;
}

static void
recorded_bodies_decode_and_encode_to_the_same_bytes(void **state)
{
    struct run *r = *state;
    WIRE_REQUIRE();
    corpus_each(wire_path(&r->arena, "recorded"), ".eventstream", check_body, r);
    printf("# %u recorded bodies, %u messages\n", r->bodies, r->messages);
    assert_true(r->bodies > 0 && r->messages > r->bodies);
}

int
main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ROW(published_vectors_decode_to_their_description),
        ROW(published_corrupted_vectors_are_refused_for_their_reason),
        ROW(recorded_bodies_decode_and_encode_to_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
