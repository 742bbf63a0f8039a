/* Messages and their events, as the recordings show them. */
#include "tests/corpus/plain.h"

static void
read_usage(struct plain *p, uint32_t u)
{
    if (!u)
        return;
    p->counted = true;
    p->usages++;
    plain_count(p, u, "input_tokens", &p->input);
    plain_count(p, u, "output_tokens", &p->usage.completion);
    plain_count(p, u, "cache_read_input_tokens", &p->usage.cached);
    plain_count(p, u, "cache_creation_input_tokens", &p->usage.written);
    plain_count(p, plain_member(p, u, "output_tokens_details"), "thinking_tokens",
                &p->usage.thinking);
    p->usage.prompt = p->input + p->usage.cached + p->usage.written;
    p->usage.total = p->usage.prompt + p->usage.completion;
}

static void
read_stop(struct plain *p, uint32_t at)
{
    static const struct {
        const char *word;
        enum plain_stop stop;
    } words[] = {
        { "max_tokens", PLAIN_STOP_LENGTH },
        { "model_context_window_exceeded", PLAIN_STOP_LENGTH },
        { "tool_use", PLAIN_STOP_CALL },
        { "refusal", PLAIN_STOP_REFUSAL },
    };
    struct str word = plain_text(p, at, "stop_reason");
    if (word.n == 0)
        return;
    p->stop = PLAIN_STOP_END;
    p->stopped = true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is(word, words[i].word))
            p->stop = words[i].stop;
}

/* key: the block's index in a stream, -1 in a document. */
static void
read_block(struct plain *p, uint32_t at, int64_t key)
{
    struct str type = plain_text(p, at, "type");
    if (str_is(type, "text"))
        plain_append(p, &p->text, at, "text");
    if (str_is(type, "thinking"))
        plain_append(p, &p->thinking, at, "thinking");
    if (!str_is(type, "tool_use"))
        return;
    struct plain_call *c = plain_add_call(p, key);
    uint32_t input = plain_member(p, at, "input");
    c->id = plain_text(p, at, "id");
    c->name = plain_text(p, at, "name");
    if (input && p->doc.nodes[input].next > input + 1)
        c->arguments = json_raw(&p->doc, input);
}

static void
read_delta(struct plain *p, uint32_t at, int64_t key)
{
    struct str type = plain_text(p, at, "type");
    if (str_is(type, "text_delta"))
        plain_append(p, &p->text, at, "text");
    if (str_is(type, "thinking_delta"))
        plain_append(p, &p->thinking, at, "thinking");
    for (unsigned i = p->ncalls; str_is(type, "input_json_delta") && i-- > 0;)
        if (p->call[i].key == key) {
            plain_append(p, &p->call[i].arguments, at, "partial_json");
            break;
        }
}

static void
read_message(struct plain *p, uint32_t at)
{
    uint32_t content = plain_member(p, at, "content");
    read_stop(p, at);
    read_usage(p, plain_member(p, at, "usage"));
    if (!content || json_kind(&p->doc, content) != JSON_ARRAY)
        return;
    for (uint32_t i = content + 1; i < p->doc.nodes[content].next; i = p->doc.nodes[i].next)
        read_block(p, i, -1);
}

void
plain_anthropic(struct plain *p, struct str event, uint32_t at)
{
    (void)event;
    struct str type = plain_text(p, at, "type");
    int64_t key = -1;
    plain_count(p, at, "index", &key);
    if (str_is(type, "message"))
        read_message(p, at);
    else if (str_is(type, "message_start"))
        read_message(p, plain_member(p, at, "message"));
    else if (str_is(type, "content_block_start"))
        read_block(p, plain_member(p, at, "content_block"), key);
    else if (str_is(type, "content_block_delta"))
        read_delta(p, plain_member(p, at, "delta"), key);
    else if (str_is(type, "message_delta")) {
        read_stop(p, plain_member(p, at, "delta"));
        read_usage(p, plain_member(p, at, "usage"));
    } else if (str_is(type, "message_stop"))
        p->done = true;
    else if (str_is(type, "error"))
        p->error = plain_text(p, plain_member(p, at, "error"), "message");
}
