/* What a request asks, read from its bytes in the simplest way: an oracle as plain.h is one for
 * replies. */
#ifndef LLMUX_TESTS_CORPUS_ASKED_H
#define LLMUX_TESTS_CORPUS_ASKED_H

#include "tests/corpus/plain.h"

#define ASKED_MAX 512

struct asked_result {
    struct str call, text;
};

struct asked {
    struct plain p;              /* its arena and document */
    struct str piece[ASKED_MAX]; /* texts of the instructions and of every turn, as they come */
    struct plain_call call[ASKED_MAX];
    struct asked_result result[ASKED_MAX];
    struct str tool[ASKED_MAX]; /* names of functions */
    unsigned npieces, ncalls, nresults, ntools;
    unsigned images, documents;
    bool unreadable;
};

/* family: one of family.h. */
void asked_read(struct asked *q, const char *family, struct str body, struct arena *a);
/* What of `was` is missing in `is`, as text in the arena; NULL when nothing is.  lacks: what `is`
 * has no place for (enum family_lack). */
const char *asked_difference(const struct asked *was, const struct asked *is, unsigned lacks);

/* The parts of the families; private.  The body is in q->p.doc. */
typedef void asked_body_fn(struct asked *q);
asked_body_fn asked_chat, asked_messages, asked_responses, asked_completions;

#endif
