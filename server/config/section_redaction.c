/* `redaction`: what of requests is kept from providers, and how. */
#include <stddef.h>

#include "runtime/redact/kind.h"
#include "server/config/sections.h"

#define MIB            ((uint64_t)1 << 20)
#define NAME_MAX_BYTES 48u
#define WORDS_MAX      (REDACT_KINDS + 3)

const struct config_redaction config_redaction_defaults = {
    .kinds = CONFIG_ALL_KINDS,
    .vault_entries = 1000,
    .vault_bytes = MIB,
};

static const struct str modes[] = {
    STR_INIT("off"),   STR_INIT("mask"),  STR_INIT("hash"),
    STR_INIT("block"), STR_INIT("vault"), { 0 },
};
static const struct str uncovered[] = { STR_INIT("refuse"), STR_INIT("allow"), { 0 } };

struct str
config_redact_mode_name(enum config_redact_mode m)
{
    return modes[m];
}

/* --- kinds --------------------------------------------------------------------------------- */

/* The i-th word for kinds, and its bits. */
static struct str
word_of(unsigned i, uint64_t *bits)
{
    static const struct {
        struct str word;
        uint64_t bits;
    } sets[] = {
        { STR_INIT("all"), CONFIG_ALL_KINDS },
        { STR_INIT("secrets"), REDACT_SECRETS },
        { STR_INIT("personal"), REDACT_PERSONAL },
    };
    if (i < WORDS_MAX - REDACT_KINDS) {
        *bits = sets[i].bits;
        return sets[i].word;
    }
    i -= WORDS_MAX - REDACT_KINDS;
    *bits = REDACT_BIT(i);
    return redact_kind_name((enum redact_kind)i);
}

/* 0: it is no kind. */
static uint64_t
bits_of(struct str word)
{
    uint64_t bits;
    for (unsigned i = 0; i < WORDS_MAX; i++)
        if (str_eq(word, word_of(i, &bits)))
            return bits;
    return 0;
}

static void
fail_kind(struct config_reader *r, const struct node *n, struct str word)
{
    struct str words[WORDS_MAX], all = { 0 };
    for (unsigned i = 0; i < WORDS_MAX; i++) {
        uint64_t bits;
        words[i] = word_of(i, &bits);
        arena_append(r->arena, &all, i ? STR(", ") : STR(""));
        arena_append(r->arena, &all, words[i]);
    }
    struct str near = config_nearest(word, words, WORDS_MAX);
    if (near.p)
        config_fail(r, n, "\"%.*s\" is no kind, did you mean \"%.*s\"?", STR_ARG(word),
                    STR_ARG(near));
    else
        config_fail(r, n, "\"%.*s\" is no kind; there are %.*s", STR_ARG(word), STR_ARG(all));
}

bool
config_read_kinds(struct config_reader *r, const struct config_field *f, const struct node *n,
                  void *out)
{
    struct config_words words = { 0 };
    uint64_t kinds = 0;
    bool ok = config_read_words(r, f, n, &words);
    for (unsigned i = 0; ok && i < words.n; i++) {
        uint64_t bits = bits_of(words.v[i]);
        if (!bits) {
            fail_kind(r, n->v[i].value, words.v[i]);
            ok = false;
        }
        kinds |= bits;
    }
    *(uint64_t *)out = kinds;
    return ok;
}

/* --- patterns ------------------------------------------------------------------------------ */

/* clang-format off */
#define AT(member) offsetof(struct config_pattern, member)
static const struct config_field pattern_fields[] = {
    { "name",  config_read_name, AT(name),  .need = CONFIG_REQUIRED },
    { "regex", config_read_text, AT(regex), .need = CONFIG_REQUIRED },
};
/* clang-format on */
#undef AT
const struct config_record config_pattern_record = CONFIG_RECORD("redaction.patterns[]",
                                                                 pattern_fields);

static bool
is_known(struct config_reader *r, const struct node *n, const struct config_redaction *c,
         struct str name)
{
    bool known = bits_of(name) != 0;
    for (unsigned i = 0; i < c->n_patterns; i++)
        known |= str_eq(c->patterns[i].name, name);
    if (known)
        config_fail(r, n, "\"%.*s\" is a kind already: find another name", STR_ARG(name));
    return known;
}

static bool
read_pattern(struct config_reader *r, const struct node *n, struct config_redaction *c,
             unsigned *room)
{
    struct config_pattern p = { 0 };
    struct buf why;
    if (!config_record(r, &config_pattern_record, n, &p) || is_known(r, n, c, p.name))
        return false;
    if (p.name.n > NAME_MAX_BYTES) {
        config_fail(r, config_node_value(n, STR("name")), "\"name\" has more than %u letters",
                    NAME_MAX_BYTES);
        return false;
    }
    buf_init(&why, FAULT_TEXT);
    bool ok = !r->world->pattern || r->world->pattern(r->world->ctx, p.name, p.regex, &why);
    if (!ok)
        config_fail(r, config_node_value(n, STR("regex")), "\"regex\": %.*s",
                    STR_ARG(buf_str(&why)));
    buf_fini(&why);
    struct config_pattern *slot = ok ? CONFIG_PUSH(r, c->patterns, c->n_patterns, *room) : NULL;
    if (slot)
        *slot = p;
    return slot;
}

static bool
read_patterns(struct config_reader *r, const struct config_field *f, const struct node *n,
              void *out)
{
    unsigned room = 0;
    bool ok = true;
    if (!config_check_kind(r, f, n, NODE_LIST,
                           "a list such as [{ name: ticket, regex: 'T-[0-9]+' }]"))
        return false;
    for (unsigned i = 0; i < n->n; i++)
        ok &= read_pattern(r, n->v[i].value, out, &room);
    return ok;
}

/* --- rules --------------------------------------------------------------------------------- */

static bool
read_keys(struct config_reader *r, const struct config_field *f, const struct node *n, void *out)
{
    struct config_words *keys = out;
    unsigned room = 0;
    if (!config_check_kind(r, f, n, NODE_LIST, "a list of secrets such as [${TEAM_A_KEY}]"))
        return false;
    for (unsigned i = 0; i < n->n; i++) {
        struct str key;
        if (!config_read_secret(r, f, n->v[i].value, &key))
            return false;
        struct str *slot = CONFIG_PUSH(r, keys->v, keys->n, room);
        if (!slot)
            return false;
        *slot = key;
    }
    return true;
}

/* clang-format off */
#define AT(member) offsetof(struct config_redaction_rule, member)
static const struct config_field rule_fields[] = {
    { "models",    config_read_words,  AT(models),    .need = CONFIG_OPTIONAL },
    { "providers", config_read_words,  AT(providers), .need = CONFIG_OPTIONAL },
    { "keys",      read_keys,          AT(keys),      .need = CONFIG_OPTIONAL },
    { "mode",      config_read_choice, AT(mode),      .choices = modes,
      .need = CONFIG_REQUIRED },
    { "kinds",     config_read_kinds,  AT(kinds),     .need = CONFIG_OPTIONAL },
};
/* clang-format on */
#undef AT
const struct config_record config_rule_record = CONFIG_RECORD("redaction.rules[]", rule_fields);

/* What no deployment can be is a mistake. */
bool
config_check_redaction(struct config_reader *r, const struct config *c)
{
    bool ok = true;
    if (!c->redaction.n_rules)
        return true;
    const struct node *root = config_node_value(c->tree, STR("redaction"));
    const struct node *rules = config_node_value(root, STR("rules"));
    for (unsigned i = 0; i < c->redaction.n_rules; i++) {
        const struct config_words *names = &c->redaction.rules[i].providers;
        for (unsigned k = 0; k < names->n; k++) {
            unsigned p = 0;
            while (p < c->n_providers && !str_glob(names->v[k], c->providers[p].name))
                p++;
            if (p < c->n_providers)
                continue;
            const struct node *list = config_node_value(rules->v[i].value, STR("providers"));
            config_fail(r, list->v[k].value, "no provider is named \"%.*s\"", STR_ARG(names->v[k]));
            ok = false;
        }
    }
    return ok;
}

static bool
read_rules(struct config_reader *r, const struct config_field *f, const struct node *n, void *out)
{
    struct config_redaction *c = out;
    unsigned room = 0;
    bool ok = true;
    if (!config_check_kind(r, f, n, NODE_LIST, "a list such as [{ models: [a], mode: mask }]"))
        return false;
    for (unsigned i = 0; i < n->n; i++) {
        struct config_redaction_rule rule = { .kinds = CONFIG_UNSAID_KINDS };
        bool good = config_record(r, &config_rule_record, n->v[i].value, &rule);
        struct config_redaction_rule *slot = CONFIG_PUSH(r, c->rules, c->n_rules, room);
        if (slot)
            *slot = rule;
        ok &= good && slot;
    }
    return ok;
}

/* clang-format off */
#define AT(member) offsetof(struct config_redaction, member)

static const struct config_field vault_fields[] = {
    { "entries", config_read_int,  AT(vault_entries), .min = 1,    .max = 100000 },
    { "bytes",   config_read_size, AT(vault_bytes),   .min = 1024, .max = 64 * MIB },
};
const struct config_record config_vault_record = CONFIG_RECORD("redaction.vault", vault_fields);

static const struct config_field redaction_fields[] = {
    { "mode",      config_read_choice, AT(mode),      .choices = modes },
    { "kinds",     config_read_kinds,  AT(kinds),     .need = CONFIG_OPTIONAL },
    { "uncovered", config_read_choice, AT(allow_uncovered), .choices = uncovered },
    { "key",       config_read_secret, AT(key),       .need = CONFIG_OPTIONAL },
    { "vault",     config_read_record, 0,             .record = &config_vault_record },
    { "patterns",  read_patterns,      0,             .need = CONFIG_OPTIONAL },
    { "rules",     read_rules,         0,             .need = CONFIG_OPTIONAL },
};
/* clang-format on */
#undef AT
const struct config_record config_redaction_record = CONFIG_RECORD("redaction", redaction_fields);
