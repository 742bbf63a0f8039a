/* See lease.h. */
#include "server/gateway/lease.h"

#include <stdlib.h>

#include "server/gateway/clock.h"

/* The keeper that an older snapshot has for the same account of the same deployment. */
static const struct keeper *
find_keeper(const struct lease *l, const struct deployment *d)
{
    const struct gateway *g = l->gateway;
    for (unsigned i = 0; i < g->config->n_providers; i++)
        if (str_eq(g->config->providers[i].name, d->config->name))
            return identity_is_same(&g->deployments[i].identity, &d->identity) ? &l->keepers[i]
                                                                               : NULL;
    return NULL;
}

static void
make_keepers(struct lease *l, struct upstream *upstream, const struct lease *older)
{
    for (unsigned i = 0; i < l->gateway->config->n_providers; i++) {
        const struct deployment *d = &l->gateway->deployments[i];
        keeper_init(&l->keepers[i], &d->identity, upstream, d->config->ca_file, d->config->proxy,
                    clock_wall_s);
        const struct keeper *known = older && identity_is_live(&d->identity) ? find_keeper(older, d)
                                                                             : NULL;
        if (known)
            keeper_inherit(&l->keepers[i], known);
    }
}

struct lease *
lease_create(struct gateway *g, struct upstream *upstream, const struct lease *older)
{
    struct lease *l = calloc(1, sizeof *l);
    struct keeper *keepers = calloc(g->config->n_providers, sizeof *keepers);
    if (!l || !keepers) {
        free(l);
        free(keepers);
        gateway_drop(g);
        return NULL;
    }
    *l = (struct lease){ .gateway = g, .keepers = keepers, .users = 1 };
    make_keepers(l, upstream, older);
    return l;
}

struct lease *
lease_take(struct lease *l)
{
    l->users++;
    return l;
}

void
lease_drop(struct lease *l)
{
    if (!l || --l->users > 0)
        return;
    for (unsigned i = 0; i < l->gateway->config->n_providers; i++)
        keeper_fini(&l->keepers[i]);
    free(l->keepers);
    gateway_drop(l->gateway);
    free(l);
}

struct keeper *
lease_keeper(const struct lease *l, const struct deployment *d)
{
    return identity_is_live(&d->identity) ? &l->keepers[d - l->gateway->deployments] : NULL;
}
