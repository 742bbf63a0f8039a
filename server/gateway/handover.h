/* What is known of deployments, limits and conversations, as text for the process that takes over.
 *
 *   llmux-state 1 LENGTH CHECKSUM
 *   {"guards": [{"account": ..., "model": ..., "breaker": "open", "open_ns": 4000000000, ...}],
 *    "limits": [{"of": "model", "name": ..., "requests": 120, ...}],
 *    "homes": "..."}     slots that are taken: the number's 4 hexadecimal digits, the word's 16
 *
 * Accounts and names are as guards.h and limits.h know them: without credentials.  Times are durations, as two
 * processes need not agree about a clock. */
#ifndef LLMUX_GATEWAY_HANDOVER_H
#define LLMUX_GATEWAY_HANDOVER_H

#include "runtime/base/buf.h"
#include "runtime/route/memory.h"
#include "server/gateway/guards.h"
#include "server/gateway/limits.h"

#define HANDOVER_BYTES_MAX ((size_t)32 << 20)

#define HANDOVER_NAME_ROOM 200

/* Whose state it is. */
struct handover {
    struct guards *guards;
    struct limits *limits;
    struct route_memory *homes;
};

struct handover_count {
    unsigned guards, limits, homes;
};
/* What there was no room for. */
struct handover_rest {
    struct handover_count count;
    char first[HANDOVER_NAME_ROOM]; /* of them, for people: cut to fit */
};
/* Append the state, up to out's cap, which is at most HANDOVER_BYTES_MAX; what does not fit any more is in *rest.
 * ERR_MEMORY: there is no state.  now is clock_ns(). */
MUST_CHECK enum err
handover_write(struct buf *out, const struct handover *h, uint64_t now, struct handover_rest *rest);

#define HANDOVER_LOSS_ROOM (HANDOVER_NAME_ROOM + 160)
/* What is lost by that, for people; false: nothing is, and there is no text. */
bool handover_loss(enum err err, const struct handover_rest *rest, char out[HANDOVER_LOSS_ROOM]);

/* Take over what another process has written into what nobody uses yet.  All of it, or nothing, with
 * the reason in f: ERR_SYNTAX for what is cut off, changed or no state; ERR_UNSUPPORTED for another version. */
MUST_CHECK enum err handover_read(struct str text, const struct handover *h, uint64_t now,
                                  struct handover_count *count, struct fault *f);

#endif
