/* Readers of single values: one for each type a key may have. */
#include <inttypes.h>
#include <stdio.h>

#include "server/config/reader.h"

bool
config_read_record(struct config_reader *r, const struct config_field *f, const struct node *n,
                   void *out)
{
    return config_record(r, f->record, n, out);
}

bool
config_read_node(struct config_reader *r, const struct config_field *f, const struct node *n,
                 void *out)
{
    (void)r;
    (void)f;
    *(const struct node **)out = n;
    return true;
}

static bool
has_control(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return true;
    return false;
}

bool
config_read_text(struct config_reader *r, const struct config_field *f, const struct node *n,
                 void *out)
{
    struct str text;
    if (!config_text(r, f->key, n, &text))
        return false;
    if (!text.n || has_control(text)) {
        config_fail(r, n, "\"%s\" %s", f->key,
                    text.n ? "has a control character or more than one line" : "is empty");
        return false;
    }
    *(struct str *)out = text;
    return true;
}

bool
config_read_secret(struct config_reader *r, const struct config_field *f, const struct node *n,
                   void *out)
{
    return config_secret_text(r, f->key, n, out);
}

static bool
is_name_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.'
           || c == '_' || c == '-';
}

bool
config_read_name(struct config_reader *r, const struct config_field *f, const struct node *n,
                 void *out)
{
    struct str text;
    if (!config_read_text(r, f, n, &text))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (!is_name_char(text.p[i])) {
            config_fail(r, n, "\"%s\" may hold letters, digits, '.', '_' and '-', not \"%.*s\"",
                        f->key, STR_ARG(n->text));
            return false;
        }
    *(struct str *)out = text;
    return true;
}

bool
config_read_file(struct config_reader *r, const struct config_field *f, const struct node *n,
                 void *out)
{
    struct str path;
    if (!config_read_text(r, f, n, &path))
        return false;
    *(struct str *)out = path;
    if (!r->world->file)
        return true;
    struct buf content, why;
    buf_init(&content, 1u << 20);
    buf_init(&why, FAULT_TEXT);
    bool ok = r->world->file(r->world->ctx, path.p, &content, &why);
    if (!ok)
        config_fail(r, n, "\"%s\": cannot read %.*s: %.*s", f->key, STR_ARG(path),
                    STR_ARG(buf_str(&why)));
    buf_fini(&content);
    buf_fini(&why);
    return ok;
}

/* The value is not what it must be; what was written is shown, not what a variable held. */
static bool
fail_value(struct config_reader *r, const struct config_field *f, const struct node *n,
           const char *must)
{
    config_fail(r, n, "\"%s\" must be %s, not \"%.*s\"", f->key, must, STR_ARG(n->text));
    return false;
}

static bool
has_any(struct str s, const char *chars)
{
    for (size_t i = 0; i < s.n; i++)
        if (strchr(chars, s.p[i]))
            return true;
    return false;
}

/* Behind the scheme of an http or https URL; absent for anything else. */
static struct str
behind_scheme(struct str url)
{
    if (str_starts(url, STR("https://")))
        return str_skip(url, 8);
    if (str_starts(url, STR("http://")))
        return str_skip(url, 7);
    return (struct str){ 0 };
}

/* Braces that are no place for the model. */
static bool
has_other_places(struct str url)
{
    static const struct str place = STR_INIT("{model}");
    for (size_t i = 0; i < url.n; i++) {
        if (str_starts(str_skip(url, i), place))
            i += place.n - 1;
        else if (url.p[i] == '{' || url.p[i] == '}')
            return true;
    }
    return false;
}

bool
config_read_url(struct config_reader *r, const struct config_field *f, const struct node *n,
                void *out)
{
    struct str url;
    if (!config_read_text(r, f, n, &url))
        return false;
    struct str rest = behind_scheme(url);
    if (!rest.n || has_any(rest, " \"<>\\^`|") || has_other_places(rest) || rest.p[0] == '/'
        || rest.p[0] == ':')
        return fail_value(r, f, n, "an address such as https://api.example.com/v1");
    if (memchr(rest.p, '@', rest.n)) {
        config_fail(r, n, "\"%s\" must not hold a user or password: use api_key or headers",
                    f->key);
        return false;
    }
    if (has_any(rest, "?#"))
        return fail_value(r, f, n, "an address without ? and #");
    while (url.p[url.n - 1] == '/')
        url.n--;
    *(struct str *)out = url;
    return true;
}

bool
config_read_proxy(struct config_reader *r, const struct config_field *f, const struct node *n,
                  void *out)
{
    static const struct str schemes[] = { STR_INIT("http://"), STR_INIT("https://"),
                                          STR_INIT("socks5://"), STR_INIT("socks5h://") };
    struct str url;
    if (!config_read_text(r, f, n, &url))
        return false;
    bool known = false;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        known |= str_starts(url, schemes[i]) && url.n > schemes[i].n;
    if (!known || has_any(url, " \"<>")) {
        /* the value may hold a password, so it is not shown */
        config_fail(r, n,
                    "\"%s\" must be an address such as http://proxy:3128, with http, https, "
                    "socks5 or socks5h",
                    f->key);
        return false;
    }
    *(struct str *)out = url;
    const char *at = memchr(url.p, '@', url.n);
    if (!at)
        return true;
    config_secret(r, url);
    struct str user = behind_scheme(url);
    const char *colon = user.p ? memchr(user.p, ':', (size_t)(at - user.p)) : NULL;
    if (colon)
        config_secret(r, str_make(colon + 1, (size_t)(at - colon - 1)));
    return true;
}

/* The digits at the start of s; *rest is what follows.  False when there are none or too many. */
static bool
take_number(struct str s, uint64_t *value, struct str *rest)
{
    size_t i = 0;
    uint64_t v = 0;
    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
        if (i == 18)
            return false;
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    }
    *value = v;
    *rest = str_skip(s, i);
    return i > 0;
}

bool
config_read_count(struct config_reader *r, const struct config_field *f, const struct node *n,
                  void *out)
{
    struct str text, rest;
    char must[80];
    if (!config_text(r, f->key, n, &text))
        return false;
    uint64_t v;
    if (take_number(text, &v, &rest) && !rest.n && v >= f->min && v <= f->max) {
        *(uint64_t *)out = v;
        return true;
    }
    snprintf(must, sizeof must, "a whole number from %" PRIu64 " to %" PRIu64, f->min, f->max);
    return fail_value(r, f, n, must);
}

bool
config_read_int(struct config_reader *r, const struct config_field *f, const struct node *n,
                void *out)
{
    uint64_t v;
    if (!config_read_count(r, f, n, &v))
        return false;
    *(unsigned *)out = (unsigned)v;
    return true;
}

/* `N%` or `N.N%`. */
static bool
take_share(struct str text, uint64_t *value)
{
    struct str rest;
    uint64_t whole, tenths = 0;
    if (!take_number(text, &whole, &rest) || whole > 100000)
        return false;
    if (rest.n == 3 && rest.p[0] == '.' && rest.p[1] >= '0' && rest.p[1] <= '9') {
        tenths = (uint64_t)(rest.p[1] - '0');
        rest = str_skip(rest, 2);
    }
    *value = whole * 10 + tenths;
    return str_is(rest, "%");
}

bool
config_read_share(struct config_reader *r, const struct config_field *f, const struct node *n,
                  void *out)
{
    struct str text;
    uint64_t v;
    char must[80];
    if (!config_text(r, f->key, n, &text))
        return false;
    snprintf(must, sizeof must, "a share from %.4g%% to %.4g%%, such as 5%% or 0.5%%",
             (double)f->min / 10, (double)f->max / 10);
    if (!take_share(text, &v) || v < f->min || v > f->max)
        return fail_value(r, f, n, must);
    *(unsigned *)out = (unsigned)v;
    return true;
}

bool
config_read_amount(struct config_reader *r, const struct config_field *f, const struct node *n,
                   void *out)
{
    struct str text, rest = { 0 };
    uint64_t whole, part = 0;
    double scale = 1;
    if (!config_text(r, f->key, n, &text))
        return false;
    bool ok = take_number(text, &whole, &rest);
    if (ok && rest.n && rest.p[0] == '.') {
        struct str behind = str_skip(rest, 1);
        ok = take_number(behind, &part, &rest);
        for (size_t i = 0; ok && i < behind.n - rest.n; i++)
            scale *= 10;
    }
    if (!ok || rest.n)
        return fail_value(r, f, n, "a number such as 0.25 or 3");
    *(double *)out = (double)whole + (double)part / scale;
    return true;
}

bool
config_read_words(struct config_reader *r, const struct config_field *f, const struct node *n,
                  void *out)
{
    struct config_words *words = out;
    unsigned room = 0;
    if (!config_check_kind(r, f, n, NODE_LIST, "a list such as [a, b]"))
        return false;
    if (!n->n) {
        config_fail(r, n, "\"%s\" is empty: list at least one, or leave it out", f->key);
        return false;
    }
    for (unsigned i = 0; i < n->n; i++) {
        struct str word;
        if (!config_read_text(r, f, n->v[i].value, &word))
            return false;
        struct str *slot = CONFIG_PUSH(r, words->v, words->n, room);
        if (!slot)
            return false;
        *slot = word;
    }
    return true;
}

bool
config_read_workers(struct config_reader *r, const struct config_field *f, const struct node *n,
                    void *out)
{
    struct str text, rest;
    uint64_t v;
    if (!config_text(r, f->key, n, &text))
        return false;
    *(unsigned *)out = 0;
    if (str_is(text, "auto"))
        return true;
    if (!take_number(text, &v, &rest) || rest.n || v < f->min || v > f->max)
        return fail_value(r, f, n, "auto or a whole number from 1 to 1024");
    *(unsigned *)out = (unsigned)v;
    return true;
}

struct unit {
    const char *name;
    uint64_t factor;
};

/* A number and a unit from the table; a zero needs no unit. */
static bool
read_unit(struct str text, const struct unit *units, uint64_t *value)
{
    struct str rest;
    if (!take_number(text, value, &rest))
        return false;
    if (!rest.n)
        return *value == 0;
    for (; units->name; units++)
        if (str_is(rest, units->name))
            return !__builtin_mul_overflow(*value, units->factor, value);
    return false;
}

/* The value in the largest unit that divides it. */
static void
print_unit(char *out, size_t room, const struct unit *units, uint64_t value)
{
    const struct unit *best = units;
    for (; units->name; units++)
        if (value && value % units->factor == 0 && units->factor > best->factor)
            best = units;
    snprintf(out, room, "%" PRIu64 "%s", value / best->factor, best->name);
}

static bool
read_quantity(struct config_reader *r, const struct config_field *f, const struct node *n,
              const struct unit *units, const char *what, uint64_t *out)
{
    struct str text;
    uint64_t v;
    char must[120], min[32], max[32];
    if (!config_text(r, f->key, n, &text))
        return false;
    if (!read_unit(text, units, &v))
        return fail_value(r, f, n, what);
    if (v < f->min || v > f->max) {
        print_unit(min, sizeof min, units, f->min);
        print_unit(max, sizeof max, units, f->max);
        snprintf(must, sizeof must, "from %s to %s", min, max);
        return fail_value(r, f, n, must);
    }
    *out = v;
    return true;
}

bool
config_read_duration(struct config_reader *r, const struct config_field *f, const struct node *n,
                     void *out)
{
    static const struct unit units[] = {
        { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { 0 }
    };
    return read_quantity(r, f, n, units, "a time with its unit, such as 500ms, 30s, 5m or 1h", out);
}

bool
config_read_size(struct config_reader *r, const struct config_field *f, const struct node *n,
                 void *out)
{
    static const struct unit units[] = {
        { "B", 1 }, { "KiB", 1024 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 }, { 0 }
    };
    return read_quantity(r, f, n, units, "a size with its unit, such as 512KiB, 32MiB or 1GiB",
                         out);
}

bool
config_read_choice(struct config_reader *r, const struct config_field *f, const struct node *n,
                   void *out)
{
    struct str text, must = STR("one of");
    if (!config_text(r, f->key, n, &text))
        return false;
    size_t count = 0;
    for (; f->choices[count].p; count++) {
        if (str_eq(text, f->choices[count])) {
            *(int *)out = (int)count;
            return true;
        }
        must = arena_printf(r->arena, "%.*s%s %.*s", STR_ARG(must), count ? "," : "",
                            STR_ARG(f->choices[count]));
    }
    if (count == 1)
        must = f->choices[0];
    return fail_value(r, f, n, must.p ? must.p : "something else");
}

/* `host:port`, `[v6]:port` or `:port`. */
static bool
split_address(struct str text, struct config_listen *l)
{
    struct str rest;
    uint64_t port;
    const char *colon = memrchr(text.p, ':', text.n);
    if (!colon)
        return false;
    l->host = str_make(text.p, (size_t)(colon - text.p));
    bool v6 = l->host.n > 2 && l->host.p[0] == '[' && l->host.p[l->host.n - 1] == ']';
    if (v6)
        l->host = str_make(l->host.p + 1, l->host.n - 2);
    if (has_any(l->host, v6 ? " []/" : " []/:"))
        return false;
    if (!l->host.n)
        l->host = (struct str){ 0 };
    if (!take_number(str_skip(text, (size_t)(colon - text.p) + 1), &port, &rest) || rest.n)
        return false;
    l->port = (unsigned)port;
    return port <= 65535;
}

bool
config_read_listen(struct config_reader *r, const struct config_field *f, const struct node *n,
                   void *out)
{
    struct config_listen l = { 0 };
    if (!config_read_text(r, f, n, &l.text))
        return false;
    if (str_starts(l.text, STR("unix:")))
        l.path = str_skip(l.text, 5);
    bool ok = l.path.p ? l.path.n > 0 && l.path.n < 108 /* sun_path */
                       : split_address(l.text, &l);
    if (!ok)
        return fail_value(r, f, n,
                          "an address such as 127.0.0.1:8080, [::1]:8080, :8080 or unix:/path");
    if (l.host.p)
        l.host = arena_printf(r->arena, "%.*s", STR_ARG(l.host));
    *(struct config_listen *)out = l;
    return !l.host.n || l.host.p;
}
