/* Dice, put in the shape of the model. */
#include "tests/lib/ir_sample.h"

#include "tests/lib/forget.h"

static struct str
some_text(struct ir_sample *s)
{
    static const char *const pieces[] = {
        "a",         "word ",        "\"quoted\"",       "back\\slash",  "\n", "\t",   "\x01",
        "h\xc3\xa9", "\xe6\xbc\xa2", "\xf0\x9f\x98\x80", "\xe2\x80\xa8", "{}", "</x>", "\x7f",
        "'"
    };
    struct str out = STR("");
    unsigned n = 1 + dice_roll(&s->dice, 6);

    for (unsigned i = 0; i < n; i++)
        out = arena_printf(&s->arena, "%.*s%s", STR_ARG(out),
                           pieces[dice_roll(&s->dice, sizeof pieces / sizeof *pieces)]);
    return arena_printf(&s->arena, "%.*sx", STR_ARG(out)); /* never white space at the end */
}

static struct str
some_json(struct ir_sample *s)
{
    static const char *const values[] = { "{}", "{\"a\":1}",
                                          "{\"n\":12345678901234567890,\"e\":1E400}",
                                          "{\"b\" : [ null,true,-0 ],\"a\":\"\\u00e9\\n\"}",
                                          "{\"k\":1,\"k\":2}" };

    return str_from(values[dice_roll(&s->dice, sizeof values / sizeof *values)]);
}

static struct str
some_name(struct ir_sample *s, const char *prefix)
{
    return arena_printf(&s->arena, "%s_%u", prefix, dice_roll(&s->dice, 1000000));
}

static struct ir_block *
push(struct ir_sample *s, struct ir_blocks *l, enum ir_block_kind kind)
{
    struct ir_block *b = arena_push(&s->arena, (void **)&l->v, &l->n, &l->cap, sizeof *b);

    b->kind = kind;
    return b;
}

static void
push_text(struct ir_sample *s, struct ir_blocks *l)
{
    push(s, l, IR_BLOCK_TEXT)->text.text = some_text(s);
}

static void
push_call(struct ir_sample *s, struct ir_blocks *l)
{
    struct ir_block *b = push(s, l, IR_BLOCK_CALL);

    b->call.id = some_name(s, "call");
    b->call.name = some_name(s, "fn");
    b->call.arguments = some_json(s);
}

static void
make_user(struct ir_sample *s, struct ir_turn *t, const struct ir_blocks *calls)
{
    t->role = IR_ROLE_USER;
    for (unsigned i = 0; calls && i < calls->n; i++) {
        if (calls->v[i].kind != IR_BLOCK_CALL)
            continue;
        struct ir_block *b = push(s, &t->blocks, IR_BLOCK_RESULT);
        b->result.call = calls->v[i].call.id;
        b->result.name = calls->v[i].call.name;
        push_text(s, &b->result.blocks);
    }
    if (t->blocks.n == 0 || dice_roll(&s->dice, 2))
        push_text(s, &t->blocks);
    if (dice_roll(&s->dice, 4) == 0) {
        struct ir_block *b = push(s, &t->blocks, IR_BLOCK_IMAGE);
        b->image.source.kind = dice_roll(&s->dice, 2) ? IR_SOURCE_URL : IR_SOURCE_BYTES;
        if (b->image.source.kind == IR_SOURCE_URL) {
            b->image.source.url.url = STR("https://example.org/a.png?b=c&d=\"e\"");
        } else {
            b->image.source.bytes.media = STR("image/png");
            b->image.source.bytes.data = STR("iVBORw0KGgo=");
        }
        push_text(s, &t->blocks);
    }
}

static void
make_assistant(struct ir_sample *s, struct ir_blocks *l)
{
    unsigned calls = dice_roll(&s->dice, 3);

    if (calls == 0 || dice_roll(&s->dice, 2))
        push_text(s, l);
    for (unsigned i = 0; i < calls; i++)
        push_call(s, l);
}

static void
make_turns(struct ir_sample *s, struct ir_request *m)
{
    unsigned n = 1 + 2 * dice_roll(&s->dice, 4);

    m->turns.v = arena_alloc(&s->arena, n * sizeof *m->turns.v);
    m->turns.n = m->turns.cap = n;
    for (unsigned i = 0; i < n; i++) {
        if (i % 2)
            make_assistant(s, &m->turns.v[i].blocks);
        else
            make_user(s, &m->turns.v[i], i ? &m->turns.v[i - 1].blocks : NULL);
        m->turns.v[i].role = i % 2 ? IR_ROLE_ASSISTANT : IR_ROLE_USER;
    }
}

static void
make_tools(struct ir_sample *s, struct ir_request *m)
{
    unsigned n = dice_roll(&s->dice, 3);

    for (unsigned i = 0; i < n; i++) {
        struct ir_tool *t = arena_push(&s->arena, (void **)&m->tools.v, &m->tools.n, &m->tools.cap,
                                       sizeof *t);
        t->kind = IR_TOOL_FUNCTION;
        t->function.name = some_name(s, "fn");
        t->function.description = some_text(s);
        t->function.schema = some_json(s);
        t->function.strict = (enum ir_bool)dice_roll(&s->dice, 3);
    }
    if (n && dice_roll(&s->dice, 2)) {
        m->tool_choice.set = true;
        m->tool_choice.mode = (enum ir_choice_mode)(
            1 + dice_roll(&s->dice, IR_CHOICE_MODE_COUNT - 1));
        if (m->tool_choice.mode == IR_CHOICE_MODE_NAMED)
            m->tool_choice.name = m->tools.v[0].function.name;
    }
}

void
ir_sample_request(struct ir_sample *s, struct ir_request *m)
{
    m->set = true;
    m->model = some_name(s, "model");
    m->stream = (enum ir_bool)dice_roll(&s->dice, 3);
    m->max_output = (struct ir_int){ 1 + dice_roll(&s->dice, 100000), true };
    if (dice_roll(&s->dice, 2))
        push_text(s, &m->instructions);
    for (const struct forget_setting *t = forget_settings; t->name; t++)
        if (dice_roll(&s->dice, 3) == 0)
            *forget_setting(t, m) = str_from(t->sample);
    if (dice_roll(&s->dice, 3) == 0)
        m->sampling.top_k = (struct ir_int){ 1 + dice_roll(&s->dice, 99), true };
    for (unsigned i = dice_roll(&s->dice, 3); i > 0; i--)
        *(struct str *)arena_push(&s->arena, (void **)&m->stops.v, &m->stops.n, &m->stops.cap,
                                  sizeof(struct str)) = some_text(s);
    make_turns(s, m);
    make_tools(s, m);
}

void
ir_sample_reply(struct ir_sample *s, struct ir_reply *m)
{
    static const enum ir_stop stops[] = { IR_STOP_END, IR_STOP_LENGTH, IR_STOP_REFUSAL };
    struct ir_choice *c = arena_push(&s->arena, (void **)&m->choices.v, &m->choices.n,
                                     &m->choices.cap, sizeof *c);

    m->id = some_name(s, "id");
    m->model = some_name(s, "model");
    c->set = true;
    if (dice_roll(&s->dice, 3) == 0) {
        struct ir_block *b = push(s, &c->blocks, IR_BLOCK_THINKING);
        b->thinking.text = some_text(s);
        if (dice_roll(&s->dice, 2))
            b->thinking.signature = STR("EqQBCkYI+/=");
    }
    make_assistant(s, &c->blocks);
    bool called = xd_count_blocks(&c->blocks, 1u << IR_BLOCK_CALL) > 0;
    c->stop = called ? IR_STOP_CALL : stops[dice_roll(&s->dice, 3)];
    m->usage = (struct ir_usage){ .set = true,
                                  .input = { dice_roll(&s->dice, 1000), true },
                                  .output = { 10 + dice_roll(&s->dice, 1000), true },
                                  .cache_read = { 1 + dice_roll(&s->dice, 50), true } };
}

void
ir_sample_embed(struct ir_sample *s, struct ir_embed_request *m)
{
    m->set = true;
    m->model = some_name(s, "model");
    for (unsigned i = 1 + dice_roll(&s->dice, 3); i > 0; i--) {
        struct ir_input *in = arena_push(&s->arena, (void **)&m->inputs.v, &m->inputs.n,
                                         &m->inputs.cap, sizeof *in);
        in->kind = IR_INPUT_TEXT;
        in->text.text = some_text(s);
    }
}

void
ir_sample_vectors(struct ir_sample *s, struct ir_embed_reply *r)
{
    r->set = true;
    r->model = some_name(s, "model");
    r->usage = (struct ir_usage){ .set = true, .input = { dice_roll(&s->dice, 1000), true } };
    for (unsigned i = 0, n = 1 + dice_roll(&s->dice, 4); i < n; i++) {
        struct ir_vector *v = arena_push(&s->arena, (void **)&r->vectors.v, &r->vectors.n,
                                         &r->vectors.cap, sizeof *v);
        *v = (struct ir_vector){ .set = true, .index = i };
        v->numbers.kind = IR_NUMBERS_FLOATS;
        v->numbers.floats.values = dice_roll(&s->dice, 2) ? STR("[0.5,-1e-3]") : STR("[1]");
    }
}

void
ir_sample_rerank(struct ir_sample *s, struct ir_rerank_request *m)
{
    m->set = true;
    m->model = some_name(s, "model");
    m->query = some_text(s);
    if (dice_roll(&s->dice, 2))
        m->top = (struct ir_int){ 1 + dice_roll(&s->dice, 9), true };
    for (unsigned i = 1 + dice_roll(&s->dice, 3); i > 0; i--) {
        struct ir_document *d = arena_push(&s->arena, (void **)&m->documents.v, &m->documents.n,
                                           &m->documents.cap, sizeof *d);
        *d = (struct ir_document){ .set = true, .text = some_text(s) };
    }
}

void
ir_sample_results(struct ir_sample *s, struct ir_rerank_reply *r)
{
    r->set = true;
    for (unsigned i = 1 + dice_roll(&s->dice, 3); i > 0; i--) {
        struct ir_ranked *k = arena_push(&s->arena, (void **)&r->results.v, &r->results.n,
                                         &r->results.cap, sizeof *k);
        *k = (struct ir_ranked){ .set = true, .index = i, .score = STR("0.25") };
    }
}

void
ir_sample_begin(struct ir_sample *s, unsigned seed)
{
    arena_init(&s->arena, 16 << 20);
    s->dice.seed = seed;
}
