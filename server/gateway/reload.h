/* From a changed configuration to workers that serve by it, while they run.
 *
 *   SIGHUP, the file, the admin port ─► load (gateway.h) ─► compare ─► publish to the workers
 *                                         └─ errors: nothing changes, and the log says why
 *
 * One reload at a time; whoever comes meanwhile waits.  Blocks on files: never on a worker that serves
 * clients. */
#ifndef LLMUX_GATEWAY_RELOAD_H
#define LLMUX_GATEWAY_RELOAD_H

#include "server/config/diff.h"
#include "server/gateway/gateway.h"

enum reload_cause { RELOAD_START, RELOAD_SIGNAL, RELOAD_FILE, RELOAD_ADMIN };

struct reload_report {
    bool ok;
    unsigned number;               /* of the snapshot that is in force now */
    struct config_errors errors;   /* when it is not ok */
    struct config_changes changes; /* else */
    struct str waiting[8];         /* keys whose new values a restart or an upgrade will bring */
    unsigned n_waiting;
};

struct reloader;

/* Load the first snapshot; service->reloader is set.  The source's strings are borrowed.  NULL with the
 * errors, their texts in the arena, when there is none. */
struct reloader *reloader_create(const struct gateway_source *source, struct service *service,
                                 struct arena *a, struct config_errors *errors);
/* No worker may run any more. */
void reloader_destroy(struct reloader *r);

/* Hand every new snapshot to this function, which takes a hold of its own if it keeps it. */
void reloader_publish(struct reloader *r, void (*publish)(void *ctx, struct gateway *g), void *ctx);

/* Load, compare and publish; logs what came of it.  From any thread.  The report's texts lie in the
 * arena; both may be NULL. */
void
reload_now(struct reloader *r, enum reload_cause cause, struct arena *a, struct reload_report *out);
/* The same unless the file has the bytes that were read last. */
void reload_if_changed(struct reloader *r, enum reload_cause cause);

/* The newest snapshot, held for the caller; from any thread. */
struct gateway *reloader_newest(struct reloader *r);
/* Of the file; NULL: there is none. */
const char *reloader_path(const struct reloader *r);

#endif
