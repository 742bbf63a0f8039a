/* Sites; see site.h. */
#include "server/upstream/site.h"

#include <stdlib.h>
#include <string.h>

static void
site_free(struct site *s)
{
    SSL_SESSION_free(s->session);
    free(s->origin);
    free(s->host);
    free(s);
}

static struct site *
site_make(const struct parsed_url *u, struct trust *trust)
{
    struct site *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct site){ .tls = u->tls, .trust = trust };
    s->origin = strdup(u->origin);
    s->host = strdup(u->host);
    TAILQ_INIT(&s->idle);
    if (s->origin && s->host)
        return s;
    site_free(s);
    return NULL;
}

static void
drop_unused(struct site_table *t)
{
    for (struct site **at = &t->first, *s; (s = *at);) {
        if (s->users) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        site_free(s);
        t->n--;
    }
}

struct site *
site_find(struct site_table *t, const struct parsed_url *u, struct trust *trust)
{
    for (struct site *s = t->first; s; s = s->next)
        if (s->tls == u->tls && s->trust == trust && strcmp(s->origin, u->origin) == 0)
            return s;
    if (t->n >= SITES_KEPT)
        drop_unused(t);
    struct site *s = site_make(u, trust);
    if (!s)
        return NULL;
    s->next = t->first;
    t->first = s;
    t->n++;
    return s;
}

void
site_table_fini(struct site_table *t)
{
    for (struct site *s = t->first, *next; s; s = next) {
        next = s->next;
        site_free(s);
    }
    *t = (struct site_table){ .first = NULL };
}
