/* The stream reader's state machine, driven by hand as generated code drives it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/flow.h"
#include "tests/lib/dice.h"
#include "tests/lib/told.h"

/* --- a dialect that only has a name, an order and an error member --- */

enum { EV_HEAD, EV_BODY, EV_TAIL, EV_PING };
enum { BAD = XD_ORDER_BAD, SKIP = XD_ORDER_SKIP };
static const unsigned char next[3][4] = {
    { 1, BAD, BAD, 0 }, /* head first */
    { SKIP, 1, 2, 1 },  /* bodies, then the tail */
    { BAD, BAD, BAD, 2 },
};
static const unsigned char accept[] = { 0, 0, 1 };
static const char *const names[] = { "head", "body", "tail", "ping" };
static const struct xd_order order = { 3, 4, 0, next[0], accept, names };
static const struct xd_op ops[] = {
    { .kind = XD_OP_CHAT, .order = &order, .error_member = STR_INIT("error"), .slot_bytes = 1024 },
};
static const struct xd_dialect dialect = { .abi = XD_ABI, .name = "toy", .ops = ops, .nops = 1 };

struct bench {
    struct arena keep, scratch;
    struct xd x;
    struct xd_flow flow;
    struct told told;
};

static void
restart(struct bench *b)
{
    xd_flow_fini(&b->flow);
    xd_fini(&b->x);
    arena_reset(&b->keep);
    arena_reset(&b->scratch);
    xd_init(&b->x, &dialect, XD_OP_CHAT, &b->scratch, NULL);
    b->x.keep = &b->keep;
    b->x.flow = &b->flow;
    xd_flow_init(&b->flow, told_event, &b->told);
    told_clear(&b->told);
}

static int
set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    arena_init(&b->keep, 16u << 20);
    arena_init(&b->scratch, 16u << 20);
    told_init(&b->told);
    xd_init(&b->x, &dialect, XD_OP_CHAT, &b->scratch, NULL);
    xd_flow_init(&b->flow, told_event, &b->told);
    restart(b);
    *state = b;
    return 0;
}

static int
tear_down(void **state)
{
    struct bench *b = *state;
    xd_flow_fini(&b->flow);
    xd_fini(&b->x);
    arena_fini(&b->keep);
    arena_fini(&b->scratch);
    told_fini(&b->told);
    free(b);
    return 0;
}

/* --- scripts --- */

enum act {
    DONE,
    BEGIN,
    TEXT,
    THINK,
    SIGN,
    SEAL,
    KEYED,
    NOKEY,
    OPEN,
    OPENC,
    GROW,
    GROWC,
    SHUT,
    STOP,
    USE,
    END,
    END_OF_FILE,
    BEAT
};

/* One call of generated code.  a, b, c: id, name, arguments, or a text; n: choice * 100 + key. */
struct step {
    enum act act;
    int n;
    const char *a, *b, *c;
};
#define SCRIPT_MAX 16

static struct ir_block
call_of(const struct step *s)
{
    return (struct ir_block){
        .kind = IR_BLOCK_CALL,
        .call = { .id = str_from(s->a), .name = str_from(s->b), .arguments = str_from(s->c) },
    };
}

static struct ir_block
wordy(enum ir_block_kind kind, const struct step *s)
{
    struct ir_block b = { .kind = kind };
    if (kind == IR_BLOCK_TEXT)
        b.text.text = str_from(s->a);
    else if (kind == IR_BLOCK_SEALED)
        b.sealed.data = str_from(s->a);
    else
        b.thinking.text = str_from(s->a);
    return b;
}

static void
play_block(struct xd *x, const struct step *s)
{
    unsigned choice = (unsigned)s->n / 100, key = (unsigned)s->n % 100;
    struct ir_block text = wordy(IR_BLOCK_TEXT, s), thinking = wordy(IR_BLOCK_THINKING, s);
    struct ir_block sealed = wordy(IR_BLOCK_SEALED, s), call = call_of(s);
    struct ir_block sign = { .kind = IR_BLOCK_THINKING, .thinking.signature = str_from(s->a) };
    switch (s->act) {
    case TEXT:
        xd_flow_patch(x, choice, &text);
        break;
    case THINK:
        xd_flow_patch(x, choice, &thinking);
        break;
    case SIGN:
        xd_flow_patch(x, choice, &sign);
        break;
    case SEAL:
        xd_flow_patch(x, choice, &sealed);
        break;
    case KEYED:
        xd_flow_patch_keyed(x, choice, key, &call);
        break;
    case NOKEY:
        xd_flow_patch_keyed(x, choice, -1, &call);
        break;
    case OPEN:
        xd_flow_open(x, choice, key, &text);
        break;
    case OPENC:
        xd_flow_open(x, choice, key, &call);
        break;
    case GROW:
        xd_flow_grow(x, choice, key, &text);
        break;
    case GROWC:
        xd_flow_grow(x, choice, key, &call);
        break;
    case SHUT:
        xd_flow_close(x, choice, key);
        break;
    default:
        break;
    }
}

static void
play(struct bench *b, const struct step *s)
{
    struct xd *x = &b->x;
    for (; s->act != DONE; s++) {
        struct ir_reply head = { .id = str_from(s->a), .model = str_from(s->b) };
        struct ir_usage usage = { .set = true,
                                  .input = { s->n / 100, s->n >= 100 },
                                  .output = { s->n % 100, true } };
        switch (s->act) {
        case BEGIN:
            xd_flow_begin(x, &head);
            break;
        case STOP:
            xd_flow_stop(x, (unsigned)s->n / 100, (enum ir_stop)(s->n % 100), str_from(s->a));
            break;
        case USE:
            xd_flow_usage(x, &usage);
            break;
        case END:
            xd_flow_end(x);
            break;
        case END_OF_FILE:
            xd_flow_eof(x);
            break;
        case BEAT:
            xd_flow_beat(x);
            break;
        default:
            play_block(x, s);
            break;
        }
        arena_reset(&b->scratch);
    }
    if (x->err)
        xd_flow_fault(x, IR_FAULT_PROTOCOL);
}

struct scene {
    const char *why;
    struct step steps[SCRIPT_MAX];
    const char *want;
};

static void
check_scenes(struct bench *b, const struct scene *scenes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        restart(b);
        play(b, scenes[i].steps);
        if (strcmp(told_events(&b->told), scenes[i].want) != 0)
            fail_msg("%s:\n%s--- wanted:\n%s", scenes[i].why, told_events(&b->told),
                     scenes[i].want);
        told_check_grammar(&b->told);
    }
}
#define CHECK(b, scenes) check_scenes(b, scenes, sizeof scenes / sizeof *scenes)
#define HEAD \
    { \
        BEGIN, 0, "c1", "m", NULL \
    }
#define FIN \
    { STOP, IR_STOP_END, NULL, NULL, NULL }, \
    { \
        END, 0, NULL, NULL, NULL \
    }
#define FINISH_CALL "finish 0 call\nend\n"

static void
a_word_begins_once_with_the_first_head_that_says_something(void **state)
{
    static const struct scene scenes[] = {
        { "an empty head waits for the real one",
          { { BEGIN, 0, "", "", NULL },
            HEAD,
            { TEXT, 0, "a", NULL, NULL },
            { BEGIN, 0, "c2", "n", NULL },
            FIN },
          "begin c1 m\nopen 0.0 text\ngrow 0.0 \"a\"\nclose 0.0\nfinish 0 end\nend\n" },
        { "content does not wait for a head",
          { { TEXT, 0, "a", NULL, NULL }, HEAD, FIN },
          "begin  \nopen 0.0 text\ngrow 0.0 \"a\"\nclose 0.0\nfinish 0 end\nend\n" },
        { "beats may stand anywhere",
          { { BEAT, 0, NULL, NULL, NULL }, HEAD, { BEAT, 0, NULL, NULL, NULL }, FIN },
          "beat\nbegin c1 m\nbeat\nfinish 0 end\nend\n" },
    };
    CHECK(*state, scenes);
}

static void
fragments_open_blocks_where_the_kind_changes(void **state)
{
    static const struct scene scenes[] = {
        { "thinking, then text",
          { HEAD,
            { THINK, 0, "h", NULL, NULL },
            { THINK, 0, "m", NULL, NULL },
            { TEXT, 0, "ok", NULL, NULL },
            FIN },
          "begin c1 m\nopen 0.0 thinking\ngrow 0.0 \"h\"\ngrow 0.0 \"m\"\nclose 0.0\n"
          "open 0.1 text\ngrow 0.1 \"ok\"\nclose 0.1\nfinish 0 end\nend\n" },
        { "empty fragments open nothing",
          { HEAD,
            { TEXT, 0, "", NULL, NULL },
            { THINK, 0, "", NULL, NULL },
            { TEXT, 0, "a", NULL, NULL },
            FIN },
          "begin c1 m\nopen 0.0 text\ngrow 0.0 \"a\"\nclose 0.0\nfinish 0 end\nend\n" },
        { "thinking of which only the signature is told is kept",
          { HEAD, { SIGN, 0, "sig", NULL, NULL }, { TEXT, 0, "a", NULL, NULL }, FIN },
          "begin c1 m\nopen 0.0 thinking\ngrow 0.0 signed \"sig\"\nclose 0.0\n"
          "open 0.1 text\ngrow 0.1 \"a\"\nclose 0.1\nfinish 0 end\nend\n" },
        { "a signature ends its block",
          { HEAD,
            { THINK, 0, "a", NULL, NULL },
            { SIGN, 0, "s", NULL, NULL },
            { THINK, 0, "b", NULL, NULL },
            FIN },
          "begin c1 m\nopen 0.0 thinking\ngrow 0.0 \"a\"\ngrow 0.0 signed \"s\"\nclose 0.0\n"
          "open 0.1 thinking\ngrow 0.1 \"b\"\nclose 0.1\nfinish 0 end\nend\n" },
        { "sealed thinking is never joined",
          { HEAD, { SEAL, 0, "x", NULL, NULL }, { SEAL, 0, "y", NULL, NULL }, FIN },
          "begin c1 m\nopen 0.0 sealed \"x\"\nclose 0.0\nopen 0.1 sealed \"y\"\nclose 0.1\nfinish 0 end\nend\n" },
        { "choices have blocks of their own",
          { HEAD,
            { TEXT, 0, "a", NULL, NULL },
            { TEXT, 100, "x", NULL, NULL },
            { TEXT, 0, "b", NULL, NULL },
            { STOP, 100 + IR_STOP_LENGTH, NULL, NULL, NULL },
            FIN },
          "begin c1 m\nopen 0.0 text\ngrow 0.0 \"a\"\nopen 1.0 text\ngrow 1.0 \"x\"\ngrow 0.0 \"b\"\n"
          "close 0.0\nclose 1.0\nfinish 0 end\nfinish 1 length\nend\n" },
    };
    CHECK(*state, scenes);
}

#define OPEN_A "begin c1 m\nopen 0.0 call a fa\n"

static void
calls_are_renumbered_and_told_apart(void **state)
{
    static const struct scene scenes[] = {
        { "keys start at one",
          { HEAD, { KEYED, 1, "a", "fa", "{\"x\":1}" }, FIN },
          OPEN_A "grow 0.0 {\"x\":1}\nclose 0.0\n" FINISH_CALL },
        { "the second of two flows at once when the first is complete",
          { HEAD,
            { KEYED, 0, "a", "fa", "{\"x\"" },
            { KEYED, 0, NULL, NULL, ":1}" },
            { KEYED, 1, "b", "fb", "{" },
            { KEYED, 1, NULL, NULL, "}" },
            FIN },
          OPEN_A
          "grow 0.0 {\"x\"\ngrow 0.0 :1}\nclose 0.0\nopen 0.1 call b fb\ngrow 0.1 {\ngrow 0.1 }\n"
          "close 0.1\n" FINISH_CALL },
        { "interleaved fragments are sorted",
          { HEAD,
            { KEYED, 0, "a", "fa", "" },
            { KEYED, 1, "b", "fb", "" },
            { KEYED, 0, NULL, NULL, "{\"x\"" },
            { KEYED, 1, NULL, NULL, "{\"y\"" },
            { KEYED, 0, NULL, NULL, ":1}" },
            { KEYED, 1, NULL, NULL, ":2}" },
            FIN },
          OPEN_A
          "grow 0.0 {\"x\"\ngrow 0.0 :1}\nclose 0.0\nopen 0.1 call b fb\ngrow 0.1 {\"y\"\ngrow 0.1 :2}\n"
          "close 0.1\n" FINISH_CALL },
        { "without a key a new id is a new call",
          { HEAD,
            { NOKEY, 0, "a", "fa", "{\"x\":1}" },
            { NOKEY, 0, "b", "fb", "{" },
            { NOKEY, 0, NULL, NULL, "}" },
            FIN },
          OPEN_A
          "grow 0.0 {\"x\":1}\nclose 0.0\nopen 0.1 call b fb\ngrow 0.1 {\ngrow 0.1 }\nclose 0.1\n" FINISH_CALL },
        { "without a key the same id goes on",
          { HEAD, { NOKEY, 0, "a", "fa", "{" }, { NOKEY, 0, "a", "fa", "}" }, FIN },
          OPEN_A "grow 0.0 {\ngrow 0.0 }\nclose 0.0\n" FINISH_CALL },
        { "another id on a used key is another call",
          { HEAD, { KEYED, 0, "a", "fa", "{}" }, { KEYED, 0, "b", "fb", "{}" }, FIN },
          OPEN_A
          "grow 0.0 {}\nclose 0.0\nopen 0.1 call b fb\ngrow 0.1 {}\nclose 0.1\n" FINISH_CALL },
        { "an id that changes without a name does not",
          { HEAD, { KEYED, 0, "a", "fa", "{" }, { KEYED, 0, "zz", "", "}" }, FIN },
          OPEN_A "grow 0.0 {\ngrow 0.0 }\nclose 0.0\n" FINISH_CALL },
        { "empty ids and names never overwrite",
          { HEAD, { KEYED, 0, "a", "fa", "" }, { KEYED, 0, "", "", "{\"q\":1}" }, FIN },
          OPEN_A "grow 0.0 {\"q\":1}\nclose 0.0\n" FINISH_CALL },
        { "a call waits for its name",
          { HEAD, { KEYED, 0, "a", "", "{" }, { KEYED, 0, "", "fa", "}" }, FIN },
          OPEN_A "grow 0.0 {}\nclose 0.0\n" FINISH_CALL },
        { "a late fragment does not open a call again",
          { HEAD,
            { KEYED, 0, "a", "fa", "{}1" },
            { KEYED, 0, NULL, NULL, " " },
            { TEXT, 0, "t", NULL, NULL },
            { KEYED, 0, NULL, NULL, "x" },
            FIN },
          OPEN_A
          "grow 0.0 {}1\ngrow 0.0  \nclose 0.0\nopen 0.1 text\ngrow 0.1 \"t\"\nclose 0.1\n" FINISH_CALL },
        { "text inside of an unfinished call waits",
          { HEAD,
            { KEYED, 0, "a", "fa", "{" },
            { TEXT, 0, "t", NULL, NULL },
            { TEXT, 0, "u", NULL, NULL },
            { KEYED, 0, NULL, NULL, "}" },
            FIN },
          OPEN_A
          "grow 0.0 {\ngrow 0.0 }\nclose 0.0\nopen 0.1 text\ngrow 0.1 \"tu\"\nclose 0.1\n" FINISH_CALL },
    };
    CHECK(*state, scenes);
}

static void
arguments_that_are_none_become_an_empty_object(void **state)
{
    static const struct scene scenes[] = {
        { "empty",
          { HEAD, { KEYED, 0, "a", "fa", "" }, FIN },
          OPEN_A "grow 0.0 {}\nclose 0.0\n" FINISH_CALL },
        { "never said",
          { HEAD, { KEYED, 0, "a", "fa", NULL }, FIN },
          OPEN_A "grow 0.0 {}\nclose 0.0\n" FINISH_CALL },
        { "null",
          { HEAD, { KEYED, 0, "a", "fa", "null" }, FIN },
          OPEN_A "grow 0.0 {}\nclose 0.0\n" FINISH_CALL },
        { "null in pieces",
          { HEAD,
            { KEYED, 0, "a", "fa", "" },
            { KEYED, 0, NULL, NULL, "nu" },
            { KEYED, 0, NULL, NULL, "ll" },
            FIN },
          OPEN_A "grow 0.0 {}\nclose 0.0\n" FINISH_CALL },
        { "a placeholder that is followed by the real ones",
          { HEAD,
            { KEYED, 0, "a", "fa", "{}" },
            { KEYED, 0, NULL, NULL, "{\"x\"" },
            { KEYED, 0, NULL, NULL, ":1}" },
            FIN },
          OPEN_A "grow 0.0 {\"x\"\ngrow 0.0 :1}\nclose 0.0\n" FINISH_CALL },
        { "with boundaries",
          { HEAD,
            { OPENC, 0, "a", "fa", "{}" },
            { GROWC, 0, NULL, NULL, "" },
            { SHUT, 0, NULL, NULL, NULL },
            FIN },
          OPEN_A "grow 0.0 {}\nclose 0.0\n" FINISH_CALL },
        { "not what only begins like null",
          { HEAD,
            { KEYED, 0, "a", "fa", "" },
            { KEYED, 0, NULL, NULL, "nul" },
            { KEYED, 0, NULL, NULL, "x" },
            FIN },
          OPEN_A "grow 0.0 nulx\nclose 0.0\n" FINISH_CALL },
    };
    CHECK(*state, scenes);
}

static void
blocks_with_boundaries_keep_them(void **state)
{
    static const struct scene scenes[] = {
        { "text may stand in the opening",
          { HEAD,
            { OPEN, 7, "Hi", NULL, NULL },
            { GROW, 7, "!", NULL, NULL },
            { SHUT, 7, NULL, NULL, NULL },
            FIN },
          "begin c1 m\nopen 0.0 text\ngrow 0.0 \"Hi\"\ngrow 0.0 \"!\"\nclose 0.0\nfinish 0 end\nend\n" },
        { "an empty block is a block",
          { HEAD, { OPEN, 0, "", NULL, NULL }, { SHUT, 0, NULL, NULL, NULL }, FIN },
          "begin c1 m\nopen 0.0 text\nclose 0.0\nfinish 0 end\nend\n" },
        { "growth of a block that never opened opens it",
          { HEAD, { GROW, 3, "a", NULL, NULL }, FIN },
          "begin c1 m\nopen 0.0 text\ngrow 0.0 \"a\"\nclose 0.0\nfinish 0 end\nend\n" },
        { "growth of another kind is another block",
          { HEAD, { OPEN, 0, "a", NULL, NULL }, { GROWC, 0, "i", "f", "{}" }, FIN },
          "begin c1 m\nopen 0.0 text\ngrow 0.0 \"a\"\nclose 0.0\nopen 0.1 call i f\ngrow 0.1 {}\nclose 0.1\n" FINISH_CALL },
        { "overlapping blocks are put one behind the other",
          { HEAD,
            { OPEN, 0, "a", NULL, NULL },
            { OPEN, 1, "x", NULL, NULL },
            { GROW, 0, "b", NULL, NULL },
            { GROW, 1, "y", NULL, NULL },
            { SHUT, 1, NULL, NULL, NULL },
            { SHUT, 0, NULL, NULL, NULL },
            FIN },
          "begin c1 m\nopen 0.0 text\ngrow 0.0 \"a\"\ngrow 0.0 \"b\"\nclose 0.0\n"
          "open 0.1 text\ngrow 0.1 \"xy\"\nclose 0.1\nfinish 0 end\nend\n" },
        { "a key used again is a new block",
          { HEAD, { OPEN, 0, "a", NULL, NULL }, { OPEN, 0, "b", NULL, NULL }, FIN },
          "begin c1 m\nopen 0.0 text\ngrow 0.0 \"a\"\nclose 0.0\nopen 0.1 text\ngrow 0.1 \"b\"\nclose 0.1\n"
          "finish 0 end\nend\n" },
    };
    CHECK(*state, scenes);
}

static void
a_word_ends_because_the_peer_said_so(void **state)
{
    static const struct scene scenes[] = {
        { "a stop that contradicts the calls agrees with them",
          { HEAD, { KEYED, 0, "a", "fa", "{\"x\":1}" }, FIN },
          OPEN_A "grow 0.0 {\"x\":1}\nclose 0.0\n" FINISH_CALL },
        { "one finish, however often it is said",
          { HEAD,
            { STOP, IR_STOP_END, NULL, NULL, NULL },
            { STOP, IR_STOP_REFUSAL, NULL, NULL, NULL },
            FIN },
          "begin c1 m\nfinish 0 refusal\nend\n" },
        { "the text that stopped it is kept",
          { HEAD, { STOP, IR_STOP_MATCH, "###", NULL, NULL }, { END, 0, NULL, NULL, NULL } },
          "begin c1 m\nfinish 0 match \"###\"\nend\n" },
        { "content and the marker of the end are enough",
          { HEAD, { TEXT, 0, "x", NULL, NULL }, { END, 0, NULL, NULL, NULL } },
          "begin c1 m\nopen 0.0 text\ngrow 0.0 \"x\"\nclose 0.0\nfinish 0 end\nend\n" },
        { "a stop is enough at the end of the file",
          { HEAD,
            { STOP, IR_STOP_LENGTH, NULL, NULL, NULL },
            { END_OF_FILE, 0, NULL, NULL, NULL } },
          "begin c1 m\nfinish 0 length\nend\n" },
        { "content alone is not",
          { HEAD, { TEXT, 0, "x", NULL, NULL }, { END_OF_FILE, 0, NULL, NULL, NULL } },
          "begin c1 m\nopen 0.0 text\ngrow 0.0 \"x\"\nfail protocol the stream was cut off before its end\n" },
        { "nor is one stop of two",
          { HEAD,
            { TEXT, 100, "x", NULL, NULL },
            { STOP, IR_STOP_END, NULL, NULL, NULL },
            { END_OF_FILE, 0, NULL, NULL, NULL } },
          "begin c1 m\nopen 1.0 text\ngrow 1.0 \"x\"\nfail protocol the stream was cut off before its end\n" },
        { "an end of nothing is no end",
          { HEAD, { END, 0, NULL, NULL, NULL } },
          "begin c1 m\nfail protocol the stream ended without content and without a reason\n" },
        { "nothing is told behind the end",
          { HEAD,
            FIN,
            { TEXT, 0, "late", NULL, NULL },
            { BEAT, 0, NULL, NULL, NULL },
            { END, 0, NULL, NULL, NULL } },
          "begin c1 m\nfinish 0 end\nend\n" },
        { "the last value of each count wins",
          { HEAD, { USE, 302, NULL, NULL, NULL }, { USE, 9, NULL, NULL, NULL }, FIN },
          "begin c1 m\nfinish 0 end 3/9\nend\n" },
    };
    CHECK(*state, scenes);
}

static void
calls_without_ids_get_ids_of_their_own(void **state)
{
    struct bench *b = *state;
    static const struct step steps[] = {
        HEAD, { NOKEY, 0, "", "f", "{\"a\":1}" }, { NOKEY, 0, "", "f", "{\"a\":2}" },
        FIN,  { DONE, 0, NULL, NULL, NULL },
    };
    char first[2][64];
    for (int round = 0; round < 2; round++) {
        restart(b);
        play(b, steps);
        told_check_grammar(&b->told);
        const struct ir_blocks *l = &b->told.collector.reply.choices.v[0].blocks;
        assert_int_equal(l->n, 2);
        assert_int_equal(l->v[0].call.id.n, 29);
        assert_true(str_starts(l->v[0].call.id, STR("call_")));
        assert_false(str_eq(l->v[0].call.id, l->v[1].call.id));
        snprintf(first[round], sizeof *first, "%.*s", STR_ARG(l->v[0].call.id));
    }
    assert_string_equal(first[0], first[1]);
}

static void
an_event_out_of_order_is_a_fault(void **state)
{
    struct bench *b = *state;
    assert_true(xd_flow_order(&b->x, EV_PING));
    assert_true(xd_flow_order(&b->x, EV_HEAD));
    assert_false(xd_flow_order(&b->x, EV_HEAD));
    assert_int_equal(b->x.err, ERR_OK);
    assert_true(xd_flow_order(&b->x, EV_TAIL));
    assert_false(xd_flow_order(&b->x, EV_BODY));
    assert_int_equal(b->x.err, ERR_PROTOCOL);
    assert_string_equal(b->x.fault.text,
                        "event \"body\" is out of order, expected one of \"ping\"");
}

static void
what_waits_has_a_cap(void **state)
{
    struct bench *b = *state;
    char big[4096];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    const struct step open = { KEYED, 0, "a", "fa", "{" }, more = { KEYED, 1, "b", "fb", big };
    play_block(&b->x, &open);
    unsigned n = 0;
    while (!b->x.err && n++ < 1000)
        play_block(&b->x, &more);
    assert_int_equal(b->x.err, ERR_LIMIT);
    assert_true(n * sizeof big >= FLOW_PARKED_BYTES);

    restart(b);
    play_block(&b->x, &open);
    for (int i = 1; !b->x.err && i < 1000; i++)
        play_block(&b->x, &(struct step){ KEYED, i, "b", "fb", "{" });
    assert_int_equal(b->x.err, ERR_LIMIT);
}

static void
choices_have_a_cap(void **state)
{
    struct bench *b = *state;
    struct ir_block text = { .kind = IR_BLOCK_TEXT, .text.text = STR("x") };
    for (unsigned i = 0; i < XD_CHOICES_MAX; i++)
        xd_flow_patch(&b->x, i, &text);
    assert_int_equal(b->x.err, ERR_OK);
    xd_flow_patch(&b->x, XD_CHOICES_MAX, &text);
    assert_int_equal(b->x.err, ERR_LIMIT);
}

static void
what_is_kept_until_the_end_has_a_cap(void **state)
{
    struct bench *b = *state;
    static char long_word[1025];
    memset(long_word, 'x', sizeof long_word);
    xd_flow_stop(&b->x, 0, IR_STOP_MATCH, str_make(long_word, sizeof long_word - 1));
    assert_int_equal(b->x.err, ERR_OK);
    xd_flow_stop(&b->x, 1, IR_STOP_MATCH, str_make(long_word, sizeof long_word));
    assert_int_equal(b->x.err, ERR_LIMIT);
}

static void
halves_of_a_pair_are_joined_or_replaced(void **state)
{
    static const struct scene scenes[] = {
        { "joined",
          { HEAD,
            { TEXT, 0, "a\xed\xa0\xbd", NULL, NULL },
            { TEXT, 0,
              "\xed\xb8\x80"
              "b",
              NULL, NULL },
            FIN },
          "begin c1 m\nopen 0.0 text\ngrow 0.0 \"a\"\ngrow 0.0 \"\xf0\x9f\x98\x80"
          "b\"\nclose 0.0\nfinish 0 end\nend\n" },
        { "a half alone",
          { HEAD,
            { TEXT, 0, "\xed\xa0\xbd", NULL, NULL },
            { TEXT, 0, "\xed\xb8\x80", NULL, NULL },
            FIN },
          "begin c1 m\nopen 0.0 text\ngrow 0.0 \"\xf0\x9f\x98\x80\"\nclose 0.0\nfinish 0 end\nend\n" },
        { "not continued",
          { HEAD, { TEXT, 0, "a\xed\xa0\xbd", NULL, NULL }, { TEXT, 0, "b", NULL, NULL }, FIN },
          "begin c1 m\nopen 0.0 text\ngrow 0.0 \"a\"\ngrow 0.0 \"\xef\xbf\xbd"
          "b\"\nclose 0.0\nfinish 0 end\nend\n" },
        { "at the end",
          { HEAD, { TEXT, 0, "a\xed\xa0\xbd", NULL, NULL }, FIN },
          "begin c1 m\nopen 0.0 text\ngrow 0.0 \"a\"\ngrow 0.0 \"\xef\xbf\xbd\"\nclose 0.0\nfinish 0 end\nend\n" },
        { "a low half alone",
          { HEAD, { TEXT, 0, "\xed\xb8\x80z", NULL, NULL }, FIN },
          "begin c1 m\nopen 0.0 text\ngrow 0.0 \"\xef\xbf\xbdz\"\nclose 0.0\nfinish 0 end\nend\n" },
        { "over another choice",
          { HEAD,
            { TEXT, 0, "\xed\xa0\xbd", NULL, NULL },
            { TEXT, 100, "x", NULL, NULL },
            { TEXT, 0, "\xed\xb8\x80", NULL, NULL },
            FIN },
          "begin c1 m\nopen 0.0 text\nopen 1.0 text\ngrow 1.0 \"x\"\ngrow 0.0 \"\xf0\x9f\x98\x80\"\n"
          "close 0.0\nclose 1.0\nfinish 0 end\nfinish 1 end\nend\n" },
        { "in a call that waits",
          { HEAD,
            { KEYED, 0, "a", "fa", "{" },
            { KEYED, 1, "b", "fb", "\"\xed\xa0\xbd" },
            { KEYED, 1, NULL, NULL, "\xed\xb8\x80\"" },
            FIN },
          OPEN_A
          "grow 0.0 {\nclose 0.0\nopen 0.1 call b fb\ngrow 0.1 \"\xf0\x9f\x98\x80\"\nclose 0.1\n" FINISH_CALL },
    };
    CHECK(*state, scenes);
}

#define CALLS 6
#define WORDS 40

/* A call's arguments and how much of them was sent. */
struct sent {
    char text[256];
    size_t at;
    bool named;
};

static void
send_some(struct bench *b, struct dice *d, struct sent *s, unsigned n)
{
    char id[16], name[16], piece[256];
    size_t left = strlen(s->text) - s->at, size = dice_roll(d, (uint32_t)left + 1);
    snprintf(id, sizeof id, "id%u", n);
    snprintf(name, sizeof name, "f%u", n);
    if (s->named)
        id[0] = name[0] = 0;
    snprintf(piece, sizeof piece, "%.*s", (int)size, s->text + s->at);
    play_block(&b->x, &(struct step){ KEYED, (int)n, id, name, piece });
    s->at += size;
    s->named = true;
}

static bool
is_all_sent(const struct sent *sent)
{
    for (unsigned i = 0; i < CALLS; i++)
        if (sent[i].at < strlen(sent[i].text))
            return false;
    return true;
}

static void
check_sent(const struct bench *b, const struct sent *sent, const char *text)
{
    const struct ir_blocks *l = &b->told.collector.reply.choices.v[0].blocks;
    char got[WORDS * 4 + 1] = "";
    unsigned calls = 0;
    for (unsigned i = 0; i < l->n; i++) {
        const struct ir_block *k = &l->v[i];
        if (k->kind == IR_BLOCK_TEXT) {
            strncat(got, k->text.text.p, k->text.text.n);
            continue;
        }
        unsigned n = (unsigned)(k->call.id.p[2] - '0');
        assert_true(str_is(k->call.arguments, sent[n].text));
        calls++;
    }
    assert_int_equal(calls, CALLS);
    assert_string_equal(got, text);
}

static void
nothing_is_lost_however_fragments_interleave(void **state)
{
    struct bench *b = *state;
    struct dice d = { 1 };
    for (int round = 0; round < 2000; round++) {
        struct sent sent[CALLS] = { { .at = 0 } };
        char text[WORDS * 4 + 1] = "";
        restart(b);
        for (unsigned i = 0; i < CALLS; i++)
            snprintf(sent[i].text, sizeof sent[i].text, "{\"a\":[%u,\"}{]\\\"\"],\"b\":{\"c\":%u}}",
                     i, dice_roll(&d, 1000));
        for (unsigned words = 0; !is_all_sent(sent) || words == 0;) {
            uint32_t n = dice_roll(&d, CALLS + 1);
            if (n < CALLS) {
                send_some(b, &d, &sent[n], n);
            } else if (words++ < WORDS) {
                play_block(&b->x, &(struct step){ TEXT, 0, "ab ", NULL, NULL });
                strcat(text, "ab ");
            }
            arena_reset(&b->scratch);
        }
        xd_flow_end(&b->x);
        told_check_grammar(&b->told);
        check_sent(b, sent, text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_word_begins_once_with_the_first_head_that_says_something,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(fragments_open_blocks_where_the_kind_changes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(calls_are_renumbered_and_told_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(arguments_that_are_none_become_an_empty_object, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(blocks_with_boundaries_keep_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_word_ends_because_the_peer_said_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(calls_without_ids_get_ids_of_their_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_event_out_of_order_is_a_fault, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_waits_has_a_cap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(choices_have_a_cap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_kept_until_the_end_has_a_cap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(halves_of_a_pair_are_joined_or_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_lost_however_fragments_interleave, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
