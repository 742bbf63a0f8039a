/* Names of members in two ways of writing: private to runtime/xd. */
#ifndef LLMUX_XD_MEMBER_H
#define LLMUX_XD_MEMBER_H

#include "runtime/base/str.h"

/* Is it this name in snake_case?  camel: "inlineData" for "inline_data". */
bool member_is_snake(struct str snake, struct str camel);

#endif
