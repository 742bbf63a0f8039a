/* The leaves of JSON documents: each value that is no object and no array, with the path to it. */
#ifndef LLMUX_TESTS_CORPUS_LEAVES_H
#define LLMUX_TESTS_CORPUS_LEAVES_H

#include "runtime/base/arena.h"
#include "runtime/json/doc.h"

struct leaf {
    struct str path;  /* "choices.finishReason": without places in lists, in camelCase */
    struct str value; /* a string's text, else the JSON */
    bool string;
};
struct leaves {
    struct leaf *v;
    unsigned n, cap;
};

/* Add the leaves of a document; null, "", [] and {} say nothing.  All of it lives in the arena. */
void leaves_add(struct leaves *l, const struct json_doc *doc, struct arena *a);
/* Before leaves_have. */
void leaves_sort(struct leaves *l);
/* Is there such a leaf? */
bool leaves_have(const struct leaves *l, const struct leaf *leaf);
/* Does any of them say the same text? */
bool leaves_say(const struct leaves *l, const struct leaf *leaf);

#endif
