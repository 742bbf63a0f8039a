/* Tools and calls: declared where the wire wants what the conversation calls, or cannot say "none"; without descriptions
 * that are empty; calls behind texts. */
#include "runtime/xd/fault.h"
#include "runtime/xd/prepare.h"

static bool
is_declared(const struct ir_tools *l, struct str name)
{
    for (unsigned i = 0; i < l->n; i++)
        if (l->v[i].kind == IR_TOOL_FUNCTION && str_eq(l->v[i].function.name, name))
            return true;
    return false;
}

/* The functions that the conversation calls, declared as far as they are known. */
static void
declare_called(struct xd *x, const struct ir_request *m, struct ir_tools *to)
{
    for (unsigned i = 0; i < m->turns.n; i++) {
        const struct ir_blocks *l = &m->turns.v[i].blocks;
        for (unsigned k = 0; k < l->n; k++) {
            if (l->v[k].kind != IR_BLOCK_CALL || is_declared(to, l->v[k].call.name))
                continue;
            struct ir_tool *t = XD_PUSH(x, to);
            if (!t)
                return;
            *t = (struct ir_tool){ .kind = IR_TOOL_FUNCTION };
            t->function.name = l->v[k].call.name;
            t->function.schema = STR("{\"type\":\"object\"}");
        }
    }
}

static bool
says_nothing(struct xd *x, const struct ir_tool *t)
{
    return t->kind == IR_TOOL_FUNCTION && t->function.description.p
           && xd_is_blank(x, t->function.description);
}

void
prepare_descriptions(struct xd *x, struct ir_request *m)
{
    struct ir_tools own = { 0 };
    bool some = false;
    for (unsigned i = 0; i < m->tools.n; i++) {
        struct ir_tool *t = XD_PUSH(x, &own);
        if (!t)
            return;
        *t = m->tools.v[i];
        if (!says_nothing(x, t))
            continue;
        t->function.description = (struct str){ NULL, 0 };
        some = true;
    }
    if (some)
        m->tools = own;
}

static bool
has_text_behind_call(const struct ir_blocks *l)
{
    bool called = false;
    for (unsigned i = 0; i < l->n; i++) {
        if (called && l->v[i].kind != IR_BLOCK_CALL)
            return true;
        called = called || l->v[i].kind == IR_BLOCK_CALL;
    }
    return false;
}

/* First what is no call, then the calls. */
static struct ir_blocks
calls_last(struct xd *x, const struct ir_blocks *l)
{
    struct ir_blocks out = { 0 };
    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < l->n; i++) {
            bool call = l->v[i].kind == IR_BLOCK_CALL;
            struct ir_block *b = call == (pass == 1) ? XD_PUSH(x, &out) : NULL;
            if (b)
                *b = l->v[i];
        }
    return out;
}

void
prepare_call_places(struct xd *x, struct ir_request *m)
{
    struct ir_turns own = { 0 };
    bool some = false;
    for (unsigned i = 0; i < m->turns.n; i++) {
        struct ir_turn *t = XD_PUSH(x, &own);
        if (!t)
            return;
        *t = m->turns.v[i];
        if (t->role != IR_ROLE_ASSISTANT || !has_text_behind_call(&t->blocks))
            continue;
        t->blocks = calls_last(x, &t->blocks);
        some = true;
    }
    if (some)
        m->turns = own;
}

void
prepare_called_tools(struct xd *x, struct ir_request *m)
{
    bool none = m->tool_choice.mode == IR_CHOICE_MODE_NONE;
    struct ir_tools called = { 0 };
    if (m->tools.n && !none)
        return;
    declare_called(x, m, &called);
    if (called.n == 0 && none)
        m->tool_choice = (struct ir_tool_choice){ 0 };
    if (called.n == 0 || m->tools.n == 0)
        m->tools = called;
}
