/* Which policies are in force, and the policies at work. */
#include "runtime/xd/policy.h"

#include "runtime/xd/fault.h"
#include "runtime/xd/prepare.h"
#include "runtime/xd/seal.h"
#include "runtime/xd/seal_ids.h"

enum ir_policy_name
xd_policy_named(struct str name)
{
    unsigned i = 0;
    while (i < IR_POLICIES && !str_is(name, ir_policies[i].name))
        i++;
    return (enum ir_policy_name)i;
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
    for (const struct ir_policy *p = ir_policies; p < ir_policies + IR_POLICIES; p++) {
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
    if (p->takes == IR_TAKES_NUMBER)
        arena_append(a, &s, STR(" or a number of tokens"));
    if (p->takes == IR_TAKES_CLASS)
        arena_append(a, &s, STR(" or a class of characters such as a-zA-Z0-9_-"));
    return arena_printf(a, "%s takes %.*s", p->name, STR_ARG(s)).p;
}

const char *
xd_policy_check(struct arena *a, struct str name, struct str value)
{
    enum ir_policy_name which = xd_policy_named(name);
    if (which == IR_POLICIES)
        return say_policies(a, name);
    const struct ir_policy *p = &ir_policies[which];
    if (takes_word(p, value) || (p->takes == IR_TAKES_NUMBER && number_of(value) > 0)
        || (p->takes == IR_TAKES_CLASS && value.n))
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
                enum ir_policy_name name)
{
    for (unsigned i = over ? over->n : 0; i > 0; i--)
        if (over->v[i - 1].name == name)
            return over->v[i - 1].value;
    for (unsigned i = d->npolicies; i > 0; i--)
        if (d->policies[i - 1].name == name && is_for(&d->policies[i - 1], model))
            return d->policies[i - 1].value;
    return STR("");
}

/* --- the policies at work --- */

/* What each says for one model at one deployment. */
struct force {
    struct str values[IR_POLICIES];
};

static void
force_make(struct force *f, const struct xd_dialect *d, const struct xd_policy_choices *over,
           struct str model)
{
    *f = (struct force){ 0 };
    for (unsigned i = 0; i < d->npolicies; i++)
        if (is_for(&d->policies[i], model))
            f->values[d->policies[i].name] = d->policies[i].value;
    for (unsigned i = 0; i < (over ? over->n : 0); i++)
        f->values[over->v[i].name] = over->v[i].value;
}

static inline bool
says(const struct force *f, enum ir_policy_name name, const char *value)
{
    return str_is(f->values[name], value);
}

/* Its value, if that is another than the one that changes nothing. */
static struct str
more_than(const struct force *f, enum ir_policy_name name)
{
    struct str value = f->values[name];
    return str_is(value, ir_policies[name].words[0]) ? STR("") : value;
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
    if (says(f, IR_POLICY_UNSUPPORTED_PARTS, "error"))
        return PARTS_ALL;
    return says(f, IR_POLICY_UNSUPPORTED_PARTS, "hollow") ? PARTS_ANY : PARTS_SOME;
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
    if (says(f, IR_POLICY_SYSTEM_TURNS, "fold"))
        prepare_fold(x, m);
    if (says(f, IR_POLICY_SYSTEM_TURNS, "hoist"))
        prepare_hoist(x, m);
    if (says(f, IR_POLICY_UNSIGNED_THINKING, "drop"))
        prepare_signed_thinking(x, m);
    if (says(f, IR_POLICY_RESULT_MEDIA, "follow"))
        prepare_result_media(x, m);
    prepare_parts(x, m, parts_rule(f));
    if (says(f, IR_POLICY_LAST_ASSISTANT, "trim"))
        prepare_last_assistant(x, m);
    if (says(f, IR_POLICY_LAST_ASSISTANT, "mark"))
        prepare_prefix(x, m);
    if (says(f, IR_POLICY_EMPTY_TEXT, "drop"))
        prepare_empty_text(x, m);
    prepare_merge(x, m);
    struct str orphans = more_than(f, IR_POLICY_ORPHAN_RESULTS);
    if (orphans.n) {
        prepare_orphans(x, m, orphans);
        prepare_merge(x, m);
    }
    if (says(f, IR_POLICY_CALL_PLACES, "last"))
        prepare_call_places(x, m);
    if (says(f, IR_POLICY_ROLES, "strict"))
        prepare_first_turn(x, m);
    if (says(f, IR_POLICY_BEHIND_RESULTS, "bridge"))
        prepare_bridges(x, m);
    struct str excuse = more_than(f, IR_POLICY_UNSIGNED_CALLS);
    if (excuse.n)
        prepare_unsigned_calls(x, m, excuse);
    struct str class = more_than(f, IR_POLICY_CALL_IDS);
    if (class.n)
        prepare_call_ids(x, m, class);
    struct str names = more_than(f, IR_POLICY_DOCUMENT_NAMES);
    if (names.n)
        prepare_document_names(x, m, names);
}

enum err
xd_prepare(struct xd *x, const struct ir_request *in, const struct xd_policy_choices *over,
           struct ir_request *out)
{
    struct force f;
    *out = *in;
    if (x->err) /* it may not even have the operation */
        return x->err;
    force_make(&f, x->dialect, over, in->model);
    struct str candidates = more_than(&f, IR_POLICY_CANDIDATES);
    if (candidates.n)
        prepare_candidates(x, out, candidates);
    prepare_foreign_tools(x, out, parts_rule(&f));
    if (says(&f, IR_POLICY_EMPTY_TEXT, "drop"))
        prepare_descriptions(x, out);
    prepare_turns(x, &f, out);
    if (says(&f, IR_POLICY_TOOLS, "called"))
        prepare_called_tools(x, out);
    if (says(&f, IR_POLICY_SCHEMA_REFS, "inline"))
        prepare_refs(x, out);
    if (says(&f, IR_POLICY_EMPTY_SCHEMA, "object"))
        prepare_schemas(x, out);
    struct str name = more_than(&f, IR_POLICY_SCHEMA_NAME);
    if (name.n && out->format.schema.n && !out->format.name.n)
        out->format.name = name;
    struct str include = more_than(&f, IR_POLICY_INCLUDE);
    if (include.n)
        prepare_include(x, out, include);
    int64_t most = number_of(f.values[IR_POLICY_MAX_OUTPUT]);
    if (most && !out->max_output.set)
        out->max_output = (struct ir_int){ most, true };
    if (says(&f, IR_POLICY_THOUGHTS, "show"))
        prepare_thoughts(x, out);
    prepare_reasoning(x, out, f.values[IR_POLICY_THINKING]);
    if (says(&f, IR_POLICY_STREAM_USAGE, "ask") && out->stream == IR_TRUE)
        out->stream_usage = IR_TRUE;
    return x->err;
}
