/* Turns and blocks as a target wants them.  What is kept is shared with the original; a list
 * that changes is made anew in x->arena. */
#include "runtime/xd/fault.h"
#include "runtime/xd/prepare.h"

#define MOVED_TEXT "(the content follows)" /* for a result whose media moved behind it */
#define FIRST_TEXT "Please continue."      /* where the assistant begins */

static bool
is_media(const struct ir_block *b)
{
    return b->kind == IR_BLOCK_IMAGE || b->kind == IR_BLOCK_AUDIO || b->kind == IR_BLOCK_DOCUMENT;
}

static void
push_block(struct xd *x, struct ir_blocks *l, const struct ir_block *b)
{
    struct ir_block *to = XD_PUSH(x, l);
    if (to)
        *to = *b;
}

static void
push_blocks(struct xd *x, struct ir_blocks *to, const struct ir_blocks *from)
{
    for (unsigned i = 0; i < from->n; i++)
        push_block(x, to, &from->v[i]);
}

static void
push_text(struct xd *x, struct ir_blocks *l, struct str text)
{
    push_block(x, l, &(struct ir_block){ .kind = IR_BLOCK_TEXT, .text.text = text });
}

static struct ir_turn *
push_turn(struct xd *x, struct ir_turns *l, enum ir_role role)
{
    struct ir_turn *t = XD_PUSH(x, l);
    if (t)
        *t = (struct ir_turn){ .set = true, .role = role };
    return t;
}

/* The turns as a list of our own; false when there is no memory. */
static bool
own_turns(struct xd *x, struct ir_request *m)
{
    struct ir_turns own = { 0 };
    for (unsigned i = 0; i < m->turns.n; i++) {
        struct ir_turn *t = XD_PUSH(x, &own);
        if (!t)
            return false;
        *t = m->turns.v[i];
    }
    m->turns = own;
    return true;
}

/* --- system turns --- */

static bool
has_system_turn(const struct ir_request *m)
{
    for (unsigned i = 0; i < m->turns.n; i++)
        if (m->turns.v[i].role == IR_ROLE_SYSTEM)
            return true;
    return false;
}

/* The texts of a system turn as one block between tags, its other blocks as they are. */
static void
push_folded(struct xd *x, struct ir_blocks *to, const struct ir_blocks *l)
{
    struct ir_block text = { .kind = IR_BLOCK_TEXT };
    struct str s = { NULL, 0 };
    arena_append(x->arena, &s, STR("<system>"));
    for (unsigned i = 0, texts = 0; i < l->n; i++) {
        if (l->v[i].kind != IR_BLOCK_TEXT)
            continue;
        arena_append(x->arena, &s, texts++ ? STR("\n") : STR(""));
        arena_append(x->arena, &s, xd_text(x, l->v[i].text.text));
        if (l->v[i].cache.set)
            text.cache = l->v[i].cache;
    }
    arena_append(x->arena, &s, STR("</system>"));
    if (x->arena->full)
        xd_full(x);
    text.text.text = s;
    push_block(x, to, &text);
    for (unsigned i = 0; i < l->n; i++)
        if (l->v[i].kind != IR_BLOCK_TEXT)
            push_block(x, to, &l->v[i]);
}

/* Behind the results of a user turn, which must stand first in it. */
static void
push_behind_results(struct xd *x, struct ir_turn *to, const struct ir_turn *user,
                    const struct ir_blocks *folded)
{
    unsigned first = 0;
    while (first < user->blocks.n && user->blocks.v[first].kind == IR_BLOCK_RESULT)
        push_block(x, &to->blocks, &user->blocks.v[first++]);
    push_blocks(x, &to->blocks, folded);
    for (unsigned i = first; i < user->blocks.n; i++)
        push_block(x, &to->blocks, &user->blocks.v[i]);
    to->rest = user->rest;
}

void
prepare_fold(struct xd *x, struct ir_request *m)
{
    struct ir_turns own = { 0 };
    struct ir_blocks folded = { 0 };
    if (!has_system_turn(m))
        return;
    for (unsigned i = 0; i < m->turns.n; i++) {
        const struct ir_turn *from = &m->turns.v[i];
        if (from->role == IR_ROLE_SYSTEM) {
            push_folded(x, &folded, &from->blocks);
            xd_lose_rest(x, &from->rest);
            continue;
        }
        static const struct ir_turn nothing;
        bool user = from->role == IR_ROLE_USER;
        struct ir_turn *to = folded.n ? push_turn(x, &own, IR_ROLE_USER) : NULL;
        if (to)
            push_behind_results(x, to, user ? from : &nothing, &folded);
        if (!to || !user) {
            to = push_turn(x, &own, from->role);
            if (to)
                *to = *from;
        }
        folded = (struct ir_blocks){ 0 };
    }
    struct ir_turn *last = folded.n ? push_turn(x, &own, IR_ROLE_USER) : NULL;
    if (last)
        last->blocks = folded;
    m->turns = own;
}

void
prepare_hoist(struct xd *x, struct ir_request *m)
{
    struct ir_turns own = { 0 };
    struct ir_blocks instructions = { 0 };
    if (!has_system_turn(m))
        return;
    push_blocks(x, &instructions, &m->instructions);
    for (unsigned i = 0; i < m->turns.n; i++) {
        if (m->turns.v[i].role == IR_ROLE_SYSTEM) {
            push_blocks(x, &instructions, &m->turns.v[i].blocks);
            continue;
        }
        struct ir_turn *to = push_turn(x, &own, m->turns.v[i].role);
        if (to)
            *to = m->turns.v[i];
    }
    m->turns = own;
    m->instructions = instructions;
}

/* --- blocks --- */

typedef bool keep_fn(struct xd *x, const struct ir_block *b, const struct ir_blocks *all);

static bool
refuses_any(struct xd *x, const struct ir_blocks *l, keep_fn *keep)
{
    for (unsigned i = 0; i < l->n; i++)
        if (!keep(x, &l->v[i], l))
            return true;
    return false;
}

/* The list without the blocks that keep refuses; the same list when it refuses none. */
static struct ir_blocks
filter(struct xd *x, const struct ir_blocks *l, keep_fn *keep)
{
    struct ir_blocks own = { 0 };
    if (!refuses_any(x, l, keep))
        return *l;
    for (unsigned i = 0; i < l->n; i++)
        if (keep(x, &l->v[i], l))
            push_block(x, &own, &l->v[i]);
    return own;
}

/* Members that only its own dialect knows may be what its maker finds it by: an id. */
static bool
names_itself(const struct ir_block *b)
{
    return b->rest.n > 0;
}

static bool
is_signed(struct xd *x, const struct ir_block *b, const struct ir_blocks *all)
{
    (void)x, (void)all;
    return b->kind != IR_BLOCK_THINKING || b->thinking.signature.n || names_itself(b);
}

static bool
has_unsigned(struct xd *x, const struct ir_request *m)
{
    for (unsigned i = 0; i < m->turns.n; i++)
        if (refuses_any(x, &m->turns.v[i].blocks, is_signed))
            return true;
    return false;
}

void
prepare_signed_thinking(struct xd *x, struct ir_request *m)
{
    if (!has_unsigned(x, m) || !own_turns(x, m))
        return;
    for (unsigned i = 0; i < m->turns.n; i++) {
        struct ir_blocks *l = &m->turns.v[i].blocks;
        unsigned n = l->n;
        *l = filter(x, l, is_signed);
        if (l->n < n)
            xd_lose(x, "blocks.thinking");
    }
}

static bool
is_blank(struct xd *x, const struct ir_block *b)
{
    return b->kind == IR_BLOCK_TEXT && b->text.signature.n == 0 && xd_is_blank(x, b->text.text);
}

/* White space counts as text beside other blocks, not alone. */
static bool
has_text(struct xd *x, const struct ir_block *b, const struct ir_blocks *all)
{
    if (!is_blank(x, b))
        return true;
    for (unsigned i = 0; b->text.text.n && i < all->n; i++)
        if (!is_blank(x, &all->v[i]))
            return true;
    return false;
}

static void
drop_empty_in_results(struct xd *x, struct ir_blocks *l)
{
    bool own = false;
    for (unsigned i = 0; i < l->n; i++) {
        if (l->v[i].kind != IR_BLOCK_RESULT)
            continue;
        struct ir_blocks inner = filter(x, &l->v[i].result.blocks, has_text);
        if (inner.n == l->v[i].result.blocks.n)
            continue;
        if (!own) {
            struct ir_blocks copy = { 0 };
            push_blocks(x, &copy, l);
            *l = copy;
            own = true;
        }
        if (x->err)
            return;
        l->v[i].result.blocks = inner;
    }
}

/* Is there a text that says nothing, in a turn or in a result, or a turn without blocks? */
static bool
has_empty_text(struct xd *x, const struct ir_request *m)
{
    for (unsigned i = 0; i < m->turns.n; i++) {
        const struct ir_blocks *l = &m->turns.v[i].blocks;
        if (l->n == 0 || refuses_any(x, l, has_text))
            return true;
        for (unsigned k = 0; k < l->n; k++)
            if (l->v[k].kind == IR_BLOCK_RESULT && refuses_any(x, &l->v[k].result.blocks, has_text))
                return true;
    }
    return false;
}

void
prepare_empty_text(struct xd *x, struct ir_request *m)
{
    m->instructions = filter(x, &m->instructions, has_text);
    if (!has_empty_text(x, m) || !own_turns(x, m))
        return;
    unsigned n = 0;
    for (unsigned i = 0; i < m->turns.n; i++) {
        struct ir_turn t = m->turns.v[i];
        t.blocks = filter(x, &t.blocks, has_text);
        drop_empty_in_results(x, &t.blocks);
        if (t.blocks.n)
            m->turns.v[n++] = t;
    }
    m->turns.n = n;
}

static struct str
trim_end(struct str s)
{
    while (s.n && strchr(" \t\r\n\v\f", s.p[s.n - 1]))
        s.n--;
    return s;
}

void
prepare_last_assistant(struct xd *x, struct ir_request *m)
{
    const struct ir_turn *last = m->turns.n ? &m->turns.v[m->turns.n - 1] : NULL;
    const struct ir_block *b = last && last->blocks.n ? &last->blocks.v[last->blocks.n - 1] : NULL;
    if (!b || last->role != IR_ROLE_ASSISTANT || b->kind != IR_BLOCK_TEXT)
        return;
    struct str whole = xd_text(x, b->text.text), text = trim_end(whole);
    struct ir_blocks own = { 0 };
    if (text.n == whole.n || !own_turns(x, m))
        return;
    push_blocks(x, &own, &last->blocks);
    if (x->err)
        return;
    own.v[own.n - 1].text.text = text;
    m->turns.v[m->turns.n - 1].blocks = own;
}

void
prepare_prefix(struct xd *x, struct ir_request *m)
{
    const struct ir_turn *last = m->turns.n ? &m->turns.v[m->turns.n - 1] : NULL;
    if (last && last->role == IR_ROLE_ASSISTANT && last->prefix != IR_TRUE && own_turns(x, m))
        m->turns.v[m->turns.n - 1].prefix = IR_TRUE;
}

/* --- results --- */

static bool
has_result_media(const struct ir_turn *t)
{
    for (unsigned i = 0; i < t->blocks.n; i++) {
        const struct ir_block *b = &t->blocks.v[i];
        for (unsigned k = 0; b->kind == IR_BLOCK_RESULT && k < b->result.blocks.n; k++)
            if (is_media(&b->result.blocks.v[k]))
                return true;
    }
    return false;
}

static struct ir_block
without_media(struct xd *x, const struct ir_block *result, struct ir_blocks *media)
{
    struct ir_block own = *result;
    own.result.blocks = (struct ir_blocks){ 0 };
    for (unsigned i = 0; i < result->result.blocks.n; i++) {
        const struct ir_block *b = &result->result.blocks.v[i];
        push_block(x, is_media(b) ? media : &own.result.blocks, b);
    }
    if (own.result.blocks.n == 0 && result->result.blocks.n)
        push_text(x, &own.result.blocks, STR(MOVED_TEXT));
    return own;
}

/* Results first, then the media that stood in them, then the rest. */
static struct ir_blocks
follow(struct xd *x, const struct ir_blocks *l)
{
    struct ir_blocks own = { 0 }, media = { 0 };
    for (unsigned i = 0; i < l->n; i++) {
        if (l->v[i].kind != IR_BLOCK_RESULT)
            continue;
        struct ir_block b = without_media(x, &l->v[i], &media);
        push_block(x, &own, &b);
    }
    push_blocks(x, &own, &media);
    for (unsigned i = 0; i < l->n; i++)
        if (l->v[i].kind != IR_BLOCK_RESULT)
            push_block(x, &own, &l->v[i]);
    return own;
}

void
prepare_result_media(struct xd *x, struct ir_request *m)
{
    bool own = false;
    for (unsigned i = 0; i < m->turns.n; i++) {
        if (!has_result_media(&m->turns.v[i]))
            continue;
        if (!own && !own_turns(x, m))
            return;
        own = true;
        m->turns.v[i].blocks = follow(x, &m->turns.v[i].blocks);
    }
}

/* --- turns --- */

static bool
has_neighbours(const struct ir_request *m)
{
    for (unsigned i = 1; i < m->turns.n; i++)
        if (m->turns.v[i].role == m->turns.v[i - 1].role)
            return true;
    return false;
}

static void
push_kind(struct xd *x, struct ir_blocks *to, const struct ir_blocks *l, bool results)
{
    for (unsigned i = 0; i < l->n; i++)
        if ((l->v[i].kind == IR_BLOCK_RESULT) == results)
            push_block(x, to, &l->v[i]);
}

void
prepare_merge(struct xd *x, struct ir_request *m)
{
    struct ir_turns own = { 0 };
    if (!has_neighbours(m))
        return;
    for (unsigned i = 0, next; i < m->turns.n; i = next) {
        struct ir_turn *to = push_turn(x, &own, m->turns.v[i].role);
        for (next = i + 1; next < m->turns.n && m->turns.v[next].role == m->turns.v[i].role;)
            next++;
        if (!to)
            return;
        *to = m->turns.v[i];
        if (next == i + 1)
            continue;
        to->blocks = (struct ir_blocks){ 0 };
        for (unsigned k = i; k < next; k++)
            push_kind(x, &to->blocks, &m->turns.v[k].blocks, true);
        for (unsigned k = i; k < next; k++)
            push_kind(x, &to->blocks, &m->turns.v[k].blocks, false);
    }
    m->turns = own;
}

void
prepare_first_turn(struct xd *x, struct ir_request *m)
{
    struct ir_turns own = { 0 };
    if (m->turns.n == 0 || m->turns.v[0].role != IR_ROLE_ASSISTANT)
        return;
    struct ir_turn *first = push_turn(x, &own, IR_ROLE_USER);
    if (first)
        push_text(x, &first->blocks, STR(FIRST_TEXT));
    for (unsigned i = 0; i < m->turns.n; i++) {
        struct ir_turn *t = XD_PUSH(x, &own);
        if (t)
            *t = m->turns.v[i];
    }
    m->turns = own;
}
