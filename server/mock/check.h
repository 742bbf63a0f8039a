/* Is this a request that a provider would take?  What a dialect's reader lets pass can still be
 * nonsense: a result of a call that nobody made, a signature that nobody gave. */
#ifndef LLMUX_MOCK_CHECK_H
#define LLMUX_MOCK_CHECK_H

#include "server/mock/route.h"

/* Refused: no turns, and turns of the user in which nothing is said; limits below one; a thinking
 * budget below 1024 or not below max_output; a format without its type; a choice of an unknown
 * tool; bytes that are not base64; results without their call and calls without their result;
 * thinking that does not carry the signature the emulator gave it; members that name what the
 * provider kept, when its clients know how to do without; and what the dialect's policies say this
 * model refuses (system turns, empty texts, white space at the end of a final assistant turn, ids
 * of calls with odd characters).  model is the name without its words.  Then false, with the error
 * in *e, whose texts lie in the arena. */
bool mock_check(const struct mock_route *r, const struct ir_request *m, struct str model,
                struct arena *a, struct ir_error *e);

#endif
