/* A request in memory: read once, and tried as often as need be, until its reply is on its way.  A
 * stream may last for minutes after that, so tapes are no part of exchanges: a few go round. */
#ifndef LLMUX_GATEWAY_TAPE_H
#define LLMUX_GATEWAY_TAPE_H

#include "runtime/json/doc.h"
#include "runtime/xd/ask.h"
#include "server/gateway/fetched.h"
#include "server/gateway/front.h"
#include "server/gateway/passage.h"

#define TAPES_KEPT 64u

struct tape {
    struct tape *next; /* in the rack */
    struct arena arena;
    struct json_doc doc;    /* of the body */
    struct xd_ask ask;      /* points into the body and the arena */
    struct passage passage; /* of an operation that passes; ask has the model then */
    struct fetched fetched; /* what ask names by its address */
};

/* Read a request's body, and what its path says, for the operation of its front. */
MUST_CHECK enum err tape_read(struct tape *t, const struct front *front,
                              const struct http_head *head, struct str body, struct fault *f);

/* Tapes that wait for the next requests; all zeros at first. */
struct tape_rack {
    struct tape *first; /* owned */
    unsigned n;
};

/* A tape that takes at most cap bytes; NULL when memory is short. */
struct tape *tape_take(struct tape_rack *r, size_t cap);
/* Put it back, without what made it large; t may be NULL. */
void tape_put(struct tape_rack *r, struct tape *t);
void tape_rack_fini(struct tape_rack *r);

#endif
