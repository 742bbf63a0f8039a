/* Names of documents where the target wants one for each, of certain characters, and no two alike. */
#include "runtime/xd/class.h"
#include "runtime/xd/fault.h"
#include "runtime/xd/prepare.h"

#define NAME_BYTES 200u /* the least of what targets take */

struct names {
    struct xd *x;
    struct class class;
    struct ir_strs taken;
};

/* Every run of other characters, or of blanks, becomes one character. */
static struct str
clean(struct names *n, struct str title)
{
    char *to = arena_bytes(n->x->arena, NAME_BYTES);
    size_t len = 0;
    if (!to) {
        xd_full(n->x);
        return title;
    }
    for (size_t i = 0; i < title.n && len < NAME_BYTES; i++) {
        char c = n->class.has[(unsigned char)title.p[i]] ? title.p[i] : '-';
        bool again = len && to[len - 1] == c && (c == '-' || c == ' ');
        if (!again)
            to[len++] = c;
    }
    struct str name = str_trim(str_make(to, len));
    return name.n ? name : STR("document");
}

static bool
is_taken(const struct names *n, struct str name)
{
    for (unsigned i = 0; i < n->taken.n; i++)
        if (str_eq(n->taken.v[i], name))
            return true;
    return false;
}

static struct str
name_for(struct names *n, struct str title)
{
    struct xd *x = n->x;
    bool fits = title.n && title.n <= NAME_BYTES && class_has_all(&n->class, title);
    struct str name = fits ? title : clean(n, title), first = name;
    for (unsigned i = 2; is_taken(n, name) && !x->arena->full; i++)
        name = arena_printf(x->arena, "%.*s-%u",
                            STR_ARG(str_make(first.p, first.n < 190 ? first.n : 190)), i);
    struct str *slot = XD_PUSH(x, &n->taken);
    if (slot)
        *slot = name;
    if (title.n && !str_eq(name, title))
        xd_lose(x, "document.title");
    return name;
}

static bool
has_documents(const struct ir_blocks *l)
{
    for (unsigned i = 0; i < l->n; i++)
        if (l->v[i].kind == IR_BLOCK_DOCUMENT
            || (l->v[i].kind == IR_BLOCK_RESULT && has_documents(&l->v[i].result.blocks)))
            return true;
    return false;
}

/* A list of our own in which every document has its name. */
static struct ir_blocks
named(struct names *n, const struct ir_blocks *l)
{
    struct ir_blocks own = { 0 };
    for (unsigned i = 0; i < l->n; i++) {
        struct ir_block *b = XD_PUSH(n->x, &own);
        if (!b)
            return *l;
        *b = l->v[i];
        if (b->kind == IR_BLOCK_DOCUMENT)
            b->document.title = name_for(n, b->document.title);
        else if (b->kind == IR_BLOCK_RESULT && has_documents(&b->result.blocks))
            b->result.blocks = named(n, &b->result.blocks);
    }
    return own;
}

void
prepare_document_names(struct xd *x, struct ir_request *m, struct str class)
{
    struct names n = { .x = x, .class = class_read(class, 0) };
    struct ir_turns own = { 0 };
    bool some = false;
    for (unsigned i = 0; i < m->turns.n; i++) {
        struct ir_turn *t = XD_PUSH(x, &own);
        if (!t)
            return;
        *t = m->turns.v[i];
        if (!has_documents(&t->blocks))
            continue;
        t->blocks = named(&n, &t->blocks);
        some = true;
    }
    if (some)
        m->turns = own;
}
