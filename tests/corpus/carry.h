/* Bytes through the runtime as a gateway would carry them. */
#ifndef LLMUX_TESTS_CORPUS_CARRY_H
#define LLMUX_TESTS_CORPUS_CARRY_H

#include "runtime/ir/reply.h"
#include "runtime/xd/translate.h"

/* Read in one dialect, write in another, appending to out.  *lost: 1u << kind is added for the parts (images,
 * documents) that got lost. */
enum err carry_request(const struct xd_dialect *from, const struct xd_dialect *to, struct str body,
                       struct buf *out, unsigned *lost, struct fault *f);
enum err carry_reply(const struct xd_dialect *from, const struct xd_dialect *to, struct str body,
                     struct buf *out, struct fault *f);

/* A stream on its way from dialect to dialect.  Every event is checked against the model's grammar
 * and given to a collector. */
struct carry {
    struct xd_reader reader;
    struct xd_writer writer;
    bool writes;
    struct ir_grammar grammar;
    struct ir_collector collector;
    struct arena keep;
    enum err err;
};

/* to may be NULL: nothing is written.  out may then be NULL too. */
void carry_init(struct carry *c, const struct xd_dialect *from, const struct xd_dialect *to,
                struct buf *out);
void carry_feed(struct carry *c, struct str bytes);
/* The stream is over.  Returns the first error of all, ERR_REMOTE when the peer said that it
 * failed. */
enum err carry_end(struct carry *c);
void carry_fini(struct carry *c);
/* All of it in one piece. */
enum err carry_stream(const struct xd_dialect *from, const struct xd_dialect *to, struct str bytes,
                      struct buf *out, struct fault *f);

#endif
