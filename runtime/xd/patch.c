/* Writing a patch stream: what every chunk repeats, and what counts its calls. */
#include "runtime/xd/xd.h"

#define CHOICES (sizeof((struct xd_patch *)0)->calls / sizeof(unsigned))

void
xd_patch_begin(struct xd *x, const struct ir_reply *reply,
               void (*each)(struct xd *, const struct ir_reply *))
{
    struct xd_patch *p = x->patch;
    struct buf *out = x->out;

    p->head.id = arena_str(x->arena, reply->id);
    p->head.model = arena_str(x->arena, reply->model);
    p->head.tier = arena_str(x->arena, reply->tier);
    buf_clear(&p->each);
    x->out = &p->each;
    jw_init(&x->w, &p->each);
    jw_object(&x->w);
    each(x, &p->head);
    x->out = out;
    jw_init(&x->w, out);
}

bool
xd_patch_first(struct xd *x, unsigned choice)
{
    uint64_t bit = UINT64_C(1) << (choice & 63);

    if (x->patch->begun & bit)
        return false;
    x->patch->begun |= bit;
    return true;
}

void
xd_patch_open(struct xd *x)
{
    struct str each = str_skip(buf_str(&x->patch->each), 1); /* without the brace */

    xd_frame_open(x, (struct str){ NULL, 0 });
    jw_object(&x->w);
    if (each.n) {
        buf_puts(x->out, each);
        x->w.level[x->w.depth].some = 1;
    }
}

void
xd_patch_close(struct xd *x)
{
    jw_close(&x->w);
    xd_frame_close(x);
}

void
xd_patch_count(struct xd *x)
{
    x->patch->calls[x->patch->choice % CHOICES]++;
}

unsigned
xd_patch_key(const struct xd *x)
{
    unsigned n = x->patch->calls[x->patch->choice % CHOICES];

    return n ? n - 1 : 0;
}
