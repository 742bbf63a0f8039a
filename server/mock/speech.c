/* Replies to tokens. */
#include "server/mock/speech.h"

#include <assert.h>

void
mock_speech_init(struct mock_speech *s, const struct ir_reply *reply, unsigned token_bytes)
{
    assert(reply->choices.n > 0 && reply->choices.n <= IR_CHOICES_MAX);
    *s = (struct mock_speech){ .reply = reply,
                               .token_bytes = token_bytes,
                               .talking = reply->choices.n };
    for (unsigned i = 0; i < reply->choices.n; i++)
        if (reply->choices.v[i].blocks.n == 0) {
            s->choice[i].phase = MOCK_PHASE_DONE;
            s->talking--;
        }
}

/* The next token of a text: whole characters, token_bytes of them or a little more.  False at its
 * end. */
static bool
cut(const struct mock_speech *s, struct mock_speaker *k, struct str text, struct str *token)
{
    if (k->offset >= text.n)
        return false;
    size_t end = k->offset + s->token_bytes;
    if (end > text.n)
        end = text.n;
    while (end < text.n && ((unsigned char)text.p[end] & 0xc0) == 0x80)
        end++;
    *token = str_make(text.p + k->offset, end - k->offset);
    k->offset = end;
    return true;
}

/* The fields of a block that grow, in their order: a text, and something behind it. */
static bool
grow_text(const struct mock_speech *s, struct mock_speaker *k, const struct ir_block *tail,
          struct ir_block *out)
{
    switch (tail->kind) {
    case IR_BLOCK_TEXT:
        return cut(s, k, tail->text.text, &out->text.text);
    case IR_BLOCK_REFUSAL:
        return cut(s, k, tail->refusal.text, &out->refusal.text);
    case IR_BLOCK_THINKING:
        return cut(s, k, tail->thinking.text, &out->thinking.text);
    case IR_BLOCK_CALL:
        return cut(s, k, tail->call.arguments, &out->call.arguments);
    case IR_BLOCK_UNSET:
    case IR_BLOCK_SEALED:
    case IR_BLOCK_IMAGE:
    case IR_BLOCK_AUDIO:
    case IR_BLOCK_DOCUMENT:
    case IR_BLOCK_RESULT:
    case IR_BLOCK_FOREIGN:
        break;
    }
    return false;
}

static bool
grow_rest(struct mock_speaker *k, const struct ir_block *tail, struct ir_block *out)
{
    if (k->field > 0)
        return false;
    k->field = 1;
    if (tail->kind == IR_BLOCK_THINKING && tail->thinking.signature.n) {
        out->thinking.signature = tail->thinking.signature;
        return true;
    }
    if (tail->kind == IR_BLOCK_TEXT && tail->text.citations.n) {
        out->text.citations = tail->text.citations;
        return true;
    }
    return false;
}

static bool
grow(struct mock_speech *s, struct mock_speaker *k, const struct ir_block *b)
{
    struct ir_block tail;
    s->block = (struct ir_block){ .kind = b->kind };
    if (!ir_block_tail(b, &tail))
        return false;
    return grow_text(s, k, &tail, &s->block) || grow_rest(k, &tail, &s->block);
}

/* The next event of a choice that is not done. */
static void
speak(struct mock_speech *s, unsigned choice, struct ir_event *e)
{
    struct mock_speaker *k = &s->choice[choice];
    const struct ir_blocks *blocks = &s->reply->choices.v[choice].blocks;
    const struct ir_block *b = &blocks->v[k->block];
    *e = (struct ir_event){ .choice = choice, .index = k->block, .block = &s->block };
    if (k->phase == MOCK_PHASE_OPEN) {
        s->block = ir_block_head(b);
        e->kind = IR_EVENT_OPEN;
        *k = (struct mock_speaker){ .phase = MOCK_PHASE_GROW, .block = k->block };
        return;
    }
    if (grow(s, k, b)) {
        e->kind = IR_EVENT_GROW;
        return;
    }
    e->kind = IR_EVENT_CLOSE;
    e->block = NULL;
    k->phase = MOCK_PHASE_OPEN;
    if (++k->block == blocks->n) {
        k->phase = MOCK_PHASE_DONE;
        s->talking--;
    }
}

static void
finish(struct mock_speech *s, struct ir_event *e)
{
    const struct ir_choice *c = &s->reply->choices.v[s->finished];
    *e = (struct ir_event){ .kind = IR_EVENT_FINISH,
                            .choice = s->finished++,
                            .stop = c->stop,
                            .stop_text = c->stop_text,
                            .usage = &s->reply->usage };
}

/* The head, with what is known of the usage before anything was said. */
static void
begin(struct mock_speech *s, struct ir_event *e)
{
    s->begun = true;
    s->head = *s->reply;
    s->head.choices = (struct ir_choices){ 0 };
    s->head.usage.set = true;
    s->head.usage.output = (struct ir_int){ 1, true };
    s->head.usage.thinking = (struct ir_int){ 0 };
    *e = (struct ir_event){ .kind = IR_EVENT_BEGIN, .reply = &s->head };
}

bool
mock_speech_next(struct mock_speech *s, struct ir_event *e)
{
    unsigned n = s->reply->choices.n;
    if (s->ended)
        return false;
    if (!s->begun) {
        begin(s, e);
    } else if (s->talking) {
        while (s->choice[s->next].phase == MOCK_PHASE_DONE)
            s->next = (s->next + 1) % n;
        unsigned now = s->next;
        s->next = (s->next + 1) % n;
        speak(s, now, e);
    } else if (s->finished < n) {
        finish(s, e);
    } else {
        *e = (struct ir_event){ .kind = IR_EVENT_END };
        s->ended = true;
    }
    return true;
}
