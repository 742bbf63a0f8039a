/* Records of the model, flattened and compared. */
#include "tests/corpus/said.h"

#include <string.h>

/* JSON without blanks between its tokens. */
static struct str
tight(struct arena *a, struct str json)
{
    char *to = arena_bytes(a, json.n + 1);
    size_t n = 0;
    bool text = false;
    if (!to)
        return json;
    for (size_t i = 0; i < json.n; i++) {
        char c = json.p[i];
        if (!text && memchr(" \t\r\n", c, 4))
            continue;
        if (c == '"')
            text = !text;
        to[n++] = c;
        if (text && c == '\\' && i + 1 < json.n)
            to[n++] = json.p[++i];
    }
    return str_make(to, n);
}

static void
add_line(struct said *s, struct str *to, struct str text)
{
    arena_append(s->arena, to, text);
    arena_append(s->arena, to, STR("\n"));
}

static void
add_call(struct said *s, struct str name, struct str arguments)
{
    struct said_call *c = arena_push(s->arena, (void **)&s->calls, &s->ncalls, &s->cap, sizeof *c);
    if (c)
        *c = (struct said_call){ arena_str(s->arena, name),
                                 tight(s->arena, arguments.n ? arguments : STR("{}")) };
}

static void
add_piece(struct said *s, struct str text)
{
    struct str *piece = arena_push(s->arena, (void **)&s->pieces, &s->npieces, &s->pieces_cap,
                                   sizeof *piece);
    if (piece)
        *piece = arena_str(s->arena, text);
}

static void
add_blocks(struct said *s, const struct ir_blocks *l, struct str *text)
{
    for (unsigned i = 0; i < l->n; i++) {
        const struct ir_block *b = &l->v[i];
        switch (b->kind) {
        case IR_BLOCK_TEXT:
            arena_append(s->arena, text, b->text.text);
            if (text == &s->text)
                add_piece(s, b->text.text);
            break;
        case IR_BLOCK_REFUSAL:
            arena_append(s->arena, text, b->refusal.text);
            break;
        case IR_BLOCK_THINKING:
            arena_append(s->arena, &s->thinking, b->thinking.text);
            break;
        case IR_BLOCK_CALL:
            add_call(s, b->call.name, b->call.arguments);
            break;
        case IR_BLOCK_RESULT:
            add_blocks(s, &b->result.blocks, &s->results);
            break;
        case IR_BLOCK_IMAGE:
            s->images++;
            break;
        default:
            break;
        }
    }
}

void
said_request(struct said *s, const struct ir_request *m, struct arena *a)
{
    *s = (struct said){ .arena = a, .max_output = m->max_output };
    s->temperature = m->sampling.temperature;
    add_blocks(s, &m->instructions, &s->text);
    for (unsigned i = 0; i < m->turns.n; i++)
        add_blocks(s, &m->turns.v[i].blocks, &s->text);
    for (unsigned i = 0; i < m->tools.n; i++)
        if (m->tools.v[i].kind == IR_TOOL_FUNCTION)
            add_line(s, &s->tools, m->tools.v[i].function.name);
}

static const char *
stop_word(enum ir_stop stop)
{
    switch (stop) {
    case IR_STOP_LENGTH:
        return "length";
    case IR_STOP_CALL:
        return "call";
    case IR_STOP_REFUSAL:
        return "refusal";
    default:
        return "end";
    }
}

void
said_reply(struct said *s, const struct ir_reply *m, struct arena *a)
{
    const struct ir_usage *u = &m->usage;
    *s = (struct said){ .arena = a, .stop = "end" };
    if (m->choices.n) {
        add_blocks(s, &m->choices.v[0].blocks, &s->text);
        s->stop = stop_word(m->choices.v[0].stop);
    }
    s->counted = u->input.set || u->output.set;
    s->prompt = u->input.v + u->cache_read.v + u->cache_write.v;
    s->completion = u->output.v;
}

/* --- comparing ----------------------------------------------------------------------------------- */

/* Is one of these paths of the model among the losses? */
static bool
is_lost(const struct xd_losses *lost, const char *const *paths)
{
    for (unsigned i = 0; i < lost->n; i++)
        for (const char *const *p = paths; *p; p++)
            if (str_is(lost->v[i], *p))
                return true;
    return false;
}
#define LOST(...) is_lost(lost, (const char *const[]){ __VA_ARGS__, NULL })

/* White space at the ends of texts is what some dialects refuse. */
static bool
same_text(struct said *room, struct str a, struct str b)
{
    return str_eq(tight(room->arena, a), tight(room->arena, b));
}

/* Policies may move a text, and say more around it. */
static const char *
missing_piece(const struct said *was, const struct said *is)
{
    struct str all = tight(is->arena, is->text);
    for (unsigned i = 0; i < was->npieces; i++) {
        struct str piece = tight(was->arena, was->pieces[i]);
        if (piece.n && (!all.n || !memmem(all.p, all.n, piece.p, piece.n)))
            return arena_printf(was->arena, "a text is missing: \"%.*s\"",
                                (int)(piece.n < 60 ? piece.n : 60), piece.p)
                .p;
    }
    return NULL;
}

static bool
has_lines(struct str all, struct str wanted)
{
    while (wanted.n) {
        const char *end = memchr(wanted.p, '\n', wanted.n);
        size_t n = end ? (size_t)(end - wanted.p) + 1 : wanted.n;
        if (!all.n || !memmem(all.p, all.n, wanted.p, n))
            return false;
        wanted = str_skip(wanted, n);
    }
    return true;
}

static const struct said_call *
find_call(const struct said *s, const struct said_call *c)
{
    for (unsigned i = 0; i < s->ncalls; i++)
        if (str_eq(s->calls[i].name, c->name) && str_eq(s->calls[i].arguments, c->arguments))
            return &s->calls[i];
    return NULL;
}

static const char *
calls_difference(const struct said *was, const struct said *is)
{
    if (was->ncalls != is->ncalls)
        return arena_printf(was->arena, "%u calls became %u", was->ncalls, is->ncalls).p;
    for (unsigned i = 0; i < was->ncalls; i++)
        if (!find_call(is, &was->calls[i]))
            return arena_printf(was->arena, "the call %.*s %.*s is missing",
                                STR_ARG(was->calls[i].name), STR_ARG(was->calls[i].arguments))
                .p;
    return NULL;
}

static const char *
cut_text(const struct said *was, const char *what, struct str a, struct str b)
{
    size_t n = 0;
    while (n < a.n && n < b.n && a.p[n] == b.p[n])
        n++;
    return arena_printf(was->arena, "%s differ at %zu: \"%.*s\" \"%.*s\"", what, n,
                        (int)(a.n - n < 40 ? a.n - n : 40), a.p + n,
                        (int)(b.n - n < 40 ? b.n - n : 40), b.p + n)
        .p;
}

static const char *
request_difference(const struct said *was, const struct said *is, const struct xd_losses *lost)
{
    if (was->max_output.set && was->max_output.v != is->max_output.v
        && !LOST("max_output", "max_output_tokens"))
        return "the limit of output differs";
    if (was->temperature.p && !is->temperature.p && !LOST("sampling.temperature"))
        return "the temperature is missing";
    if (!has_lines(is->tools, was->tools) && !LOST("tools"))
        return cut_text(was, "tools", was->tools, is->tools);
    if (was->images > is->images
        && !LOST("blocks.image", "image.source", "source.file", "blocks.result"))
        return "an image is missing";
    return NULL;
}

static const char *
reply_difference(const struct said *was, const struct said *is, const struct xd_losses *lost)
{
    if (was->failed != is->failed)
        return was->failed ? "the error is missing" : "an error came";
    if (was->failed)
        return NULL;
    bool called = strcmp(was->stop, "call") == 0 && LOST("blocks.call");
    if (strcmp(was->stop, is->stop) != 0 && !called)
        return arena_printf(was->arena, "stop %s became %s", was->stop, is->stop).p;
    if (was->counted && (was->prompt != is->prompt || was->completion != is->completion))
        return arena_printf(was->arena, "usage %lld/%lld became %lld/%lld", (long long)was->prompt,
                            (long long)was->completion, (long long)is->prompt,
                            (long long)is->completion)
            .p;
    return NULL;
}

const char *
said_difference(const struct said *was, const struct said *is, const struct xd_losses *lost)
{
    struct said room = { .arena = was->arena };
    if (was->stop && !same_text(&room, was->text, is->text) && !LOST("blocks.refusal"))
        return cut_text(was, "texts", was->text, is->text);
    if (!was->stop && missing_piece(was, is))
        return missing_piece(was, is);
    if (!same_text(&room, was->results, is->results) && !LOST("blocks.result"))
        return cut_text(was, "results", was->results, is->results);
    if (!same_text(&room, was->thinking, is->thinking) && !LOST("blocks.thinking"))
        return cut_text(was, "thoughts", was->thinking, is->thinking);
    const char *why = LOST("blocks.call") ? NULL : calls_difference(was, is);
    if (!why)
        why = was->stop ? reply_difference(was, is, lost) : request_difference(was, is, lost);
    return why;
}
