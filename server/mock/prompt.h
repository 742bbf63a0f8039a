/* What the last turn of the user asks the emulator to do: lines of its text that are commands.
 *
 *   call:NAME {"json": 1}   call this tool; several lines are several calls in one reply
 *   say:TEXT                answer with this text and nothing else; further lines follow
 *   refuse:TEXT             refuse with this text
 *   think:TEXT              think this text, when thinking is on
 *   seal:TEXT               think it sealed, when thinking is on
 *   cite:URL TITLE          let the answer cite this page
 *
 * A command without its text has one of the emulator's own.  All other lines are small talk. */
#ifndef LLMUX_MOCK_PROMPT_H
#define LLMUX_MOCK_PROMPT_H

#include "generated/ir.h"

struct mock_call {
    struct str name, arguments;
};

struct mock_prompt {
    const struct ir_turn *turn; /* the last one, if it is the user's; else NULL */
    struct str talk;            /* what is no command, with line ends between; absent: nothing */
    struct str say, refuse, think, seal, cite; /* absent without the command */
    struct mock_call *calls;
    unsigned n_calls, room_calls;
    bool has_result; /* the turn brings results of calls */
};

/* Texts point into the request or lie in the arena. */
void mock_prompt_read(struct mock_prompt *p, const struct ir_request *m, struct arena *a);

#endif
