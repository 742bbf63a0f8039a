/* What providers count, as a list of prices reads it: 1,577 objects, each with the counts that are in it.
 *
 * The list counts cached tokens as input, and names no count that is 0.  Each object must give its counts when its
 * dialect reads it (in), and again when each other dialect has written them (out). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/ask.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "tests/corpus/wire.h"

#define ARENA_BYTES_MAX ((size_t)256 << 20)

/* The dialect that an object is of, by a member that only its usage has; and which of the list's extractors it is
 * compared with.  The first that fits holds. */
struct kind {
    const char *usage, *member, *dialect, *provider, *flavor;
    enum xd_op_kind op;
    bool blind; /* the list's extractor does not know this dialect's count of cached tokens */
};
static const struct kind kinds[] = {
    { "usageMetadata", "promptTokenDetails", "google.generate", "google", "default",
      XD_OP_EMBEDDINGS, false },
    { "usageMetadata", "promptTokenCount", "google.generate", "google", "default", XD_OP_CHAT,
      false },
    { "usage", "inputTokens", "bedrock.converse", "aws", "default", XD_OP_CHAT, false },
    { "usage", "cache_creation_input_tokens", "anthropic.messages", "anthropic", "default",
      XD_OP_CHAT, false },
    { "usage", "input_tokens", "openai.responses", "openai", "responses", XD_OP_CHAT, false },
    { "usage", "num_cached_tokens", "mistral.chat", "mistral", "default", XD_OP_CHAT, true },
    { "usage", "prompt_cache_hit_tokens", "deepseek", "deepseek", "chat", XD_OP_CHAT, false },
    { "usage", "completion_tokens", "openai.chat", "openai", "chat", XD_OP_CHAT, false },
    { "usage", "prompt_tokens", "openai.chat", "openai", "embeddings", XD_OP_EMBEDDINGS, false },
    { "usage", "tokens", "cohere.chat", "cohere", "tokens", XD_OP_CHAT, false },
    { "meta", "billed_units", "cohere.chat", "cohere", "embeddings", XD_OP_EMBEDDINGS, false },
};
#define N_KINDS (sizeof kinds / sizeof kinds[0])

struct counts {
    int64_t input, output, read, write, thinking;
};

struct run {
    struct arena arena;
    struct json_doc doc;
    unsigned by_kind[N_KINDS], wrong[N_KINDS], carried[N_KINDS], more[N_KINDS];
    unsigned objects, unknown, absent, differ;
};

static const struct kind *
kind_of(const struct run *r, uint32_t body)
{
    for (size_t i = 0; i < N_KINDS; i++) {
        uint32_t usage = json_member(&r->doc, body, str_from(kinds[i].usage));
        if (usage && json_member(&r->doc, usage, str_from(kinds[i].member)))
            return &kinds[i];
    }
    return NULL;
}

static bool
names(const struct run *r, uint32_t at, const char *member, const char *value)
{
    uint32_t v = json_member(&r->doc, at, str_from(member));
    return v && str_is(json_inner(&r->doc, v), value);
}

static int64_t
number(const struct run *r, uint32_t at, const char *member)
{
    uint32_t v = json_member(&r->doc, at, str_from(member));
    int64_t n = 0;
    return v && json_int(&r->doc, v, &n) ? n : 0;
}

/* The counts that the kind's extractor has for the object; false when the list has none of it. */
static bool
expected(const struct run *r, uint32_t object, const struct kind *k, struct counts *c)
{
    uint32_t list = json_member(&r->doc, object, STR("extracted"));
    for (uint32_t i = list + 1; i < r->doc.nodes[list].next; i = r->doc.nodes[i].next) {
        uint32_t who = json_member(&r->doc, i, STR("extractors"));
        uint32_t usage = json_member(&r->doc, i, STR("usage"));
        for (uint32_t e = who + 1; e < r->doc.nodes[who].next; e = r->doc.nodes[e].next) {
            if (!names(r, e, "provider_id", k->provider) || !names(r, e, "api_flavor", k->flavor))
                continue;
            *c = (struct counts){ number(r, usage, "input_tokens"),
                                  number(r, usage, "output_tokens"),
                                  number(r, usage, "cache_read_tokens"),
                                  number(r, usage, "cache_write_tokens"),
                                  number(r, usage, "output_reasoning_tokens") };
            return true;
        }
    }
    return false;
}

static struct counts
counted(const struct ir_usage *u)
{
    return (struct counts){ u->input.v + u->cache_read.v + u->cache_write.v, u->output.v,
                            u->cache_read.v, u->cache_write.v, u->thinking.v };
}

static bool
same(const struct counts *a, const struct counts *b)
{
    return a->input == b->input && a->output == b->output && a->read == b->read
           && a->write == b->write && a->thinking == b->thinking;
}

/* Read a reply that says little but its usage. */
static void
read_usage(struct run *r, const struct xd_dialect *d, enum xd_op_kind op, struct str body,
           struct xd_answer *m)
{
    struct xd x;
    xd_init(&x, d, op, &r->arena, NULL);
    assert_int_equal(json_doc_parse(&x.doc, body, &x.fault), ERR_OK);
    *m = (struct xd_answer){ .kind = op };
    x.op->read_reply(&x, JSON_ROOT, &m->chat);
    assert_int_equal(x.err, ERR_OK);
    if (op == XD_OP_EMBEDDINGS) /* as reading it all would settle */
        m->embed.usage.set |= m->embed.usage.input.set;
    xd_fini(&x);
}

/* What of a count is said: all of it, or nothing where the dialect has no place for it. */
static bool
all_or_nothing(int64_t got, int64_t want)
{
    return got == want || got == 0;
}

/* Write it in another dialect and read that: a count that it cannot say is part of what it belongs to. */
static bool
carries(struct run *r, const struct xd_dialect *d, const struct xd_answer *m,
        const struct counts *want, struct counts *got)
{
    struct xd x;
    struct buf out;
    struct xd_answer back, whole = *m;
    struct ir_choice choice = { .set = true, .stop = IR_STOP_END };
    buf_init(&out, 1 << 20);
    if (m->kind == XD_OP_CHAT) {
        whole.chat.choices = (struct ir_choices){ &choice, 1, 1 };
        whole.chat.usage.rest = (struct ir_rest){ 0 };
    } else {
        whole.embed.usage.rest = (struct ir_rest){ 0 };
    }
    xd_init(&x, d, m->kind, &r->arena, &out);
    assert_int_equal(xd_answer_write(&x, &whole), ERR_OK);
    xd_fini(&x);
    read_usage(r, d, m->kind, arena_str(&r->arena, buf_str(&out)), &back);
    struct ir_usage usage = xd_answer_usage(&back);
    *got = counted(&usage);
    buf_fini(&out);
    return got->input == want->input && got->output == want->output
           && all_or_nothing(got->read, want->read) && all_or_nothing(got->write, want->write)
           && all_or_nothing(got->thinking, want->thinking);
}

static void
offend(struct run *r, const struct kind *k, uint32_t body, const char *where,
       const struct counts *got, const struct counts *want)
{
    struct str usage = json_raw(&r->doc, json_member(&r->doc, body, str_from(k->usage)));
    if (r->differ++ < 20)
        print_error(
            "%s: in %lld out %lld cache %lld %lld thinking %lld, expected %lld %lld %lld %lld %lld: "
            "%.*s\n",
            where, (long long)got->input, (long long)got->output, (long long)got->read,
            (long long)got->write, (long long)got->thinking, (long long)want->input,
            (long long)want->output, (long long)want->read, (long long)want->write,
            (long long)want->thinking, STR_ARG(usage));
    r->wrong[k - kinds]++;
}

static void
check_out(struct run *r, const struct kind *k, uint32_t body, const struct xd_answer *m,
          const struct counts *want)
{
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        const struct xd_op *op = xd_op(*d, k->op);
        struct counts got;
        if ((*d)->provider || !op || op->passes)
            continue;
        if (carries(r, *d, m, want, &got))
            r->carried[k - kinds]++;
        else
            offend(r, k, body, (*d)->name, &got, want);
    }
}

static void
check_object(struct run *r, uint32_t object)
{
    uint32_t body = json_member(&r->doc, object, STR("body"));
    const struct kind *k = kind_of(r, body);
    struct counts want, got;
    r->objects++;
    const struct xd_dialect *d = k ? xd_find(str_from(k->dialect)) : NULL;
    if (!k || !expected(r, object, k, &want)) {
        r->unknown++;
        return;
    }
    if (!d || !xd_op(d, k->op)) {
        r->absent++;
        return;
    }
    struct xd_answer m;
    r->by_kind[k - kinds]++;
    read_usage(r, d, k->op, json_raw(&r->doc, body), &m);
    struct ir_usage usage = xd_answer_usage(&m);
    got = counted(&usage);
    if (k->blind && got.read > 0 && want.read == 0) {
        want.read = got.read;
        r->more[k - kinds]++;
    }
    if (!same(&got, &want))
        offend(r, k, body, d->name, &got, &want);
    else
        check_out(r, k, body, &m, &got);
}

static void
what_providers_count_is_what_we_count(void **state)
{
    static struct run r;
    struct fault f;
    (void)state;
    WIRE_REQUIRE();
    arena_init(&r.arena, ARENA_BYTES_MAX);
    json_doc_init(&r.doc);
    struct arena file;
    arena_init(&file, ARENA_BYTES_MAX);
    struct str text = wire_file(&file, wire_path(&file, "../prices/usages.json"));
    assert_non_null(text.p);
    assert_int_equal(json_doc_parse(&r.doc, text, &f), ERR_OK);
    for (uint32_t i = JSON_ROOT + 1; i < r.doc.nodes[JSON_ROOT].next; i = r.doc.nodes[i].next) {
        check_object(&r, i);
        arena_reset(&r.arena);
    }
    for (size_t i = 0; i < N_KINDS; i++)
        printf("# %-19s %-10s %4u objects, %u wrong, %u with cached tokens that the list does not "
               "know; %u carried into other dialects\n",
               kinds[i].dialect, xd_op_name(kinds[i].op), r.by_kind[i], r.wrong[i], r.more[i],
               r.carried[i]);
    printf("# %u objects: %u of dialects that are not compiled in, %u without an expectation\n",
           r.objects, r.absent, r.unknown);
    assert_int_equal(r.objects, 1577);
    assert_int_equal(r.absent + r.unknown, 0);
    assert_int_equal(r.differ, 0);
    json_doc_fini(&r.doc);
    arena_fini(&r.arena);
    arena_fini(&file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_providers_count_is_what_we_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
