/* The header lines of a request in the form curl takes: a curl_slist, made in one piece of memory.
 * */
#ifndef LLMUX_UPSTREAM_REQUEST_H
#define LLMUX_UPSTREAM_REQUEST_H

#include <curl/curl.h>

#include "runtime/base/err.h"
#include "server/upstream/upstream.h"

struct request_lines {
    struct curl_slist *first; /* points into block */
    char *block;              /* owned: nodes, then texts */
    size_t room;
};

/* Make the lines for req: its headers, and what keeps curl from adding headers of its own (Expect,
 * Accept, Content-Type).  ERR_SYNTAX for a header that cannot be sent or is not the caller's to
 * send (Host, Content-Length, Transfer-Encoding, Connection, Expect); a message never shows a
 * value. */
enum err
request_lines_make(struct request_lines *l, const struct upstream_request *req, struct fault *f);
void request_lines_fini(struct request_lines *l);

#endif
