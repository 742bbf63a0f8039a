/* Listening sockets. */
#ifndef LLMUX_HTTP_LISTENER_H
#define LLMUX_HTTP_LISTENER_H

#include <stddef.h>

#include "runtime/base/err.h"
#include "runtime/base/str.h"
#include "server/http/server.h"

#define HTTP_ADDRESS_TEXT 64

enum http_listen_mode {
    HTTP_LISTEN_ALONE,  /* fail when anybody is listening there already: for the first worker */
    HTTP_LISTEN_SHARED, /* beside others of this user: for the other workers, and for take-over */
};

/* Open a listening socket on "127.0.0.1:8080", "[::1]:8080", "localhost:80" or ":8080" (all
 * addresses, IPv4 and IPv6).  Port 0 lets the kernel choose.  May ask the resolver for a name, so
 * call it before the loops run.  Writes the real address to `real` (HTTP_ADDRESS_TEXT bytes, may be
 * NULL), which the other workers open in shared mode.  Returns the descriptor, non-blocking, or -1
 * with the reason in f. */
int http_listen(struct str address, enum http_listen_mode mode, char *real, struct fault *f);

/* Where fd listens, as `real` above. */
void http_listen_address(int fd, char real[HTTP_ADDRESS_TEXT]);

/* Accept connections from fd for s.  fd is owned from now on, and the listener belongs to s: it is
 * closed by http_server_drain and http_server_destroy.  tls is NULL for plain text, else borrowed.
 * At the cap of connections the one that is idle longest makes room; if none is, accepting waits.
 * Returns ERR_OK, or ERR_MEMORY: then fd is closed. */
MUST_CHECK enum err http_listener_create(struct http_server *s, int fd, struct http_tls *tls);

#endif
