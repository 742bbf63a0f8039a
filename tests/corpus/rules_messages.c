/* Events of a message:
 *
 *   message_start (start delta* stop)* message_delta message_stop   blocks never overlap
 *   error ends it anywhere, ping may stand anywhere */
#include "tests/corpus/rules.h"

static void
on_start(struct rules *r, uint32_t at)
{
    uint32_t m = rules_member(r, at, "message"), usage = rules_member(r, m, "usage");
    rules_want(r, r->state == RULES_START, "message_start again");
    rules_want(r, rules_has(r, m, "id", JSON_STRING), "the message has no id");
    rules_want(r, rules_has(r, m, "model", JSON_STRING), "the message has no model");
    rules_want(r, str_is(rules_text(r, m, "type"), "message"), "the message's type");
    rules_want(r, str_is(rules_text(r, m, "role"), "assistant"), "the message's role");
    rules_want(r, rules_has(r, m, "content", JSON_ARRAY), "the message has no content");
    rules_want(r, rules_is_null(r, m, "stop_reason"), "the message has a stop_reason");
    rules_want(r, rules_is_null(r, m, "stop_sequence"), "the message has a stop_sequence");
    rules_want(r, rules_int(r, usage, "input_tokens") >= 0, "the message has no input_tokens");
    rules_want(r, rules_int(r, usage, "output_tokens") >= 0, "the message has no output_tokens");
    r->state = RULES_OPEN;
}

static void
on_block_start(struct rules *r, uint32_t at)
{
    uint32_t b = rules_member(r, at, "content_block");
    rules_want(r, r->state == RULES_OPEN, "a block outside of the message");
    rules_want(r, !r->open, "a block inside of a block");
    rules_want(r, rules_int(r, at, "index") == r->index, "the block's index is not the next");
    r->type = rules_text(r, b, "type");
    r->open = true;
    r->sealed = false;
    if (str_is(r->type, "text"))
        rules_want(r, rules_has(r, b, "text", JSON_STRING), "a text block without text");
    else if (str_is(r->type, "thinking"))
        rules_want(r, rules_has(r, b, "thinking", JSON_STRING),
                   "a thinking block without thinking");
    else if (str_is(r->type, "tool_use"))
        rules_want(r,
                   rules_has(r, b, "id", JSON_STRING) && rules_has(r, b, "name", JSON_STRING)
                       && rules_has(r, b, "input", JSON_OBJECT),
                   "a call without id, name or input");
    else
        rules_want(r, r->type.n > 0, "a block without a type");
}

static void
on_delta(struct rules *r, uint32_t at)
{
    static const struct {
        const char *delta, *block, *member;
    } fits[] = {
        { "text_delta", "text", "text" },
        { "citations_delta", "text", NULL },
        { "thinking_delta", "thinking", "thinking" },
        { "signature_delta", "thinking", "signature" },
        { "input_json_delta", "tool_use", "partial_json" },
        { "input_json_delta", "server_tool_use", "partial_json" },
        { "input_json_delta", "mcp_tool_use", "partial_json" },
    };
    uint32_t d = rules_member(r, at, "delta");
    struct str type = rules_text(r, d, "type");
    bool fit = false;
    rules_want(r, r->open && rules_int(r, at, "index") == r->index, "a delta of no open block");
    rules_want(r, !r->sealed, "a delta behind the signature");
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++)
        if (str_is(type, fits[i].delta) && str_is(r->type, fits[i].block))
            fit = !fits[i].member || rules_has(r, d, fits[i].member, JSON_STRING);
    rules_want(r, fit, "a delta that does not fit its block");
    r->sealed = str_is(type, "signature_delta");
}

static void
on_block_stop(struct rules *r, uint32_t at)
{
    rules_want(r, r->open && rules_int(r, at, "index") == r->index, "the stop of no open block");
    r->open = false;
    r->index++;
}

static void
on_message_delta(struct rules *r, uint32_t at)
{
    uint32_t d = rules_member(r, at, "delta");
    rules_want(r, r->state == RULES_OPEN && !r->open, "message_delta in the wrong place");
    rules_want(r, rules_has(r, d, "stop_reason", JSON_STRING),
               "message_delta without a stop_reason");
    rules_want(r, rules_int(r, rules_member(r, at, "usage"), "output_tokens") >= 0,
               "message_delta without output_tokens");
    r->state = RULES_STOPPED;
}

void
rules_messages(struct rules *r, struct str event, uint32_t at)
{
    struct str type = rules_text(r, at, "type");
    rules_want(r, str_eq(event, type), "the event's name is not its type");
    if (str_is(type, "message_start"))
        on_start(r, at);
    else if (str_is(type, "content_block_start"))
        on_block_start(r, at);
    else if (str_is(type, "content_block_delta"))
        on_delta(r, at);
    else if (str_is(type, "content_block_stop"))
        on_block_stop(r, at);
    else if (str_is(type, "message_delta"))
        on_message_delta(r, at);
    else if (str_is(type, "message_stop")) {
        rules_want(r, r->state == RULES_STOPPED, "message_stop without message_delta");
        r->state = RULES_OVER;
    } else if (str_is(type, "error")) {
        rules_want(r, rules_has(r, rules_member(r, at, "error"), "message", JSON_STRING),
                   "an error without a message");
        r->state = RULES_FAILED;
    } else
        rules_want(r, str_is(type, "ping"), "an unknown event");
}
