/* Streams in: frames to documents to events. */
#include "runtime/xd/translate.h"

#include <stdlib.h>

#include "runtime/base/base64.h"
#include "runtime/base/utf8.h"
#include "runtime/xd/error.h"
#include "runtime/xd/fault.h"
#include "runtime/xd/flow.h"

#define HEAD_MAX (64u << 10) /* of a body that is no stream */
#define RUN_MAX  64u         /* frames that are read in one go, where their texts are wanted */

/* The frame's data as a document; the fault's offset is that of the frame in the stream. */
static enum err
parse_frame(struct xd_reader *r, const struct frame *e, struct str data)
{
    struct fault fault;
    enum err err = json_doc_parse(&r->x.doc, data, &fault);
    if (err == ERR_SYNTAX && utf8_valid(data.p, data.n) < data.n) {
        buf_clear(&r->clean);
        utf8_sanitize(&r->clean, data);
        struct str clean = buf_str(&r->clean);
        err = r->clean.err ? r->clean.err : json_doc_parse(&r->x.doc, clean, &fault);
    }
    if (err == ERR_OK)
        return ERR_OK;
    if (r->ending)
        xd_fault(&r->x, ERR_TRUNCATED, 0, "the stream was cut off inside of an event");
    else
        xd_fault(&r->x, err, 0, "event at byte %zu: %s", e->start, fault.text);
    return err;
}

static void
fail_with(struct xd_reader *r, struct str body)
{
    struct ir_error error;
    xd_error_read(&r->x, body, 0, &error);
    xd_flow_fail_whole(&r->x, &error, ERR_REMOTE);
}

static void
read_frame(struct xd_reader *r, const struct frame *e)
{
    struct xd *x = &r->x;
    struct str data = str_trim(e->data);
    bool named_error = e->failed || str_is(e->name, "error");
    if (x->op->until.p && str_eq(data, x->op->until)) {
        xd_flow_end(x);
        return;
    }
    x->failed = e->failed;
    x->word = e->failed ? e->name : (struct str){ NULL, 0 };
    if ((data.n == 0 && !e->failed) || str_is(data, "[DONE]"))
        return; /* some send it in dialects that know no such thing */
    if (named_error && (data.n == 0 || (*data.p != '{' && *data.p != '['))) {
        fail_with(r, data);
        return;
    }
    if (parse_frame(r, e, data) != ERR_OK)
        return;
    unsigned order = x->flow->order;
    x->op->read_event(x, e->name, JSON_ROOT);
    if (!x->err && !xd_flow_over(x->flow) && (named_error || xd_error_is_in(x)))
        fail_with(r, data);
    if (!x->err && order == x->flow->order)
        xd_stencil_learn(&r->stencil, x, e, data);
}

/* The event that a frame of the wrapping name holds, in place of what it is wrapped in.  False when
 * it holds none. */
static bool
unwrap(struct xd_reader *r, struct frame *e)
{
    struct xd *x = &r->x;
    uint32_t at = 0;
    if (parse_frame(r, e, str_trim(e->data)) != ERR_OK)
        return false;
    if (json_kind(&x->doc, JSON_ROOT) == JSON_OBJECT)
        at = json_member(&x->doc, JSON_ROOT, x->op->wrap_member);
    if (!at || json_kind(&x->doc, at) != JSON_STRING)
        return false;
    buf_clear(&r->held);
    if (!base64_decode(&r->held, json_text(&x->doc, at, x->arena))) {
        xd_fault(x, ERR_SYNTAX, 0, "event at byte %zu: %.*s is not base64", e->start,
                 STR_ARG(x->op->wrap_member));
        return false;
    }
    e->name = (struct str){ NULL, 0 };
    e->data = buf_str(&r->held);
    return true;
}

/* Most frames say what the one before said, with another text. */
static bool
read_by_stencil(struct xd_reader *r, const struct frame *e)
{
    struct xd_piece piece;
    if (!xd_stencil_fits(&r->stencil, &r->scratch, e->name, str_trim(e->data), &piece)) {
        xd_stencil_drop(&r->stencil);
        return false;
    }
    xd_flow_repeat(r->x.flow, xd_stencil_event(&r->stencil, &r->scratch, &piece));
    return true;
}

/* A frame's data, whatever it is wrapped in. */
static void
read_data(struct xd_reader *r, const struct frame *e)
{
    struct frame inner = *e;
    if (r->x.op->wrap_member.n && !e->failed && !unwrap(r, &inner))
        return;
    if (!read_by_stencil(r, &inner))
        read_frame(r, &inner);
}

/* After anything was read: a fault becomes a fail. */
static void
settle(struct xd_reader *r, size_t offset)
{
    if (r->x.err && !xd_flow_over(r->x.flow)) {
        r->x.fault.offset += offset;
        xd_flow_fault(&r->x, IR_FAULT_PROTOCOL);
    }
    r->over = xd_flow_over(r->x.flow);
}

static void
begin_frame(struct xd_reader *r)
{
    struct xd_flow *f = r->x.flow;
    r->framed = true;
    f->said = f->counted = false;
    f->given = r->x.n_noise = 0;
    r->x.sealed = (struct xd_seals){ 0 };
    arena_reset(&r->scratch);
}

static enum err
on_frame(void *ctx, const struct frame *e)
{
    struct xd_reader *r = ctx;
    struct xd_flow *f = r->x.flow;
    if (r->over)
        return ERR_OK;
    begin_frame(r);
    if (e->kind == FRAME_BEAT)
        xd_flow_beat(&r->x);
    else if (e->kind == FRAME_LAST)
        xd_flow_eof(&r->x);
    else
        read_data(r, e);
    bool readable = r->x.err == ERR_OK || r->x.err == ERR_REMOTE;
    settle(r, e->start);
    if (r->frame && readable)
        r->frame(r->ctx, e->start, e->end, f->counted && !f->said);
    return ERR_OK;
}

/* The texts of a run, to whoever takes them. */
static void
give_run(struct xd_reader *r, const struct xd_run *run)
{
    r->x.flow->said = true;
    if (r->deaf || (r->run && r->run(r->ctx, &r->stencil.event, run->v, run->n))) {
        r->x.flow->text_bytes += run->bytes;
        return;
    }
    for (unsigned i = 0; i < run->n; i++) {
        arena_reset(&r->scratch);
        xd_flow_repeat(r->x.flow, xd_stencil_event(&r->stencil, &r->scratch, &run->v[i]));
    }
}

/* Frames that the stencil knows by their bytes in the stream. */
static size_t
on_stream(void *ctx, struct str stream, size_t start)
{
    struct xd_reader *r = ctx;
    struct xd_piece pieces[RUN_MAX];
    struct xd_run run = { .v = r->deaf ? NULL : pieces, .room = RUN_MAX };
    if (r->over || r->stencil.n == 0)
        return 0;
    begin_frame(r);
    size_t n = xd_stencil_run(&r->stencil, &r->scratch, stream, &run);
    if (n == 0)
        return 0;
    give_run(r, &run);
    settle(r, start);
    if (r->frame)
        r->frame(r->ctx, start, start + n, false);
    return n;
}

void
xd_reader_init(struct xd_reader *r, const struct xd_dialect *d, enum xd_op_kind op,
               struct arena *keep, xd_sink *sink, void *ctx)
{
    *r = (struct xd_reader){ .sink = sink, .ctx = ctx };
    arena_init(&r->scratch, 4 * (size_t)XD_FRAME_MAX);
    xd_init(&r->x, d, op, &r->scratch, NULL);
    r->x.keep = keep;
    framer_init(&r->framer, d->framings, d->framing, XD_FRAME_MAX, on_frame, r);
    r->framer.shortcut = on_stream;
    buf_init(&r->head, HEAD_MAX);
    buf_init(&r->clean, 3 * (size_t)XD_FRAME_MAX);
    buf_init(&r->held, (size_t)XD_FRAME_MAX);
    xd_stencil_init(&r->stencil);
    r->x.flow = malloc(sizeof *r->x.flow);
    if (r->x.flow)
        xd_flow_init(r->x.flow, sink, ctx);
    else
        xd_full(&r->x);
}

size_t
xd_reader_text_bytes(const struct xd_reader *r)
{
    return r->x.flow ? r->x.flow->text_bytes : 0;
}

bool
xd_reader_usage(const struct xd_reader *r, struct ir_usage *u)
{
    *u = (struct ir_usage){ .set = false };
    if (!r->x.flow)
        return false;
    *u = r->x.flow->head.usage;
    ir_usage_clamp(u);
    return xd_flow_stopped(r->x.flow);
}

void
xd_reader_fini(struct xd_reader *r)
{
    if (r->x.flow)
        xd_flow_fini(r->x.flow);
    free(r->x.flow);
    framer_fini(&r->framer);
    xd_fini(&r->x);
    arena_fini(&r->scratch);
    buf_fini(&r->head);
    buf_fini(&r->clean);
    buf_fini(&r->held);
    xd_stencil_fini(&r->stencil);
}

/* Until there is a frame, what comes may be no stream at all. */
static void
keep_head(struct xd_reader *r, const char *p, size_t n)
{
    size_t room = HEAD_MAX - r->head.n;
    if (!r->framed)
        buf_put(&r->head, p, n < room ? n : room);
    else if (r->head.p)
        buf_fini(&r->head);
}

static void
misframed(struct xd_reader *r, enum err err)
{
    size_t at = framer_offset(&r->framer);
    if (err == ERR_SYNTAX)
        xd_fault(&r->x, err, 0, "%s at byte %zu", framer_mistake(&r->framer), at);
    else
        xd_fault(&r->x, err, 0, "an event is larger than %u bytes at byte %zu", XD_FRAME_MAX, at);
    settle(r, at);
}

enum err
xd_reader_feed(struct xd_reader *r, const char *p, size_t n)
{
    if (r->x.err || r->over)
        return r->x.err;
    enum err err = framer_feed(&r->framer, p, n);
    if (err && !r->over)
        misframed(r, err);
    keep_head(r, p, n);
    return r->x.err;
}

/* Could this be the start of a stream, in one of the dialect's framings? */
static bool
looks_like_stream(const struct xd_reader *r, struct str s)
{
    for (enum framing f = 0; s.n && f < FRAMINGS; f++)
        if (framing_is_in(r->framer.set, f) && framing_fits(f, s))
            return true;
    return s.n == 0;
}

/* A whole body where a stream was expected: an error page of something in between, or an error
 * as JSON. */
static void
read_alien(struct xd_reader *r, struct str body)
{
    struct xd *x = &r->x;
    struct ir_error e;
    xd_error_read(x, body, 0, &e);
    bool json = json_doc_parse(&x->doc, str_trim(body), NULL) == ERR_OK;
    if (json && xd_error_has_text(x)) {
        xd_flow_fail_whole(x, &e, ERR_REMOTE);
        return;
    }
    const char *what = json ? "JSON" : *body.p == '<' ? "a web page" : "text";
    xd_fault(x, ERR_PROTOCOL, 0, "expected an event stream, found %s%s%.*s", what, json ? "" : ": ",
             json ? 0 : (int)utf8_cut(e.message, 160).n, e.message.p);
}

enum err
xd_reader_end(struct xd_reader *r)
{
    if (r->x.err || r->over)
        return r->x.err;
    r->ending = true;
    (void)!framer_end(&r->framer);
    if (r->over)
        return r->x.err;
    struct str body = str_trim(buf_str(&r->head));
    arena_reset(&r->scratch);
    if (!r->framed && !looks_like_stream(r, body))
        read_alien(r, body);
    else
        xd_flow_eof(&r->x);
    settle(r, framer_offset(&r->framer));
    return r->x.err;
}

void
xd_reader_abort(struct xd_reader *r, const struct ir_error *e)
{
    if (!r->x.flow)
        return;
    xd_flow_fail_whole(&r->x, e, ERR_TRUNCATED);
    r->over = true;
}
