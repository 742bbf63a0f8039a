/* Links between two calls. */
#include "server/upstream/client.h"

/* One with news, which wait to be looked at, is closed: what the peer says unasked would be taken for the next reply. */
struct link *
link_take(struct site *s)
{
    struct link *l;
    while ((l = TAILQ_FIRST(&s->idle)) && l->has_news)
        link_close(l);
    if (!l)
        return NULL;
    TAILQ_REMOVE(&s->idle, l, link);
    s->n_idle--;
    l->idle_since = 0;
    return l;
}

void
link_keep(struct link *l, struct upstream *u, uint64_t now)
{
    struct site *s = l->site;
    link_quiet(l);
    if (!link_listen(l, true)) {
        link_close(l);
        return;
    }
    l->idle_since = now;
    TAILQ_INSERT_HEAD(&s->idle, l, link);
    s->n_idle++;
    if (s->n_idle > u->options.idle_links)
        link_close(TAILQ_LAST(&s->idle, link_list));
    upstream_reap_by(u, now + (uint64_t)u->options.idle_link_ms * 1000);
}

uint64_t
links_reap(struct upstream *u, uint64_t now)
{
    uint64_t next = LAZY_TIMER_OFF, wait = (uint64_t)u->options.idle_link_ms * 1000;
    for (struct site *s = u->sites.first; s; s = s->next) {
        struct link *l;
        while ((l = TAILQ_LAST(&s->idle, link_list)) && l->idle_since + wait <= now)
            link_close(l);
        if (l && l->idle_since + wait < next)
            next = l->idle_since + wait;
    }
    return next;
}
