/* Offences and exceptions. */
#include "tests/corpus/verdict.h"

#include <stdarg.h>
#include <stdio.h>

#include "tests/corpus/wire.h"

#define SHOWN_MAX 60u

static bool
is_listed(const char *const *checks, struct str check)
{
    for (; *checks; checks++)
        if (str_is(check, *checks))
            return true;
    return false;
}

void
verdict_init(struct verdict *v, const char *const *checks)
{
    *v = (struct verdict){ .offences = 0 };
    arena_init(&v->arena, 1u << 20);
    struct str text = wire_file(&v->arena, "tests/corpus/exceptions.tsv");
    while (text.n) {
        struct str line = wire_field(&text, '\n');
        if (line.n == 0 || line.p[0] == '#')
            continue;
        struct str id = wire_field(&line, '\t');
        struct str check = wire_field(&line, '\t');
        if (!is_listed(checks, check))
            continue;
        struct verdict_exception *e = arena_push(&v->arena, (void **)&v->v, &v->n, &v->cap,
                                                 sizeof *v->v);
        *e = (struct verdict_exception){ .id = id, .check = check };
    }
}

static bool
is_excused(struct verdict *v, struct str id, const char *check)
{
    for (unsigned i = 0; i < v->n; i++)
        if (str_eq(v->v[i].id, id) && str_is(v->v[i].check, check))
            return v->v[i].seen = true;
    return false;
}

void
verdict_offence(struct verdict *v, struct str id, const char *check, const char *fmt, ...)
{
    if (is_excused(v, id, check)) {
        v->excused++;
        return;
    }
    v->offences++;
    if (v->shown++ >= SHOWN_MAX)
        return;
    printf("%.*s\t%s\t", STR_ARG(id), check);
    va_list ap;
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
}

unsigned
verdict_close(struct verdict *v, const char *what)
{
    for (unsigned i = 0; i < v->n; i++)
        if (!v->v[i].seen) {
            v->offences++;
            printf("%.*s\t%.*s\tthis exception does not occur any more: remove it\n",
                   STR_ARG(v->v[i].id), STR_ARG(v->v[i].check));
        }
    printf("# %s: %u offences, %u excused\n", what, v->offences, v->excused);
    arena_fini(&v->arena);
    return v->offences;
}
