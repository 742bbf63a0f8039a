/* Which llmux this is. */
#ifndef LLMUX_VERSION_H
#define LLMUX_VERSION_H

#define LLMUX_VERSION "0.1.0"

#endif
