/* Policies: each on a small request, the original untouched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/policy.h"
#include "runtime/xd/translate.h"
#include "tests/lib/told.h"

static const struct xd_op ops[] = { { .kind = XD_OP_CHAT } };
static const struct str old_models[] = { STR_INIT("old-*"), STR_INIT("ancient") };
static const struct xd_policy rows[] = {
    { IR_POLICY_SYSTEM_TURNS, STR_INIT("hoist"), NULL, 0 },
    { IR_POLICY_SYSTEM_TURNS, STR_INIT("fold"), old_models, 2 },
};
static const struct xd_dialect dialect = {
    .abi = XD_ABI,
    .name = "toy",
    .family = "toy",
    .ops = ops,
    .nops = 1,
};
static const struct xd_dialect opinionated = {
    .abi = XD_ABI,
    .name = "opinionated",
    .family = "opinionated",
    .ops = ops,
    .nops = 1,
    .policies = rows,
    .npolicies = 2,
};

struct bench {
    struct arena arena;
    struct xd x;
    struct buf text;
};

static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    arena_init(&b->arena, 1u << 20);
    buf_init(&b->text, 1u << 20);
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
    buf_fini(&b->text);
    free(b);
    return 0;
}

/* --- a request in short: "u text; a call(id name args), think; u result(id text)" --- */

static struct ir_block
one_block(struct bench *b, const char *word)
{
    char kind[16] = "", first[64] = "", second[64] = "";
    sscanf(word, "%15[^:]:%63[^:]:%63[^:]", kind, first, second);
    struct str a = arena_str(&b->arena, str_from(first)),
               c = arena_str(&b->arena, str_from(second));
    struct ir_block block = { .kind = IR_BLOCK_TEXT, .text.text = a };
    if (strcmp(kind, "think") == 0)
        block = (struct ir_block){ .kind = IR_BLOCK_THINKING,
                                   .thinking = { a, c.n ? c : (struct str){ NULL, 0 } } };
    else if (strcmp(kind, "foreign") == 0)
        block = (struct ir_block){ .kind = IR_BLOCK_FOREIGN,
                                   .foreign = { .dialect = STR("acme.chat"), .body = STR("{}") } };
    else if (strcmp(kind, "call") == 0)
        block = (struct ir_block){ .kind = IR_BLOCK_CALL, .call = { .id = a, .name = c } };
    else if (strcmp(kind, "image") == 0)
        block = (struct ir_block){ .kind = IR_BLOCK_IMAGE,
                                   .image.source = { .kind = IR_SOURCE_URL, .url.url = a } };
    else if (strcmp(kind, "result") == 0 || strcmp(kind, "photo") == 0) {
        block = (struct ir_block){ .kind = IR_BLOCK_RESULT, .result.call = a };
        struct ir_block *inner = XD_PUSH(&b->x, &block.result.blocks);
        *inner = (struct ir_block){ .kind = IR_BLOCK_TEXT, .text.text = c };
        if (strcmp(kind, "photo") == 0)
            *inner = (struct ir_block){ .kind = IR_BLOCK_IMAGE,
                                        .image.source = { .kind = IR_SOURCE_URL, .url.url = c } };
    }
    return block;
}

/* "user t:hello image:x | assistant t:hi": words without spaces inside; _ stands for a space. */
static struct ir_request
given(struct bench *b, const char *script)
{
    struct ir_request m = { .set = true, .model = STR("model") };
    struct ir_turn *t = NULL;
    char copy[512];
    xd_fini(&b->x);
    xd_init(&b->x, &dialect, XD_OP_CHAT, &b->arena, NULL);
    snprintf(copy, sizeof copy, "%s", script);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        for (char *p = word; *p; p++)
            *p = *p == '_' ? ' ' : *p;
        enum ir_role role = strcmp(word, "user") == 0        ? IR_ROLE_USER
                            : strcmp(word, "assistant") == 0 ? IR_ROLE_ASSISTANT
                            : strcmp(word, "system") == 0    ? IR_ROLE_SYSTEM
                                                             : IR_ROLE_UNSET;
        if (role != IR_ROLE_UNSET) {
            t = XD_PUSH(&b->x, &m.turns);
            *t = (struct ir_turn){ .set = true, .role = role };
            continue;
        }
        struct ir_block *to = XD_PUSH(&b->x, &t->blocks);
        *to = one_block(b, word);
    }
    return m;
}

static const char *
shown(struct bench *b, const struct ir_request *m)
{
    static const char *const roles[] = { "", "user", "assistant", "system" };
    buf_clear(&b->text);
    for (unsigned i = 0; i < m->instructions.n; i++) {
        buf_printf(&b->text, "%s", i ? ", " : "instructions: ");
        told_block(&b->text, &m->instructions.v[i]);
    }
    for (unsigned i = 0; i < m->turns.n; i++) {
        buf_printf(&b->text, "%s%s: ", b->text.n ? " | " : "", roles[m->turns.v[i].role]);
        for (unsigned k = 0; k < m->turns.v[i].blocks.n; k++) {
            buf_printf(&b->text, "%s", k ? ", " : "");
            told_block(&b->text, &m->turns.v[i].blocks.v[k]);
        }
    }
    buf_putc(&b->text, '\0');
    return b->text.p;
}

static const char *
losses(const struct bench *b)
{
    static char out[512];
    size_t n = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < b->x.lost.n; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%.*s", i ? " " : "",
                              STR_ARG(b->x.lost.v[i]));
    return out;
}

struct scene {
    const char *name, *value; /* of the policy */
    const char *script, *want, *lost;
};

static void
check_scene(struct bench *b, const struct scene *s)
{
    struct xd_policy_choice choice = { xd_policy_named(str_from(s->name)), str_from(s->value) };
    struct xd_policy_choices over = { &choice, 1 };
    struct ir_request in = given(b, s->script), out, again = in;
    char before[1024];
    snprintf(before, sizeof before, "%s", shown(b, &in));
    assert_null(xd_policy_check(&b->arena, str_from(s->name), choice.value));
    assert_int_equal(xd_prepare(&b->x, &in, &over, &out), ERR_OK);
    if (strcmp(shown(b, &out), s->want) != 0 || strcmp(losses(b), s->lost) != 0)
        fail_msg("%s %s: %s\n%s (%s)\n--- wanted:\n%s (%s)", s->name, s->value, s->script,
                 shown(b, &out), losses(b), s->want, s->lost);
    assert_string_equal(shown(b, &in), before);
    assert_memory_equal(&in, &again, sizeof in);
}

static void
turns_and_blocks_become_what_the_target_takes(void **state)
{
    static const struct scene table[] = {
        { "system_turns", "keep", "user t:a system t:s user t:b",
          "user: text \"a\" | system: text \"s\" | user: text \"b\"", "" },
        { "system_turns", "fold", "user t:a assistant t:x system t:s system t:r user t:b",
          "user: text \"a\" | assistant: text \"x\" | user: text \"<system>s</system>\", text \"<system>r</system>\", text \"b\"",
          "" },
        { "system_turns", "fold", "user t:a system t:s user t:b",
          "user: text \"a\", text \"<system>s</system>\", text \"b\"", "" },
        { "system_turns", "fold", "assistant call:1:f system t:s user result:1:r t:b",
          "assistant: call 1 f | user: result 1 (text \"r\"), text \"<system>s</system>\", text \"b\"",
          "" },
        { "system_turns", "fold", "assistant t:x system t:s assistant t:y",
          "assistant: text \"x\" | user: text \"<system>s</system>\" | assistant: text \"y\"", "" },
        { "system_turns", "fold", "user t:a system t:s",
          "user: text \"a\", text \"<system>s</system>\"", "" },
        { "system_turns", "fold", "system t:s t:r image:i user t:a",
          "user: text \"<system>s\nr</system>\", image url:i, text \"a\"", "" },
        { "system_turns", "hoist", "user t:a system t:s user t:b",
          "instructions: text \"s\" | user: text \"a\", text \"b\"", "" },
        { "empty_text", "drop", "user t: t:a assistant t:_ call:1:f user t:_",
          "user: text \"a\" | assistant: text \" \", call 1 f", "" },
        { "empty_text", "drop", "user t:a assistant t: user t:b", "user: text \"a\", text \"b\"",
          "" },
        { "empty_text", "drop", "user result:1: t:b", "user: result 1 (), text \"b\"", "" },
        { "empty_text", "keep", "user t: t:a", "user: text \"\", text \"a\"", "" },
        { "last_assistant", "trim", "user t:a_ assistant t:x_ t:y__",
          "user: text \"a \" | assistant: text \"x \", text \"y\"", "" },
        { "last_assistant", "trim", "assistant t:x_ user t:a_",
          "assistant: text \"x \" | user: text \"a \"", "" },
        { "unsigned_thinking", "drop", "user t:a assistant think:h think:m:sig t:x user t:b",
          "user: text \"a\" | assistant: thinking \"m\" signed \"sig\", text \"x\" | user: text \"b\"",
          "blocks.thinking" },
        { "unsigned_thinking", "drop", "user t:a assistant think:m:sig",
          "user: text \"a\" | assistant: thinking \"m\" signed \"sig\"", "" },
        { "result_media", "follow", "user result:1:r photo:2:i t:b",
          "user: result 1 (text \"r\"), result 2 (text \"(the content follows)\"), image url:i, text \"b\"",
          "" },
        { "result_media", "keep", "user photo:2:i", "user: result 2 (image url:i)", "" },
        { "roles", "strict", "assistant t:x user t:b",
          "user: text \"Please continue.\" | assistant: text \"x\" | user: text \"b\"", "" },
        { "orphan_results", "keep", "user t:a result:1:r",
          "user: text \"a\", result 1 (text \"r\")", "" },
        { "orphan_results", "drop", "user t:a assistant call:1:f user result:1:r result:2:s",
          "user: text \"a\" | assistant: call 1 f | user: result 1 (text \"r\")", "blocks.result" },
        { "orphan_results", "drop",
          "user t:a assistant call:1:f user result:1:r assistant t:b user result:1:s assistant t:c",
          "user: text \"a\" | assistant: call 1 f | user: result 1 (text \"r\") | assistant: text \"b\", text \"c\"",
          "blocks.result" },
        { "orphan_results", "unwrap", "user result:1:r t:a", "user: text \"r\", text \"a\"",
          "blocks.result" },
        { "roles", "merge", "assistant t:x assistant t:y", "assistant: text \"x\", text \"y\"",
          "" },
        { "roles", "merge", "user t:x user result:1:r", "user: result 1 (text \"r\"), text \"x\"",
          "" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        check_scene(*state, &table[i]);
}

static struct ir_request
prepared(struct bench *b, const struct ir_request *in, const char *name, const char *value)
{
    struct xd_policy_choice choice = { xd_policy_named(str_from(name)), str_from(value) };
    struct ir_request out;
    assert_int_equal(xd_prepare(&b->x, in, &(struct xd_policy_choices){ &choice, 1 }, &out),
                     ERR_OK);
    return out;
}

static void
ids_of_calls_are_mapped_alike_where_they_are_used(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *class, *id;
        size_t n;
        bool same;
    } table[] = {
        { "a-zA-Z0-9_-", "toolu-1", 7, true },
        { "a-zA-Z0-9_-", "call.1", 29, false },
        { "a-zA-Z0-9{9}", "abcdefghi", 9, true },
        { "a-zA-Z0-9{9}", "toolu-1", 9, false },
        { "a-f0-9{40}", "toolu-1", 40, false },
        { "a-z", "0123456789012345678901234567890123456789012345678901234567890123456789", 29,
          false },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char script[512];
        snprintf(script, sizeof script, "assistant call:%.60s:f call:x.y:g user result:%.60s:r",
                 table[i].id, table[i].id);
        struct ir_request in = given(b, script);
        struct ir_request out = prepared(b, &in, "call_ids", table[i].class);
        struct str was = in.turns.v[0].blocks.v[0].call.id;
        struct str id = out.turns.v[0].blocks.v[0].call.id,
                   other = out.turns.v[0].blocks.v[1].call.id;
        assert_true(str_eq(id, out.turns.v[1].blocks.v[0].result.call));
        assert_int_equal(id.n, table[i].n);
        assert_int_equal(str_eq(id, was), table[i].same);
        assert_false(str_eq(id, other));
        struct ir_request again = prepared(b, &in, "call_ids", table[i].class);
        assert_true(str_eq(again.turns.v[0].blocks.v[0].call.id, id));
    }
}

static void
one_candidate_is_not_many(void **state)
{
    struct bench *b = *state;
    struct xd_policy_choice one = { IR_POLICY_CANDIDATES, STR("one") };
    struct xd_policy_choices over = { &one, 1 };
    struct ir_request in = given(b, "user t:a"), out;
    in.candidates = (struct ir_int){ 1, true };
    assert_int_equal(xd_prepare(&b->x, &in, &over, &out), ERR_OK);
    assert_false(out.candidates.set);
    in.candidates.v = 3;
    assert_int_equal(xd_prepare(&b->x, &in, NULL, &out), ERR_OK);
    assert_int_equal(out.candidates.v, 3);
    assert_int_equal(xd_prepare(&b->x, &in, &over, &out), ERR_UNSUPPORTED);
    assert_string_equal(b->x.fault.text, "3 candidates are wanted, but toy gives one");
    in = given(b, "user t:a");
    in.candidates = (struct ir_int){ 3, true };
    one.value = STR("first");
    assert_int_equal(xd_prepare(&b->x, &in, &over, &out), ERR_OK);
    assert_false(out.candidates.set);
    assert_string_equal(losses(b), "candidates");
}

/* The fault of a request under one policy. */
static const char *
refusal(struct bench *b, const struct ir_request *in, const char *name, const char *value)
{
    struct xd_policy_choice choice = { xd_policy_named(str_from(name)), str_from(value) };
    struct ir_request out;
    assert_int_equal(xd_prepare(&b->x, in, &(struct xd_policy_choices){ &choice, 1 }, &out),
                     ERR_UNSUPPORTED);
    buf_clear(&b->text);
    buf_printf(&b->text, "%s %s", b->x.fault.path, b->x.fault.text);
    buf_putc(&b->text, '\0');
    return b->text.p;
}

static void
nothing_hollow_is_sent(void **state)
{
    struct bench *b = *state;
    struct ir_request in = given(b, "user foreign:x assistant t:a");
    assert_string_equal(refusal(b, &in, "unsupported_parts", "drop"),
                        "turns[0] toy cannot take blocks.foreign");
    in = given(b, "user t:a foreign:x assistant foreign:y");
    assert_string_equal(refusal(b, &in, "unsupported_parts", "error"),
                        "turns[0] toy cannot take blocks.foreign");
    in = given(b, "user t:a foreign:x assistant foreign:y");
    struct ir_request out = prepared(b, &in, "unsupported_parts", "drop");
    assert_string_equal(shown(b, &out), "user: text \"a\"");
    assert_string_equal(losses(b), "blocks.foreign");
    in = given(b, "assistant foreign:y");
    assert_string_equal(refusal(b, &in, "unsupported_parts", "drop"),
                        "turns nothing of them can be said to toy");
    in = given(b, "user foreign:x");
    out = prepared(b, &in, "unsupported_parts", "hollow");
    assert_int_equal(out.turns.n, 0);
    in = given(b, "user result:1:r");
    assert_string_equal(refusal(b, &in, "orphan_results", "error"),
                        "turns[0] the result of a call that nobody made: 1");
}

static void
tools_are_not_all_left_out(void **state)
{
    struct bench *b = *state;
    struct ir_tool tools[] = {
        { .kind = IR_TOOL_FOREIGN, .foreign = { STR("acme"), STR("{}") } },
        { .kind = IR_TOOL_FUNCTION, .function.name = STR("f") },
    };
    struct ir_request in = given(b, "user t:a");
    in.tools = (struct ir_tools){ tools, 1, 1 };
    assert_string_equal(refusal(b, &in, "unsupported_parts", "drop"),
                        "tools toy does not have any of them");
    in = given(b, "user t:a");
    in.tools = (struct ir_tools){ tools, 2, 2 };
    (void)prepared(b, &in, "unsupported_parts", "drop");
    assert_string_equal(refusal(b, &in, "unsupported_parts", "error"),
                        "tools toy does not have all of them");
    in = given(b, "user t:a");
    in.tools = (struct ir_tools){ tools, 1, 1 };
    (void)prepared(b, &in, "unsupported_parts", "hollow");
}

static void
what_is_required_is_filled_in(void **state)
{
    struct bench *b = *state;
    struct ir_tool tools[] = {
        { .kind = IR_TOOL_FUNCTION, .function = { .name = STR("f") } },
        { .kind = IR_TOOL_FUNCTION, .function = { .name = STR("g"), .schema = STR(" { } ") } },
        { .kind = IR_TOOL_FUNCTION,
          .function = { .name = STR("h"), .schema = STR("{\"type\":\"object\"}") } },
    };
    struct ir_request in = given(b, "user t:a");
    in.tools = (struct ir_tools){ tools, 3, 3 };
    struct ir_request out = prepared(b, &in, "empty_schema", "object");
    assert_true(str_is(out.tools.v[0].function.schema, "{\"type\":\"object\",\"properties\":{}}"));
    assert_true(str_is(out.tools.v[1].function.schema, "{\"type\":\"object\",\"properties\":{}}"));
    assert_true(str_is(out.tools.v[2].function.schema, "{\"type\":\"object\"}"));
    assert_null(tools[0].function.schema.p);

    assert_int_equal(prepared(b, &in, "max_output", "4096").max_output.v, 4096);
    in.max_output = (struct ir_int){ 10, true };
    assert_int_equal(prepared(b, &in, "max_output", "4096").max_output.v, 10);

    assert_int_equal(prepared(b, &in, "stream_usage", "ask").stream_usage, IR_UNSET);
    in.stream = IR_TRUE;
    assert_int_equal(prepared(b, &in, "stream_usage", "ask").stream_usage, IR_TRUE);
}

static void
references_in_schemas_are_put_in_place(void **state)
{
    static const struct {
        const char *schema, *want;
    } table[] = {
        { "{\"type\":\"object\"}", "{\"type\":\"object\"}" },
        { "{\"properties\":{\"a\":{\"$ref\":\"#/$defs/n\",\"title\":\"T\"}},"
          "\"$defs\":{\"n\":{\"type\":\"number\",\"title\":\"N\"}}}",
          "{\"properties\":{\"a\":{\"type\":\"number\",\"title\":\"T\"}}}" },
        { "{\"$ref\":\"#/definitions/a~1b\",\"definitions\":{\"a/b\":{\"enum\":[1,{\"$ref\":\"#/definitions/c\"}]},"
          "\"c\":{\"x\":null}}}",
          "{\"enum\":[1,{\"x\":null}]}" },
        { "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"type\":\"string\"}}}",
          "{\"type\":\"string\"}" },
        /* A tree refers to itself. */
        { "{\"$ref\":\"#/$defs/t\",\"$defs\":{\"t\":{\"items\":{\"$ref\":\"#/$defs/t\"}}}}",
          "{\"items\":{\"type\":\"object\"}}" },
        { "{\"items\":{\"$ref\":\"#\"}}", "{\"items\":{\"items\":{\"type\":\"object\"}}}" },
        /* What it means stands elsewhere, or nowhere. */
        { "{\"items\":{\"$ref\":\"https://example.org/s\"}}",
          "{\"items\":{\"$ref\":\"https://example.org/s\"}}" },
        { "{\"items\":{\"$ref\":\"#/x\"}}", "{\"items\":{\"$ref\":\"#/x\"}}" },
        { "{\"properties\":{\"$ref\":{\"type\":\"null\"}}}",
          "{\"properties\":{\"$ref\":{\"type\":\"null\"}}}" },
        { "{\"$ref\":", "{\"$ref\":" },
    };
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct ir_tool tool = { .kind = IR_TOOL_FUNCTION,
                                .function.schema = str_from(table[i].schema) };
        struct ir_request in = given(b, "user t:a");
        in.tools = (struct ir_tools){ &tool, 1, 1 };
        in.format = (struct ir_format){ .set = true, .schema = tool.function.schema };
        struct ir_request out = prepared(b, &in, "schema_refs", "inline");
        if (!str_is(out.tools.v[0].function.schema, table[i].want)
            || !str_is(out.format.schema, table[i].want))
            fail_msg("%s became %.*s", table[i].schema, STR_ARG(out.tools.v[0].function.schema));
    }
}

/* Ten references in each of twelve places that refer to each other: 10^12 of the last. */
static void
few_references_that_mean_very_many_are_refused(void **state)
{
    struct bench *b = *state;
    struct xd_policy_choice inline_all = { IR_POLICY_SCHEMA_REFS, STR("inline") };
    struct ir_request in = given(b, "user t:a"), out;
    struct str schema = STR("{\"$ref\":\"#/$defs/d0\",\"$defs\":{\"z\":{}");
    for (unsigned i = 0; i < 12; i++) {
        schema = arena_printf(&b->arena, "%.*s,\"d%u\":{\"anyOf\":[{}", STR_ARG(schema), i);
        for (unsigned k = 0; k < 10; k++)
            schema = arena_printf(&b->arena, "%.*s,{\"$ref\":\"#/$defs/d%u\"}", STR_ARG(schema),
                                  i + 1);
        schema = arena_printf(&b->arena, "%.*s]}", STR_ARG(schema));
    }
    struct ir_tool tool = { .kind = IR_TOOL_FUNCTION,
                            .function.schema = arena_printf(&b->arena, "%.*s}}", STR_ARG(schema)) };
    in.tools = (struct ir_tools){ &tool, 1, 1 };
    assert_int_equal(xd_prepare(&b->x, &in, &(struct xd_policy_choices){ &inline_all, 1 }, &out),
                     ERR_LIMIT);
}

static void
an_effort_becomes_what_the_target_understands(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *value;
        enum ir_effort effort;
        enum ir_choice_mode tools;
        const char *script;
        enum ir_thinking mode;
        int64_t budget, max_output;
        enum ir_effort left;
        const char *lost;
    } table[] = {
        { "budget", IR_EFFORT_MEDIUM, 0, "user t:a", IR_THINKING_BUDGET, 8192, 9192, 0,
          "sampling.temperature sampling.top_k sampling.top_p" },
        { "budget", IR_EFFORT_MINIMAL, 0, "user t:a", IR_THINKING_BUDGET, 1024, 2024, 0,
          "sampling.temperature sampling.top_k sampling.top_p" },
        { "budget", IR_EFFORT_MAX, 0, "user t:a", IR_THINKING_BUDGET, 32768, 33768, 0,
          "sampling.temperature sampling.top_k sampling.top_p" },
        { "budget", IR_EFFORT_NONE, 0, "user t:a", IR_THINKING_OFF, 0, 1000, 0, "" },
        { "budget", IR_EFFORT_HIGH, IR_CHOICE_MODE_REQUIRED, "user t:a", 0, 0, 1000, 0,
          "reasoning.effort" },
        { "budget", IR_EFFORT_HIGH, 0, "assistant call:1:f user result:1:r", 0, 0, 1000, 0,
          "reasoning.effort" },
        { "budget", IR_EFFORT_LOW, 0, "assistant think:h:s call:1:f user result:1:r",
          IR_THINKING_BUDGET, 2048, 3048, 0, "sampling.temperature sampling.top_k sampling.top_p" },
        { "adaptive", IR_EFFORT_HIGH, 0, "user t:a", IR_THINKING_AUTO, 0, 1000, IR_EFFORT_HIGH,
          "sampling.temperature sampling.top_k sampling.top_p" },
        { "adaptive", IR_EFFORT_HIGH, IR_CHOICE_MODE_NAMED, "user t:a", 0, 0, 1000, IR_EFFORT_HIGH,
          "" },
        { "adaptive", IR_EFFORT_NONE, 0, "user t:a", IR_THINKING_OFF, 0, 1000, 0, "" },
        { "keep", IR_EFFORT_HIGH, 0, "user t:a", 0, 0, 1000, IR_EFFORT_HIGH, "" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct ir_request in = given(b, table[i].script);
        in.reasoning = (struct ir_reasoning){ .set = true, .effort = table[i].effort };
        in.tool_choice = (struct ir_tool_choice){ .set = true, .mode = table[i].tools };
        in.max_output = (struct ir_int){ 1000, true };
        in.sampling = (struct ir_sampling){
            .set = true, .temperature = STR("0.5"), .top_p = STR("0.9"), .top_k = { 5, true }
        };
        struct ir_request out = prepared(b, &in, "thinking", table[i].value);
        assert_int_equal(out.reasoning.mode, table[i].mode);
        assert_int_equal(out.reasoning.budget.v, table[i].budget);
        assert_int_equal(out.max_output.v, table[i].max_output);
        assert_int_equal(out.reasoning.effort, table[i].left);
        assert_string_equal(losses(b), table[i].lost);
    }
}

static void
a_budget_becomes_an_effort(void **state)
{
    struct bench *b = *state;
    static const struct {
        int64_t budget;
        enum ir_effort effort;
    } table[] = {
        { 1024, IR_EFFORT_LOW },
        { 4000, IR_EFFORT_MEDIUM },
        { 20000, IR_EFFORT_HIGH },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct ir_request in = given(b, "user t:a");
        in.reasoning = (struct ir_reasoning){ .set = true,
                                              .mode = IR_THINKING_BUDGET,
                                              .budget = { table[i].budget, true } };
        assert_int_equal(prepared(b, &in, "thinking", "effort").reasoning.effort, table[i].effort);
    }
}

static void
values_come_from_the_deployment_or_the_spec(void **state)
{
    (void)state;
    struct xd_policy_choice keep = { IR_POLICY_SYSTEM_TURNS, STR("keep") };
    struct xd_policy_choices over = { &keep, 1 };
    assert_true(
        str_is(xd_policy_value(&opinionated, NULL, STR("new"), IR_POLICY_SYSTEM_TURNS), "hoist"));
    assert_true(
        str_is(xd_policy_value(&opinionated, NULL, STR("old-1"), IR_POLICY_SYSTEM_TURNS), "fold"));
    assert_true(str_is(xd_policy_value(&opinionated, NULL, STR("ancient"), IR_POLICY_SYSTEM_TURNS),
                       "fold"));
    assert_true(
        str_is(xd_policy_value(&opinionated, &over, STR("old-1"), IR_POLICY_SYSTEM_TURNS), "keep"));
    assert_int_equal(xd_policy_value(&opinionated, NULL, STR("new"), IR_POLICY_ROLES).n, 0);
}

static void
a_wrong_policy_teaches_the_right_one(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *name, *value, *want;
    } table[] = {
        { "system_turn", "keep", "there is no such policy; did you mean system_turns?" },
        { "system_turns", "kepe", "system_turns takes keep, fold, hoist" },
        { "max_output", "many", "max_output takes keep or a number of tokens" },
        { "max_output", "99999999999", "max_output takes keep or a number of tokens" },
        { "call_ids", "", "call_ids takes keep or a class of characters such as a-zA-Z0-9_-" },
        { "max_output", "100", NULL },
        { "thinking", "adaptive", NULL },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *got = xd_policy_check(&b->arena, str_from(table[i].name),
                                          str_from(table[i].value));
        if (table[i].want)
            assert_string_equal(got, table[i].want);
        else
            assert_null(got);
    }
    assert_non_null(strstr(xd_policy_check(&b->arena, STR("nonsense"), STR("x")),
                           "the policies are system_turns, empty_text"));
}

/* The row of a policy in the manual: `| \`name\` | \`value\` ... |`. */
static void
the_manual_has_all_policies(void **state)
{
    struct bench *b = *state;
    FILE *f = fopen("docs/policies.md", "rb");
    assert_non_null(f);
    for (int c; (c = fgetc(f)) != EOF;)
        buf_putc(&b->text, (char)c);
    fclose(f);
    buf_putc(&b->text, '\0');
    for (const struct ir_policy *p = ir_policies; p < ir_policies + IR_POLICIES; p++) {
        char row[128];
        snprintf(row, sizeof row, "| `%s` |", p->name);
        const char *at = strstr(b->text.p, row);
        if (!at)
            fail_msg("docs/policies.md has no row for %s", p->name);
        struct str line = { at, strcspn(at, "\n") };
        for (const char *const *word = p->words; *word; word++) {
            snprintf(row, sizeof row, "`%s`", *word);
            if (!memmem(line.p, line.n, row, strlen(row)))
                fail_msg("docs/policies.md does not have %s of %s", *word, p->name);
        }
    }
}

/* Of a provider of vectors, say: nothing of a chat is looked at for it. */
static void
who_has_no_chat_is_not_prepared_for_one(void **state)
{
    struct bench *b = *state;
    struct xd x;
    struct ir_block image = { .kind = IR_BLOCK_IMAGE };
    struct ir_turn turn = { .set = true, .role = IR_ROLE_USER, .blocks = { &image, 1, 1 } };
    struct ir_request in = { .model = STR("m"), .turns = { &turn, 1, 1 } }, out;
    xd_init(&x, &dialect, XD_OP_EMBEDDINGS, &b->arena, NULL);
    assert_int_equal(xd_prepare(&x, &in, NULL, &out), ERR_UNSUPPORTED);
    assert_string_equal(x.fault.text, "toy does not have this operation");
    xd_fini(&x);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(turns_and_blocks_become_what_the_target_takes),
        TEST(ids_of_calls_are_mapped_alike_where_they_are_used),
        TEST(one_candidate_is_not_many),
        TEST(nothing_hollow_is_sent),
        TEST(tools_are_not_all_left_out),
        TEST(the_manual_has_all_policies),
        TEST(what_is_required_is_filled_in),
        TEST(references_in_schemas_are_put_in_place),
        TEST(few_references_that_mean_very_many_are_refused),
        TEST(an_effort_becomes_what_the_target_understands),
        TEST(a_budget_becomes_an_effort),
        TEST(values_come_from_the_deployment_or_the_spec),
        TEST(a_wrong_policy_teaches_the_right_one),
        TEST(who_has_no_chat_is_not_prepared_for_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
