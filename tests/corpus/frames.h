/* A stream cut into its frames in the simplest way, for the oracles. */
#ifndef LLMUX_TESTS_CORPUS_FRAMES_H
#define LLMUX_TESTS_CORPUS_FRAMES_H

#include <stdbool.h>

#include "runtime/base/str.h"

enum frames_form { FRAMES_SSE, FRAMES_LINES };

/* name: of the event, absent when it has none.  Both live until the function returns. */
typedef void frames_fn(void *ctx, struct str name, struct str data);
/* Call fn for each frame that has data; false when the bytes are no such stream. */
bool frames_each(enum frames_form form, struct str bytes, frames_fn *fn, void *ctx);

#endif
