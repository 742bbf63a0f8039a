/* The name of a request, in x-request-id and in the log: the client's own when it is sane, else a
 * new one.
 *
 *   019c1f4e-8a3b-7003-9d52-6b1f0a7c44e1     UUID version 7 (RFC 9562 5.7)
 *   milliseconds   ^^^  ^^^^^^^^^^^^^^^^^    since 1970; a count; random
 *
 * Ids of one worker sort in the order of their making. */
#ifndef LLMUX_GATEWAY_REQUEST_ID_H
#define LLMUX_GATEWAY_REQUEST_ID_H

#include "runtime/base/str.h"
#include "runtime/base/dice.h"

#define REQUEST_ID_MAX  128
#define REQUEST_ID_MADE 36

/* One worker's series of ids; all zeros at first. */
struct request_ids {
    uint64_t ms;    /* of the newest id */
    unsigned count; /* ids made in that millisecond before it */
};

/* May a client's id be used?  1 to REQUEST_ID_MAX letters, digits and -._~:/+=@|# of ASCII: what ids
 * are made of, and nothing that means something to shells, markup, queries or terminals; and no key. */
bool request_id_is_sane(struct str id);

/* Write a new id of REQUEST_ID_MADE bytes to `to`.  A clock that goes back does not change the
 * order. */
void request_id_make(struct request_ids *ids, uint64_t wall_ms, struct dice *dice, char *to);

#endif
