/* Vectors, ranks and counts. */
#include "server/mock/operate.h"

#include "runtime/json/text.h"
#include "runtime/xd/vector.h"
#include "server/mock/count.h"
#include "server/mock/seal.h"

#define DIMENSIONS     8
#define DIMENSIONS_MAX 4096
#define WORDS_MAX      64
#define SPEECH_BYTES   20000

static struct ir_int
number(uint64_t n)
{
    return (struct ir_int){ (int64_t)n, true };
}

/* --- embeddings ---------------------------------------------------------------------------- */

/* Numbers in [-1, 1) from a seed (splitmix64). */
static float
roll(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (float)((double)((z ^ z >> 31) >> 40) / (double)(1 << 23) - 1.0);
}

static struct str
make_vector(uint64_t seed, unsigned n, struct arena *a)
{
    struct buf b;
    buf_init(&b, 24 * (size_t)n + 8);
    for (unsigned i = 0; i < n; i++) {
        buf_putc(&b, i ? ',' : '[');
        vector_put_float(&b, roll(&seed));
    }
    buf_putc(&b, ']');
    struct str text = b.err ? (struct str){ NULL, 0 } : arena_str(a, buf_str(&b));
    buf_fini(&b);
    return text;
}

static struct str
text_of(const struct ir_input *in)
{
    struct str text = STR("");
    switch (in->kind) {
    case IR_INPUT_TEXT:
        return in->text.text;
    case IR_INPUT_TOKENS:
        return in->tokens.ids;
    case IR_INPUT_PARTS:
        for (unsigned i = 0; i < in->parts.blocks.n && !text.n; i++)
            if (in->parts.blocks.v[i].kind == IR_BLOCK_TEXT)
                text = in->parts.blocks.v[i].text.text;
        break;
    case IR_INPUT_UNSET:
        break;
    }
    return text;
}

static void
embed(const struct ir_embed_request *m, unsigned token_bytes, struct arena *a,
      struct ir_embed_reply *r)
{
    bool asked = m->dimensions.set && m->dimensions.v > 0 && m->dimensions.v <= DIMENSIONS_MAX;
    unsigned n = asked ? (unsigned)m->dimensions.v : DIMENSIONS;
    uint64_t tokens = 0;
    for (unsigned i = 0; i < m->inputs.n; i++) {
        struct str text = text_of(&m->inputs.v[i]);
        struct ir_vector *v = arena_push(a, (void **)&r->vectors.v, &r->vectors.n, &r->vectors.cap,
                                         sizeof *v);
        if (!v)
            return;
        *v = (struct ir_vector){ .set = true, .index = i };
        v->numbers.kind = IR_NUMBERS_FLOATS;
        v->numbers.floats.values = make_vector(mock_seal_hash(text), n, a);
        tokens += mock_count(text.n, token_bytes);
    }
    r->usage = (struct ir_usage){ .set = true, .input = number(tokens) };
}

/* --- rerank -------------------------------------------------------------------------------- */

static struct str
next_word(struct str *s)
{
    *s = str_trim(*s);
    size_t n = 0;
    while (n < s->n && !strchr(" \t\r\n.,;:?!", s->p[n]))
        n++;
    struct str word = { s->p, n };
    *s = str_skip(*s, n ? n : 1);
    return word;
}

static bool
holds(struct str text, struct str word)
{
    while (text.n) {
        struct str other = next_word(&text);
        if (other.n && str_eq_nocase(other, word))
            return true;
    }
    return false;
}

/* Of the query's words, how many does the document have?  In thousandths. */
static unsigned
score(struct str query, struct str document)
{
    unsigned words = 0, found = 0;
    while (query.n && words < WORDS_MAX) {
        struct str word = next_word(&query);
        words += word.n > 0;
        found += word.n > 0 && holds(document, word);
    }
    return words ? 1000 * found / words : 0;
}

/* Keep the results in order: the highest score first, then the first document. */
static void
insert(struct ir_rankeds *l, struct ir_ranked item, const unsigned *scores)
{
    unsigned at = l->n++;
    while (at > 0 && scores[l->v[at - 1].index] < scores[item.index]) {
        l->v[at] = l->v[at - 1];
        at--;
    }
    l->v[at] = item;
}

static void
rerank(const struct ir_rerank_request *m, unsigned token_bytes, struct arena *a,
       struct ir_rerank_reply *r)
{
    unsigned n = m->documents.n;
    unsigned *scores = arena_alloc(a, (n + 1) * sizeof *scores);
    uint64_t tokens = mock_count(m->query.n, token_bytes);
    r->results.v = arena_alloc(a, (n + 1) * sizeof *r->results.v);
    for (unsigned i = 0; r->results.v && scores && i < n; i++) {
        struct str text = m->documents.v[i].text;
        struct ir_ranked item = { .set = true, .index = i };
        scores[i] = score(m->query, text);
        item.score = arena_printf(a, "%u.%03u", scores[i] / 1000, scores[i] % 1000);
        if (m->echo == IR_TRUE)
            item.document = (struct ir_document){ .set = true, .text = text };
        insert(&r->results, item, scores);
        tokens += mock_count(text.n, token_bytes);
    }
    if (m->top.set && m->top.v >= 0 && (uint64_t)m->top.v < r->results.n)
        r->results.n = (unsigned)m->top.v;
    r->usage = (struct ir_usage){ .set = true, .input = number(tokens) };
    r->searches = number(1);
}

/* --- counting ------------------------------------------------------------------------------ */

static void
count(const struct ir_request *m, unsigned token_bytes, struct ir_count_reply *r)
{
    static const struct ir_reply nothing;
    struct ir_usage u = { 0 };
    mock_count_usage(m, &nothing, token_bytes, &u);
    r->input = number((uint64_t)(u.input.v + u.cache_read.v + u.cache_write.v));
}

bool
mock_operate(const struct xd_ask *ask, struct str model, unsigned token_bytes, struct arena *a,
             struct xd_answer *answer)
{
    enum err err = ERR_OK;
    *answer = (struct xd_answer){ .kind = ask->kind };
    switch (ask->kind) {
    case XD_OP_EMBEDDINGS:
        answer->embed = (struct ir_embed_reply){ .set = true, .model = model };
        embed(&ask->embed, token_bytes, a, &answer->embed);
        (void)xd_answer_fit(a, ask, answer, &err);
        break;
    case XD_OP_RERANK:
        answer->rerank = (struct ir_rerank_reply){ .set = true, .model = model };
        answer->rerank.id = STR("mock-rerank");
        rerank(&ask->rerank, token_bytes, a, &answer->rerank);
        break;
    case XD_OP_COUNT_TOKENS:
        answer->count = (struct ir_count_reply){ .set = true };
        count(&ask->chat, token_bytes, &answer->count);
        break;
    default:
        return false;
    }
    return !a->full && !err;
}

/* --- what passes --------------------------------------------------------------------------- */

static struct str
make_speech(struct str body, unsigned tokens, struct arena *a)
{
    size_t n = tokens ? (size_t)tokens * 4 : SPEECH_BYTES;
    uint64_t seed = mock_seal_hash(body);
    char *to = arena_bytes(a, n);
    for (size_t i = 0; to && i < n; i++)
        to[i] = (char)(unsigned char)(128.0f * roll(&seed) + 128.0f);
    return (struct str){ to, to ? n : 0 };
}

static bool
is_stored(enum xd_op_kind kind)
{
    return kind == XD_OP_STORED || kind == XD_OP_STORED_ITEMS || kind == XD_OP_STORED_CANCEL
           || kind == XD_OP_STORED_DELETE;
}

/* A reply that was kept, what was asked, and that it is gone, all in one. */
static void
put_stored(struct buf *b, enum xd_op_kind kind, struct str id)
{
    buf_puts(b, STR("{\"id\":\""));
    json_escape(b, id);
    buf_printf(
        b,
        "\",\"object\":\"%s\",\"status\":\"%s\",\"model\":\"mock\",\"output\":[],\"data\":[],"
        "\"has_more\":false,\"deleted\":%s}",
        kind == XD_OP_STORED_ITEMS ? "list" : "response",
        kind == XD_OP_STORED_CANCEL ? "cancelled" : "completed",
        kind == XD_OP_STORED_DELETE ? "true" : "false");
}

bool
mock_pass(enum xd_op_kind kind, struct str model, struct str body, unsigned tokens, struct arena *a,
          struct str *type, struct str *reply)
{
    char print[MOCK_PRINT_HEX + 1];
    if (kind == XD_OP_SPEECH) {
        *type = STR("audio/mpeg");
        *reply = make_speech(body, tokens, a);
        return reply->p;
    }
    struct buf b;
    *type = STR("application/json");
    buf_init(&b, 6 * (is_stored(kind) ? body.n : model.n) + 1024);
    if (is_stored(kind)) {
        put_stored(&b, kind, body);
        *reply = b.err ? (struct str){ NULL, 0 } : arena_str(a, buf_str(&b));
        buf_fini(&b);
        return reply->p;
    }
    mock_seal_print(print, body);
    buf_puts(
        &b,
        STR("{\"id\":\"mock-1\",\"created\":0,\"data\":[{\"b64_json\":\"bW9jaw==\"}],"
            "\"results\":[{\"flagged\":false}],\"usage\":{\"input_tokens\":3,\"output_tokens\":5,"
            "\"total_tokens\":8},\"text\":\""));
    buf_puts(&b, str_from(print));
    buf_puts(&b, STR("\",\"model\":\""));
    json_escape(&b, model);
    buf_puts(&b, STR("\"}"));
    *reply = b.err ? (struct str){ NULL, 0 } : arena_str(a, buf_str(&b));
    buf_fini(&b);
    return reply->p;
}
