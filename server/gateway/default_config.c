/* A config made from the registry. */
#include "server/gateway/default_config.h"

#include "runtime/xd/registry.h"
#include "server/gateway/front.h"

static void
write_provider(const struct xd_dialect *d, struct str host, const char *more, struct buf *out)
{
    buf_printf(out, "  - name: emulated-%s\n    type: %s\n    base_url: \"%.*s/%s/v1\"\n", d->name,
               d->name, STR_ARG(host), d->name);
    buf_puts(out, STR("    auth: { scheme: none }\n"));
    buf_printf(out, "    models:\n      - { name: \"%s/*\", upstream: \"*\" }\n", d->name);
    for (unsigned i = 0; i < d->nmodels; i++)
        buf_printf(out, "      - \"%.*s\"\n", STR_ARG(d->models[i]));
    buf_puts(out, str_from(more));
}

void
default_config_write(struct str emulator, struct buf *out)
{
    static const struct str version = STR_INIT("/v1");
    const struct xd_dialect *plain = front_of_headers(&(struct http_head){ .n_headers = 0 });
    struct str host = emulator;
    if (str_ends(host, version))
        host.n -= version.n;
    buf_puts(out, STR("server:\n  listen: ${LLMUX_LISTEN:127.0.0.1:8080}\nproviders:\n"));
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        write_provider(*d, host, *d == plain ? "      - \"*\"\n" : "", out);
}
