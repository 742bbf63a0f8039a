/* Media by their address. */
#include "runtime/xd/media_url.h"

#include "runtime/xd/part.h"

static const struct xd_media *
find(const struct xd_media_list *l, struct str url)
{
    for (unsigned i = 0; i < l->n; i++)
        if (str_eq(l->v[i].url, url))
            return &l->v[i];
    return NULL;
}

bool
xd_media_is_wanted(struct xd *x, enum ir_role role, const struct ir_block *part)
{
    struct ir_block b = *part;
    struct str ignored;
    const struct str guess = b.kind == IR_BLOCK_IMAGE   ? STR("image/png")
                             : b.kind == IR_BLOCK_AUDIO ? STR("audio/wav")
                                                        : STR("application/pdf");
    struct ir_source *s = xd_part_source(&b);
    if (!s || s->kind != IR_SOURCE_URL || xd_takes_part(x, role, part, &ignored))
        return false;
    *s = (struct ir_source){ .kind = IR_SOURCE_BYTES };
    s->bytes.media = guess;
    s->bytes.data = STR("AAAA");
    return xd_takes_part(x, role, &b, &ignored);
}

static void
want(struct xd *x, enum ir_role role, const struct ir_blocks *l, struct xd_media_list *wanted)
{
    for (unsigned i = 0; i < l->n && wanted->n < XD_MEDIA_MAX; i++) {
        struct ir_block b = l->v[i];
        const struct ir_source *s = xd_part_source(&b);
        if (b.kind == IR_BLOCK_RESULT)
            want(x, role, &b.result.blocks, wanted);
        if (!xd_media_is_wanted(x, role, &b) || find(wanted, s->url.url))
            continue;
        wanted->v[wanted->n++] = (struct xd_media){ .kind = b.kind, .url = s->url.url };
    }
}

void
xd_media_wanted(struct xd *x, const struct ir_request *m, const struct xd_policy_choices *over,
                struct xd_media_list *wanted)
{
    wanted->n = 0;
    if (!str_is(xd_policy_value(x->dialect, over, m->model, IR_POLICY_MEDIA_URLS), "fetch")
        || !x->op->write_request)
        return;
    for (unsigned i = 0; i < m->turns.n; i++)
        want(x, m->turns.v[i].role, &m->turns.v[i].blocks, wanted);
}

/* --- in their place --------------------------------------------------------------------------- */

static bool
has_any(const struct ir_blocks *l, const struct xd_media_list *have)
{
    for (unsigned i = 0; i < l->n; i++) {
        struct ir_block b = l->v[i];
        const struct ir_source *s = xd_part_source(&b);
        if (s && s->kind == IR_SOURCE_URL && find(have, s->url.url))
            return true;
        if (b.kind == IR_BLOCK_RESULT && has_any(&b.result.blocks, have))
            return true;
    }
    return false;
}

static struct ir_blocks
put(struct arena *a, const struct ir_blocks *l, const struct xd_media_list *have)
{
    struct ir_blocks own = { arena_alloc(a, l->n * sizeof *own.v), l->n, l->n };
    for (unsigned i = 0; own.v && i < l->n; i++) {
        struct ir_block *b = &own.v[i];
        *b = l->v[i];
        struct ir_source *s = xd_part_source(b);
        const struct xd_media *m = s && s->kind == IR_SOURCE_URL ? find(have, s->url.url) : NULL;
        if (b->kind == IR_BLOCK_RESULT && has_any(&b->result.blocks, have))
            b->result.blocks = put(a, &b->result.blocks, have);
        if (!m || !m->data.p)
            continue;
        *s = (struct ir_source){ .kind = IR_SOURCE_BYTES };
        s->bytes.media = m->media;
        s->bytes.data = m->data;
    }
    return own.v ? own : *l;
}

bool
xd_media_put(struct arena *a, const struct ir_request *in, const struct xd_media_list *have,
             struct ir_request *out)
{
    *out = *in;
    if (have->n == 0)
        return true;
    struct ir_turn *own = arena_alloc(a, in->turns.n * sizeof *own);
    for (unsigned i = 0; own && i < in->turns.n; i++) {
        own[i] = in->turns.v[i];
        if (has_any(&own[i].blocks, have))
            own[i].blocks = put(a, &own[i].blocks, have);
    }
    if (own)
        out->turns = (struct ir_turns){ own, in->turns.n, in->turns.n };
    return !a->full;
}
