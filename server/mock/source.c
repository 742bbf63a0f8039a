/* The kinds of sources. */
#include "server/mock/source.h"

#include <stdlib.h>
#include <time.h>

#include "runtime/xd/translate.h"
#include "server/mock/speech.h"

/* --- bytes --- */

struct bytes {
    struct mock_source source;
    struct arena arena;
    struct str rest;
};

static void
free_bytes(struct mock_source *s)
{
    struct bytes *b = (struct bytes *)s;
    arena_fini(&b->arena);
    free(b);
}

static enum mock_piece
next_bytes(struct mock_source *s, struct buf *out)
{
    struct bytes *b = (struct bytes *)s;
    if (b->rest.n == 0)
        return MOCK_PIECE_END;
    buf_puts(out, b->rest);
    b->rest.n = 0;
    return MOCK_PIECE_FREE;
}

struct mock_source *
mock_source_bytes(struct str bytes, struct arena *a)
{
    struct bytes *b = malloc(sizeof *b);
    if (!b) {
        arena_fini(a);
        return NULL;
    }
    *b = (struct bytes){ .source = { .next = next_bytes, .free = free_bytes },
                         .arena = *a,
                         .rest = bytes };
    return &b->source;
}

/* --- the frames of a stream --- */

struct frames {
    struct mock_source source;
    struct arena arena;
    struct str rest;
    size_t at;    /* of rest in the stream */
    size_t *ends; /* of frames in the stream */
    unsigned n, room, next;
};

static enum err
keep_end(void *ctx, const struct frame *frame)
{
    struct frames *f = ctx;
    size_t *end = arena_push(&f->arena, (void **)&f->ends, &f->n, &f->room, sizeof *end);
    if (!end)
        return ERR_MEMORY;
    *end = frame->end;
    return ERR_OK;
}

static void
free_frames(struct mock_source *s)
{
    struct frames *f = (struct frames *)s;
    arena_fini(&f->arena);
    free(f);
}

/* What stands between frames goes with the one behind it, and the rest with the last. */
static enum mock_piece
next_frame(struct mock_source *s, struct buf *out)
{
    struct frames *f = (struct frames *)s;
    if (f->rest.n == 0)
        return MOCK_PIECE_END;
    size_t n = f->next < f->n ? f->ends[f->next++] - f->at : f->rest.n;
    if (f->next >= f->n)
        n = f->rest.n;
    buf_put(out, f->rest.p, n);
    f->rest = str_skip(f->rest, n);
    f->at += n;
    return MOCK_PIECE_TOKEN;
}

struct mock_source *
mock_source_events(struct str bytes, enum framing framing, struct arena *a)
{
    struct frames *f = malloc(sizeof *f);
    struct framer cutter;
    if (!f) {
        arena_fini(a);
        return NULL;
    }
    *f = (struct frames){ .source = { .next = next_frame, .free = free_frames },
                          .arena = *a,
                          .rest = bytes };
    framer_init(&cutter, 1u << framing, framing, XD_FRAME_MAX, keep_end, f);
    if (framer_feed(&cutter, bytes.p, bytes.n) == ERR_OK)
        (void)!framer_end(&cutter);
    framer_fini(&cutter);
    return &f->source;
}

/* --- a reply --- */

struct spoken {
    struct mock_source source;
    struct arena arena;
    struct mock_route route;
    struct ir_reply reply;
    enum mock_form form;
    bool done;
    struct xd_writer writer; /* of a stream */
    struct mock_speech speech;
};

static void
free_spoken(struct mock_source *s)
{
    struct spoken *k = (struct spoken *)s;
    if (k->form == MOCK_FORM_STREAM)
        xd_writer_fini(&k->writer);
    arena_fini(&k->arena);
    free(k);
}

static enum mock_piece
next_whole(struct mock_source *s, struct buf *out)
{
    struct spoken *k = (struct spoken *)s;
    struct xd x;
    if (k->done)
        return MOCK_PIECE_END;
    k->done = true;
    xd_init_op(&x, k->route.dialect, k->route.op, &k->arena, out);
    x.now = (int64_t)time(NULL);
    enum err err = xd_reply_write(&x, &k->reply);
    xd_fini(&x);
    return err ? MOCK_PIECE_END : MOCK_PIECE_FREE;
}

static void
write_event(struct spoken *k, const struct ir_event *e, struct buf *out)
{
    k->writer.x.out = out;
    xd_writer_event(&k->writer, e);
}

static enum mock_piece
next_spoken(struct mock_source *s, struct buf *out)
{
    struct spoken *k = (struct spoken *)s;
    struct ir_event e;
    while (mock_speech_next(&k->speech, &e)) {
        size_t before = out->n;
        write_event(k, &e, out);
        if (out->n > before)
            return e.kind == IR_EVENT_GROW ? MOCK_PIECE_TOKEN : MOCK_PIECE_FREE;
    }
    return MOCK_PIECE_END;
}

static const struct ir_error mishap = {
    .set = true,
    .kind = IR_FAULT_OVERLOADED,
    .message = STR_INIT("overloaded, says the mock"),
};

static void
fail_spoken(struct mock_source *s, struct buf *out)
{
    struct ir_event e = { .kind = IR_EVENT_FAIL, .error = &mishap };
    write_event((struct spoken *)s, &e, out);
}

static void
fail_whole(struct mock_source *s, struct buf *out)
{
    struct spoken *k = (struct spoken *)s;
    struct xd x;
    xd_init_op(&x, k->route.dialect, k->route.op, &k->arena, out);
    xd_error_write(&x, &mishap);
    xd_fini(&x);
}

struct mock_source *
mock_source_reply(const struct mock_route *r, const struct ir_reply *reply, enum mock_form form,
                  enum ir_bool usage, unsigned token_bytes, struct arena *a)
{
    struct spoken *k = malloc(sizeof *k);
    if (!k) {
        arena_fini(a);
        return NULL;
    }
    k->arena = *a;
    k->route = *r;
    k->reply = *reply;
    k->form = form;
    k->done = false;
    k->source = (struct mock_source){ next_whole, fail_whole, free_spoken };
    if (form == MOCK_FORM_STREAM) {
        k->source = (struct mock_source){ next_spoken, fail_spoken, free_spoken };
        xd_writer_init(&k->writer, r->dialect, r->op->kind, &k->arena, NULL,
                       usage == IR_TRUE ? XD_USAGE_WRITE : XD_USAGE_OMIT);
        k->writer.x.framing = r->asked.framing;
        k->writer.x.now = (int64_t)time(NULL);
        mock_speech_init(&k->speech, &k->reply, token_bytes);
    }
    return &k->source;
}
