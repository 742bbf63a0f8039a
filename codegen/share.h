/* One copy of what several dialects of a family have alike.
 *
 *   printed C ─► items: functions, tables, prototypes ─► classes of items that mean the same ─► the first of each
 *
 * Two items mean the same when their text is the same but for the names of other items, and those mean
 * the same.  An item is called PREFIXname, or with a verb read_PREFIXname (write_, take_, put_), with the
 * prefix of the dialect that it was printed for. */
#ifndef SPECC_SHARE_H
#define SPECC_SHARE_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

struct share;

/* Lives in the arena. */
struct share *share_create(struct arena *a);
/* Add the definitions of a dialect; each begins at the start of a line with `static`, a comment above
 * it belongs to it.  The text must stay.  The bases of a dialect are added before it. */
void share_add(struct share *s, struct str prefix, struct str text);
/* Find out what is alike.  Nothing may be added afterwards. */
void share_settle(struct share *s);
/* The first item of each class. */
void share_print(const struct share *s, struct buf *out);
/* Other text, with the names of items replaced by those that are printed. */
void share_rename(const struct share *s, struct str text, struct buf *out);

#endif
