/* Every recorded exchange in every dialect: what its own dialect reads to the letter becomes, in each other one, a
 * document or stream that this reads to the letter, and that says the same; or what is missing is named
 * as lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/policy.h"
#include "tests/corpus/carry.h"
#include "tests/corpus/rules.h"
#include "tests/corpus/said.h"
#include "tests/corpus/verdict.h"
#include "tests/corpus/wire.h"

#define ARENA_BYTES_MAX ((size_t)512 << 20)
#define OUT_BYTES_MAX   ((size_t)64 << 20)
#define DIALECTS_MAX    32
#define NOW             1750000000

enum part { REQUEST, REPLY, STREAM, PARTS };
static const char *const conforms[PARTS] = { "own request", "own reply", "own stream" };
static const char *const translates[PARTS] = { "request to", "reply to", "stream to" };

/* Of one dialect into another; its own is where it conforms. */
struct cell {
    unsigned n[PARTS], fine[PARTS];
    unsigned refused; /* requests that the other cannot serve */
};

struct matrix {
    struct verdict verdict;
    struct arena arena;
    const struct xd_dialect *dialects[DIALECTS_MAX];
    unsigned n;
    struct cell cells[DIALECTS_MAX][DIALECTS_MAX];
};

static void
find_dialects(struct matrix *m)
{
    for (const struct xd_dialect *const *d = xd_registry; *d; d++)
        if (!(*d)->provider && xd_op(*d, XD_OP_CHAT) && m->n < DIALECTS_MAX)
            m->dialects[m->n++] = *d;
}

static unsigned
index_of(const struct matrix *m, const struct xd_dialect *d)
{
    for (unsigned i = 0; i < m->n; i++)
        if (strcmp(m->dialects[i]->name, d->family) == 0)
            return i;
    fail_msg("%s is of no dialect", d->name);
    return 0;
}

/* One part of an exchange on its way. */
struct trip {
    struct matrix *m;
    const struct wire_item *item;
    enum part part;
    const struct xd_dialect *to;
    struct cell *cell;
    struct said was, is;
    struct xd_losses lost;
    struct buf out;
    struct fault fault;
};

static void
offend(struct trip *t, const char *why)
{
    const char *check = t->to ? translates[t->part] : conforms[t->part];
    if (t->to)
        verdict_offence(&t->m->verdict, t->item->id, check, "%s: %s", t->to->name, why);
    else
        verdict_offence(&t->m->verdict, t->item->id, check, "%s: %s", t->item->dialect->name, why);
}

static void
offend_fault(struct trip *t, const char *what)
{
    const struct fault *f = &t->fault;
    offend(t,
           arena_printf(&t->m->arena, "%s: %s: %s (at %zu)", what, f->path, f->text, f->offset).p);
}

static void
add_losses(struct trip *t, const struct xd_losses *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        struct str *to = arena_push(&t->m->arena, (void **)&t->lost.v, &t->lost.n, &t->lost.cap,
                                    sizeof *to);
        *to = arena_str(&t->m->arena, l->v[i]);
    }
}

/* --- requests -------------------------------------------------------------------------------- */

/* Also what the address says. */
static enum err
read_request(struct trip *t, const struct xd_dialect *d, struct str body,
             const struct xd_asked *asked, struct xd_ask *ask)
{
    struct xd x;
    xd_init(&x, d, XD_OP_CHAT, &t->m->arena, NULL);
    ask->kind = XD_OP_CHAT;
    enum err err = xd_request_read(&x, body, &ask->chat);
    if (!err && asked)
        xd_asked_tell(asked, &t->m->arena, ask);
    t->fault = x.fault;
    xd_fini(&x);
    return err;
}

static enum err
write_request(struct trip *t, const struct ir_request *asked)
{
    static const struct xd_policy_choices none;
    struct ir_request said;
    struct xd w;
    xd_init(&w, t->to, XD_OP_CHAT, &t->m->arena, &t->out);
    w.now = NOW;
    enum err err = xd_prepare(&w, asked, &none, &said);
    if (!err)
        err = xd_request_write(&w, &said);
    add_losses(t, &w.lost);
    t->fault = w.fault;
    xd_fini(&w);
    return err;
}

static void
carry_one_request(struct trip *t, const struct ir_request *asked)
{
    struct xd_ask back;
    enum err err = write_request(t, asked);
    if (err == ERR_UNSUPPORTED) {
        t->cell->refused++;
        return;
    }
    if (err)
        offend_fault(t, "cannot be written");
    else if (read_request(t, t->to, buf_str(&t->out), NULL, &back))
        offend_fault(t, "does not conform");
    else {
        said_request(&t->is, &back.chat, &t->m->arena);
        const char *why = said_difference(&t->was, &t->is, &t->lost);
        if (why)
            offend(t, why);
        else
            t->cell->fine[REQUEST]++;
    }
}

/* --- replies and streams ---------------------------------------------------------------------- */

static enum err
read_reply(struct trip *t, const struct xd_dialect *d, struct str body, enum xd_mode mode,
           struct ir_reply *m)
{
    struct ir_error e;
    struct xd x;
    xd_init(&x, d, XD_OP_CHAT, &t->m->arena, NULL);
    x.now = NOW;
    x.mode = mode;
    enum err err = xd_reply_read(&x, body, m, &e);
    if (mode == XD_LENIENT)
        add_losses(t, &x.lost);
    t->fault = x.fault;
    xd_fini(&x);
    return err;
}

static enum err
write_reply(struct trip *t, const struct ir_reply *m)
{
    struct xd w;
    xd_init(&w, t->to, XD_OP_CHAT, &t->m->arena, &t->out);
    w.now = NOW;
    enum err err = xd_reply_write(&w, m);
    add_losses(t, &w.lost);
    t->fault = w.fault;
    xd_fini(&w);
    return err;
}

/* Read a stream and, if `to` is not NULL, write it. */
static enum err
carry_through(struct trip *t, const struct xd_dialect *from, const struct xd_dialect *to,
              enum xd_mode mode, struct str bytes, struct said *said)
{
    struct carry c;
    carry_init(&c, from, to, to ? &t->out : NULL);
    c.reader.x.mode = mode;
    carry_feed(&c, bytes);
    enum err err = carry_end(&c);
    said_reply(said, &c.collector.reply, &t->m->arena);
    said->failed = c.collector.failed;
    if (to) {
        add_losses(t, &c.reader.x.lost);
        add_losses(t, &c.writer.x.lost);
    }
    t->fault = c.reader.x.err ? c.reader.x.fault : c.writer.x.fault;
    if (!ir_grammar_ok(&c.grammar))
        offend(t, arena_printf(&t->m->arena, "grammar: %s", c.grammar.why).p);
    carry_fini(&c);
    return err == ERR_REMOTE ? ERR_OK : err;
}

static void
compare(struct trip *t)
{
    const char *why = said_difference(&t->was, &t->is, &t->lost);
    if (why)
        offend(t, why);
    else
        t->cell->fine[t->part]++;
}

static void
carry_one_reply(struct trip *t, const struct ir_reply *was)
{
    struct ir_reply back;
    if (write_reply(t, was)) {
        offend_fault(t, "cannot be written");
    } else if (read_reply(t, t->to, buf_str(&t->out), XD_STRICT, &back)) {
        offend_fault(t, "does not conform");
    } else {
        said_reply(&t->is, &back, &t->m->arena);
        compare(t);
    }
}

/* The order of events in the two dialects of which official clients have told it. */
static const char *
false_order(struct trip *t)
{
    const char *name = t->to->name;
    bool known = strcmp(name, "openai.chat") == 0 || strcmp(name, "anthropic.messages") == 0;
    return known ? rules_offence(name, buf_str(&t->out), &t->m->arena) : NULL;
}

static void
carry_one_stream(struct trip *t)
{
    struct said same;
    const char *why;
    if (carry_through(t, t->item->dialect, t->to, XD_LENIENT, t->item->reply, &same))
        offend_fault(t, "cannot be written");
    else if (carry_through(t, t->to, NULL, XD_STRICT, buf_str(&t->out), &t->is))
        offend_fault(t, "does not conform");
    else if ((why = false_order(t)))
        offend(t, why);
    else
        compare(t);
}

/* --- one exchange ----------------------------------------------------------------------------- */

/* Reads its own dialect to the letter; false when it does not conform. */
static bool
conforms_itself(struct trip *t, struct xd_ask *ask, struct ir_reply *reply)
{
    const struct wire_item *item = t->item;
    enum err err = ERR_OK;
    t->cell->n[t->part]++;
    switch (t->part) {
    case REQUEST:
        err = read_request(t, item->dialect, item->request, &item->asked, ask);
        break;
    case REPLY:
        err = read_reply(t, item->dialect, item->reply, XD_STRICT, reply);
        break;
    case STREAM:
        err = carry_through(t, item->dialect, NULL, XD_STRICT, item->reply, &t->was);
        break;
    case PARTS:
        break;
    }
    if (err)
        offend_fault(t, "does not conform");
    t->cell->fine[t->part] += err == ERR_OK;
    return err == ERR_OK;
}

static void
check_part(struct matrix *m, const struct wire_item *item, enum part part)
{
    unsigned from = index_of(m, item->dialect);
    struct trip t = { .m = m, .item = item, .part = part, .cell = &m->cells[from][from] };
    struct xd_ask ask;
    struct ir_reply reply;
    buf_init(&t.out, OUT_BYTES_MAX);
    bool fine = conforms_itself(&t, &ask, &reply);
    if (fine && part == REQUEST)
        said_request(&t.was, &ask.chat, &m->arena);
    if (fine && part == REPLY)
        said_reply(&t.was, &reply, &m->arena);
    for (unsigned i = 0; fine && i < m->n; i++) {
        if (i == from)
            continue;
        t.to = m->dialects[i];
        t.cell = &m->cells[from][i];
        t.cell->n[part]++;
        t.lost.n = 0;
        buf_clear(&t.out);
        if (part == REQUEST)
            carry_one_request(&t, &ask.chat);
        else if (part == REPLY)
            carry_one_reply(&t, &reply);
        else
            carry_one_stream(&t);
    }
    buf_fini(&t.out);
}

static void
check_item(void *ctx, const struct wire_item *item)
{
    struct matrix *m = ctx;
    if (item->status / 100 != 2)
        return;
    if (item->request.p)
        check_part(m, item, REQUEST);
    arena_reset(&m->arena);
    if (item->reply.p)
        check_part(m, item, item->stream ? STREAM : REPLY);
    arena_reset(&m->arena);
}

/* --- the matrix ------------------------------------------------------------------------------- */

static void
print_part(const struct matrix *m, enum part part)
{
    printf("# %s\n# %-20s", conforms[part], "");
    for (unsigned i = 0; i < m->n; i++)
        printf(" %11.11s", m->dialects[i]->name);
    printf("\n");
    for (unsigned i = 0; i < m->n; i++) {
        printf("# %-20s", m->dialects[i]->name);
        for (unsigned k = 0; k < m->n; k++) {
            const struct cell *c = &m->cells[i][k];
            unsigned n = c->n[part] - (part == REQUEST ? c->refused : 0);
            char text[32];
            snprintf(text, sizeof text, "%u/%u", c->fine[part], n);
            printf(" %11s", text);
        }
        printf("\n");
    }
}

static void
every_exchange_says_the_same_in_every_dialect(void **state)
{
    static const char *const checks[] = { "own request", "own reply", "own stream", "request to",
                                          "reply to",    "stream to", NULL };
    static struct matrix m;
    (void)state;
    WIRE_REQUIRE();
    m = (struct matrix){ .n = 0 };
    find_dialects(&m);
    verdict_init(&m.verdict, checks);
    arena_init(&m.arena, ARENA_BYTES_MAX);
    size_t all = wire_each_address(check_item, &m);
    arena_fini(&m.arena);
    printf("# %zu exchanges; fine of all, its own dialect on the diagonal:\n", all);
    for (enum part part = REQUEST; part < PARTS; part++)
        print_part(&m, part);
    assert_true(all > 400);
    assert_int_equal(verdict_close(&m.verdict, "matrix"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_exchange_says_the_same_in_every_dialect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
