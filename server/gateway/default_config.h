/* What `llmux serve` does without a config: every compiled dialect and provider, each spoken by the
 * built-in emulator, for a first look without keys.
 *
 *   gpt-4o, claude-...       the provider that serves such models by default
 *   <type>/<any model>       that dialect or provider
 *   anything else            the first dialect */
#ifndef LLMUX_GATEWAY_DEFAULT_CONFIG_H
#define LLMUX_GATEWAY_DEFAULT_CONFIG_H

#include "runtime/base/buf.h"

/* Append the config, in YAML, for an emulator at this address ("http://127.0.0.1:41234/v1").  It
 * listens at ${LLMUX_LISTEN:127.0.0.1:8080}. */
void default_config_write(struct str emulator, struct buf *out);

#endif
