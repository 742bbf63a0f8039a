/* See plugins.h. */
#include "server/plugins/plugins.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/xd/registry.h"

#define PLUGINS_MAX 256u
#define PATH_BYTES  4096

/* One file that is loaded.  The linker knows objects by their names, and would take a new file for the
 * old one of the same name: so it is told "/proc/self/fd/N", which is nobody else's name for as long
 * as the descriptor is open. */
struct object {
    atomic_uint refs;
    int fd;      /* owned */
    void *image; /* owned */
    dev_t device;
    ino_t inode;
    struct timespec changed;
    const struct xd_dialect *dialect;
};

struct plugins {
    const struct plugins *older;
    struct object *v[PLUGINS_MAX]; /* owned together with other sets */
    unsigned n;
};

struct plugins *
plugins_create(const struct plugins *older)
{
    struct plugins *p = calloc(1, sizeof *p);
    if (p)
        p->older = older;
    return p;
}

static void
drop(struct object *o)
{
    if (atomic_fetch_sub(&o->refs, 1) != 1)
        return;
    if (o->image)
        dlclose(o->image);
    close(o->fd);
    free(o);
}

void
plugins_destroy(struct plugins *p)
{
    for (unsigned i = 0; p && i < p->n; i++)
        drop(p->v[i]);
    free(p);
}

const struct xd_dialect *
plugins_find(const struct plugins *p, struct str name)
{
    const struct xd_dialect *d = xd_find(name);
    for (unsigned i = 0; p && !d && i < p->n; i++)
        if (str_is(name, p->v[i]->dialect->name))
            d = p->v[i]->dialect;
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
    return p && i - n < p->n ? p->v[i - n]->dialect : NULL;
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

/* The same file, unchanged, in the older set; NULL when it is not there. */
static struct object *
find_loaded(const struct plugins *p, const struct stat *st)
{
    for (unsigned i = 0; p->older && i < p->older->n; i++) {
        struct object *o = p->older->v[i];
        if (o->device == st->st_dev && o->inode == st->st_ino
            && o->changed.tv_sec == st->st_mtim.tv_sec && o->changed.tv_nsec == st->st_mtim.tv_nsec)
            return o;
    }
    return NULL;
}

/* Takes fd. */
static struct object *
load_object(int fd, const struct stat *st, struct buf *why)
{
    char name[32];
    struct object *o = calloc(1, sizeof *o);
    if (!o) {
        buf_puts(why, STR("out of memory"));
        close(fd);
        return NULL;
    }
    *o = (struct object){
        .fd = fd, .device = st->st_dev, .inode = st->st_ino, .changed = st->st_mtim
    };
    atomic_init(&o->refs, 1);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    o->image = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (o->image)
        return o;
    buf_puts(why, str_from(dlerror()));
    drop(o);
    return NULL;
}

/* Load or share what is behind fd, which is taken. */
static bool
take_object(struct plugins *p, int fd, struct buf *why)
{
    struct stat st;
    if (p->n == PLUGINS_MAX || fstat(fd, &st) < 0) {
        if (p->n == PLUGINS_MAX)
            buf_printf(why, "there are more than %u", PLUGINS_MAX);
        else
            buf_puts(why, str_from(strerror(errno)));
        close(fd);
        return false;
    }
    struct object *o = find_loaded(p, &st);
    if (o) {
        atomic_fetch_add(&o->refs, 1);
        close(fd);
    } else {
        o = load_object(fd, &st, why);
    }
    const struct xd_dialect *d = o ? dialect_of(p, o->image, why) : NULL;
    if (!d) {
        if (o)
            drop(o);
        return false;
    }
    if (!o->dialect)
        o->dialect = d;
    p->v[p->n++] = o;
    return true;
}

static int
is_object(const struct dirent *e)
{
    return e->d_name[0] != '.' && str_ends(str_from(e->d_name), STR(".so"));
}

static bool
load_file(struct plugins *p, const char *folder, const char *name, struct buf *why)
{
    struct buf path, reason;
    buf_init(&path, PATH_BYTES);
    buf_init(&reason, PATH_BYTES);
    buf_printf(&path, "%s/%s", folder, name);
    buf_put(&path, "", 1);
    int fd = path.err ? -1 : open(buf_str(&path).p, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        buf_puts(&reason, str_from(path.err ? "its path is too long" : strerror(errno)));
    bool ok = fd >= 0 && take_object(p, fd, &reason);
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
    p->older = NULL;
    return ok;
}
