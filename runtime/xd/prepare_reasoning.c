/* How much thinking is wanted, in the words of the target: an effort, a budget of tokens, or as
 * it sees fit. */
#include <stdlib.h>

#include "runtime/xd/fault.h"
#include "runtime/xd/prepare.h"

#define TOP_P_LEAST  0.95 /* what Anthropic accepts beside thinking */
#define BUDGET_LEAST 1024 /* and of a budget */

static int64_t
budget_of(enum ir_effort effort)
{
    switch (effort) {
    case IR_EFFORT_UNSET:
    case IR_EFFORT_NONE:
        break;
    case IR_EFFORT_MINIMAL:
        return 1024;
    case IR_EFFORT_LOW:
        return 2048;
    case IR_EFFORT_MEDIUM:
        return 8192;
    case IR_EFFORT_HIGH:
        return 16384;
    case IR_EFFORT_XHIGH:
    case IR_EFFORT_MAX:
        return 32768;
    }
    return 0;
}

static enum ir_effort
effort_of(const struct ir_reasoning *r)
{
    if (r->mode == IR_THINKING_AUTO || !r->budget.set)
        return IR_EFFORT_MEDIUM;
    if (r->budget.v <= budget_of(IR_EFFORT_LOW))
        return IR_EFFORT_LOW;
    return r->budget.v <= budget_of(IR_EFFORT_MEDIUM) ? IR_EFFORT_MEDIUM : IR_EFFORT_HIGH;
}

static double
number(struct str text)
{
    char digits[64];
    size_t n = text.n < sizeof digits ? text.n : sizeof digits - 1;
    memcpy(digits, text.p, n);
    digits[n] = '\0';
    return strtod(digits, NULL);
}

/* Thinking takes no sampling but the default. */
static void
lose_sampling(struct xd *x, struct ir_sampling *s)
{
    if (s->temperature.p && number(s->temperature) != 1.0) {
        s->temperature = (struct str){ NULL, 0 };
        xd_lose(x, "sampling.temperature");
    }
    if (s->top_k.set) {
        s->top_k.set = false;
        xd_lose(x, "sampling.top_k");
    }
    if (s->top_p.p && number(s->top_p) < TOP_P_LEAST) {
        s->top_p = (struct str){ NULL, 0 };
        xd_lose(x, "sampling.top_p");
    }
}

static bool
must_call(const struct ir_request *m)
{
    enum ir_choice_mode mode = m->tool_choice.mode;
    return mode == IR_CHOICE_MODE_REQUIRED || mode == IR_CHOICE_MODE_NAMED;
}

/* In the middle of a round of calls a turn with thinking must begin with it, and so a turn that
 * was made without it cannot be continued with it. */
static bool
is_unthought_round(const struct ir_request *m)
{
    const struct ir_turn *last = m->turns.n >= 2 ? &m->turns.v[m->turns.n - 1] : NULL;
    if (!last || last->role != IR_ROLE_USER || last[-1].role != IR_ROLE_ASSISTANT)
        return false;
    const struct ir_blocks *l = &last[-1].blocks;
    bool calls = xd_count_blocks(l, 1u << IR_BLOCK_CALL) > 0;
    return calls && l->v[0].kind != IR_BLOCK_THINKING && l->v[0].kind != IR_BLOCK_SEALED;
}

/* Where an effort came alone, the record was not said as such, and would not be written. */
static void
set_mode(struct ir_reasoning *r, enum ir_thinking mode)
{
    r->set = true;
    r->mode = mode;
    if (mode == IR_THINKING_OFF)
        r->budget.set = false; /* thinking that is off has none */
}

/* Calls that must be made, and rounds that began without it, forbid thinking. */
static bool
lose_thinking(struct xd *x, struct ir_request *m)
{
    struct ir_reasoning *r = &m->reasoning;
    if (!must_call(m) && !is_unthought_round(m))
        return false;
    xd_lose(x, r->mode == IR_THINKING_UNSET ? "reasoning.effort"
               : r->budget.set              ? "reasoning.budget"
                                            : "reasoning");
    *r = (struct ir_reasoning){ .set = false };
    return true;
}

static void
set_budget(struct xd *x, struct ir_request *m, int64_t budget)
{
    set_mode(&m->reasoning, IR_THINKING_BUDGET);
    m->reasoning.budget = (struct ir_int){ budget, true };
    if (m->max_output.set && m->max_output.v <= budget)
        m->max_output.v += budget;
    lose_sampling(x, &m->sampling);
}

static void
to_budget(struct xd *x, struct ir_request *m)
{
    struct ir_reasoning *r = &m->reasoning;
    enum ir_effort effort = r->effort;
    if (effort == IR_EFFORT_NONE) {
        r->effort = IR_EFFORT_UNSET;
        set_mode(r, IR_THINKING_OFF);
    } else if (!lose_thinking(x, m)) {
        r->effort = IR_EFFORT_UNSET;
        set_budget(x, m, budget_of(effort));
    }
}

/* As it sees fit, but no more than half of what may come. */
static int64_t
fair_budget(const struct ir_request *m)
{
    int64_t budget = budget_of(IR_EFFORT_MEDIUM), half = m->max_output.v / 2;
    return m->max_output.set && half < budget ? half : budget;
}

/* What a client of another family says, where there are limits that it does not know. */
static void
fit_budget(struct xd *x, struct ir_request *m)
{
    const struct ir_reasoning *r = &m->reasoning;
    bool said = r->mode == IR_THINKING_BUDGET && r->budget.set;
    int64_t budget = said ? r->budget.v : fair_budget(m);
    if (!lose_thinking(x, m))
        set_budget(x, m, budget < BUDGET_LEAST ? BUDGET_LEAST : budget);
}

/* A budget that calls, sampling and everything else go with. */
static void
to_tokens(struct ir_request *m)
{
    struct ir_reasoning *r = &m->reasoning;
    int64_t budget = budget_of(r->effort);
    r->effort = IR_EFFORT_UNSET;
    set_mode(r, budget ? IR_THINKING_BUDGET : IR_THINKING_OFF);
    if (!budget)
        return;
    r->budget = (struct ir_int){ budget, true };
    if (m->max_output.set && m->max_output.v <= budget)
        m->max_output.v += budget;
}

/* An effort in the place of all else. */
static void
to_level(struct ir_reasoning *r)
{
    if (r->effort == IR_EFFORT_UNSET && r->mode == IR_THINKING_OFF)
        r->effort = IR_EFFORT_NONE;
    else if (r->effort == IR_EFFORT_UNSET && r->mode == IR_THINKING_BUDGET)
        r->effort = effort_of(r);
    r->mode = IR_THINKING_UNSET;
    r->budget.set = false;
}

/* What models with an effort of their own say. */
static const struct {
    struct str word;
    enum ir_effort effort;
} plain_words[] = {
    { STR_INIT("low"), IR_EFFORT_LOW },   { STR_INIT("medium"), IR_EFFORT_MEDIUM },
    { STR_INIT("high"), IR_EFFORT_HIGH }, { STR_INIT("low"), IR_EFFORT_MINIMAL },
    { STR_INIT("low"), IR_EFFORT_NONE },  { STR_INIT("high"), IR_EFFORT_XHIGH },
    { STR_INIT("high"), IR_EFFORT_MAX },
};
#define PLAIN_WORDS (sizeof plain_words / sizeof *plain_words)

/* An effort in the place of all else, where the model's maker looks for it. */
static void
to_plain(struct ir_reasoning *r)
{
    if (r->mode == IR_THINKING_AUTO && r->effort == IR_EFFORT_UNSET)
        r->effort = IR_EFFORT_MEDIUM;
    to_level(r);
    enum ir_effort effort = r->effort;
    *r = (struct ir_reasoning){ .set = true };
    for (size_t i = 0; i < PLAIN_WORDS && !r->level.p; i++)
        if (plain_words[i].effort == effort)
            r->level = plain_words[i].word;
}

/* The other way round: such an effort among other families. */
static void
from_plain(struct ir_reasoning *r)
{
    for (size_t i = 0; i < PLAIN_WORDS && r->effort == IR_EFFORT_UNSET; i++)
        if (str_eq(plain_words[i].word, r->level))
            r->effort = plain_words[i].effort;
    r->level = (struct str){ NULL, 0 };
}

static void
to_adaptive(struct xd *x, struct ir_request *m)
{
    struct ir_reasoning *r = &m->reasoning;
    if (r->effort == IR_EFFORT_NONE) {
        r->effort = IR_EFFORT_UNSET;
        set_mode(r, IR_THINKING_OFF);
    } else if (!must_call(m)) {
        set_mode(r, IR_THINKING_AUTO);
        lose_sampling(x, &m->sampling);
    }
}

/* The same for models that have no budgets. */
static void
fit_adaptive(struct xd *x, struct ir_request *m)
{
    struct ir_reasoning *r = &m->reasoning;
    if (lose_thinking(x, m))
        return;
    if (r->effort == IR_EFFORT_UNSET && r->budget.set)
        r->effort = effort_of(r);
    r->budget.set = false;
    set_mode(r, IR_THINKING_AUTO);
    lose_sampling(x, &m->sampling);
}

/* The model has no word for it; that it shall not think need not be said. */
static void
drop(struct xd *x, struct ir_reasoning *r)
{
    bool wanted = r->mode == IR_THINKING_UNSET
                      ? r->effort != IR_EFFORT_UNSET && r->effort != IR_EFFORT_NONE
                      : r->mode != IR_THINKING_OFF;
    if (wanted)
        xd_lose(x, r->effort == IR_EFFORT_UNSET ? "reasoning" : "reasoning.effort");
    *r = (struct ir_reasoning){ .set = false };
}

/* Does the client speak another family's API? */
static bool
is_stranger(const struct xd *x, const struct ir_request *m)
{
    return !str_is(m->family, x->dialect->family);
}

void
prepare_reasoning(struct xd *x, struct ir_request *m, struct str value)
{
    struct ir_reasoning *r = &m->reasoning;
    if (r->level.p && is_stranger(x, m))
        from_plain(r);
    bool effort = r->effort != IR_EFFORT_UNSET && r->mode == IR_THINKING_UNSET;
    bool mode = r->mode == IR_THINKING_AUTO || r->mode == IR_THINKING_BUDGET;
    if (effort && str_is(value, "budget"))
        to_budget(x, m);
    else if (effort && str_is(value, "adaptive"))
        to_adaptive(x, m);
    else if (mode && str_is(value, "budget") && is_stranger(x, m))
        fit_budget(x, m);
    else if (mode && str_is(value, "adaptive") && is_stranger(x, m))
        fit_adaptive(x, m);
    else if (effort && str_is(value, "tokens"))
        to_tokens(m);
    else if ((effort || r->mode != IR_THINKING_UNSET) && str_is(value, "plain")
             && is_stranger(x, m))
        to_plain(r);
    else if (r->mode != IR_THINKING_UNSET && str_is(value, "level"))
        to_level(r);
    else if (mode && r->effort == IR_EFFORT_UNSET && str_is(value, "effort"))
        r->effort = effort_of(r);
    else if (str_is(value, "drop") && is_stranger(x, m))
        drop(x, r);
}

void
prepare_thoughts(struct xd *x, struct ir_request *m)
{
    struct ir_reasoning *r = &m->reasoning;
    bool wanted = r->mode == IR_THINKING_UNSET
                      ? r->effort != IR_EFFORT_UNSET && r->effort != IR_EFFORT_NONE
                      : r->mode != IR_THINKING_OFF;
    if (!wanted || r->display.p || !is_stranger(x, m))
        return;
    r->set = true;
    r->display = STR("summarized");
}
