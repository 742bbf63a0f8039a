/* Marks on seals (runtime/xd/seal.h) in what is copied to clients.  Where one account of a family is in the config, a
 * client of that family cannot take a seal to another, and replies stay as they are.  Where there are several, each
 * seal gets its account's mark, where it stands in the provider's bytes. */
#ifndef LLMUX_GATEWAY_SEALING_H
#define LLMUX_GATEWAY_SEALING_H

#include "server/gateway/deployment.h"

/* Before x reads a reply to that call; kindred: the client speaks the provider's language. */
void sealing_begin(struct xd *x, const struct deployment_call *call, bool kindred);

/* Shall ids of calls carry seals to clients of this dialect, in replies of a provider of another family? */
bool
sealing_goes_in_ids(const struct deployment *d, const struct xd_dialect *front, struct str model);

/* Append bytes with the mark in front of each of the seals, wherever it is a string of JSON.  How many there were; 0,
 * with nothing appended, when there was none. */
unsigned
sealing_mark(const struct xd_seals *seals, struct str mark, struct str bytes, struct buf *out);

#endif
