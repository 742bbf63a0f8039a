/* Recorded heads: what they say of limits is understood, whichever header it stands in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/xd/registry.h"
#include "server/gateway/allowance.h"
#include "tests/lib/corpus.h"

#define RECORDED "../shared/wire/recorded"

struct count {
    struct json_doc doc;
    struct arena arena;
    unsigned heads, moments, left, bad;
};

static uint64_t
now(void)
{
    return 1; /* all recordings are younger */
}

/* Folders are named by their dialect: "openai-chat", "anthropic-messages", "azure-embeddings". */
static const struct xd_dialect *
dialect_of(const char *path)
{
    static const struct {
        const char *folder, *dialect;
    } names[] = {
        { "/openai-responses/", "openai.responses" },
        { "/openai-", "openai.chat" },
        { "/azure-", "azure" },
        { "/groq-", "groq" },
        { "/anthropic-", "anthropic.messages" },
        { "/xai-", "xai" },
        { "/mistral-", "mistral" },
        { "/together-", "together" },
        { "/cerebras-", "cerebras" },
        { "/openrouter-", "openrouter" },
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strstr(path, names[i].folder))
            return xd_find(str_from(names[i].dialect));
    return NULL;
}

/* The value of a header, if it is there. */
static struct str
value_of(struct count *c, uint32_t headers, struct str name)
{
    const struct json_doc *d = &c->doc;
    for (uint32_t key = headers + 1; key < d->nodes[headers].next; key = d->nodes[key + 1].next)
        if (str_eq_nocase(json_inner(d, key), name) && json_kind(d, key + 1) == JSON_STRING)
            return json_text(d, key + 1, &c->arena);
    return (struct str){ NULL, 0 };
}

static void
check_limit(struct count *c, const struct xd_limit *l, uint32_t headers, const char *path)
{
    struct str left = value_of(c, headers, l->left), back = value_of(c, headers, l->back);
    struct ir_int n = { 0, false };
    uint64_t ns;
    xd_seconds(left, &n);
    c->left += n.set;
    bool ok = !left.p || n.set;
    if (back.p) {
        c->moments++;
        ok &= xd_moment_read(back, l->form, now(), &ns);
    }
    if (ok)
        return;
    print_error("%s: %.*s: %.*s\n", path, STR_ARG(l->left.p ? l->left : l->back), STR_ARG(back));
    c->bad++;
}

static void
look(void *ctx, const char *path, struct str content)
{
    struct count *c = ctx;
    const struct xd_dialect *d = dialect_of(path);
    struct fault f;
    if (!d || json_doc_parse(&c->doc, content, &f))
        return;
    uint32_t headers = json_member(&c->doc, JSON_ROOT, STR("response_headers"));
    if (!headers || json_kind(&c->doc, headers) != JSON_OBJECT)
        return;
    c->heads++;
    for (unsigned i = 0; i < d->nlimits; i++)
        check_limit(c, &d->limits[i], headers, path);
    arena_reset(&c->arena);
}

static void
what_heads_say_of_limits_is_understood(void **state)
{
    struct count c = { .heads = 0 };
    (void)state;
    json_doc_init(&c.doc);
    arena_init(&c.arena, 1 << 20);
    size_t n = corpus_each(RECORDED, "meta.json", look, &c);
    print_message("# %u heads: %u counts, %u moments\n", c.heads, c.left, c.moments);
    assert_int_equal(c.bad, 0);
    assert_true(n == 0 || (c.left > 100 && c.moments > 100));
    arena_fini(&c.arena);
    json_doc_fini(&c.doc);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_heads_say_of_limits_is_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
