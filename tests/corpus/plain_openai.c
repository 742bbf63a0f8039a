/* Chat completions and their chunks, as the recordings show them. */
#include "tests/corpus/plain.h"

static void
read_error(struct plain *p, uint32_t at)
{
    uint32_t e = plain_member(p, at, "error");
    if (!e || p->error.p)
        return;
    if (json_kind(&p->doc, e) == JSON_STRING)
        p->error = json_text(&p->doc, e, p->arena);
    else
        p->error = plain_text(p, e, "message");
}

static void
read_usage(struct plain *p, uint32_t u)
{
    if (!u)
        return;
    uint32_t prompt = plain_member(p, u, "prompt_tokens_details");
    uint32_t completion = plain_member(p, u, "completion_tokens_details");
    p->counted = true;
    p->usages++;
    plain_count(p, u, "prompt_tokens", &p->usage.prompt);
    plain_count(p, u, "completion_tokens", &p->usage.completion);
    plain_count(p, u, "total_tokens", &p->usage.total);
    plain_count(p, prompt, "cached_tokens", &p->usage.cached);
    plain_count(p, prompt, "cache_write_tokens", &p->usage.written);
    plain_count(p, completion, "reasoning_tokens", &p->usage.thinking);
}

static void
read_stop(struct plain *p, uint32_t choice)
{
    static const struct {
        const char *word;
        enum plain_stop stop;
    } words[] = {
        { "length", PLAIN_STOP_LENGTH },          { "model_length", PLAIN_STOP_LENGTH },
        { "tool_calls", PLAIN_STOP_CALL },        { "function_call", PLAIN_STOP_CALL },
        { "content_filter", PLAIN_STOP_REFUSAL }, { "error", PLAIN_STOP_REFUSAL },
    };
    struct str word = plain_text(p, choice, "finish_reason");
    if (word.n == 0)
        return;
    p->stop = PLAIN_STOP_END;
    p->stopped = true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is(word, words[i].word))
            p->stop = words[i].stop;
}

/* Content that comes as a list of parts: texts, and thinking with texts inside. */
static void
read_parts(struct plain *p, uint32_t at, struct str *text)
{
    const struct json_node *nodes = p->doc.nodes;
    for (uint32_t i = at + 1; i < nodes[at].next; i = nodes[i].next) {
        uint32_t thinking = plain_member(p, i, "thinking");
        plain_append(p, text, i, "text");
        plain_append(p, &p->text, i, "refusal");
        if (thinking && json_kind(&p->doc, thinking) == JSON_ARRAY)
            read_parts(p, thinking, &p->thinking);
    }
}

static void
read_content(struct plain *p, uint32_t at)
{
    uint32_t content = plain_member(p, at, "content");
    if (content && json_kind(&p->doc, content) == JSON_ARRAY)
        read_parts(p, content, &p->text);
    else if (content && json_kind(&p->doc, content) == JSON_OBJECT) /* the answer to a schema */
        arena_append(p->arena, &p->text, json_raw(&p->doc, content));
    else
        plain_append(p, &p->text, at, "content");
    size_t n = p->text.n;
    plain_append(p, &p->text, at, "refusal");
    p->refused |= p->text.n > n;
}

/* Providers have three names for it and send up to three at once: the first that says something. */
static void
read_thinking(struct plain *p, uint32_t at)
{
    static const char *const lists[] = { "thinking_blocks", "reasoning_details" };
    static const char *const texts[] = { "thinking", "text", "summary" };
    size_t before = p->thinking.n;
    for (size_t l = 0; l < 2 && p->thinking.n == before; l++) {
        uint32_t list = plain_member(p, at, lists[l]);
        if (!list || json_kind(&p->doc, list) != JSON_ARRAY)
            continue;
        for (uint32_t i = list + 1; i < p->doc.nodes[list].next; i = p->doc.nodes[i].next)
            for (size_t t = 0; t < 3; t++)
                plain_append(p, &p->thinking, i, texts[t]);
    }
    if (p->thinking.n == before)
        plain_append(p, &p->thinking, at, "reasoning_content");
    if (p->thinking.n == before)
        plain_append(p, &p->thinking, at, "reasoning");
}

/* The call a fragment belongs to: the newest of its index, unless it brings another id. */
static struct plain_call *
find_call(struct plain *p, int64_t key, struct str id)
{
    for (unsigned i = p->ncalls; i-- > 0;) {
        struct plain_call *c = &p->call[i];
        if (key >= 0 && c->key != key)
            continue;
        return id.n == 0 || c->id.n == 0 || str_eq(id, c->id) ? c : plain_add_call(p, key);
    }
    return plain_add_call(p, key);
}

static void
read_call(struct plain *p, uint32_t at)
{
    int64_t key = -1;
    uint32_t function = plain_member(p, at, "function");
    struct str id = plain_text(p, at, "id"), name = plain_text(p, function, "name");
    uint32_t arguments = plain_member(p, function, "arguments");
    plain_count(p, at, "index", &key);
    struct plain_call *c = find_call(p, key, id);
    if (id.n)
        c->id = id;
    if (name.n)
        c->name = name;
    if (arguments && json_kind(&p->doc, arguments) == JSON_OBJECT)
        c->arguments = json_raw(&p->doc, arguments);
    else
        plain_append(p, &c->arguments, function, "arguments");
}

static void
read_message(struct plain *p, uint32_t at)
{
    uint32_t calls = plain_member(p, at, "tool_calls");
    read_thinking(p, at);
    read_content(p, at);
    if (!calls || json_kind(&p->doc, calls) != JSON_ARRAY)
        return;
    for (uint32_t i = calls + 1; i < p->doc.nodes[calls].next; i = p->doc.nodes[i].next)
        read_call(p, i);
}

void
plain_openai(struct plain *p, struct str event, uint32_t at)
{
    (void)event;
    uint32_t choices = plain_member(p, at, "choices");
    read_error(p, at);
    read_usage(p, plain_member(p, at, "usage"));
    if (!choices || json_kind(&p->doc, choices) != JSON_ARRAY)
        return;
    for (uint32_t i = choices + 1; i < p->doc.nodes[choices].next; i = p->doc.nodes[i].next) {
        int64_t index = 0;
        plain_count(p, i, "index", &index);
        if (index != p->choice)
            continue;
        read_message(p, plain_member(p, i, p->form == PLAIN_STREAM ? "delta" : "message"));
        read_stop(p, i);
    }
}

/* Mistral counts audio in the total alone, and older replies have another name for what was
 * cached. */
void
plain_mistral(struct plain *p, struct str event, uint32_t at)
{
    uint32_t u = plain_member(p, at, "usage");
    plain_openai(p, event, at);
    plain_count(p, u, "num_cached_tokens", &p->usage.cached);
    if (p->usage.total > p->usage.prompt + p->usage.completion)
        p->usage.prompt = p->usage.total - p->usage.completion;
}

/* Completions have their text in the choice itself. */
void
plain_completions(struct plain *p, struct str event, uint32_t at)
{
    uint32_t choices = plain_member(p, at, "choices");
    plain_openai(p, event, at);
    for (uint32_t i = choices + 1; choices && i < p->doc.nodes[choices].next;
         i = p->doc.nodes[i].next) {
        int64_t index = 0;
        plain_count(p, i, "index", &index);
        if (index == p->choice)
            plain_append(p, &p->text, i, "text");
    }
}
