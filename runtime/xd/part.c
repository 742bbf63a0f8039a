/* What a dialect's writer says about a part that stands in a turn of its own. */
#include "runtime/xd/part.h"

#include "runtime/xd/translate.h"

#define PROBE_BYTES 65536u /* of a request with a part without its bytes, in any dialect */

struct ir_source *
xd_part_source(struct ir_block *b)
{
    switch (b->kind) {
    case IR_BLOCK_IMAGE:
        return &b->image.source;
    case IR_BLOCK_AUDIO:
        return &b->audio.source;
    case IR_BLOCK_DOCUMENT:
        return &b->document.source;
    case IR_BLOCK_UNSET:
    case IR_BLOCK_TEXT:
    case IR_BLOCK_REFUSAL:
    case IR_BLOCK_THINKING:
    case IR_BLOCK_SEALED:
    case IR_BLOCK_CALL:
    case IR_BLOCK_RESULT:
    case IR_BLOCK_FOREIGN:
        break;
    }
    return NULL;
}

bool
xd_has_parts(const struct ir_blocks *l)
{
    for (unsigned i = 0; i < l->n; i++)
        if (xd_part_source(&l->v[i]))
            return true;
    return false;
}

/* The loss of a part, or of what it is made of. */
static bool
is_of_part(struct str name)
{
    static const char *const sources[] = { "image.source.", "audio.source.", "document.source." };
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (str_starts(name, str_from(sources[i])))
            return true;
    return str_starts(name, STR("blocks."));
}

bool
xd_takes_part(struct xd *x, enum ir_role role, const struct ir_block *part, struct str *lost)
{
    struct ir_block b = *part;
    struct ir_turn turn = { .set = true, .role = role, .blocks = { &b, 1, 1 } };
    const struct ir_request m = { .set = true, .model = STR("m"), .turns = { &turn, 1, 1 } };
    struct ir_source *s = xd_part_source(&b);
    struct xd probe;
    struct buf out;
    bool fine = true;
    if (s && s->kind == IR_SOURCE_BYTES)
        s->bytes.data = STR("AAAA");
    if (s && s->kind == IR_SOURCE_PLAIN)
        s->plain.text = STR("a");
    b.rest = (struct ir_rest){ 0 };
    buf_init(&out, PROBE_BYTES);
    xd_init(&probe, x->dialect, x->op->kind, x->arena, &out);
    (void)!xd_request_write(&probe, &m);
    for (unsigned i = 0; i < probe.lost.n && fine; i++) {
        fine = !is_of_part(probe.lost.v[i]);
        *lost = probe.lost.v[i];
    }
    xd_fini(&probe);
    buf_fini(&out);
    return fine;
}
