/* Replies and events of the Responses API, as the recordings show them. */
#include "tests/corpus/plain.h"

static void
read_usage(struct plain *p, uint32_t u)
{
    if (!u)
        return;
    p->counted = true;
    p->usages++;
    plain_count(p, u, "input_tokens", &p->usage.prompt);
    plain_count(p, u, "output_tokens", &p->usage.completion);
    plain_count(p, u, "total_tokens", &p->usage.total);
    plain_count(p, plain_member(p, u, "input_tokens_details"), "cached_tokens", &p->usage.cached);
    plain_count(p, plain_member(p, u, "input_tokens_details"), "cache_write_tokens",
                &p->usage.written);
    plain_count(p, plain_member(p, u, "output_tokens_details"), "reasoning_tokens",
                &p->usage.thinking);
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
read_part(struct plain *p, uint32_t at)
{
    struct str type = plain_text(p, at, "type");
    if (str_is(type, "output_text"))
        plain_append(p, &p->text, at, "text");
    if (!str_is(type, "refusal"))
        return;
    plain_append(p, &p->text, at, "refusal");
    p->refused = true;
}

/* A blank line stands between the parts of one item. */
static void
read_thoughts(struct plain *p, uint32_t list)
{
    bool some = false;
    if (!list || json_kind(&p->doc, list) != JSON_ARRAY)
        return;
    for (uint32_t i = list + 1; i < p->doc.nodes[list].next; i = p->doc.nodes[i].next) {
        if (some)
            arena_append(p->arena, &p->thinking, STR("\n\n"));
        plain_append(p, &p->thinking, i, "text");
        some = true;
    }
}

static void
read_call(struct plain *p, uint32_t at)
{
    struct plain_call *c = plain_add_call(p, -1);
    c->id = plain_text(p, at, "call_id");
    c->name = plain_text(p, at, "name");
    plain_append(p, &c->arguments, at, "arguments");
}

static void
read_item(struct plain *p, uint32_t at)
{
    struct str type = plain_text(p, at, "type");
    if (str_is(type, "message")) {
        each(p, at, "content", read_part);
    } else if (str_is(type, "reasoning")) {
        uint32_t summary = plain_member(p, at, "summary");
        bool some = summary && p->doc.nodes[summary].next > summary + 1;
        read_thoughts(p, some ? summary : plain_member(p, at, "content"));
    } else if (str_is(type, "function_call")) {
        read_call(p, at);
    }
}

static void
read_stop(struct plain *p, uint32_t at)
{
    struct str status = plain_text(p, at, "status"),
               reason = plain_text(p, plain_member(p, at, "incomplete_details"), "reason");
    if (status.n == 0)
        return;
    p->stopped = true;
    p->stop = PLAIN_STOP_END;
    if (p->ncalls)
        p->stop = PLAIN_STOP_CALL;
    if (str_is(reason, "max_output_tokens"))
        p->stop = PLAIN_STOP_LENGTH;
    if (str_is(reason, "content_filter") || (p->refused && !p->ncalls))
        p->stop = PLAIN_STOP_REFUSAL;
}

static void
read_response(struct plain *p, uint32_t at)
{
    uint32_t error = plain_member(p, at, "error");
    if (error) {
        p->error = json_kind(&p->doc, error) == JSON_STRING ? plain_text(p, at, "error")
                                                            : plain_text(p, error, "message");
        return;
    }
    each(p, at, "output", read_item);
    read_stop(p, at);
    read_usage(p, plain_member(p, at, "usage"));
}

static void
read_piece(struct plain *p, struct str type, uint32_t at)
{
    int64_t part = 0;
    uint32_t item = plain_member(p, at, "item");
    plain_count(p, at, "summary_index", &part);
    if (str_is(type, "response.output_text.delta"))
        plain_append(p, &p->text, at, "delta");
    else if (str_is(type, "response.refusal.delta"))
        plain_append(p, &p->text, at, "delta");
    else if (str_is(type, "response.reasoning_summary_text.delta")
             || str_is(type, "response.reasoning_text.delta"))
        plain_append(p, &p->thinking, at, "delta");
    else if (str_is(type, "response.reasoning_summary_part.added") && part > 0)
        arena_append(p->arena, &p->thinking, STR("\n\n"));
    else if (str_is(type, "response.function_call_arguments.delta") && p->ncalls)
        plain_append(p, &p->call[p->ncalls - 1].arguments, at, "delta");
    else if (str_is(type, "response.output_item.added")
             && str_is(plain_text(p, item, "type"), "function_call"))
        read_call(p, item);
    p->refused |= str_is(type, "response.refusal.delta");
}

void
plain_responses(struct plain *p, struct str event, uint32_t at)
{
    (void)event;
    struct str type = plain_text(p, at, "type");
    uint32_t response = plain_member(p, at, "response"), error = plain_member(p, at, "error");
    if (type.n == 0) {
        read_response(p, at);
    } else if (str_is(type, "response.completed") || str_is(type, "response.incomplete")) {
        read_stop(p, response);
        read_usage(p, plain_member(p, response, "usage"));
        p->done = true;
    } else if (str_is(type, "response.failed")) {
        p->error = plain_text(p, plain_member(p, response, "error"), "message");
    } else if (str_is(type, "error")) {
        p->error = plain_text(p, error ? error : at, "message");
    } else {
        read_piece(p, type, at);
    }
}
