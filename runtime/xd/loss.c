/* The names of what got lost: distinct, few, fit for a header. */
#include "runtime/xd/fault.h"

#define NAME_MAX_BYTES 120

/* Names may come from a peer, and go into a header and a log: odd characters become '?'. */
static struct str
clean(char *to, size_t room, struct str name)
{
    struct str cut = { name.p, name.n < room ? name.n : room };
    for (size_t i = 0; i < cut.n; i++) {
        char c = cut.p[i];
        to[i] = c > ' ' && c < 0x7f && c != ',' && c != '"' && c != '\\' ? c : '?';
    }
    return (struct str){ to, cut.n };
}

void
xd_lose_name(struct xd *x, struct str name)
{
    struct xd_losses *l = &x->lost;
    char bytes[NAME_MAX_BYTES];
    struct str plain = clean(bytes, sizeof bytes, name);
    for (unsigned i = 0; i < l->n; i++)
        if (str_eq(l->v[i], plain))
            return;
    struct str kept = l->n < XD_LOSSES_MAX ? arena_str(x->keep, plain) : (struct str){ NULL, 0 };
    struct str *to = kept.p ? arena_push(x->keep, (void **)&l->v, &l->n, &l->cap, sizeof *l->v)
                            : NULL;
    if (to)
        *to = kept;
    else
        l->more++;
}

void
xd_lose(struct xd *x, const char *name)
{
    xd_lose_name(x, str_from(name));
}

void
xd_lose_path(struct xd *x, uint32_t at)
{
    char path[FAULT_PATH];
    json_path(&x->doc, at, path, sizeof path);
    size_t n = 0;
    for (const char *p = path; *p; p++) {
        if (*p == '[' && p[1] >= '0' && p[1] <= '9')
            p += strcspn(p, "]");
        else
            path[n++] = *p;
        if (!*p)
            break;
    }
    xd_lose_name(x, n ? str_make(path, n) : STR("body"));
}

struct name {
    size_t n;
    char p[NAME_MAX_BYTES];
};

static void
add(struct name *name, struct str s)
{
    size_t n = s.n < sizeof name->p - name->n ? s.n : sizeof name->p - name->n;
    memcpy(name->p + name->n, s.p, n);
    name->n += n;
}

static void
add_step(struct name *name, const char *step)
{
    if (!*step)
        return;
    add(name, str_from(step));
    add(name, STR("."));
}

/* "reply", "embed_request": the document itself, which goes without saying. */
static bool
is_whole(struct str object)
{
    return str_ends(object, STR("request")) || str_ends(object, STR("reply"));
}

/* In a stream this is done for every unknown member of every event, so without printf. */
void
xd_lose_member(struct xd *x, const struct xd_shape *shape, const char *container, struct str key)
{
    struct name name = { .n = 0 };
    if (!is_whole(str_from(shape->object)))
        add_step(&name, shape->object);
    add_step(&name, container);
    add(&name, key);
    xd_lose_name(x, str_make(name.p, name.n));
}

void
xd_lose_block(struct xd *x, enum ir_block_kind kind)
{
    static const char *const names[IR_BLOCK_COUNT] = {
        [IR_BLOCK_UNSET] = NULL,
        [IR_BLOCK_TEXT] = "blocks.text",
        [IR_BLOCK_REFUSAL] = "blocks.refusal",
        [IR_BLOCK_THINKING] = "blocks.thinking",
        [IR_BLOCK_SEALED] = "blocks.sealed",
        [IR_BLOCK_IMAGE] = "blocks.image",
        [IR_BLOCK_AUDIO] = "blocks.audio",
        [IR_BLOCK_DOCUMENT] = "blocks.document",
        [IR_BLOCK_CALL] = "blocks.call",
        [IR_BLOCK_RESULT] = "blocks.result",
        [IR_BLOCK_FOREIGN] = "blocks.foreign",
    };
    if (names[kind])
        xd_lose(x, names[kind]);
}

void
xd_lose_blocks(struct xd *x, const struct ir_blocks *l, uint32_t mask)
{
    for (unsigned i = 0; i < l->n; i++)
        if (!((mask >> l->v[i].kind) & 1))
            xd_lose_block(x, l->v[i].kind);
}
