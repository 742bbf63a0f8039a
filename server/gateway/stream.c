/* Streams from providers to clients. */
#include "server/gateway/stream.h"

#include <stdlib.h>

#include "server/gateway/answer.h"
#include "server/gateway/clock.h"
#include "server/gateway/copying.h"
#include "server/gateway/dropped.h"
#include "server/gateway/redaction.h"
#include "server/gateway/restoring.h"
#include "server/gateway/sealing.h"
#include "server/gateway/whole.h"
#include "server/gateway/worker.h"

#define HELD_MAX ((size_t)XD_FRAME_MAX + (1u << 20)) /* bytes of a frame that is not complete */

/* --- events -------------------------------------------------------------------------------- */

static struct xd_writer *
writer_of(struct exchange *x)
{
    return x->recovery ? recovery_writer(x) : &x->attempt.stream->writer;
}

static void
write_event(void *ctx, const struct ir_event *e)
{
    struct exchange *x = ctx;
    struct stream *s = x->attempt.stream;
    struct ir_event own;
    if (e->kind == IR_EVENT_FAIL)
        return; /* is the exchange's business: another attempt may still be possible */
    struct ir_block block;
    xd_writer_event(writer_of(x), s->ids.arena ? seal_ids_event(&s->ids, e, &own, &block) : e);
}

/* What the client shall see. */
static void
deliver(void *ctx, const struct ir_event *e)
{
    struct exchange *x = ctx;
    struct stream *s = x->attempt.stream;
    switch (s->mode) {
    case STREAM_COPY:
        break;
    case STREAM_TRANSLATE:
        if (x->attempt.tally.begun && s->restoring)
            restoring_event(s->restoring, e);
        else if (x->attempt.tally.begun)
            write_event(x, e);
        break;
    case STREAM_COLLECT:
        ir_collector_event(&s->collector, e);
        break;
    }
}

static void
on_event(void *ctx, const struct ir_event *e)
{
    struct exchange *x = ctx;
    struct ir_event begin = *e;
    struct ir_reply named;
    if (e->kind == IR_EVENT_BEGIN) {
        named = *e->reply;
        attempt_name_reply(x, &named);
        begin.reply = &named;
        e = &begin;
    }
    attempt_tally(x, e);
    if (x->recovery)
        ir_sequel_event(&x->recovery->sequel, e);
    else
        deliver(x, e);
}

/* Does anybody look at each piece of a text, beside whom it is for? */
static bool
is_overheard(const struct exchange *x)
{
    return x->trail.tells || x->gateway->seams.n_taps > 0 || x->recovery;
}

/* Pieces of one text, to be written in one go. */
static bool
on_run(void *ctx, const struct ir_event *e, const struct xd_piece *texts, unsigned n)
{
    struct exchange *x = ctx;
    struct stream *s = x->attempt.stream;
    bool to_ids = s->ids.arena && e->block->kind == IR_BLOCK_THINKING;
    return !to_ids && x->attempt.tally.begun && xd_writer_run(&s->writer, e, texts, n);
}

/* --- progress ------------------------------------------------------------------------------ */

static bool
has_spoken(const struct exchange *x)
{
    return x->state == EXCHANGE_REPLYING;
}

/* What was read may be sent at once, as it is no more to be taken back. */
static bool
is_committed(const struct exchange *x)
{
    return has_spoken(x) || recovery_is_on(x);
}

/* What the reply lost, for the log: the head is long gone. */
static void
note_losses(struct exchange *x)
{
    struct stream *s = x->attempt.stream;
    if (s->mode != STREAM_TRANSLATE)
        return;
    dropped_add(&x->dropped, &s->reader.x.lost, x->front.op, &x->arena);
    dropped_add(&x->dropped, &writer_of(x)->x.lost, x->front.op, &x->arena);
}

/* The stream has failed: an error event behind what the client has, or an attempt to forget. */
static void
fail(struct exchange *x)
{
    struct stream *s = x->attempt.stream;
    struct ir_error e = x->attempt.tally.error;
    bool said = s->mode == STREAM_COPY && s->copy.said_error;
    if (!has_spoken(x)) {
        exchange_attempt_failed(x, &e, x->detail);
        return;
    }
    note_losses(x);
    if (recovery_is_possible(x, &e)) {
        recovery_begin(x, &e);
        return;
    }
    x->error = ir_error_copy(&x->arena, &e);
    upstream_cancel(x->attempt.call);
    x->attempt.call = NULL;
    if (said)
        answer_break(x);
    else
        answer_error(x, &e);
    exchange_finish(x);
}

/* Something of the reply may be there to be sent. */
static void
flush(struct exchange *x)
{
    struct stream *s = x->attempt.stream;
    struct buf *out = &x->worker->out;
    bool hopeless = x->attempt.tally.failed && !is_committed(x);
    if (s->mode == STREAM_COPY && x->attempt.tally.begun && !hopeless)
        copying_run(x);
    if (s->mode == STREAM_TRANSLATE && out->n && !hopeless)
        answer_stream(x, buf_str(out));
    buf_clear(out);
}

static void
complete(struct exchange *x)
{
    struct stream *s = x->attempt.stream;
    if (s->mode == STREAM_COLLECT) {
        if (whole_has_ids(x))
            seal_ids_reply(&x->attempt.arena, &s->collector.reply);
        whole_answer(x, &s->collector.reply);
        return;
    }
    note_losses(x);
    answer_end(x);
    exchange_finish(x);
}

/* Our own faults on the way: no room for what is written, collected or held. */
static bool
has_broken(struct exchange *x, struct ir_error *e)
{
    struct stream *s = x->attempt.stream;
    enum err err = ERR_OK;
    if (s->mode == STREAM_TRANSLATE)
        err = s->restoring && s->restoring->err ? s->restoring->err : writer_of(x)->x.err;
    if (s->mode == STREAM_COLLECT)
        err = s->collector.err;
    if (s->mode == STREAM_COPY)
        err = s->copy.held.err;
    if (err)
        *e = attempt_error(&x->attempt, IR_FAULT_PROTOCOL, "its reply is too large");
    return err != ERR_OK;
}

/* After anything was read.  False when it is over, and x with it, perhaps. */
static bool
settle(struct exchange *x)
{
    struct stream *s = x->attempt.stream;
    struct ir_error e;
    if (has_broken(x, &e)) {
        buf_clear(&x->worker->out);
        if (!s->reader.over)
            xd_reader_abort(&s->reader, &e);
    }
    flush(x);
    if (x->attempt.tally.failed) {
        fail(x);
        return false;
    }
    if (x->attempt.tally.ended) {
        complete(x);
        return false;
    }
    if (s->mode == STREAM_COPY)
        copying_hold(s);
    return true;
}

/* --- the life of a stream ------------------------------------------------------------------ */

static enum stream_mode
choose_mode(const struct exchange *x, struct str head)
{
    const struct xd_dialect *from = x->attempt.target.dialect;
    if (!x->wants_stream)
        return STREAM_COLLECT;
    /* Items have ids that only their maker knows. */
    if (recovery_is_on(x) || (x->recovery && x->front.op->items))
        return STREAM_TRANSLATE;
    enum framing framing = framing_of(from->framings, from->framing, head);
    /* Binary messages have checksums, so that marks cannot be put into them. */
    bool marks = x->attempt.target.several && framing == FRAMING_EVENTSTREAM;
    bool alike = framing == x->front.asked.framing && !marks && !redaction_vault(&x->attempt);
    return x->attempt.kindred && alike ? STREAM_COPY : STREAM_TRANSLATE;
}

/* False when memory is short. */
static bool
open_restoring(struct exchange *x)
{
    struct stream *s = x->attempt.stream;
    const struct vault *v = redaction_vault(&x->attempt);
    if (!v)
        return true;
    s->restoring = malloc(sizeof *s->restoring);
    if (s->restoring)
        restoring_init(s->restoring, v, write_event, x);
    return s->restoring;
}

static void
open_writer(struct exchange *x)
{
    struct stream *s = x->attempt.stream;
    s->writes = true;
    xd_writer_init(&s->writer, x->front.dialect, x->front.op->kind, &x->attempt.arena,
                   &x->worker->out, x->wants_usage ? XD_USAGE_WRITE : XD_USAGE_OMIT);
    s->writer.x.framing = x->front.asked.framing;
    s->writer.x.now = (int64_t)(clock_wall_ms() / 1000);
}

/* What the reader needs only while it reads is the worker's: a stream that waits is small. */
static void
lend(struct worker *w, struct stream *s)
{
    s->reader.x.doc = w->doc;
    s->reader.scratch = w->scratch;
}

static void
take_back(struct worker *w, struct stream *s)
{
    w->doc = s->reader.x.doc;
    w->scratch = s->reader.scratch;
    json_doc_init(&s->reader.x.doc);
    arena_init(&s->reader.scratch, w->scratch.cap);
}

bool
stream_open(struct exchange *x, struct str head)
{
    struct attempt *a = &x->attempt;
    if (!a->stream)
        a->stream = calloc(1, sizeof *a->stream);
    struct stream *s = a->stream;
    if (!s)
        return false;
    s->open = true;
    s->writes = false;
    recovery_open(x, deliver);
    s->mode = choose_mode(x, head);
    s->ids = (struct seal_ids){ 0 };
    s->restoring = NULL;
    xd_reader_init(&s->reader, a->target.dialect, a->target.op->kind, &a->arena, on_event, x);
    sealing_begin(&s->reader.x, &a->target, a->kindred);
    switch (s->mode) {
    case STREAM_COPY:
        memset(&s->copy, 0, sizeof s->copy);
        buf_init(&s->copy.held, HELD_MAX);
        s->reader.frame = copying_frame;
        s->reader.deaf = !is_overheard(x);
        break;
    case STREAM_TRANSLATE:
        if (!x->recovery)
            open_writer(x);
        if (!open_restoring(x))
            return false;
        s->reader.run = is_overheard(x) || s->restoring ? NULL : on_run;
        if (whole_has_ids(x))
            s->ids.arena = &a->arena;
        break;
    case STREAM_COLLECT:
        ir_collector_init(&s->collector, &a->arena);
        break;
    }
    return true;
}

bool
stream_feed(struct exchange *x, const char *p, size_t n)
{
    struct stream *s = x->attempt.stream;
    if (s->mode == STREAM_COPY)
        s->copy.piece = str_make(p, n);
    lend(x->worker, s);
    (void)!xd_reader_feed(&s->reader, p, n); /* a fault comes as an event */
    take_back(x->worker, s);
    return settle(x);
}

void
stream_end(struct exchange *x, const struct ir_error *e)
{
    struct stream *s = x->attempt.stream;
    lend(x->worker, s);
    if (e)
        xd_reader_abort(&s->reader, e);
    else
        (void)!xd_reader_end(&s->reader);
    take_back(x->worker, s);
    (void)settle(x);
}

void
stream_close(struct stream *s)
{
    if (!s || !s->open)
        return;
    s->open = false;
    xd_reader_fini(&s->reader);
    if (s->mode == STREAM_TRANSLATE && s->writes)
        xd_writer_fini(&s->writer);
    if (s->restoring) {
        restoring_fini(s->restoring);
        free(s->restoring);
        s->restoring = NULL;
    }
    if (s->mode == STREAM_COPY)
        buf_fini(&s->copy.held);
}

void
stream_destroy(struct stream *s)
{
    stream_close(s);
    free(s);
}

/* It goes on with what others have said. */
static void
speak_rest(struct exchange *x, const struct ir_reply *reply)
{
    struct buf *out = &x->worker->out;
    x->recovery->sequel.sink = xd_writer_event;
    x->recovery->sequel.ctx = recovery_writer(x);
    ir_reply_speak(reply, ir_sequel_event, &x->recovery->sequel);
    answer_stream(x, buf_str(out));
    buf_clear(out);
    answer_end(x);
    exchange_finish(x);
}

void
stream_speak(struct exchange *x, const struct ir_reply *reply)
{
    struct xd_writer w;
    struct buf *out = &x->worker->out;
    if (recovery_is_on(x)) {
        speak_rest(x, reply);
        return;
    }
    xd_writer_init(&w, x->front.dialect, x->front.op->kind, &x->attempt.arena, out,
                   x->wants_usage ? XD_USAGE_WRITE : XD_USAGE_OMIT);
    w.x.framing = x->front.asked.framing;
    w.x.now = (int64_t)(clock_wall_ms() / 1000);
    struct ir_reply own = *reply;
    if (redaction_vault(&x->attempt))
        restoring_reply(redaction_vault(&x->attempt), &x->attempt.arena, &own);
    ir_reply_speak(&own, xd_writer_event, &w);
    answer_stream(x, buf_str(out));
    buf_clear(out);
    answer_end(x);
    xd_writer_fini(&w);
    exchange_finish(x);
}
