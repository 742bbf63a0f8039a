/* Providers in shared objects, made by `specc --plugin`, beside those that are compiled in.
 *
 * A folder is loaded as a whole or not at all.  Objects stay loaded until plugins_destroy: everything
 * that points into them must be gone by then. */
#ifndef LLMUX_PLUGINS_PLUGINS_H
#define LLMUX_PLUGINS_PLUGINS_H

#include "runtime/base/buf.h"
#include "runtime/xd/xd.h"

struct plugins;

/* An empty set; NULL when memory is short. */
struct plugins *plugins_create(void);
/* Load each file of the folder whose name ends in `.so`, by name.  False, with the reason in why, when the folder
 * cannot be read, when a file is no plugin or one for another llmux (XD_ABI), or when its name is taken. */
bool plugins_load(struct plugins *p, const char *folder, struct buf *why);
/* The provider or dialect of this name, compiled in or loaded; NULL when there is none.  p may be
 * NULL. */
const struct xd_dialect *plugins_find(const struct plugins *p, struct str name);
/* The i-th of all, those that are compiled in first; NULL behind the last.  p may be NULL. */
const struct xd_dialect *plugins_at(const struct plugins *p, unsigned i);
/* p may be NULL. */
void plugins_destroy(struct plugins *p);

#endif
