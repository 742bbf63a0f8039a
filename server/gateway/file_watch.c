/* inotify on each directory on the way to a file. */
#include "server/gateway/file_watch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 16
/* Not IN_CREATE alone: who makes a file closes it, too; but a link is made at once. */
#define EVENTS (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR)

struct file_watch {
    int fd;
    char path[PATH_MAX];
    struct {
        int id;
        char folder[PATH_MAX];
    } v[LINKS_MAX];
    unsigned n;
};

static void
watch_folder(struct file_watch *w, const char *folder)
{
    int id = w->n < LINKS_MAX ? inotify_add_watch(w->fd, folder, EVENTS) : -1;
    for (unsigned i = 0; i < w->n; i++)
        if (w->v[i].id == id)
            return;
    if (id < 0)
        return;
    w->v[w->n].id = id;
    snprintf(w->v[w->n++].folder, PATH_MAX, "%s", folder);
}

/* Watch where the first `n` bytes of the path end in a name, and put the target of that name into
 * the path if it is a link.  True when it was. */
static bool
follow(struct file_watch *w, char path[PATH_MAX], size_t n)
{
    char target[PATH_MAX], folder[PATH_MAX], rest[PATH_MAX];
    snprintf(rest, sizeof rest, "%s", path + n);
    char ended = path[n];
    path[n] = '\0';
    ssize_t length = readlink(path, target, sizeof target - 1);
    path[n] = ended;
    if (length < 0 && rest[0])
        return false;
    char *slash = memrchr(path, '/', n);
    size_t before = slash ? (size_t)(slash - path) : 0;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash ? before + !before : 1),
             slash ? path : ".");
    watch_folder(w, folder);
    if (length < 0)
        return false;
    target[length] = '\0';
    char joined[2 * PATH_MAX + 2];
    if (target[0] == '/')
        snprintf(joined, sizeof joined, "%s%s", target, rest);
    else
        snprintf(joined, sizeof joined, "%.*s%s%s", (int)(slash ? before + 1 : 0), path, target,
                 rest);
    if (strlen(joined) >= PATH_MAX)
        return false;
    memcpy(path, joined, strlen(joined) + 1);
    return true;
}

/* Where the name that begins at `from` ends. */
static size_t
end_of_name(const char *path, size_t from)
{
    while (path[from] == '/')
        from++;
    return from + strcspn(path + from, "/");
}

void
file_watch_renew(struct file_watch *w)
{
    char path[PATH_MAX];
    unsigned links = 0;
    for (unsigned i = 0; i < w->n; i++)
        inotify_rm_watch(w->fd, w->v[i].id);
    w->n = 0;
    memcpy(path, w->path, sizeof path);
    for (size_t end = end_of_name(path, 0);;) {
        if (follow(w, path, end) && ++links < LINKS_MAX)
            end = end_of_name(path, 0);
        else if (path[end])
            end = end_of_name(path, end);
        else
            return;
    }
}

struct file_watch *
file_watch_create(const char *path)
{
    struct file_watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (w->fd < 0 || strlen(path) >= sizeof w->path) {
        file_watch_destroy(w);
        return NULL;
    }
    memcpy(w->path, path, strlen(path) + 1);
    file_watch_renew(w);
    return w;
}

void
file_watch_destroy(struct file_watch *w)
{
    if (!w)
        return;
    if (w->fd >= 0)
        close(w->fd);
    free(w);
}

int
file_watch_fd(const struct file_watch *w)
{
    return w->fd;
}

static bool
is_link(const struct file_watch *w, const struct inotify_event *e)
{
    char path[2 * PATH_MAX];
    struct stat st;
    for (unsigned i = 0; i < w->n; i++)
        if (w->v[i].id == e->wd) {
            snprintf(path, sizeof path, "%s/%s", w->v[i].folder, e->len ? e->name : "");
            return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
        }
    return false;
}

bool
file_watch_read(struct file_watch *w)
{
    _Alignas(struct inotify_event) char bytes[8192];
    bool changed = false;
    ssize_t n;
    while ((n = read(w->fd, bytes, sizeof bytes)) > 0)
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *e = (const struct inotify_event *)(bytes + at);
            changed |= (e->mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_Q_OVERFLOW)) != 0
                       || ((e->mask & IN_CREATE) && is_link(w, e));
            at += (ssize_t)(sizeof *e + e->len);
        }
    return changed;
}
