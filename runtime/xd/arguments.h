/* The arguments of a call on their way, as JSON text in fragments.  Private to runtime/xd.
 *
 * Peers say "no arguments" as "", as white space, as "null" or not at all, where others want
 * "{}"; and only a look at the brackets tells whether a call can have more to come. */
#ifndef LLMUX_XD_ARGUMENTS_H
#define LLMUX_XD_ARGUMENTS_H

#include <stdbool.h>

#include "runtime/base/arena.h"
#include "runtime/base/str.h"

struct xd_arguments {
    unsigned depth;       /* open brackets */
    bool string, escaped; /* inside of a string, behind a backslash */
    bool begun;           /* something other than white space was let through */
    bool complete;        /* the outermost bracket was closed */
    unsigned char nulls;  /* letters of "null" held back; 0 once begun */
};

/* Take the next fragment; returns what of it can be said now (empty when nothing).  `null` is
 * held back until it is known to be all there is.  a: for the rare text that must be put
 * together. */
struct str xd_arguments_take(struct xd_arguments *g, struct arena *a, struct str fragment);
/* Nothing more comes: what is still to be said, so that all of it is not nothing ("{}"). */
struct str xd_arguments_end(struct xd_arguments *g);
/* "", white space, null or {}: what stands for arguments yet to come in a block that opens. */
bool xd_arguments_blank(struct str s);

#endif
