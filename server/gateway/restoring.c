/* Replies with what their readers know. */
#include "server/gateway/restoring.h"

#include <stdlib.h>

#include "server/gateway/place.h"

#define TEXT_MAX    ((size_t)64 << 20) /* of one event */
#define THOUGHT_MAX ((size_t)1 << 20)  /* of thinking that waits */

static void
wipe(struct buf *b)
{
    if (b->p)
        explicit_bzero(b->p, b->room);
    buf_fini(b);
}

/* --- whole texts --------------------------------------------------------------------------- */

static struct str
whole(const struct vault *v, struct arena *a, struct str s)
{
    struct putback p;
    struct buf out;
    if (!s.n || !memchr(s.p, '[', s.n))
        return s;
    putback_begin(&p, v);
    buf_init(&out, TEXT_MAX);
    putback_feed(&p, s, &out);
    putback_end(&p, &out);
    if (p.found && !out.err)
        s = arena_str(a, buf_str(&out));
    wipe(&out);
    return s;
}

static struct ir_citations
cited(const struct vault *v, struct arena *a, struct ir_citations l)
{
    struct ir_citation *own = l.n ? arena_alloc(a, l.n * sizeof *own) : NULL;
    if (!own)
        return l;
    for (unsigned i = 0; i < l.n; i++) {
        own[i] = l.v[i];
        if (own[i].kind == IR_CITATION_WEB) {
            own[i].web.url = whole(v, a, own[i].web.url);
            own[i].web.title = whole(v, a, own[i].web.title);
        } else if (own[i].kind == IR_CITATION_FOREIGN) {
            own[i].foreign.body = whole(v, a, own[i].foreign.body);
        }
    }
    return (struct ir_citations){ own, l.n, l.n };
}

static void restore_blocks(const struct vault *v, struct arena *a, struct ir_blocks *l);

/* All of a block but what grows. */
static void
restore_head(const struct vault *v, struct arena *a, struct ir_block *b)
{
    switch (b->kind) {
    case IR_BLOCK_DOCUMENT:
        b->document.title = whole(v, a, b->document.title);
        b->document.context = whole(v, a, b->document.context);
        if (b->document.source.kind == IR_SOURCE_PLAIN)
            b->document.source.plain.text = whole(v, a, b->document.source.plain.text);
        break;
    case IR_BLOCK_AUDIO:
        b->audio.transcript = whole(v, a, b->audio.transcript);
        break;
    case IR_BLOCK_RESULT:
        restore_blocks(v, a, &b->result.blocks);
        break;
    case IR_BLOCK_FOREIGN:
        b->foreign.body = whole(v, a, b->foreign.body);
        break;
    case IR_BLOCK_UNSET:
    case IR_BLOCK_TEXT:
    case IR_BLOCK_REFUSAL:
    case IR_BLOCK_THINKING:
    case IR_BLOCK_SEALED:
    case IR_BLOCK_IMAGE:
    case IR_BLOCK_CALL:
        break;
    }
}

static void
restore_block(const struct vault *v, struct arena *a, struct ir_block *b)
{
    restore_head(v, a, b);
    if (b->kind == IR_BLOCK_TEXT) {
        b->text.text = whole(v, a, b->text.text);
        b->text.citations = cited(v, a, b->text.citations);
    } else if (b->kind == IR_BLOCK_REFUSAL) {
        b->refusal.text = whole(v, a, b->refusal.text);
    } else if (b->kind == IR_BLOCK_THINKING && !b->thinking.signature.n) {
        b->thinking.text = whole(v, a, b->thinking.text);
    } else if (b->kind == IR_BLOCK_CALL) {
        b->call.arguments = whole(v, a, b->call.arguments);
    }
}

/* Results are no deeper than one level. */
static void
restore_blocks(const struct vault *v, struct arena *a, struct ir_blocks *l)
{
    struct ir_block *own = l->n ? arena_alloc(a, l->n * sizeof *own) : NULL;
    for (unsigned i = 0; own && i < l->n; i++) {
        own[i] = l->v[i];
        restore_block(v, a, &own[i]);
    }
    if (own)
        *l = (struct ir_blocks){ own, l->n, l->n };
}

void
restoring_reply(const struct vault *v, struct arena *a, struct ir_reply *m)
{
    for (unsigned i = 0; i < m->choices.n; i++) {
        restore_blocks(v, a, &m->choices.v[i].blocks);
        m->choices.v[i].stop_text = whole(v, a, m->choices.v[i].stop_text);
    }
}

/* --- documents ----------------------------------------------------------------------------- */

struct copier {
    struct putback p;
    const struct json_doc *doc;
    size_t done;
    uint32_t last; /* the node behind which nothing is copied yet */
    struct buf *out;
};

/* Copy up to there, and the text of signed thinking as it is: it stands near to its signature, and behind what was copied,
 * whatever else says the same. */
static void
skip_thought(struct copier *c, const struct ir_block *b)
{
    struct str text = b->thinking.text;
    uint32_t at = json_node_of(c->doc, text.p),
             seal = json_node_of(c->doc, b->thinking.signature.p);
    if (!at && text.n)
        at = place_near(c->doc, seal ? seal : c->last, text, NULL);
    if (!at || c->doc->nodes[at].at < c->done)
        return;
    const struct json_node *n = &c->doc->nodes[at];
    putback_feed(&c->p, str_make(c->doc->src + c->done, n->at - c->done), c->out);
    putback_end(&c->p, c->out);
    buf_put(c->out, c->doc->src + n->at, n->n);
    c->done = (size_t)n->at + n->n;
    c->last = at + 1 < c->doc->count ? at + 1 : at;
}

unsigned
restoring_document(const struct vault *v, const struct json_doc *doc, const struct ir_reply *m,
                   struct buf *out)
{
    struct copier c = { .doc = doc, .last = JSON_ROOT, .out = out };
    putback_begin(&c.p, v);
    for (unsigned i = 0; m && i < m->choices.n; i++)
        for (unsigned k = 0; k < m->choices.v[i].blocks.n; k++) {
            const struct ir_block *b = &m->choices.v[i].blocks.v[k];
            if (b->kind == IR_BLOCK_THINKING && b->thinking.signature.n)
                skip_thought(&c, b);
        }
    putback_feed(&c.p, str_make(doc->src + c.done, doc->n - c.done), out);
    putback_end(&c.p, out);
    return c.p.found;
}

/* --- streams ------------------------------------------------------------------------------- */

void
restoring_init(struct restoring *r, const struct vault *v, ir_sink *sink, void *ctx)
{
    *r = (struct restoring){ .vault = v, .sink = sink, .ctx = ctx };
    buf_init(&r->out, TEXT_MAX);
}

void
restoring_fini(struct restoring *r)
{
    for (unsigned i = 0; i < r->n; i++)
        if (r->choices[i]) {
            wipe(&r->choices[i]->thought);
            free(r->choices[i]);
        }
    free(r->choices);
    wipe(&r->out);
    r->choices = NULL;
    r->n = 0;
}

static struct restoring_choice *
choice_of(struct restoring *r, unsigned i)
{
    if (i >= r->n) {
        struct restoring_choice **more = realloc(r->choices, (i + 1) * sizeof *more);
        if (!more)
            return NULL;
        memset(more + r->n, 0, (i + 1 - r->n) * sizeof *more);
        r->choices = more;
        r->n = i + 1;
    }
    if (!r->choices[i]) {
        r->choices[i] = calloc(1, sizeof **r->choices);
        if (r->choices[i])
            buf_init(&r->choices[i]->thought, THOUGHT_MAX);
    }
    return r->choices[i];
}

/* The field of a block that is text. */
static struct str *
text_of(struct ir_block *b)
{
    return (struct str *)ir_block_spoken(b);
}

/* The open block of a choice grows by this text, if it says anything. */
static void
say(struct restoring *r, unsigned choice, const struct restoring_choice *c, struct str text)
{
    struct ir_block b = { .kind = c->kind };
    const struct ir_event e = {
        .kind = IR_EVENT_GROW, .choice = choice, .index = c->index, .block = &b
    };
    if (!text.n)
        return;
    *text_of(&b) = text;
    r->sink(r->ctx, &e);
}

/* What waited: signed, it is as it came. */
static void
say_thought(struct restoring *r, unsigned choice, struct restoring_choice *c, bool is_signed)
{
    buf_clear(&r->out);
    if (is_signed) {
        buf_puts(&r->out, buf_str(&c->thought));
    } else {
        putback_begin(&c->text, r->vault);
        putback_feed(&c->text, buf_str(&c->thought), &r->out);
        putback_end(&c->text, &r->out);
    }
    c->waits = false;
    c->text.n_held = 0;
    buf_clear(&c->thought);
    say(r, choice, c, buf_str(&r->out));
}

/* The open block ends, or its text does. */
static void
release(struct restoring *r, unsigned choice, struct restoring_choice *c)
{
    if (c->waits) {
        say_thought(r, choice, c, false);
    } else if (c->text.n_held) {
        buf_clear(&r->out);
        putback_end(&c->text, &r->out);
        say(r, choice, c, buf_str(&r->out));
    }
}

/* Thinking: r->out gets what may go out now. */
static void
take_thought(struct restoring *r, struct restoring_choice *c, struct str piece)
{
    if (c->waits) {
        buf_puts(&c->thought, piece);
        return;
    }
    struct str held = str_make(c->text.held, c->text.n_held);
    buf_puts(&c->thought, held);
    buf_puts(&c->thought, piece);
    putback_feed(&c->text, piece, &r->out);
    c->waits = c->text.found > 0;
    if (c->waits)
        buf_clear(&r->out);
    else
        buf_clear(&c->thought);
}

static void
grow_thinking(struct restoring *r, const struct ir_event *e, struct restoring_choice *c)
{
    struct ir_block own = *e->block;
    struct ir_event copy = *e;
    copy.block = &own;
    buf_clear(&r->out);
    if (c->gave_up || !own.thinking.text.n)
        buf_puts(&r->out, own.thinking.text);
    else
        take_thought(r, c, own.thinking.text);
    if (c->thought.err) { /* too much to wait for */
        c->gave_up = true;
        c->thought.err = ERR_OK;
        struct str rest = own.thinking.text;
        say_thought(r, e->choice, c, true);
        say(r, e->choice, c, rest);
        buf_clear(&r->out);
    }
    if (own.thinking.signature.n) {
        struct str now = buf_str(&r->out);
        say(r, e->choice, c, now);
        if (c->waits)
            say_thought(r, e->choice, c, true);
        release(r, e->choice, c);
        buf_clear(&r->out);
    }
    own.thinking.text = r->out.n ? buf_str(&r->out) : (struct str){ NULL, 0 };
    if (own.thinking.text.n || own.thinking.signature.n || own.rest.n)
        r->sink(r->ctx, &copy);
}

static void
grow(struct restoring *r, const struct ir_event *e, struct restoring_choice *c)
{
    struct ir_block own = *e->block;
    struct ir_event copy = *e;
    struct str *text = text_of(&own);
    copy.block = &own;
    if (!text) {
        r->sink(r->ctx, e);
        return;
    }
    if (own.kind == IR_BLOCK_THINKING) {
        grow_thinking(r, e, c);
        return;
    }
    buf_clear(&r->out);
    putback_feed(&c->text, *text, &r->out);
    if (text->n)
        *text = r->out.n ? buf_str(&r->out) : (struct str){ NULL, 0 };
    struct arena a;
    arena_init(&a, TEXT_MAX);
    if (own.kind == IR_BLOCK_TEXT)
        own.text.citations = cited(r->vault, &a, own.text.citations);
    if (ir_block_grows(&own) || own.rest.n)
        r->sink(r->ctx, &copy);
    arena_fini(&a);
}

static void
open_block(struct restoring *r, const struct ir_event *e, struct restoring_choice *c)
{
    struct ir_block own = *e->block;
    struct ir_event copy = *e;
    struct arena a;
    c->kind = own.kind;
    c->index = e->index;
    c->waits = c->gave_up = false;
    putback_begin(&c->text, r->vault);
    arena_init(&a, TEXT_MAX);
    restore_head(r->vault, &a, &own);
    copy.block = &own;
    r->sink(r->ctx, &copy);
    arena_fini(&a);
}

static void
finish(struct restoring *r, const struct ir_event *e)
{
    struct ir_event copy = *e;
    struct arena a;
    arena_init(&a, TEXT_MAX);
    copy.stop_text = whole(r->vault, &a, e->stop_text);
    r->sink(r->ctx, &copy);
    arena_fini(&a);
}

/* The stream breaks: nothing that came is lost. */
static void
release_all(struct restoring *r)
{
    for (unsigned i = 0; i < r->n; i++)
        if (r->choices[i] && r->choices[i]->kind != IR_BLOCK_UNSET)
            release(r, i, r->choices[i]);
}

void
restoring_event(void *ctx, const struct ir_event *e)
{
    struct restoring *r = ctx;
    bool of_block = e->kind == IR_EVENT_OPEN || e->kind == IR_EVENT_GROW
                    || e->kind == IR_EVENT_CLOSE;
    struct restoring_choice *c = of_block ? choice_of(r, e->choice) : NULL;
    if (of_block && !c) {
        r->err = ERR_MEMORY;
        return;
    }
    switch (e->kind) {
    case IR_EVENT_OPEN:
        open_block(r, e, c);
        break;
    case IR_EVENT_GROW:
        grow(r, e, c);
        break;
    case IR_EVENT_CLOSE:
        release(r, e->choice, c);
        c->kind = IR_BLOCK_UNSET;
        r->sink(r->ctx, e);
        break;
    case IR_EVENT_FINISH:
        finish(r, e);
        break;
    case IR_EVENT_FAIL:
        release_all(r);
        r->sink(r->ctx, e);
        break;
    case IR_EVENT_BEGIN:
    case IR_EVENT_END:
    case IR_EVENT_BEAT:
        r->sink(r->ctx, e);
        break;
    }
    r->err = r->err ? r->err : r->out.err;
}
