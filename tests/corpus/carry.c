/* The runtime's reading and writing, put together. */
#include "tests/corpus/carry.h"

#include "runtime/xd/policy.h"

#define CARRY_BYTES_MAX ((size_t)256 << 20)
#define NOW             1750000000

/* The kinds of parts that these losses are about: 1u << kind. */
static unsigned
parts_of(const struct xd_losses *l)
{
    unsigned kinds = 0;
    for (unsigned i = 0; i < l->n; i++) {
        struct str s = l->v[i];
        if (str_is(s, "blocks.image") || str_starts(s, STR("image.source.")))
            kinds |= 1u << IR_BLOCK_IMAGE;
        if (str_is(s, "blocks.document") || str_starts(s, STR("document.source.")))
            kinds |= 1u << IR_BLOCK_DOCUMENT;
    }
    return kinds;
}

enum err
carry_request(const struct xd_dialect *from, const struct xd_dialect *to, struct str body,
              struct buf *out, unsigned *lost, struct fault *f)
{
    static const struct xd_policy_choices none;
    struct arena a;
    struct xd in, w;
    struct ir_request asked, said;
    arena_init(&a, CARRY_BYTES_MAX);
    xd_init(&in, from, XD_OP_CHAT, &a, NULL);
    xd_init(&w, to, XD_OP_CHAT, &a, out);
    enum err err = xd_request_read(&in, body, &asked);
    *f = in.fault;
    if (!err) {
        err = xd_prepare(&w, &asked, &none, &said);
        if (!err)
            err = xd_request_write(&w, &said);
        *lost |= parts_of(&w.lost);
        *f = w.fault;
    }
    xd_fini(&in);
    xd_fini(&w);
    arena_fini(&a);
    return err;
}

enum err
carry_reply(const struct xd_dialect *from, const struct xd_dialect *to, struct str body,
            struct buf *out, struct fault *f)
{
    struct arena a;
    struct xd in, w;
    struct ir_reply reply;
    struct ir_error error;
    arena_init(&a, CARRY_BYTES_MAX);
    xd_init(&in, from, XD_OP_CHAT, &a, NULL);
    xd_init(&w, to, XD_OP_CHAT, &a, out);
    in.now = w.now = NOW;
    enum err err = xd_reply_read(&in, body, &reply, &error);
    *f = in.fault;
    if (!err) {
        err = xd_reply_write(&w, &reply);
        *f = w.fault;
    }
    xd_fini(&in);
    xd_fini(&w);
    arena_fini(&a);
    return err;
}

static void
sink(void *ctx, const struct ir_event *e)
{
    struct carry *c = ctx;
    ir_grammar_event(&c->grammar, e);
    ir_collector_event(&c->collector, e);
    if (c->writes)
        xd_writer_event(&c->writer, e);
}

void
carry_init(struct carry *c, const struct xd_dialect *from, const struct xd_dialect *to,
           struct buf *out)
{
    memset(c, 0, sizeof *c);
    c->writes = to != NULL;
    arena_init(&c->keep, CARRY_BYTES_MAX);
    ir_collector_init(&c->collector, &c->keep);
    xd_reader_init(&c->reader, from, XD_OP_CHAT, &c->keep, sink, c);
    c->reader.x.now = NOW;
    if (to) {
        xd_writer_init(&c->writer, to, XD_OP_CHAT, &c->keep, out, XD_USAGE_WRITE);
        c->writer.x.now = NOW;
    }
}

void
carry_feed(struct carry *c, struct str bytes)
{
    if (!c->err)
        c->err = xd_reader_feed(&c->reader, bytes.p, bytes.n);
}

enum err
carry_end(struct carry *c)
{
    enum err err = xd_reader_end(&c->reader);
    if (!c->err)
        c->err = err;
    if (!c->err && c->writes)
        c->err = c->writer.x.err;
    return c->err;
}

void
carry_fini(struct carry *c)
{
    xd_reader_fini(&c->reader);
    if (c->writes)
        xd_writer_fini(&c->writer);
    arena_fini(&c->keep);
}

enum err
carry_stream(const struct xd_dialect *from, const struct xd_dialect *to, struct str bytes,
             struct buf *out, struct fault *f)
{
    struct carry c;
    carry_init(&c, from, to, out);
    carry_feed(&c, bytes);
    enum err err = carry_end(&c);
    *f = c.reader.x.err ? c.reader.x.fault : c.writer.x.fault;
    carry_fini(&c);
    return err;
}
