/* Any bytes are either a config or a list of errors, and either can be read to its last byte. */
#include <stdint.h>
#include <stdlib.h>

#include "server/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check(bool ok)
{
    if (!ok)
        abort();
}

static enum config_type
type(void *ctx, struct str name)
{
    (void)ctx;
    return name.n % 3 == 0   ? CONFIG_TYPE_UNKNOWN
           : name.n % 3 == 1 ? CONFIG_TYPE_NEEDS_URL
                             : CONFIG_TYPE_COMPLETE;
}

static struct str
type_name(void *ctx, unsigned i)
{
    (void)ctx;
    return i < 2 ? STR("openai") : (struct str){ 0 };
}

static bool
policy(void *ctx, struct str t, struct str key, struct str value, struct buf *why)
{
    (void)ctx;
    (void)t;
    buf_puts(why, value);
    return key.n % 2 == 0;
}

static struct str
setting(void *ctx, struct str name, unsigned i, bool *needed)
{
    (void)ctx, (void)name;
    *needed = i == 0;
    return i == 0 ? STR("region") : i == 1 ? STR("version") : (struct str){ NULL, 0 };
}

static const char *
env(void *ctx, const char *name)
{
    (void)ctx;
    return name[0] == 'A' ? "value" : NULL;
}

static bool
file(void *ctx, const char *path, struct buf *content, struct buf *why)
{
    (void)ctx;
    buf_puts(strlen(path) % 2 ? content : why, str_from(path));
    return strlen(path) % 2;
}

static size_t
sum(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += (unsigned char)s.p[i];
    return n;
}

static size_t
walk_routing(const struct config_routing *r)
{
    size_t n = 0;
    check(r->fallback_depth >= 1 && r->fallback_depth <= 10);
    for (unsigned t = 0; t < CONFIG_TROUBLES; t++)
        for (unsigned i = 0; i < r->fallbacks[t].n; i++)
            for (unsigned k = 0; k < r->fallbacks[t].v[i].n_to; k++)
                n += sum(r->fallbacks[t].v[i].model) + sum(r->fallbacks[t].v[i].to[k]);
    for (unsigned i = 0; i < r->n_groups; i++)
        n += sum(r->groups[i].name);
    for (unsigned i = 0; i < r->n_aliases; i++)
        n += sum(r->aliases[i].name) + sum(r->aliases[i].model);
    return n;
}

/* Reads every text; the sanitizer does the rest. */
static size_t
walk(const struct config *c)
{
    size_t n = 0;
    check(c->server.n_listen > 0 && c->n_providers > 0 && c->routing.retries <= 10);
    check((c->server.tls_cert.p == NULL) == (c->server.tls_key.p == NULL));
    for (unsigned i = 0; i < c->server.n_listen; i++)
        n += sum(c->server.listen[i].text) + sum(c->server.listen[i].host);
    for (unsigned i = 0; i < c->n_providers; i++) {
        const struct config_provider *p = &c->providers[i];
        check(p->name.n && p->type.n && p->n_models > 0);
        n += sum(p->name) + sum(p->base_url) + sum(p->api_key) + sum(p->proxy) + sum(p->ca_file);
        for (unsigned k = 0; k < p->n_models; k++) {
            check(p->models[k].tier >= 1 && p->models[k].weight <= 1000);
            n += sum(p->models[k].name) + sum(p->models[k].upstream);
        }
        for (unsigned k = 0; k < p->n_headers; k++)
            n += sum(p->headers[k].key) + sum(p->headers[k].value);
        for (unsigned k = 0; k < p->n_policies; k++)
            n += sum(p->policies[k].key) + sum(p->policies[k].value);
    }
    n += walk_routing(&c->routing);
    for (unsigned i = 0; i < c->n_secrets; i++)
        n += sum(c->secrets[i]);
    return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct config_world world = { .type = type,
                                               .type_name = type_name,
                                               .policy = policy,
                                               .setting = setting,
                                               .env = env,
                                               .file = file };
    struct arena a;
    struct config_errors errors;
    struct buf text;
    size_t seen = 0;
    if (n < 1)
        return 0;
    arena_init(&a, data[0] == '#' ? (size_t)16 << 20 : 16384 + 256 * (size_t)data[0]);
    const struct config *c = config_parse(str_make((const char *)data, n), "dir/x", &world, &a,
                                          &errors);
    check((c == NULL) == (errors.n > 0));
    if (c)
        seen += walk(c);
    buf_init(&text, 1 << 20);
    config_errors_print(&errors, &text);
    seen += sum(buf_str(&text));
    for (unsigned i = 1; i < errors.n; i++)
        check(!errors.v[i].line || errors.v[i - 1].line <= errors.v[i].line);
    buf_fini(&text);
    arena_fini(&a);
    return seen == SIZE_MAX;
}
