/* Notes to workers. */
#include "server/gateway/bell.h"

void
bell_init(struct bell *b, void (*ring)(void *ctx), void *ctx)
{
    pthread_mutex_init(&b->lock, NULL);
    TAILQ_INIT(&b->notes);
    b->ring = ring;
    b->ctx = ctx;
}

void
bell_fini(struct bell *b)
{
    pthread_mutex_destroy(&b->lock);
}

void
bell_put(struct bell_note *n)
{
    struct bell *b = n->bell;
    pthread_mutex_lock(&b->lock);
    bool first = TAILQ_EMPTY(&b->notes);
    if (!n->put)
        TAILQ_INSERT_TAIL(&b->notes, n, link);
    n->put = true;
    pthread_mutex_unlock(&b->lock);
    if (first)
        b->ring(b->ctx);
}

struct bell_note *
bell_take(struct bell *b)
{
    pthread_mutex_lock(&b->lock);
    struct bell_note *n = TAILQ_FIRST(&b->notes);
    if (n) {
        TAILQ_REMOVE(&b->notes, n, link);
        n->put = false;
    }
    pthread_mutex_unlock(&b->lock);
    return n;
}

void
bell_cancel(struct bell_note *n)
{
    if (!n->bell)
        return;
    pthread_mutex_lock(&n->bell->lock);
    if (n->put)
        TAILQ_REMOVE(&n->bell->notes, n, link);
    n->put = false;
    pthread_mutex_unlock(&n->bell->lock);
}
