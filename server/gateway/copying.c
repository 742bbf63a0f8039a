/* Frames as they came. */
#include "server/gateway/copying.h"

#include "server/gateway/answer.h"
#include "server/gateway/discreet.h"
#include "server/gateway/exchange.h"
#include "server/gateway/sealing.h"
#include "server/gateway/worker.h"

/* Send the understood bytes, of which the first part may have been held back. */
void
copying_run(struct exchange *x)
{
    struct stream *s = x->attempt.stream;
    size_t from = s->copy.from, to = s->copy.to, border = s->copy.piece_at;
    s->copy.from = to;
    if (from < border) {
        size_t n = (to < border ? to : border) - from;
        answer_stream(x, str_make(s->copy.held.p + (from - s->copy.held_at), n));
        from += n;
    }
    if (from < to)
        answer_stream(x, str_make(s->copy.piece.p + (from - border), to - from));
}

/* A frame that ends in CRLF is given when its CR has come; if the LF is there, it goes along. */
static size_t
with_line_feed(const struct stream *s, size_t end)
{
    struct str piece = s->copy.piece;
    size_t at = end - s->copy.piece_at;
    bool crlf = end > s->copy.piece_at && at < piece.n && piece.p[at - 1] == '\r'
                && piece.p[at] == '\n';
    return crlf ? end + 1 : end;
}

/* The bytes of a frame, which may lie in two places. */
static struct str
frame_bytes(struct stream *s, size_t start, size_t end)
{
    size_t border = s->copy.piece_at;
    struct str joined = { NULL, 0 };
    if (start >= border)
        return str_make(s->copy.piece.p + (start - border), end - start);
    struct str held = str_make(s->copy.held.p + (start - s->copy.held_at),
                               (end < border ? end : border) - start);
    if (end <= border)
        return held;
    arena_append(s->reader.x.arena, &joined, held);
    arena_append(s->reader.x.arena, &joined, str_make(s->copy.piece.p, end - border));
    return joined;
}

/* The seals that may stand in this frame. */
static const struct xd_seals *
seals_in_frame(struct exchange *x)
{
    struct stream *s = x->attempt.stream;
    const struct xd_seals *new = &s->reader.x.sealed;
    if (!s->reader.x.op->items)
        return new;
    for (unsigned i = 0; i < new->n; i++) {
        struct str *to = arena_push(&x->attempt.arena, (void **)&s->copy.seals.v, &s->copy.seals.n,
                                    &s->copy.seals.cap, sizeof *to);
        if (to)
            *to = arena_str(&x->attempt.arena, new->v[i]);
    }
    return &s->copy.seals;
}

/* Copy all before a frame, and that with marks on its seals, if it has any. */
static void
copy_marked(struct exchange *x, const struct xd_seals *seals, size_t start, size_t end)
{
    struct stream *s = x->attempt.stream;
    struct buf *out = &x->worker->out;
    if (sealing_mark(seals, s->reader.x.seal, frame_bytes(s, start, end), out)) {
        s->copy.to = start;
        copying_run(x);
        answer_stream(x, buf_str(out));
        s->copy.from = end;
    }
    buf_clear(out);
}

void
copying_frame(void *ctx, size_t start, size_t end, bool quiet)
{
    struct exchange *x = ctx;
    struct stream *s = x->attempt.stream;
    if (x->attempt.tally.failed && recovery_is_possible(x, &x->attempt.tally.error))
        return; /* the client need not know */
    const struct xd_seals *seals = seals_in_frame(x);
    s->copy.said_error = x->attempt.tally.failed;
    if (s->copy.said_error
        && discreet_would_change(x->worker->service->log, &x->attempt.tally.error, &x->arena)) {
        /* Not as the provider said it. */
        s->copy.said_error = false;
        s->copy.to = start;
        return;
    }
    end = with_line_feed(s, end);
    if (quiet && x->attempt.asked_usage && x->attempt.tally.begun) {
        s->copy.to = start;
        copying_run(x);
        s->copy.from = end;
    } else if (seals->n && x->attempt.tally.begun) {
        copy_marked(x, seals, start, end);
    }
    s->copy.to = end;
}

/* What was not sent waits for the rest of its frame, or for the reply's begin. */
void
copying_hold(struct stream *s)
{
    struct str piece = s->copy.piece;
    size_t at = s->copy.piece_at, from = s->copy.from;
    if (from >= at) {
        buf_clear(&s->copy.held);
        buf_puts(&s->copy.held, str_skip(piece, from - at));
        s->copy.held_at = from;
    } else {
        buf_consume(&s->copy.held, from - s->copy.held_at);
        buf_puts(&s->copy.held, piece);
        s->copy.held_at = from;
    }
    s->copy.piece_at = at + piece.n;
    s->copy.piece = (struct str){ NULL, 0 };
}
