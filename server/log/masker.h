/* Finding secrets in text: the ones we know, and what looks like one.
 *
 * A struct masker never changes once it is made, so many threads may use it. */
#ifndef LLMUX_LOG_MASKER_H
#define LLMUX_LOG_MASKER_H

#include <stddef.h>

#include "runtime/base/str.h"

struct masker;

/* A mask for these n values and those of `older` (which may be NULL); copies them.  Values shorter
 * than `shortest` (or two bytes) are left out.  NULL when memory is short. */
struct masker *
masker_create(const struct masker *older, const struct str *values, size_t n, size_t shortest);
void masker_destroy(struct masker *m);
/* Is this value masked already? */
bool masker_knows(const struct masker *m, struct str value);
/* Split *rest at the first secret: returns what stands before it and may be shown (all, if there is
 * none), sets *hit, and moves *rest behind the secret. */
struct str masker_next(const struct masker *m, struct str *rest, bool *hit);

#endif
