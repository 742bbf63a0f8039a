/* Any text as a moment of any form: never further away than is believed, and what was read can be written
 * and read again.
 *
 *   byte 0   the form */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/xd/moment.h"

#define SECOND ((uint64_t)1000 * 1000 * 1000)
#define NOW    (1790559566 * SECOND)

static void
check(bool ok, const char *why)
{
    if (ok)
        return;
    fprintf(stderr, "%s\n", why);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[XD_MOMENT_TEXT];
    uint64_t ns, again;
    if (size == 0)
        return 0;
    enum xd_moment form = (enum xd_moment)(data[0] % XD_MOMENTS);
    if (!xd_moment_read(str_make((const char *)data + 1, size - 1), form, NOW, &ns))
        return 0;
    check(ns <= XD_MOMENT_MOST, "too far away");
    size_t n = xd_moment_write(text, form, NOW, ns);
    check(n < XD_MOMENT_TEXT, "too long");
    check(xd_moment_read(str_make(text, n), form, NOW, &again), "cannot be read again");
    check(again == XD_MOMENT_MOST || (again >= ns && again - ns <= SECOND), "is another moment");
    return 0;
}
