/* A reply spoken token by token: the same word of events that ir_reply_speak gives at once, cut
 * finer.  The tokens of several choices take turns. */
#ifndef LLMUX_MOCK_SPEECH_H
#define LLMUX_MOCK_SPEECH_H

#include <stddef.h>

#include "runtime/ir/reply.h"

enum mock_phase { MOCK_PHASE_OPEN, MOCK_PHASE_GROW, MOCK_PHASE_CLOSE, MOCK_PHASE_DONE };

struct mock_speaker {
    enum mock_phase phase;
    unsigned block;
    unsigned field; /* of the fields that grow */
    size_t offset;  /* in that field */
};

struct mock_speech {
    const struct ir_reply *reply; /* borrowed */
    unsigned token_bytes;
    bool begun, ended;
    unsigned next;     /* choice to speak next */
    unsigned talking;  /* choices that are not done */
    unsigned finished; /* choices whose finish was given */
    struct mock_speaker choice[IR_CHOICES_MAX];
    struct ir_reply head; /* what the last event points to ... */
    struct ir_block block;
};

/* reply must have one choice at least and outlive s. */
void mock_speech_init(struct mock_speech *s, const struct ir_reply *reply, unsigned token_bytes);

/* The next event; false behind the last.  What it points to is valid until the next call. */
bool mock_speech_next(struct mock_speech *s, struct ir_event *e);

#endif
