/* Chunks of a chat completion:
 *
 *   first content* final     of each choice; choices may interleave
 *   usage? [DONE]            behind every final; the usage's chunk has no choices
 *   error ends it anywhere, without [DONE] */
#include "tests/corpus/rules.h"

static void
on_call(struct rules *r, int64_t choice, uint32_t at)
{
    int64_t index = rules_int(r, at, "index"), *calls = &r->calls[choice];
    uint32_t function = rules_member(r, at, "function");
    rules_want(r, rules_has(r, function, "arguments", JSON_STRING),
               "a call's chunk without arguments");
    if (index == *calls) {
        rules_want(r, rules_text(r, at, "id").n > 0, "a call opens without an id");
        rules_want(r, rules_has(r, function, "name", JSON_STRING), "a call opens without a name");
        rules_want(r, str_is(rules_text(r, at, "type"), "function"),
                   "a call opens without its type");
        ++*calls;
        return;
    }
    rules_want(r, index == *calls - 1, "a call's index is neither the newest nor the next");
    rules_want(r,
               !rules_member(r, at, "id") && !rules_member(r, at, "type")
                   && rules_text(r, function, "name").n == 0,
               "a call's continuation repeats its head");
}

static void
on_delta(struct rules *r, int64_t choice, uint32_t at, bool final)
{
    static const char *const says[] = { "content",    "refusal",         "reasoning_content",
                                        "reasoning",  "thinking_blocks", "reasoning_details",
                                        "tool_calls", "annotations",     "audio" };
    uint32_t calls = rules_member(r, at, "tool_calls");
    bool first = !r->begun[choice], some = false;
    rules_want(r, first == (rules_member(r, at, "role") != 0),
               "the role belongs into the first chunk");
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        some |= rules_member(r, at, says[i]) != 0;
    rules_want(r, some || first || final, "a chunk that says nothing");
    rules_want(r, !calls || json_kind(&r->doc, calls) == JSON_ARRAY, "tool_calls is no list");
    for (uint32_t i = calls + 1; calls && i < r->doc.nodes[calls].next; i = r->doc.nodes[i].next)
        on_call(r, choice, i);
}

static void
on_choice(struct rules *r, uint32_t at)
{
    int64_t choice = rules_int(r, at, "index");
    bool final = rules_has(r, at, "finish_reason", JSON_STRING);
    if (choice < 0 || choice >= RULES_CHOICES_MAX) {
        rules_object(r, "a choice without an index");
        return;
    }
    rules_want(r, rules_has(r, at, "delta", JSON_OBJECT), "a choice without a delta");
    rules_want(r, final || rules_is_null(r, at, "finish_reason"),
               "a choice without a finish_reason");
    rules_want(r, !r->finished[choice], "a chunk of a choice that has finished");
    on_delta(r, choice, rules_member(r, at, "delta"), final);
    r->unfinished += !r->begun[choice];
    r->unfinished -= final && !r->finished[choice];
    r->begun[choice] = true;
    r->finished[choice] |= final;
}

static void
on_usage(struct rules *r, uint32_t u)
{
    int64_t prompt = rules_int(r, u, "prompt_tokens"),
            completion = rules_int(r, u, "completion_tokens");
    rules_want(r, r->state == RULES_OPEN && !r->unfinished,
               "the usage is not behind the last finish");
    rules_want(r, prompt >= 0 && completion >= 0, "a usage without its counts");
    rules_want(r, rules_int(r, u, "total_tokens") == prompt + completion,
               "the total is not the sum");
    r->state = RULES_COUNTED;
}

static void
on_chunk(struct rules *r, uint32_t at)
{
    uint32_t choices = rules_member(r, at, "choices"), usage = rules_member(r, at, "usage");
    struct str id = rules_text(r, at, "id");
    rules_want(r, str_is(rules_text(r, at, "object"), "chat.completion.chunk"), "a chunk's object");
    rules_want(r, rules_has(r, at, "id", JSON_STRING) && rules_has(r, at, "model", JSON_STRING),
               "a chunk without id or model");
    rules_want(r, rules_int(r, at, "created") >= 0, "a chunk without its time");
    rules_want(r, r->state == RULES_START || str_eq(id, r->id), "a chunk with another id");
    rules_want(r, choices && json_kind(&r->doc, choices) == JSON_ARRAY, "a chunk without choices");
    r->id = id;
    if (r->state == RULES_START)
        r->state = RULES_OPEN;
    bool none = choices && r->doc.nodes[choices].next == choices + 1;
    if (r->billed)
        rules_want(r, !none, "a chunk without a choice");
    else
        rules_want(r, none == (usage != 0), "a usage beside choices, or a chunk with neither");
    for (uint32_t i = choices + 1; choices && i < r->doc.nodes[choices].next;
         i = r->doc.nodes[i].next)
        on_choice(r, i);
    if (usage)
        on_usage(r, usage);
}

void
rules_chat(struct rules *r, struct str event, uint32_t at)
{
    uint32_t error = rules_member(r, at, "error");
    rules_want(r, !event.p, "a chunk has no event name");
    if (!error) {
        on_chunk(r, at);
        return;
    }
    rules_want(r, rules_has(r, error, "message", JSON_STRING), "an error without a message");
    r->state = RULES_FAILED;
}

/* The same, but the usage stands in the chunk with the reason to stop. */
void
rules_mistral(struct rules *r, struct str event, uint32_t at)
{
    r->billed = true;
    rules_chat(r, event, at);
    uint32_t choices = rules_member(r, at, "choices");
    bool final = choices && rules_has(r, choices + 1, "finish_reason", JSON_STRING);
    rules_want(r, !final || r->unfinished || rules_has(r, at, "usage", JSON_OBJECT),
               "the last reason to stop, and no usage");
}

/* Completions: a text where others have a delta. */
void
rules_completions(struct rules *r, struct str event, uint32_t at)
{
    uint32_t error = rules_member(r, at, "error"), choices = rules_member(r, at, "choices");
    rules_want(r, !event.p, "a chunk has no event name");
    if (error) {
        rules_want(r, rules_has(r, error, "message", JSON_STRING), "an error without a message");
        r->state = RULES_FAILED;
        return;
    }
    rules_want(r, str_is(rules_text(r, at, "object"), "text_completion"), "a chunk's object");
    rules_want(r, choices && json_kind(&r->doc, choices) == JSON_ARRAY, "a chunk without choices");
    for (uint32_t i = choices + 1; choices && i < r->doc.nodes[choices].next;
         i = r->doc.nodes[i].next)
        rules_want(r, rules_has(r, i, "text", JSON_STRING) && rules_int(r, i, "index") >= 0,
                   "a choice without its text or index");
    r->state = RULES_OPEN;
}
