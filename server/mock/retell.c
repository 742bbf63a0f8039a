/* Requests to sentences. */
#include "server/mock/retell.h"

#include "runtime/base/base64.h"
#include "server/mock/seal.h"

struct teller {
    struct arena *arena;
    struct str *to;
};

static void
tell(struct teller *t, struct str s)
{
    arena_append(t->arena, t->to, s);
}

/* " Image: ", with the space only behind other sentences. */
static void
tell_title(struct teller *t, struct str s)
{
    if (t->to->n)
        tell(t, STR(" "));
    tell(t, s);
}

static void
tell_bytes(struct teller *t, struct str media, struct str bytes)
{
    char print[MOCK_PRINT_HEX + 1];
    mock_seal_print(print, bytes);
    tell(t, arena_printf(t->arena, "%.*s, %zu bytes, sha256 %s.", STR_ARG(media), bytes.n, print));
}

static void
tell_base64(struct teller *t, struct str media, struct str data)
{
    struct buf b;
    buf_init(&b, data.n + 4);
    if (base64_decode(&b, data))
        tell_bytes(t, media.p ? media : STR("unknown"), buf_str(&b));
    else
        tell(t, STR("not base64."));
    buf_fini(&b);
}

static void
tell_source(struct teller *t, const struct ir_source *s)
{
    switch (s->kind) {
    case IR_SOURCE_BYTES:
        tell_base64(t, s->bytes.media, s->bytes.data);
        break;
    case IR_SOURCE_PLAIN:
        tell_bytes(t, STR("text/plain"), s->plain.text);
        break;
    case IR_SOURCE_URL:
        tell(t, arena_printf(t->arena, "url %.*s .", STR_ARG(s->url.url)));
        break;
    case IR_SOURCE_FILE:
        tell(t, arena_printf(t->arena, "file %.*s.", STR_ARG(s->file.id)));
        break;
    case IR_SOURCE_UNSET:
        tell(t, STR("nothing."));
        break;
    }
}

static void
tell_media(struct teller *t, const struct ir_block *b)
{
    switch (b->kind) {
    case IR_BLOCK_IMAGE:
        tell_title(t, STR("Image: "));
        tell_source(t, &b->image.source);
        break;
    case IR_BLOCK_AUDIO:
        tell_title(t, STR("Audio: "));
        tell_source(t, &b->audio.source);
        break;
    case IR_BLOCK_DOCUMENT:
        tell_title(t, STR("Document"));
        if (b->document.title.n)
            tell(t, arena_printf(t->arena, " \"%.*s\"", STR_ARG(b->document.title)));
        tell(t, STR(": "));
        tell_source(t, &b->document.source);
        break;
    case IR_BLOCK_UNSET:
    case IR_BLOCK_TEXT:
    case IR_BLOCK_REFUSAL:
    case IR_BLOCK_THINKING:
    case IR_BLOCK_SEALED:
    case IR_BLOCK_CALL:
    case IR_BLOCK_RESULT:
    case IR_BLOCK_FOREIGN:
        break;
    }
}

static void
tell_texts(struct teller *t, const struct ir_blocks *l)
{
    for (unsigned i = 0; i < l->n; i++)
        if (l->v[i].kind == IR_BLOCK_TEXT)
            tell(t, l->v[i].text.text);
    tell(t, STR("."));
}

static void
tell_result(struct teller *t, const struct ir_block *b)
{
    tell_title(t, b->result.failed == IR_TRUE ? STR("Failure of ") : STR("Result of "));
    tell(t, b->result.call);
    tell(t, STR(": "));
    tell_texts(t, &b->result.blocks);
    for (unsigned i = 0; i < b->result.blocks.n; i++)
        tell_media(t, &b->result.blocks.v[i]);
}

void
mock_retell(const struct ir_request *m, const struct mock_prompt *p, struct arena *a,
            struct str *to)
{
    struct teller t = { a, to };
    if (p->talk.p) {
        tell_title(&t, STR("You said: "));
        tell(&t, p->talk);
        tell(&t, STR("."));
    }
    for (unsigned i = 0; p->turn && i < p->turn->blocks.n; i++) {
        const struct ir_block *b = &p->turn->blocks.v[i];
        if (b->kind == IR_BLOCK_RESULT)
            tell_result(&t, b);
        else
            tell_media(&t, b);
    }
    if (m->instructions.n) {
        tell_title(&t, STR("Instructions: "));
        tell_texts(&t, &m->instructions);
    }
    if (to->n == 0)
        tell(&t, STR("You said nothing."));
}
