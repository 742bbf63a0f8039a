/* The rules that requests must obey, one function for each. */
#include "server/mock/check.h"

#include "runtime/base/base64.h"
#include "runtime/xd/policy.h"
#include "runtime/xd/translate.h"
#include "server/mock/seal.h"

struct checker {
    const struct mock_route *route;
    const struct ir_request *m;
    struct str model;
    struct arena *arena;
    struct ir_error *e;
    bool signs;           /* the dialect's requests can carry signatures */
    unsigned turn, block; /* being looked at */
};

static bool
refuse(struct checker *c, struct str message)
{
    *c->e = (struct ir_error){ .set = true, .kind = IR_FAULT_INVALID, .message = message };
    return false;
}

/* "turns[2].blocks[0]: " and the reason. */
static bool
refuse_block(struct checker *c, const char *why)
{
    return refuse(c, arena_printf(c->arena, "turns[%u].blocks[%u]: %s", c->turn, c->block, why));
}

static bool
policy_is(const struct checker *c, enum ir_policy_name name, const char *value)
{
    return str_is(xd_policy_value(c->route->dialect, NULL, c->model, name), value);
}

/* --- the request as a whole --- */

static bool
check_limits(struct checker *c)
{
    const struct ir_request *m = c->m;
    if (m->turns.n == 0)
        return refuse(c, STR("messages: at least one is wanted"));
    if (m->max_output.set && m->max_output.v < 1)
        return refuse(c, STR("the limit of output tokens must be at least 1"));
    if (m->candidates.set && m->candidates.v < 1)
        return refuse(c, STR("the number of choices must be at least 1"));
    if (m->format.set && m->format.mode == IR_FORMAT_MODE_UNSET)
        return refuse(c, STR("a format without its type"));
    if (!m->reasoning.budget.set)
        return true;
    if (m->reasoning.budget.v < 1024)
        return refuse(c, STR("the thinking budget must be at least 1024"));
    if (m->max_output.set && m->reasoning.budget.v >= m->max_output.v)
        return refuse(c, STR("the thinking budget must be below the limit of output tokens"));
    return true;
}

/* The emulator keeps nothing: what clients know to do without is refused by its code. */
static bool
check_kept(struct checker *c)
{
    for (unsigned i = 0; i < c->m->rest.n; i++) {
        const struct ir_rest_item *item = &c->m->rest.v[i];
        const struct xd_refusal *refusal = xd_refusal_of(item);
        if (refusal && refusal->code) {
            refuse(c, arena_printf(c->arena, "'%.*s': the emulator keeps no conversations",
                                   STR_ARG(item->key)));
            c->e->code = str_from(refusal->code);
            return false;
        }
    }
    return true;
}

static bool
check_tool_choice(struct checker *c)
{
    const struct ir_tool_choice *choice = &c->m->tool_choice;
    bool wants = choice->mode == IR_CHOICE_MODE_REQUIRED || choice->mode == IR_CHOICE_MODE_NAMED;
    if (wants && c->m->tools.n == 0)
        return refuse(c, STR("a tool choice without tools"));
    if (choice->mode != IR_CHOICE_MODE_NAMED)
        return true;
    for (unsigned i = 0; i < c->m->tools.n; i++) {
        const struct ir_tool *t = &c->m->tools.v[i];
        if (t->kind != IR_TOOL_FUNCTION || str_eq(t->function.name, choice->name))
            return true;
    }
    return refuse(c, arena_printf(c->arena, "the tool choice \"%.*s\" is not among the tools",
                                  STR_ARG(choice->name)));
}

/* --- blocks --- */

static bool
check_source(struct checker *c, const struct ir_source *s)
{
    struct buf b;
    if (s->kind != IR_SOURCE_BYTES)
        return true;
    buf_init(&b, s->bytes.data.n + 4);
    bool ok = base64_decode(&b, s->bytes.data) && b.n > 0;
    buf_fini(&b);
    return ok || refuse_block(c, "the data is not base64");
}

static bool
check_thinking(struct checker *c, const struct ir_block *b)
{
    struct str signature = b->thinking.signature;
    if (signature.n == 0)
        return !c->signs || refuse_block(c, "thinking without its signature");
    if (!str_eq(signature, mock_seal_sign(b->thinking.text, c->arena)))
        return refuse_block(c, "invalid signature in a thinking block");
    return true;
}

/* Calls of other models may say so. */
static bool
check_call_signature(struct checker *c, const struct ir_block *b)
{
    struct str signature = b->call.signature;
    return signature.n == 0 || str_eq(signature, mock_seal_sign(b->call.name, c->arena))
           || str_eq(signature,
                     xd_policy_value(c->route->dialect, NULL, c->model, IR_POLICY_UNSIGNED_CALLS))
           || refuse_block(c, "invalid signature of a call");
}

static bool
check_call_id(struct checker *c, struct str id)
{
    struct str class = xd_policy_value(c->route->dialect, NULL, c->model, IR_POLICY_CALL_IDS);
    bool known = str_is(class, "a-zA-Z0-9_-");
    for (size_t i = 0; known && i < id.n; i++) {
        char k = id.p[i];
        bool letter = (k >= 'a' && k <= 'z') || (k >= 'A' && k <= 'Z');
        if (!letter && !(k >= '0' && k <= '9') && k != '_' && k != '-')
            return refuse_block(c, "the id of a call does not match [a-zA-Z0-9_-]+");
    }
    return id.n > 0 || !known || refuse_block(c, "a call without an id");
}

static bool
check_block(struct checker *c, const struct ir_block *b)
{
    switch (b->kind) {
    case IR_BLOCK_TEXT:
        if (str_trim(b->text.text).n == 0 && policy_is(c, IR_POLICY_EMPTY_TEXT, "drop"))
            return refuse_block(c, "text blocks must not be empty");
        return true;
    case IR_BLOCK_THINKING:
        return check_thinking(c, b);
    case IR_BLOCK_SEALED:
        return mock_seal_is_ours(b->sealed.data) || refuse_block(c, "invalid sealed thinking");
    case IR_BLOCK_IMAGE:
        return check_source(c, &b->image.source);
    case IR_BLOCK_DOCUMENT:
        return check_source(c, &b->document.source);
    case IR_BLOCK_CALL:
        return check_call_signature(c, b) && check_call_id(c, b->call.id);
    case IR_BLOCK_RESULT:
        for (unsigned i = 0; i < b->result.blocks.n; i++)
            if (!check_block(c, &b->result.blocks.v[i]))
                return false;
        return true;
    case IR_BLOCK_UNSET:
    case IR_BLOCK_REFUSAL:
    case IR_BLOCK_AUDIO:
    case IR_BLOCK_FOREIGN:
        break;
    }
    return true;
}

/* --- turns --- */

static bool
has_call(const struct ir_turn *t, struct str id)
{
    for (unsigned i = 0; t && i < t->blocks.n; i++) {
        const struct ir_block *b = &t->blocks.v[i];
        if (b->kind == IR_BLOCK_CALL && (str_eq(b->call.id, id) || str_eq(b->call.name, id)))
            return true;
    }
    return false;
}

static bool
has_result(const struct ir_turn *t, const struct ir_block *call)
{
    for (unsigned i = 0; i < t->blocks.n; i++) {
        const struct ir_block *b = &t->blocks.v[i];
        if (b->kind == IR_BLOCK_RESULT
            && (str_eq(b->result.call, call->call.id) || str_eq(b->result.call, call->call.name)))
            return true;
    }
    return false;
}

/* Results answer calls of the turn before, and all of them. */
static bool
check_pairs(struct checker *c, const struct ir_turn *before, const struct ir_turn *t)
{
    for (unsigned i = 0; i < t->blocks.n; i++) {
        const struct ir_block *b = &t->blocks.v[i];
        c->block = i;
        if (b->kind == IR_BLOCK_RESULT && !has_call(before, b->result.call))
            return refuse_block(c, "a result of a call that is not in the turn before");
    }
    for (unsigned i = 0; before && i < before->blocks.n; i++) {
        const struct ir_block *b = &before->blocks.v[i];
        if (b->kind == IR_BLOCK_CALL && !has_result(t, b))
            return refuse(c, arena_printf(c->arena, "turns[%u]: no result of the call \"%.*s\"",
                                          c->turn, STR_ARG(b->call.id)));
    }
    return true;
}

static bool
check_end(struct checker *c, const struct ir_turn *t)
{
    const struct ir_block *last = t->blocks.n ? &t->blocks.v[t->blocks.n - 1] : NULL;
    if (t->role != IR_ROLE_ASSISTANT || !last || last->kind != IR_BLOCK_TEXT)
        return true;
    struct str text = last->text.text;
    if (text.n && strchr(" \t\r\n", text.p[text.n - 1])
        && policy_is(c, IR_POLICY_LAST_ASSISTANT, "trim"))
        return refuse(c, STR("the final assistant turn must not end in white space"));
    return true;
}

static bool
check_turns(struct checker *c)
{
    const struct ir_turn *before = NULL, *t = NULL;
    for (c->turn = 0; c->turn < c->m->turns.n; c->turn++) {
        t = &c->m->turns.v[c->turn];
        if (t->role == IR_ROLE_SYSTEM && policy_is(c, IR_POLICY_SYSTEM_TURNS, "fold"))
            return refuse(c, STR("this model takes no system turns inside of the conversation"));
        for (c->block = 0; c->block < t->blocks.n; c->block++)
            if (!check_block(c, &t->blocks.v[c->block]))
                return false;
        if (t->role == IR_ROLE_USER && t->blocks.n == 0)
            return refuse(c, arena_printf(c->arena, "turns[%u]: nothing is said", c->turn));
        if (t->role == IR_ROLE_SYSTEM)
            continue;
        if (!check_pairs(c, before, t))
            return false;
        before = t;
    }
    return check_end(c, t);
}

/* Written and looked for: no table says which dialects carry signatures. */
static bool
carries_signatures(const struct mock_route *r, struct arena *a)
{
    static const struct str probe = STR_INIT("c2lnbmF0dXJl");
    struct ir_block b = { .kind = IR_BLOCK_THINKING, .thinking = { STR("x"), probe } };
    struct ir_turn t = { .set = true, .role = IR_ROLE_ASSISTANT, .blocks = { &b, 1, 1 } };
    struct ir_request m = { .set = true, .model = STR("x"), .turns = { &t, 1, 1 } };
    struct buf out;
    struct xd x;
    buf_init(&out, 64 << 10);
    xd_init(&x, r->dialect, r->op->kind, a, &out);
    bool ok = xd_request_write(&x, &m) == ERR_OK && out.n
              && memmem(out.p, out.n, probe.p, probe.n) != NULL;
    xd_fini(&x);
    buf_fini(&out);
    return ok;
}

static bool
has_thinking(const struct ir_request *m)
{
    for (unsigned i = 0; i < m->turns.n; i++)
        for (unsigned k = 0; k < m->turns.v[i].blocks.n; k++)
            if (m->turns.v[i].blocks.v[k].kind == IR_BLOCK_THINKING)
                return true;
    return false;
}

bool
mock_check(const struct mock_route *r, const struct ir_request *m, struct str model,
           struct arena *a, struct ir_error *e)
{
    struct checker c = { .route = r, .m = m, .model = model, .arena = a, .e = e };
    c.signs = has_thinking(m) && carries_signatures(r, a);
    return check_limits(&c) && check_kept(&c) && check_tool_choice(&c) && check_turns(&c);
}
