/* Ids of calls that a target would refuse, mapped the same way where a call is made and where it
 * is answered. */
#include "runtime/xd/call_id.h"
#include "runtime/xd/fault.h"
#include "runtime/xd/prepare.h"

#define ID_MAX 64u

/* "a-zA-Z0-9_-", with an exact length behind it: "a-zA-Z0-9{9}". */
struct class
{
    bool has[256];
    size_t length; /* 0: any up to ID_MAX */
};

static struct class read_class(struct str s)
{
    struct class c = { .length = 0 };
    const char *brace = s.n ? memchr(s.p, '{', s.n) : NULL;
    struct ir_int length = { 0 };
    if (brace && s.p[s.n - 1] == '}') {
        xd_seconds(str_make(brace + 1, (size_t)(s.p + s.n - brace) - 2), &length);
        c.length = length.set && length.v > 0 && length.v <= ID_MAX ? (size_t)length.v : 0;
        s.n = (size_t)(brace - s.p);
    }
    for (size_t i = 0; i < s.n; i++) {
        unsigned from = (unsigned char)s.p[i], to = from;
        if (i + 2 < s.n && s.p[i + 1] == '-') {
            to = (unsigned char)s.p[i + 2];
            i += 2;
        }
        for (unsigned k = from; k <= to; k++)
            c.has[k] = true;
    }
    return c;
}

static bool
fits(const struct class *c, struct str id)
{
    for (size_t i = 0; i < id.n; i++)
        if (!c->has[(unsigned char)id.p[i]])
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
            struct ir_block b = m->turns.v[i].blocks.v[k];
            const struct str *id = id_of(&b);
            if (id && id->n && !fits(c, *id))
                return true;
        }
    }
    return false;
}

void
prepare_call_ids(struct xd *x, struct ir_request *m, struct str class)
{
    struct class c = read_class(class);
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
