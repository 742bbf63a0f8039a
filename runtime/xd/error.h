/* What kind of error a peer means.  Private to runtime/xd. */
#ifndef LLMUX_XD_ERROR_H
#define LLMUX_XD_ERROR_H

#include "runtime/xd/xd.h"

enum xd_body { XD_BODY_OTHER, XD_BODY_JSON };

/* Fill what a dialect's own rows left open in *e: message, code, kind and status, from the
 * document in x->doc (when the body is JSON) and from the HTTP status (0: unknown). */
void xd_error_settle(struct xd *x, enum xd_body body, int status, struct ir_error *e);

/* Does the document in x->doc say that it is an error?  Some peers send "error": null or "" with
 * every reply. */
bool xd_error_is_in(const struct xd *x);
/* Is there anything in x->doc that people could read as the message of an error? */
bool xd_error_has_text(struct xd *x);

#endif
