/* Which policies are in force, and the policies at work. */
#include "runtime/xd/policy.h"

#include "runtime/xd/fault.h"
#include "runtime/xd/prepare.h"
#include "runtime/xd/seal.h"
#include "runtime/xd/seal_ids.h"

static const struct ir_policy *
find_policy(struct str name)
{
    for (const struct ir_policy *p = ir_policies; p->name; p++)
        if (str_is(name, p->name))
            return p;
    return NULL;
}

static bool
takes_word(const struct ir_policy *p, struct str value)
{
    for (const char *const *word = p->words; *word; word++)
        if (str_is(value, *word))
            return true;
    return false;
}

/* A number of tokens: 0 when it is none, or too large to be meant. */
static int64_t
number_of(struct str value)
{
    int64_t v = 0;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9' || i >= 9)
            return 0;
        v = v * 10 + (value.p[i] - '0');
    }
    return v;
}

static const char *
say_policies(struct arena *a, struct str name)
{
    struct str s = { NULL, 0 };
    arena_append(a, &s, STR("there is no such policy; the policies are "));
    const char *near = NULL;
    size_t best = 4;
    for (const struct ir_policy *p = ir_policies; p->name; p++) {
        size_t distance = str_distance(name, str_from(p->name), best);
        if (distance < best) {
            best = distance;
            near = p->name;
        }
        arena_append(a, &s, p == ir_policies ? STR("") : STR(", "));
        arena_append(a, &s, str_from(p->name));
    }
    if (near)
        return arena_printf(a, "there is no such policy; did you mean %s?", near).p;
    return arena_printf(a, "%.*s", STR_ARG(s)).p;
}

static const char *
say_values(struct arena *a, const struct ir_policy *p)
{
    struct str s = { NULL, 0 };
    for (const char *const *word = p->words; *word; word++) {
        arena_append(a, &s, word == p->words ? STR("") : STR(", "));
        arena_append(a, &s, str_from(*word));
    }
    if (p->takes == IR_POLICY_NUMBER)
        arena_append(a, &s, STR(" or a number of tokens"));
    if (p->takes == IR_POLICY_CLASS)
        arena_append(a, &s, STR(" or a class of characters such as a-zA-Z0-9_-"));
    return arena_printf(a, "%s takes %.*s", p->name, STR_ARG(s)).p;
}

const char *
xd_policy_check(struct arena *a, struct str name, struct str value)
{
    const struct ir_policy *p = find_policy(name);
    if (!p)
        return say_policies(a, name);
    if (takes_word(p, value) || (p->takes == IR_POLICY_NUMBER && number_of(value) > 0)
        || (p->takes == IR_POLICY_CLASS && value.n))
        return NULL;
    return say_values(a, p);
}

static bool
is_for(const struct xd_policy *p, struct str model)
{
    for (unsigned i = 0; i < p->nglobs; i++)
        if (str_glob(p->globs[i], model))
            return true;
    return p->nglobs == 0;
}

struct str
xd_policy_value(const struct xd_dialect *d, const struct xd_policy_choices *over, struct str model,
                const char *name)
{
    for (unsigned i = over ? over->n : 0; i > 0; i--)
        if (str_is(over->v[i - 1].name, name))
            return over->v[i - 1].value;
    for (unsigned i = d->npolicies; i > 0; i--)
        if (str_is(d->policies[i - 1].name, name) && is_for(&d->policies[i - 1], model))
            return d->policies[i - 1].value;
    return STR("");
}

bool
xd_prepare_is_identity(const struct xd_dialect *d, const struct xd_policy_choices *over,
                       struct str model)
{
    for (const struct ir_policy *p = ir_policies; p->name; p++) {
        struct str value = xd_policy_value(d, over, model, p->name);
        if (value.n && !str_is(value, p->words[0]))
            return false;
    }
    return true;
}

/* --- the policies at work --- */

struct force {
    const struct xd_dialect *dialect;
    const struct xd_policy_choices *over;
    struct str model;
};

static struct str
value_of(const struct force *f, const char *name)
{
    return xd_policy_value(f->dialect, f->over, f->model, name);
}

static bool
says(const struct force *f, const char *name, const char *value)
{
    return str_is(value_of(f, name), value);
}

static void
prepare_candidates(struct xd *x, struct ir_request *m, struct str rule)
{
    bool many = m->candidates.set && m->candidates.v > 1;
    if (many && str_is(rule, "one"))
        xd_fault(x, ERR_UNSUPPORTED, 0, "%lld candidates are wanted, but %s gives one",
                 (long long)m->candidates.v, x->dialect->name);
    else if (many)
        xd_lose(x, "candidates");
    m->candidates.set = false;
}

static enum xd_parts_rule
parts_rule(const struct force *f)
{
    if (says(f, "unsupported_parts", "error"))
        return PARTS_ALL;
    return says(f, "unsupported_parts", "hollow") ? PARTS_ANY : PARTS_SOME;
}

static bool
is_empty_schema(struct str schema)
{
    struct str s = str_trim(schema);
    bool braces = s.n >= 2 && s.p[0] == '{' && s.p[s.n - 1] == '}';
    return s.n == 0 || str_is(s, "null") || (braces && str_trim(str_make(s.p + 1, s.n - 2)).n == 0);
}

static void
prepare_schemas(struct xd *x, struct ir_request *m)
{
    struct ir_tools own = { 0 };
    bool some = false;
    for (unsigned i = 0; i < m->tools.n; i++) {
        struct ir_tool *t = XD_PUSH(x, &own);
        if (!t)
            return;
        *t = m->tools.v[i];
        if (t->kind != IR_TOOL_FUNCTION || !is_empty_schema(t->function.schema))
            continue;
        t->function.schema = STR("{\"type\":\"object\",\"properties\":{}}");
        some = true;
    }
    if (some)
        m->tools = own;
}

static void
prepare_turns(struct xd *x, const struct force *f, struct ir_request *m)
{
    prepare_foreign(x, m, parts_rule(f));
    prepare_seal_ids(x, m);
    prepare_seals(x, m);
    if (says(f, "system_turns", "fold"))
        prepare_fold(x, m);
    if (says(f, "system_turns", "hoist"))
        prepare_hoist(x, m);
    if (says(f, "unsigned_thinking", "drop"))
        prepare_signed_thinking(x, m);
    if (says(f, "result_media", "follow"))
        prepare_result_media(x, m);
    prepare_parts(x, m, parts_rule(f));
    if (says(f, "last_assistant", "trim"))
        prepare_last_assistant(x, m);
    if (says(f, "last_assistant", "mark"))
        prepare_prefix(x, m);
    if (says(f, "empty_text", "drop"))
        prepare_empty_text(x, m);
    prepare_merge(x, m);
    struct str orphans = value_of(f, "orphan_results");
    if (orphans.n && !str_is(orphans, "keep")) {
        prepare_orphans(x, m, orphans);
        prepare_merge(x, m);
    }
    if (says(f, "call_places", "last"))
        prepare_call_places(x, m);
    if (says(f, "roles", "strict"))
        prepare_first_turn(x, m);
    if (says(f, "behind_results", "bridge"))
        prepare_bridges(x, m);
    struct str excuse = value_of(f, "unsigned_calls");
    if (excuse.n && !str_is(excuse, "keep"))
        prepare_unsigned_calls(x, m, excuse);
    struct str class = value_of(f, "call_ids");
    if (class.n && !str_is(class, "keep"))
        prepare_call_ids(x, m, class);
    struct str names = value_of(f, "document_names");
    if (names.n && !str_is(names, "keep"))
        prepare_document_names(x, m, names);
}

enum err
xd_prepare(struct xd *x, const struct ir_request *in, const struct xd_policy_choices *over,
           struct ir_request *out)
{
    const struct force f = { x->dialect, over, in->model };
    *out = *in;
    if (x->err) /* it may not even have the operation */
        return x->err;
    struct str candidates = value_of(&f, "candidates");
    if (candidates.n && !str_is(candidates, "many"))
        prepare_candidates(x, out, candidates);
    prepare_foreign_tools(x, out, parts_rule(&f));
    if (says(&f, "empty_text", "drop"))
        prepare_descriptions(x, out);
    prepare_turns(x, &f, out);
    if (says(&f, "tools", "called"))
        prepare_called_tools(x, out);
    if (says(&f, "schema_refs", "inline"))
        prepare_refs(x, out);
    if (says(&f, "empty_schema", "object"))
        prepare_schemas(x, out);
    struct str name = value_of(&f, "schema_name");
    if (name.n && !str_is(name, "keep") && out->format.schema.n && !out->format.name.n)
        out->format.name = name;
    struct str include = value_of(&f, "include");
    if (include.n && !str_is(include, "keep"))
        prepare_include(x, out, include);
    int64_t most = number_of(value_of(&f, "max_output"));
    if (most && !out->max_output.set)
        out->max_output = (struct ir_int){ most, true };
    if (says(&f, "thoughts", "show"))
        prepare_thoughts(x, out);
    prepare_reasoning(x, out, value_of(&f, "thinking"));
    if (says(&f, "stream_usage", "ask") && out->stream == IR_TRUE)
        out->stream_usage = IR_TRUE;
    return x->err;
}
