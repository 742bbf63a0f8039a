/* State as text: there and back, cut off anywhere, changed anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/dice.h"
#include "server/gateway/handover.h"
#include "tests/lib/guard_options.h"

#define SEED   UINT64_C(20251124)
#define MS     ((uint64_t)1000 * 1000)
#define SECOND (1000 * MS)

static const struct guard_options opts = { GUARD_OPTIONS };
static const struct limiter_options limited = {
    .requests = { 600, 10 }, .tokens = { 6000, 1000 }, .adapts = true, .adaptive = { 1, 100, 2000 }
};

static const struct hedge_options hedge = { 100, 950, MS };

/* Registries with one thing each in some state. */
struct house {
    struct handover all;
    struct deployment deployment;
    struct guarded *guard;
    struct limited *limit;
};

static void
open_house(struct house *h)
{
    *h = (struct house){ .all = { guards_create(), limits_create(),
                                  calloc(1, sizeof(struct route_memory)) },
                         .deployment = { .account = STR("east https://e \"x\" 0123abcd") } };
    h->guard = guards_find(h->all.guards, &h->deployment, STR("m\\o/del"));
    h->limit = limits_find(h->all.limits, LIMITS_MODEL, STR("gpt"));
}

static void
close_house(struct house *h)
{
    guards_destroy(h->all.guards);
    limits_destroy(h->all.limits);
    free(h->all.homes);
}

/* All of it. */
static void
write(struct buf *text, struct house *h, uint64_t now)
{
    struct handover_rest rest;
    assert_int_equal(handover_write(text, &h->all, now, &rest), ERR_OK);
    assert_true(rest.count.guards == 0 && rest.count.limits == 0 && rest.count.homes == 0);
}

static void
live(struct house *h, struct dice *d, uint64_t *now)
{
    static const enum ir_fault faults[] = { IR_FAULT_UNSET, IR_FAULT_INTERNAL, IR_FAULT_INTERNAL,
                                            IR_FAULT_RATE,  IR_FAULT_AUTH,     IR_FAULT_TIMEOUT };
    const struct guard_thresholds t = { .good = 1, .bad = 2, .keep_ns = 30 * SECOND };
    for (uint64_t n = dice_below(d, 30); n; n--) {
        struct guard_report r = { .fault = faults[dice_below(d, 6)],
                                  .wait_ns = dice_below(d, 3) ? 0 : dice_below(d, 40) * SECOND,
                                  .whole_ns = dice_below(d, 1000) * MS };
        struct limits_hold hold = { .place = LIMITS_OUT };
        struct limiter_refusal no;
        uint64_t ticket;
        bool changed;
        *now += dice_below(d, 3000) * MS;
        route_memory_put(h->all.homes, dice_next(d), dice_next(d));
        if (guarded_begin(h->guard, &opts, *now, &ticket, NULL))
            guarded_done(h->guard, &opts, *now, ticket, &r);
        if (dice_below(d, 4) == 0)
            guarded_probed(h->guard, &opts, *now, &t, &r, &changed);
        if (limits_enter(&hold, h->limit, &limited, *now, dice_below(d, 900), SEMAPHORE_NORMAL, &no)
            == SEMAPHORE_IN)
            limits_leave(
                &hold, *now,
                (struct limiter_report){ .used = 50, .sign = ADAPTIVE_TIMED, .sign_ns = 20 * MS });
    }
}

/* The new process has a clock of its own. */
static void
what_is_known_is_known_to_the_next_process(void **state)
{
    (void)state;
    for (uint64_t seed = SEED; seed < SEED + 500; seed++) {
        struct dice d;
        struct house old, new;
        struct handover_count count;
        struct fault f = { .err = ERR_OK };
        struct buf text;
        dice_init(&d, seed);
        uint64_t now = 1000 * SECOND, then = dice_below(&d, 2) ? 7000 * SECOND : 900 * SECOND;
        open_house(&old);
        open_house(&new);
        buf_init(&text, HANDOVER_BYTES_MAX);
        live(&old, &d, &now);
        write(&text, &old, now);
        assert_int_equal(handover_read(buf_str(&text), &new.all, then, &count, &f), ERR_OK);
        assert_true(count.guards == 1 && count.limits == 1);
        assert_memory_equal(old.all.homes, new.all.homes, sizeof *old.all.homes);
        for (uint64_t later = 0; later < 60 * SECOND; later += 1700 * MS) {
            struct guard_view a = guarded_view(old.guard, &opts, now + later);
            struct guard_view b = guarded_view(new.guard, &opts, then + later);
            bool probed = a.reason == GUARD_PROBED; /* its probes were the old process's */
            if (!probed
                && (a.standing != b.standing || a.reason != b.reason
                    || (a.until > now + later ? a.until - now : 0)
                           != (b.until > then + later ? b.until - then : 0)))
                fail_msg("seed %llu: %s, %s; was %s, %s", (unsigned long long)seed,
                         guard_standing_name(b.standing), guard_reason_text(b.reason),
                         guard_standing_name(a.standing), guard_reason_text(a.reason));
            assert_true(a.requests == b.requests && a.failures == b.failures
                        && a.told_429 == b.told_429 && a.whole_ns == b.whole_ns
                        && a.health.failed == b.health.failed);
            struct limiter_view l = limits_view(old.limit, &limited, now + later);
            struct limiter_view m = limits_view(new.limit, &limited, then + later);
            assert_true(l.reason == m.reason && l.wait_ns == m.wait_ns && l.parallel == m.parallel
                        && l.entered == m.entered);
        }
        buf_fini(&text);
        close_house(&old);
        close_house(&new);
    }
}

static void
what_is_usual_need_not_be_learnt_anew(void **state)
{
    struct house old, new;
    struct handover_count count;
    struct fault f = { .err = ERR_OK };
    struct buf text;
    (void)state;
    open_house(&old);
    open_house(&new);
    buf_init(&text, HANDOVER_BYTES_MAX);
    for (unsigned i = 1; i <= 40; i++)
        guarded_first(old.guard, &opts, i * SECOND, i * i * 10 * MS, NULL);
    write(&text, &old, 41 * SECOND);
    assert_int_equal(handover_read(buf_str(&text), &new.all, SECOND, &count, &f), ERR_OK);
    assert_true(guarded_rival(old.guard, &hedge, false).after_ns > 10 * SECOND);
    assert_int_equal(guarded_rival(new.guard, &hedge, false).after_ns,
                     guarded_rival(old.guard, &hedge, false).after_ns);
    assert_true(guarded_rival(new.guard, &hedge, true).after_ns > 0);
    assert_int_equal(guarded_rival(new.guard, &hedge, true).after_ns,
                     guarded_rival(old.guard, &hedge, true).after_ns);
    buf_fini(&text);
    close_house(&old);
    close_house(&new);
}

/* A number that is too large for the reader must not cost all that is known. */
static void
what_took_days_is_handed_over_as_a_day(void **state)
{
    struct house old, new;
    struct handover_count count;
    struct fault f = { .err = ERR_OK };
    const struct guard_report good = { .whole_ns = 100 * 3600 * SECOND };
    struct buf text;
    uint64_t ticket;
    (void)state;
    open_house(&old);
    open_house(&new);
    buf_init(&text, HANDOVER_BYTES_MAX);
    assert_true(guarded_begin(old.guard, &opts, SECOND, &ticket, NULL));
    guarded_done(old.guard, &opts, SECOND, ticket, &good);
    write(&text, &old, SECOND);
    assert_int_equal(handover_read(buf_str(&text), &new.all, SECOND, &count, &f), ERR_OK);
    assert_int_equal(guarded_view(new.guard, &opts, SECOND).whole_ns, MEMORY_NS_MOST);
    buf_fini(&text);
    close_house(&old);
    close_house(&new);
}

/* The rest goes, and what stays is counted. */
static void
what_does_not_fit_is_told(void **state)
{
    struct house old, new;
    unsigned most = 0;
    (void)state;
    open_house(&old);
    for (unsigned i = 0; i < 20; i++) {
        char model[8];
        snprintf(model, sizeof model, "m%u", i);
        guards_find(old.all.guards, &old.deployment, str_from(model));
    }
    unsigned homes = 0;
    for (uint64_t i = 0; i < 40; i++)
        route_memory_put(old.all.homes, i * UINT64_C(0x9e3779b97f4a7c15), i + 1);
    for (unsigned i = 0; i < ROUTE_MEMORY_SLOTS; i++)
        homes += route_memory_word(old.all.homes, i) != 0;
    assert_true(homes > 30);
    for (size_t room = 200; room < 4096; room += 16) {
        struct handover_rest rest;
        struct handover_count count;
        struct fault f = { .err = ERR_OK };
        struct buf text;
        open_house(&new);
        buf_init(&text, room);
        assert_int_equal(handover_write(&text, &old.all, SECOND, &rest), ERR_OK);
        assert_int_equal(handover_read(buf_str(&text), &new.all, SECOND, &count, &f), ERR_OK);
        assert_int_equal(count.guards + rest.count.guards, 21);
        assert_int_equal(count.limits + rest.count.limits, 1);
        assert_int_equal(count.homes + rest.count.homes, homes);
        assert_true(count.guards >= most);
        assert_int_equal(rest.first[0] != '\0', rest.count.guards + rest.count.limits > 0);
        most = count.guards;
        buf_fini(&text);
        close_house(&new);
    }
    assert_int_equal(most, 21);
    close_house(&old);
}

static void
people_are_told_what_is_lost(void **state)
{
    static const struct {
        enum err err;
        struct handover_rest rest;
        const char *told; /* NULL: nothing is lost */
    } rows[] = {
        { ERR_OK, { .first = "" }, NULL },
        { ERR_OK,
          { .count = { 2, 1, 0 }, .first = "deployment east m" },
          "no room for 2 deployments, 1 limit and the homes of 0 conversations; the first is the "
          "deployment east m" },
        { ERR_OK,
          { .count = { 0, 0, 1 } },
          "no room for 0 deployments, 0 limits and the homes of 1 conversation" },
        { ERR_MEMORY, { .first = "" }, "out of memory: the new process begins anew" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char told[HANDOVER_LOSS_ROOM] = "";
        assert_int_equal(handover_loss(rows[i].err, &rows[i].rest, told), rows[i].told != NULL);
        assert_string_equal(told, rows[i].told ? rows[i].told : "");
    }
    struct handover_rest most = { .count = { UINT32_MAX, UINT32_MAX, UINT32_MAX } };
    char told[HANDOVER_LOSS_ROOM];
    memset(most.first, 'x', HANDOVER_NAME_ROOM - 1);
    assert_true(handover_loss(ERR_OK, &most, told));
    assert_non_null(strstr(told, most.first)); /* there is room for any name */
}

static enum err
read(struct str text)
{
    struct house h;
    struct handover_count count;
    struct fault f = { .err = ERR_OK };
    open_house(&h);
    enum err err = handover_read(text, &h.all, SECOND, &count, &f);
    struct guard_view v = guarded_view(h.guard, &opts, SECOND);
    assert_true(!err || (v.standing == GUARD_READY && v.requests == 0)); /* all or nothing */
    assert_true(!err || f.text[0]);
    close_house(&h);
    return err;
}

static void
what_is_cut_off_or_changed_is_not_taken(void **state)
{
    struct house h;
    struct dice d;
    struct buf text;
    uint64_t now = SECOND;
    (void)state;
    dice_init(&d, SEED);
    open_house(&h);
    buf_init(&text, HANDOVER_BYTES_MAX);
    live(&h, &d, &now);
    write(&text, &h, now);
    assert_int_equal(read(buf_str(&text)), ERR_OK);
    for (size_t n = 0; n < text.n; n++)
        assert_true(read(str_make(text.p, n)) != ERR_OK);
    for (size_t i = 0; i < text.n; i++) {
        text.p[i] ^= 1;
        assert_true(read(buf_str(&text)) != ERR_OK);
        text.p[i] ^= 1;
    }
    buf_putc(&text, ' ');
    assert_true(read(buf_str(&text)) != ERR_OK);
    buf_fini(&text);
    close_house(&h);
}

/* With a head that fits. */
static enum err
read_body(const char *body)
{
    uint64_t sum = UINT64_C(14695981039346656037);
    struct buf text;
    for (const char *p = body; *p; p++)
        sum = (sum ^ (unsigned char)*p) * UINT64_C(1099511628211);
    buf_init(&text, 65536);
    buf_printf(&text, "llmux-state 1 %zu %016llx\n%s", strlen(body), (unsigned long long)sum, body);
    enum err err = read(buf_str(&text));
    buf_fini(&text);
    return err;
}

static void
what_makes_no_sense_is_not_taken(void **state)
{
#define GUARD(more) \
    "{\"guards\":[{\"account\":\"a\",\"model\":\"m\",\"breaker\":\"open\",\"cause\":\"none\"" more \
    "}],\"limits\":[]}"
    struct buf many;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"guards\":[],\"limits\":{}}",
        "{\"guards\":[1],\"limits\":[]}",
        "{\"guards\":[{}],\"limits\":[]}",
        GUARD(",\"open_ns\":-1"),
        GUARD(",\"open_ns\":1e18"),
        GUARD(",\"open_ns\":\"1\""),
        GUARD(",\"told\":2"),
        GUARD(",\"first\":1"),
        GUARD(",\"first\":[-1]"),
        GUARD(",\"first\":[1,2000]"),
        GUARD(",\"whole\":[\"1\"]"),
        "{\"guards\":[],\"limits\":[],\"homes\":[]}",
        "{\"guards\":[],\"limits\":[],\"homes\":\"0000000000000000000\"}",
        "{\"guards\":[],\"limits\":[],\"homes\":\"0000000000000000000g\"}",
        GUARD(",\"failed\":99999999999"),
        "{\"guards\":[{\"account\":\"a\",\"model\":\"m\",\"breaker\":\"ajar\",\"cause\":\"none\"}],\"limits\":[]}",
        "{\"guards\":[{\"account\":\"a\",\"model\":\"m\",\"breaker\":\"open\",\"cause\":\"x\"}],\"limits\":[]}",
        "{\"guards\":[],\"limits\":[{\"of\":\"planet\",\"name\":\"x\"}]}",
        "{\"guards\":[],\"limits\":[{\"of\":\"model\"}]}",
        "{\"guards\":[],\"limits\":[{\"of\":\"model\",\"name\":\"x\",\"requests\":-5}]}",
    };
    /* The checksum is that of "{\"guards\":[],\"limits\":[]}", which has 25 bytes. */
    static const char *const lengths[] = {
#define STATE(length) "llmux-state 1 " length " ad9a8111366386f3\n{\"guards\":[],\"limits\":[]}"
        STATE("25.0"),  STATE("+25"),  STATE("\t25"),
        STATE("2.5e1"), STATE("0x19"), STATE("18446744073709551641"),
    };
    (void)state;
    assert_int_equal(read_body("{\"guards\":[],\"limits\":[]}"), ERR_OK);
    assert_int_equal(read_body(GUARD(",\"later\":[1]")), ERR_OK); /* what a newer one says, too */
    for (unsigned more = 0; more < 2; more++) { /* no more buckets than there are */
        buf_init(&many, 4096);
        buf_puts(&many, STR("{\"guards\":[{\"account\":\"a\",\"model\":\"m\",\"breaker\":\"open\","
                            "\"cause\":\"none\",\"first\":[0"));
        for (unsigned i = 1; i < LATENCY_BUCKETS + more; i++)
            buf_puts(&many, STR(",0"));
        buf_put(&many, "]}],\"limits\":[]}", sizeof "]}],\"limits\":[]}");
        assert_int_equal(read_body(many.p), more ? ERR_SYNTAX : ERR_OK);
        buf_fini(&many);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (read_body(bad[i]) == ERR_OK)
            fail_msg("%s was taken", bad[i]);
    assert_int_equal(read(STR("llmux-state 2 2 0\n{}")), ERR_UNSUPPORTED);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        if (read(str_from(lengths[i])) == ERR_OK)
            fail_msg("%s was taken", lengths[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_is_known_to_the_next_process),
        cmocka_unit_test(what_is_usual_need_not_be_learnt_anew),
        cmocka_unit_test(what_does_not_fit_is_told),
        cmocka_unit_test(people_are_told_what_is_lost),
        cmocka_unit_test(what_took_days_is_handed_over_as_a_day),
        cmocka_unit_test(what_is_cut_off_or_changed_is_not_taken),
        cmocka_unit_test(what_makes_no_sense_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
