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

struct site *
site_find(struct site_table *t, const struct parsed_url *u, struct trust *trust)
{
    struct site **end = &t->first;
    for (; *end; end = &(*end)->next) {
        const struct site *s = *end;
        if (s->tls == u->tls && s->trust == trust && strcmp(s->origin, u->origin) == 0)
            return *end;
    }
    *end = site_make(u, trust);
    return *end;
}

void
site_table_fini(struct site_table *t)
{
    for (struct site *s = t->first, *next; s; s = next) {
        next = s->next;
        site_free(s);
    }
    t->first = NULL;
}
