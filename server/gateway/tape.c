/* Tapes and where they wait. */
#include "server/gateway/tape.h"

#include <stdlib.h>

#include "runtime/xd/translate.h"

#define ARENA_KEPT ((size_t)16 << 10)
#define LARGE_KEPT \
    4u /* tapes that keep what an arena can: a worker has few large requests at once */
#define NODES_KEPT 1024u

static void
destroy(struct tape *t)
{
    fetched_reset(&t->fetched);
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
        /* Whoever had it before may have had another; what is kept is far below any. */
        t->arena.cap = cap;
        return t;
    }
    t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    arena_init(&t->arena, cap);
    json_doc_init(&t->doc);
    fetched_init(&t->fetched);
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
    fetched_reset(&t->fetched);
    arena_reset(&t->arena);
    if (t->arena.total > ARENA_KEPT && r->n >= LARGE_KEPT)
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

static enum err
read_passage(struct tape *t, const struct front *front, struct str type, struct str body,
             struct fault *f)
{
    enum err err = passage_read(&t->passage, front->op->usual_model, type, body, &t->doc, &t->arena,
                                f);
    t->ask = (struct xd_ask){ .kind = front->op->kind };
    *xd_ask_model(&t->ask) = t->passage.model;
    return err;
}

static enum err
read_ask(struct tape *t, const struct front *front, struct str body, struct fault *f)
{
    struct xd xd;
    xd_init_op(&xd, front->dialect, front->op, &t->arena, NULL);
    xd.doc = t->doc;
    xd.verbatim_from = XD_VERBATIM;
    enum err err = xd_ask_read(&xd, body, &t->ask);
    t->doc = xd.doc;
    *f = xd.fault;
    return err;
}

enum err
tape_read(struct tape *t, const struct front *front, const struct http_head *head, struct str body,
          struct fault *f)
{
    struct str type = http_head_get(head, STR("content-type"));
    if (front->asked.id.p) { /* the path says it all */
        t->passage = (struct passage){ .model = { NULL, 0 } };
        t->ask = (struct xd_ask){ .kind = front->op->kind };
        return ERR_OK;
    }
    enum err err = front->op->passes ? read_passage(t, front, type, body, f)
                                     : read_ask(t, front, body, f);
    if (!err)
        xd_asked_tell(&front->asked, &t->arena, &t->ask);
    return err;
}
