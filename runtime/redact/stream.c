#include "runtime/redact/stream.h"

#define HELD_CAP ((size_t)64 << 20) /* of what one call may feed */

void
redact_stream_init(struct redact_stream *s, const struct redact_rules *rules)
{
    *s = (struct redact_stream){ .rules = rules };
    buf_init(&s->held, HELD_CAP);
}

void
redact_stream_fini(struct redact_stream *s)
{
    buf_fini(&s->held);
}

/* Everything up to `to` is decided. */
static void
let_go(struct redact_stream *s, size_t to)
{
    s->gone = to;
}

/* Forget what nothing looks back at any more. */
static void
tidy(struct redact_stream *s)
{
    if (s->gone > 4 * REDACT_BEHIND_MAX) {
        buf_consume(&s->held, s->gone - REDACT_BEHIND_MAX);
        s->gone = REDACT_BEHIND_MAX;
    }
}

static void
show(struct redact_stream *s, size_t to, struct buf *out)
{
    buf_put(out, s->held.p + s->gone, to - s->gone);
    let_go(s, to);
}

/* The match is written; what it may still take in is dropped. */
static void
hide(struct redact_stream *s, const struct redact_match *m, struct buf *out)
{
    show(s, m->at, out);
    redact_write(out, s->rules, m, str_make(s->held.p + m->at, m->n));
    let_go(s, m->at + m->n);
    s->found++;
}

/* The next match in what is held. */
static enum redact_found
look(struct redact_stream *s, bool open, struct redact_match *m)
{
    struct str text = buf_str(&s->held);
    bool tail = false;
    if (!open)
        return redact_next(text, s->rules->which, s->gone, m) ? REDACT_MATCH : REDACT_NOTHING;
    enum redact_found found = redact_next_open(text, s->rules->which, s->gone, m, &tail);
    s->in_tail = found == REDACT_MATCH && tail;
    s->tail = m->kind;
    return found;
}

/* Decide what can be decided. */
static void
decide(struct redact_stream *s, bool open, struct buf *out)
{
    struct redact_match m;
    while (s->gone < s->held.n) {
        enum redact_found found = look(s, open, &m);
        if (found == REDACT_MATCH) {
            hide(s, &m, out);
            continue;
        }
        show(s, open ? m.at : s->held.n, out);
        /* Deciding anew for every byte that comes would take too long when much is held. */
        size_t held = s->held.n - s->gone;
        s->enough = found == REDACT_MORE && held > 256 ? s->held.n + held / 4 : 0;
        break;
    }
}

enum err
redact_stream_feed(struct redact_stream *s, const char *p, size_t n, struct buf *out)
{
    buf_put(&s->held, p, n);
    if (s->held.err)
        return s->held.err;
    if (s->in_tail) {
        struct str rest = str_skip(buf_str(&s->held), s->gone);
        size_t more = redact_tail(s->tail, rest);
        let_go(s, s->gone + more);
        s->in_tail = more == rest.n;
    }
    if (s->held.n >= s->enough) {
        decide(s, true, out);
        size_t before = s->held.n;
        tidy(s);
        s->enough = s->enough > before - s->held.n ? s->enough - (before - s->held.n) : 0;
    }
    return out->err;
}

enum err
redact_stream_end(struct redact_stream *s, struct buf *out)
{
    s->enough = 0;
    decide(s, false, out);
    buf_clear(&s->held);
    s->gone = 0;
    s->in_tail = false;
    return out->err ? out->err : s->held.err;
}
