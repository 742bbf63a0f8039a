/* `media`: what llmux fetches where a policy says so. */
#include <stddef.h>

#include "server/config/sections.h"
#include "server/wire/network.h"

#define SECOND ((uint64_t)1000)
#define MIB    ((uint64_t)1 << 20)

const struct config_media config_media_defaults = {
    .max_bytes = 20 * MIB,
    .timeout = 10 * SECOND,
    .redirects = 3,
};

static bool
read_network(struct config_reader *r, const struct config_field *f, const struct node *n,
             struct network *out)
{
    struct str text;
    if (!config_text(r, f->key, n, &text))
        return false;
    if (network_read(text, out))
        return true;
    config_fail(r, n, "\"%.*s\" is no network: write 10.1.0.0/16, fd00::/8, or one address",
                STR_ARG(text));
    return false;
}

static bool
read_networks(struct config_reader *r, const struct config_field *f, const struct node *n,
              void *out)
{
    struct config_media *m = out;
    bool ok = true;
    if (!config_check_kind(r, f, n, NODE_LIST, "a list such as [10.1.0.0/16]"))
        return false;
    if (n->n > CONFIG_NETWORKS) {
        config_fail(r, n, "\"%s\" has more than %u entries", f->key, CONFIG_NETWORKS);
        return false;
    }
    m->networks = arena_alloc(r->arena, (n->n + 1) * sizeof *m->networks);
    if (!m->networks)
        return false;
    m->n_networks = n->n;
    for (unsigned i = 0; i < n->n; i++)
        ok &= read_network(r, f, n->v[i].value, &m->networks[i]);
    return ok;
}

/* clang-format off */
#define AT(member) offsetof(struct config_media, member)

static const struct config_field media_fields[] = {
    { "max_bytes", config_read_size,     AT(max_bytes), .min = 1024, .max = 200 * MIB },
    { "timeout",   config_read_duration, AT(timeout),   .min = 1,    .max = 600 * SECOND },
    { "redirects", config_read_int,      AT(redirects), .min = 0,    .max = 20 },
    { "allow",     read_networks,        0,             .need = CONFIG_OPTIONAL },
};
/* clang-format on */
#undef AT
const struct config_record config_media_record = CONFIG_RECORD("media", media_fields);
