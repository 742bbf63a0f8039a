/* The inside of a JSON string where it stands in the source. */
#ifndef LLMUX_JSON_QUOTED_H
#define LLMUX_JSON_QUOTED_H

#include <stdbool.h>

#include "runtime/base/str.h"

/* What was seen in it. */
enum quoted {
    QUOTED_ESCAPES = 1, /* a backslash */
    QUOTED_HALVES = 2,  /* an escape of a surrogate: of a pair, or a lone one */
    QUOTED_HIGH = 4,    /* a byte above 0x7f: whether it is UTF-8 is yet to be seen */
};

/* The length of the inside of the JSON string that begins at s, up to its closing quote; s.n when
 * there is none, or before it a control character or an escape that is none.  *has: enum quoted,
 * or'ed. */
size_t quoted_length(struct str s, unsigned *has);

/* The same as a processor without AVX2 does it. */
size_t quoted_length_anywhere(struct str s, unsigned *has);

#endif
