/* The head of a reply, collected line by line: as curl hands it over, or from the bytes of a
 * connection. */
#ifndef LLMUX_UPSTREAM_REPLY_HEAD_H
#define LLMUX_UPSTREAM_REPLY_HEAD_H

#include <stdbool.h>

#include "runtime/base/buf.h"
#include "runtime/base/str.h"
#include "server/upstream/upstream.h"

struct reply_head {
    struct buf text; /* lines as received */
    /* borrowed, or NULL; reallocated at need: whoever lent it has it back from here */
    struct upstream_header *v;
    unsigned room;
    bool complete;
    struct upstream_head view; /* for the owner of the call; valid when complete */
};

void reply_head_init(struct reply_head *h);
/* Leaves v to its owner. */
void reply_head_fini(struct reply_head *h);
/* Forget v, and with it the headers of the view; its status stays. */
void reply_head_part(struct reply_head *h);
/* Forget everything, give back memory that an unusually large head took. */
void reply_head_clear(struct reply_head *h);
/* Take one line with its line end.  Lines behind the end (trailers) are ignored.  ERR_LIMIT above
 * UPSTREAM_HEAD_MAX bytes. */
enum err reply_head_line(struct reply_head *h, struct str line);
/* Take the lines at the front of *in, to the empty one.  Then its status, 100 to 599; 0 when more is
 * needed; -1 for what is not HTTP/1.0 or 1.1, or when text.err is set.  The same for every way of
 * splitting the input. */
int reply_head_feed(struct reply_head *h, struct str *in);
/* The empty line came: was it the end of the head?  False for an interim head (status 1xx), which
 * is forgotten, and when memory is short (h->text.err is set then). */
bool reply_head_end(struct reply_head *h, int status);

#endif
