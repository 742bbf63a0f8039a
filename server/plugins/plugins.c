/* See plugins.h. */
#include "server/plugins/plugins.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#include "runtime/xd/registry.h"

#define PLUGINS_MAX 256u
#define PATH_BYTES  4096

struct plugin {
    void *object; /* owned */
    const struct xd_dialect *dialect;
};

struct plugins {
    struct plugin v[PLUGINS_MAX];
    unsigned n;
};

struct plugins *
plugins_create(void)
{
    return calloc(1, sizeof(struct plugins));
}

void
plugins_destroy(struct plugins *p)
{
    for (unsigned i = 0; p && i < p->n; i++)
        dlclose(p->v[i].object);
    free(p);
}

const struct xd_dialect *
plugins_find(const struct plugins *p, struct str name)
{
    const struct xd_dialect *d = xd_find(name);
    for (unsigned i = 0; p && !d && i < p->n; i++)
        if (str_is(name, p->v[i].dialect->name))
            d = p->v[i].dialect;
    return d;
}

const struct xd_dialect *
plugins_at(const struct plugins *p, unsigned i)
{
    unsigned n = 0;
    while (n < i && xd_registry[n])
        n++;
    if (xd_registry[n])
        return xd_registry[n];
    return p && i - n < p->n ? p->v[i - n].dialect : NULL;
}

/* The dialect of an object; NULL with the reason in why.  Nothing but the ABI number may be looked
 * at before that is the right one. */
static const struct xd_dialect *
dialect_of(const struct plugins *p, void *object, struct buf *why)
{
    const struct xd_dialect *(*plugin)(void);
    *(void **)&plugin = dlsym(object, "xd_plugin");
    const struct xd_dialect *d = plugin ? plugin() : NULL;
    if (!d) {
        buf_puts(why, STR("it is no plugin: make it with specc --plugin"));
        return NULL;
    }
    if (d->abi != XD_ABI) {
        buf_printf(why, "it was made for ABI %u, this llmux has %u: make it anew with this specc",
                   (unsigned)d->abi, (unsigned)XD_ABI);
        return NULL;
    }
    if (plugins_find(p, str_from(d->name))) {
        buf_printf(why, "there is a provider or dialect \"%s\" already", d->name);
        return NULL;
    }
    return d;
}

static bool
load_object(struct plugins *p, const char *path, struct buf *why)
{
    if (p->n == PLUGINS_MAX) {
        buf_printf(why, "there are more than %u", PLUGINS_MAX);
        return false;
    }
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object) {
        buf_puts(why, str_from(dlerror()));
        return false;
    }
    const struct xd_dialect *d = dialect_of(p, object, why);
    if (!d) {
        dlclose(object);
        return false;
    }
    p->v[p->n++] = (struct plugin){ object, d };
    return true;
}

static int
is_object(const struct dirent *e)
{
    return e->d_name[0] != '.' && str_ends(str_from(e->d_name), STR(".so"));
}

/* A name without a slash would be looked for among the libraries of the system. */
static bool
load_file(struct plugins *p, const char *folder, const char *name, struct buf *why)
{
    struct buf path, reason;
    buf_init(&path, PATH_BYTES);
    buf_init(&reason, PATH_BYTES);
    buf_printf(&path, "%s%s/%s", *folder == '/' ? "" : "./", folder, name);
    buf_put(&path, "", 1);
    bool ok = !path.err && load_object(p, buf_str(&path).p, &reason);
    if (!ok)
        buf_printf(why, "%s: %.*s", name, STR_ARG(buf_str(&reason)));
    buf_fini(&path);
    buf_fini(&reason);
    return ok;
}

bool
plugins_load(struct plugins *p, const char *folder, struct buf *why)
{
    struct dirent **files = NULL;
    int n = scandir(folder, &files, is_object, alphasort);
    bool ok = n >= 0;
    if (n < 0)
        buf_puts(why, str_from(strerror(errno)));
    for (int i = 0; i < n; i++) {
        ok = ok && load_file(p, folder, files[i]->d_name, why);
        free(files[i]);
    }
    free(files);
    return ok;
}
