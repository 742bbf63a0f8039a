/* Taking out of a sample what a dialect says it loses.  The laws then hold for the rest. */
#ifndef LLMUX_TESTS_LIB_FORGET_H
#define LLMUX_TESTS_LIB_FORGET_H

#include <stddef.h>

#include "runtime/xd/xd.h"

/* Settings of a request that are a text or a number as text. */
struct forget_setting {
    const char *name; /* as losses name it */
    size_t at;        /* of a struct str in struct ir_request */
    const char *sample;
};
extern const struct forget_setting forget_settings[]; /* ends with one without a name */
static inline struct str *
forget_setting(const struct forget_setting *s, struct ir_request *m)
{
    return (struct str *)(void *)((char *)m + s->at);
}

/* Forget all that is named; the first name of which nothing is known, absent when there is none. */
struct str forget_of_request(const struct xd_losses *lost, struct ir_request *m);
struct str forget_of_reply(const struct xd_losses *lost, struct ir_reply *m);
/* In dialects whose messages are a text and what goes with it. */
void forget_places(struct ir_request *m, struct arena *a);

#endif
