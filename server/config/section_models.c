/* `providers[].models`: what a deployment serves, and what choosing among deployments has to know. */
#include <stddef.h>

#include "server/config/sections.h"

#define MINUTE_MAX UINT64_C(1000000000000) /* requests or tokens */

static size_t
count_asterisks(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '*';
    return n;
}

static bool
check_model(struct config_reader *r, const struct node *n, struct config_model *m)
{
    size_t in_name = count_asterisks(m->name), in_upstream = count_asterisks(m->upstream);
    m->wildcard = in_name > 0;
    if (!m->upstream.p && !m->wildcard)
        m->upstream = m->name;
    if (in_upstream && !in_name) {
        config_fail(r, n, "model \"%.*s\": the upstream has an asterisk, but the name has none",
                    STR_ARG(m->name));
        return false;
    }
    if (in_upstream && (in_upstream > 1 || in_name > 1)) {
        config_fail(r, n,
                    "model \"%.*s\": with an asterisk in the upstream there may be only one "
                    "in each",
                    STR_ARG(m->name));
        return false;
    }
    return true;
}

static bool
read_model(struct config_reader *r, const struct node *n, struct config_provider *p, unsigned *room)
{
    static const struct config_field name = { "models", .need = CONFIG_OPTIONAL };
    struct config_model m = { .tier = 1,
                              .timeouts = CONFIG_TIMEOUTS_UNSAID,
                              .health = config_health_unsaid };
    bool ok = n->kind == NODE_SCALAR ? config_read_text(r, &name, n, &m.name)
                                     : config_record(r, &config_model_record, n, &m);
    if (!ok || !check_model(r, n, &m))
        return false;
    for (unsigned i = 0; i < p->n_models; i++)
        if (str_eq(p->models[i].name, m.name)) {
            config_fail(r, n, "model \"%.*s\" is here twice: write it once, with a weight",
                        STR_ARG(m.name));
            return false;
        }
    struct config_model *slot = CONFIG_PUSH(r, p->models, p->n_models, *room);
    if (slot)
        *slot = m;
    return slot != NULL;
}

bool
config_read_models(struct config_reader *r, const struct config_field *f, const struct node *n,
                   void *out)
{
    unsigned room = 0;
    bool ok = true;
    if (!config_check_kind(r, f, n, NODE_LIST, "a list such as [gpt-4o]"))
        return false;
    if (!n->n) {
        config_fail(r, n, "\"%s\" is empty: list at least one, or '*' for all", f->key);
        return false;
    }
    for (unsigned i = 0; i < n->n; i++)
        ok &= read_model(r, n->v[i].value, out, &room);
    return ok;
}

#define AT(member) offsetof(struct config_price, member)
/* clang-format off */
static const struct config_field price_fields[] = {
    { "input",  config_read_amount, AT(input),  .need = CONFIG_REQUIRED },
    { "output", config_read_amount, AT(output), .need = CONFIG_REQUIRED },
};
/* clang-format on */
#undef AT
const struct config_record config_price_record = CONFIG_RECORD("providers[].models[].price",
                                                               price_fields);

static bool
read_price(struct config_reader *r, const struct config_field *f, const struct node *n, void *out)
{
    struct config_price *price = out;
    price->set = true;
    return config_record(r, f->record, n, price);
}

#define AT(member) offsetof(struct config_model, member)
/* clang-format off */
static const struct config_field model_fields[] = {
    { "name",     config_read_text, AT(name),     .need = CONFIG_REQUIRED },
    { "upstream", config_read_text, AT(upstream), .need = CONFIG_OPTIONAL },
    { "weight",   config_read_int,  AT(weight),   .min = 1, .max = 1000 },
    { "rpm",      config_read_count, AT(rpm),     .min = 1, .max = MINUTE_MAX },
    { "tpm",      config_read_count, AT(tpm),     .min = 1, .max = MINUTE_MAX },
    { "tier",     config_read_int,  AT(tier),     .min = 1, .max = 100 },
    { "tags",     config_read_words, AT(tags),    .need = CONFIG_OPTIONAL },
    { "price",    read_price,        AT(price),   .record = &config_price_record },
    { "timeouts", config_read_record, AT(timeouts), .record = &config_timeouts_record },
    { "health_check", config_read_record, AT(health), .record = &config_health_record },
};
/* clang-format on */
#undef AT
const struct config_record config_model_record = CONFIG_RECORD("providers[].models[]",
                                                               model_fields);
