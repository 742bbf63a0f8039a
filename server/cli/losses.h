/* What a translation could not carry, told to people and programs. */
#ifndef LLMUX_CLI_LOSSES_H
#define LLMUX_CLI_LOSSES_H

#include "runtime/xd/xd.h"

/* Print to stderr one line of JSON for each name that the reader or the writer lost:
 * {"dropped":"seed","path":"sampling.seed","from":"...","to":"..."}.  `dropped` is the name in the
 * dialect that was read where it has one, `path` the model's. */
void losses_print(const struct xd *in, const struct xd *out);

#endif
