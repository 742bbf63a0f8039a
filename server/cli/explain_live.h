/* The explanation of a gateway that runs: it alone knows how deployments do just now. */
#ifndef LLMUX_CLI_EXPLAIN_LIVE_H
#define LLMUX_CLI_EXPLAIN_LIVE_H

#include "runtime/base/arena.h"
#include "server/cli/cli.h"
#include "server/http/head.h"

/* Ask the admin port at this address ("http://127.0.0.1:8081") about the request, with the key of the
 * environment (LLMUX_ADMIN_KEY), and print what it says: as it came, or as a table.  CLI_NO when nobody would be
 * asked, and, with a word to stderr, when it cannot be had. */
enum cli_exit explain_live(const char *command, const char *admin, const struct http_head *head,
                           struct str body, bool json, struct arena *a);

#endif
