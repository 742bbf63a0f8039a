/* Parts of a conversation beside its texts: images, audio, documents.  Which of them a target can take is known to its
 * writer alone: it is asked to write one. */
#ifndef LLMUX_XD_PART_H
#define LLMUX_XD_PART_H

#include "runtime/xd/xd.h"

/* Where an image, audio or document comes from; NULL for all other blocks. */
struct ir_source *xd_part_source(struct ir_block *b);
/* Is one among them? */
bool xd_has_parts(const struct ir_blocks *l);

/* Can x's dialect say this part in a turn of this role?  When not, *lost is the name of the loss, in x->arena.  Bytes
 * are not looked at. */
bool xd_takes_part(struct xd *x, enum ir_role role, const struct ir_block *part, struct str *lost);

#endif
