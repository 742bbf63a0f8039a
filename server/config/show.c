/* A config with all its defaults, a line for each key. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "runtime/redact/kind.h"
#include "server/config/sections.h"

#define PATH_MAX_BYTES 240

struct unit {
    const char *name;
    uint64_t factor;
};

/* In the largest unit that divides it; the smallest comes first. */
static void
put_unit(struct buf *out, const struct unit *units, uint64_t v)
{
    const struct unit *best = units;
    for (; units->name; units++)
        if (v && v % units->factor == 0)
            best = units;
    buf_printf(out, "%" PRIu64 "%s", v / best->factor, v ? best->name : "");
}

static void
put_duration(struct buf *out, const struct config_field *f, const void *at)
{
    static const struct unit units[] = {
        { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { 0 }
    };
    (void)f;
    put_unit(out, units, *(const uint64_t *)at);
}

static void
put_size(struct buf *out, const struct config_field *f, const void *at)
{
    static const struct unit units[] = {
        { "B", 1 }, { "KiB", 1024 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 }, { 0 }
    };
    (void)f;
    put_unit(out, units, *(const uint64_t *)at);
}

/* A zero that could not have been written stands for nothing. */
static void
put_number(struct buf *out, const struct config_field *f, uint64_t v)
{
    if (v == 0 && f->min > 0)
        buf_puts(out, STR("none"));
    else
        buf_printf(out, "%" PRIu64, v);
}

static void
put_int(struct buf *out, const struct config_field *f, const void *at)
{
    put_number(out, f, *(const unsigned *)at);
}

static void
put_count(struct buf *out, const struct config_field *f, const void *at)
{
    put_number(out, f, *(const uint64_t *)at);
}

static void
put_workers(struct buf *out, const struct config_field *f, const void *at)
{
    unsigned n = *(const unsigned *)at;
    (void)f;
    if (n)
        buf_printf(out, "%u", n);
    else
        buf_puts(out, STR("auto"));
}

static void
put_share(struct buf *out, const struct config_field *f, const void *at)
{
    (void)f;
    buf_printf(out, "%.4g%%", *(const unsigned *)at / 10.0);
}

static void
put_amount(struct buf *out, const struct config_field *f, const void *at)
{
    (void)f;
    buf_printf(out, "%.10g", *(const double *)at);
}

static void
put_choice(struct buf *out, const struct config_field *f, const void *at)
{
    buf_puts(out, f->choices[*(const int *)at]);
}

static void
put_text(struct buf *out, const struct config_field *f, const void *at)
{
    const struct str *s = at;
    (void)f;
    buf_puts(out, s->p ? *s : STR("none"));
}

static void
put_secret(struct buf *out, const struct config_field *f, const void *at)
{
    const struct str *s = at;
    (void)f;
    buf_puts(out, s->p ? STR("(secret)") : STR("none"));
}

static void
put_listen(struct buf *out, const struct config_field *f, const void *at)
{
    const struct config_listen *l = at;
    put_text(out, f, &l->text);
}

static void
put_words(struct buf *out, const struct config_field *f, const void *at)
{
    const struct config_words *l = at;
    (void)f;
    for (unsigned i = 0; i < l->n; i++)
        buf_printf(out, "%s%.*s", i ? ", " : "[", STR_ARG(l->v[i]));
    buf_puts(out, l->n ? STR("]") : STR("none"));
}

static void
put_kinds(struct buf *out, const struct config_field *f, const void *at)
{
    uint64_t kinds = *(const uint64_t *)at;
    unsigned n = 0;
    (void)f;
    if (kinds == CONFIG_ALL_KINDS || kinds == CONFIG_UNSAID_KINDS) {
        buf_puts(out, kinds ? STR("all") : STR("none"));
        return;
    }
    for (unsigned k = 0; k < REDACT_KINDS; k++)
        if (kinds >> k & 1)
            buf_printf(out, "%s%.*s", n++ ? ", " : "[",
                       STR_ARG(redact_kind_name((enum redact_kind)k)));
    buf_putc(out, ']');
}

/* By how a value is read. */
static const struct {
    config_read *read;
    void (*put)(struct buf *out, const struct config_field *f, const void *at);
} printers[] = {
    { config_read_text, put_text },     { config_read_name, put_text },
    { config_read_file, put_text },     { config_read_url, put_text },
    { config_read_secret, put_secret }, { config_read_hook, put_secret },
    { config_read_proxy, put_secret },  { config_read_int, put_int },
    { config_read_count, put_count },   { config_read_workers, put_workers },
    { config_read_share, put_share },   { config_read_duration, put_duration },
    { config_read_size, put_size },     { config_read_choice, put_choice },
    { config_read_amount, put_amount }, { config_read_listen, put_listen },
    { config_read_words, put_words },   { config_read_kinds, put_kinds },
};

enum written { WRITTEN_WHOLE, WRITTEN_NAMES };

/* What is kept as it was written; of maps whose values are secrets, the names. */
static void
put_written(struct buf *out, const struct node *n, enum written w)
{
    bool map = n->kind == NODE_MAP;
    if (n->kind == NODE_SCALAR) {
        buf_puts(out, n->text);
        return;
    }
    buf_puts(out, map ? STR("{ ") : STR("["));
    for (unsigned i = 0; i < n->n; i++) {
        buf_printf(out, "%s%.*s", i ? ", " : "", map ? (int)n->v[i].key->text.n : 0,
                   map ? n->v[i].key->text.p : "");
        if (map && w == WRITTEN_WHOLE)
            buf_puts(out, STR(": "));
        if (w == WRITTEN_WHOLE)
            put_written(out, n->v[i].value, w);
    }
    buf_puts(out, map ? STR(" }") : STR("]"));
}

static const struct node *
child_of(const struct node *map, const char *key)
{
    for (unsigned i = 0; map && map->kind == NODE_MAP && i < map->n; i++)
        if (str_is(map->v[i].key->text, key))
            return map->v[i].value;
    return NULL;
}

static void show_record(struct buf *out, const char *path, const struct config_record *record,
                        const void *base, const struct node *map);

/* Is there nothing of it when it is not in the file? */
static bool
is_whole(const struct config_record *record)
{
    for (size_t i = 0; i < record->n; i++)
        if (record->fields[i].need == CONFIG_REQUIRED)
            return true;
    return record == &config_limit_record;
}

static void
show_field(struct buf *out, const char *path, const struct config_field *f, const void *base,
           const struct node *n)
{
    const struct config_record *record = f->record;
    const char *at = (const char *)base + f->offset;
    if (f->read == config_read_limit)
        record = &config_limit_record;
    if (f->read == config_read_models || str_is(str_from(f->key), "rules"))
        return; /* each by itself */
    if (record && (n || !is_whole(record))) {
        show_record(out, path, record, at, n);
        return;
    }
    buf_printf(out, "%s: ", path);
    size_t i = 0, count = sizeof printers / sizeof printers[0];
    while (i < count && printers[i].read != f->read)
        i++;
    if (f->choices)
        put_choice(out, f, at);
    else if (i < count)
        printers[i].put(out, f, at);
    else if (n && !config_node_is_null(n))
        put_written(out, n, str_is(str_from(f->key), "headers") ? WRITTEN_NAMES : WRITTEN_WHOLE);
    else
        buf_puts(out, STR("none"));
    buf_puts(out, n ? STR("\n") : STR("  # default\n"));
}

static void
show_record(struct buf *out, const char *path, const struct config_record *record, const void *base,
            const struct node *map)
{
    for (size_t i = 0; i < record->n; i++) {
        char below[PATH_MAX_BYTES];
        const struct config_field *f = &record->fields[i];
        snprintf(below, sizeof below, "%s.%s", path, f->key);
        show_field(out, below, f, base, child_of(map, f->key));
    }
}

static void
show_models(struct buf *out, const struct config_provider *p, const struct node *list)
{
    for (unsigned i = 0; i < p->n_models; i++) {
        char below[PATH_MAX_BYTES];
        snprintf(below, sizeof below, "providers[%.*s].models[%.*s]", STR_ARG(p->name),
                 STR_ARG(p->models[i].name));
        show_record(out, below, &config_model_record, &p->models[i], list->v[i].value);
    }
}

static void
show_providers(struct buf *out, const struct config *c)
{
    const struct node *list = child_of(c->tree, "providers");
    for (unsigned i = 0; i < c->n_providers; i++) {
        const struct config_provider *p = &c->providers[i];
        const struct node *n = list->v[i].value;
        char path[PATH_MAX_BYTES];
        snprintf(path, sizeof path, "providers[%.*s]", STR_ARG(p->name));
        show_record(out, path, &config_provider_record, p, n);
        show_models(out, p, child_of(n, "models"));
    }
}

static void
show_groups(struct buf *out, const struct config_routing *r)
{
    static const struct config_field models = { "models", .read = config_read_words };
    for (unsigned i = 0; i < r->n_groups; i++) {
        const struct config_group *g = &r->groups[i];
        buf_printf(out, "routing.groups[%.*s].strategy: %.*s\nrouting.groups[%.*s].models: ",
                   STR_ARG(g->name), STR_ARG(route_strategy_names[g->strategy]), STR_ARG(g->name));
        put_words(out, &models, &g->models);
        buf_printf(out, "\nrouting.groups[%.*s].stream_recovery: %.*s\n", STR_ARG(g->name),
                   STR_ARG(config_recovery_names[g->recovery]));
    }
}

/* Without the keys of clients. */
static void
show_rules(struct buf *out, const struct config_redaction *c)
{
    static const struct config_field models = { "models", .read = config_read_words };
    for (unsigned i = 0; i < c->n_rules; i++) {
        const struct config_redaction_rule *rule = &c->rules[i];
        buf_printf(out, "redaction.rules[%u].models: ", i);
        put_words(out, &models, &rule->models);
        buf_printf(out, "\nredaction.rules[%u].providers: ", i);
        put_words(out, &models, &rule->providers);
        buf_printf(out, "\nredaction.rules[%u].keys: %s\nredaction.rules[%u].mode: %.*s\n", i,
                   rule->keys.n ? "(secret)" : "none", i,
                   STR_ARG(config_redact_mode_name((enum config_redact_mode)rule->mode)));
        buf_printf(out, "redaction.rules[%u].kinds: ", i);
        put_kinds(out, NULL, rule->kinds ? &rule->kinds : &c->kinds);
        buf_putc(out, '\n');
    }
}

void
config_show(const struct config *c, struct buf *out)
{
    const struct config_routing_draft routing = { .routing = c->routing };
    const struct {
        const char *name;
        const struct config_record *record;
        const void *base;
    } sections[] = {
        { "server", &config_server_record, &c->server },
        { "routing", &config_routing_record, &routing },
        { "resilience", &config_resilience_record, &c->resilience },
        { "limits", &config_limits_record, &c->limits },
        { "media", &config_media_record, &c->media },
        { "redaction", &config_redaction_record, &c->redaction },
        { "telemetry", &config_telemetry_record, &c->telemetry },
    };
    buf_printf(out, "plugins: %.*s\n", STR_ARG(c->plugins.p ? c->plugins : STR("none")));
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        show_record(out, sections[i].name, sections[i].record, sections[i].base,
                    child_of(c->tree, sections[i].name));
    show_groups(out, &c->routing);
    show_rules(out, &c->redaction);
    show_providers(out, c);
}
