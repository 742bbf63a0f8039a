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

/* A line of the corpus's table. */
struct row {
    struct str dir, body, path;
    int status;
};

struct run {
    struct verdict verdict;
    struct arena arena;
    unsigned rows, ours;
};

static struct str
take_field(struct str *line)
{
    const char *tab = memchr(line->p, '\t', line->n);
    size_t n = tab ? (size_t)(tab - line->p) : line->n;
    struct str field = { line->p, n };
    *line = str_skip(*line, n + 1);
    return field;
}

static struct row
split(struct str line)
{
    struct row r = { .dir = take_field(&line) };
    r.status = atoi(take_field(&line).p);
    for (int i = 0; i < 3; i++)
        take_field(&line);
    r.body = take_field(&line);
    r.path = take_field(&line);
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

/* What is written in this dialect has the same words and amounts to the same status. */
static void
check_written(struct run *r, const struct row *row, const char *to, const struct ir_error *e,
              struct str message)
{
    struct xd x;
    struct buf out;
    const struct xd_dialect *d = xd_find(str_from(to));
    buf_init(&out, OUT_BYTES_MAX);
    xd_init(&x, d, XD_OP_CHAT, &r->arena, &out);
    xd_error_write(&x, e);
    struct str said = words(&r->arena, buf_str(&out));
    if (!str_eq(said, message))
        verdict_offence(&r->verdict, row->path, "error", "%s says \"%.*s\", not \"%.*s\"", to,
                        STR_ARG(said), STR_ARG(message));
    /* A wrong key that came as a bad request is told as what it is. */
    bool key = e->kind == IR_FAULT_AUTH && row->status == 400;
    int status = xd_error_status(d, e);
    if (status != (key ? 401 : row->status))
        verdict_offence(&r->verdict, row->path, "error", "%s answers %d, not %d", to, status,
                        row->status);
    xd_fini(&x);
    buf_fini(&out);
}

static void
check_row(struct run *r, const struct row *row)
{
    struct xd x;
    struct ir_error e = { 0 };
    xd_init(&x, reader_of(r, row->dir), XD_OP_CHAT, &r->arena, NULL);
    xd_error_read(&x, row->body, row->status, &e);
    struct str message = words(&r->arena, row->body);
    check_written(r, row, "openai.chat", &e, message);
    check_written(r, row, "anthropic.messages", &e, message);
    xd_fini(&x);
    r->rows++;
}

static void
recorded_errors_keep_their_words_and_their_status(void **state)
{
    static const char *const checks[] = { "error", NULL };
    struct run r = { .rows = 0 };
    (void)state;
    WIRE_REQUIRE();
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
    printf("# errors: %u recorded, %u of chat providers and the compiled dialects\n", r.rows,
           r.ours);
    assert_true(r.rows > 100);
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
