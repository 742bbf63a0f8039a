/* Rules, the first that fits. */
#include "server/gateway/redactor.h"

#include <openssl/crypto.h>

/* Patterns count where no request is redacted, too: what they find is in no span. */
static bool
is_needed(const struct config_redaction *c)
{
    bool any = c->mode != CONFIG_REDACT_OFF || c->n_patterns;
    for (unsigned i = 0; i < c->n_rules; i++)
        any |= c->rules[i].mode != CONFIG_REDACT_OFF;
    return any;
}

static struct redactor_policy
policy_of(const struct redactor *r, int mode, uint64_t kinds, struct str key)
{
    return (struct redactor_policy){
        .mode = (enum config_redact_mode)mode,
        .rules = { .which = kinds & REDACT_ALL,
                   .custom = r->custom,
                   .unfold = true,
                   .mode = mode == CONFIG_REDACT_MASK ? REDACT_MASK : REDACT_HASH,
                   .key = key },
    };
}

static enum err
compile_patterns(struct redactor *r, struct arena *a, struct fault *f)
{
    const struct config_redaction *c = r->config;
    struct redact_pattern *v = arena_alloc(a, (c->n_patterns + 1) * sizeof *v);
    if (!v)
        return fault_set(f, ERR_LIMIT, 0, "too many patterns");
    for (unsigned i = 0; i < c->n_patterns; i++)
        v[i] = (struct redact_pattern){ c->patterns[i].name, c->patterns[i].regex };
    r->custom = c->n_patterns ? redact_custom_create(v, c->n_patterns, f) : NULL;
    return c->n_patterns && !r->custom ? f->err : ERR_OK;
}

enum err
redactor_make(struct redactor **made, const struct config_redaction *c, struct str own_key,
              struct arena *a, struct fault *f)
{
    *made = NULL;
    if (!is_needed(c))
        return ERR_OK;
    struct str key = c->key.p ? c->key : arena_str(a, own_key);
    struct redactor *r = arena_alloc(a, sizeof *r);
    if (!r)
        return fault_set(f, ERR_LIMIT, 0, "too many rules of redaction");
    r->config = c;
    r->policies = arena_alloc(a, (c->n_rules + 1) * sizeof *r->policies);
    if (!r->policies)
        return fault_set(f, ERR_LIMIT, 0, "too many rules of redaction");
    enum err err = compile_patterns(r, a, f);
    if (err)
        return err;
    for (unsigned i = 0; i < c->n_rules; i++) {
        uint64_t kinds = c->rules[i].kinds ? c->rules[i].kinds : c->kinds;
        r->policies[i] = policy_of(r, c->rules[i].mode, kinds, key);
    }
    r->policies[c->n_rules] = policy_of(r, c->mode, c->kinds, key);
    *made = r;
    return ERR_OK;
}

void
redactor_fini(struct redactor *r)
{
    if (r)
        redact_custom_destroy(r->custom);
}

static bool
is_among(const struct config_words *globs, struct str name)
{
    for (unsigned i = 0; i < globs->n; i++)
        if (str_glob(globs->v[i], name))
            return true;
    return globs->n == 0;
}

/* How clients show who they are: the schemes of the dialects that they speak. */
static struct str
shown_key(const struct http_head *h)
{
    static const struct str headers[] = { STR_INIT("x-api-key"), STR_INIT("api-key"),
                                          STR_INIT("x-goog-api-key") };
    struct str key = http_head_get(h, STR("authorization"));
    if (key.n > 7 && str_eq_nocase(str_make(key.p, 7), STR("bearer ")))
        return str_trim(str_skip(key, 7));
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        key = http_head_get(h, headers[i]);
        if (key.n)
            return key;
    }
    return STR("");
}

static bool
is_key_among(const struct config_words *keys, struct str shown)
{
    bool found = keys->n == 0;
    for (unsigned i = 0; i < keys->n; i++)
        found |= keys->v[i].n == shown.n && CRYPTO_memcmp(keys->v[i].p, shown.p, shown.n) == 0;
    return found;
}

const struct redactor_policy *
redactor_policy(const struct redactor *r, const struct http_head *h, struct str model,
                struct str provider)
{
    unsigned i = 0;
    for (; i < r->config->n_rules; i++) {
        const struct config_redaction_rule *rule = &r->config->rules[i];
        if (is_among(&rule->models, model) && is_among(&rule->providers, provider)
            && is_key_among(&rule->keys, shown_key(h)))
            break;
    }
    return &r->policies[i];
}
