/* The line that the log has for each request. */
#ifndef LLMUX_GATEWAY_REQUEST_LOG_H
#define LLMUX_GATEWAY_REQUEST_LOG_H

#include "runtime/base/str.h"
#include "server/http/conn.h"

struct exchange;
struct log;

/* The exchange is over for the client: with its whole answer, a broken-off one, or none. */
void request_log_write(const struct exchange *x);

/* A request that was no exchange: a list, a wrong path, bytes that are no request. */
struct request_log_plain {
    const struct http_exchange *http;
    struct str request_id;
    int status;
    size_t bytes_out;
    const char *message; /* of an error; NULL: none */
    bool is_probe;       /* worth no line in a usual log */
};
void request_log_write_plain(struct log *log, const struct request_log_plain *r);

#endif
