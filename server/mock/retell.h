/* The sentence by which the emulator shows what reached it. */
#ifndef LLMUX_MOCK_RETELL_H
#define LLMUX_MOCK_RETELL_H

#include "server/mock/prompt.h"

/* Append to *to, which was made by arena_append or is absent:
 *
 *   You said: Hello.
 *   Image: image/png, 68 bytes, sha256 0123456789abcdef.
 *   Document "report": application/pdf, 1200 bytes, sha256 0123456789abcdef.
 *   Result of call_1: 21 degrees.
 *   Instructions: Be brief.
 *
 * in one line, with what there is of it in the user's last turn. */
void mock_retell(const struct ir_request *m, const struct mock_prompt *p, struct arena *a,
                 struct str *to);

#endif
