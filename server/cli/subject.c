/* Names and bytes that the command line points at. */
#include "server/cli/subject.h"

#include <errno.h>
#include <stdio.h>

#include "runtime/xd/ask.h"
#include "runtime/xd/registry.h"
#include "server/cli/guess.h"
#include "server/cli/options.h"

const struct xd_dialect *
subject_dialect(const char *command, const char *name)
{
    const struct xd_dialect *d = xd_find(str_from(name));
    struct guess g;
    if (d)
        return d;
    options_complain(command, "no such dialect or provider", name);
    guess_init(&g, name);
    for (const struct xd_dialect *const *i = xd_registry; *i; i++)
        guess_try(&g, (*i)->name);
    guess_print(&g, "llmux dialects and llmux providers list them");
    return NULL;
}

bool
subject_kind(const char *command, const char *name, enum subject_kind *kind)
{
    static const char *const names[] = {
        [SUBJECT_REQUEST] = "request",
        [SUBJECT_REPLY] = "reply",
        [SUBJECT_STREAM] = "stream",
        [SUBJECT_ERROR] = "error",
    };
    struct guess g;
    guess_init(&g, name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *kind = (enum subject_kind)i;
        if (strcmp(name, names[i]) == 0)
            return true;
        guess_try(&g, names[i]);
    }
    options_complain(command, "no such kind", name);
    guess_print(&g, "the kinds are request, reply, stream and error");
    return false;
}

static const struct xd_op *
no_operation(const char *command, const struct xd_dialect *d, const char *wanted)
{
    struct guess g;
    guess_init(&g, wanted);
    for (int k = 0; k < XD_OP_KINDS; k++) {
        const char *known = xd_op_name((enum xd_op_kind)k);
        if (strcmp(wanted, known) == 0) {
            fprintf(stderr, "llmux %s: nothing is known of %s of %s\n", command, wanted, d->name);
            return NULL;
        }
        guess_try(&g, known);
    }
    options_complain(command, "no such operation", wanted);
    guess_print(&g, "llmux dialects --json lists them");
    return NULL;
}

const struct xd_op *
subject_op(const char *command, const struct xd_dialect *d, enum subject_kind kind,
           const char *name)
{
    const char *wanted = name ? name : xd_op_name(XD_OP_CHAT);
    for (unsigned i = 0; i < d->nops; i++) {
        const struct xd_op *op = &d->ops[i];
        if (kind == SUBJECT_ERROR && !name)
            return op;
        if (op->passes || strcmp(wanted, xd_op_name(op->kind)) != 0)
            continue;
        if (kind != SUBJECT_STREAM || op->read_event)
            return op;
        options_complain(command, "an operation without streams", wanted);
        return NULL;
    }
    return no_operation(command, d, wanted);
}

static bool
read_all(FILE *in, struct buf *content)
{
    char *to;
    while ((to = buf_room(content, 65536))) {
        size_t n = fread(to, 1, 65536, in);
        content->n += n;
        if (n == 0)
            return !ferror(in);
    }
    errno = EFBIG;
    return false;
}

bool
subject_read(const char *command, const char *path, struct buf *content)
{
    bool from_stdin = !path || strcmp(path, "-") == 0;
    FILE *in = from_stdin ? stdin : fopen(path, "rb");
    bool ok = in && read_all(in, content);
    if (!ok)
        fprintf(stderr, "llmux %s: cannot read %s: %s\n", command, from_stdin ? "stdin" : path,
                strerror(errno));
    if (in && !from_stdin)
        fclose(in);
    return ok;
}

void
subject_fault(char *to, const struct fault *f)
{
    snprintf(to, FAULT_LINE, "offset %zu: %s%s%s", f->offset, f->path, *f->path ? ": " : "",
             *f->text ? f->text : err_name(f->err));
}
