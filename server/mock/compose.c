/* Requests to replies. */
#include "server/mock/compose.h"

#include "runtime/xd/xd.h"

#include <stdio.h>

#include "runtime/base/utf8.h"
#include "runtime/ir/reply.h"
#include "server/mock/count.h"
#include "server/mock/prompt.h"
#include "server/mock/retell.h"
#include "server/mock/sample.h"
#include "server/mock/seal.h"

struct composer {
    const struct mock_options *o;
    const struct mock_manner *manner;
    const struct ir_request *m;
    struct mock_prompt prompt;
    unsigned token_bytes;
    struct arena *arena;
    struct ir_choice *choice; /* being written */
    unsigned choice_index;
};

static struct ir_block *
add_block(struct composer *c, enum ir_block_kind kind)
{
    struct ir_blocks *l = &c->choice->blocks;
    struct ir_block *b = arena_push(c->arena, (void **)&l->v, &l->n, &l->cap, sizeof *b);
    if (b)
        b->kind = kind;
    return b;
}

/* --- thinking --- */

static bool
thinks(const struct ir_request *m)
{
    const struct ir_reasoning *r = &m->reasoning;
    if (r->mode == IR_THINKING_UNSET)
        return r->budget.set || (r->effort != IR_EFFORT_UNSET && r->effort != IR_EFFORT_NONE);
    return r->mode != IR_THINKING_OFF;
}

static void
add_thinking(struct composer *c)
{
    const struct mock_prompt *p = &c->prompt;
    struct ir_block *b = add_block(c, IR_BLOCK_THINKING);
    if (!b)
        return;
    b->thinking.text = p->think.n
                           ? p->think
                           : arena_printf(c->arena,
                                          "The user wrote %zu bytes. I shall answer in a sentence.",
                                          p->talk.n);
    b->thinking.signature = mock_seal_sign(b->thinking.text, c->arena);
    b = p->seal.p ? add_block(c, IR_BLOCK_SEALED) : NULL;
    if (b)
        b->sealed.data = mock_seal_make(p->seal, c->arena);
}

/* --- calls --- */

static const struct ir_tool *
find_tool(const struct ir_request *m, struct str name)
{
    for (unsigned i = 0; i < m->tools.n; i++)
        if (m->tools.v[i].kind == IR_TOOL_FUNCTION && str_eq(m->tools.v[i].function.name, name))
            return &m->tools.v[i];
    return NULL;
}

/* Different in every turn, choice and place. */
static struct str
call_id(const struct composer *c, struct str name, struct str arguments)
{
    char place[64];
    int n = snprintf(place, sizeof place, "%u.%u.%u", c->m->turns.n, c->choice_index,
                     c->choice->blocks.n);
    uint64_t h = mock_seal_hash(str_make(place, (size_t)n));
    h = h * 31 + mock_seal_hash(name);
    h = h * 31 + mock_seal_hash(arguments);
    return arena_printf(c->arena, "call_%016llx", (unsigned long long)h);
}

static void
add_call(struct composer *c, struct str name, struct str arguments)
{
    if (arguments.n == 0)
        arguments = STR("{}");
    struct str id = call_id(c, name, arguments);
    bool first = xd_count_blocks(&c->choice->blocks, 1u << IR_BLOCK_CALL) == 0;
    struct ir_block *b = add_block(c, IR_BLOCK_CALL);
    if (!b)
        return;
    b->call.id = id;
    b->call.name = name;
    b->call.arguments = arguments;
    if (first && thinks(c->m)) /* of parallel calls the first is signed */
        b->call.signature = mock_seal_sign(name, c->arena);
}

static void
add_sampled_call(struct composer *c, const struct ir_tool *tool)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    mock_sample(&b, tool->function.schema, STR("sample"));
    add_call(c, tool->function.name, arena_str(c->arena, buf_str(&b)));
    buf_fini(&b);
}

static void
add_demanded_calls(struct composer *c)
{
    const struct ir_request *m = c->m;
    bool all = c->o->calls == MOCK_CALLS_ALWAYS && !c->prompt.has_result;
    bool one = m->tool_choice.mode == IR_CHOICE_MODE_REQUIRED;
    for (unsigned i = 0; i < m->tools.n; i++) {
        const struct ir_tool *tool = &m->tools.v[i];
        if (tool->kind != IR_TOOL_FUNCTION)
            continue;
        bool named = m->tool_choice.mode == IR_CHOICE_MODE_NAMED
                     && str_eq(tool->function.name, m->tool_choice.name);
        if (all || one || named)
            add_sampled_call(c, tool);
        one = false;
        all = all && m->tool_choice.parallel != IR_FALSE;
    }
}

/* Returns how many. */
static unsigned
add_calls(struct composer *c)
{
    const struct mock_prompt *p = &c->prompt;
    unsigned before = c->choice->blocks.n;
    if (c->m->tool_choice.mode == IR_CHOICE_MODE_NONE)
        return 0;
    for (unsigned i = 0; i < p->n_calls; i++) {
        bool enough = c->m->tool_choice.parallel == IR_FALSE && c->choice->blocks.n > before;
        if (find_tool(c->m, p->calls[i].name) && !enough)
            add_call(c, p->calls[i].name, p->calls[i].arguments);
    }
    if (c->choice->blocks.n == before)
        add_demanded_calls(c);
    return c->choice->blocks.n - before;
}

/* --- text --- */

static struct str
json_text_of(struct composer *c, struct str said)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    if (c->m->format.mode == IR_FORMAT_MODE_SCHEMA)
        mock_sample(&b, c->m->format.schema, STR("sample"));
    else
        mock_sample(&b, STR("{\"properties\":{\"answer\":{\"type\":\"string\"}}}"), said);
    struct str s = arena_str(c->arena, buf_str(&b));
    buf_fini(&b);
    return s;
}

/* Words of which each is one token. */
static struct str
filler(struct composer *c, unsigned tokens)
{
    size_t n = (size_t)tokens * c->token_bytes;
    char *p = arena_bytes(c->arena, n);
    for (size_t i = 0; p && i < n; i++)
        p[i] = i % c->token_bytes + 1 == c->token_bytes ? ' '
                                                        : (char)('a' + i / c->token_bytes % 26);
    return str_make(p, p ? n : 0);
}

static struct str
answer(struct composer *c)
{
    struct str s = { NULL, 0 };
    if (c->prompt.say.p)
        return c->prompt.say;
    if (c->manner->tokens)
        return filler(c, c->manner->tokens);
    mock_retell(c->m, &c->prompt, c->arena, &s);
    if (c->m->format.mode == IR_FORMAT_MODE_SCHEMA || c->m->format.mode == IR_FORMAT_MODE_OBJECT)
        return json_text_of(c, s);
    if (c->choice_index > 0)
        arena_append(c->arena, &s, arena_printf(c->arena, " (choice %u)", c->choice_index + 1));
    return s;
}

/* Cut behind the text in front of the first stop sequence. */
static void
apply_stops(struct composer *c, struct str *s)
{
    const struct ir_strs *stops = &c->m->stops;
    for (unsigned i = 0; i < stops->n; i++) {
        struct str stop = stops->v[i];
        const char *hit = stop.n && s->n ? memmem(s->p, s->n, stop.p, stop.n) : NULL;
        if (!hit)
            continue;
        s->n = (size_t)(hit - s->p);
        c->choice->stop = IR_STOP_MATCH;
        c->choice->stop_text = stop;
    }
}

/* Cut at the limit of tokens, of which the blocks in front have used some. */
static void
apply_limit(struct composer *c, struct str *s)
{
    if (!c->m->max_output.set)
        return;
    struct ir_reply so_far = { .choices = { c->choice, 1, 1 } };
    struct ir_usage used;
    mock_count_usage(&(struct ir_request){ 0 }, &so_far, c->token_bytes, &used);
    int64_t left = c->m->max_output.v - used.output.v;
    size_t room = left > 0 ? (size_t)left : 0;
    if (mock_count(s->n, c->token_bytes) <= room)
        return;
    *s = utf8_cut(*s, room * c->token_bytes);
    c->choice->stop = IR_STOP_LENGTH;
}

static void
add_citation(struct composer *c, struct ir_block *b)
{
    struct str s = c->prompt.cite;
    struct ir_citations *l = &b->text.citations;
    struct ir_citation *new = arena_push(c->arena, (void **)&l->v, &l->n, &l->cap, sizeof *new);
    if (!new)
        return;
    const char *space = s.n ? memchr(s.p, ' ', s.n) : NULL;
    size_t n = space ? (size_t)(space - s.p) : s.n;
    new->kind = IR_CITATION_WEB;
    new->web.url = str_make(s.p, n);
    new->web.title = str_trim(str_skip(s, n));
    new->web.start = (struct ir_int){ 0, true };
    new->web.end = (struct ir_int){ (int64_t)b->text.text.n, true };
}

static void
add_text(struct composer *c)
{
    struct str s = answer(c);
    apply_stops(c, &s);
    apply_limit(c, &s);
    if (s.n == 0)
        return;
    struct ir_block *b = add_block(c, IR_BLOCK_TEXT);
    if (b)
        b->text.text = s;
    if (b && c->prompt.cite.p)
        add_citation(c, b);
}

static void
add_refusal(struct composer *c)
{
    struct ir_block *b = add_block(c, IR_BLOCK_REFUSAL);
    if (b)
        b->refusal.text = c->prompt.refuse.n ? c->prompt.refuse : STR("I cannot help with that.");
    c->choice->stop = IR_STOP_REFUSAL;
}

/* --- the whole --- */

static void
compose_choice(struct composer *c)
{
    if (thinks(c->m))
        add_thinking(c);
    if (c->prompt.refuse.p) {
        add_refusal(c);
        return;
    }
    if (c->prompt.say.p && c->prompt.n_calls)
        add_text(c);
    if (add_calls(c))
        c->choice->stop = IR_STOP_CALL;
    else if (!(c->prompt.say.p && c->prompt.n_calls))
        add_text(c);
    if (c->choice->stop == IR_STOP_UNSET)
        c->choice->stop = IR_STOP_END;
}

static unsigned
count_choices(const struct ir_request *m)
{
    if (!m->candidates.set || m->candidates.v < 1)
        return 1;
    return m->candidates.v < IR_CHOICES_MAX ? (unsigned)m->candidates.v : IR_CHOICES_MAX;
}

bool
mock_compose(const struct mock_options *o, const struct mock_manner *manner,
             const struct ir_request *m, struct str model, struct arena *a, struct ir_reply *r)
{
    struct composer c = { .o = o, .manner = manner, .m = m, .arena = a };
    c.token_bytes = o->token_bytes ? o->token_bytes : MOCK_TOKEN_BYTES;
    mock_prompt_read(&c.prompt, m, a);
    *r = (struct ir_reply){ .set = true, .model = model, .tier = m->tier };
    unsigned n = count_choices(m);
    for (unsigned i = 0; i < n; i++) {
        struct ir_choices *l = &r->choices;
        c.choice = arena_push(a, (void **)&l->v, &l->n, &l->cap, sizeof *c.choice);
        if (!c.choice)
            return false;
        c.choice->set = true;
        c.choice->index = i;
        c.choice_index = i;
        compose_choice(&c);
    }
    mock_count_usage(m, r, c.token_bytes, &r->usage);
    uint64_t id = mock_seal_hash(c.prompt.talk) * 31 + mock_seal_hash(model) + m->turns.n;
    r->id = arena_printf(a, "mock-%016llx", (unsigned long long)id);
    return !a->full;
}
