/* Cohere's replies and events, as the recordings show them. */
#include "tests/corpus/plain.h"

static void
read_usage(struct plain *p, uint32_t u)
{
    uint32_t tokens = plain_member(p, u, "tokens");
    if (!u)
        return;
    p->counted = true;
    p->usages++;
    plain_count(p, tokens, "input_tokens", &p->usage.prompt);
    plain_count(p, tokens, "output_tokens", &p->usage.completion);
    plain_count(p, tokens, "reasoning_tokens", &p->usage.thinking);
    plain_count(p, u, "cached_tokens", &p->usage.cached);
    p->usage.total = p->usage.prompt + p->usage.completion;
}

static void
read_stop(struct plain *p, uint32_t at)
{
    static const struct {
        const char *word;
        enum plain_stop stop;
    } words[] = {
        { "MAX_TOKENS", PLAIN_STOP_LENGTH },
        { "TOOL_CALL", PLAIN_STOP_CALL },
        { "ERROR_TOXIC", PLAIN_STOP_REFUSAL },
    };
    struct str word = plain_text(p, at, "finish_reason");
    if (word.n == 0)
        return;
    p->stop = PLAIN_STOP_END;
    p->stopped = true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is(word, words[i].word))
            p->stop = words[i].stop;
}

static void
read_content(struct plain *p, uint32_t at)
{
    plain_append(p, &p->text, at, "text");
    plain_append(p, &p->thinking, at, "thinking");
}

static void
read_call(struct plain *p, uint32_t at)
{
    uint32_t function = plain_member(p, at, "function");
    struct plain_call *c = plain_add_call(p, -1);
    c->id = plain_text(p, at, "id");
    c->name = plain_text(p, function, "name");
    plain_append(p, &c->arguments, function, "arguments");
}

static void
each(struct plain *p, uint32_t at, const char *name, void (*fn)(struct plain *, uint32_t))
{
    uint32_t list = plain_member(p, at, name);
    if (!list || json_kind(&p->doc, list) != JSON_ARRAY)
        return;
    for (uint32_t i = list + 1; i < p->doc.nodes[list].next; i = p->doc.nodes[i].next)
        fn(p, i);
}

static void
read_event(struct plain *p, struct str type, uint32_t at)
{
    uint32_t delta = plain_member(p, at, "delta"), message = plain_member(p, delta, "message"),
             call = plain_member(p, message, "tool_calls");
    plain_append(p, &p->text, message, "tool_plan");
    if (str_is(type, "content-start") || str_is(type, "content-delta"))
        read_content(p, plain_member(p, message, "content"));
    else if (str_is(type, "tool-call-start"))
        read_call(p, call);
    else if (str_is(type, "tool-call-delta") && p->ncalls)
        plain_append(p, &p->call[p->ncalls - 1].arguments, plain_member(p, call, "function"),
                     "arguments");
    if (!str_is(type, "message-end"))
        return;
    read_stop(p, delta);
    read_usage(p, plain_member(p, delta, "usage"));
    if (plain_member(p, delta, "error"))
        p->error = plain_text(p, delta, "error");
}

void
plain_cohere(struct plain *p, struct str event, uint32_t at)
{
    (void)event;
    struct str type = plain_text(p, at, "type");
    uint32_t message = plain_member(p, at, "message");
    if (type.n) {
        read_event(p, type, at);
        return;
    }
    plain_append(p, &p->text, message, "tool_plan");
    each(p, message, "content", read_content);
    each(p, message, "tool_calls", read_call);
    read_stop(p, at);
    read_usage(p, plain_member(p, at, "usage"));
    if (!message)
        return;
    if (json_kind(&p->doc, message) == JSON_STRING)
        p->error = plain_text(p, at, "message");
}
