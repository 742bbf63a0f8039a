/* Operations of all kinds. */
#include "runtime/xd/ask.h"

#include "runtime/xd/error.h"
#include "runtime/xd/fault.h"
#include "runtime/xd/translate.h"
#include "runtime/xd/vector.h"

static const char *const names[XD_OP_KINDS] = {
    [XD_OP_CHAT] = "chat",
    [XD_OP_EMBEDDINGS] = "embeddings",
    [XD_OP_RERANK] = "rerank",
    [XD_OP_COUNT_TOKENS] = "count_tokens",
    [XD_OP_MODERATIONS] = "moderations",
    [XD_OP_IMAGES] = "images",
    [XD_OP_IMAGE_EDITS] = "image_edits",
    [XD_OP_IMAGE_VARIATIONS] = "image_variations",
    [XD_OP_SPEECH] = "speech",
    [XD_OP_TRANSCRIPTIONS] = "transcriptions",
    [XD_OP_TRANSLATIONS] = "translations",
    [XD_OP_STORED] = "stored",
    [XD_OP_STORED_ITEMS] = "stored_items",
    [XD_OP_STORED_CANCEL] = "stored_cancel",
    [XD_OP_STORED_DELETE] = "stored_delete",
};

const char *
xd_op_name(enum xd_op_kind kind)
{
    return names[kind];
}

static bool
is_conversation(enum xd_op_kind kind)
{
    return kind == XD_OP_CHAT || kind == XD_OP_COUNT_TOKENS;
}

/* All records of a question begin at one place, and so do those of an answer: generated code takes that. */

/* --- questions ----------------------------------------------------------------------------- */

/* What the inputs say of the request; and parts that are but one text are a text. */
static void
settle_inputs(struct ir_embed_request *m)
{
    for (unsigned i = 0; i < m->inputs.n; i++) {
        struct ir_input *in = &m->inputs.v[i];
        const struct ir_blocks *l = &in->parts.blocks;
        if (!m->model.p)
            m->model = in->options.model;
        if (!m->dimensions.set)
            m->dimensions = in->options.dimensions;
        if (!m->purpose)
            m->purpose = in->options.purpose;
        if (in->kind != IR_INPUT_PARTS || l->n != 1 || l->v[0].kind != IR_BLOCK_TEXT)
            continue;
        struct str text = l->v[0].text.text;
        *in = (struct ir_input){ .kind = IR_INPUT_TEXT, .options = in->options };
        in->text.text = text;
    }
}

enum err
xd_ask_read(struct xd *x, struct str body, struct xd_ask *ask)
{
    *ask = (struct xd_ask){ .kind = x->op->kind };
    if (is_conversation(ask->kind))
        return xd_request_read(x, body, &ask->chat);
    x->mode = XD_STRICT;
    if (!x->err)
        x->err = json_doc_parse(&x->doc, body, &x->fault);
    if (!x->err)
        x->op->read_request(x, JSON_ROOT, &ask->embed);
    if (ask->kind == XD_OP_EMBEDDINGS)
        settle_inputs(&ask->embed);
    return x->err;
}

enum err
xd_ask_write(struct xd *x, const struct xd_ask *ask)
{
    return xd_request_write(x, &ask->chat);
}

struct str *
xd_ask_model(struct xd_ask *ask)
{
    switch (ask->kind) {
    case XD_OP_EMBEDDINGS:
        return &ask->embed.model;
    case XD_OP_RERANK:
        return &ask->rerank.model;
    default:
        return &ask->chat.model;
    }
}

/* Does the operation say the field of this model path in its requests? */
static bool
says(const struct xd_op *op, const char *path)
{
    for (const struct xd_name *n = op->names; n->model; n++)
        if (strcmp(n->model, path) == 0)
            return true;
    return false;
}

static enum ir_purpose
purpose_of(struct str word)
{
    static const struct {
        const char *word;
        enum ir_purpose purpose;
    } purposes[] = {
        { "query", IR_PURPOSE_QUERY },           { "document", IR_PURPOSE_DOCUMENT },
        { "similarity", IR_PURPOSE_SIMILARITY }, { "classification", IR_PURPOSE_CLASSIFICATION },
        { "clustering", IR_PURPOSE_CLUSTERING },
    };
    for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++)
        if (str_is(word, purposes[i].word))
            return purposes[i].purpose;
    return IR_PURPOSE_UNSET;
}

/* Some dialects say with each input what others say once. */
static void
fill_options(struct xd *x, struct ir_embed_request *m)
{
    struct ir_inputs own = { 0 };
    for (unsigned i = 0; i < m->inputs.n; i++) {
        struct ir_input *in = XD_PUSH(x, &own);
        if (!in)
            return;
        *in = m->inputs.v[i];
        in->options = (struct ir_input_options){
            .set = true, .model = m->model, .dimensions = m->dimensions, .purpose = m->purpose
        };
    }
    m->inputs = own;
}

/* Floats can be made of base64 and the other way round: where the target cannot say which it shall send, nothing is
 * lost. */
static bool
is_served(const struct ir_strs *encodings)
{
    for (unsigned i = 0; i < encodings->n; i++)
        if (!str_is(encodings->v[i], "float") && !str_is(encodings->v[i], "base64"))
            return false;
    return true;
}

static void
prepare_embed(struct xd *x, const struct xd_policy_choices *over, struct ir_embed_request *m)
{
    struct str inputs = xd_policy_value(x->dialect, over, m->model, IR_POLICY_INPUTS);
    if (!m->purpose)
        m->purpose = purpose_of(xd_policy_value(x->dialect, over, m->model, IR_POLICY_PURPOSE));
    if (str_is(inputs, "one") && m->inputs.n > 1)
        xd_fault(x, ERR_UNSUPPORTED, 0, "%s makes one vector a request, %u are wanted",
                 x->dialect->name, m->inputs.n);
    if (str_is(inputs, "each"))
        fill_options(x, m);
    if (!says(x->op, "encodings") && is_served(&m->encodings))
        m->encodings.n = 0;
}

enum err
xd_ask_prepare(struct xd *x, const struct xd_ask *in, const struct xd_policy_choices *over,
               struct xd_ask *out)
{
    out->kind = in->kind;
    if (is_conversation(in->kind))
        return xd_prepare(x, &in->chat, over, &out->chat);
    *out = *in;
    if (in->kind == XD_OP_EMBEDDINGS)
        prepare_embed(x, over, &out->embed);
    return x->err;
}

/* --- answers ------------------------------------------------------------------------------- */

/* Peers that do not number their vectors send them in order. */
static void
settle_vectors(struct ir_vectors *l)
{
    for (unsigned i = 0; i < l->n; i++)
        if (l->v[i].index != 0)
            return;
    for (unsigned i = 0; i < l->n; i++)
        l->v[i].index = i;
}

static bool
has_numbers(const struct ir_vectors *l)
{
    for (unsigned i = 0; i < l->n; i++)
        if (l->v[i].numbers.kind != IR_NUMBERS_UNSET)
            return true;
    return false;
}

/* Is anything in it that the operation is about? */
static bool
is_answer(const struct xd_answer *a)
{
    switch (a->kind) {
    case XD_OP_EMBEDDINGS:
        return has_numbers(&a->embed.vectors);
    case XD_OP_RERANK:
        return a->rerank.results.n > 0 || a->rerank.id.n > 0 || a->rerank.model.n > 0;
    case XD_OP_COUNT_TOKENS:
        return a->count.input.set;
    default:
        return true;
    }
}

enum err
xd_answer_read(struct xd *x, struct str body, struct xd_answer *answer, struct ir_error *e)
{
    *answer = (struct xd_answer){ .kind = x->op->kind };
    if (answer->kind == XD_OP_CHAT)
        return xd_reply_read(x, body, &answer->chat, e);
    if (!x->err)
        x->err = json_doc_parse(&x->doc, body, &x->fault);
    if (x->err)
        return x->err;
    if (xd_error_is_in(x)) {
        xd_error_read(x, body, 0, e);
        xd_fault(x, ERR_REMOTE, 0, "%.*s", STR_ARG(e->message));
        return x->err;
    }
    x->op->read_reply(x, JSON_ROOT, &answer->embed);
    if (answer->kind == XD_OP_EMBEDDINGS) {
        settle_vectors(&answer->embed.vectors);
        answer->embed.usage.set |= answer->embed.usage.input.set;
    }
    if (!x->err && !is_answer(answer))
        xd_fault(x, ERR_TYPE, JSON_ROOT, "the body is no answer to %s of %s",
                 xd_op_name(answer->kind), x->dialect->name);
    return x->err;
}

enum err
xd_answer_write(struct xd *x, const struct xd_answer *answer)
{
    return xd_reply_write(x, &answer->chat);
}

struct str
xd_answer_model(const struct xd_answer *answer)
{
    switch (answer->kind) {
    case XD_OP_CHAT:
        return answer->chat.model;
    case XD_OP_EMBEDDINGS:
        return answer->embed.model;
    case XD_OP_RERANK:
        return answer->rerank.model;
    default:
        return (struct str){ NULL, 0 };
    }
}

struct ir_usage
xd_answer_usage(const struct xd_answer *answer)
{
    switch (answer->kind) {
    case XD_OP_CHAT:
        return answer->chat.usage;
    case XD_OP_EMBEDDINGS:
        return answer->embed.usage;
    case XD_OP_RERANK:
        return answer->rerank.usage;
    default: /* counting costs nothing */
        return (struct ir_usage){ .set = false };
    }
}

bool
xd_answer_fit(struct arena *a, const struct xd_ask *asked, struct xd_answer *answer, enum err *err)
{
    bool changed = false;
    if (answer->kind != XD_OP_EMBEDDINGS)
        return false;
    const struct ir_strs *wanted = &asked->embed.encodings;
    if (wanted->n > 1)
        return false;
    for (unsigned i = 0; i < answer->embed.vectors.n; i++) {
        struct ir_numbers *n = &answer->embed.vectors.v[i].numbers;
        enum ir_numbers_kind before = n->kind;
        if (!vector_encode(a, n, wanted->n ? wanted->v[0] : STR("float")) && a->full)
            *err = ERR_LIMIT;
        changed |= n->kind != before;
    }
    return changed;
}
