/* One curl multi on libevent's loop; see client.h for what may happen when. */
#include <stdlib.h>

#include "server/upstream/client.h"

static void
multi_set_due(struct multi *m)
{
    if (m->due)
        return;
    m->due = true;
    TAILQ_INSERT_TAIL(&m->u->due, m, due_link);
    upstream_kick(m->u);
}

static int
on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *sock)
{
    (void)easy;
    (void)sock;
    struct multi *m = arg;
    return sock_want(&m->u->socks, m, fd, what);
}

static int
on_curl_timer(CURLM *curl, long ms, void *arg)
{
    (void)curl;
    struct multi *m = arg;
    if (ms == 0)
        multi_set_due(m);
    else
        lazy_timer_set(&m->timer, ms < 0 ? LAZY_TIMER_OFF : lazy_timer_now() + (uint64_t)ms * 1000);
    return 0;
}

static void
on_timer(void *arg)
{
    multi_run(arg, CURL_SOCKET_TIMEOUT, 0);
}

static struct multi *
multi_create(struct upstream *u, struct trust *trust)
{
    if (u->n_multis == u->room_multis) {
        unsigned room = u->room_multis ? 2 * u->room_multis : 4;
        struct multi **v = realloc(u->multis, room * sizeof(struct multi *));
        if (!v)
            return NULL;
        u->multis = v;
        u->room_multis = room;
    }
    struct multi *m = calloc(1, sizeof *m);
    CURLM *curl = curl_multi_init();
    if (!m || !curl) {
        free(m);
        curl_multi_cleanup(curl);
        return NULL;
    }
    *m = (struct multi){ .u = u, .curl = curl, .trust = trust };
    lazy_timer_init(&m->timer, u->base, on_timer, m);
    curl_multi_setopt(curl, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(curl, CURLMOPT_SOCKETDATA, m);
    curl_multi_setopt(curl, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(curl, CURLMOPT_TIMERDATA, m);
    /* The default, four times the calls of the moment, closes connections whenever load drops. */
    curl_multi_setopt(curl, CURLMOPT_MAXCONNECTS, (long)u->options.busy_per_multi);
    u->multis[u->n_multis++] = m;
    return m;
}

struct multi *
multi_pick(struct upstream *u, struct trust *trust)
{
    for (unsigned i = 0; i < u->n_multis; i++) {
        struct multi *m = u->multis[i];
        if (m->busy < u->options.busy_per_multi && m->trust == trust)
            return m;
    }
    return multi_create(u, trust);
}

void
multi_destroy(struct multi *m)
{
    struct upstream *u = m->u;
    curl_multi_cleanup(m->curl); /* may still ask for its timer */
    if (m->due)
        TAILQ_REMOVE(&u->due, m, due_link);
    lazy_timer_fini(&m->timer);
    unsigned i = 0;
    while (u->multis[i] != m)
        i++;
    for (u->n_multis--; i < u->n_multis; i++)
        u->multis[i] = u->multis[i + 1];
    free(m);
}

CURLMcode
multi_add(struct multi *m, struct transfer *t)
{
    CURLMcode rc = curl_multi_add_handle(m->curl, t->easy);
    if (rc != CURLM_OK)
        return rc;
    t->m = m;
    m->busy++;
    multi_set_due(m);
    return rc;
}

void
multi_remove(struct upstream *u, struct transfer *t)
{
    struct multi *m = t->m;
    if (!m)
        return;
    curl_multi_remove_handle(m->curl, t->easy);
    t->m = NULL;
    if (--m->busy == 0 && m != u->multis[0]) {
        m->idle_since = lazy_timer_now();
        upstream_reap_by(u, m->idle_since + (uint64_t)u->options.idle_multi_ms * 1000);
    }
}

void
multi_run(struct multi *m, curl_socket_t fd, int events)
{
    int running;
    m->inside = true;
    curl_multi_socket_action(m->curl, fd, events, &running);
    m->inside = false;
    upstream_settle(m);
}

void
multi_resume(struct upstream_call *c)
{
    struct multi *m = c->transfer.m;
    m->inside = true;
    CURLcode rc = curl_easy_pause(c->transfer.easy, CURLPAUSE_CONT);
    m->inside = false;
    if (rc != CURLE_OK) /* on_data refused; curl would not end the call by itself */
        upstream_over(c, rc);
    upstream_settle(m);
}
