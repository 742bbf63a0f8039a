/* Seals: signatures and sealed data, which only their maker reads.
 *
 * A client of another family gets them back to us in the places that its dialect has for thinking, marked with who made
 * them.  What belongs to somebody else never reaches a provider.
 *
 *   maker's reply ─► thinking.signature, sealed.data    with the mark in front
 *                    text.signature, call.signature     in a thinking block of their own, behind the text, before the call
 *   request       ─► the mark is the target's: back in their place without it;  else they are left out
 *
 * A client of the same family gets them where they were, with the mark in front, if there are several accounts that it
 * could take them to (x->seal_in_place); else as they came.
 *
 *   MARK t0:DATA    of the thinking itself, or sealed data; of whatever it stands at
 *   MARK x1:DATA    of the second text of the turn
 *   MARK c0:DATA    of the first call of the turn */
#ifndef LLMUX_XD_SEAL_H
#define LLMUX_XD_SEAL_H

#include "runtime/xd/xd.h"

/* The mark of what an account makes in a family of dialects: "llmux:FAMILY:ACCOUNT:". */
struct str xd_seal_mark(struct arena *a, const char *family, struct str account);

enum seal_place { SEAL_THINKING = 't', SEAL_TEXT = 'x', SEAL_CALL = 'c' };

/* Does it begin with anybody's mark? */
bool seal_is_marked(struct str s);
/* That mark, as xd_seal_mark makes them; absent when there is none. */
struct str seal_mark(struct str s);
/* data with x->seal in front; ordinal: of the text or call in its turn. */
struct str seal_put(struct xd *x, enum seal_place place, unsigned ordinal, struct str data);
/* The same with x->seal_in_place: data is noted in x->sealed. */
struct str seal_stamp(struct xd *x, struct str data);
/* All of them in a reply as a whole, if x->seal is there. */
void seal_reply(struct xd *x, struct ir_reply *m);
/* Before a request is written, if x->seal is there: what is the target's is put in its place, the rest goes, by name.
 * From a client of the target's language, the marks that are taken off are noted in x->sealed. */
void prepare_seals(struct xd *x, struct ir_request *m);

#endif
