/* From conversations to attributes. */
#include "server/gateway/transcript.h"

#include "server/gateway/scribe.h"
#include "server/gateway/spans.h"

/* --- parts --------------------------------------------------------------------------------- */

static void put_parts(struct scribe *w, const struct ir_blocks *l, unsigned field);

/* Where it lies, never what it is: bytes say nothing to people. */
static void
put_source(struct scribe *w, const char *modality, const struct ir_source *s)
{
    static const char *const types[IR_SOURCE_COUNT] = { "media", "inline", "text", "uri", "file" };
    scribe_word(w, "type", types[s->kind]);
    scribe_word(w, "modality", modality);
    switch (s->kind) {
    case IR_SOURCE_UNSET:
        break;
    case IR_SOURCE_BYTES:
        scribe_entry(w, "mime_type", s->bytes.media);
        otlp_int(w->out, OTLP_ELEMENT, "base64_length", (int64_t)s->bytes.data.n);
        break;
    case IR_SOURCE_PLAIN:
        scribe_entry(w, "content", s->plain.text);
        break;
    case IR_SOURCE_URL:
        scribe_entry(w, "uri", s->url.url);
        scribe_entry(w, "mime_type", s->url.media);
        break;
    case IR_SOURCE_FILE:
        scribe_entry(w, "file_id", s->file.id);
        break;
    }
}

static void
put_result(struct scribe *w, const struct ir_block *b)
{
    const struct ir_blocks *l = &b->result.blocks;
    scribe_word(w, "type", "tool_call_response");
    scribe_entry(w, "id", b->result.call);
    if (l->n == 1 && l->v[0].kind == IR_BLOCK_TEXT) {
        scribe_entry(w, "response", l->v[0].text.text);
        return;
    }
    size_t pair = otlp_entry_begin(w->out, OTLP_ELEMENT, STR("response"));
    put_parts(w, l, OTLP_ENTRY_VALUE);
    pb_end(w->out, pair);
}

static void
put_said(struct scribe *w, const char *type, struct str text)
{
    scribe_word(w, "type", type);
    scribe_entry(w, "content", text.p ? text : STR(""));
}

static void
put_part(struct scribe *w, const struct ir_block *b)
{
    switch (b->kind) {
    case IR_BLOCK_TEXT:
        put_said(w, "text", b->text.text);
        break;
    case IR_BLOCK_REFUSAL:
        put_said(w, "refusal", b->refusal.text);
        break;
    case IR_BLOCK_THINKING:
        put_said(w, "reasoning", b->thinking.text);
        break;
    case IR_BLOCK_IMAGE:
        put_source(w, "image", &b->image.source);
        break;
    case IR_BLOCK_AUDIO:
        put_source(w, "audio", &b->audio.source);
        scribe_entry(w, "transcript", b->audio.transcript);
        break;
    case IR_BLOCK_DOCUMENT:
        put_source(w, "document", &b->document.source);
        break;
    case IR_BLOCK_CALL:
        scribe_word(w, "type", "tool_call");
        scribe_entry(w, "id", b->call.id);
        scribe_entry(w, "name", b->call.name);
        scribe_json(w, "arguments", b->call.arguments);
        break;
    case IR_BLOCK_RESULT:
        put_result(w, b);
        break;
    case IR_BLOCK_SEALED:
    case IR_BLOCK_UNSET:
        scribe_word(w, "type", "sealed");
        break;
    case IR_BLOCK_FOREIGN:
        scribe_word(w, "type", "other");
        break;
    }
}

/* A list of parts, as a value. */
static void
put_parts(struct scribe *w, const struct ir_blocks *l, unsigned field)
{
    struct otlp_open list = otlp_list_begin(w->out, field);
    bool partial = w->partial;
    for (unsigned i = 0; i < l->n && scribe_spend(w, SCRIBE_PART); i++) {
        struct otlp_open part = otlp_map_begin(w->out, OTLP_ELEMENT);
        w->partial = partial && i + 1 == l->n;
        put_part(w, &l->v[i]);
        otlp_value_end(w->out, part);
    }
    w->partial = partial;
    otlp_value_end(w->out, list);
}

static void
put_message(struct scribe *w, const char *role, const struct ir_blocks *l, struct str finish)
{
    struct otlp_open message = otlp_map_begin(w->out, OTLP_ELEMENT);
    scribe_word(w, "role", role);
    size_t parts = otlp_entry_begin(w->out, OTLP_ELEMENT, STR("parts"));
    put_parts(w, l, OTLP_ENTRY_VALUE);
    pb_end(w->out, parts);
    otlp_str(w->out, OTLP_ELEMENT, "finish_reason", finish);
    otlp_value_end(w->out, message);
}

/* --- requests ------------------------------------------------------------------------------ */

static const char *
role_of(const struct ir_turn *t, bool results)
{
    if (results)
        return "tool";
    return t->role == IR_ROLE_ASSISTANT ? "assistant"
           : t->role == IR_ROLE_SYSTEM  ? "system"
                                        : "user";
}

/* In the model, results stand in a turn of the user's; in the conventions they are the tools' messages. */
static void
put_turn(struct scribe *w, const struct ir_turn *t)
{
    const struct ir_blocks *l = &t->blocks;
    for (unsigned from = 0, to; from < l->n && scribe_spend(w, SCRIBE_PART); from = to) {
        bool results = l->v[from].kind == IR_BLOCK_RESULT;
        for (to = from; to < l->n && (l->v[to].kind == IR_BLOCK_RESULT) == results;)
            to++;
        const struct ir_blocks run = { .v = l->v + from, .n = to - from };
        put_message(w, role_of(t, results), &run, (struct str){ NULL, 0 });
    }
}

static bool
tell_instructions(struct buf *out, const struct ir_request *r, const struct transcript_options *o)
{
    struct scribe w;
    scribe_begin(&w, out, o);
    size_t pair = otlp_entry_begin(out, OTLP_SPAN_ATTRIBUTE, STR("gen_ai.system_instructions"));
    put_parts(&w, &r->instructions, OTLP_ENTRY_VALUE);
    pb_end(out, pair);
    return scribe_end(&w);
}

static bool
tell_turns(struct buf *out, const struct ir_request *r, const struct transcript_options *o)
{
    struct scribe w;
    scribe_begin(&w, out, o);
    size_t pair = otlp_entry_begin(out, OTLP_SPAN_ATTRIBUTE, STR("gen_ai.input.messages"));
    struct otlp_open list = otlp_list_begin(out, OTLP_ENTRY_VALUE);
    for (unsigned i = 0; i < r->turns.n && scribe_spend(&w, 0); i++)
        put_turn(&w, &r->turns.v[i]);
    otlp_value_end(out, list);
    pb_end(out, pair);
    return scribe_end(&w);
}

static bool
tell_tools(struct buf *out, const struct ir_request *r, const struct transcript_options *o)
{
    struct scribe w;
    scribe_begin(&w, out, o);
    size_t pair = otlp_entry_begin(out, OTLP_SPAN_ATTRIBUTE, STR("gen_ai.tool.definitions"));
    struct otlp_open list = otlp_list_begin(out, OTLP_ENTRY_VALUE);
    for (unsigned i = 0; i < r->tools.n && scribe_spend(&w, SCRIBE_PART); i++) {
        const struct ir_tool *t = &r->tools.v[i];
        bool ours = t->kind == IR_TOOL_FUNCTION;
        struct otlp_open tool = otlp_map_begin(out, OTLP_ELEMENT);
        scribe_word(&w, "type", ours ? "function" : "other");
        scribe_entry(&w, "name", ours ? t->function.name : t->foreign.dialect);
        if (ours) {
            scribe_entry(&w, "description", t->function.description);
            scribe_json(&w, "parameters", t->function.schema);
        }
        otlp_value_end(out, tool);
    }
    otlp_value_end(out, list);
    pb_end(out, pair);
    return scribe_end(&w);
}

bool
transcript_request(struct buf *out, const struct ir_request *r, const struct transcript_options *o)
{
    bool cut = r->instructions.n && tell_instructions(out, r, o);
    cut |= tell_turns(out, r, o);
    cut |= r->tools.n && tell_tools(out, r, o);
    return cut;
}

/* --- replies ------------------------------------------------------------------------------- */

void
transcript_listen(struct transcript_reply *t, const struct transcript_options *o, struct arena *a)
{
    *t = (struct transcript_reply){ .room = o->most + SCRIBE_BEHIND };
    ir_collector_init(&t->heard, a);
}

/* Of what a fragment adds, bytes of media are not wanted. */
static size_t
length_of(const struct ir_block *b)
{
    const struct str *spoken = ir_block_spoken(b);
    return spoken ? spoken->n : SIZE_MAX;
}

void
transcript_event(struct transcript_reply *t, const struct ir_event *e)
{
    size_t n = e->kind == IR_EVENT_GROW ? length_of(e->block) : SCRIBE_PART;
    if (e->kind != IR_EVENT_GROW && e->kind != IR_EVENT_OPEN) {
        ir_collector_event(&t->heard, e);
        return;
    }
    if (n == SIZE_MAX)
        return;
    /* Once something is missing, nothing may follow it: it would close the gap. */
    t->cut |= n > t->room;
    if (t->cut)
        return;
    t->room -= n;
    struct ir_event own = *e;
    const struct ir_block bare = { .kind = e->block->kind };
    if (e->kind == IR_EVENT_OPEN && length_of(e->block) == SIZE_MAX)
        own.block = &bare; /* its bytes may be many */
    ir_collector_event(&t->heard, &own);
    t->cut = t->heard.err != ERR_OK;
}

bool
transcript_said(struct buf *out, const struct transcript_reply *t,
                const struct transcript_options *o)
{
    struct scribe w;
    scribe_begin(&w, out, o);
    const struct ir_choices *l = &t->heard.reply.choices;
    size_t pair = otlp_entry_begin(out, OTLP_SPAN_ATTRIBUTE, STR("gen_ai.output.messages"));
    struct otlp_open list = otlp_list_begin(out, OTLP_ENTRY_VALUE);
    for (unsigned i = 0; i < l->n && scribe_spend(&w, SCRIBE_PART); i++) {
        /* Of one that broke off, too, nobody knows how its last text would have gone on. */
        w.partial = t->cut || l->v[i].stop == IR_STOP_UNSET;
        put_message(&w, "assistant", &l->v[i].blocks, spans_finish_reason(l->v[i].stop));
    }
    otlp_value_end(out, list);
    pb_end(out, pair);
    w.cut |= t->cut;
    return scribe_end(&w);
}
