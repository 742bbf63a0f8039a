/* Rendering replies in advance. */
#include "server/mock/fixed.h"

#include "server/mock/count.h"

#define RENDERED_MAX ((size_t)1 << 30)

void
mock_fixed_fini(struct mock_fixed *f)
{
    for (unsigned i = 0; i < f->n; i++) {
        buf_fini(&f->v[i].whole);
        buf_fini(&f->v[i].stream);
    }
    f->n = 0;
}

/* A text of n bytes, as words of `word` bytes. */
static struct str
filler(struct arena *a, size_t n, size_t word)
{
    char *p = arena_bytes(a, n);
    for (size_t i = 0; p && i < n; i++)
        p[i] = i % word == word - 1 ? ' ' : (char)('a' + i / word % 26);
    return str_make(p, p ? n : 0);
}

static void
render(struct buf *out, const struct mock_route *r, enum mock_form form, size_t bytes, size_t word)
{
    struct arena a;
    arena_init(&a, bytes + (4u << 20));
    struct ir_block b = { .kind = IR_BLOCK_TEXT, .text.text = filler(&a, bytes, word) };
    struct ir_choice c = { .set = true, .blocks = { &b, 1, 1 }, .stop = IR_STOP_END };
    struct ir_reply reply = {
        .set = true, .id = STR("mock-fixed"), .model = STR("fixed"), .choices = { &c, 1, 1 }
    };
    mock_count_usage(&(struct ir_request){ 0 }, &reply, (unsigned)word, &reply.usage);
    reply.usage.input.v = 32;
    buf_init(out, RENDERED_MAX);
    struct mock_source *s = mock_source_reply(r, &reply, form, IR_TRUE, (unsigned)word, &a);
    while (s && !out->err && s->next(s, out) != MOCK_PIECE_END)
        continue;
    if (s)
        s->free(s);
}

struct str
mock_fixed_reply(struct mock_fixed *f, const struct mock_fixed_options *o,
                 const struct mock_route *r, enum mock_form form)
{
    unsigned i = 0;
    while (i < f->n && (f->v[i].op != r->op || f->v[i].framing != r->asked.framing))
        i++;
    if (i == MOCK_FIXED_MAX)
        return STR("");
    if (i == f->n) {
        size_t word = (size_t)o->event_bytes;
        f->v[i].op = r->op;
        f->v[i].framing = r->asked.framing;
        f->n++;
        render(&f->v[i].whole, r, MOCK_FORM_WHOLE, (size_t)o->bytes, MOCK_TOKEN_BYTES);
        render(&f->v[i].stream, r, MOCK_FORM_STREAM, word * o->events, word);
    }
    return buf_str(form == MOCK_FORM_STREAM ? &f->v[i].stream : &f->v[i].whole);
}

enum mock_form
mock_fixed_form(const struct mock_route *r, struct str body)
{
    static const struct str key = STR_INIT("\"stream\"");
    if (r->asked.stream)
        return r->asked.stream == IR_TRUE ? MOCK_FORM_STREAM : MOCK_FORM_WHOLE;
    while (body.n) {
        const char *hit = memmem(body.p, body.n, key.p, key.n);
        if (!hit)
            break;
        body = str_skip(body, (size_t)(hit - body.p) + key.n);
        struct str rest = str_trim(body);
        if (str_starts(rest, STR(":")) && str_starts(str_trim(str_skip(rest, 1)), STR("true")))
            return MOCK_FORM_STREAM;
    }
    return MOCK_FORM_WHOLE;
}
