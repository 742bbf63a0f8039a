/* The text of a scalar: variables replaced, secrets fetched from their files. */
#include <string.h>

#include "server/config/reader.h"

#define NAME_MAX_BYTES 128
#define SECRET_MAX     65536

static bool
is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return s.n > 0 && s.n < NAME_MAX_BYTES;
}

/* What stands between `${` and `}`: a name, perhaps a colon and a default. */
static bool
lookup(struct config_reader *r, const struct node *n, struct str inside, struct str *value)
{
    const char *colon = memchr(inside.p, ':', inside.n);
    struct str name = { inside.p, colon ? (size_t)(colon - inside.p) : inside.n };
    if (!is_name(name)) {
        config_fail(r, n,
                    "\"%.*s\" is not the name of a variable: write ${NAME}, ${NAME:default}, "
                    "or $$ for a dollar sign",
                    STR_ARG(name));
        return false;
    }
    char text[NAME_MAX_BYTES];
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    const char *found = r->world->env ? r->world->env(r->world->ctx, text) : NULL;
    if (colon && (!found || !*found)) {
        *value = str_skip(inside, name.n + 1);
        return true;
    }
    *value = str_from(found);
    if (found)
        return true;
    config_fail(r, n, "environment variable %s is not set: set it, or write ${%s:default}", text,
                text);
    return false;
}

static bool
expand(struct config_reader *r, const struct node *n, struct str *out)
{
    struct str rest = n->text;
    *out = (struct str){ 0 };
    for (;;) {
        const char *dollar = memchr(rest.p, '$', rest.n);
        size_t plain = dollar ? (size_t)(dollar - rest.p) : rest.n;
        struct str piece = { rest.p, plain };
        if (!arena_append(r->arena, out, piece))
            return false;
        rest = str_skip(rest, plain);
        if (!rest.n)
            return true;
        size_t skip = 1;
        piece = STR("$");
        if (rest.n > 1 && rest.p[1] == '$') {
            skip = 2;
        } else if (rest.n > 1 && rest.p[1] == '{') {
            const char *end = memchr(rest.p, '}', rest.n);
            if (!end) {
                config_fail(r, n, "${ without a closing }: write $$ for a dollar sign");
                return false;
            }
            skip = (size_t)(end - rest.p) + 1;
            if (!lookup(r, n, str_make(rest.p + 2, skip - 3), &piece))
                return false;
        }
        if (!arena_append(r->arena, out, piece))
            return false;
        rest = str_skip(rest, skip);
    }
}

bool
config_text(struct config_reader *r, const char *key, const struct node *n, struct str *out)
{
    if (n->kind != NODE_SCALAR) {
        config_fail(r, n, "\"%s\" must be a single value, not %s", key, config_node_kind(n));
        return false;
    }
    if (config_node_is_null(n)) {
        config_fail(r, n, "\"%s\" has no value", key);
        return false;
    }
    if (memchr(n->text.p, '\0', n->text.n)) {
        config_fail(r, n, "\"%s\" has a NUL character", key);
        return false;
    }
    struct str text;
    if (!expand(r, n, &text))
        return false;
    *out = arena_printf(r->arena, "%.*s", STR_ARG(text));
    return out->p != NULL;
}

/* path below the directory of the config, unless absolute; NUL-terminated. */
static struct str
resolve(struct config_reader *r, struct str path)
{
    if (str_starts(path, STR("/")) || !r->dir.n)
        return path;
    return arena_printf(r->arena, "%.*s/%.*s", STR_ARG(r->dir), STR_ARG(path));
}

static bool
fetch(struct config_reader *r, const char *key, const struct node *n, struct str path,
      struct str *out)
{
    struct buf content, why;
    buf_init(&content, SECRET_MAX);
    buf_init(&why, FAULT_TEXT);
    struct str full = resolve(r, path);
    bool ok = full.p && r->world->file && r->world->file(r->world->ctx, full.p, &content, &why);
    if (ok)
        *out = arena_str(r->arena, buf_str(&content));
    else
        config_fail(r, n, "\"%s\": cannot read %.*s%s%.*s", key, STR_ARG(full), why.n ? ": " : "",
                    STR_ARG(buf_str(&why)));
    buf_fini(&content);
    buf_fini(&why);
    return ok && out->p;
}

bool
config_secret_text(struct config_reader *r, const char *key, const struct node *n, struct str *out)
{
    struct str text;
    if (!config_text(r, key, n, &text))
        return false;
    if (str_starts(text, STR("file:")) && !fetch(r, key, n, str_skip(text, 5), &text))
        return false;
    while (text.n && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
        text.n--;
    if (!text.n) {
        config_fail(r, n, "\"%s\" is empty: remove it if none is needed", key);
        return false;
    }
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f) {
            config_fail(r, n, "\"%s\" has a control character or more than one line", key);
            return false;
        }
    config_secret(r, text);
    *out = text;
    return true;
}
