/* How long a client is ready to wait, and how long a provider may take: the times of the config, cut
 * to what is left of the client's own in the header x-llmux-timeout. */
#ifndef LLMUX_GATEWAY_PATIENCE_H
#define LLMUX_GATEWAY_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "server/config/config.h"
#include "server/http/head.h"
#include "server/upstream/upstream.h"

#define PATIENCE_HEADER   STR("x-llmux-timeout")
#define PATIENCE_MOST_MS  ((uint64_t)24 * 3600 * 1000)
#define PATIENCE_NO_LIMIT UINT64_MAX

/* The header's time in milliseconds: `1500ms`, `30s`, `2m`, or a number of seconds.  PATIENCE_NO_LIMIT
 * when there is none; false when it is not a time from 1 ms to a day. */
bool patience_read(const struct http_head *h, uint64_t *ms);

/* The deadlines of a call: of the config, and none beyond what is left. */
struct upstream_deadlines patience_deadlines(const struct config_timeouts *c, uint64_t left_ms);

#endif
