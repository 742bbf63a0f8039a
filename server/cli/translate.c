/* llmux translate: one document or stream from one dialect to another.
 *
 *   stdin or FILE ─► read (from) ─► model ─► write (to) ─► stdout      losses, faults ─► stderr */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/xd/path.h"
#include "runtime/xd/policy.h"
#include "runtime/xd/translate.h"
#include "server/cli/cli.h"
#include "server/cli/losses.h"
#include "server/cli/options.h"
#include "server/cli/subject.h"

#define COMMAND          "translate"
#define ARENA_BYTES_MAX  ((size_t)1 << 30)
#define ANSWER_BYTES_MAX ((size_t)512 << 20)
#define PIECE_BYTES      16384
#define ADDRESS_MAX      8192

static const char about[] =
    "Translates a document or a stream between two dialects, from FILE or stdin to stdout.\n"
    "What the target cannot carry is listed on stderr, one JSON object a line.  Faulty input\n"
    "ends with exit code 1 and its place and reason on stderr; so does a reply or stream that\n"
    "is or ends with the peer's own error, which is translated all the same.  A translated\n"
    "stream always carries usage, as there is no request to ask for it.\n"
    "Where a dialect says the model, or that a stream is wanted, in the path of a request, --path\n"
    "tells it and --address prints it, as one more JSON object.";

struct translation {
    const struct xd_dialect *from, *to;
    const struct xd_op *from_op, *to_op;
    enum subject_kind kind;
    const char *model; /* of the upstream, NULL: as in the request */
    const char *path;  /* of the input, NULL: stdin */
    const char *asked; /* the path of a request, NULL: unknown */
    bool address;      /* print where the request belongs */
    int status;        /* of the HTTP reply that an error came with, 0: unknown */
    int64_t now;
    struct arena arena;
    struct buf body, answer;
};

static enum cli_exit
print_fault(const struct fault *f)
{
    char text[FAULT_LINE];
    subject_fault(text, f);
    fprintf(stderr, "%s\n", text);
    return CLI_NO;
}

/* Write what is in the answer to stdout and forget it. */
static enum cli_exit
print_answer(struct translation *t)
{
    bool written = fwrite(t->answer.p, 1, t->answer.n, stdout) == t->answer.n && !fflush(stdout);
    buf_clear(&t->answer);
    if (written)
        return CLI_YES;
    fprintf(stderr, "llmux " COMMAND ": cannot write: %s\n", strerror(errno));
    return CLI_NO;
}

/* Both ends of a document's way. */
struct ends {
    struct xd in, out;
};

static void
ends_init(struct ends *e, struct translation *t)
{
    xd_init_op(&e->in, t->from, t->from_op, &t->arena, NULL);
    xd_init_op(&e->out, t->to, t->to_op, &t->arena, &t->answer);
    e->in.now = e->out.now = t->now;
}

static void
ends_fini(struct ends *e)
{
    xd_fini(&e->in);
    xd_fini(&e->out);
}

/* What the path of the request says: of several operations of a kind also which it is. */
static bool
read_path(struct translation *t, struct xd_asked *asked)
{
    struct str path = str_from(t->asked), query = { NULL, 0 };
    const char *mark = path.n ? memchr(path.p, '?', path.n) : NULL;
    if (mark) {
        query = str_skip(path, (size_t)(mark - path.p) + 1);
        path.n = (size_t)(mark - path.p);
    }
    if (!xd_path_find(t->from, path, query, asked)) {
        options_complain(COMMAND, "not a path of this dialect", t->asked);
        return false;
    }
    if (asked->op->kind != t->from_op->kind) {
        options_complain(COMMAND, "the path of another operation", xd_op_name(asked->op->kind));
        return false;
    }
    t->from_op = asked->op;
    return true;
}

/* {"address": "/models/m:stream?alt=sse"} */
static void
print_address(const struct xd *out, struct xd_ask *m)
{
    bool stream = m->kind == XD_OP_CHAT && m->chat.stream == IR_TRUE;
    const struct xd_path *streamed = stream ? xd_op_streamed(out->op) : NULL;
    struct buf address, line;
    struct jw w;
    buf_init(&address, ADDRESS_MAX);
    buf_init(&line, 6 * ADDRESS_MAX);
    xd_address_fill(&address, streamed ? streamed->path : out->op->path, STR("model"),
                    *xd_ask_model(m));
    if (streamed && streamed->query.n) {
        buf_putc(&address, '?');
        buf_puts(&address, streamed->query);
    }
    jw_init(&w, &line);
    jw_object(&w);
    jw_key(&w, STR("address"));
    jw_string(&w, buf_str(&address));
    jw_close(&w);
    fprintf(stderr, "%.*s\n", STR_ARG(buf_str(&line)));
    buf_fini(&address);
    buf_fini(&line);
}

static enum cli_exit
translate_request(struct translation *t, struct ends *e)
{
    static const struct xd_policy_choices none;
    struct xd_asked path = { .op = NULL };
    struct xd_ask asked, said;
    if (t->asked && !read_path(t, &path))
        return CLI_NO;
    e->in.op = t->from_op;
    if (xd_ask_read(&e->in, buf_str(&t->body), &asked))
        return print_fault(&e->in.fault);
    if (t->asked)
        xd_asked_tell(&path, &t->arena, &asked);
    if (t->model)
        *xd_ask_model(&asked) = str_from(t->model);
    if (xd_ask_prepare(&e->out, &asked, &none, &said) || xd_ask_write(&e->out, &said))
        return print_fault(&e->out.fault);
    if (t->address)
        print_address(&e->out, &said);
    return CLI_YES;
}

static enum cli_exit
translate_reply(struct translation *t, struct ends *e)
{
    struct xd_answer answer;
    struct ir_error error;
    enum err err = xd_answer_read(&e->in, buf_str(&t->body), &answer, &error);
    if (err == ERR_REMOTE)
        xd_error_write(&e->out, &error);
    if (err)
        return print_fault(&e->in.fault);
    if (xd_answer_write(&e->out, &answer))
        return print_fault(&e->out.fault);
    return CLI_YES;
}

static enum cli_exit
translate_error(struct translation *t, struct ends *e)
{
    struct ir_error error = { 0 };
    xd_error_read(&e->in, buf_str(&t->body), t->status, &error);
    xd_error_write(&e->out, &error);
    return CLI_YES;
}

static enum cli_exit
translate_document(struct translation *t)
{
    struct ends e;
    enum cli_exit code = CLI_NO;
    if (!subject_read(COMMAND, t->path, &t->body))
        return CLI_NO;
    ends_init(&e, t);
    if (t->kind == SUBJECT_REQUEST)
        code = translate_request(t, &e);
    else if (t->kind == SUBJECT_REPLY)
        code = translate_reply(t, &e);
    else
        code = translate_error(t, &e);
    if (t->answer.n) {
        buf_putc(&t->answer, '\n');
        code = print_answer(t) ? CLI_NO : code;
    }
    losses_print(&e.in, &e.out);
    ends_fini(&e);
    return code;
}

/* Feed the input piece by piece; what comes out is printed at once. */
static enum cli_exit
pump(struct translation *t, struct xd_reader *r, FILE *in)
{
    char piece[PIECE_BYTES];
    enum cli_exit code = CLI_YES;
    enum err err = ERR_OK;
    size_t n;
    while (code == CLI_YES && !err && (n = fread(piece, 1, sizeof piece, in)) > 0) {
        err = xd_reader_feed(r, piece, n);
        code = print_answer(t);
    }
    if (code == CLI_YES && ferror(in)) {
        fprintf(stderr, "llmux " COMMAND ": cannot read: %s\n", strerror(errno));
        code = CLI_NO;
    }
    if (code != CLI_YES)
        return code;
    if (!err)
        err = xd_reader_end(r);
    code = print_answer(t);
    return err ? print_fault(&r->x.fault) : code;
}

static enum cli_exit
translate_stream(struct translation *t)
{
    struct xd_reader r;
    struct xd_writer w;
    FILE *in = !t->path || strcmp(t->path, "-") == 0 ? stdin : fopen(t->path, "rb");
    if (!in) {
        fprintf(stderr, "llmux " COMMAND ": cannot read %s: %s\n", t->path, strerror(errno));
        return CLI_NO;
    }
    xd_writer_init(&w, t->to, XD_OP_CHAT, &t->arena, &t->answer, XD_USAGE_WRITE);
    xd_reader_init(&r, t->from, XD_OP_CHAT, &t->arena, xd_writer_event, &w);
    w.x.now = r.x.now = t->now;
    enum cli_exit code = pump(t, &r, in);
    losses_print(&r.x, &w.x);
    if (w.x.err && !r.x.err)
        code = print_fault(&w.x.fault);
    xd_reader_fini(&r);
    xd_writer_fini(&w);
    if (in != stdin)
        fclose(in);
    return code;
}

/* The HTTP status in text, or -1. */
static int
read_status(const char *text)
{
    char *end;
    long v = strtol(text, &end, 10);
    if (*text && !*end && v >= 100 && v < 600)
        return (int)v;
    options_complain(COMMAND, "no such HTTP status", text);
    return -1;
}

static int
run(struct translation *t)
{
    arena_init(&t->arena, ARENA_BYTES_MAX);
    buf_init(&t->body, SUBJECT_BYTES_MAX);
    buf_init(&t->answer, ANSWER_BYTES_MAX);
    int code = t->kind == SUBJECT_STREAM ? translate_stream(t) : translate_document(t);
    buf_fini(&t->answer);
    buf_fini(&t->body);
    arena_fini(&t->arena);
    return code;
}

int
cmd_translate(int argc, char **argv)
{
    enum { FROM, TO, KIND, OP, MODEL, PATH, ADDRESS, STATUS, N };
    struct option v[N] = {
        [FROM] = { .name = "from",
                   .takes = "D",
                   .help = "the dialect or provider of the input",
                   .required = true },
        [TO] = { .name = "to",
                 .takes = "D",
                 .help = "the dialect or provider of the output",
                 .required = true },
        [KIND] = { .name = "kind",
                   .takes = "K",
                   .help = "request, reply, stream or error",
                   .required = true },
        [OP] = { .name = "op",
                 .takes = "O",
                 .help = "the operation: chat unless said, embeddings, rerank or count_tokens" },
        [MODEL] = { .name = "model",
                    .takes = "M",
                    .help = "for requests: the model to ask for; it decides policies too" },
        [PATH] = { .name = "path",
                   .takes = "P",
                   .help = "for requests: the path, with its query, that it was sent to" },
        [ADDRESS] = { .name = "address",
                      .help = "for requests: print where to send it, on stderr" },
        [STATUS] = { .name = "status",
                     .takes = "N",
                     .help = "for errors: the HTTP status that it came with" },
    };
    struct options o = { .synopsis =
                             "translate --from D --to D --kind K [--op O] [--model M] [FILE]",
                         .about = about,
                         .v = v,
                         .n = N,
                         .operands_max = 1 };
    enum options_result got = options_read(&o, argc, argv);
    if (got != OPTIONS_GO)
        return got == OPTIONS_HELPED ? CLI_YES : CLI_USAGE;
    struct translation t = { .model = v[MODEL].value,
                             .asked = v[PATH].value,
                             .address = v[ADDRESS].value != NULL,
                             .now = time(NULL),
                             .path = o.n_operands ? o.operands[0] : NULL };
    t.from = subject_dialect(COMMAND, v[FROM].value);
    t.to = t.from ? subject_dialect(COMMAND, v[TO].value) : NULL;
    t.status = v[STATUS].value ? read_status(v[STATUS].value) : 0;
    if (!t.to || t.status < 0 || !subject_kind(COMMAND, v[KIND].value, &t.kind))
        return CLI_USAGE;
    t.from_op = subject_op(COMMAND, t.from, t.kind, v[OP].value);
    t.to_op = t.from_op ? subject_op(COMMAND, t.to, t.kind, v[OP].value) : NULL;
    return t.to_op ? run(&t) : CLI_USAGE;
}
