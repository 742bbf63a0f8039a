/* What a request names by its address, fetched for a deployment that wants the bytes, where its policy media_urls says
 * so: before the attempt's body is written, and kept for the next attempts. */
#ifndef LLMUX_GATEWAY_FETCHED_H
#define LLMUX_GATEWAY_FETCHED_H

#include "runtime/xd/ask.h"
#include "runtime/xd/media_url.h"
#include "server/gateway/deployment.h"
#include "server/media/media_fetch.h"

struct exchange;

struct fetched {
    struct xd_media_list have; /* in the arena */
    struct media_batch batch;  /* running, or not */
    struct arena arena;
};

void fetched_init(struct fetched *f);
/* Stop what runs and let go of what came; ready for another request. */
void fetched_reset(struct fetched *f);

enum fetched_state {
    FETCHED_ALL,     /* nothing is missing: go on */
    FETCHED_WAITING, /* told(x, why) says more: why is NULL when nothing is missing any more */
    FETCHED_FAILED,  /* fault says why */
};
/* What does the attempt that x is about to make want? */
enum fetched_state fetched_ask(struct exchange *x, void (*told)(void *x, const struct fault *why),
                               struct fault *fault);

/* What would be here for a deployment that calls the model so: for who only asks what would be. */
void fetched_pretend(const struct xd_ask *ask, const struct deployment *d,
                     const struct deployment_call *target, struct str model, struct arena *a,
                     struct xd_media_list *have);

#endif
