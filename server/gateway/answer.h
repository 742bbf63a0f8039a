/* The gateway's words to the client: heads with the x-llmux headers, documents, streams, errors.
 *
 * A stream's head goes out with its first bytes, or with a comment when those are long in coming.
 * An error is a document with its own status before that, and an event after it. */
#ifndef LLMUX_GATEWAY_ANSWER_H
#define LLMUX_GATEWAY_ANSWER_H

#include "server/gateway/exchange.h"

/* A whole reply in JSON.  The client's part of the exchange is over. */
void answer_document(struct exchange *x, struct str body);

/* Bytes of a stream; the head before the first.  Pauses the provider when the client is slow. */
void answer_stream(struct exchange *x, struct str bytes);
/* The stream is complete.  The client's part is over. */
void answer_end(struct exchange *x);

/* Bytes of a reply that passes, with the type that the provider gave it; the head before the first.  Pauses the
 * provider when the client is slow.  It ends with answer_end, or answer_nothing when there were none. */
void answer_passage(struct exchange *x, struct str bytes);
void answer_nothing(struct exchange *x);

/* An error, in the form that is still possible; then the client's part is over. */
void answer_error(struct exchange *x, const struct ir_error *e);
/* Break the stream off; the client's part is over. */
void answer_break(struct exchange *x);

/* A comment for a client that waits for events. */
void answer_comment(struct exchange *x);

#endif
