/* Errors, secrets and suggestions while a config is read. */
#include "server/config/reader.h"

#include <stdarg.h>
#include <stdio.h>

#define ERROR_TEXT 400

static void
add_error(struct config_reader *r, unsigned line, unsigned column, const char *fmt, va_list args)
{
    struct config_errors *e = r->errors;
    if (e->n == CONFIG_ERRORS_MAX) {
        e->more++;
        return;
    }
    char text[ERROR_TEXT];
    vsnprintf(text, sizeof text, fmt, args);
    struct str kept = arena_str(r->arena, str_from(text));
    if (!kept.p)
        kept = STR("no memory for the message");
    e->v[e->n++] = (struct config_error){ .line = line, .column = column, .text = kept };
}

void
config_fail(struct config_reader *r, const struct node *at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_error(r, at ? at->line : 0, at ? at->column : 0, fmt, args);
    va_end(args);
}

void
config_fail_at(struct config_reader *r, unsigned line, unsigned column, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add_error(r, line, column, fmt, args);
    va_end(args);
}

void
config_secret(struct config_reader *r, struct str value)
{
    struct str *slot = CONFIG_PUSH(r, r->secrets, r->n_secrets, r->room_secrets);
    if (slot)
        *slot = value;
}

struct str
config_nearest(struct str word, const struct str *candidates, size_t n)
{
    size_t best = word.n < 4 ? 2 : word.n / 3 + 2; /* one more than the distance still near */
    struct str found = { 0 };
    for (size_t i = 0; i < n; i++) {
        size_t d = str_distance(word, candidates[i], best);
        if (d < best) {
            best = d;
            found = candidates[i];
        }
    }
    return found;
}

bool
config_fail_twice(struct config_reader *r, const struct node *n, unsigned i)
{
    const struct node *key = n->v[i].key;
    for (unsigned k = 0; k < i; k++)
        if (str_eq(n->v[k].key->text, key->text)) {
            config_fail(r, key, "\"%.*s\" is here twice: the first is in line %u",
                        STR_ARG(key->text), n->v[k].key->line);
            return true;
        }
    return false;
}

bool
config_check_kind(struct config_reader *r, const struct config_field *f, const struct node *n,
                  enum node_kind kind, const char *like)
{
    if (n->kind == kind || config_node_is_null(n))
        return true;
    config_fail(r, n, "\"%s\" must be %s, not %s", f->key, like, config_node_kind(n));
    return false;
}
