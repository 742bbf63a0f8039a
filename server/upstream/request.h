/* A request as it goes out: its head as bytes, or its header lines in the form curl takes. */
#ifndef LLMUX_UPSTREAM_REQUEST_H
#define LLMUX_UPSTREAM_REQUEST_H

#include <curl/curl.h>

#include "runtime/base/buf.h"
#include "runtime/base/err.h"
#include "server/upstream/parsed_url.h"
#include "server/upstream/upstream.h"

struct request_lines {
    struct curl_slist *first; /* points into block */
    char *block;              /* owned: nodes, then texts */
    size_t room;
};

/* ERR_SYNTAX for a header that cannot be sent or is not the caller's to send (Host, Content-Length,
 * Transfer-Encoding, Connection, Expect); a message never shows a value. */
enum err request_check(const struct upstream_request *req, struct fault *f);
/* Write the head of a checked request.  True when its body stands behind it: under TLS a small one
 * goes into the same record.  out->err says when memory was short. */
bool request_head_make(struct buf *out, const struct upstream_request *req,
                       const struct parsed_url *url);
/* Make curl's lines for a checked request, a curl_slist in one piece of memory: its headers, and
 * what keeps curl from adding headers of its own (Expect, Accept, Content-Type).  False when memory
 * is short. */
bool request_lines_make(struct request_lines *l, const struct upstream_request *req);
void request_lines_fini(struct request_lines *l);

#endif
