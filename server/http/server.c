/* The server: its connections, and the end of each turn of the loop. */
#include <event2/event.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/http/private.h"

void
http_server_call_turn(struct http_server *s)
{
    if (!s->turn_due)
        event_active(s->turn_event, 0, 0);
    s->turn_due = true;
}

/* The end of a turn: write what was collected in it.  Connections that are touched while this runs
 * have their turn later, so that a client with many requests in its pipeline does not keep the
 * others waiting. */
static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct http_server *s = arg;
    struct http_conn *c;
    s->turn_due = false;
    s->turn++;
    while ((c = TAILQ_FIRST(&s->dirty)) && c->turn != s->turn)
        http_conn_end_turn(c);
    if (!TAILQ_EMPTY(&s->dirty))
        http_server_call_turn(s);
}

static void
on_expired(void *arg, struct deadline *d, unsigned kind)
{
    (void)arg;
    http_conn_expired(http_conn_of(d), (enum http_deadline_kind)kind);
}

static void
on_done(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct http_server *s = arg;
    void (*done)(void *arg) = s->done;
    s->done = NULL;
    if (done)
        done(s->done_arg); /* may destroy s */
}

/* The lengths of the deadlines. */
static void
measure(const struct http_limits *l, unsigned ms[DEADLINE_KINDS])
{
    ms[DEADLINE_HEAD] = l->head_ms;
    ms[DEADLINE_BODY] = l->body_ms;
    ms[DEADLINE_IDLE] = l->idle_ms;
    ms[DEADLINE_WRITE] = l->write_ms;
    ms[DEADLINE_LINGER] = l->linger_ms;
    ms[DEADLINE_LOOK] = 1000;
}

void
http_server_set_limits(struct http_server *s, const struct http_limits *limits)
{
    unsigned ms[DEADLINE_KINDS] = { 0 };
    s->limits = *limits;
    measure(limits, ms);
    for (unsigned kind = 1; kind < DEADLINE_KINDS; kind++)
        deadlines_set_length(&s->deadlines, kind, ms[kind]);
    http_listeners_resume(s);
}

static bool
init(struct http_server *s)
{
    unsigned ms[DEADLINE_KINDS] = { 0 };
    measure(&s->limits, ms);
    s->scratch = malloc(HTTP_SCRATCH);
    s->turn_event = event_new(s->base, -1, 0, on_turn, s);
    s->done_event = event_new(s->base, -1, 0, on_done, s);
    return deadlines_init(&s->deadlines, s->base, ms, on_expired, s) == 0 && s->scratch
           && s->turn_event && s->done_event;
}

struct http_server *
http_server_create(struct event_base *base, const struct http_limits *limits,
                   const struct http_handler *handler)
{
    struct http_server *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->base = base;
    s->limits = *limits;
    s->handler = *handler;
    TAILQ_INIT(&s->all);
    TAILQ_INIT(&s->dirty);
    buf_init(&s->spare_body, HTTP_BODY_SPARE);
    if (!init(s)) {
        http_server_destroy(s);
        return NULL;
    }
    return s;
}

void
http_server_destroy(struct http_server *s)
{
    s->done = NULL;
    s->draining = true;
    http_listeners_close(s);
    struct http_conn *c;
    while ((c = TAILQ_FIRST(&s->all))) {
        c->lost = LOST_CLOSE;
        http_conn_settle(c);
    }
    deadlines_fini(&s->deadlines);
    if (s->turn_event)
        event_free(s->turn_event);
    if (s->done_event)
        event_free(s->done_event);
    for (size_t i = 0; i < s->n_spares; i++)
        buf_fini(&s->spares[i]);
    buf_fini(&s->spare_body);
    free(s->scratch);
    free(s);
}

void
http_server_adopt(struct http_server *s, int fd, struct http_tls *tls)
{
    struct http_conn *c = http_conn_create(s, fd, tls);
    if (!c) {
        s->stats.accept_errors++;
        return;
    }
    s->stats.accepted++;
    s->stats.connections++;
    http_conn_settle(c);
}

static void
finish_drain(struct http_server *s)
{
    if (s->draining && s->stats.connections == 0)
        event_active(s->done_event, 0, 0);
}

void
http_server_forget(struct http_server *s, struct http_conn *c)
{
    (void)c;
    s->stats.connections--;
    http_listeners_resume(s);
    finish_drain(s);
}

/* Idle connections are closed at the end of the turn. */
static void
touch_all(struct http_server *s)
{
    struct http_conn *c;
    TAILQ_FOREACH(c, &s->all, all)
    http_conn_touch(c);
}

void
http_server_drain(struct http_server *s, void (*done)(void *arg), void *arg)
{
    if (s->draining) { /* no more patience */
        s->is_patient = false;
        touch_all(s);
        return;
    }
    s->done = done;
    s->done_arg = arg;
    http_listeners_close(s);
    s->draining = true;
    touch_all(s);
    finish_drain(s);
}

void
http_server_leave(struct http_server *s, void (*done)(void *arg), void *arg)
{
    s->is_patient = !s->draining;
    http_server_drain(s, done, arg);
}

const struct http_stats *
http_server_stats(const struct http_server *s)
{
    return &s->stats;
}

struct str
http_server_date(struct http_server *s)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct timeval now;
    event_base_gettimeofday_cached(s->base, &now);
    if (now.tv_sec != s->date_at) {
        struct tm t;
        gmtime_r(&now.tv_sec, &t);
        snprintf(s->date, sizeof s->date, "Date: %.3s, %02u %.3s %04u %02u:%02u:%02u GMT\r\n",
                 days + 3 * t.tm_wday, (unsigned)t.tm_mday % 100, months + 3 * t.tm_mon,
                 (unsigned)(t.tm_year + 1900) % 10000, (unsigned)t.tm_hour % 100,
                 (unsigned)t.tm_min % 100, (unsigned)t.tm_sec % 100);
        s->date_at = now.tv_sec;
    }
    return str_from(s->date);
}

void
http_server_lend(struct http_server *s, struct buf *b)
{
    if (s->n_spares == 0)
        return;
    struct buf *spare = &s->spares[--s->n_spares];
    ASAN_UNPOISON_MEMORY_REGION(spare->p, spare->room);
    b->p = spare->p;
    b->room = spare->room;
}

void
http_server_give_back(struct http_server *s, struct buf *b)
{
    if (s->n_spares == HTTP_SPARES || b->room > HTTP_SPARE_MAX) {
        buf_fini(b);
        return;
    }
    ASAN_POISON_MEMORY_REGION(b->p, b->room);
    s->spares[s->n_spares++] = *b;
    b->p = NULL;
    b->room = 0;
}
