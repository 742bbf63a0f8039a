/* Ollama's replies and lines, as the recordings show them: a reply is a stream of one line. */
#include "tests/corpus/plain.h"

static void
read_call(struct plain *p, uint32_t at)
{
    uint32_t function = plain_member(p, at, "function");
    uint32_t arguments = plain_member(p, function, "arguments");
    struct plain_call *c = plain_add_call(p, -1);
    c->id = plain_text(p, at, "id");
    c->name = plain_text(p, function, "name");
    if (arguments)
        c->arguments = json_raw(&p->doc, arguments);
}

static void
read_stop(struct plain *p, struct str word)
{
    p->done = p->stopped = true;
    p->stop = str_is(word, "length")           ? PLAIN_STOP_LENGTH
              : str_is(word, "content_filter") ? PLAIN_STOP_REFUSAL
                                               : PLAIN_STOP_END;
    p->counted = true;
    p->usages++;
}

void
plain_ollama(struct plain *p, struct str event, uint32_t at)
{
    (void)event;
    uint32_t message = plain_member(p, at, "message"), done = plain_member(p, at, "done"),
             calls = plain_member(p, message, "tool_calls");
    plain_append(p, &p->error, at, "error");
    plain_append(p, &p->text, message, "content");
    plain_append(p, &p->thinking, message, "thinking");
    for (uint32_t i = calls + 1; calls && i < p->doc.nodes[calls].next; i = p->doc.nodes[i].next)
        read_call(p, i);
    if (!done || json_kind(&p->doc, done) != JSON_TRUE)
        return;
    read_stop(p, plain_text(p, at, "done_reason"));
    plain_count(p, at, "prompt_eval_count", &p->usage.prompt);
    plain_count(p, at, "eval_count", &p->usage.completion);
    p->usage.total = p->usage.prompt + p->usage.completion;
}
