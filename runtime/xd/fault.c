/* What goes wrong while reading and writing. */
#include "runtime/xd/fault.h"

#include <stdarg.h>
#include <stdio.h>

void
xd_fault(struct xd *x, enum err err, uint32_t at, const char *fmt, ...)
{
    if (x->err)
        return;
    char text[FAULT_TEXT];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    x->err = fault_set(&x->fault, err, at ? x->doc.nodes[at].at : 0, "%s", text);
    if (at)
        json_path(&x->doc, at, x->fault.path, sizeof x->fault.path);
}

void
xd_refuse(struct xd *x, struct str culprit, const char *place, const char *fmt, ...)
{
    if (x->err)
        return;
    char text[FAULT_TEXT];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    x->err = fault_set(&x->fault, ERR_UNSUPPORTED, 0, "%s", text);
    snprintf(x->fault.path, sizeof x->fault.path, "%s", place);
    x->culprit = culprit;
}

void
xd_full(struct xd *x)
{
    const struct arena *a = x->keep->full ? x->keep : x->arena;
    xd_fault(x, ERR_LIMIT, 0, "more than %zu bytes of memory are needed", a->cap);
}

void
xd_check_out(struct xd *x)
{
    if (x->out && x->out->err && !x->err)
        xd_fault(x, x->out->err, 0, "the output is larger than %zu bytes", x->out->cap);
}

void
xd_mismatch(struct xd *x, uint32_t at, const char *want)
{
    if (x->mode == XD_STRICT)
        xd_fault(x, ERR_TYPE, at, "expected %s, found %s", want,
                 json_kind_name(json_kind(&x->doc, at)));
    else
        xd_lose_path(x, at);
}

void
xd_missing(struct xd *x, uint32_t at, const char *member)
{
    if (x->err)
        return;
    char path[FAULT_PATH];
    json_path(&x->doc, at, path, sizeof path);
    size_t n = strlen(path);
    snprintf(path + n, sizeof path - n, "%s%s", n ? "." : "", member);
    if (x->mode == XD_STRICT) {
        xd_fault(x, ERR_TYPE, at, "a required member is missing");
        memcpy(x->fault.path, path, sizeof path);
    } else {
        xd_lose(x, path);
    }
}
