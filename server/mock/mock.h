/* A provider that is not there: an emulator of every compiled dialect over real sockets.
 *
 *   POST /v1/<path of an operation>          in the first dialect with that path
 *   POST /<name>/v1/<path of an operation>   in the dialect or provider of that name
 *   GET  /mock/stats                         what was seen so far, in JSON
 *   GET  /mock/last                          the newest request as it came, in JSON
 *
 * A request is read strictly by its dialect and answered with a generated reply, whole or
 * streamed, that the dialect's own writer writes; or with a recorded one, or with a fault.  What
 * it says and how it fails is set by the options, the request's text and the model's name:
 * compose.h and directive.h tell how. */
#ifndef LLMUX_MOCK_MOCK_H
#define LLMUX_MOCK_MOCK_H

#include "runtime/base/err.h"

struct mock;
struct mock_options;

/* Listen, and serve on threads of its own, which block all signals.  opts (options.h) is borrowed
 * and must outlive the mock; NULL: the defaults on 127.0.0.1 with a port of the kernel's choice.
 * Returns when connections are accepted, or NULL with the reason in f. */
struct mock *mock_start(const struct mock_options *opts, struct fault *f);

/* "http://127.0.0.1:41234/v1", with the real port, for a deployment's base_url.  Lives as long as
 * m.  A dialect or provider of which another has the same path is behind "/<name>" in front of
 * "/v1". */
const char *mock_base_url(const struct mock *m);

/* Break off what runs, end the threads, free m; m may be NULL. */
void mock_stop(struct mock *m);

/* `llmux mock -c FILE`: argv[0] is "mock".  Runs until SIGINT or SIGTERM; returns the exit
 * status. */
int cmd_mock(int argc, char **argv);

#endif
