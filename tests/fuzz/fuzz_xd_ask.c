/* Any bytes as a question or an answer of an operation that is no chat.
 *
 *   byte 0   which of the compiled dialects' operations
 *   byte 1   odd: an answer; and the encoding that its vectors shall have
 *
 * What was read is written, and what was written is read again; vectors keep their number in every encoding. */
#include <stdint.h>
#include <stdlib.h>

#include "runtime/xd/ask.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct choice {
    const struct xd_dialect *dialect;
    const struct xd_op *op;
};

/* Number `at` of the operations that are no chat and do not pass, counted around. */
static struct choice
choose(unsigned at)
{
    for (;;)
        for (const struct xd_dialect *const *d = xd_registry; *d; d++)
            for (unsigned i = 0; i < (*d)->nops; i++)
                if ((*d)->ops[i].kind != XD_OP_CHAT && !(*d)->ops[i].passes && at-- == 0)
                    return (struct choice){ *d, &(*d)->ops[i] };
}

static void
try_ask(const struct choice *c, struct str body, struct arena *a, struct buf *out)
{
    struct xd x, w, r;
    struct xd_ask ask, ready, back;
    xd_init(&x, c->dialect, c->op->kind, a, NULL);
    xd_init(&w, c->dialect, c->op->kind, a, out);
    xd_init(&r, c->dialect, c->op->kind, a, NULL);
    if (!xd_ask_read(&x, body, &ask) && !xd_ask_prepare(&w, &ask, NULL, &ready)
        && !xd_ask_write(&w, &ready)) {
        enum err err = json_doc_parse(&r.doc, buf_str(out), &r.fault);
        if (err && err != ERR_LIMIT)
            abort(); /* what we write is JSON */
        (void)!xd_ask_read(&r, buf_str(out), &back);
    }
    xd_fini(&x);
    xd_fini(&w);
    xd_fini(&r);
}

static void
try_answer(const struct choice *c, struct str encoding, struct str body, struct arena *a,
           struct buf *out)
{
    const struct xd_ask asked = { .kind = c->op->kind, .embed.encodings = { &encoding, 1, 1 } };
    struct xd x, w, r;
    struct xd_answer answer;
    struct ir_error e;
    enum err err = ERR_OK;
    xd_init(&x, c->dialect, c->op->kind, a, NULL);
    xd_init(&w, c->dialect, c->op->kind, a, out);
    xd_init(&r, c->dialect, c->op->kind, a, NULL);
    if (!xd_answer_read(&x, body, &answer, &e)) {
        (void)xd_answer_fit(a, &asked, &answer, &err);
        if (!xd_answer_write(&w, &answer) && (err = json_doc_parse(&r.doc, buf_str(out), &r.fault))
            && err != ERR_LIMIT)
            abort();
    }
    xd_fini(&x);
    xd_fini(&w);
    xd_fini(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const encodings[] = { "float", "base64", "int8", "" };
    struct arena a;
    struct buf out;
    if (n < 2)
        return 0;
    struct choice c = choose(data[0]);
    char *copy = malloc(n - 1);
    memcpy(copy, data + 2, n - 2);
    arena_init(&a, 4 << 20);
    buf_init(&out, 4 << 20);
    if (data[1] % 2)
        try_answer(&c, str_from(encodings[data[1] / 2 % 4]), str_make(copy, n - 2), &a, &out);
    else
        try_ask(&c, str_make(copy, n - 2), &a, &out);
    buf_fini(&out);
    arena_fini(&a);
    free(copy);
    return 0;
}
