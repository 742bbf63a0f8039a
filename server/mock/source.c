/* The three kinds of sources. */
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

static struct mock_source *
create_bytes(struct str bytes, struct arena *a,
             enum mock_piece (*next)(struct mock_source *, struct buf *))
{
    struct bytes *b = malloc(sizeof *b);
    if (!b) {
        arena_fini(a);
        return NULL;
    }
    *b = (struct bytes){ .source = { .next = next, .free = free_bytes },
                         .arena = *a,
                         .rest = bytes };
    return &b->source;
}

struct mock_source *
mock_source_bytes(struct str bytes, struct arena *a)
{
    return create_bytes(bytes, a, next_bytes);
}

/* The bytes of the first event with the empty line behind it; all when none is complete. */
static size_t
event_length(struct str s)
{
    const char *lf = memmem(s.p, s.n, "\n\n", 2);
    const char *crlf = memmem(s.p, s.n, "\r\n\r\n", 4);
    if (lf && (!crlf || lf < crlf))
        return (size_t)(lf - s.p) + 2;
    return crlf ? (size_t)(crlf - s.p) + 4 : s.n;
}

static enum mock_piece
next_event(struct mock_source *s, struct buf *out)
{
    struct bytes *b = (struct bytes *)s;
    if (b->rest.n == 0)
        return MOCK_PIECE_END;
    size_t n = event_length(b->rest);
    buf_put(out, b->rest.p, n);
    b->rest = str_skip(b->rest, n);
    return MOCK_PIECE_TOKEN;
}

struct mock_source *
mock_source_events(struct str bytes, struct arena *a)
{
    return create_bytes(bytes, a, next_event);
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
    xd_init(&x, k->route.dialect, k->route.op->kind, &k->arena, out);
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
    xd_init(&x, k->route.dialect, k->route.op->kind, &k->arena, out);
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
