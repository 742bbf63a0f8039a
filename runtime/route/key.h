/* The key of a conversation: the same for all of its turns, as what it began with stays.
 *
 *   instructions, first turn | second turn | third turn ...
 *   └──────── key ──────────┘
 *
 * What is beyond the first bytes of a text does not count: it would not tell many conversations
 * apart, and hashing is to cost nothing. */
#ifndef LLMUX_ROUTE_KEY_H
#define LLMUX_ROUTE_KEY_H

#include <stdint.h>

#include "generated/ir.h"

/* Of a chat; never 0.  A cache_key of the client's counts instead of the instructions, as it says
 * what shares a cache. */
uint64_t route_key(const struct ir_request *m);

/* Of a text, for what has no conversation; never 0. */
uint64_t route_key_of(struct str text);

#endif
