/* What a request leaves to be understood: which thoughts belong together, what media an address speaks of. */
#include "runtime/xd/settle.h"

#include "runtime/xd/fault.h"

static bool
is_piece(const struct ir_block *b)
{
    return b->kind == IR_BLOCK_THINKING && !b->thinking.signature.n && !b->rest.n;
}

/* A signature alone: the thought that it is of came in the pieces before it, which some SDKs hand out as they come. */
static bool
is_signature(const struct ir_block *b)
{
    return b->kind == IR_BLOCK_THINKING && b->thinking.signature.n && !b->thinking.text.n;
}

static bool
has_signature(const struct ir_blocks *l)
{
    for (unsigned i = 0; i < l->n; i++)
        if (is_signature(&l->v[i]))
            return true;
    return false;
}

static void
settle_thoughts(struct xd *x, struct ir_blocks *l)
{
    unsigned n = 0, pieces = 0; /* pieces: that end the list so far */
    if (!has_signature(l))
        return;
    for (unsigned i = 0; i < l->n; i++) {
        struct ir_block b = l->v[i];
        if (is_signature(&b) && pieces) {
            struct str text = { NULL, 0 };
            for (unsigned k = n - pieces; k < n; k++)
                if (!arena_append(x->arena, &text, xd_text(x, l->v[k].thinking.text)))
                    xd_full(x);
            n -= pieces;
            b.thinking.text = text;
        }
        l->v[n++] = b;
        pieces = is_piece(&b) ? pieces + 1 : 0;
    }
    l->n = n;
}

/* The media type that an address speaks of by how its path ends, absent when it does not. */
static struct str
media_of(struct str url)
{
    static const struct {
        struct str end, media;
    } known[] = {
        { STR_INIT(".pdf"), STR_INIT("application/pdf") },
        { STR_INIT(".png"), STR_INIT("image/png") },
        { STR_INIT(".jpg"), STR_INIT("image/jpeg") },
        { STR_INIT(".jpeg"), STR_INIT("image/jpeg") },
        { STR_INIT(".gif"), STR_INIT("image/gif") },
        { STR_INIT(".webp"), STR_INIT("image/webp") },
        { STR_INIT(".mp3"), STR_INIT("audio/mpeg") },
        { STR_INIT(".wav"), STR_INIT("audio/wav") },
        { STR_INIT(".txt"), STR_INIT("text/plain") },
        { STR_INIT(".csv"), STR_INIT("text/csv") },
    };
    for (size_t i = 0; i < url.n; i++)
        if (url.p[i] == '?' || url.p[i] == '#')
            url.n = i;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_ends(url, known[i].end))
            return known[i].media;
    return (struct str){ NULL, 0 };
}

static void
settle_media(struct ir_blocks *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        struct ir_block *b = &l->v[i];
        struct ir_source *s = b->kind == IR_BLOCK_IMAGE      ? &b->image.source
                              : b->kind == IR_BLOCK_AUDIO    ? &b->audio.source
                              : b->kind == IR_BLOCK_DOCUMENT ? &b->document.source
                                                             : NULL;
        if (b->kind == IR_BLOCK_RESULT)
            settle_media(&b->result.blocks);
        if (s && s->kind == IR_SOURCE_URL && !s->url.media.p)
            s->url.media = media_of(s->url.url);
    }
}

/* A schema that came as text in a string is text of the client's: nobody else may be shown it as JSON unless it is. */
static void
check_schema(struct xd *x, struct str schema)
{
    struct json_doc doc;
    struct fault fault;
    json_doc_init(&doc);
    if (schema.n && json_doc_parse(&doc, schema, &fault) != ERR_OK)
        xd_fault(x, ERR_TYPE, 0, "the schema of the reply is no JSON: %s", fault.text);
    json_doc_fini(&doc);
}

/* What some dialects say as one object, others say in members of their own. */
static void
settle_records(struct ir_request *m)
{
    struct ir_tool_choice *c = &m->tool_choice;
    struct ir_format *f = &m->format;
    struct ir_reasoning *r = &m->reasoning;
    c->set = c->set || c->mode || c->name.p || c->parallel;
    f->set = f->set || f->mode || f->schema.p;
    if ((f->mode == IR_FORMAT_MODE_OBJECT || !f->mode) && f->schema.n)
        f->mode = IR_FORMAT_MODE_SCHEMA; /* some say so only by giving it */
    r->set = r->set || r->mode || r->budget.set || r->display.p;
}

void
settle_request(struct xd *x, struct ir_request *m)
{
    m->family = str_from(x->dialect->family);
    settle_records(m);
    check_schema(x, m->format.schema);
    settle_calls(x, m);
    for (unsigned i = 0; i < m->turns.n; i++) {
        settle_thoughts(x, &m->turns.v[i].blocks);
        settle_media(&m->turns.v[i].blocks);
    }
}
