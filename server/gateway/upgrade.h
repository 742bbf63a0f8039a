/* Replacing the program, or what it cannot change while it runs, without closing a door.
 *
 *   old process ─ fork, exec: the listening sockets (LISTEN_FDS), a pipe,    ─► new process
 *        │                    what is known of deployments (LLMUX_STATE_FD)
 *        ▲                                                                        │ workers run
 *        └──────────────────── "ready", through the pipe (LLMUX_READY_FD) ◄───────┘
 *   lets its last requests end, and ends                                        serves
 *
 * A new process that ends, or is not ready in time, changes nothing: the old one goes on. */
#ifndef LLMUX_GATEWAY_UPGRADE_H
#define LLMUX_GATEWAY_UPGRADE_H

#include <sys/types.h>

#include "server/gateway/ports.h"

#define UPGRADE_SECONDS 60

struct upgrade;

/* Start the program that has this one's name now, with the same arguments, and give it this state
 * (handover.h), if there is memory for it.  NULL, with the reason in f, when that cannot be. */
struct upgrade *upgrade_start(const struct ports *ports, struct str state, struct fault *f);
/* Does the new process get the state? */
bool upgrade_has_state(const struct upgrade *u);
/* Ends a new process that is not ready yet. */
void upgrade_destroy(struct upgrade *u);

/* A descriptor that can be read when there is news. */
int upgrade_fd(const struct upgrade *u);
pid_t upgrade_pid(const struct upgrade *u);

enum upgrade_news {
    UPGRADE_STARTING,
    UPGRADE_READY,  /* the new process serves */
    UPGRADE_FAILED, /* it has ended, or needs too long */
};
/* now: microseconds, as clock_us() tells them. */
enum upgrade_news upgrade_look(struct upgrade *u, uint64_t now);

/* In the new process: the descriptor that the old one waits at, -1 when there is none.  Before other
 * threads run. */
int upgrade_ready_fd(void);
/* In the new process: what the old one has handed over, appended to out; nothing when there is none.
 * Before other threads run. */
void upgrade_take_state(struct buf *out);
/* Workers run: tell the old process, and the supervisor (sd_notify(3)).  Takes the descriptor. */
void upgrade_tell_ready(int ready_fd);

#endif
