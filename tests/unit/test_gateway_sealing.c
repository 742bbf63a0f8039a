/* Marks in the bytes that are copied to clients, and out of those that come back. */
#include "tests/unit/test_gateway_rig.h"

#include "runtime/xd/registry.h"
#include "runtime/xd/seal.h"
#include "runtime/xd/translate.h"
#include "server/gateway/sealing.h"

static const struct {
    const char *in, *seals[2], *out;
    unsigned n;
} rows[] = {
    { "{\"s\":\"abc\"}", { "abc" }, "{\"s\":\"Mt0:abc\"}", 1 },
    /* every time that it is said, in any order, and nothing that only begins or ends so */
    { "[\"b\",\"a\",\"ab\",\"xb\",\"a\"]",
      { "a", "b" },
      "[\"Mt0:b\",\"Mt0:a\",\"ab\",\"xb\",\"Mt0:a\"]",
      3 },
    /* however it is escaped */
    { "{\"s\":\"a\\/b\\u003d\"}", { "a/b=" }, "{\"s\":\"Mt0:a\\/b\\u003d\"}", 1 },
    /* what is cut off says nothing */
    { "{\"s\":\"a\\u00", { "a\x01" }, "", 0 },
    { "{\"s\":\"a", { "a" }, "", 0 },
    { "{\"s\":\"a\\", { "a" }, "", 0 },
    { "{}", { "a" }, "", 0 },
};

static void
seals_are_marked_where_they_stand(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str v[2] = { str_from(rows[i].seals[0]) };
        struct xd_seals seals = { v, 1, 2 };
        struct buf out;
        if (rows[i].seals[1])
            v[seals.n++] = str_from(rows[i].seals[1]);
        buf_init(&out, 1000);
        assert_int_equal(sealing_mark(&seals, STR("M"), str_from(rows[i].in), &out), rows[i].n);
        if (!str_is(buf_str(&out), rows[i].out))
            fail_msg("%s: %.*s", rows[i].in, STR_ARG(buf_str(&out)));
        buf_fini(&out);
    }
}

/* The reply of an account with sealed thinking, as a client of its own language gets it and brings it back. */
static void
marks_come_off_for_their_account_alone(void **state)
{
    const char *turn =
        "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
        "{\"role\":\"assistant\",\"content\":["
        "{\"type\":\"thinking\",\"thinking\":\"Hm.\",\"signature\":\"%.*st0:S==\"},"
        "{\"type\":\"redacted_thinking\",\"data\":\"%.*st0:D==\"},"
        "{\"type\":\"text\",\"text\":\"b\"}]},{\"role\":\"user\",\"content\":\"c\"}]}";
    const struct xd_dialect *d = xd_find(STR("anthropic.messages"));
    struct arena a;
    (void)state;
    arena_init(&a, 1u << 20);
    struct str ours = xd_seal_mark(&a, d->family, STR("one"));
    struct str other = xd_seal_mark(&a, d->family, STR("two"));
    for (int own = 0; own < 2; own++) {
        struct str mark = own ? ours : other;
        struct ir_request m;
        struct xd in, out;
        xd_init(&in, d, XD_OP_CHAT, &a, NULL);
        assert_int_equal(
            xd_request_read(&in, arena_printf(&a, turn, STR_ARG(mark), STR_ARG(mark)), &m), ERR_OK);
        xd_init(&out, d, XD_OP_CHAT, &a, NULL);
        out.seal = ours;
        prepare_seals(&out, &m);
        const struct ir_blocks *l = &m.turns.v[1].blocks;
        if (own) {
            assert_true(str_is(l->v[0].thinking.signature, "S=="));
            assert_true(str_is(l->v[1].sealed.data, "D=="));
            assert_int_equal(out.sealed.n, 2); /* what was taken off, for those who copy */
            assert_true(str_starts(out.sealed.v[0], ours));
        } else {
            assert_int_equal(l->n, 2);
            assert_int_equal(l->v[0].thinking.signature.n, 0);
            assert_int_equal(l->v[1].kind, IR_BLOCK_TEXT);
            assert_int_equal(out.lost.n, 2);
        }
        xd_fini(&in);
        xd_fini(&out);
    }
    arena_fini(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seals_are_marked_where_they_stand),
        cmocka_unit_test(marks_come_off_for_their_account_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
