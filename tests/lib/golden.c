/* See golden.h. */
#include "tests/lib/golden.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)4 << 20)
#define PATH_LEN 600

static bool
read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    char block[4096];
    size_t n;
    if (!f)
        return false;
    while ((n = fread(block, 1, sizeof block, f)) > 0)
        buf_put(out, block, n);
    fclose(f);
    return out->err == ERR_OK;
}

static bool
write_file(const char *path, struct str text)
{
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    bool ok = fwrite(text.p, 1, text.n, f) == text.n;
    return (fclose(f) == 0) & ok;
}

/* Cut the first line, with its newline, off s. */
static struct str
take_line(struct str *s)
{
    const char *nl = s->n ? memchr(s->p, '\n', s->n) : NULL;
    struct str line = str_make(s->p, nl ? (size_t)(nl - s->p) + 1 : s->n);
    *s = str_skip(*s, line.n);
    return line;
}

static void
print_lines(char sign, struct str s)
{
    while (s.n) {
        struct str line = take_line(&s);
        fprintf(stderr, "%c%.*s%s", sign, STR_ARG(line), str_ends(line, STR("\n")) ? "" : "\n");
    }
}

/* The lines between the common beginning and the common end of both texts. */
static void
print_difference(const char *path, struct str expected, struct str actual)
{
    unsigned line = 1;
    for (;;) {
        struct str e = expected, a = actual, x = take_line(&e), y = take_line(&a);
        if (!x.n || !str_eq(x, y))
            break;
        expected = e;
        actual = a;
        line++;
    }
    size_t same = 0, keep = 0;
    while (same < expected.n && same < actual.n
           && expected.p[expected.n - 1 - same] == actual.p[actual.n - 1 - same]) {
        same++;
        if (same < expected.n && expected.p[expected.n - 1 - same] == '\n' && same < actual.n
            && actual.p[actual.n - 1 - same] == '\n')
            keep = same;
    }
    fprintf(stderr, "%s:%u: differs (BLESS=1 accepts):\n", path, line);
    print_lines('-', str_make(expected.p, expected.n - keep));
    print_lines('+', str_make(actual.p, actual.n - keep));
}

static bool
check_one(const char *dir, const char *name, golden_fn *produce)
{
    char spec[PATH_LEN], expected[PATH_LEN];
    int stem = (int)strlen(name) - (int)strlen(".spec");
    snprintf(spec, sizeof spec, "%s/%s", dir, name);
    snprintf(expected, sizeof expected, "%s/%.*s.expected", dir, stem, name);
    struct buf text, want, got;
    buf_init(&text, FILE_MAX);
    buf_init(&want, FILE_MAX);
    buf_init(&got, FILE_MAX);
    bool ok = read_file(spec, &text);
    if (ok)
        produce(str_from(name), buf_str(&text), &got);
    if (ok && getenv("BLESS")) {
        ok = write_file(expected, buf_str(&got));
    } else if (ok) {
        ok = read_file(expected, &want) && str_eq(buf_str(&want), buf_str(&got));
        if (!ok)
            print_difference(expected, buf_str(&want), buf_str(&got));
    }
    buf_fini(&text);
    buf_fini(&want);
    buf_fini(&got);
    return ok;
}

static int
is_spec(const struct dirent *entry)
{
    return str_ends(str_from(entry->d_name), STR(".spec"));
}

unsigned
golden_check(const char *dir, golden_fn *produce, unsigned *count)
{
    struct dirent **entries;
    unsigned bad = 0;
    int n = scandir(dir, &entries, is_spec, alphasort);
    if (count)
        *count = n < 0 ? 0 : (unsigned)n;
    if (n < 0)
        return 1;
    for (int i = 0; i < n; i++) {
        bad += !check_one(dir, entries[i]->d_name, produce);
        free(entries[i]);
    }
    free(entries);
    return bad;
}
