/* What the emulator refuses and what it says, in terms of the model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/xd/translate.h"
#include "server/mock/check.h"
#include "server/mock/compose.h"
#include "server/mock/sample.h"
#include "server/mock/seal.h"
#include "server/mock/speech.h"

/* A request in the dialect that a path stands for, and what was made of it. */
struct talk {
    struct arena arena;
    struct mock_route route;
    struct ir_request m;
    struct mock_options o;
    struct ir_reply reply;
    struct ir_error error;
};

static void
begin(struct talk *t, const char *path, const char *body)
{
    struct xd x;
    memset(t, 0, sizeof *t);
    arena_init(&t->arena, 16 << 20);
    assert_true(mock_route_find(STR("POST"), str_from(path), STR(""), &t->route));
    xd_init(&x, t->route.dialect, t->route.op->kind, &t->arena, NULL);
    if (xd_request_read(&x, str_from(body), &t->m))
        fail_msg("%s: %s: %s", body, x.fault.path, x.fault.text);
    xd_fini(&x);
}

/* The name of a provider and a version stand before the paths of its spec, whatever these are. */
static void
route_takes_the_model_from_the_path_alone(void **state)
{
    (void)state;
    static const struct {
        const char *path, *model;
    } rows[] = {
        { "/anthropic_vertex/v1/claude-x:rawPredict", "claude-x" },
        { "/anthropic_vertex/claude-x:rawPredict", "claude-x" },
        { "/gemini/v1/models/gemini-x:generateContent", "gemini-x" },
        { "/v1beta/models/gemini-x:generateContent", "gemini-x" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mock_route r;
        assert_true(mock_route_find(STR("POST"), str_from(rows[i].path), STR(""), &r));
        if (!str_is(r.asked.model, rows[i].model))
            fail_msg("%s: \"%.*s\"", rows[i].path, STR_ARG(r.asked.model));
    }
    struct mock_route chat;
    assert_true(mock_route_find(STR("POST"), STR("/groq/v1/chat/completions"), STR(""), &chat));
    assert_string_equal(chat.dialect->name, "groq");
}

static void
compose(struct talk *t, const char *path, const char *body)
{
    begin(t, path, body);
    if (!mock_check(&t->route, &t->m, t->m.model, &t->arena, &t->error))
        fail_msg("%s: %.*s", body, STR_ARG(t->error.message));
    assert_true(mock_compose(&t->o, &t->o.manner, &t->m, t->m.model, &t->arena, &t->reply));
}

static void
end(struct talk *t)
{
    arena_fini(&t->arena);
}

#define CHAT     "/v1/chat/completions"
#define MESSAGES "/v1/messages"
#define ONE(text) \
    "{\"model\":\"m\",\"max_tokens\":1000,\"messages\":[{\"role\":\"user\"," \
    "\"content\":" text "}]}"
#define WITH(more, text) \
    "{\"model\":\"m\",\"max_tokens\":1000," more ",\"messages\":[{\"role\":" \
    "\"user\",\"content\":" text "}]}"
#define TOOLS \
    "\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\",\"properties\":" \
    "{\"a\":{\"type\":\"string\"}}}},{\"name\":\"g\",\"input_schema\":{\"type\":\"object\"}}]"

static const struct ir_block *
block(const struct talk *t, unsigned i)
{
    assert_true(i < t->reply.choices.v[0].blocks.n);
    return &t->reply.choices.v[0].blocks.v[i];
}

static void
assert_text(const struct talk *t, unsigned i, const char *want)
{
    const struct ir_block *b = block(t, i);
    assert_int_equal(b->kind, IR_BLOCK_TEXT);
    if (!str_is(b->text.text, want))
        fail_msg("said \"%.*s\", not \"%s\"", STR_ARG(b->text.text), want);
}

static void
compose_repeats_what_it_was_told(void **state)
{
    static const struct {
        const char *body, *want;
    } cases[] = {
        { ONE("\"Hello\""), "You said: Hello." },
        { ONE("\"two\\nlines\""), "You said: two\nlines." },
        { ONE("\"say:exactly this\\nsay:and this\""), "exactly this\nand this" },
        { ONE("[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]"),
          "You said: a\nb." },
        { WITH("\"system\":\"Be brief\"", "\"Hi\""), "You said: Hi. Instructions: Be brief." },
        { WITH("\"stop_sequences\":[\"zzz\",\"wo\"]", "\"one two three\""), "You said: one t" },
        { ONE("[{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\","
              "\"data\":\"aGVsbG8=\"}}]"),
          "Image: image/png, 5 bytes, sha256 2cf24dba5fb0a30e." },
        { ONE("[{\"type\":\"document\",\"title\":\"T\",\"source\":{\"type\":\"text\","
              "\"media_type\":\"text/plain\",\"data\":\"hello\"}}]"),
          "Document \"T\": text/plain, 5 bytes, sha256 2cf24dba5fb0a30e." },
        { ONE("[{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"http://h/x\"}}]"),
          "Image: url http://h/x ." },
        { "{\"model\":\"m\",\"max_tokens\":3,\"messages\":[{\"role\":\"user\",\"content\":"
          "\"Hello\"}]}",
          "You said: He" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct talk t;
        compose(&t, MESSAGES, cases[i].body);
        assert_text(&t, 0, cases[i].want);
        end(&t);
    }
}

static void
compose_says_why_it_stops(void **state)
{
    static const struct {
        const char *body;
        enum ir_stop want;
    } cases[] = {
        { ONE("\"Hello\""), IR_STOP_END },
        { WITH("\"stop_sequences\":[\"said\"]", "\"Hi\""), IR_STOP_MATCH },
        { ONE("\"refuse:\""), IR_STOP_REFUSAL },
        { WITH(TOOLS, "\"call:f {}\""), IR_STOP_CALL },
        { "{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}",
          IR_STOP_LENGTH },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct talk t;
        compose(&t, MESSAGES, cases[i].body);
        assert_int_equal(t.reply.choices.v[0].stop, cases[i].want);
        end(&t);
    }
}

static void
compose_calls_the_tools_it_is_told_to(void **state)
{
    static const struct {
        const char *more, *text;
        unsigned n;
        const char *arguments;
    } cases[] = {
        { TOOLS, "\"call:f {\\\"a\\\": 1}\"", 1, "{\"a\": 1}" },
        { TOOLS, "\"call:f {}\\ncall:g\"", 2, "{}" },
        { TOOLS ",\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true}",
          "\"call:f {}\\ncall:g\"", 1, "{}" },
        { TOOLS ",\"tool_choice\":{\"type\":\"any\"}", "\"hi\"", 1, "{\"a\":\"sample\"}" },
        { TOOLS ",\"tool_choice\":{\"type\":\"tool\",\"name\":\"g\"}", "\"hi\"", 1, "{}" },
        { TOOLS ",\"tool_choice\":{\"type\":\"none\"}", "\"call:f {}\"", 0, NULL },
        { TOOLS, "\"call:unknown {}\"", 0, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct talk t;
        char body[1024];
        snprintf(body, sizeof body,
                 "{\"model\":\"m\",\"max_tokens\":1000,%s,\"messages\":"
                 "[{\"role\":\"user\",\"content\":%s}]}",
                 cases[i].more, cases[i].text);
        compose(&t, MESSAGES, body);
        const struct ir_blocks *l = &t.reply.choices.v[0].blocks;
        unsigned calls = 0;
        for (unsigned k = 0; k < l->n; k++)
            calls += l->v[k].kind == IR_BLOCK_CALL;
        assert_int_equal(calls, cases[i].n);
        if (calls)
            assert_true(str_is(l->v[0].call.arguments, cases[i].arguments));
        if (calls > 1)
            assert_false(str_eq(l->v[0].call.id, l->v[1].call.id));
        end(&t);
    }
}

static void
compose_thinks_with_a_signature_that_check_knows(void **state)
{
    struct talk t;
    char body[2048], thinking[512];
    (void)state;
    compose(&t, MESSAGES, WITH("\"thinking\":{\"type\":\"adaptive\"}", "\"seal:x\""));
    const struct ir_block *b = block(&t, 0);
    assert_int_equal(b->kind, IR_BLOCK_THINKING);
    assert_int_equal(block(&t, 1)->kind, IR_BLOCK_SEALED);
    assert_true(t.reply.usage.thinking.set);
    snprintf(thinking, sizeof thinking,
             "{\"type\":\"thinking\",\"thinking\":\"%.*s\","
             "\"signature\":\"%.*s\"}",
             STR_ARG(b->thinking.text), STR_ARG(b->thinking.signature));
    snprintf(body, sizeof body,
             "{\"model\":\"m\",\"max_tokens\":9,\"messages\":["
             "{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":[%s,"
             "{\"type\":\"redacted_thinking\",\"data\":\"%.*s\"}]},"
             "{\"role\":\"user\",\"content\":\"b\"}]}",
             thinking, STR_ARG(block(&t, 1)->sealed.data));
    struct talk next;
    compose(&next, MESSAGES, body);
    end(&next);
    end(&t);
}

static void
check_refuses_nonsense(void **state)
{
#define TURNS(x)     "{\"model\":\"m\",\"max_tokens\":2000,\"messages\":[" x "]}"
#define USER(x)      "{\"role\":\"user\",\"content\":" x "}"
#define ASSISTANT(x) "{\"role\":\"assistant\",\"content\":[" x "]}"
#define USE(id)      "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"f\",\"input\":{}}"
#define RESULT(id)   "[{\"type\":\"tool_result\",\"tool_use_id\":\"" id "\",\"content\":\"x\"}]"
    static const struct {
        const char *body, *want;
    } cases[] = {
        { "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[]}", "at least one" },
        { "{\"model\":\"m\",\"max_tokens\":0,\"messages\":[" USER("\"x\"") "]}", "at least 1" },
        { WITH("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":10}", "\"x\""), "1024" },
        { WITH("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}", "\"x\""), "below" },
        { WITH("\"tool_choice\":{\"type\":\"any\"}", "\"x\""), "without tools" },
        { WITH(TOOLS ",\"tool_choice\":{\"type\":\"tool\",\"name\":\"h\"}", "\"x\""), "\"h\"" },
        { TURNS(USER("\"a\"") "," ASSISTANT(USE("c1")) "," USER("\"b\"")), "no result" },
        { TURNS(USER("\"a\"") "," ASSISTANT(USE("c1")) "," USER(RESULT("c2"))), "a result of" },
        { TURNS(USER(RESULT("c1"))), "a result of" },
        { TURNS(USER("\"a\"") "," ASSISTANT(USE("c:1")) "," USER(RESULT("c:1"))),
          "does not match" },
        { TURNS(USER("\"\"")), "must not be empty" },
        { TURNS(USER("[]")), "nothing is said" },
        { WITH("\"output_config\":{\"format\":{\"new\":1}}", "\"x\""), "without its type" },
        { TURNS(USER("\"a\"") ","
                              "{\"role\":\"assistant\",\"content\":\"b \"}"),
          "white space" },
        { TURNS(USER("\"a\"") "," ASSISTANT("{\"type\":\"thinking\",\"thinking\":\"t\","
                                            "\"signature\":\"wrong\"}") "," USER("\"b\"")),
          "invalid signature" },
        { TURNS(USER("\"a\"") "," ASSISTANT(
              "{\"type\":\"redacted_thinking\",\"data\":\"eA==\"}") "," USER("\"b\"")),
          "invalid sealed" },
        { TURNS(USER("[{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":"
                     "\"image/png\",\"data\":\"!\"}}]")),
          "not base64" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct talk t;
        begin(&t, MESSAGES, cases[i].body);
        if (mock_check(&t.route, &t.m, t.m.model, &t.arena, &t.error))
            fail_msg("%s was taken", cases[i].body);
        char message[256];
        snprintf(message, sizeof message, "%.*s", STR_ARG(t.error.message));
        if (!strstr(message, cases[i].want))
            fail_msg("%s: said \"%s\"", cases[i].body, message);
        end(&t);
    }
}

static void
usage_counts_caches_and_choices(void **state)
{
    struct talk t;
    (void)state;
    compose(&t, MESSAGES,
            WITH("\"system\":[{\"type\":\"text\",\"text\":\"12345678\","
                 "\"cache_control\":{\"type\":\"ephemeral\"}}]",
                 "\"abcd\""));
    assert_int_equal(t.reply.usage.cache_write.v, 2);
    assert_int_equal(t.reply.usage.input.v, 1);
    assert_false(t.reply.usage.cache_read.set);
    end(&t);
    compose(&t, CHAT,
            "{\"model\":\"m\",\"n\":3,\"messages\":[{\"role\":\"system\",\"content\":"
            "\"12345678\"},{\"role\":\"user\",\"content\":\"abcd\"}]}");
    assert_int_equal(t.reply.usage.cache_read.v, 2);
    assert_int_equal(t.reply.usage.input.v, 1);
    assert_int_equal(t.reply.choices.n, 3);
    assert_false(str_eq(t.reply.choices.v[1].blocks.v[0].text.text,
                        t.reply.choices.v[2].blocks.v[0].text.text));
    end(&t);
}

/* --- speech --- */

struct listener {
    struct ir_collector collector;
    struct ir_grammar grammar;
    unsigned grown;
};

static void
listen(struct listener *l, const struct ir_event *e)
{
    ir_collector_event(&l->collector, e);
    ir_grammar_event(&l->grammar, e);
    l->grown += e->kind == IR_EVENT_GROW;
}

static void
speech_is_a_word_of_the_grammar_and_says_the_whole_reply(void **state)
{
    static const char *const bodies[] = {
        ONE("\"Hello, \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 world\""),
        WITH(TOOLS, "\"say:first\\ncall:f {\\\"a\\\": [1, 2, 3]}\\ncall:g\""),
        WITH("\"thinking\":{\"type\":\"adaptive\"}", "\"seal:x\\ncite:http://h/ Title\\nhi\""),
        ONE("\"refuse:no\""),
        WITH("\"stop_sequences\":[\"You\"]", "\"x\""),
    };
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        for (unsigned token = 1; token <= 64; token *= 4) {
            struct talk t;
            struct listener l = { 0 };
            struct mock_speech s;
            struct ir_event e;
            compose(&t, MESSAGES, bodies[i]);
            ir_collector_init(&l.collector, &t.arena);
            mock_speech_init(&s, &t.reply, token);
            while (mock_speech_next(&s, &e))
                listen(&l, &e);
            if (!ir_grammar_ok(&l.grammar))
                fail_msg("%s: %s", bodies[i], l.grammar.why);
            const struct ir_blocks *want = &t.reply.choices.v[0].blocks;
            const struct ir_blocks *got = &l.collector.reply.choices.v[0].blocks;
            assert_int_equal(got->n, want->n);
            for (unsigned k = 0; k < want->n; k++) {
                assert_int_equal(got->v[k].kind, want->v[k].kind);
                if (want->v[k].kind == IR_BLOCK_TEXT)
                    assert_true(str_eq(got->v[k].text.text, want->v[k].text.text));
                if (want->v[k].kind == IR_BLOCK_CALL)
                    assert_true(str_eq(got->v[k].call.arguments, want->v[k].call.arguments));
                if (want->v[k].kind == IR_BLOCK_THINKING)
                    assert_true(
                        str_eq(got->v[k].thinking.signature, want->v[k].thinking.signature));
            }
            end(&t);
        }
}

static void
speech_takes_turns_between_choices(void **state)
{
    struct talk t;
    struct mock_speech s;
    struct ir_event e;
    unsigned last = 9, changes = 0;
    (void)state;
    compose(&t, CHAT,
            "{\"model\":\"m\",\"n\":2,\"messages\":[{\"role\":\"user\",\"content\":"
            "\"a long enough text\"}]}");
    mock_speech_init(&s, &t.reply, 4);
    while (mock_speech_next(&s, &e))
        if (e.kind == IR_EVENT_GROW) {
            changes += e.choice != last;
            last = e.choice;
        }
    assert_true(changes > 6);
    end(&t);
}

/* --- samples --- */

static void
sample_fits_the_schema(void **state)
{
    static const struct {
        const char *schema, *want;
    } cases[] = {
        { "", "{}" },
        { "not json", "{}" },
        { "{\"type\":\"object\"}", "{}" },
        { "{\"type\":\"string\"}", "\"x\"" },
        { "{\"type\":\"string\",\"minLength\":3}", "\"xxx\"" },
        { "{\"type\":\"integer\",\"minimum\":7}", "7" },
        { "{\"type\":\"number\",\"exclusiveMinimum\":7}", "8" },
        { "{\"type\":[\"null\",\"boolean\"]}", "true" },
        { "{\"type\":\"null\"}", "null" },
        { "{\"enum\":[\"b\",\"c\"]}", "\"b\"" },
        { "{\"const\":{\"k\":1}}", "{\"k\":1}" },
        { "{\"type\":\"array\",\"minItems\":2,\"items\":{\"type\":\"integer\"}}", "[1,1]" },
        { "{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"null\"}]}", "1" },
        { "{\"properties\":{\"a\":{\"$ref\":\"#/$defs/A\"}},"
          "\"$defs\":{\"A\":{\"type\":\"integer\"}}}",
          "{\"a\":1}" },
        { "{\"$ref\":\"#\"}", "null" },
        { "{\"properties\":{\"a\":{\"type\":\"string\"},\"b\":{\"type\":\"array\",\"items\":"
          "{\"type\":\"object\",\"properties\":{\"c\":{\"type\":\"boolean\"}}}}}}",
          "{\"a\":\"x\",\"b\":[{\"c\":true}]}" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b;
        buf_init(&b, 4096);
        mock_sample(&b, str_from(cases[i].schema), STR("x"));
        if (!str_is(buf_str(&b), cases[i].want))
            fail_msg("%s: %.*s", cases[i].schema, STR_ARG(buf_str(&b)));
        buf_fini(&b);
    }
}

static void
sample_ends_for_schemas_that_hold_themselves(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 1 << 20);
    mock_sample(&b,
                STR("{\"type\":\"object\",\"required\":[\"next\"],\"properties\":"
                    "{\"next\":{\"$ref\":\"#\"},\"x\":{\"$ref\":\"#\"}}}"),
                STR("x"));
    assert_true(b.n > 2 && b.n < 100000);
    buf_fini(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(route_takes_the_model_from_the_path_alone),
        cmocka_unit_test(compose_repeats_what_it_was_told),
        cmocka_unit_test(compose_says_why_it_stops),
        cmocka_unit_test(compose_calls_the_tools_it_is_told_to),
        cmocka_unit_test(compose_thinks_with_a_signature_that_check_knows),
        cmocka_unit_test(check_refuses_nonsense),
        cmocka_unit_test(usage_counts_caches_and_choices),
        cmocka_unit_test(speech_is_a_word_of_the_grammar_and_says_the_whole_reply),
        cmocka_unit_test(speech_takes_turns_between_choices),
        cmocka_unit_test(sample_fits_the_schema),
        cmocka_unit_test(sample_ends_for_schemas_that_hold_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
