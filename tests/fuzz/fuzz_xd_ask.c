/* Any bytes as a question or an answer of an operation that is no chat.
 *
 *   byte 0   the dialect; one that has no such operation gives way to the next that has
 *   byte 1   embeddings, rerank or count_tokens; a question or an answer; the encoding that its vectors shall have; which
 *            of the dialect's paths of that kind
 *
 * What was read can be written by everyone who has the operation, as valid JSON; written in its own dialect it can be
 * read again, and then it is written the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/xd/ask.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"

#define OUT_MAX (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct choice {
    const struct xd_dialect *dialect;
    const struct xd_op *op;
};

/* The operation of this kind at one of the dialect's paths; NULL when there is none that we read. */
static const struct xd_op *
op_at(const struct xd_dialect *d, enum xd_op_kind kind, unsigned path)
{
    const struct xd_op *found = NULL;
    for (unsigned i = 0; i < d->nops; i++)
        if (d->ops[i].kind == kind && !d->ops[i].passes && (!found || path-- == 1))
            found = &d->ops[i];
    return found;
}

static struct choice
choose(unsigned from, unsigned which, unsigned path)
{
    static const enum xd_op_kind kinds[] = { XD_OP_EMBEDDINGS, XD_OP_RERANK, XD_OP_COUNT_TOKENS };
    unsigned dialects = 0;
    while (xd_registry[dialects])
        dialects++;
    for (;; from++) {
        const struct xd_dialect *d = xd_registry[from % dialects];
        const struct xd_op *op = op_at(d, kinds[which], path);
        if (op)
            return (struct choice){ d, op };
    }
}

static void
check(bool ok, const char *why)
{
    if (ok)
        return;
    fprintf(stderr, "%s\n", why);
    abort();
}

static void
check_json(struct str s)
{
    struct json_doc doc;
    struct fault fault;
    json_doc_init(&doc);
    check(json_doc_parse(&doc, s, &fault) != ERR_SYNTAX, "what we write is no JSON");
    json_doc_fini(&doc);
}

/* A reader in the dialect that was chosen, and a writer. */
static void
begin(struct xd *x, struct xd *w, const struct choice *from, const struct xd_dialect *to,
      struct arena *a, struct buf *out)
{
    xd_init(x, from->dialect, from->op->kind, a, NULL);
    xd_init(w, to, from->op->kind, a, out);
    x->op = from->op;
    if (from->dialect == to)
        w->op = from->op;
}

/* Read a body and write it in another dialect; false when it cannot be. */
typedef bool carry_fn(const struct choice *from, const struct xd_dialect *to, struct str body,
                      struct str encoding, struct arena *a, struct buf *out);

static bool
carry_ask(const struct choice *from, const struct xd_dialect *to, struct str body,
          struct str encoding, struct arena *a, struct buf *out)
{
    struct xd x, w;
    struct xd_ask ask, ready;
    (void)encoding;
    begin(&x, &w, from, to, a, out);
    enum err err = xd_ask_read(&x, body, &ask);
    if (!err && from->dialect != to)
        err = xd_ask_prepare(&w, &ask, NULL, &ready);
    if (!err)
        err = xd_ask_write(&w, from->dialect == to ? &ask : &ready);
    xd_fini(&x);
    xd_fini(&w);
    return !err;
}

static bool
carry_answer(const struct choice *from, const struct xd_dialect *to, struct str body,
             struct str encoding, struct arena *a, struct buf *out)
{
    const struct xd_ask asked = { .kind = from->op->kind, .embed.encodings = { &encoding, 1, 1 } };
    struct xd x, w;
    struct xd_answer answer;
    struct ir_error e;
    enum err fit = ERR_OK;
    begin(&x, &w, from, to, a, out);
    enum err err = xd_answer_read(&x, body, &answer, &e);
    if (!err && encoding.n)
        (void)xd_answer_fit(a, &asked, &answer, &fit);
    if (!err)
        err = xd_answer_write(&w, &answer);
    xd_fini(&x);
    xd_fini(&w);
    return !err;
}

/* Written in its own dialect it is read as the same. */
static void
check_return(carry_fn *carry, const struct choice *c, struct str body, struct arena *a)
{
    struct buf once, twice;
    buf_init(&once, OUT_MAX);
    buf_init(&twice, OUT_MAX);
    if (carry(c, c->dialect, body, STR(""), a, &once)) {
        if (!carry(c, c->dialect, buf_str(&once), STR(""), a, &twice)
            || !str_eq(buf_str(&once), buf_str(&twice))) {
            fprintf(stderr, "%s\n%.*s\n%.*s\n", c->dialect->name, STR_ARG(buf_str(&once)),
                    STR_ARG(buf_str(&twice)));
            check(false, "it does not come back");
        }
    }
    buf_fini(&once);
    buf_fini(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const encodings[] = { "float", "base64", "int8", "" };
    struct arena a;
    struct buf out;
    if (n < 2)
        return 0;
    const struct choice c = choose(data[0], data[1] % 3, data[1] / 24 % 2);
    carry_fn *carry = data[1] / 3 % 2 ? carry_answer : carry_ask;
    struct str encoding = str_from(encodings[data[1] / 6 % 4]);
    char *copy = malloc(n - 1);
    memcpy(copy, data + 2, n - 2);
    struct str body = str_make(copy, n - 2);
    arena_init(&a, OUT_MAX);
    buf_init(&out, OUT_MAX);
    for (const struct xd_dialect *const *d = xd_registry; *d; d++) {
        const struct xd_op *op = xd_op(*d, c.op->kind);
        if (!op || op->passes)
            continue;
        buf_clear(&out);
        if (carry(&c, *d, body, encoding, &a, &out))
            check_json(buf_str(&out));
        arena_reset(&a);
    }
    check_return(carry, &c, body, &a);
    buf_fini(&out);
    arena_fini(&a);
    free(copy);
    return 0;
}
