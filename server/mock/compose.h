/* The emulator's answer to a request, as a reply of the model.
 *
 * The same request gives the same reply, but for nothing:
 *   - a sentence that repeats what the user said, the instructions, the results of calls, and for
 *     images and files their kind, size and the start of their SHA-256;
 *   - calls, a refusal, a given text: as the user's commands say (prompt.h);
 *   - calls that the tool choice demands, with arguments that fit their schema;
 *   - a JSON text that fits the format, when one is demanded;
 *   - in front of it thinking with a signature, when reasoning is on;
 *   - cut at the first of the stop sequences and at the limit of output tokens;
 *   - as many choices as were asked for, "(choice 2)" at the end of the second one's text. */
#ifndef LLMUX_MOCK_COMPOSE_H
#define LLMUX_MOCK_COMPOSE_H

#include "server/mock/options.h"
#include "generated/ir.h"

/* Texts of *r point into the request or lie in the arena.  model is the name without its words.
 * False when the arena is full. */
bool
mock_compose(const struct mock_options *o, const struct mock_manner *manner,
             const struct ir_request *m, struct str model, struct arena *a, struct ir_reply *r);

#endif
