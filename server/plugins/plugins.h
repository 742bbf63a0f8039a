/* Providers in shared objects, made by `specc --plugin`, beside those that are compiled in.
 *
 * A folder is loaded as a whole or not at all.  Objects stay loaded until the last set that has them is
 * destroyed: everything that points into them must be gone by then.  A file that was replaced by
 * another of the same name (by renaming: its bytes must not change while they are in use) is another
 * object, and both may be loaded at a time. */
#ifndef LLMUX_PLUGINS_PLUGINS_H
#define LLMUX_PLUGINS_PLUGINS_H

#include "runtime/base/buf.h"
#include "runtime/xd/xd.h"

struct plugins;

/* An empty set; NULL when memory is short.  A file that `older` (borrowed for as long as plugins_load
 * is called; NULL: nobody) has loaded, and that was not replaced since, is shared with it. */
struct plugins *plugins_create(const struct plugins *older);
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
