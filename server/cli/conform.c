/* llmux conform: do these files obey a dialect?
 *
 * Reading is strict: a wrong type, a missing member or an unknown word is an offence, and so is a
 * stream whose events come out of order or that ends before it said so. */
#include <stdio.h>

#include "runtime/xd/ask.h"
#include "runtime/xd/translate.h"
#include "server/cli/cli.h"
#include "server/cli/options.h"
#include "server/cli/subject.h"

#define COMMAND         "conform"
#define ARENA_BYTES_MAX ((size_t)1 << 30)

static const char about[] =
    "Judges each FILE by the rules of a dialect: prints \"ok FILE\" or \"FILE:offset: reason\".\n"
    "Exit code 1 when any file fails.  A stream that ends with the peer's own error conforms; a\n"
    "reply that is an error does not.";

/* By what to judge. */
struct rules {
    const struct xd_dialect *dialect;
    const struct xd_op *op;
    enum subject_kind kind;
};

static void
ignore(void *ctx, const struct ir_event *e)
{
    (void)ctx;
    (void)e;
}

static enum err
judge_stream(const struct rules *by, struct str body, struct arena *a, struct fault *f)
{
    struct xd_reader r;
    xd_reader_init(&r, by->dialect, by->op->kind, a, ignore, NULL);
    r.x.mode = XD_STRICT;
    enum err err = xd_reader_feed(&r, body.p, body.n);
    if (!err)
        err = xd_reader_end(&r);
    *f = r.x.fault;
    xd_reader_fini(&r);
    return err == ERR_REMOTE ? ERR_OK : err;
}

static enum err
judge_error(struct xd *x, struct str body)
{
    struct ir_error error = { 0 };
    enum err err = json_doc_parse(&x->doc, body, &x->fault);
    if (err || !x->dialect->read_error)
        return err;
    x->mode = XD_STRICT;
    x->dialect->read_error(x, JSON_ROOT, &error);
    return x->err;
}

static enum err
judge_document(const struct rules *by, struct str body, struct arena *a, struct fault *f)
{
    struct xd x;
    struct xd_ask ask;
    struct xd_answer answer;
    struct ir_error error;
    enum err err = ERR_OK;
    xd_init_op(&x, by->dialect, by->op, a, NULL);
    x.mode = XD_STRICT;
    if (by->kind == SUBJECT_REQUEST)
        err = xd_ask_read(&x, body, &ask);
    else if (by->kind == SUBJECT_REPLY)
        err = xd_answer_read(&x, body, &answer, &error);
    else
        err = judge_error(&x, body);
    *f = x.fault;
    xd_fini(&x);
    return err;
}

static enum cli_exit
judge_file(const struct rules *by, const char *path)
{
    struct arena a;
    struct buf body;
    struct fault f = { 0 };
    arena_init(&a, ARENA_BYTES_MAX);
    buf_init(&body, SUBJECT_BYTES_MAX);
    bool readable = subject_read(COMMAND, path, &body);
    enum err err = ERR_OK;
    if (readable && by->kind == SUBJECT_STREAM)
        err = judge_stream(by, buf_str(&body), &a, &f);
    else if (readable)
        err = judge_document(by, buf_str(&body), &a, &f);
    if (err)
        printf("%s:%zu: %s%s%s\n", path, f.offset, f.path, *f.path ? ": " : "",
               *f.text ? f.text : err_name(err));
    else if (readable)
        printf("ok %s\n", path);
    buf_fini(&body);
    arena_fini(&a);
    return err || !readable ? CLI_NO : CLI_YES;
}

int
cmd_conform(int argc, char **argv)
{
    enum { DIALECT, KIND, OP, N };
    struct option v[N] = {
        [DIALECT] = { .name = "dialect",
                      .takes = "D",
                      .help = "a dialect or provider",
                      .required = true },
        [KIND] = { .name = "kind",
                   .takes = "K",
                   .help = "request, reply, stream or error",
                   .required = true },
        [OP] = { .name = "op",
                 .takes = "O",
                 .help = "the operation: chat unless said, embeddings, rerank or count_tokens" },
    };
    struct options o = { .synopsis = "conform --dialect D --kind K [--op O] FILE...",
                         .about = about,
                         .v = v,
                         .n = N,
                         .operands_min = 1,
                         .operands_max = -1 };
    enum options_result got = options_read(&o, argc, argv);
    if (got != OPTIONS_GO)
        return got == OPTIONS_HELPED ? CLI_YES : CLI_USAGE;
    struct rules by = { .dialect = subject_dialect(COMMAND, v[DIALECT].value) };
    if (!by.dialect || !subject_kind(COMMAND, v[KIND].value, &by.kind))
        return CLI_USAGE;
    by.op = subject_op(COMMAND, by.dialect, by.kind, v[OP].value);
    if (!by.op)
        return CLI_USAGE;
    enum cli_exit code = CLI_YES;
    for (int i = 0; i < o.n_operands; i++)
        if (judge_file(&by, o.operands[i]) != CLI_YES)
            code = CLI_NO;
    return code;
}
