/* Errors keep their words and their status, whoever said them and whatever they look like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/corpus/plain.h"
#include "tests/corpus/verdict.h"
#include "tests/corpus/wire.h"
#include "runtime/xd/translate.h"

#define OUT_BYTES_MAX   (1u << 20)
#define ARENA_BYTES_MAX ((size_t)64 << 20)

#define WORDS_OPENAI(internal) \
    { \
        [IR_FAULT_INVALID] = "invalid_request_error", \
        [IR_FAULT_CONTEXT] = "context_length_exceeded", \
        [IR_FAULT_POLICY] = "content_policy_violation", [IR_FAULT_AUTH] = "authentication_error", \
        [IR_FAULT_BILLING] = "insufficient_quota", [IR_FAULT_FORBIDDEN] = "permission_error", \
        [IR_FAULT_MISSING] = "not_found_error", [IR_FAULT_RATE] = "rate_limit_error", \
        [IR_FAULT_INTERNAL] = (internal) \
    }

/* A line of the corpus's table. */
struct row {
    struct str dir, word, retry_after, body, path;
    int status;
};

struct run {
    struct verdict verdict;
    struct arena arena;
    unsigned rows, ours, hints;
};

static struct row
split(struct str line)
{
    struct row r = { .dir = wire_field(&line, '\t') };
    r.status = atoi(wire_field(&line, '\t').p);
    wire_field(&line, '\t');          /* content type */
    r.word = wire_field(&line, '\t'); /* x-amzn-errortype */
    r.retry_after = wire_field(&line, '\t');
    r.body = wire_field(&line, '\t');
    r.path = wire_field(&line, '\t');
    return r;
}

/* Where the members of the known shapes have their words, the first that is there. */
static struct str
words_in(struct plain *p, uint32_t at)
{
    static const char *const names[] = { "error", "message", "Message", "detail" };
    if (json_kind(&p->doc, at) == JSON_STRING)
        return json_text(&p->doc, at, p->arena);
    if (json_kind(&p->doc, at) == JSON_ARRAY)
        return p->doc.nodes[at].next > at + 1 ? words_in(p, at + 1) : STR("");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint32_t m = plain_member(p, at, names[i]);
        struct str s = m ? words_in(p, m) : STR("");
        if (s.n)
            return s;
    }
    return STR("");
}

/* The oracle: a JSON body's words, or the body itself. */
static struct str
words(struct arena *a, struct str body)
{
    struct plain p = { .arena = a };
    struct fault f;
    struct str s = body;
    json_doc_init(&p.doc);
    if (json_doc_parse(&p.doc, body, &f) == ERR_OK)
        s = words_in(&p, JSON_ROOT);
    s = arena_str(a, str_trim(s));
    json_doc_fini(&p.doc);
    return s;
}

/* Where errors of this provider would be read. */
static const struct xd_dialect *
reader_of(struct run *r, struct str dir)
{
    const struct xd_dialect *d = wire_provider(&r->arena, dir);
    r->ours += d || str_ends(dir, STR("-chat"));
    return d ? d : xd_find(STR("openai.chat"));
}

/* What clients of each dialect know kinds of errors by: the member that names them, and the words of its maker's
 * documentation; "" where only the status tells. */
struct front {
    const char *name, *member; /* NULL: the word is a header's */
    const char *words[IR_FAULT_COUNT];
    int wrong_key; /* the status, where the provider had none of its own for it */
};
static const struct front fronts[] = {
    { "openai.chat", "error.type", WORDS_OPENAI("internal_error"), 401 },
    { "openai.completions", "error.type", WORDS_OPENAI("internal_error"), 401 },
    { "openai.responses", "error.type", WORDS_OPENAI("server_error"), 401 },
    { "anthropic.messages",
      "error.type",
      { [IR_FAULT_INVALID] = "invalid_request_error",
        [IR_FAULT_CONTEXT] = "invalid_request_error",
        [IR_FAULT_POLICY] = "invalid_request_error",
        [IR_FAULT_AUTH] = "authentication_error",
        [IR_FAULT_BILLING] = "billing_error",
        [IR_FAULT_FORBIDDEN] = "permission_error",
        [IR_FAULT_MISSING] = "not_found_error",
        [IR_FAULT_RATE] = "rate_limit_error",
        [IR_FAULT_INTERNAL] = "api_error" },
      401 },
    { "google.generate",
      "error.status",
      { [IR_FAULT_INVALID] = "INVALID_ARGUMENT",
        [IR_FAULT_CONTEXT] = "INVALID_ARGUMENT",
        [IR_FAULT_POLICY] = "INVALID_ARGUMENT",
        [IR_FAULT_AUTH] = "UNAUTHENTICATED",
        [IR_FAULT_BILLING] = "FAILED_PRECONDITION",
        [IR_FAULT_FORBIDDEN] = "PERMISSION_DENIED",
        [IR_FAULT_MISSING] = "NOT_FOUND",
        [IR_FAULT_RATE] = "RESOURCE_EXHAUSTED",
        [IR_FAULT_INTERNAL] = "INTERNAL" },
      401 },
    { "bedrock.converse",
      NULL,
      { [IR_FAULT_INVALID] = "ValidationException",
        [IR_FAULT_CONTEXT] = "ValidationException",
        [IR_FAULT_POLICY] = "ValidationException",
        [IR_FAULT_AUTH] = "UnrecognizedClientException",
        [IR_FAULT_BILLING] = "AccessDeniedException",
        [IR_FAULT_FORBIDDEN] = "AccessDeniedException",
        [IR_FAULT_MISSING] = "ResourceNotFoundException",
        [IR_FAULT_RATE] = "ThrottlingException",
        [IR_FAULT_INTERNAL] = "InternalServerException" },
      403 },
    { "cohere.chat", "error_type", { [IR_FAULT_CONTEXT] = "TOO_MANY_TOKENS" }, 401 },
    { "ollama.chat", "type", { NULL }, 401 },
    { "ollama.generate", "type", { NULL }, 401 },
    { "mistral.chat", "type", WORDS_OPENAI("internal_error"), 401 },
};
#define N_FRONTS (sizeof fronts / sizeof *fronts)

/* The string at a path such as error.type; "" when there is none. */
static struct str
said_at(struct run *r, struct str body, const char *path)
{
    struct plain p = { .arena = &r->arena };
    struct str s = STR("");
    struct fault f;
    json_doc_init(&p.doc);
    uint32_t at = json_doc_parse(&p.doc, body, &f) == ERR_OK ? JSON_ROOT : JSON_NONE;
    const char *dot = strchr(path, '.');
    if (dot)
        at = plain_member(&p, at, arena_printf(&r->arena, "%.*s", (int)(dot - path), path).p);
    at = plain_member(&p, at, dot ? dot + 1 : path);
    if (at && json_kind(&p.doc, at) == JSON_STRING)
        s = json_text(&p.doc, at, &r->arena);
    s = arena_str(&r->arena, s);
    json_doc_fini(&p.doc);
    return s;
}

/* What is written for the clients of a front has the same words, amounts to the same status, and is called what
 * they know it by. */
static void
check_written(struct run *r, const struct row *row, const struct front *to,
              const struct ir_error *e, struct str message)
{
    struct xd x;
    struct buf out;
    const struct xd_dialect *d = xd_find(str_from(to->name));
    buf_init(&out, OUT_BYTES_MAX);
    xd_init(&x, d, XD_OP_CHAT, &r->arena, &out);
    xd_error_write(&x, e);
    struct str said = words(&r->arena, buf_str(&out));
    if (!str_eq(said, message))
        verdict_offence(&r->verdict, row->path, "error", "%s says \"%.*s\", not \"%.*s\"", to->name,
                        STR_ARG(said), STR_ARG(message));
    const char *want = to->words[e->kind] ? to->words[e->kind] : "";
    struct str word = to->member ? said_at(r, buf_str(&out), to->member) : xd_error_word(d, e);
    if (!str_is(word, want))
        verdict_offence(&r->verdict, row->path, "error", "%s calls %s \"%.*s\", not \"%s\"",
                        to->name, ir_fault_name(e->kind), STR_ARG(word), want);
    /* A wrong key that came as a bad request is told as what it is. */
    bool key = e->kind == IR_FAULT_AUTH && row->status == 400;
    int status = xd_error_status(d, e), due = key ? to->wrong_key : row->status;
    if (status != due)
        verdict_offence(&r->verdict, row->path, "error", "%s answers %d, not %d", to->name, status,
                        due);
    xd_fini(&x);
    buf_fini(&out);
}

/* The oracle for kinds: what people would say of the status and the text, in this order. */
static enum ir_fault
kind_of(const struct row *row, const char *body)
{
    static const struct {
        int status;       /* 0: any */
        const char *text; /* in the body; NULL: any */
        enum ir_fault kind;
    } rules[] = {
        { 400, "maximum context length", IR_FAULT_CONTEXT },
        { 400, "prompt too long", IR_FAULT_CONTEXT },
        { 400, "prompt is too long", IR_FAULT_CONTEXT },
        { 400, "context_length_exceeded", IR_FAULT_CONTEXT },
        { 400, "too many tokens", IR_FAULT_CONTEXT },
        { 400, "too_many_prompt_tokens", IR_FAULT_CONTEXT },
        { 400, "exceeds the maximum number of tokens allowed", IR_FAULT_CONTEXT },
        { 400, "Incorrect API key", IR_FAULT_AUTH },
        { 403, "security token included in the request is invalid", IR_FAULT_AUTH },
        { 400, "API key not valid", IR_FAULT_AUTH },
        { 400, "content_policy_violation", IR_FAULT_POLICY },
        { 400, "model_not_found", IR_FAULT_MISSING },
        { 0, "insufficient_quota", IR_FAULT_BILLING },
        { 400, NULL, IR_FAULT_INVALID },
        { 401, NULL, IR_FAULT_AUTH },
        { 402, NULL, IR_FAULT_BILLING },
        { 403, NULL, IR_FAULT_FORBIDDEN },
        { 404, NULL, IR_FAULT_MISSING },
        { 422, NULL, IR_FAULT_INVALID },
        { 429, NULL, IR_FAULT_RATE },
        { 0, NULL, IR_FAULT_INTERNAL },
    };
    size_t i = 0;
    while ((rules[i].status && rules[i].status != row->status)
           || (rules[i].text && !strstr(body, rules[i].text)))
        i++;
    return rules[i].kind;
}

static void
check_kind(struct run *r, const struct row *row, const struct ir_error *e)
{
    enum ir_fault want = kind_of(row, arena_printf(&r->arena, "%.*s", STR_ARG(row->body)).p);
    if (e->kind != want)
        verdict_offence(&r->verdict, row->path, "error", "is of kind %s, not %s: %.*s",
                        ir_fault_name(e->kind), ir_fault_name(want), STR_ARG(e->message));
}

/* When to try again: a header that the provider's spec names, or "retryDelay":"48s" in the body; whole seconds, and
 * never sooner. */
static void
check_hint(struct run *r, const struct row *row, const struct xd_dialect *d,
           const struct ir_error *e)
{
    static const char delay[] = "\"retryDelay\": \"";
    struct ir_int seconds = { 0 };
    const char *at = memmem(row->body.p, row->body.n, delay, sizeof delay - 1);
    double want = at ? strtod(at + sizeof delay - 1, NULL) : 0;
    xd_seconds(row->retry_after, &seconds);
    r->hints += row->retry_after.n > 0 || at;
    if (row->retry_after.n && (!seconds.set || !str_eq_nocase(d->retry_after, STR("retry-after"))))
        verdict_offence(&r->verdict, row->path, "error", "%s does not read the header retry-after",
                        d->name);
    if (at
        && (!e->retry_after.set || (double)e->retry_after.v < want
            || (double)e->retry_after.v >= want + 1))
        verdict_offence(&r->verdict, row->path, "error", "wait %lld, not %.1f",
                        (long long)e->retry_after.v, want);
}

static void
check_row(struct run *r, const struct row *row)
{
    struct xd x;
    struct ir_error e = { 0 };
    const struct xd_dialect *d = reader_of(r, row->dir);
    xd_init(&x, d, XD_OP_CHAT, &r->arena, NULL);
    xd_error_named(&x, row->word);
    xd_error_read(&x, row->body, row->status, &e);
    struct str message = words(&r->arena, row->body);
    check_kind(r, row, &e);
    check_hint(r, row, d, &e);
    for (size_t i = 0; i < N_FRONTS; i++)
        check_written(r, row, &fronts[i], &e, message);
    xd_fini(&x);
    r->rows++;
}

/* A new dialect has its words here. */
static void
check_fronts(void)
{
    size_t n = 0;
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        n += !(*d)->provider && xd_op(*d, XD_OP_CHAT);
    assert_int_equal(n, N_FRONTS);
}

static void
recorded_errors_keep_their_words_and_their_status(void **state)
{
    static const char *const checks[] = { "error", NULL };
    struct run r = { .rows = 0 };
    (void)state;
    WIRE_REQUIRE();
    check_fronts();
    verdict_init(&r.verdict, checks);
    arena_init(&r.arena, ARENA_BYTES_MAX);
    struct str table = wire_file(&r.arena, wire_path(&r.arena, "errors.tsv"));
    bool head = true;
    for (const char *end; (end = memchr(table.p, '\n', table.n)); head = false) {
        struct row row = split(str_make(table.p, (size_t)(end - table.p)));
        table = str_skip(table, (size_t)(end - table.p) + 1);
        if (!head)
            check_row(&r, &row);
    }
    arena_fini(&r.arena);
    printf(
        "# errors: %u recorded, %u of chat providers and the compiled dialects, %u with a hint, in %zu dialects\n",
        r.rows, r.ours, r.hints, N_FRONTS);
    assert_int_equal(r.rows, 124);
    assert_int_equal(verdict_close(&r.verdict, "errors"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_errors_keep_their_words_and_their_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
