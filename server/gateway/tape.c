/* Tapes and where they wait. */
#include "server/gateway/tape.h"

#include <stdlib.h>

#define ARENA_KEPT ((size_t)16 << 10)
#define NODES_KEPT 1024u

static void
destroy(struct tape *t)
{
    arena_fini(&t->arena);
    json_doc_fini(&t->doc);
    free(t);
}

struct tape *
tape_take(struct tape_rack *r, size_t cap)
{
    struct tape *t = r->first;
    if (t) {
        r->first = t->next;
        r->n--;
        return t;
    }
    t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    arena_init(&t->arena, cap);
    json_doc_init(&t->doc);
    return t;
}

void
tape_put(struct tape_rack *r, struct tape *t)
{
    if (!t)
        return;
    if (r->n == TAPES_KEPT) {
        destroy(t);
        return;
    }
    arena_reset(&t->arena);
    if (t->arena.total > ARENA_KEPT)
        arena_fini(&t->arena);
    if (t->doc.room > NODES_KEPT)
        json_doc_fini(&t->doc);
    t->next = r->first;
    r->first = t;
    r->n++;
}

void
tape_rack_fini(struct tape_rack *r)
{
    while (r->first) {
        struct tape *t = r->first;
        r->first = t->next;
        destroy(t);
    }
    r->n = 0;
}
