/* See source.h. */
#include "codegen/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static unsigned
count_lines(struct str text)
{
    unsigned n = 1;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    return n;
}

/* Take over text, which lies in the arena and has a NUL behind it. */
static const struct source *
make(struct arena *a, struct str path, struct str text)
{
    struct source *src = arena_alloc(a, sizeof *src);
    unsigned n = count_lines(text);
    uint32_t *lines = arena_alloc(a, n * sizeof *lines);
    struct str own_path = arena_str(a, path);
    if (!src || !lines || (!own_path.p && path.p))
        return NULL;
    unsigned k = 1;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '\n')
            lines[k++] = (uint32_t)i + 1;
    *src = (struct source){ .path = own_path, .text = text, .lines = lines, .n_lines = n };
    return src;
}

/* Everything up to the end of file, in doubling steps inside the arena. */
static enum err
slurp(struct arena *a, FILE *file, struct str *out, struct fault *f)
{
    size_t room = 8192, n = 0;
    char *p = arena_bytes(a, room + 1);
    while (p) {
        n += fread(p + n, 1, room - n, file);
        if (n < room)
            break;
        if (room >= SOURCE_MAX)
            return fault_set(f, ERR_LIMIT, n, "longer than %u bytes", SOURCE_MAX);
        char *more = arena_bytes(a, room * 2 + 1);
        if (more)
            memcpy(more, p, n);
        p = more;
        room *= 2;
    }
    if (!p)
        return fault_set(f, ERR_LIMIT, n, "out of memory");
    if (ferror(file))
        return fault_set(f, ERR_TRUNCATED, n, "%s", strerror(errno));
    p[n] = '\0';
    *out = str_make(p, n);
    return ERR_OK;
}

enum err
source_read(struct arena *a, const char *path, const struct source **out, struct fault *f)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return fault_set(f, ERR_TRUNCATED, 0, "%s", strerror(errno));
    struct str text = { 0 };
    enum err err = slurp(a, file, &text, f);
    fclose(file);
    if (err)
        return err;
    *out = make(a, str_from(path), text);
    return *out ? ERR_OK : fault_set(f, ERR_LIMIT, 0, "out of memory");
}

const struct source *
source_of_text(struct arena *a, struct str path, struct str text)
{
    if (text.n > SOURCE_MAX)
        return NULL;
    char *p = arena_bytes(a, text.n + 1);
    if (!p)
        return NULL;
    if (text.n)
        memcpy(p, text.p, text.n);
    p[text.n] = '\0';
    return make(a, path, str_make(p, text.n));
}

struct place
source_place(const struct source *src, uint32_t at)
{
    if (at > src->text.n)
        at = (uint32_t)src->text.n;
    unsigned low = 0, high = src->n_lines; /* lines[low] <= at < lines[high] */
    while (high - low > 1) {
        unsigned mid = low + (high - low) / 2;
        if (src->lines[mid] <= at)
            low = mid;
        else
            high = mid;
    }
    struct place place = { .line = low + 1, .col = 1 };
    for (uint32_t i = src->lines[low]; i < at; i++)
        place.col += (src->text.p[i] & 0xC0) != 0x80;
    return place;
}

uint32_t
source_line_start(const struct source *src, unsigned line)
{
    return src->lines[line - 1];
}

struct str
source_line(const struct source *src, unsigned line)
{
    uint32_t from = src->lines[line - 1];
    uint32_t to = line < src->n_lines ? src->lines[line] - 1 : (uint32_t)src->text.n;
    if (to > from && src->text.p[to - 1] == '\r')
        to--;
    return str_make(src->text.p + from, to - from);
}
