/* Replies that were recorded, and the requests they answered.
 *
 *   folder/any/depth/NAME/meta.json        {"status":200,"uri":"https://.../v1/messages?beta=true",
 *                                           "response_headers":{"content-type":"..."}}
 *                         request.json
 *                         response.json    or a stream: response.sse, .ndjson, .eventstream;
 *                                          response.json too, where the path asks for a stream
 *
 * A request is answered with the recording whose request has the same path, model and texts in the
 * last turn; when there is none, with the next one for that path in the order of the folders'
 * names.  Streams answer streams of their framing only. */
#ifndef LLMUX_MOCK_REPLAY_H
#define LLMUX_MOCK_REPLAY_H

#include "runtime/base/err.h"
#include "server/http/conn.h"
#include "server/mock/delivery.h"
#include "server/mock/route.h"

struct mock_replay;

struct mock_recording {
    const struct xd_op *op;
    uint64_t key; /* of model and texts; 0: the request cannot be read */
    enum mock_form form;
    enum framing framing; /* of a stream */
    int status;
    struct http_header headers[MOCK_HEADERS_MAX];
    unsigned n_headers;
    struct str body;
};

#define MOCK_REPLAY_MAX ((size_t)1 << 30) /* bytes of all recordings */

/* Read a folder.  NULL with the reason in f: nothing could be read, or there was too much.  Folders
 * that hold no recording, or one of a path that no dialect has, are passed over. */
struct mock_replay *mock_replay_load(struct str folder, struct fault *f);
void mock_replay_destroy(struct mock_replay *r);

/* How many recordings there are. */
unsigned mock_replay_count(const struct mock_replay *r);

/* The recording for a request, NULL when there is none for its path; from any thread.  Lives as
 * long as r. */
const struct mock_recording *
mock_replay_find(struct mock_replay *r, const struct mock_route *route, const struct ir_request *m);

#endif
