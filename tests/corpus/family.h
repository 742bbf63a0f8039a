/* What the oracles know of each family of dialects, a line for each.  A new dialect comes here with
 * a reader of replies, a reader of requests and the order of its streams. */
#ifndef LLMUX_TESTS_CORPUS_FAMILY_H
#define LLMUX_TESTS_CORPUS_FAMILY_H

#include "tests/corpus/asked.h"
#include "tests/corpus/frames.h"
#include "tests/corpus/plain.h"
#include "tests/corpus/rules.h"

/* What has no place in a family; what a reply says of it may be missing. */
enum family_lack {
    LACKS_THINKING = 1,
    LACKS_CALLS = 2,
    LACKS_CACHE_COUNTS = 4,
    LACKS_THINKING_COUNT = 8,
    LACKS_REFUSALS = 16, /* as a reason to stop */
    LACKS_CALL_IDS = 32,
    LACKS_DOCUMENTS = 64,
    LACKS_IMAGES = 128,
    LACKS_TOOLS = 256, /* in requests: neither functions nor calls nor results */
    LACKS_CACHE_WRITES = 512,
    LACKS_REFUSAL_TEXT = 1024,
};

struct family {
    const char *name;
    enum frames_form frames;
    const char *until; /* the data that ends a stream, NULL: none does */
    unsigned lacks;
    plain_frame_fn *plain; /* a frame of a stream, or a whole reply */
    rules_frame_fn *rules;
    asked_body_fn *asked;
};

/* Ends with one without a name. */
extern const struct family families[];
/* Is there an oracle for this family?  What has none is judged only where none is needed. */
bool family_has_oracle(const char *name);
/* Never NULL: an unknown name is a failure of the test program. */
const struct family *family_find(const char *name);

#endif
