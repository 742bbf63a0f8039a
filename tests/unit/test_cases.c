/* Cases that break gateways, one file each in tests/cases, named NN-what-must-hold.case; NN is the case's number in the
 * project's list of tricky translations.
 *
 *   # why it is tricky
 *   stream anthropic.messages -> openai.chat       what is translated: request, reply, stream or error; from; to
 *   --- in                                         the input, to the next line of dashes; of a stream of binary
 *                                                  messages a line for each: `name {...}`, `! name {...}` for one
 *                                                  that fails, `!! name words` for an error of the framing
 *   --- has                                        each line is somewhere in the output
 *   --- in order                                   each line is in the output, behind the one before
 *   --- lacks                                      no line is anywhere in the output
 *   --- differ                                     each line is in the output more than once, and what follows it up
 *                                                  to a quotation mark is always something else
 *   --- lost                                       each line is a name among the losses
 *   --- fault                                      the line is part of the fault's path and text
 * `embeddings request X -> Y` is about another operation than chat, `X/1` about the second one of that kind; `--- encoding base64` is what vectors were asked for.
 * A file may hold several such parts, each beginning with a line `stream X -> Y`.  `--- model NAME` sets the upstream's
 * model, `--- policy NAME VALUE` a policy, `--- status N` the HTTP status of an error, `--- word W` what a header calls it; what an error is called
 * in a header stands behind the output as `word W`.  Streams are fed whole and byte by byte. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/xd/ask.h"
#include "runtime/xd/policy.h"
#include "runtime/xd/registry.h"
#include "runtime/xd/translate.h"
#include "tests/lib/message_lines.h"
#include "tests/lib/same_json.h"

#define DIRECTORY "tests/cases"
#define NUMBERS   75u /* of the list; every one has a case */

struct side {
    const struct xd_dialect *dialect;
    const struct xd_op *op;
};

struct part {
    struct str kind, model, encoding, word;
    enum xd_op_kind op;
    int status;
    struct side from, to;
    struct str in, has, order, lacks, differ, lost, fault;
    struct xd_policy_choice policies[4];
    unsigned n_policies;
};

struct outcome {
    struct arena arena;
    struct buf out;
    struct xd_losses lost;
    struct fault fault;
    enum err err;
};

/* --- the four kinds ------------------------------------------------------------------------------------ */

static void
take_losses(struct outcome *o, const struct xd_losses *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        struct str *to = arena_push(&o->arena, (void **)&o->lost.v, &o->lost.n, &o->lost.cap,
                                    sizeof *to);
        *to = l->v[i];
    }
}

/* Vectors in the encoding that the client asked for. */
static void
fit(const struct part *p, struct outcome *o, struct xd_answer *answer)
{
    struct str encoding = p->encoding;
    const struct xd_ask asked = { .kind = p->op, .embed.encodings = { &encoding, 1, 1 } };

    (void)xd_answer_fit(&o->arena, &asked, answer, &o->err);
}

/* A request; with `verbatim` its texts stay in the document. */
static void
run_request(const struct part *p, struct outcome *o, struct xd *in, struct xd *out, bool verbatim)
{
    struct xd_ask ask, ready;
    struct xd_policy_choices over = { p->policies, p->n_policies };

    in->verbatim_from = out->verbatim_from = verbatim;
    out->source = &in->doc;
    o->err = xd_ask_read(in, p->in, &ask);
    if (p->model.n)
        *xd_ask_model(&ask) = p->model;
    if (!o->err && !(o->err = xd_ask_prepare(out, &ask, &over, &ready)))
        o->err = xd_ask_write(out, &ready);
}

static void
run_document(const struct part *p, struct outcome *o, bool verbatim)
{
    struct xd in, out;
    struct xd_answer answer;
    struct ir_error error = { 0 };

    xd_init_op(&in, p->from.dialect, p->from.op, &o->arena, NULL);
    xd_init_op(&out, p->to.dialect, p->to.op, &o->arena, &o->out);
    if (str_is(p->kind, "request")) {
        run_request(p, o, &in, &out, verbatim);
    } else if (str_is(p->kind, "reply")) {
        o->err = xd_answer_read(&in, p->in, &answer, &error);
        if (!o->err && p->encoding.n)
            fit(p, o, &answer);
        if (!o->err)
            o->err = xd_answer_write(&out, &answer);
        else if (o->err == ERR_REMOTE)
            xd_error_write(&out, &error);
    } else {
        xd_error_named(&in, p->word);
        xd_error_read(&in, p->in, p->status, &error);
        xd_error_write(&out, &error);
        if (p->to.dialect->error_word.p)
            buf_printf(&o->out, "\nword %.*s", STR_ARG(xd_error_word(p->to.dialect, &error)));
        buf_printf(&o->out, "\nstatus %d\n", xd_error_status(p->to.dialect, &error));
    }
    o->fault = in.err ? in.fault : out.fault;
    take_losses(o, &in.lost);
    take_losses(o, &out.lost);
    xd_fini(&in);
    xd_fini(&out);
}

static void
run_stream(const struct part *p, struct outcome *o, size_t step)
{
    struct xd_reader r;
    struct xd_writer w;

    xd_writer_init(&w, p->to.dialect, XD_OP_CHAT, &o->arena, &o->out, XD_USAGE_WRITE);
    xd_reader_init(&r, p->from.dialect, XD_OP_CHAT, &o->arena, xd_writer_event, &w);
    for (size_t at = 0; at < p->in.n && !o->err; at += step)
        o->err = xd_reader_feed(&r, p->in.p + at, p->in.n - at < step ? p->in.n - at : step);
    if (!o->err)
        o->err = xd_reader_end(&r);
    o->fault = r.x.fault;
    take_losses(o, &r.x.lost);
    take_losses(o, &w.x.lost);
    for (unsigned i = 0; i < o->lost.n; i++) /* some live in the reader's own memory */
        o->lost.v[i] = arena_str(&o->arena, o->lost.v[i]);
    xd_reader_fini(&r);
    xd_writer_fini(&w);
}

/* --- what must hold ----------------------------------------------------------------------------------------- */

static struct str
next_line(struct str *s)
{
    const char *end = s->n ? memchr(s->p, '\n', s->n) : NULL;
    struct str line = { s->p, end ? (size_t)(end - s->p) : s->n };

    *s = str_skip(*s, line.n + 1);
    return line;
}

static const char *
find(struct str in, struct str what)
{
    return what.n ? memmem(in.p, in.n, what.p, what.n) : in.p;
}

static void
offend(const char *file, const char *what, struct str line, struct str out)
{
    fprintf(stderr, "%s: %s: %.*s\noutput:\n%.*s\n", file, what, STR_ARG(line), STR_ARG(out));
    fail();
}

/* What follows the first `what` in the text, up to a quotation mark; absent when there is none. */
static struct str
value_behind(struct str text, struct str what)
{
    const char *at = find(text, what);
    struct str rest = at ? str_skip(text, (size_t)(at - text.p) + what.n) : (struct str){ 0 };
    const char *end = rest.n ? memchr(rest.p, '"', rest.n) : NULL;
    return end ? str_make(rest.p, (size_t)(end - rest.p)) : (struct str){ NULL, 0 };
}

static bool
differ(struct str out, struct str what)
{
    unsigned n = 0;
    for (struct str a; (a = value_behind(out, what)).p; n++) {
        out = str_skip(out, (size_t)(a.p - out.p));
        struct str rest = out;
        for (struct str b; (b = value_behind(rest, what)).p;) {
            if (str_eq(a, b))
                return false;
            rest = str_skip(rest, (size_t)(b.p - rest.p));
        }
    }
    return n > 1;
}

static void
check_part(const char *file, const struct part *p, const struct outcome *o)
{
    struct str out = buf_str(&o->out), rest = out, line;
    char fault[FAULT_PATH + FAULT_TEXT + 2];

    snprintf(fault, sizeof fault, "%s %s", o->fault.path, o->fault.text);
    if (o->err && !p->fault.p)
        offend(file, "unexpected fault", str_from(fault), out);
    for (struct str l = p->fault; (line = next_line(&l)).n;)
        if (!o->err || !find(str_from(fault), line))
            offend(file, "expected a fault with", line, str_from(fault));
    for (struct str l = p->has; (line = next_line(&l)).n;)
        if (!find(out, line))
            offend(file, "output lacks", line, out);
    for (struct str l = p->order; (line = next_line(&l)).n;) {
        const char *at = find(rest, line);
        if (!at)
            offend(file, "output lacks, or in another order", line, out);
        rest = str_skip(rest, (size_t)(at - rest.p) + line.n);
    }
    for (struct str l = p->lacks; (line = next_line(&l)).n;)
        if (find(out, line))
            offend(file, "output has", line, out);
    for (struct str l = p->differ; (line = next_line(&l)).n;)
        if (!differ(out, line))
            offend(file, "not each time something else behind", line, out);
    for (struct str l = p->lost; (line = next_line(&l)).n;) {
        bool known = false;
        for (unsigned i = 0; i < o->lost.n; i++)
            known |= str_eq(o->lost.v[i], line);
        for (unsigned i = 0; !known && i < o->lost.n; i++)
            fprintf(stderr, "lost: %.*s\n", STR_ARG(o->lost.v[i]));
        if (!known)
            offend(file, "not among the losses", line, out);
    }
}

/* A request full of escapes, and with texts that nobody decodes, is the same request. */
static void
check_verbatim(const char *file, const struct part *part, const struct outcome *want)
{
    struct part p = *part;
    struct outcome o = { .err = ERR_OK };
    struct buf in;

    buf_init(&in, 64 << 20);
    same_json_escape(&in, part->in);
    p.in = buf_str(&in);
    arena_init(&o.arena, 64 << 20);
    buf_init(&o.out, 64 << 20);
    run_document(&p, &o, true);
    if (o.err != want->err || o.lost.n != want->lost.n)
        offend(file, "verbatim, there are other losses or errors", str_from(o.fault.text), p.in);
    if (!o.err && !same_json(buf_str(&o.out), buf_str(&want->out)))
        offend(file, "verbatim, it is another request", buf_str(&o.out), buf_str(&want->out));
    buf_fini(&o.out);
    arena_fini(&o.arena);
    buf_fini(&in);
}

static void
run_part(const char *file, const struct part *part)
{
    struct part copy = *part, *p = &copy;
    struct buf messages;
    bool stream = str_is(p->kind, "stream");

    buf_init(&messages, 16 << 20);
    if (stream && p->from.dialect->framing == FRAMING_EVENTSTREAM) {
        message_lines_write(&messages, p->in);
        p->in = buf_str(&messages);
    }
    size_t steps[] = { p->in.n + 1, 1 };

    if (!p->has.p && !p->order.p && !p->lacks.p && !p->differ.p && !p->lost.p && !p->fault.p)
        offend(file, "nothing is expected of", p->kind, p->in);
    for (size_t i = 0; i < (stream ? 2 : 1); i++) {
        struct outcome o = { .err = ERR_OK };
        arena_init(&o.arena, 64 << 20);
        buf_init(&o.out, 64 << 20);
        if (stream)
            run_stream(p, &o, steps[i]);
        else
            run_document(p, &o, false);
        check_part(file, p, &o);
        if (str_is(p->kind, "request"))
            check_verbatim(file, p, &o);
        buf_fini(&o.out);
        arena_fini(&o.arena);
    }
    buf_fini(&messages);
}

/* --- the files -------------------------------------------------------------------------------------------------- */

/* "embeddings request ...": the operation, which is taken off the line; without one it is chat. */
static enum xd_op_kind
take_operation(struct str *line)
{
    for (int k = 0; k < XD_OP_KINDS; k++) {
        struct str name = str_from(xd_op_name((enum xd_op_kind)k));
        if (str_starts(*line, name) && line->n > name.n && line->p[name.n] == ' ') {
            *line = str_skip(*line, name.n + 1);
            return (enum xd_op_kind)k;
        }
    }
    return XD_OP_CHAT;
}

/* "acme.chat", "acme.chat/1" */
static struct side
find_side(struct str name, enum xd_op_kind kind)
{
    const char *slash = memchr(name.p, '/', name.n);
    struct side side = { xd_find(str_make(name.p, slash ? (size_t)(slash - name.p) : name.n)),
                         NULL };
    int skip = slash ? slash[1] - '0' : 0;

    assert_non_null(side.dialect);
    for (unsigned i = 0; i < side.dialect->nops && !side.op; i++)
        if (side.dialect->ops[i].kind == kind && skip-- == 0)
            side.op = &side.dialect->ops[i];
    if (!side.op && kind == XD_OP_CHAT) /* errors are not of an operation */
        side.op = &side.dialect->ops[0];
    assert_non_null(side.op);
    return side;
}

static bool
head_line(struct str line, struct part *p)
{
    static const char *const kinds[] = { "request ", "reply ", "stream ", "error " };
    const char *arrow = find(line, STR(" -> "));
    enum xd_op_kind op = arrow ? take_operation(&line) : XD_OP_CHAT;

    for (size_t i = 0; i < 4; i++)
        if (str_starts(line, str_from(kinds[i])) && arrow) {
            size_t n = strlen(kinds[i]);
            *p = (struct part){ .kind = str_make(line.p, n - 1), .op = op };
            p->from = find_side(str_make(line.p + n, (size_t)(arrow - line.p) - n), op);
            p->to = find_side(str_skip(line, (size_t)(arrow - line.p) + 4), op);
            return true;
        }
    return false;
}

/* "NAME VALUE" */
static void
take_policy(struct part *p, struct str choice)
{
    const char *blank = find(choice, STR(" "));
    char why[256];
    struct arena a;

    assert_non_null(blank);
    assert_true(p->n_policies < sizeof p->policies / sizeof *p->policies);
    size_t n = (size_t)(blank - choice.p);
    const struct str name = str_make(choice.p, n);
    const struct xd_policy_choice c = { xd_policy_named(name), str_skip(choice, n + 1) };
    arena_init(&a, 4096);
    const char *wrong = xd_policy_check(&a, name, c.value);
    snprintf(why, sizeof why, "%s", wrong ? wrong : "");
    arena_fini(&a);
    if (*why)
        fail_msg("%s", why);
    p->policies[p->n_policies++] = c;
}

static struct str *
section(struct str line, struct part *p)
{
    static struct str ignored;

    if (str_is(line, "--- in"))
        return &p->in;
    if (str_is(line, "--- has"))
        return &p->has;
    if (str_is(line, "--- in order"))
        return &p->order;
    if (str_is(line, "--- lacks"))
        return &p->lacks;
    if (str_is(line, "--- differ"))
        return &p->differ;
    if (str_is(line, "--- lost"))
        return &p->lost;
    if (str_is(line, "--- fault"))
        return &p->fault;
    if (str_starts(line, STR("--- model ")))
        p->model = str_skip(line, 10);
    else if (str_starts(line, STR("--- policy ")))
        take_policy(p, str_skip(line, 11));
    else if (str_starts(line, STR("--- encoding ")))
        p->encoding = str_skip(line, 13);
    else if (str_starts(line, STR("--- status ")))
        p->status = atoi(line.p + 11);
    else if (str_starts(line, STR("--- word ")))
        p->word = str_skip(line, 9);
    else
        fail_msg("unknown section: %.*s", STR_ARG(line));
    ignored = (struct str){ NULL, 0 };
    return &ignored;
}

static void
run_file(void **state)
{
    const char *file = *state;
    char path[512];
    struct part p = { .kind = { NULL, 0 } };
    struct str *into = NULL;
    struct buf text;

    snprintf(path, sizeof path, DIRECTORY "/%s", file);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    buf_init(&text, 16 << 20);
    for (int c; (c = fgetc(f)) != EOF;)
        buf_putc(&text, (char)c);
    fclose(f);
    for (struct str rest = buf_str(&text); rest.n;) {
        struct part next;
        struct str line = next_line(&rest);
        if (head_line(line, &next)) {
            if (p.kind.p)
                run_part(file, &p);
            p = next;
            into = NULL;
        } else if (str_starts(line, STR("--- "))) {
            into = section(line, &p);
            *into = (struct str){ rest.p, 0 };
        } else if (into) {
            into->n = (size_t)(line.p + line.n + 1 - into->p);
            if (into->p + into->n > text.p + text.n)
                into->n--;
        }
    }
    assert_non_null(p.kind.p);
    run_part(file, &p);
    buf_fini(&text);
}

struct files {
    struct dirent **v;
    unsigned n;
};

/* The first file of a number, NULL when there is none. */
static const char *
file_of(const struct files *files, unsigned long number)
{
    for (unsigned i = 0; i < files->n; i++) {
        const char *name = files->v[i]->d_name;
        if (name[0] >= '0' && name[0] <= '9' && strtoul(name, NULL, 10) == number)
            return name;
    }
    return NULL;
}

/* The list is covered: a line for each number. */
static void
every_number_has_a_case(void **state)
{
    unsigned missing = 0;

    for (unsigned number = 1; number <= NUMBERS; number++) {
        const char *name = file_of(*state, number);
        printf("# %02u %s\n", number, name ? name : "MISSING");
        missing += !name;
    }
    assert_int_equal(missing, 0);
}

static int
is_case(const struct dirent *e)
{
    return str_ends(str_from(e->d_name), STR(".case"));
}

int
main(void)
{
    struct dirent **names;
    int n = scandir(DIRECTORY, &names, is_case, alphasort);
    struct CMUnitTest *tests = calloc(n > 0 ? (size_t)n + 1 : 1, sizeof *tests);
    struct files files = { names, n > 0 ? (unsigned)n : 0 };

    if (n <= 0 || !tests) {
        fprintf(stderr, "no cases in " DIRECTORY ": run from the top of the repository\n");
        return 1;
    }
    for (int i = 0; i < n; i++)
        tests[i] = (struct CMUnitTest){ names[i]->d_name, run_file, NULL, NULL, names[i]->d_name };
    tests[n] = (struct CMUnitTest){ "every number has a case", every_number_has_a_case, NULL, NULL,
                                    &files };
    int failed = _cmocka_run_group_tests("cases", tests, (size_t)n + 1, NULL, NULL);
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    free(tests);
    return failed;
}
