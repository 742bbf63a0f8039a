/* Ids for calls of peers that give none.  Private to runtime/xd. */
#ifndef LLMUX_XD_CALL_ID_H
#define LLMUX_XD_CALL_ID_H

#include "runtime/xd/xd.h"

#define XD_MADE_ID_DIGITS 24u /* of base 62 */
#define XD_CALL_ID_BYTES  29u /* "call_" and the digits */

/* The id of the ordinal-th call of a choice: the same for the same reply at the same second,
 * else unique. */
void xd_call_id(char to[XD_CALL_ID_BYTES], struct str reply, int64_t now, unsigned choice,
                unsigned ordinal);

#endif
