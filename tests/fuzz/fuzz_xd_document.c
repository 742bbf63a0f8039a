/* Any bytes as a request, a reply or an error: what is read can be written in every dialect as
 * valid JSON; written in its own dialect it can be read again, and soon it is written the same.
 *
 *   byte 0     the dialect
 *   byte 1     request, reply or error
 *   byte 2     a provider that it is written for, beside the dialects */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/xd/policy.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"

#define OUT_MAX (64u << 20)

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
    enum err err = json_doc_parse(&doc, s, &fault);
    if (err == ERR_SYNTAX) {
        fprintf(stderr, "%.*s\n", STR_ARG(s));
        check(false, fault.text);
    }
    json_doc_fini(&doc);
}

/* Read a body and write it in another dialect; false when it cannot be read. */
typedef bool carry_fn(const struct xd_dialect *from, const struct xd_dialect *to, struct str body,
                      struct buf *out, struct arena *a);

static bool
carry_request(const struct xd_dialect *from, const struct xd_dialect *to, struct str body,
              struct buf *out, struct arena *a)
{
    struct xd in, w;
    struct ir_request m, ready;
    xd_init(&in, from, XD_OP_CHAT, a, NULL);
    xd_init(&w, to, XD_OP_CHAT, a, out);
    enum err err = xd_request_read(&in, body, &m);
    if (!err && from != to)
        err = xd_prepare(&w, &m, NULL, &ready);
    if (!err)
        err = xd_request_write(&w, from == to ? &m : &ready);
    xd_fini(&in);
    xd_fini(&w);
    return err == ERR_OK;
}

static bool
carry_reply(const struct xd_dialect *from, const struct xd_dialect *to, struct str body,
            struct buf *out, struct arena *a)
{
    struct xd in, w;
    struct ir_reply m;
    struct ir_error e;
    xd_init(&in, from, XD_OP_CHAT, a, NULL);
    xd_init(&w, to, XD_OP_CHAT, a, out);
    enum err err = xd_reply_read(&in, body, &m, &e);
    if (!err)
        err = xd_reply_write(&w, &m);
    else if (err == ERR_REMOTE)
        xd_error_write(&w, &e);
    xd_fini(&in);
    xd_fini(&w);
    return err == ERR_OK;
}

static bool
carry_error(const struct xd_dialect *from, const struct xd_dialect *to, struct str body,
            struct buf *out, struct arena *a)
{
    struct xd in, w;
    struct ir_error e;
    xd_init(&in, from, XD_OP_CHAT, a, NULL);
    xd_init(&w, to, XD_OP_CHAT, a, out);
    xd_error_read(&in, body, 400, &e);
    check(xd_error_status(to, &e) >= 400, "an error that is none");
    xd_error_write(&w, &e);
    xd_fini(&in);
    xd_fini(&w);
    return true;
}

/* Written in its own dialect a document is read again, and then written the same.  Where something
 * without a meaning was left out, its neighbours may only now become one: that is allowed once. */
static void
check_return(carry_fn *carry, const struct xd_dialect *d, struct str body, struct arena *a)
{
    enum { ROUNDS = 3 };
    struct buf text[ROUNDS];
    bool same = false;
    for (unsigned i = 0; i < ROUNDS; i++)
        buf_init(&text[i], OUT_MAX);
    bool ok = carry(d, d, body, &text[0], a);
    for (unsigned i = 1; ok && i < ROUNDS && !same; i++) {
        if (!carry(d, d, buf_str(&text[i - 1]), &text[i], a)) {
            fprintf(stderr, "%.*s\n", STR_ARG(buf_str(&text[i - 1])));
            check(false, "it cannot be read again");
        }
        same = str_eq(buf_str(&text[i - 1]), buf_str(&text[i]));
        if (!same && i + 1 == ROUNDS) {
            fprintf(stderr, "%.*s\n%.*s\n", STR_ARG(buf_str(&text[i - 1])),
                    STR_ARG(buf_str(&text[i])));
            check(false, "it does not come back");
        }
    }
    for (unsigned i = 0; i < ROUNDS; i++)
        buf_fini(&text[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static carry_fn *const kinds[] = { carry_request, carry_reply, carry_error };
    unsigned dialects = 0;
    if (n < 3)
        return 0;
    while (xd_registry[dialects])
        dialects++;
    const struct xd_dialect *d = xd_registry[data[0] % dialects];
    carry_fn *carry = kinds[data[1] % 3];
    struct str body = str_make((const char *)data + 3, n - 3);
    struct arena a;
    struct buf out;
    arena_init(&a, OUT_MAX);
    buf_init(&out, OUT_MAX);
    for (unsigned i = 0; i < dialects; i++) {
        if (xd_registry[i]->provider && i != data[2] % dialects)
            continue;
        buf_clear(&out);
        if (carry(d, xd_registry[i], body, &out, &a))
            check_json(buf_str(&out));
        arena_reset(&a);
    }
    check_return(carry, d, body, &a);
    buf_fini(&out);
    arena_fini(&a);
    return 0;
}
