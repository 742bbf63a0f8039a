/* A map with known keys, read by a table. */
#include "server/config/reader.h"

#define KEYS_MAX 24

/* `unknown key "lisen", did you mean "listen"?`, or what is known. */
static void
fail_unknown(struct config_reader *r, const struct config_record *record, const struct node *key)
{
    struct str keys[KEYS_MAX], all = { 0 };
    for (size_t i = 0; i < record->n; i++) {
        keys[i] = str_from(record->fields[i].key);
        if (i)
            arena_append(r->arena, &all, STR(", "));
        arena_append(r->arena, &all, keys[i]);
    }
    struct str near = config_nearest(key->text, keys, record->n);
    if (str_is(key->text, "<<"))
        config_fail(r, key, "merge keys are not supported: repeat the values");
    else if (near.p)
        config_fail(r, key, "unknown key \"%.*s\" in %s, did you mean \"%.*s\"?",
                    STR_ARG(key->text), record->name, STR_ARG(near));
    else
        config_fail(r, key, "unknown key \"%.*s\" in %s, which may hold %.*s", STR_ARG(key->text),
                    record->name, STR_ARG(all));
}

static size_t
find_field(const struct config_record *record, struct str key)
{
    for (size_t i = 0; i < record->n; i++)
        if (str_is(key, record->fields[i].key))
            return i;
    return record->n;
}

static bool
read_field(struct config_reader *r, const struct config_record *record,
           const struct node_child *child, const struct node *seen[], void *out)
{
    size_t i = find_field(record, child->key->text);
    if (i == record->n) {
        fail_unknown(r, record, child->key);
        return false;
    }
    const struct config_field *f = &record->fields[i];
    if (seen[i]) {
        config_fail(r, child->key, "\"%s\" is here twice: the first is in line %u", f->key,
                    seen[i]->line);
        return false;
    }
    seen[i] = child->key;
    return f->read(r, f, child->value, (char *)out + f->offset);
}

bool
config_record(struct config_reader *r, const struct config_record *record, const struct node *n,
              void *out)
{
    const struct node *seen[KEYS_MAX] = { 0 };
    bool ok = true;
    if (n->kind != NODE_MAP && !config_node_is_null(n)) {
        config_fail(r, n, "%s must be a map of keys and values, not %s", record->name,
                    config_node_kind(n));
        return false;
    }
    for (unsigned i = 0; i < n->n; i++)
        ok &= read_field(r, record, &n->v[i], seen, out);
    for (size_t i = 0; i < record->n; i++)
        if (record->fields[i].need == CONFIG_REQUIRED && !seen[i]) {
            config_fail(r, n, "\"%s\" is missing in %s", record->fields[i].key, record->name);
            ok = false;
        }
    return ok;
}
