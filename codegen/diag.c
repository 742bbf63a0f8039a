/* See diag.h. */
#include "codegen/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define INDENT     "  "
#define LINE_SHOWN 400 /* bytes of a source line; longer ones are no specs */

void
diags_init(struct diags *d, struct arena *a)
{
    *d = (struct diags){ .arena = a };
}

static struct str
format(struct arena *a, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    char *p = n < 0 ? NULL : arena_bytes(a, (size_t)n + 1);
    if (!p)
        return STR("out of memory");
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    return str_make(p, (size_t)n);
}

struct diag *
diag_error(struct diags *d, struct pos at, const char *fmt, ...)
{
    struct diag *e = arena_alloc(d->arena, sizeof *e);
    struct diag **slot = NULL;
    if (e)
        slot = arena_push(d->arena, (void **)&d->v, &d->n, &d->cap, sizeof *slot);
    if (!slot) {
        d->spare = (struct diag){ .arena = d->arena, .at = at };
        return &d->spare;
    }
    *slot = e;
    va_list ap;
    va_start(ap, fmt);
    *e = (struct diag){ .arena = d->arena, .at = at, .text = format(d->arena, fmt, ap) };
    va_end(ap);
    return e;
}

void
diag_note(struct diag *e, struct pos at, const char *fmt, ...)
{
    struct diag_note *note = arena_push(e->arena, (void **)&e->notes.v, &e->notes.n, &e->notes.cap,
                                        sizeof *note);
    if (!note)
        return;
    va_list ap;
    va_start(ap, fmt);
    *note = (struct diag_note){ .at = at, .text = format(e->arena, fmt, ap) };
    va_end(ap);
}

void
diag_help(struct diag *e, const char *fmt, ...)
{
    struct str *help = arena_push(e->arena, (void **)&e->helps.v, &e->helps.n, &e->helps.cap,
                                  sizeof *help);
    if (!help)
        return;
    va_list ap;
    va_start(ap, fmt);
    *help = format(e->arena, fmt, ap);
    va_end(ap);
}

struct suggestion
suggestion_for(struct str name)
{
    size_t limit = name.n < 3 ? 1 : name.n < 6 ? 2 : 3;
    return (struct suggestion){ .name = name, .distance = limit + 1 };
}

void
suggestion_consider(struct suggestion *s, struct str candidate)
{
    size_t n = str_distance(candidate, s->name, s->distance);
    if (n < s->distance && n < s->name.n) {
        s->distance = n;
        s->best = candidate;
    }
}

bool
diag_suggest(struct diag *e, const struct suggestion *s)
{
    if (s->best.p)
        diag_help(e, "did you mean '%.*s'?", STR_ARG(s->best));
    return s->best.p != NULL;
}

unsigned
diags_count(const struct diags *d)
{
    return d->n;
}

/* By file, place, text; errors without a place come first. */
static int
compare(const void *pa, const void *pb)
{
    const struct diag *a = *(struct diag *const *)pa, *b = *(struct diag *const *)pb;
    int c = str_compare(a->at.src ? a->at.src->path : (struct str){ 0 },
                        b->at.src ? b->at.src->path : (struct str){ 0 });
    if (c)
        return c;
    if (a->at.at != b->at.at)
        return a->at.at < b->at.at ? -1 : 1;
    if (a->at.n != b->at.n)
        return a->at.n < b->at.n ? -1 : 1;
    return str_compare(a->text, b->text);
}

/* `^~~~` below the span; tabs are repeated so that the caret stands right whatever their width. */
static void
print_caret(struct buf *out, const struct source *src, struct pos at, unsigned line)
{
    struct str text = source_line(src, line);
    uint32_t from = at.at - source_line_start(src, line);
    buf_puts(out, STR(INDENT));
    for (uint32_t i = 0; i < from && i < text.n; i++)
        if ((text.p[i] & 0xC0) != 0x80)
            buf_putc(out, text.p[i] == '\t' ? '\t' : ' ');
    buf_putc(out, '^');
    for (uint32_t i = from + 1; i < from + at.n && i < text.n && i < LINE_SHOWN; i++)
        if ((text.p[i] & 0xC0) != 0x80)
            buf_putc(out, '~');
    buf_putc(out, '\n');
}

/* Control characters would spoil a terminal. */
static void
print_line(struct buf *out, struct str line)
{
    buf_puts(out, STR(INDENT));
    for (size_t i = 0; i < line.n; i++) {
        unsigned char c = (unsigned char)line.p[i];
        buf_putc(out, (c < ' ' && c != '\t') || c == 0x7F ? '?' : line.p[i]);
    }
    buf_putc(out, '\n');
}

static void
print_message(struct buf *out, struct pos at, const char *kind, struct str text)
{
    if (!at.src) {
        buf_printf(out, "%s: %.*s\n", kind, STR_ARG(text));
        return;
    }
    struct place place = source_place(at.src, at.at);
    buf_puts(out, at.src->path);
    buf_printf(out, ":%u:%u: %s: ", place.line, place.col, kind);
    buf_puts(out, text);
    struct str line = source_line(at.src, place.line);
    buf_putc(out, '\n');
    if (line.n <= LINE_SHOWN) {
        print_line(out, line);
        print_caret(out, at.src, at, place.line);
    }
}

/* Further lines of a help stand below its first. */
static void
print_help(struct buf *out, struct str text)
{
    buf_puts(out, STR("help: "));
    for (size_t i = 0; i < text.n; i++) {
        buf_putc(out, text.p[i]);
        if (text.p[i] == '\n')
            buf_puts(out, STR("      "));
    }
    buf_putc(out, '\n');
}

static void
print_one(struct buf *out, const struct diag *e)
{
    print_message(out, e->at, "error", e->text);
    for (unsigned i = 0; i < e->notes.n; i++)
        print_message(out, e->notes.v[i].at, "note", e->notes.v[i].text);
    for (unsigned i = 0; i < e->helps.n; i++)
        print_help(out, e->helps.v[i]);
}

void
diags_print(struct diags *d, struct buf *out)
{
    if (d->n)
        qsort(d->v, d->n, sizeof *d->v, compare);
    unsigned shown = 0, more = 0;
    for (unsigned i = 0; i < d->n; i++) {
        if (i > 0 && compare(&d->v[i - 1], &d->v[i]) == 0)
            continue;
        if (shown == DIAGS_SHOWN) {
            more++;
            continue;
        }
        print_one(out, d->v[i]);
        shown++;
    }
    if (more)
        buf_printf(out, "… and %u more\n", more);
    if (d->arena->full)
        buf_puts(out, STR("error: out of memory, so some errors may be missing\n"));
}
