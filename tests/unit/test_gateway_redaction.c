/* Requests of every dialect without what they had to hide, whatever the dialect is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/json/text.h"
#include "runtime/xd/policy.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "server/gateway/content.h"
#include "server/gateway/rewriting.h"

#define PEM \
    "-----BEGIN PRIVATE KEY-----\n" \
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n" \
    "-----END PRIVATE KEY-----"
/* 256 bytes, and more. */
#define B64      PEM_LINE PEM_LINE PEM_LINE PEM_LINE
#define PEM_LINE "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"

static const struct redact_rules rules = {
    .which = REDACT_ALL, .mode = REDACT_HASH, .unfold = true, .key = STR_INIT("a key for tests")
};

/* Long texts stay as they stand in the document, as in the server, or all are decoded. */
static size_t verbatim_from;

static int
as_in_the_server(void **state)
{
    (void)state;
    verbatim_from = XD_VERBATIM;
    return 0;
}

static int
all_escaped_stay(void **state)
{
    (void)state;
    verbatim_from = 1;
    return 0;
}

/* --- one document -------------------------------------------------------------------------- */

struct bench {
    struct arena arena;
    struct vault vault;
    struct json_doc doc;
    struct buf out;
    struct rewriting w;
    enum err err;
};

static void
bench_init(struct bench *b)
{
    *b = (struct bench){ .err = ERR_OK };
    arena_init(&b->arena, 64u << 20);
    vault_init(&b->vault, 1000, 1 << 20);
    json_doc_init(&b->doc);
    buf_init(&b->out, 16u << 20);
}

static void
bench_fini(struct bench *b)
{
    vault_fini(&b->vault);
    json_doc_fini(&b->doc);
    buf_fini(&b->out);
    arena_fini(&b->arena);
}

/* The body of a request, as it is sent. */
static struct str
redact(struct bench *b, const struct xd_dialect *d, enum xd_op_kind kind, struct str body)
{
    struct xd_ask ask;
    struct xd x;
    xd_init(&x, d, kind, &b->arena, NULL);
    x.verbatim_from = verbatim_from;
    if (xd_ask_read(&x, body, &ask))
        fail_msg("%s: %s: %.*s", d->name, x.fault.text, STR_ARG(body));
    b->w = (struct rewriting){
        .rules = &rules, .vault = &b->vault, .arena = &b->arena, .stop = b->w.stop
    };
    const unsigned char *marks = content_of(&x.doc, &ask, &b->arena);
    assert_non_null(marks);
    buf_clear(&b->out);
    b->err = rewriting_run(&b->w, &x.doc, marks, &b->out);
    struct str sent = b->out.n ? arena_str(&b->arena, buf_str(&b->out)) : body;
    xd_fini(&x);
    return sent;
}

static bool
has(struct str s, const char *what)
{
    return memmem(s.p, s.n, what, strlen(what));
}

static void
check_json(struct bench *b, struct str s)
{
    struct fault f;
    if (json_doc_parse(&b->doc, s, &f))
        fail_msg("%s at %zu of %.*s", f.text, f.offset, STR_ARG(s));
}

/* --- every dialect: requests --------------------------------------------------------------- */

#define TEXT(t) \
    { \
        .kind = IR_BLOCK_TEXT, .text.text = STR_INIT(t) \
    }

static void
make_request(struct ir_request *q)
{
    static struct ir_block system[] = { TEXT("Obey sys@example.org.") };
    static struct ir_block asked[] = { TEXT("I am ann@example.org, \"ann\".\n" PEM) };
    static struct ir_block said[] = {
        TEXT("Hello ann@example.org!"),
        { .kind = IR_BLOCK_CALL,
          .call = { STR_INIT("call_1"),
                    STR_INIT("mail"),
                    STR_INIT("{\"to\":\"arg\\u0040example.org\",\"n\":1,\"map@example.org\":[\"x "
                             "list@example.org\"],\"key\":\"-----BEGIN PRIVATE KEY-----\\n" PEM_LINE
                             "\\n-----END PRIVATE KEY-----\"}"),
                    { 0 } } },
    };
    static struct ir_block found[] = { TEXT("{\"found\":\"res@example.org\"}") };
    static struct ir_block results[] = {
        { .kind = IR_BLOCK_RESULT,
          .result = { STR_INIT("call_1"), STR_INIT("mail"), { found, 1, 1 }, IR_UNSET } },
    };
    static struct ir_turn turns[] = {
        { .set = true, .role = IR_ROLE_USER, .blocks = { asked, 1, 1 } },
        { .set = true, .role = IR_ROLE_ASSISTANT, .blocks = { said, 2, 2 } },
        { .set = true, .role = IR_ROLE_USER, .blocks = { results, 1, 1 } },
    };
    static struct ir_tool tools[] = {
        { .kind = IR_TOOL_FUNCTION,
          .function = { STR_INIT("mail"), STR_INIT("Writes to tool@example.org."),
                        STR_INIT("{\"type\":\"object\",\"properties\":{\"to\":{\"type\":\"string\","
                                 "\"description\":\"as schema@example.org\"},\"key@example.org\":{"
                                 "\"type\":\"string\"}},\"required\":[\"key@example.org\"]}"),
                        IR_UNSET } },
    };
    *q = (struct ir_request){ .set = true,
                              .model = STR("m"),
                              .instructions = { system, 1, 1 },
                              .turns = { turns, 3, 3 },
                              .tools = { tools, 1, 1 },
                              .max_output = { 100, true },
                              .user = STR("user@example.org") };
}

/* The request as a client of this dialect writes it; false when the dialect cannot. */
static bool
write_request(const struct xd_dialect *d, struct arena *a, struct str *body)
{
    struct xd_ask asked = { .kind = XD_OP_CHAT }, wanted;
    struct buf out;
    struct xd x;
    make_request(&asked.chat);
    buf_init(&out, 1 << 20);
    xd_init(&x, d, XD_OP_CHAT, a, &out);
    bool ok = !xd_ask_prepare(&x, &asked, NULL, &wanted) && !xd_ask_write(&x, &wanted);
    *body = arena_str(a, buf_str(&out));
    xd_fini(&x);
    buf_fini(&out);
    return ok;
}

static void
requests_of_every_dialect_are_redacted(void **state)
{
    unsigned done = 0;
    (void)state;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        struct bench b;
        struct str body;
        if (!xd_op(*d, XD_OP_CHAT))
            continue;
        bench_init(&b);
        if (!write_request(*d, &b.arena, &body))
            fail_msg("%s cannot ask that", (*d)->name);
        struct str sent = redact(&b, *d, XD_OP_CHAT, body);
        assert_int_equal(b.err, ERR_OK);
        /* Names of schemas' members stay; nothing else does. */
        static const char *const values[] = {
            "sys@",  "ann@", "arg@",  "arg\\u0040", "arg\\\\u0040", "map@",
            "list@", "res@", "tool@", "schema@",    "user@",        PEM_LINE,
        };
        for (size_t i = 0; i < sizeof values / sizeof *values; i++)
            if (has(sent, values[i]))
                fail_msg("%s: %s in %.*s", (*d)->name, values[i], STR_ARG(sent));
        if (has(body, "key@example.org"))
            assert_true(has(sent, "\"key@example.org\":{") && has(sent, "[\"key@example.org\"]"));
        check_json(&b, sent);
        struct str again = redact(&b, *d, XD_OP_CHAT, sent); /* it is a request, and stays so */
        assert_true(str_eq(again, sent));
        done++;
        bench_fini(&b);
    }
    assert_true(done > 10);
}

/* --- what stays ---------------------------------------------------------------------------- */

static const struct {
    const char *what, *dialect;
    enum xd_op_kind kind;
    const char *in, *has, *lacks;
} rows[] = {
    { "signatures, sealed thinking, and the text that was signed", "anthropic.messages", XD_OP_CHAT,
      "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"a@b.org\"},{"
      "\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"x@b.org\","
      "\"signature\":\"s@b.org\"},{\"type\":\"redacted_thinking\",\"data\":\"d@b.org\"},{\"type\":"
      "\"text\",\"text\":\"t@b.org\"}]},{\"role\":\"user\",\"content\":\"y\"}]}",
      "\"thinking\":\"x@b.org\",\"signature\":\"s@b.org\"},{\"type\":\"redacted_thinking\",\"data\":"
      "\"d@b.org\"}",
      "t@b.org" },
    { "what the user says in the words of a signed thought", "anthropic.messages", XD_OP_CHAT,
      "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"\\u0078@b.org\"},{"
      "\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"\\u0078@b.org\","
      "\"signature\":\"s\"}]},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
      "\"\\u0078@b.org\"}]}]}",
      "\"content\":[{\"type\":\"thinking\",\"thinking\":\"\\u0078@b.org\",\"signature\":\"s\"}]},{"
      "\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"[email:",
      "\"content\":\"\\u0078" },
    { "bytes and addresses", "openai.chat", XD_OP_CHAT,
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
      "\"image_url\":{\"url\":\"https://u:p@b.org/a?m=z@b.org\"}},{\"type\":\"text\",\"text\":"
      "\"t@b.org\"}]}]}",
      "https://u:p@b.org/a?m=z@b.org", "t@b.org" },
    { "ids and names", "openai.chat", XD_OP_CHAT,
      "{\"model\":\"m@b.org\",\"messages\":[{\"role\":\"user\",\"content\":\"t@b.org\"},{\"role\":"
      "\"assistant\",\"tool_calls\":[{\"id\":\"i@b.org\",\"type\":\"function\",\"function\":{\"name\":"
      "\"n@b.org\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"i@b.org\",\"content\":"
      "\"r\"}]}",
      "\"tool_calls\":[{\"id\":\"i@b.org\",\"type\":\"function\",\"function\":{\"name\":\"n@b.org\"",
      "t@b.org" },
    { "members that nobody knows are content", "openai.chat", XD_OP_CHAT,
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"metadata\":{\"who\":"
      "\"w@b.org\"},\"new_thing\":[\"v@b.org\"]}",
      "\"metadata\":{\"who\":\"[email:", "w@b.org" },
    { "so are texts that are cut by escapes", "openai.chat", XD_OP_CHAT,
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\\u0061\\u0040b\\u002eorg "
      "\\ud83d\\ude00\"}]}",
      "[email:", "u0040" },
    { "a value that is known is hidden where nothing tells that it is one", "openai.chat",
      XD_OP_CHAT,
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"mail a@b.org\"},{\"role\":"
      "\"assistant\",\"content\":\"xa@b.org, a@b.org!\"}]}",
      "!\"}]", " a@b.org!" },
    { "a known value is hidden right behind another one", "openai.chat", XD_OP_CHAT,
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"4111111111111111\"},{\"role\":"
      "\"user\",\"content\":\"ann@corp.com4111111111111111}\"}]}",
      "]}\"}]", "4111" },
    { "what begins within a known value and goes on behind it", "openai.chat", XD_OP_CHAT,
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hunter22:ann@corp.com!\"}],"
      "\"metadata\":{\"password\":\"hunter22:ann\"}}",
      "]!\"}]", "corp" },
    { "what a text of JSON has by name", "openai.chat", XD_OP_CHAT,
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"{\\\"password\\\":"
      "\\\"hunter\\\\u00322\\\"}\"}]}",
      "[password:", "hunter" },
    { "the same in a list, deeper, and as a number", "openai.chat", XD_OP_CHAT,
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"[{\\\"a\\\":{\\\"api_key\\\":["
      "\\\"hunter22hunter22\\\"],\\\"pwd\\\":12345678}}]\"}]}",
      "\\\"pwd\\\":\\\"[password:", "hunter" },
    { "what a call has by name", "anthropic.messages", XD_OP_CHAT,
      "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"x\"},{\"role\":"
      "\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{"
      "\"password\":\"hunter22\"}}]}]}",
      "\"input\":{\"password\":\"[password:", "hunter" },
    { "what a call's arguments have by name", "openai.chat", XD_OP_CHAT,
      "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"i\",\"type\":"
      "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"pwd\\\":\\\"hunter22\\\"}\"}}]}]}",
      "{\\\"pwd\\\":\\\"[password:", "hunter" },
    { "what a call and a result have by name", "google.generate", XD_OP_CHAT,
      "{\"contents\":[{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{"
      "\"client_secret\":\"hunter22hunter22\"}}}]},{\"role\":\"user\",\"parts\":[{\"functionResponse\":{"
      "\"name\":\"f\",\"response\":{\"password\":\"hunter23\"}}}]}]}",
      "\"response\":{\"password\":\"[password:", "hunter" },
    { "a result by name", "bedrock.converse", XD_OP_CHAT,
      "{\"messages\":[{\"role\":\"user\",\"content\":[{\"toolResult\":{\"toolUseId\":\"t\",\"content\":[{"
      "\"json\":{\"password\":\"hunter22\"}}]}}]}]}",
      "{\"json\":{\"password\":\"[password:", "hunter" },
    { "members that nobody knows, by name", "openai.chat", XD_OP_CHAT,
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"metadata\":{\"password\":"
      "\"hunter22\"}}",
      "{\"password\":\"[password:", "hunter" },
    { "what only begins like a data URL", "openai.chat", XD_OP_CHAT,
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"metadata\":{\"a\":"
      "\"data:text/plain;base64,QUJD and a@b.org\",\"b\":\"data:c@b.org;base64,QUJD\",\"c\":"
      "\"data:;base64,sk-proj-abcDEF0123456789ghiJKL\"}}",
      "\"data:text/plain;base64,QUJD and [email:", "b.org" },
    { "a key in a data URL's place", "openai.chat", XD_OP_CHAT,
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"metadata\":{\"c\":"
      "\"data:;base64,sk-proj-abcDEF0123456789ghiJKL\"}}",
      "[api_key:", "sk-proj" },
    { "bytes that nobody reads", "openai.chat", XD_OP_CHAT,
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"t@b.org\"}],\"metadata\":{\"a\":"
      "\"data:image/png;base64,QUJD/+4111111111111111/+==\",\"b\":\"" B64
      "/+4111111111111111/+==\"}}",
      "QUJD/+4111111111111111/+==\",\"b\":\"" B64 "/+4111111111111111/+==\"", "t@b.org" },
    { "a token that looks like bytes, by how it begins and by its name", "openai.chat", XD_OP_CHAT,
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"metadata\":{\"a\":"
      "\"IQoJb3JpZ2lu" B64 "\",\"session_token\":\"" B64 "==\"}}",
      "\"session_token\":\"[api_key:", "MIIE" },
    { "escapes within a text", "openai.chat", XD_OP_CHAT,
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"GET /?to=ann%40b.org&x=100%25 and "
      "bob%2540b.org; \\\\u0073k-proj-abcDEF0123456789ghiJKL; {\\\\\\\"password\\\\\\\":\\\\\\\"hunter22\\\\\\\"}\"}]}",
      "&x=100%25 and [email:", "hunter" },
    { "texts to embed", "openai.chat", XD_OP_EMBEDDINGS,
      "{\"model\":\"m\",\"input\":[\"a@b.org\",\"c\"],\"user\":\"u@b.org\"}",
      "[email:", "a@b.org" },
};

static void
what_is_content_is_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        bench_init(&b);
        struct str sent = redact(&b, xd_find(str_from(rows[i].dialect)), rows[i].kind,
                                 str_from(rows[i].in));
        if (!has(sent, rows[i].has) || has(sent, rows[i].lacks))
            fail_msg("%s: %.*s", rows[i].what, STR_ARG(sent));
        check_json(&b, sent);
        bench_fini(&b);
    }
}

/* JSON in strings of JSON in strings. */
static void
values_are_found_however_deep(void **state)
{
    (void)state;
    for (unsigned deep = 0; deep < 9; deep++) {
        struct bench b;
        struct buf text, once;
        bench_init(&b);
        buf_init(&text, 1 << 20);
        buf_init(&once, 1 << 20);
        buf_puts(&text, STR("{\"password\":\"hunter22\",\"mail\":\"x\\n\\u0061nn@example.org\"}"));
        for (unsigned i = 0; i <= deep; i++) {
            buf_clear(&once);
            json_escape(&once, buf_str(&text));
            buf_clear(&text);
            buf_puts(&text, i == deep ? STR("\"") : STR("{\"a\":\""));
            buf_puts(&text, buf_str(&once));
            buf_puts(&text, i == deep ? STR("\"") : STR("\"}"));
        }
        struct str sent = redact(&b, xd_find(STR("openai.chat")), XD_OP_CHAT,
                                 arena_printf(&b.arena,
                                              "{\"model\":\"m\",\"messages\":[{\"role\":\"user\","
                                              "\"content\":%.*s}]}",
                                              STR_ARG(buf_str(&text))));
        if (has(sent, "hunter") || has(sent, "example.org") || !has(sent, "[password:")
            || !has(sent, "[email:"))
            fail_msg("%u deep: %.*s", deep, STR_ARG(sent));
        check_json(&b, sent);
        buf_fini(&text);
        buf_fini(&once);
        bench_fini(&b);
    }
}

/* Values that are known from elsewhere, where they begin within something else that is hidden: nothing is sent of them. */
static void
of_values_that_overlap_nothing_is_sent(void **state)
{
    static const char *const overlaps[][3] = {
        /* content, two members of it, what must not be sent */
        { "Write ann@example.org/abc1 now", "\"password\":\"example.org/abc1\"", "abc1" },
        { "say one-two3-four4 now", "\"password\":\"one-two3\",\"pwd\":\"two3-four4\"", "four4" },
        { "say one-two3-four4-five5 now",
          "\"password\":\"one-two3\",\"pwd\":\"two3-four4\",\"passwd\":\"four4-five5\"", "five5" },
        { "say one-two3-four4\\nann@example.org now",
          "\"password\":\"one-two3\",\"pwd\":\"two3-four4\"", "four4" },
    };
    const struct xd_dialect *d = xd_find(STR("openai.chat"));
    (void)state;
    for (size_t i = 0; i < sizeof overlaps / sizeof *overlaps; i++) {
        struct bench b;
        bench_init(&b);
        struct str body = arena_printf(
            &b.arena,
            "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
            "\"%s\"}],\"x\":{%s}}",
            overlaps[i][0], overlaps[i][1]);
        struct str sent = redact(&b, d, XD_OP_CHAT, body);
        assert_int_equal(b.err, ERR_OK);
        if (has(sent, overlaps[i][2]) || !has(sent, " now") || !has(sent, "[password:"))
            fail_msg("%.*s", STR_ARG(sent));
        check_json(&b, sent);
        bench_fini(&b);
    }
}

/* Whatever surrounds a value, byte for byte. */
static void
all_else_stays_as_it_was(void **state)
{
    static const char before[] =
        "{ \"model\" : \"m\" ,\n\"messages\":[{\"role\":\"user\",\"content\": "
        "\"\\u00e9 ";
    static const char behind[] = " \\/\"\t}],\"seed\":1.50e+0, \"x\":{\"a\":1,\"a\":[ ]}}\n";
    struct bench b;
    (void)state;
    bench_init(&b);
    const struct xd_dialect *d = xd_find(STR("openai.chat"));
    struct str plain = arena_printf(&b.arena, "%s%s%s", before, "nothing", behind);
    assert_ptr_equal(redact(&b, d, XD_OP_CHAT, plain).p, plain.p);
    assert_int_equal(b.out.n, 0);
    struct str sent = redact(&b, d, XD_OP_CHAT,
                             arena_printf(&b.arena, "%s%s%s", before, "a@b.org", behind));
    assert_true(str_starts(
        sent, STR("{ \"model\" : \"m\" ,\n\"messages\":[{\"role\":\"user\",\"content\": \"")));
    assert_true(str_ends(sent, STR("\"\t}],\"seed\":1.50e+0, \"x\":{\"a\":1,\"a\":[ ]}}\n")));
    assert_true(has(sent, "\xc3\xa9 [email:"));
    assert_int_equal(b.w.counts[REDACT_EMAIL], 1);
    bench_fini(&b);
}

static void
what_is_blocked_is_named_by_its_place(void **state)
{
    static const struct {
        const char *in, *path;
    } places[] = {
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
          "\"x\"},{\"type\":\"text\",\"text\":\"a@b.org\"}]}]}",
          "messages[0].content[1].text" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"i\","
          "\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":[{\\\"b\\\":"
          "\\\"a@b.org\\\"}]}\"}}]}]}",
          "messages[0].tool_calls[0].function.arguments" },
        { "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"{\\\"a\\\":\\\"b@b.org"
          "\\\",\\\"c@b.org\\\":1}\"}],\"metadata\":{\"d\":\"d@b.org\"}}",
          "messages[0].content" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct bench b;
        char path[FAULT_PATH];
        struct fault f;
        bench_init(&b);
        b.w.stop = true;
        redact(&b, xd_find(STR("openai.chat")), XD_OP_CHAT, str_from(places[i].in));
        assert_int_equal(b.err, ERR_OK);
        assert_int_equal(b.out.n, 0);
        assert_int_equal(json_doc_parse(&b.doc, str_from(places[i].in), &f), ERR_OK);
        json_path(&b.doc, b.w.at, path, sizeof path);
        assert_string_equal(path, places[i].path);
        assert_int_equal(b.w.found.kind, REDACT_EMAIL);
        bench_fini(&b);
    }
}

static void
a_request_with_too_much_to_hide_is_an_error(void **state)
{
    struct bench b;
    (void)state;
    bench_init(&b);
    vault_fini(&b.vault);
    vault_init(&b.vault, 2, 1000);
    redact(&b, xd_find(STR("openai.chat")), XD_OP_CHAT,
           STR("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a@b.org b@b.org "
               "a@b.org\"}]}"));
    assert_int_equal(b.err, ERR_OK);
    redact(&b, xd_find(STR("openai.chat")), XD_OP_CHAT,
           STR("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a@b.org b@b.org "
               "c@b.org\"}]}"));
    assert_int_equal(b.err, ERR_LIMIT);
    bench_fini(&b);
}

#define PART(head) "--b\r\nContent-Disposition: form-data; " head "\r\n\r\n"

/* Fields are, files and the model are not. */
static void
forms_are_redacted_field_by_field(void **state)
{
    static const char body[] =
        PART("name=\"model\"") "m@b.org\r\n" PART("name=\"prompt\"") "of t@b.org, b@b.org\r\n" PART(
            "name=\"file\"; "
            "filename=\"f\"") "f@b.org\r\n" PART("name=\"x\"") "\r\n"
                                                               "--b--\r\n";
    struct bench b;
    (void)state;
    bench_init(&b);
    b.w = (struct rewriting){ .rules = &rules, .vault = &b.vault, .arena = &b.arena };
    assert_int_equal(rewriting_run_form(&b.w, str_from(body), STR("b"), &b.out), ERR_OK);
    struct str sent = buf_str(&b.out);
    assert_true(has(sent, "\r\n\r\nm@b.org\r\n--b\r\n") && has(sent, "\r\n\r\nf@b.org\r\n--b\r\n"));
    assert_true(has(sent, "\r\n\r\nof [email:") && has(sent, "]\r\n--b\r\n"));
    assert_false(has(sent, "t@b.org"));
    assert_true(str_ends(sent, STR("name=\"x\"\r\n\r\n\r\n--b--\r\n")));
    assert_int_equal(b.w.counts[REDACT_EMAIL], 2);
    b.w.stop = true;
    buf_clear(&b.out);
    assert_int_equal(rewriting_run_form(&b.w, str_from(body), STR("b"), &b.out), ERR_OK);
    assert_true(str_is(b.w.field, "prompt"));
    assert_int_equal(b.out.n, 0);
    b.w = (struct rewriting){ .rules = &rules, .vault = &b.vault, .arena = &b.arena };
    for (size_t n = 0; n < sizeof body - 6; n++) { /* whatever is missing at its end */
        buf_clear(&b.out);
        assert_int_equal(rewriting_run_form(&b.w, str_make(body, n), STR("b"), &b.out), ERR_SYNTAX);
        assert_int_equal(b.out.n, 0);
    }
    bench_fini(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_of_every_dialect_are_redacted),
        cmocka_unit_test(what_is_content_is_known),
        cmocka_unit_test(values_are_found_however_deep),
        cmocka_unit_test(of_values_that_overlap_nothing_is_sent),
        cmocka_unit_test(all_else_stays_as_it_was),
        cmocka_unit_test(what_is_blocked_is_named_by_its_place),
        cmocka_unit_test(a_request_with_too_much_to_hide_is_an_error),
        cmocka_unit_test(forms_are_redacted_field_by_field),
    };
    return cmocka_run_group_tests_name("texts are decoded", tests, NULL, NULL)
           + cmocka_run_group_tests_name("as in the server", tests, as_in_the_server, NULL)
           + cmocka_run_group_tests_name("texts stay", tests, all_escaped_stay, NULL);
}
