/* A function for each name of a loss. */
#include "tests/lib/forget.h"

const struct forget_setting forget_settings[] = {
    { "sampling.temperature", offsetof(struct ir_request, sampling.temperature), "0.125" },
    { "sampling.top_p", offsetof(struct ir_request, sampling.top_p), "1e-1" },
    { "sampling.seed", offsetof(struct ir_request, sampling.seed), "12345678901234567890" },
    { "sampling.presence", offsetof(struct ir_request, sampling.presence), "0.5" },
    { "sampling.frequency", offsetof(struct ir_request, sampling.frequency), "-0.25" },
    { "sampling.bias", offsetof(struct ir_request, sampling.bias), "{\"50256\":-100}" },
    { "user", offsetof(struct ir_request, user), "u\xc3\xa9" },
    { "cache_key", offsetof(struct ir_request, cache_key), "key" },
    { NULL, 0, NULL },
};

static bool
forget_one(struct str name, struct ir_request *m)
{
    for (const struct forget_setting *s = forget_settings; s->name; s++)
        if (str_is(name, s->name)) {
            *forget_setting(s, m) = (struct str){ NULL, 0 };
            return true;
        }
    return false;
}

static void
forget_strict(struct ir_request *m)
{
    for (unsigned i = 0; i < m->tools.n; i++)
        m->tools.v[i].function.strict = IR_UNSET;
}

/* One function that must be called is, without its name, some function. */
static void
forget_choice_name(struct ir_request *m)
{
    m->tool_choice.mode = IR_CHOICE_MODE_REQUIRED;
    m->tool_choice.name = (struct str){ NULL, 0 };
}

static void
forget_stops(struct ir_request *m)
{
    m->stops.n = 0;
}

/* The texts of a turn become one, before the images. */
static void
join_texts(struct ir_turn *t, struct arena *a)
{
    struct ir_blocks *l = &t->blocks, out = { arena_alloc(a, (l->n + 1) * sizeof *l->v), 0, 0 };
    struct ir_block *text = NULL;
    for (unsigned pass = 0; pass < 3; pass++)
        for (unsigned i = 0; i < l->n; i++) {
            enum ir_block_kind kind = l->v[i].kind;
            unsigned place = kind == IR_BLOCK_TEXT ? 1 : kind == IR_BLOCK_IMAGE ? 2 : 0;
            if (kind == IR_BLOCK_CALL)
                place = 2;
            if (place != pass)
                continue;
            if (kind == IR_BLOCK_TEXT && text)
                text->text.text = arena_printf(a, "%.*s%.*s", STR_ARG(text->text.text),
                                               STR_ARG(l->v[i].text.text));
            else
                out.v[out.n++] = l->v[i];
            text = kind == IR_BLOCK_TEXT ? &out.v[out.n - 1] : text;
        }
    *l = out;
}

void
forget_places(struct ir_request *m, struct arena *a)
{
    for (unsigned i = 0; i < m->turns.n; i++)
        join_texts(&m->turns.v[i], a);
}

/* Images by address. */
static void
forget_images(struct ir_request *m)
{
    for (unsigned i = 0; i < m->turns.n; i++) {
        struct ir_blocks *l = &m->turns.v[i].blocks;
        unsigned n = 0;
        for (unsigned k = 0; k < l->n; k++)
            if (l->v[k].kind != IR_BLOCK_IMAGE || l->v[k].image.source.kind != IR_SOURCE_URL)
                l->v[n++] = l->v[k];
        l->n = n;
    }
}

static void
forget_top_k(struct ir_request *m)
{
    m->sampling.top_k = (struct ir_int){ 0, false };
}

static void
forget_tools(struct ir_request *m)
{
    m->tools.n = 0;
}

static void
forget_choice(struct ir_request *m)
{
    m->tool_choice = (struct ir_tool_choice){ 0 };
}

static void
forget_signatures(struct ir_reply *m)
{
    for (unsigned i = 0; i < m->choices.v[0].blocks.n; i++)
        if (m->choices.v[0].blocks.v[i].kind == IR_BLOCK_THINKING)
            m->choices.v[0].blocks.v[i].thinking.signature = (struct str){ NULL, 0 };
}

static void
forget_model(struct ir_reply *m)
{
    m->model = (struct str){ NULL, 0 };
}

static void
forget_kind(struct ir_reply *m, enum ir_block_kind kind)
{
    struct ir_blocks *l = &m->choices.v[0].blocks;
    unsigned n = 0;
    for (unsigned i = 0; i < l->n; i++)
        if (l->v[i].kind != kind)
            l->v[n++] = l->v[i];
    l->n = n;
}

/* Who knows no calls cannot stop for one. */
static void
forget_calls(struct ir_reply *m)
{
    forget_kind(m, IR_BLOCK_CALL);
    m->choices.v[0].stop = IR_STOP_END;
}

static void
forget_thinking(struct ir_reply *m)
{
    forget_kind(m, IR_BLOCK_THINKING);
}

static void
forget_id(struct ir_reply *m)
{
    m->id = (struct str){ NULL, 0 };
}

/* Counted in with the rest. */
static void
forget_cache(struct ir_reply *m)
{
    m->usage.input.v += m->usage.cache_read.v;
    m->usage.cache_read.v = 0;
}

static const struct {
    const char *lost;
    void (*forget)(struct ir_request *m);
} of_request[] = {
    { "function.strict", forget_strict },
    { "tool_choice.name", forget_choice_name },
    { "tool_choice", forget_choice },
    { "tool_choice.mode", forget_choice },
    { "stops", forget_stops },
    { "tools", forget_tools },
    { "sampling.top_k", forget_top_k },
    { "blocks.image", forget_images },
};

static const struct {
    const char *lost;
    void (*forget)(struct ir_reply *m);
} of_reply[] = {
    { "thinking.signature", forget_signatures },
    { "blocks.call", forget_calls },
    { "blocks.thinking", forget_thinking },
    { "id", forget_id },
    { "usage.cache_read", forget_cache },
    { "model", forget_model },
    { "reply.model", forget_model },
};

struct str
forget_of_request(const struct xd_losses *lost, struct ir_request *m)
{
    for (unsigned i = 0; i < lost->n; i++) {
        size_t k = 0;
        if (forget_one(lost->v[i], m))
            continue;
        while (k < sizeof of_request / sizeof *of_request
               && !str_is(lost->v[i], of_request[k].lost))
            k++;
        if (k == sizeof of_request / sizeof *of_request)
            return lost->v[i];
        of_request[k].forget(m);
    }
    return (struct str){ NULL, 0 };
}

struct str
forget_of_reply(const struct xd_losses *lost, struct ir_reply *m)
{
    for (unsigned i = 0; i < lost->n; i++) {
        size_t k = 0;
        while (k < sizeof of_reply / sizeof *of_reply && !str_is(lost->v[i], of_reply[k].lost))
            k++;
        if (k == sizeof of_reply / sizeof *of_reply)
            return lost->v[i];
        of_reply[k].forget(m);
    }
    return (struct str){ NULL, 0 };
}
