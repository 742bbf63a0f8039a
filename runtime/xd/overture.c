/* Begun, failed, or neither. */
#include "runtime/xd/overture.h"

#include "runtime/ir/reply.h"

#define ARENA_MAX ((size_t)1 << 20)

struct listener {
    enum overture found;
    struct arena *arena; /* for the error */
    struct ir_error *error;
};

static void
on_event(void *ctx, const struct ir_event *e)
{
    struct listener *l = ctx;
    if (e->kind == IR_EVENT_BEGIN && l->found == OVERTURE_OPEN)
        l->found = OVERTURE_BEGUN;
    if (e->kind != IR_EVENT_FAIL)
        return;
    l->found = OVERTURE_FAILED;
    *l->error = ir_error_copy(l->arena, e->error);
}

enum overture
overture_of(const struct xd_dialect *d, enum xd_op_kind op, struct str bytes, bool ended,
            struct arena *a, struct ir_error *e)
{
    struct listener l = { OVERTURE_OPEN, a, e };
    struct xd_reader r;
    struct arena own;
    arena_init(&own, ARENA_MAX);
    xd_reader_init(&r, d, op, &own, on_event, &l);
    (void)!xd_reader_feed(&r, bytes.p, bytes.n); /* a fault comes as an event */
    if (ended && !r.over)
        (void)!xd_reader_end(&r);
    xd_reader_fini(&r);
    arena_fini(&own);
    return l.found;
}
