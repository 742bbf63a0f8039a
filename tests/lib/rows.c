/* Which rows of the specs this program read and wrote.
 *
 * In a build that counts them (XD_COUNT_ROWS), every test program appends a line for each row to the file that
 * LLMUX_ROWS names when it ends; tools/rows.awk adds up the lines of all programs:
 *
 *   directions <tab> read <tab> written <tab> openai/chat.spec:31 <tab> the row's text
 */
#ifdef XD_COUNT_ROWS
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/xd/registry.h"

static void
print_rows(FILE *out)
{
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        for (unsigned i = 0; i < (*d)->nrows; i++)
            fprintf(out, "%d\t%d\t%d\t%s\t%s\n", (*d)->directions[i], (*d)->seen_read[i],
                    (*d)->seen_written[i], (*d)->rows[i].where, (*d)->rows[i].text);
}

/* In one write, as other programs append to the same file. */
__attribute__((destructor)) static void
append_rows(void)
{
    const char *path = getenv("LLMUX_ROWS");
    if (!path)
        return;
    char *text = NULL;
    size_t n = 0;
    FILE *memory = open_memstream(&text, &n);
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (memory)
        print_rows(memory);
    if (!memory || fclose(memory) || file < 0 || write(file, text, n) != (ssize_t)n)
        fprintf(stderr, "# cannot append the counted rows to %s\n", path);
    if (file >= 0)
        close(file);
    free(text);
}
#else
extern int rows_are_not_counted; /* a file with nothing in it is not C */
#endif
