/* Ids and names of calls in a request that does not say them all.  Some dialects know a call by its id,
 * some by its name, some by both.
 *
 * A conversation may have thousands of calls, so results find theirs in sorted lists, which no choice
 * of ids makes slow. */
#include <stdlib.h>

#include "runtime/xd/call_id.h"
#include "runtime/xd/fault.h"
#include "runtime/xd/settle.h"

/* A call that was made. */
struct call {
    struct ir_block *block;
    bool made_up;  /* its id is ours */
    bool answered; /* by a result */
};

/* A call by its id or name. */
struct entry {
    struct str key;
    unsigned call;
    unsigned first; /* of the first of several: the entry before which all are answered */
};

/* By key, then in the order of the conversation. */
struct index {
    struct entry *v;
    unsigned n, cap;
};

struct calls {
    struct call *v; /* in the order of the conversation */
    unsigned n, cap;
    unsigned seen; /* how many were made before the result in question */
    struct index by_id;
    struct index by_name[2]; /* of calls with made-up ids, and with their own */
    unsigned first[2];       /* likewise: the call before which all are answered */
};

/* The id depends on where the call stands alone: the same request gets the same ids. */
static void
make_id(struct xd *x, struct ir_block *b, unsigned ordinal)
{
    char id[XD_CALL_ID_BYTES];
    xd_call_id(id, b->call.name, 0, 0, ordinal);
    b->call.id = arena_str(x->arena, str_make(id, sizeof id));
    if (!b->call.id.p)
        xd_full(x);
}

static void
add_entry(struct xd *x, struct index *l, struct str key, unsigned call)
{
    struct entry *e = XD_PUSH(x, l);
    if (e)
        *e = (struct entry){ .key = key, .call = call };
}

static void
take_call(struct xd *x, struct calls *l, struct ir_block *b)
{
    struct call *c = XD_PUSH(x, l);
    if (!c)
        return;
    *c = (struct call){ .block = b, .made_up = b->call.id.n == 0 };
    if (c->made_up)
        make_id(x, b, l->n - 1);
    if (!b->call.arguments.p)
        b->call.arguments = STR("{}");
    add_entry(x, &l->by_id, b->call.id, l->n - 1);
    add_entry(x, &l->by_name[!c->made_up], b->call.name, l->n - 1);
}

static int
compare(const void *a, const void *b)
{
    const struct entry *one = a, *two = b;
    int order = str_compare(one->key, two->key);
    return order ? order : (one->call > two->call) - (one->call < two->call);
}

static void
sort(struct index *l)
{
    if (l->n > 1)
        qsort(l->v, l->n, sizeof *l->v, compare);
    for (unsigned i = 0; i < l->n; i++)
        l->v[i].first = i;
}

/* The first entry that is not before this key and call. */
static unsigned
lower(const struct index *l, struct str key, unsigned call)
{
    const struct entry want = { .key = key, .call = call };
    unsigned low = 0, high = l->n;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (compare(&l->v[middle], &want) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The call of this id, the last one if ids repeat. */
static struct call *
find_by_id(const struct calls *l, struct str id)
{
    unsigned i = lower(&l->by_id, id, l->seen);
    bool found = i > 0 && str_eq(l->by_id.v[i - 1].key, id);
    return found ? &l->v[l->by_id.v[i - 1].call] : NULL;
}

static struct call *
find_by_name(struct calls *l, struct index *names, struct str name)
{
    unsigned group = lower(names, name, 0);
    if (group == names->n)
        return NULL;
    unsigned i = names->v[group].first;
    while (i < names->n && str_eq(names->v[i].key, name) && l->v[names->v[i].call].answered)
        i++;
    names->v[group].first = i;
    bool found = i < names->n && str_eq(names->v[i].key, name) && names->v[i].call < l->seen;
    return found ? &l->v[names->v[i].call] : NULL;
}

static struct call *
find_any(struct calls *l, unsigned own)
{
    unsigned *i = &l->first[own];
    while (*i < l->n && (l->v[*i].answered || l->v[*i].made_up == own))
        ++*i;
    return *i < l->seen ? &l->v[*i] : NULL;
}

/* The first call without a result yet, and of this name if there is one: of those without an id of
 * their own, else of all, as some give calls ids and results none. */
static struct call *
find_open(struct calls *l, struct str name)
{
    struct call *c = NULL;
    for (unsigned own = 0; own < 2 && !c; own++)
        c = name.n ? find_by_name(l, &l->by_name[own], name) : find_any(l, own);
    return c;
}

static void
take_result(struct calls *l, struct ir_block *b)
{
    struct str said = b->result.call.n ? b->result.call : b->result.name;
    struct call *c = b->result.call.n ? find_by_id(l, b->result.call) : NULL;
    if (!c)
        c = find_open(l, said);
    if (!c) {
        b->result.call = said; /* of a call that nobody made */
        if (!b->result.name.n)
            b->result.name = said;
        return;
    }
    c->answered = true;
    b->result.call = c->block->call.id;
    if (!b->result.name.n)
        b->result.name = c->block->call.name;
}

void
settle_calls(struct xd *x, struct ir_request *m)
{
    struct calls calls = { .n = 0 };
    for (unsigned i = 0; i < m->turns.n; i++)
        for (unsigned k = 0; k < m->turns.v[i].blocks.n; k++)
            if (m->turns.v[i].blocks.v[k].kind == IR_BLOCK_CALL)
                take_call(x, &calls, &m->turns.v[i].blocks.v[k]);
    if (x->err)
        return;
    sort(&calls.by_id);
    sort(&calls.by_name[0]);
    sort(&calls.by_name[1]);
    for (unsigned i = 0; i < m->turns.n; i++)
        for (unsigned k = 0; k < m->turns.v[i].blocks.n; k++) {
            struct ir_block *b = &m->turns.v[i].blocks.v[k];
            calls.seen += b->kind == IR_BLOCK_CALL;
            if (b->kind == IR_BLOCK_RESULT)
                take_result(&calls, b);
        }
}
