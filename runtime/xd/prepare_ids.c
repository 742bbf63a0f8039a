/* Ids of calls that a target would refuse, mapped the same way where a call is made and where it
 * is answered. */
#include "runtime/xd/call_id.h"
#include "runtime/xd/class.h"
#include "runtime/xd/fault.h"
#include "runtime/xd/prepare.h"

#define ID_MAX 64u

static bool
fits(const struct class *c, struct str id)
{
    if (!class_has_all(c, id))
        return false;
    return c->length ? id.n == c->length : id.n <= ID_MAX;
}

/* A hash of the id in characters of the class, so that the same id always becomes the same one. */
static struct str
map_id(struct xd *x, const struct class *c, struct str id)
{
    char made[XD_CALL_ID_BYTES], alphabet[256];
    size_t letters = 0;
    for (unsigned k = '0'; k <= 'z'; k++)
        if (c->has[k] && ((k <= '9') || (k >= 'A' && k <= 'Z') || k >= 'a'))
            alphabet[letters++] = (char)k;
    if (letters == 0)
        return id;
    size_t n = c->length ? c->length : XD_CALL_ID_BYTES;
    char *to = arena_bytes(x->arena, n);
    if (!to) {
        xd_full(x);
        return id;
    }
    for (size_t i = 0; i < n; i++) {
        size_t k = i % (XD_CALL_ID_BYTES - 5);
        if (k == 0)
            xd_call_id(made, id, 0, 0, (unsigned)i);
        to[i] = alphabet[(unsigned char)made[5 + k] % letters];
    }
    if (!c->length && c->has['_'])
        memcpy(to, "call_", 5);
    return str_make(to, n);
}

static struct str *
id_of(struct ir_block *b)
{
    if (b->kind == IR_BLOCK_CALL)
        return &b->call.id;
    return b->kind == IR_BLOCK_RESULT ? &b->result.call : NULL;
}

static void
map_blocks(struct xd *x, const struct class *c, struct ir_blocks *l)
{
    struct ir_blocks own = { 0 };
    bool some = false;
    for (unsigned i = 0; i < l->n; i++) {
        struct ir_block *b = XD_PUSH(x, &own);
        if (!b)
            return;
        *b = l->v[i];
        struct str *id = id_of(b);
        if (!id || id->n == 0 || fits(c, *id))
            continue;
        *id = map_id(x, c, *id);
        some = true;
    }
    if (some)
        *l = own;
}

static bool
any_misfit(const struct class *c, const struct ir_request *m)
{
    for (unsigned i = 0; i < m->turns.n; i++) {
        for (unsigned k = 0; k < m->turns.v[i].blocks.n; k++) {
            const struct str *id = id_of(&m->turns.v[i].blocks.v[k]);
            if (id && id->n && !fits(c, *id))
                return true;
        }
    }
    return false;
}

void
prepare_call_ids(struct xd *x, struct ir_request *m, struct str class)
{
    struct class c = class_read(class, ID_MAX);
    struct ir_turns own = { 0 };
    if (!any_misfit(&c, m))
        return;
    for (unsigned i = 0; i < m->turns.n; i++) {
        struct ir_turn *t = XD_PUSH(x, &own);
        if (!t)
            return;
        *t = m->turns.v[i];
        map_blocks(x, &c, &t->blocks);
    }
    m->turns = own;
}
