/* Names of errors and the filling in of faults. */
#include "runtime/base/err.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "runtime/base/utf8.h"

const char *
err_name(enum err e)
{
    switch (e) {
    case ERR_OK:
        return "ok";
    case ERR_SYNTAX:
        return "syntax";
    case ERR_TYPE:
        return "type";
    case ERR_PROTOCOL:
        return "protocol";
    case ERR_TRUNCATED:
        return "truncated";
    case ERR_LIMIT:
        return "limit";
    case ERR_REMOTE:
        return "remote";
    case ERR_UNSUPPORTED:
        return "unsupported";
    case ERR_MEMORY:
        return "memory";
    }
    return "unknown";
}

enum err
fault_set(struct fault *f, enum err err, size_t offset, const char *fmt, ...)
{
    if (!f)
        return err;
    f->err = err;
    f->offset = offset;
    f->path[0] = '\0';
    f->code = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(f->text, sizeof f->text, fmt, ap);
    va_end(ap);
    if (n < 0)
        f->text[0] = '\0';
    else if ((size_t)n >= sizeof f->text) {
        /* vsnprintf cut between bytes; give the halved sequence up.  The byte behind the cut is
         * lost, so look for the whole sequences that end in what is left. */
        size_t whole = sizeof f->text - 1;
        size_t back = 0;
        while (back < 3 && ((unsigned char)f->text[whole - 1 - back] & 0xc0) == 0x80)
            back++;
        size_t lead = whole - 1 - back;
        bool split = (unsigned char)f->text[lead] >= 0xc0;
        if (split && utf8_valid(f->text + lead, back + 1) != back + 1)
            whole = lead;
        f->text[whole] = '\0';
    }
    return err;
}
