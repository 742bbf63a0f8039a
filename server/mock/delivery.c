/* Pieces, pauses and mishaps in time.
 *
 *   start ─ delay ─► begin ─► piece ─► piece ─► (the fault's place) ─► piece ─► end
 *                               └ waits for its turn (rate), or for the client (drained) */
#include "server/mock/delivery.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <time.h>

#define PIECE_MAX ((size_t)128 << 20)
/* What was sent must arrive before the connection breaks: a reset may overtake it. */
#define BREAK_MS 20

struct mock_delivery {
    struct mock_letter letter;
    struct http_exchange *x;
    struct event timer;
    struct buf piece;     /* being sent ... */
    size_t sent;          /* ... up to here */
    enum mock_piece kind; /* of the piece */
    bool begun;
    bool delayed, stalled, breaking; /* these were done */
    bool waits;                      /* for the client */
    unsigned left;                   /* events or bytes in front of the fault */
    uint64_t start_us;
    uint64_t tokens; /* sent so far */
};

static void run(struct mock_delivery *d);

static uint64_t
now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void
destroy(struct mock_delivery *d)
{
    event_del(&d->timer);
    d->letter.source->free(d->letter.source);
    d->letter.over(d->letter.ctx);
    buf_fini(&d->piece);
    free(d);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    run(arg);
}

static void
wait_us(struct mock_delivery *d, uint64_t us)
{
    struct timeval tv = { (time_t)(us / 1000000), (suseconds_t)(us % 1000000) };
    event_add(&d->timer, &tv);
}

static void
finish(struct mock_delivery *d)
{
    http_reply_end(d->x);
    destroy(d);
}

static void
break_off(struct mock_delivery *d, enum http_abort how)
{
    http_reply_abort(d->x, how);
    destroy(d);
}

/* --- the fault's place --- */

static bool
has_place(const struct mock_delivery *d)
{
    switch (d->letter.manner.fault) {
    case MOCK_FAULT_STALL:
        return !d->stalled;
    case MOCK_FAULT_RESET:
    case MOCK_FAULT_CLOSE:
    case MOCK_FAULT_TRUNCATE:
    case MOCK_FAULT_GARBAGE:
    case MOCK_FAULT_ERROR_EVENT:
        return true;
    case MOCK_FAULT_NONE:
    case MOCK_FAULT_STATUS:
    case MOCK_FAULT_HTML:
    case MOCK_FAULT_WRONG_TYPE:
    case MOCK_FAULT_WHOLE:
    case MOCK_FAULT_DISORDER:
        break;
    }
    return false;
}

/* A frame that is not JSON. */
static const struct str garbage[FRAMINGS] = {
    [FRAMING_SSE] = STR_INIT("data: {\"broken\": \n\n"),
    [FRAMING_NDJSON] = STR_INIT("{\"broken\": \n"),
    [FRAMING_ARRAY] = STR_INIT(",{\"broken\": }"),
};

/* Send one last thing instead of the rest. */
static void
end_with(struct mock_delivery *d, struct str bytes)
{
    http_reply_body(d->x, bytes);
    finish(d);
}

static void
end_with_error(struct mock_delivery *d)
{
    struct mock_source *s = d->letter.source;
    buf_clear(&d->piece);
    if (s->fail)
        s->fail(s, &d->piece);
    end_with(d, buf_str(&d->piece));
}

static void
break_soon(struct mock_delivery *d, enum http_abort how)
{
    if (d->breaking || !d->begun) {
        break_off(d, how);
        return;
    }
    d->breaking = true;
    http_reply_flush(d->x);
    wait_us(d, BREAK_MS * 1000);
}

/* d may be gone afterwards; what follows comes from the timer or not at all. */
static void
strike(struct mock_delivery *d)
{
    bool stream = d->letter.form == MOCK_FORM_STREAM;
    switch (d->letter.manner.fault) {
    case MOCK_FAULT_STALL:
        d->stalled = true;
        http_reply_flush(d->x);
        wait_us(d, (uint64_t)d->letter.manner.stall_ms * 1000);
        break;
    case MOCK_FAULT_RESET:
        break_soon(d, HTTP_ABORT_RESET);
        break;
    case MOCK_FAULT_CLOSE:
        break_soon(d, HTTP_ABORT_CLOSE);
        break;
    case MOCK_FAULT_TRUNCATE:
        finish(d);
        break;
    case MOCK_FAULT_GARBAGE:
        end_with(d, stream ? garbage[d->letter.framing] : STR("{\"broken\": "));
        break;
    case MOCK_FAULT_ERROR_EVENT:
        end_with_error(d);
        break;
    case MOCK_FAULT_NONE:
    case MOCK_FAULT_STATUS:
    case MOCK_FAULT_HTML:
    case MOCK_FAULT_WRONG_TYPE:
    case MOCK_FAULT_WHOLE:
    case MOCK_FAULT_DISORDER:
        break;
    }
}

/* --- pieces --- */

/* All pieces as one, the last one first. */
static void
fetch_disorder(struct mock_delivery *d)
{
    struct mock_source *s = d->letter.source;
    struct buf all;
    size_t last = 0, end = 0;
    buf_init(&all, PIECE_MAX);
    d->kind = MOCK_PIECE_FREE;
    while (!all.err && s->next(s, &all) != MOCK_PIECE_END) {
        last = end;
        end = all.n;
    }
    if (all.n == 0)
        d->kind = MOCK_PIECE_END;
    buf_puts(&d->piece, str_skip(buf_str(&all), last));
    buf_puts(&d->piece, str_make(buf_str(&all).p, last));
    buf_fini(&all);
}

/* False when the reply is complete. */
static bool
fetch(struct mock_delivery *d)
{
    struct mock_source *s = d->letter.source;
    if (d->sent < d->piece.n)
        return true;
    buf_clear(&d->piece);
    d->sent = 0;
    if (d->letter.manner.fault == MOCK_FAULT_DISORDER && d->letter.form == MOCK_FORM_STREAM)
        fetch_disorder(d);
    else
        d->kind = s->next(s, &d->piece);
    return d->kind != MOCK_PIECE_END && !d->piece.err;
}

/* Microseconds until it is this piece's turn. */
static uint64_t
too_early_us(const struct mock_delivery *d)
{
    if (d->kind != MOCK_PIECE_TOKEN || !d->letter.manner.rate)
        return 0;
    uint64_t due = d->start_us + (d->tokens + 1) * 1000000 / d->letter.manner.rate;
    uint64_t now = now_us();
    return due > now ? due - now : 0;
}

static void
send_bytes(struct mock_delivery *d, struct str bytes)
{
    size_t split = d->letter.manner.split;
    enum http_flow flow = HTTP_FLOW_GO;
    if (!split)
        flow = http_reply_body(d->x, bytes);
    for (size_t i = 0; split && i < bytes.n; i += split) {
        size_t n = bytes.n - i < split ? bytes.n - i : split;
        flow = http_reply_body(d->x, str_make(bytes.p + i, n));
        http_reply_flush(d->x);
    }
    d->waits = flow == HTTP_FLOW_WAIT;
}

/* Of a whole reply only the bytes in front of the fault. */
static void
send_piece(struct mock_delivery *d)
{
    struct str rest = str_skip(buf_str(&d->piece), d->sent);
    bool whole = d->letter.form == MOCK_FORM_WHOLE;
    if (has_place(d)) {
        if (whole && rest.n > d->left)
            rest.n = d->left;
        d->left -= whole ? (unsigned)rest.n : 1;
    }
    d->sent += rest.n;
    d->tokens += d->kind == MOCK_PIECE_TOKEN;
    send_bytes(d, rest);
}

static void
begin(struct mock_delivery *d)
{
    struct mock_letter *l = &d->letter;
    size_t length = HTTP_LENGTH_UNKNOWN;
    bool ends_early = l->manner.fault == MOCK_FAULT_TRUNCATE
                      || l->manner.fault == MOCK_FAULT_GARBAGE
                      || l->manner.fault == MOCK_FAULT_ERROR_EVENT;
    if (l->form == MOCK_FORM_WHOLE && !ends_early)
        length = fetch(d) ? d->piece.n : 0;
    http_reply_begin(d->x, l->status, l->headers, l->n_headers, length);
    d->begun = true;
    d->start_us = now_us();
}

/* Go on until there is a reason to wait, or nothing left. */
static void
run(struct mock_delivery *d)
{
    if (d->letter.manner.delay_ms && !d->delayed) {
        d->delayed = true;
        wait_us(d, (uint64_t)d->letter.manner.delay_ms * 1000);
        return;
    }
    bool breaks = d->letter.manner.fault == MOCK_FAULT_RESET
                  || d->letter.manner.fault == MOCK_FAULT_CLOSE;
    if (!d->begun && !(breaks && d->left == 0))
        begin(d);
    while (!d->waits) {
        if (has_place(d) && d->left == 0) {
            strike(d);
            return;
        }
        if (!fetch(d)) {
            finish(d);
            return;
        }
        uint64_t us = too_early_us(d);
        if (us) {
            wait_us(d, us);
            return;
        }
        send_piece(d);
    }
}

void
mock_deliver(struct event_base *base, struct http_exchange *x, const struct mock_letter *letter)
{
    struct mock_delivery *d = calloc(1, sizeof *d);
    if (!d) {
        letter->source->free(letter->source);
        letter->over(letter->ctx);
        http_reply_abort(x, HTTP_ABORT_RESET);
        return;
    }
    d->letter = *letter;
    d->x = x;
    d->left = letter->manner.after;
    if (letter->manner.fault == MOCK_FAULT_STALL && d->left == 0)
        d->left = 1;
    buf_init(&d->piece, PIECE_MAX);
    event_assign(&d->timer, base, -1, 0, on_timer, d);
    http_exchange_set_data(x, d);
    run(d);
}

void
mock_delivery_gone(struct mock_delivery *d)
{
    destroy(d);
}

void
mock_delivery_drained(struct mock_delivery *d)
{
    d->waits = false;
    run(d);
}
