/* Glushkov's automaton, made deterministic.
 *
 * Every name in the expression is a position; first, last and follow sets of positions are 64-bit
 * sets.  A state of the deterministic automaton is a set of positions; the start is the empty set
 * with its own bit. */
#include "codegen/order.h"

#define START         (UINT64_C(1) << 63)
#define POSITIONS_MAX 62

struct glushkov {
    unsigned n; /* positions */
    int event[POSITIONS_MAX];
    uint64_t follow[POSITIONS_MAX];
    bool too_long; /* an error was reported */
    const struct order *order;
    struct diags *diags;
};

struct sets {
    uint64_t first, last;
    bool empty;
};

static int
event_of(const struct order *o, struct str name)
{
    for (unsigned i = 0; i < o->events; i++)
        if (str_eq(o->names[i], name))
            return (int)i;
    return -1;
}

static int
want_event(const struct order *o, struct word w, struct diags *d)
{
    int n = event_of(o, w.s);

    if (n < 0) {
        struct diag *e = diag_error(d, w.pos, "there is no event '%.*s'", STR_ARG(w.s));
        struct suggestion s = suggestion_for(w.s);
        for (unsigned i = 0; i < o->events; i++)
            suggestion_consider(&s, o->names[i]);
        (void)diag_suggest(e, &s);
    }
    return n;
}

static void
link_sets(struct glushkov *g, uint64_t from, uint64_t to)
{
    for (unsigned i = 0; i < g->n; i++)
        if (from >> i & 1)
            g->follow[i] |= to;
}

static struct sets
visit(struct glushkov *g, const struct ast_regex *r)
{
    struct sets a, b;

    switch (r->kind) {
    case REGEX_NAME: {
        int n = want_event(g->order, r->name, g->diags);
        if (n >= 0 && g->n == POSITIONS_MAX && !g->too_long) {
            diag_error(g->diags, r->name.pos, "an order has at most %d names", POSITIONS_MAX);
            g->too_long = true;
        }
        if (n < 0 || g->too_long)
            return (struct sets){ 0, 0, true };
        g->event[g->n] = n;
        uint64_t bit = UINT64_C(1) << g->n++;
        return (struct sets){ bit, bit, false };
    }
    case REGEX_SEQ:
        a = visit(g, r->a);
        b = visit(g, r->b);
        link_sets(g, a.last, b.first);
        return (struct sets){ a.first | (a.empty ? b.first : 0), b.last | (b.empty ? a.last : 0),
                              a.empty && b.empty };
    case REGEX_ALT:
        a = visit(g, r->a);
        b = visit(g, r->b);
        return (struct sets){ a.first | b.first, a.last | b.last, a.empty || b.empty };
    case REGEX_STAR:
    case REGEX_PLUS:
        a = visit(g, r->a);
        link_sets(g, a.last, a.first);
        a.empty |= r->kind == REGEX_STAR;
        return a;
    case REGEX_OPT:
        a = visit(g, r->a);
        a.empty = true;
        return a;
    }
    return (struct sets){ 0, 0, true };
}

static uint64_t
step_set(const struct glushkov *g, const struct sets *all, uint64_t set, unsigned event)
{
    uint64_t out = 0;
    uint64_t candidates = set & START ? all->first : 0;

    for (unsigned i = 0; i < g->n; i++)
        if (set >> i & 1)
            candidates |= g->follow[i];
    for (unsigned i = 0; i < g->n; i++)
        if ((candidates >> i & 1) && g->event[i] == (int)event)
            out |= UINT64_C(1) << i;
    return out;
}

static unsigned
state_of(struct order *o, uint64_t *sets, uint64_t set)
{
    for (unsigned i = 0; i < o->states; i++)
        if (sets[i] == set)
            return i;
    if (o->states == ORDER_STATES_MAX - 1) {
        o->too_many = true;
        return ORDER_BAD;
    }
    sets[o->states] = set;
    return o->states++;
}

static void
make_states(struct order *o, const struct glushkov *g, const struct sets *all)
{
    uint64_t sets[ORDER_STATES_MAX] = { START };

    o->states = 1;
    for (unsigned s = 0; s < o->states; s++) {
        o->accept[s] = (sets[s] & all->last) != 0 || (s == 0 && all->empty);
        for (unsigned ev = 0; ev < o->events; ev++) {
            uint64_t set = step_set(g, all, sets[s], ev);
            o->next[s][ev] = set ? (unsigned char)state_of(o, sets, set) : ORDER_BAD;
        }
    }
}

/* anywhere: stay.  final: to a last state from everywhere.  skip: where there is no way, pass
 * over. */
static void
add_extras(struct order *o, const struct ast_order *ast, struct diags *d)
{
    unsigned last = o->states;

    for (unsigned i = 0; i < ast->final.n; i++) {
        int ev = want_event(o, ast->final.v[i], d);
        if (ev < 0)
            continue;
        if (o->states == last) {
            for (unsigned k = 0; k < o->events; k++)
                o->next[last][k] = ORDER_BAD;
            o->accept[last] = true;
            o->states++;
        }
        for (unsigned s = 0; s < last; s++)
            o->next[s][ev] = (unsigned char)last;
    }
    for (unsigned i = 0; i < ast->anywhere.n; i++) {
        int ev = want_event(o, ast->anywhere.v[i], d);
        for (unsigned s = 0; ev >= 0 && s < last; s++)
            if (o->next[s][ev] == ORDER_BAD)
                o->next[s][ev] = (unsigned char)s;
    }
    for (unsigned i = 0; i < ast->skip.n; i++) {
        int ev = want_event(o, ast->skip.v[i], d);
        for (unsigned s = 0; ev >= 0 && s < o->states; s++)
            if (o->next[s][ev] == ORDER_BAD)
                o->next[s][ev] = ORDER_SKIP;
    }
}

struct ast_order
order_of_stream(struct arena *a, const struct ast_decl *stream)
{
    struct ast_order o = stream->order;

    for (unsigned i = 0; i < stream->tag_cases.n; i++) {
        const struct ast_tag_case *c = &stream->tag_cases.v[i];
        if (!c->any || !c->tags.n)
            continue;
        struct word *v = arena_alloc(a, (o.final.n + 1) * sizeof *v);
        if (!v)
            continue;
        for (unsigned k = 0; k < o.final.n; k++)
            v[k] = o.final.v[k];
        v[o.final.n] = c->tags.v[0];
        o.final = (struct words){ v, o.final.n + 1, o.final.n + 1 };
    }
    return o;
}

struct order *
order_make(struct arena *a, const struct ast_order *ast, const struct str *names, unsigned n,
           struct diags *d)
{
    struct order *o = arena_alloc(a, sizeof *o);
    struct glushkov g = { .order = o, .diags = d };

    o->events = n < ORDER_EVENTS_MAX ? n : ORDER_EVENTS_MAX;
    for (unsigned i = 0; i < o->events; i++)
        o->names[i] = names[i];
    struct sets all = visit(&g, ast->regex);
    make_states(o, &g, &all);
    if (o->too_many)
        diag_error(d, ast->pos, "this order has more than %d states", ORDER_STATES_MAX - 1);
    add_extras(o, ast, d);
    return o;
}

/* --- comparison ------------------------------------------------------------------------------- */

struct pair {
    unsigned char a, b;
    int from;
    unsigned event;
}; /* b == ORDER_BAD: already lost */

static unsigned char
step_b(const struct order *b, unsigned char s, int event)
{
    if (s == ORDER_BAD || event < 0)
        return s;
    unsigned char next = b->next[s][event];
    return next == ORDER_SKIP ? s : next;
}

unsigned
order_takes(const struct order *o, const int *map, const unsigned *word, unsigned n)
{
    unsigned char s = 0;

    for (unsigned i = 0; i < n; i++) {
        s = step_b(o, s, map[word[i]]);
        if (s == ORDER_BAD)
            return i;
    }
    return n;
}

static int
unwind(const struct pair *queue, int at, unsigned *word, unsigned room)
{
    int n = 0;

    for (int i = at; queue[i].from >= 0; i = queue[i].from)
        n++;
    int k = n;
    for (int i = at; queue[i].from >= 0; i = queue[i].from)
        if (--k < (int)room)
            word[k] = queue[i].event;
    return n;
}

/* Breadth first over pairs of states: the first pair where a accepts and b does not ends a shortest
 * word. */
int
order_difference(const struct order *a, const struct order *b, const int *map, unsigned *word,
                 unsigned room)
{
    static const unsigned char none = ORDER_BAD;
    struct pair queue[ORDER_STATES_MAX * (ORDER_STATES_MAX + 1)];
    bool seen[ORDER_STATES_MAX][256] = { { false } };
    int n = 0;

    queue[n++] = (struct pair){ 0, 0, -1, 0 };
    seen[0][0] = true;
    for (int i = 0; i < n; i++) {
        struct pair p = queue[i];
        if (a->accept[p.a] && (p.b == none || !b->accept[p.b]))
            return unwind(queue, i, word, room);
        for (unsigned ev = 0; ev < a->events; ev++) {
            unsigned char next = a->next[p.a][ev];
            if (next == ORDER_BAD || next == ORDER_SKIP)
                continue;
            unsigned char other = step_b(b, p.b, map[ev]);
            if (seen[next][other])
                continue;
            seen[next][other] = true;
            queue[n++] = (struct pair){ next, other, i, ev };
        }
    }
    return -1;
}
