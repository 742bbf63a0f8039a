/* One text, searched for the operator's own patterns.
 *
 * Each pattern keeps its next match until that has been passed, and looks for no other before.  The text is shown to it a
 * stretch at a time, a longer one where what it has begun to match goes on: so a stretch takes little time, and between
 * two of them somebody may say that it was enough. */
#ifndef LLMUX_REDACT_CUSTOM_SEARCH_H
#define LLMUX_REDACT_CUSTOM_SEARCH_H

#include "runtime/redact/custom.h"

/* How long searches may take: until now() says so; NULL: as long as they do. */
struct redact_time {
    uint64_t (*now)(void);
    uint64_t until;
    size_t *
        unasked; /* work since now() was asked, of several texts; NULL: it is asked before each stretch */
};

struct redact_custom_search {
    const struct redact_custom *custom; /* borrowed, as is the text */
    struct str text;
    struct redact_time time;
    struct redact_custom_place *places; /* owned: of each pattern */
    void *data, *limits, *stack;        /* of PCRE2; owned */
    size_t calls;                       /* of the matcher, so far */
    /* What is there may not have been found: ERR_LIMIT, a pattern takes too many steps, too much memory or time;
     * ERR_MEMORY. */
    enum err err;
};

/* c NULL: there are no patterns, and nothing is ever found. */
void redact_custom_begin(struct redact_custom_search *s, const struct redact_custom *c,
                         struct str text, struct redact_time time);
void redact_custom_end(struct redact_custom_search *s);
/* The leftmost match at or behind `from`, which never goes back; the longest of those that begin there.  m->custom says
 * whose.  False: there is none, or s->err. */
bool redact_custom_next(struct redact_custom_search *s, size_t from, struct redact_match *m);
/* Pass all matches that begin before `end`; returns how far they reach, at least `end`.  After redact_custom_next. */
size_t redact_custom_pass(struct redact_custom_search *s, size_t end);

#endif
