/* Golden files: NAME.spec beside NAME.expected.
 *
 * BLESS=1 in the environment rewrites the expected files instead of comparing; look at the
 * difference in git before committing it. */
#ifndef LLMUX_TESTS_GOLDEN_H
#define LLMUX_TESTS_GOLDEN_H

#include "runtime/base/buf.h"
#include "runtime/base/str.h"

/* Turn the content of an input into the output to be compared.  name is the file's name without
 * directory. */
typedef void golden_fn(struct str name, struct str text, struct buf *out);

/* Run produce on every .spec file of DIR in alphabetical order (a path from the top of the
 * repository) and compare. Prints what differs.  Returns the number of files that differ or cannot
 * be read; *count (may be NULL) is how many there were. */
unsigned golden_check(const char *dir, golden_fn *produce, unsigned *count);

#endif
