/* The head of a reply, collected line by line as curl hands it over. */
#ifndef LLMUX_UPSTREAM_HEAD_H
#define LLMUX_UPSTREAM_HEAD_H

#include <stdbool.h>

#include "runtime/base/buf.h"
#include "runtime/base/str.h"
#include "server/upstream/upstream.h"

struct head {
    struct buf text;             /* lines as received */
    struct upstream_header *v;   /* owned */
    unsigned room;
    bool complete;
    struct upstream_head view;   /* for the owner of the call; valid when complete */
};

void head_init(struct head *h);
void head_fini(struct head *h);
/* Forget everything, give back memory that an unusually large head took. */
void head_clear(struct head *h);
/* Take one line with its line end.  Lines behind the end (trailers) are ignored.  ERR_LIMIT above
 * UPSTREAM_HEAD_MAX bytes. */
enum err head_line(struct head *h, struct str line);
/* The empty line came: was it the end of the head?  False for an interim head (status 1xx), which
 * is forgotten, and when memory is short (h->text.err is set then). */
bool head_end(struct head *h, int status);

#endif
