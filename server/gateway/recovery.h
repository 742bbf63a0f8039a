/* Streams that break when the client has a part of them, and go on at another deployment.
 *
 *   provider A ─► events ─► sequel ─► client            what was said is kept, and the request, too
 *        ╳ breaks ─► recovery_begin ─► the next candidate, asked for the rest
 *   provider B ─► events ─► sequel ─► the same writer ─► client
 *
 * Off unless the route's config wants it: streams that are copied are then read event by event.  The client
 * sees one message (runtime/ir/sequel.h), or the error, if nobody can go on.  What was redacted is not gone on with:
 * what the client got is more than the provider was told. */
#ifndef LLMUX_GATEWAY_RECOVERY_H
#define LLMUX_GATEWAY_RECOVERY_H

#include "runtime/ir/sequel.h"
#include "runtime/xd/ask.h"
#include "runtime/xd/translate.h"
#include "server/config/config.h"

struct exchange;

struct recovery {
    struct arena arena;
    struct ir_sequel sequel;
    enum config_recovery how;
    unsigned most; /* how often */
    size_t shown;  /* bytes of text that the newest attempt was shown, behind the request */
    struct xd_writer writer; /* in the client's dialect, if `writes` */
    bool writes;
};

/* The route of a stream has begun: keep what it will take, if its config says so.  x->recovery is NULL
 * else. */
void recovery_prepare(struct exchange *x);
void recovery_destroy(struct recovery *r);

/* Does the newest attempt go on with what others have said? */
bool recovery_is_on(const struct exchange *x);
/* Could a stream that breaks now, with this error, go on elsewhere? */
bool recovery_is_possible(const struct exchange *x, const struct ir_error *e);
/* It has broken: look for somebody else, else tell the client.  May release x. */
void recovery_begin(struct exchange *x, const struct ir_error *e);
/* The newest attempt's stream begins, if there is a recovery; sink: where the events go that the client shall see. */
void recovery_open(struct exchange *x, ir_sink *sink);
/* The client's writer, made on first use. */
struct xd_writer *recovery_writer(struct exchange *x);

/* What the newest attempt's deployment is asked, instead of what the client asked for.  ERR_UNSUPPORTED,
 * with the reason in f, when it cannot go on. */
MUST_CHECK enum err recovery_ask(struct exchange *x, struct xd_ask *ask, struct fault *f);
/* Bytes of JSON and text that the newest attempt is asked with, by and large. */
uint64_t recovery_bytes_in(const struct exchange *x);
/* *u, which the newest attempt has used, and what those before it have. */
struct ir_usage recovery_usage(const struct exchange *x, const struct ir_usage *u);

#endif
