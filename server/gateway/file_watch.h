/* Hears when a file may have changed: when it was written and closed, when another file took its
 * name, when a link on the way to it was turned elsewhere (as mounted config maps are).
 *
 *   /etc/llmux/llmux.yaml ─► ..data/llmux.yaml     watched: /etc/llmux
 *              ..data ─► ..2026_01_31/                      /etc/llmux
 *                        llmux.yaml                         /etc/llmux/..2026_01_31 */
#ifndef LLMUX_GATEWAY_FILE_WATCH_H
#define LLMUX_GATEWAY_FILE_WATCH_H

#include <stdbool.h>

struct file_watch;

/* Watch a file, which needs not exist.  NULL when that cannot be. */
struct file_watch *file_watch_create(const char *path);
void file_watch_destroy(struct file_watch *w);

/* A descriptor that can be read when something has happened. */
int file_watch_fd(const struct file_watch *w);
/* Read it.  False when what happened has nothing to do with the file, as far as one can tell. */
bool file_watch_read(struct file_watch *w);
/* Look anew at the way to the file; after it has changed. */
void file_watch_renew(struct file_watch *w);

#endif
