/* A conversation as the text that somebody shall go on with. */
#include "runtime/json/text.h"
#include "runtime/xd/fault.h"

/* A conversation of one text: that is the prompt.  Several prompts, or tokens, are kept as they
 * are: a block that only this dialect knows. */
void
xd_read_prompt(struct xd *x, uint32_t at, struct ir_request *m)
{
    bool list = json_kind(&x->doc, at) == JSON_ARRAY;
    uint32_t first = list && x->doc.nodes[at].next > at + 1 ? at + 1 : 0;
    bool alone = first && x->doc.nodes[first].next == x->doc.nodes[at].next
                 && json_kind(&x->doc, first) == JSON_STRING;
    if (!list || alone) {
        xd_read_turn(x, alone ? first : at, m);
        return;
    }
    struct ir_turn *t = xd_turn(x, m, IR_ROLE_USER);
    struct ir_block *b = t ? XD_PUSH(x, &t->blocks) : NULL;
    if (!b)
        return;
    b->kind = IR_BLOCK_FOREIGN;
    b->foreign.dialect = str_from(x->dialect->family);
    xd_read_json(x, at, &b->foreign.body);
}

/* Where the text of a conversation stands. */
struct talk {
    uint32_t elsewhere; /* kinds of blocks (1u << kind) that have a member of their own */
    unsigned said;      /* texts so far */
};

static void
put_texts(struct xd *x, struct talk *t, const char *who, const struct ir_blocks *l)
{
    unsigned before = t->said;
    xd_lose_blocks(x, l, 1u << IR_BLOCK_TEXT | 1u << IR_BLOCK_REFUSAL | t->elsewhere);
    for (unsigned i = 0; i < l->n; i++) {
        const struct ir_block *b = &l->v[i];
        if (b->kind != IR_BLOCK_TEXT && b->kind != IR_BLOCK_REFUSAL)
            continue;
        if (t->said && before == t->said)
            json_escape(x->out, STR("\n\n"));
        if (*who && before == t->said)
            json_escape(x->out, str_from(who));
        xd_escape(x, b->kind == IR_BLOCK_TEXT ? b->text.text : b->refusal.text);
        t->said++;
    }
}

static const struct ir_block *
own_prompt(const struct xd *x, const struct ir_request *m)
{
    const struct ir_blocks *l = m->turns.n == 1 ? &m->turns.v[0].blocks : NULL;
    bool own = l && l->n == 1 && l->v[0].kind == IR_BLOCK_FOREIGN
               && str_is(l->v[0].foreign.dialect, x->dialect->family);
    return own ? &l->v[0] : NULL;
}

/* One text is the prompt; of several it is said whose each is, and that the assistant is next. */
static void
put_talk(struct xd *x, struct talk *t, const struct ir_blocks *instructions,
         const struct ir_turns *turns)
{
    static const char *const names[] = { [IR_ROLE_UNSET] = "",
                                         [IR_ROLE_USER] = "User: ",
                                         [IR_ROLE_ASSISTANT] = "Assistant: ",
                                         [IR_ROLE_SYSTEM] = "System: " };
    bool alone = instructions->n == 0 && turns->n == 1;
    jw_begin_string(&x->w);
    put_texts(x, t, alone ? "" : "System: ", instructions);
    for (unsigned i = 0; i < turns->n; i++)
        put_texts(x, t, alone ? "" : names[turns->v[i].role], &turns->v[i].blocks);
    if (!alone && turns->n && turns->v[turns->n - 1].role != IR_ROLE_ASSISTANT)
        json_escape(x->out, STR("\n\nAssistant:"));
    jw_end_string(&x->w);
}

bool
xd_put_prompt(struct xd *x, struct str key, const struct ir_request *m)
{
    const struct ir_block *own = own_prompt(x, m);
    struct talk t = { 0 };
    if (own) {
        xd_put_json(x, key, own->foreign.body);
        return true;
    }
    jw_key(&x->w, key);
    put_talk(x, &t, &m->instructions, &m->turns);
    return true;
}

/* --- beside instructions and images ------------------------------------------------------------ */

void
xd_read_prompt_beside(struct xd *x, uint32_t at, struct ir_request *m)
{
    xd_read_turn(x, at, m);
}

bool
xd_put_prompt_beside(struct xd *x, struct str key, const struct ir_request *m)
{
    static const struct ir_blocks none;
    struct talk t = { .elsewhere = 1u << IR_BLOCK_IMAGE };
    if (m->turns.n == 0)
        return false;
    jw_key(&x->w, key);
    put_talk(x, &t, &none, &m->turns);
    return true;
}

void
xd_read_prompt_images(struct xd *x, uint32_t at, struct ir_request *m)
{
    if (!xd_want(x, at, JSON_ARRAY) || x->doc.nodes[at].next == at + 1)
        return;
    struct ir_turn *t = xd_turn(x, m, IR_ROLE_USER);
    if (t)
        xd_read_bytes(x, at, &t->blocks, IR_BLOCK_IMAGE);
}

bool
xd_put_prompt_images(struct xd *x, struct str key, const struct ir_request *m)
{
    struct ir_blocks images = { 0 };
    for (unsigned i = 0; i < m->turns.n; i++)
        for (unsigned k = 0; k < m->turns.v[i].blocks.n; k++) {
            const struct ir_block *b = &m->turns.v[i].blocks.v[k];
            struct ir_block *copy = b->kind == IR_BLOCK_IMAGE ? XD_PUSH(x, &images) : NULL;
            if (copy)
                *copy = *b;
        }
    xd_put_bytes(x, key, &images, IR_BLOCK_IMAGE);
    return images.n > 0;
}
