/* From a file to a checked config; see config.h. */
#include "server/config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config/reader.h"

const char *
config_world_env(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

/* Only ordinary files: a pipe or a device could block or never end. */
static const char *
read_file(int fd, struct buf *content)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return strerror(errno);
    if (!S_ISREG(st.st_mode))
        return "not an ordinary file";
    if ((uint64_t)st.st_size > content->cap)
        return "too large";
    for (;;) {
        char *p = buf_room(content, (size_t)st.st_size - content->n + 1);
        if (!p)
            return "too large";
        ssize_t n = read(fd, p, (size_t)st.st_size - content->n + 1);
        if (n < 0)
            return strerror(errno);
        if (n == 0)
            return NULL;
        content->n += (size_t)n;
        if (content->n > (size_t)st.st_size)
            return "growing while it is read";
    }
}

bool
config_world_file(void *ctx, const char *path, struct buf *content, struct buf *why)
{
    (void)ctx;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const char *wrong = fd < 0 ? strerror(errno) : read_file(fd, content);
    if (fd >= 0)
        close(fd);
    if (wrong)
        buf_puts(why, str_from(wrong));
    return wrong == NULL;
}

/* Stable, by line and column; errors about the file as a whole come last. */
static void
sort_errors(struct config_errors *e)
{
    for (unsigned i = 1; i < e->n; i++) {
        struct config_error x = e->v[i];
        unsigned k = i;
        for (; k > 0; k--) {
            const struct config_error *y = &e->v[k - 1];
            bool after = !y->line ? x.line != 0
                                  : x.line
                                        && (y->line > x.line
                                            || (y->line == x.line && y->column > x.column));
            if (!after)
                break;
            e->v[k] = *y;
        }
        e->v[k] = x;
    }
}

static struct str
directory(const char *name)
{
    const char *slash = strrchr(name, '/');
    if (!slash)
        return (struct str){ 0 };
    return slash == name ? STR("/") : str_make(name, (size_t)(slash - name));
}

struct config *
config_parse(struct str bytes, const char *name, const struct config_world *world, struct arena *a,
             struct config_errors *errors)
{
    *errors = (struct config_errors){ .file = arena_str(a, str_from(name)) };
    struct config_reader r = {
        .world = world, .arena = a, .errors = errors, .dir = directory(name)
    };
    struct node *root = NULL;
    if (bytes.n > CONFIG_BYTES_MAX)
        config_fail(&r, NULL, "the file is larger than 1 MiB");
    else
        root = config_tree(&r, bytes);
    struct config *c = root ? config_finish(&r, root) : NULL;
    if (a->full)
        config_fail(&r, NULL, "the config needs more than %zu bytes of memory", a->cap);
    sort_errors(errors);
    return errors->n ? NULL : c;
}

struct config *
config_load(const char *path, const struct config_world *world, struct arena *a,
            struct config_errors *errors)
{
    struct buf content, why;
    buf_init(&content, CONFIG_BYTES_MAX);
    buf_init(&why, FAULT_TEXT);
    struct config *c = NULL;
    if (config_world_file(NULL, path, &content, &why)) {
        c = config_parse(buf_str(&content), path, world, a, errors);
    } else {
        *errors = (struct config_errors){ .file = arena_str(a, str_from(path)), .n = 1 };
        errors->v[0].text = arena_printf(a, "cannot read the config: %.*s", STR_ARG(buf_str(&why)));
    }
    buf_fini(&content);
    buf_fini(&why);
    return c;
}

void
config_errors_print(const struct config_errors *errors, struct buf *out)
{
    for (unsigned i = 0; i < errors->n; i++) {
        const struct config_error *e = &errors->v[i];
        buf_puts(out, errors->file);
        if (e->line)
            buf_printf(out, ":%u:%u", e->line, e->column);
        buf_printf(out, ": %.*s\n", STR_ARG(e->text));
    }
    if (errors->more)
        buf_printf(out, "%.*s: and %u more errors\n", STR_ARG(errors->file), errors->more);
}
