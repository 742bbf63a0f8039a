/* What is compiled in and loaded, for reading a configuration: the types of providers and their policies. */
#ifndef LLMUX_CLI_WORLD_H
#define LLMUX_CLI_WORLD_H

#include "server/config/config.h"
#include "server/plugins/plugins.h"

/* The world of a real process: the registry, the plugins, the environment, the file system.  Texts of messages
 * are made in the arena; what the config names as plugins is loaded into the set. */
struct config_world world_of_process(struct arena *a, struct plugins *plugins);

/* Print the errors to stderr, one a line. */
void world_print_errors(const struct config_errors *errors);

#endif
