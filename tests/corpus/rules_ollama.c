/* Lines of a chat: any number that are not done, one that is; an error ends it anywhere. */
#include "tests/corpus/rules.h"

static void
on_call(struct rules *r, uint32_t at)
{
    uint32_t function = rules_member(r, at, "function");
    rules_want(r, rules_has(r, function, "name", JSON_STRING), "a call without a name");
    rules_want(r, rules_has(r, function, "arguments", JSON_OBJECT),
               "a call's arguments are no object");
}

void
rules_ollama(struct rules *r, struct str event, uint32_t at)
{
    uint32_t message = rules_member(r, at, "message"),
             calls = rules_member(r, message, "tool_calls");
    rules_want(r, !event.p, "a line has no name");
    if (rules_member(r, at, "error")) {
        rules_want(r, rules_has(r, at, "error", JSON_STRING), "an error without its text");
        r->state = RULES_FAILED;
        return;
    }
    rules_want(r, rules_has(r, at, "model", JSON_STRING), "a line without a model");
    rules_want(r, rules_has(r, at, "created_at", JSON_STRING), "a line without its time");
    rules_want(r, str_is(rules_text(r, message, "role"), "assistant"), "a line without its role");
    rules_want(r, rules_has(r, message, "content", JSON_STRING), "a line without content");
    for (uint32_t i = calls + 1; calls && i < r->doc.nodes[calls].next; i = r->doc.nodes[i].next)
        on_call(r, i);
    if (rules_has(r, at, "done", JSON_FALSE)) {
        rules_want(r, !rules_member(r, at, "done_reason"), "a reason to stop before the end");
        r->state = RULES_OPEN;
        return;
    }
    rules_want(r, rules_has(r, at, "done", JSON_TRUE), "a line without `done`");
    rules_want(r, rules_has(r, at, "done_reason", JSON_STRING),
               "the last line has no reason to stop");
    rules_want(r, rules_int(r, at, "eval_count") >= 0 || !rules_member(r, at, "eval_count"),
               "a count below zero");
    r->state = RULES_OVER;
}
