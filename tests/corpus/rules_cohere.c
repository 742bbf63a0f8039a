/* Events of a chat:
 *
 *   message-start (content-start content-delta* content-end |
 *                  tool-call-start tool-call-delta* tool-call-end)* message-end [DONE]
 *   message-end with an error ends it anywhere; contents and calls are counted apart */
#include "tests/corpus/rules.h"

static void
on_open(struct rules *r, const char *type, uint32_t at, int64_t *count)
{
    rules_want(r, r->state == RULES_OPEN, "a block outside of the message");
    rules_want(r, !r->open, "a block inside of a block");
    rules_want(r, rules_int(r, at, "index") == *count, "the block's index is not the next");
    r->open = true;
    r->type = str_from(type);
    ++*count;
}

static void
on_inside(struct rules *r, const char *type, uint32_t at, int64_t count)
{
    rules_want(r, r->open && str_is(r->type, type), "an event of a block that is not open");
    rules_want(r, rules_int(r, at, "index") == count - 1, "an event of another block");
}

static void
on_content(struct rules *r, uint32_t content)
{
    rules_want(r,
               rules_has(r, content, "text", JSON_STRING)
                   || rules_has(r, content, "thinking", JSON_STRING),
               "a content that says nothing");
}

static void
on_call(struct rules *r, uint32_t call, bool opens)
{
    uint32_t function = rules_member(r, call, "function");
    rules_want(r, rules_has(r, function, "arguments", JSON_STRING), "a call without arguments");
    if (opens)
        rules_want(r,
                   rules_text(r, call, "id").n > 0 && rules_text(r, function, "name").n > 0
                       && str_is(rules_text(r, call, "type"), "function"),
                   "a call opens without its id, name or type");
}

static void
on_start(struct rules *r, uint32_t at)
{
    rules_want(r, r->state == RULES_START, "message-start again");
    rules_want(r, rules_has(r, at, "id", JSON_STRING), "the message has no id");
    r->state = RULES_OPEN;
}

static void
on_end(struct rules *r, uint32_t delta)
{
    uint32_t tokens = rules_member(r, rules_member(r, delta, "usage"), "tokens");
    if (rules_member(r, delta, "error")) {
        r->state = RULES_FAILED;
        return;
    }
    rules_want(r, r->state == RULES_OPEN && !r->open, "message-end before all is said");
    rules_want(r, rules_has(r, delta, "finish_reason", JSON_STRING), "no reason to stop");
    rules_want(r, !tokens || rules_int(r, tokens, "input_tokens") >= 0, "a usage without counts");
    r->state = RULES_STOPPED;
}

void
rules_cohere(struct rules *r, struct str event, uint32_t at)
{
    struct str type = rules_text(r, at, "type");
    uint32_t delta = rules_member(r, at, "delta"), message = rules_member(r, delta, "message");
    int64_t *contents = &r->calls[1], *calls = &r->calls[0];
    rules_want(r, str_eq(event, type), "the event's name is not its type");
    if (str_is(type, "message-start")) {
        on_start(r, at);
    } else if (str_is(type, "content-start")) {
        on_open(r, "content", at, contents);
        on_content(r, rules_member(r, message, "content"));
    } else if (str_is(type, "content-delta")) {
        on_inside(r, "content", at, *contents);
        on_content(r, rules_member(r, message, "content"));
    } else if (str_is(type, "tool-call-start")) {
        on_open(r, "call", at, calls);
        on_call(r, rules_member(r, message, "tool_calls"), true);
    } else if (str_is(type, "tool-call-delta")) {
        on_inside(r, "call", at, *calls);
        on_call(r, rules_member(r, message, "tool_calls"), false);
    } else if (str_is(type, "content-end")) {
        on_inside(r, "content", at, *contents);
        r->open = false;
    } else if (str_is(type, "tool-call-end")) {
        on_inside(r, "call", at, *calls);
        r->open = false;
    } else if (str_is(type, "message-end")) {
        on_end(r, delta);
    } else {
        rules_object(r, "an unknown event");
    }
}
