/* What differs between two configurations, as they were written.
 *
 *   server.max_body              changed
 *   providers[backup]            added
 *   providers[main].models       changed
 *   providers[main].api_key      changed, if only in the file that it is read from
 *
 * Keys are named, values never are: they may be secrets. */
#ifndef LLMUX_CONFIG_DIFF_H
#define LLMUX_CONFIG_DIFF_H

#include "server/config/config.h"

#define CONFIG_CHANGES_MAX 64 /* named; more are counted only */

enum config_change_kind { CONFIG_ADDED, CONFIG_REMOVED, CONFIG_CHANGED };

struct config_change {
    struct str path;
    enum config_change_kind kind;
};

struct config_changes {
    struct config_change v[CONFIG_CHANGES_MAX];
    unsigned n;
    unsigned more;
};

/* Fill in `out` in the order of the newer file, what was removed last; paths lie in the arena. */
void config_diff(const struct config *older, const struct config *newer, struct arena *a,
                 struct config_changes *out);

/* "added", "removed" or "changed". */
const char *config_change_name(enum config_change_kind kind);

/* Append the value of a key outside of lists ("server.log.format") on one line, as it was written;
 * nothing when it is not there. */
void config_print_value(const struct config *c, const char *path, struct buf *out);

#endif
