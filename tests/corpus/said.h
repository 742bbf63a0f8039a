/* What a request or a reply says, in a form in which two of them can be compared, whatever dialects they
 * came in: texts, calls, results, tools; the thoughts, the reason to stop and the bill. */
#ifndef LLMUX_TESTS_CORPUS_SAID_H
#define LLMUX_TESTS_CORPUS_SAID_H

#include "runtime/ir/reply.h"
#include "runtime/xd/xd.h"

struct said_call {
    struct str name, arguments; /* JSON without blanks between its tokens */
};

struct said {
    struct arena *arena; /* borrowed: all of it lives there */
    struct str text;     /* all texts and refusals, one behind the other */
    struct str *pieces;  /* each of them */
    unsigned npieces, pieces_cap;
    struct str results; /* ... of results */
    struct str thinking;
    struct str tools; /* names, each with a line end */
    struct said_call *calls;
    unsigned ncalls, cap;
    unsigned images;
    const char *stop; /* "end", "length", "call", "refusal"; NULL: of a request */
    bool failed;      /* an error instead, or in the end */
    bool counted;
    int64_t prompt, completion; /* tokens; a prompt includes what was cached */
    struct ir_int max_output;
    struct str temperature;
};

void said_request(struct said *s, const struct ir_request *m, struct arena *a);
/* Of the first choice. */
void said_reply(struct said *s, const struct ir_reply *m, struct arena *a);

/* What of `was` is missing in `is` though none of the losses names it, as text in the arena; NULL when
 * nothing is. */
const char *
said_difference(const struct said *was, const struct said *is, const struct xd_losses *lost);

#endif
