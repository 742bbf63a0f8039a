/* The first bytes of a stream: has a reply begun, or did it fail before it began?
 *
 *   blanks, comments, beats ─► open │ the begin of a message ─► begun │ an error ─► failed
 *
 * For who must not commit to a stream that has yet to say something. */
#ifndef LLMUX_XD_OVERTURE_H
#define LLMUX_XD_OVERTURE_H

#include "runtime/xd/translate.h"

enum overture {
    OVERTURE_OPEN, /* nothing that tells */
    OVERTURE_BEGUN,
    OVERTURE_FAILED, /* with an error, be it behind a begin: they came together */
};

/* What these first bytes of a stream of the dialect's show; ended: no more will come.  Where it has failed, *e says how,
 * in the arena. */
enum overture overture_of(const struct xd_dialect *d, enum xd_op_kind op, struct str bytes,
                          bool ended, struct arena *a, struct ir_error *e);

#endif
