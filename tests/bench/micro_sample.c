/* Making them. */
#include "tests/bench/micro_sample.h"

#include "runtime/xd/registry.h"
#include "tests/bench/micro_work.h"

#define SAMPLE_MAX (64u << 20)

static const struct xd_dialect *
chat(void)
{
    return xd_find(STR("openai.chat"));
}

static void
put_text(struct buf *b, size_t n, size_t from)
{
    for (size_t k = 0; k < n; k++)
        buf_putc(b, "etaoin shrdlu"[(from + k) % 13]);
}

/* In the dialect d; from the chat dialect, in which it was made. */
static struct str
in_dialect(const struct xd_dialect *d, struct buf *made, micro_run *run)
{
    struct micro_job j = { .input = buf_str(made), .from = chat(), .to = d, .keeps = true };
    if (d == j.from)
        return j.input;
    buf_init(&j.kept, SAMPLE_MAX);
    run(&j);
    return buf_str(&j.kept);
}

struct str
micro_sample_document(void)
{
    return STR("{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1754432623,"
               "\"model\":\"gpt-4o-2024-08-06\",\"service_tier\":\"default\","
               "\"system_fingerprint\":\"fp_ff25b2783a\",\"choices\":[{\"index\":0,\"delta\":"
               "{\"content\":\" token\"},\"logprobs\":null,\"finish_reason\":null}]}");
}

struct str
micro_sample_stream(const struct xd_dialect *d, unsigned events, size_t text)
{
    struct buf b;
    buf_init(&b, SAMPLE_MAX);
    for (unsigned i = 0; i < events; i++) {
        buf_puts(&b, STR("data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
                         "\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":"
                         "{\"content\":\""));
        put_text(&b, text, i);
        buf_puts(&b, STR("\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n"));
    }
    buf_puts(&b, STR("data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
                     "\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},"
                     "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"));
    return in_dialect(d, &b, micro_run_stream);
}

struct str
micro_sample_request(const struct xd_dialect *d, size_t bytes)
{
    struct buf b;
    buf_init(&b, SAMPLE_MAX);
    buf_puts(&b, STR("{\"model\":\"m\",\"max_tokens\":64,\"temperature\":0.7,\"tools\":[{\"type\":"
                     "\"function\",\"function\":{\"name\":\"weather\",\"description\":\"Tells the "
                     "weather.\",\"parameters\":{\"type\":\"object\",\"properties\":{\"place\":"
                     "{\"type\":\"string\"}},\"required\":[\"place\"]}}}],\"messages\":[{\"role\":"
                     "\"system\",\"content\":\"Answer in few words.\"}"));
    for (unsigned i = 0; b.n + 1000 < bytes || i % 2; i++) {
        buf_printf(&b, ",{\"role\":\"%s\",\"content\":\"", i % 2 ? "assistant" : "user");
        put_text(&b, 1000, i);
        buf_puts(&b, STR("\\n\"}"));
    }
    buf_puts(&b, STR(",{\"role\":\"user\",\"content\":\"What about \\\"Amsterdam\\\"?\"}]}"));
    return in_dialect(d, &b, micro_run_request);
}

struct str
micro_sample_reply(const struct xd_dialect *d, size_t text)
{
    struct buf b;
    buf_init(&b, SAMPLE_MAX);
    buf_puts(&b,
             STR("{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1,\"model\":"
                 "\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
                 "\"content\":\""));
    put_text(&b, text, 0);
    buf_puts(&b, STR("\"},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":"
                     "{\"prompt_tokens\":32,\"completion_tokens\":113,\"total_tokens\":145}}"));
    return in_dialect(d, &b, micro_run_reply);
}

struct str
micro_sample_prose(size_t bytes, bool secrets)
{
    static const struct str words = STR_INIT(
        "The quick brown fox said: \"jump over\" the lazy dog, and so it did, at half past 3 (15:30), "
        "for 12.50 in all. Nobody who saw it, in 2024 or since, could say why; some thought of the "
        "weather - it was the 3rd of May - others of e-mail. See page 17, or ask again tomorrow. ");
    struct buf b;
    buf_init(&b, SAMPLE_MAX);
    for (unsigned i = 0; b.n < bytes; i++) {
        buf_puts(&b, words);
        buf_puts(&b, STR("It went on like that for a long while, and then for a while longer. "));
        if (secrets && i % 2)
            buf_printf(&b, "Write to person%u@mail.example.org. ", i);
        else if (secrets)
            buf_printf(&b, "The key is sk-proj-%08uabcdefghijklmnopqrstuvwxyz012345. ", i);
    }
    return buf_str(&b);
}
