/* Walking a directory tree. */
#include "tests/lib/corpus.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The content of the file, which the caller frees; absent when it cannot be read. */
static struct str
read_file(const char *path, size_t size)
{
    FILE *in = fopen(path, "rb");
    if (!in)
        return (struct str){ NULL, 0 };
    char *p = malloc(size ? size : 1);
    size_t n = p ? fread(p, 1, size, in) : 0;
    fclose(in);
    return str_make(p, n);
}

size_t
corpus_each(const char *dir, const char *suffix, corpus_fn *fn, void *ctx)
{
    char *roots[] = { (char *)(size_t)dir, NULL };
    FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    if (!tree)
        return 0;
    size_t count = 0;
    for (FTSENT *e; (e = fts_read(tree));) {
        if (e->fts_info == FTS_NS && e->fts_level == FTS_ROOTLEVEL)
            printf("# no %s: recorded traffic is not checked\n", dir);
        if (e->fts_info != FTS_F || !str_ends(str_from(e->fts_name), str_from(suffix)))
            continue;
        struct str content = read_file(e->fts_path, (size_t)e->fts_statp->st_size);
        if (!content.p)
            continue;
        fn(ctx, e->fts_path, content);
        free((char *)(size_t)content.p);
        count++;
    }
    fts_close(tree);
    return count;
}
