/* docs/spec-language.md keeps its word: each example compiles, and does what stands beside it.
 *
 *   ```spec NAME                  a dialect or provider; it is compiled with all specs
 *   ```spec NAME ir               a model
 *   ```spec NAME on MODEL         a dialect on that model; it is compiled only
 *   ```spec NAME wrong            must fail, with what the next block (```text) says
 *   ```json IN KIND DIALECT [OP]  request, reply or error in a dialect (error: its status behind);
 *   ```json OUT DIALECT           the same in another one, white space aside
 *   ```text IN stream DIALECT     a stream, and
 *   ```text OUT DIALECT           the same in another one                                        */
#include "runtime/xd/ask.h"
#include "tests/unit/test_dialect_rig.h"
#include "tests/unit/test_specc_rig.h"

#define MANUAL     "docs/spec-language.md"
#define BLOCKS_MAX 200

struct block {
    struct str words[5]; /* behind ``` */
    unsigned n;
    struct str text;
    unsigned line;
};

struct manual {
    struct specs specs; /* its arena holds the text */
    struct block v[BLOCKS_MAX];
    unsigned n;
};

static struct str
take_line(struct str *s)
{
    const char *end = s->n ? memchr(s->p, '\n', s->n) : NULL;
    struct str line = str_make(s->p, end ? (size_t)(end - s->p) : s->n);
    *s = str_skip(*s, line.n + 1);
    return line;
}

static void
split_words(struct block *b, struct str head)
{
    while ((head = str_trim(head)).n && b->n < 5) {
        size_t n = 0;
        while (n < head.n && head.p[n] != ' ')
            n++;
        b->words[b->n++] = str_make(head.p, n);
        head = str_skip(head, n);
    }
}

static void
read_manual(struct manual *m)
{
    const struct source *src = NULL;
    unsigned line = 0;

    m->n = 0;
    specs_init(&m->specs);
    assert_int_equal(source_read(&m->specs.arena, MANUAL, &src, NULL), ERR_OK);
    for (struct str rest = src->text; rest.n;) {
        struct str head = take_line(&rest);
        line++;
        if (!str_starts(head, STR("```")))
            continue;
        assert_true(m->n < BLOCKS_MAX);
        struct block *b = &m->v[m->n++];
        *b = (struct block){ .line = line + 1, .text = str_make(rest.p, 0) };
        split_words(b, str_skip(head, 3));
        for (head = take_line(&rest), line++; !str_is(head, "```"); head = take_line(&rest), line++)
            b->text.n = (size_t)(rest.p - b->text.p);
    }
}

static bool
has_word(const struct block *b, unsigned i, const char *word)
{
    return i < b->n && str_is(b->words[i], word);
}

static bool
is_spec(const struct block *b)
{
    return has_word(b, 0, "spec");
}

/* --- examples compile -------------------------------------------------------------------------- */

static const struct block *
find_model(const struct manual *m, struct str name)
{
    for (unsigned i = 0; i < m->n; i++)
        if (is_spec(&m->v[i]) && has_word(&m->v[i], 2, "ir") && str_eq(m->v[i].words[1], name))
            return &m->v[i];
    fail_msg("there is no model %.*s", STR_ARG(name));
    return NULL;
}

static void
add_block(struct specs *s, const struct block *b)
{
    specs_add_text(s, arena_printf(&s->arena, "%.*s.spec", STR_ARG(b->words[1])), b->text);
}

/* The errors of one example on the specs that it is made for. */
static void
compile_block(const struct manual *m, const struct block *b, struct buf *errors)
{
    struct specs s;
    struct compiled c = { 0 };

    specs_init(&s);
    add_block(&s, b);
    if (has_word(b, 2, "on"))
        add_block(&s, find_model(m, b->words[3]));
    else if (!has_word(b, 2, "ir"))
        specs_add_real(&s);
    if (diags_count(&s.diags) == 0)
        compile(&s.arena, s.v, s.n, &s.diags, &c);
    diags_print(&s.diags, errors);
    compiled_fini(&c);
    specs_fini(&s);
}

static void
every_example_compiles(void **state)
{
    (void)state;
    struct manual m;
    struct buf errors;
    unsigned wrong = 0, fine = 0, differ = 0;

    buf_init(&errors, 1 << 20);
    read_manual(&m);
    for (unsigned i = 0; i < m.n; i++) {
        const struct block *b = &m.v[i];
        if (!is_spec(b))
            continue;
        buf_clear(&errors);
        compile_block(&m, b, &errors);
        struct str want = has_word(b, 2, "wrong") ? m.v[i + 1].text : STR("");
        if (!str_eq(buf_str(&errors), want))
            fprintf(stderr, "%s:%u:\n%.*s", MANUAL, b->line, STR_ARG(buf_str(&errors)));
        differ += !str_eq(buf_str(&errors), want);
        wrong += has_word(b, 2, "wrong");
        fine += want.n == 0;
    }
    assert_int_equal(differ, 0);
    assert_true(fine >= 10 && wrong > 0);
    buf_fini(&errors);
    specs_fini(&m.specs);
}

/* --- and do what stands beside them ------------------------------------------------------------ */

/* JSON without white space between its tokens. */
static struct str
tight(struct arena *a, struct str json)
{
    struct str out = { NULL, 0 };
    bool string = false;

    for (size_t i = 0; i < json.n; i++) {
        char c = json.p[i];
        if (!string && (c == ' ' || c == '\n'))
            continue;
        if (c == '"' && (i == 0 || json.p[i - 1] != '\\'))
            string = !string;
        arena_append(a, &out, str_make(&c, 1));
    }
    return out;
}

static const struct xd_dialect *
dialect_of(const struct made *made, struct str name)
{
    char symbol[PATH_LEN];
    const struct xd_dialect *d = xd_find(name);

    if (d)
        return d;
    snprintf(symbol, sizeof symbol, "xd_%.*s", STR_ARG(name));
    for (char *p = symbol; *p; p++)
        *p = *p == '.' ? '_' : *p;
    d = dlsym(made->object, symbol);
    if (!d)
        print_error("there is no dialect %.*s\n", STR_ARG(name));
    assert_non_null(d);
    return d;
}

static void
trip_stream(struct trip *t, struct str text)
{
    struct xd_reader r;
    struct xd_writer w;

    xd_writer_init(&w, t->writer.dialect, XD_OP_CHAT, &t->arena, &t->out, XD_USAGE_WRITE);
    xd_reader_init(&r, t->reader.dialect, XD_OP_CHAT, &t->arena, xd_writer_event, &w);
    assert_int_equal(xd_reader_feed(&r, text.p, text.n), ERR_OK);
    assert_int_equal(xd_reader_end(&r), ERR_OK);
    xd_reader_fini(&r);
    xd_writer_fini(&w);
}

/* A request for another operation than chat: its name stands behind the dialect's. */
static void
ask_block(struct trip *t, const struct block *in)
{
    struct xd r, w;
    struct xd_ask ask;
    int op = 0;

    while (op < XD_OP_KINDS && !str_is(in->words[4], xd_op_name((enum xd_op_kind)op)))
        op++;
    assert_true(op < XD_OP_KINDS);
    xd_init(&r, t->reader.dialect, (enum xd_op_kind)op, &t->arena, NULL);
    xd_init(&w, t->writer.dialect, (enum xd_op_kind)op, &t->arena, &t->out);
    assert_int_equal(xd_ask_read(&r, in->text, &ask), ERR_OK);
    assert_int_equal(xd_ask_write(&w, &ask), ERR_OK);
    xd_fini(&r);
    xd_fini(&w);
}

static struct str
trip_block(struct trip *t, const struct block *in)
{
    if (in->n > 4)
        ask_block(t, in);
    else if (has_word(in, 2, "request"))
        trip_request(t, in->text);
    else if (has_word(in, 2, "reply"))
        trip_reply(t, in->text);
    else if (has_word(in, 2, "error"))
        (void)trip_error(t, in->text, 0);
    else
        trip_stream(t, in->text);
    return buf_str(&t->out);
}

static bool
check_pair(const struct made *made, const struct block *in, const struct block *out)
{
    struct trip t;
    bool stream = has_word(in, 2, "stream");

    trip_init(&t, dialect_of(made, in->words[3]), dialect_of(made, out->words[2]));
    struct str got = trip_block(&t, in), want = out->text;
    if (!stream) {
        got = tight(&t.arena, got);
        want = tight(&t.arena, want);
    }
    bool same = str_eq(got, want);
    if (!same)
        fprintf(stderr, "%s:%u:\n%.*s\n", MANUAL, out->line, STR_ARG(got));
    trip_fini(&t);
    return same;
}

static void
write_block(const struct made *made, const struct block *b)
{
    char path[PATH_LEN];
    snprintf(path, sizeof path, "%s/%.*s.spec", made->dir, STR_ARG(b->words[1]));
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b->text.p, 1, b->text.n, f), b->text.n);
    assert_int_equal(fclose(f), 0);
}

/* All examples that are made for the real model, in one object. */
static void
make_examples(const struct manual *m, struct made *made)
{
    made_init(made);
    for (unsigned i = 0; i < m->n; i++)
        if (is_spec(&m->v[i]) && m->v[i].n == 2)
            write_block(made, &m->v[i]);
    made_specc(made, "--out $DIR specs/*.spec specs/*/*.spec $DIR/*.spec");
    made_load(made, "*_*"); /* the families, but neither the model nor the registry */
}

static void
every_example_does_what_stands_beside_it(void **state)
{
    (void)state;
    struct manual m;
    struct made made;
    unsigned pairs = 0, differ = 0;

    read_manual(&m);
    make_examples(&m, &made);
    for (unsigned i = 0; i + 1 < m.n; i++)
        if (has_word(&m.v[i], 1, "IN") && has_word(&m.v[i + 1], 1, "OUT")) {
            differ += !check_pair(&made, &m.v[i], &m.v[i + 1]);
            pairs++;
        }
    assert_int_equal(differ, 0);
    assert_true(pairs > 10);
    made_fini(&made);
    specs_fini(&m.specs);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_compiles),
        cmocka_unit_test(every_example_does_what_stands_beside_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
