/* Short texts in which nothing was found to hide, remembered by what they say: names of models and clients are much the
 * same from one request to the next.  Each thread remembers its own. */
#ifndef LLMUX_LOG_CLEAN_H
#define LLMUX_LOG_CLEAN_H

#include <stdbool.h>

#include "server/log/masker.h"

/* Was this text found to hold nothing that this masker knows, nor any pattern?  It then also is of printable ASCII
 * without quotes and backslashes. */
bool clean_knows(const struct masker *m, struct str text);
/* It was; remembered if it is short, and of such characters. */
void clean_remember(const struct masker *m, struct str text);

/* How many bytes at the start of s are printable ASCII without quotes and backslashes. */
size_t clean_run(struct str s);

#endif
